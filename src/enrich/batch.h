/* Enrichment batches: the jobs that work them off. A step takes the next items, finds
 * them, and stores results and charges in one transaction, so a batch that is killed at
 * any point goes on where it was and pays nothing twice. */
#ifndef ENRICH_BATCH_H
#define ENRICH_BATCH_H

#include "base/ctx.h"
#include "enrich/find.h"
#include "store/enrichments.h"
#include "store/jobs.h"

/* Items as the API takes them; both structs are the queries of enrich/find.h. */
extern const struct fields person_enrichment_input_fields;
extern const struct fields company_enrichment_input_fields;
/* What an item asks, as the struct that `fields` describes. */
MUST_USE enum rc enrichment_input_read(struct ctx *ctx, const struct enrichment_item *item,
                                       const struct fields *fields, void *ret_query);

/* Ends the items, of all batches that still run, that ask for somebody who was removed,
 * whatever they are called by: email, profile, name and company. */
MUST_USE enum rc enrichments_forget_removed(struct ctx *ctx);

/* The functions of the two kinds of job (jobs/kinds.c). */
MUST_USE enum rc people_enrichment_job(struct ctx *ctx, const struct job *job);
MUST_USE enum rc companies_enrichment_job(struct ctx *ctx, const struct job *job);
/* Ends the batch with the status `error`, when its job has given up. */
MUST_USE enum rc enrichment_gave_up(struct ctx *ctx, const struct job *job);

#endif
