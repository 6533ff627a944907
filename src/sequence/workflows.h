/* What happens on labels: runs the account's workflows for a reply. An action that fails is
 * noted in its run and keeps neither the reply nor the actions behind it back. No loop has an
 * end in here only: a workflow runs at most once for a lead (`once_per_lead`), or once for a
 * reply and WORKFLOW_RUNS_A_DAY times a day for a lead (`every_time`). */
#ifndef SEQUENCE_WORKFLOWS_H
#define SEQUENCE_WORKFLOWS_H

#include "store/replies.h"
#include "store/workflow_runs.h"
#include "store/workflows.h"

/* Runs, in their order, the enabled workflows that the reply starts; called in the transaction
 * that gives the reply its label, dates and referred person, and after what the reply itself does
 * to its lead. Also for a reply without a label (`unlabeled`), when nothing more is going to
 * decide it but a person. Anything else than OK is a failure of the database. Transacts itself
 * unless inside db_transact; afterwards the caller calls workflows_wake. */
MUST_USE enum rc workflows_run(struct ctx *ctx, const struct stored_reply *reply);
/* Leads and jobs may be due: after the commit. */
void workflows_wake(const struct ctx *ctx);

/* Whether the reply starts it, apart from limits; `is_first`: no other reply of its lead was
 * before it. Pure. */
bool workflow_matches(struct arena *arena, const struct workflow *workflow, const struct stored_reply *reply,
                      bool is_first);

/* What a test works with. */
struct workflow_test {
    struct str reply_id; /* a reply of the account: everything is really done */
    struct str label;    /* else an example with this label: webhooks are told, nothing is changed */
};
extern const struct fields workflow_test_fields;
/* Runs it now, also as a draft, whatever its trigger, conditions and limits say, and logs that as
 * a test. E_NOT_FOUND without the workflow; E_INVALID with problems. Transacts itself. */
MUST_USE enum rc workflow_try(struct ctx *ctx, struct str id, const struct workflow_test *test,
                              struct workflow_run *ret_run);

/* Since the process began, for /metrics; one that was repeated by the database counts again. */
struct workflow_stats {
    int64_t done, failed; /* runs */
};
void workflow_stats(struct workflow_stats *ret_stats);

#endif
