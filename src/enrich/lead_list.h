/* Lead lists: the job that works them off. A step takes the next entries, finds them, and
 * stores what came of them with its charges in one transaction; when none is left, the
 * addresses go into validations, whose end is that of the list. So a list that is killed at
 * any point goes on where it was and pays nothing twice.
 *
 * It costs what POST /people/enrichment-requests and POST /email-validations cost. Addresses
 * that were sent are not revealed. When the credits are used up, the list is canceled with
 * insufficient_credits and what they sufficed for stays. */
#ifndef ENRICH_LEAD_LIST_H
#define ENRICH_LEAD_LIST_H

#include "base/ctx.h"
#include "store/jobs.h"

/* The function of the kind of job (jobs/kinds.c). */
MUST_USE enum rc lead_list_job(struct ctx *ctx, const struct job *job);
/* Cancels the list with internal_server_error, when its job has given up. */
MUST_USE enum rc lead_list_gave_up(struct ctx *ctx, const struct job *job);

#endif
