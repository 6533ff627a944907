/* What workflows did: a row for each run, appended once. One that the reply's new label has taken back
 * is shown and keeps nothing from being appended. Scoped to the account of ctx. */
#ifndef STORE_WORKFLOW_RUNS_H
#define STORE_WORKFLOW_RUNS_H

#include "base/ctx.h"
#include "base/field.h"
#include "store/pages.h"

/* One action of a run. */
struct workflow_step {
    struct str type;   /* enum_workflow_actions */
    struct str status; /* enum_workflow_results */
    struct str input, output; /* JSON objects; absent: none */
    struct str error;         /* of a failed one: why */
};
extern const struct fields workflow_step_fields;
extern const struct enum_values enum_workflow_results;

/* Position in enum_workflow_results. */
enum workflow_result {
    WORKFLOW_DONE,
    WORKFLOW_FAILED, /* of a run: one of its actions did */
    WORKFLOW_SHOWN,  /* of a test with an example: what it would have done */
};
struct str workflow_result_word(enum workflow_result result);

struct workflow_run {
    struct str id, workflow_id, reply_id, lead_id, contact_id, label, status;
    enum tri is_test, is_taken_back;
    struct str input;    /* JSON object: the reply */
    struct list actions; /* of struct workflow_step */
    struct opt_int started_at, finished_at;
};
extern const struct fields workflow_run_fields;

/* What keeps it from being appended. */
enum workflow_run_limit {
    WORKFLOW_RUN_TEST,  /* nothing */
    WORKFLOW_RUN_ONCE,  /* any other one of its workflow about the lead */
    WORKFLOW_RUN_EVERY, /* one about the same reply, or WORKFLOW_RUNS_A_DAY about the lead */
};
enum { WORKFLOW_RUNS_A_DAY = 10 };

/* Whether the run may begin; the transaction that asked appends it. Inside db_transact, as the
 * next two. */
MUST_USE enum rc workflow_run_allowed(struct ctx *ctx, const struct workflow_run *run,
                                      enum workflow_run_limit limit, bool *ret_allowed);
/* Takes the run's place before anything is done: *ret_fresh is false when somebody else was
 * faster. Gives it its id. */
MUST_USE enum rc workflow_run_begin(struct ctx *ctx, struct workflow_run *run,
                                    enum workflow_run_limit limit, bool *ret_fresh);
/* Writes what came of it. */
MUST_USE enum rc workflow_run_end(struct ctx *ctx, const struct workflow_run *run);

/* The reply has another label: what was run for the old one, tests aside, is taken back. Inside
 * db_transact. */
MUST_USE enum rc workflow_runs_take_back(struct ctx *ctx, struct str reply_id);

/* E_NOT_FOUND when the account has no such run. */
MUST_USE enum rc workflow_run_get(struct ctx *ctx, struct str id, struct workflow_run *ret_run);

/* Filters of a list; an absent one does not filter. */
struct workflow_run_filter {
    struct str workflow_id, status, lead_id, reply_id;
};
/* One page, newest first; the cursor is the id. List of struct workflow_run. */
MUST_USE enum rc workflow_runs_list(struct ctx *ctx, const struct workflow_run_filter *filter,
                                    const struct page *page, struct page_of *ret_page);

/* Whether the lead has a reply, bounces aside, that was read before this one. */
MUST_USE enum rc workflow_has_earlier_reply(struct ctx *ctx, struct str lead_id, struct str reply_id,
                                            bool *ret_has);

/* Empties, in all accounts, what runs for replies of somebody with that address or profile say; those
 * for replies that name them are store/reply_addresses.h's. Before contacts and leads are forgotten;
 * inside db_transact. */
MUST_USE enum rc workflow_runs_forget(struct ctx *ctx, struct str email, struct str linkedin_key);

#endif
