/* The operator's own judge of replies, a language model for example, at an HTTP endpoint
 * (reply.hook_url): it is asked for the label of those that people wrote and this program is not
 * certain of. docs/classes.md has the exchange. */
#ifndef SEQUENCE_LABEL_HOOK_H
#define SEQUENCE_LABEL_HOOK_H

#include "store/jobs.h"
#include "store/replies.h"

#define LABEL_HOOK_JOB "label_hook"

/* Whether its answer is to be waited for: there is an endpoint, and nothing gave the reply a label
 * that could have one. */
bool label_hook_decides(const struct ctx *ctx, const struct stored_reply *reply);

/* Makes the job that asks it. Inside db_transact; afterwards the caller calls workflows_wake. */
MUST_USE enum rc label_hook_ask(struct ctx *ctx, const struct stored_reply *reply);

/* The function of that job and of its giving up (jobs/kinds.c). The answer becomes the label
 * unless somebody gave one meanwhile; without one the workflows for replies without a label run. */
MUST_USE enum rc label_hook_job(struct ctx *ctx, const struct job *job);
MUST_USE enum rc label_hook_gave_up(struct ctx *ctx, const struct job *job);

#endif
