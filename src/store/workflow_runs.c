#include "store/workflow_runs.h"

#include "base/check.h"
#include "base/rand.h"
#include "data/labels.h"
#include "json/writer.h"
#include "store/forget.h"
#include "store/queries.h"
#include "store/workflows.h"

#define V(text) { text, sizeof text - 1 }
static const struct str result_words[] = { V("done"), V("failed"), V("shown") };
const struct enum_values enum_workflow_results
    = { "WorkflowResult", result_words, LENGTH(result_words) };

struct str workflow_result_word(enum workflow_result result) {
    return result_words[result];
}

#define T struct workflow_step
static const struct field step_rows[] = {
    F_ENUM(T, type, .flags = FIELD_REQUIRED, .values = &enum_workflow_actions, .example = "exclude_email",
           .doc = "What was to be done."),
    F_ENUM(T, status, .flags = FIELD_REQUIRED, .values = &enum_workflow_results, .example = "done",
           .doc = "What came of it."),
    F_JSON(T, input, .flags = FIELD_NULLABLE, .example = "{\"email\":\"lead@example.com\"}",
           .doc = "What it worked with."),
    F_JSON(T, output, .flags = FIELD_NULLABLE, .example = "{\"result\":\"success\"}",
           .doc = "What it gave."),
    F_STR(T, error, .flags = FIELD_NULLABLE, .doc = "Why it failed."),
};
#undef T
const struct fields workflow_step_fields
    = FIELDS("WorkflowStep", struct workflow_step, step_rows, .doc = "One action of a run.");

#define T struct workflow_run
static const struct field run_rows[] = {
    F_ID(T, id, .flags = FIELD_REQUIRED, .example = "0198f652-73a2-7d41-914e-e511382bb808",
         .doc = "Id of the run."),
    F_ID(T, workflow_id, .flags = FIELD_REQUIRED, .doc = "Of which workflow."),
    F_ENUM(T, status, .flags = FIELD_REQUIRED, .values = &enum_workflow_results, .example = "done",
           .doc = "failed: one of its actions did; shown: a test with an example, which changes nothing."),
    F_BOOL(T, is_test, .flags = FIELD_REQUIRED, .example = "false", .doc = "Somebody tried it out."),
    F_ENUM(T, label, .flags = FIELD_NULLABLE, .values = &enum_labels, .example = "ooo",
           .doc = "The label of the reply."),
    F_BOOL(T, is_taken_back, .flags = FIELD_REQUIRED, .example = "false",
           .doc = "The reply has another label since then; what could be undone was."),
    F_ID(T, reply_id, .flags = FIELD_NULLABLE, .doc = "Which reply; null: an example."),
    F_ID(T, lead_id, .flags = FIELD_NULLABLE, .doc = "Whose; null: an example."),
    F_ID(T, contact_id, .flags = FIELD_NULLABLE, .doc = "Their contact."),
    F_JSON(T, input, .flags = FIELD_NULLABLE, .example = "{\"label\":\"ooo\"}",
           .doc = "What it knew of the reply; null: removed for privacy."),
    F_LIST(T, actions, .flags = FIELD_REQUIRED | FIELD_ALWAYS, .of = &workflow_step_fields,
           .doc = "What was done, in this order."),
    F_TIME_MS(T, started_at, .flags = FIELD_REQUIRED, .doc = "When it began."),
    F_TIME_MS(T, finished_at, .flags = FIELD_REQUIRED, .doc = "When it ended."),
};
#undef T
const struct fields workflow_run_fields
    = FIELDS("WorkflowRun", struct workflow_run, run_rows, .doc = "What a workflow did for one reply.");

/* --- queries --- */

#define OF_LEAD                                                                        \
    "SELECT count(*) FROM workflow_runs WHERE account_id = $1 AND workflow_id = $2 "   \
    "AND lead_id = $3 AND is_test = 0"
static const struct query runs_of_lead
    = { "workflow_runs_of_lead", OF_LEAD " AND is_taken_back = 0", NULL };
static const struct query recent_of_lead
    = { "workflow_runs_recent", OF_LEAD " AND started_at > $4", NULL };
static const struct query begin
    = { "workflow_run_begin",
        "INSERT INTO workflow_runs (account_id, id, workflow_id, reply_id, lead_id, contact_id, label, "
        "status, is_test, once, input, started_at, finished_at) VALUES ($1, $2, $3, $4, $5, $6, $7, 'done', "
        "$8, $9, $10, $11, $11) ON CONFLICT DO NOTHING",
        NULL };
static const struct query end
    = { "workflow_run_end",
        "UPDATE workflow_runs SET status = $3, actions = $4, finished_at = $5 "
        "WHERE account_id = $1 AND id = $2",
        NULL };
static const struct query take_back
    = { "workflow_runs_take_back",
        "UPDATE workflow_runs SET is_taken_back = 1 WHERE account_id = $1 AND reply_id = $2 "
        "AND is_test = 0 AND is_taken_back = 0",
        NULL };
#define SELECT                                                                                  \
    "SELECT id, workflow_id, reply_id, lead_id, contact_id, label, status, is_test, "           \
    "is_taken_back, input, actions, started_at, finished_at FROM workflow_runs WHERE account_id = "
static const struct query get = { "workflow_run_get", SELECT "$1 AND id = $2", NULL };
#define FILTERS                                            \
    "workflow_id = $4 "                                    \
    "AND (CAST($5 AS TEXT) IS NULL OR status = $5) "       \
    "AND (CAST($6 AS TEXT) IS NULL OR lead_id = $6) "      \
    "AND (CAST($7 AS TEXT) IS NULL OR reply_id = $7) "
/* Newest first: what comes after a cursor is older; an empty one is before all. */
static const struct query list_after
    = { "workflow_runs_after", SELECT "$3 AND (id < $1 OR $1 = '') AND " FILTERS "ORDER BY id DESC LIMIT $2",
        NULL };
static const struct query list_before
    = { "workflow_runs_before", SELECT "$3 AND id > $1 AND " FILTERS "ORDER BY id LIMIT $2", NULL };
static const struct query earlier_replies
    = { "workflow_earlier_replies",
        "SELECT count(*) FROM replies WHERE account_id = $1 AND lead_id = $2 AND id < $3 "
        "AND kind IN ('person', 'out_of_office', 'auto_reply')",
        NULL };
#define FORGET(whose)                                                                \
    "UPDATE workflow_runs SET contact_id = NULL, input = NULL, actions = NULL WHERE " whose
static const struct query forget_contacts
    = { "workflow_runs_forget_contacts", FORGET(FORGET_CONTACTS), NULL };
static const struct query forget_leads = { "workflow_runs_forget_leads", FORGET(FORGET_LEADS), NULL };

static const struct query *const queries[]
    = { &runs_of_lead, &recent_of_lead, &begin,           &end,             &take_back,   &get,
        &list_after,   &list_before,    &earlier_replies, &forget_contacts, &forget_leads };
const struct query_table workflow_run_queries = QUERY_TABLE(queries);

#define ACCOUNT db_v_text(ctx->account_id)

/* --- writing --- */

enum rc workflow_run_allowed(struct ctx *ctx, const struct workflow_run *run, enum workflow_run_limit limit,
                             bool *ret_allowed) {
    struct db_value who[] = { ACCOUNT, db_v_text(run->workflow_id), db_v_text(run->lead_id),
                              db_v_int(ctx_now(ctx) - DAY_MS) };
    int64_t n = 0;
    enum rc rc = OK;
    if (limit == WORKFLOW_RUN_ONCE)
        rc = db_get_int(ctx, &runs_of_lead, (struct db_args){ who, 3 }, &n);
    else if (limit == WORKFLOW_RUN_EVERY)
        rc = db_get_int(ctx, &recent_of_lead, (struct db_args){ who, 4 }, &n);
    *ret_allowed = rc == OK && n < (limit == WORKFLOW_RUN_EVERY ? WORKFLOW_RUNS_A_DAY : 1);
    return rc;
}

enum rc workflow_run_begin(struct ctx *ctx, struct workflow_run *run, enum workflow_run_limit limit,
                           bool *ret_fresh) {
    int64_t now = ctx_now(ctx), inserted = 0;
    run->id = uuid_new(ctx->arena, now);
    run->started_at = run->finished_at = opt_int(now);
    run->is_test = tri_of(limit == WORKFLOW_RUN_TEST);
    enum rc rc = db_exec(ctx, &begin,
                         DB_ARGS(ACCOUNT, db_v_text(run->id), db_v_text(run->workflow_id),
                                 db_v_text(run->reply_id), db_v_text(run->lead_id),
                                 db_v_text(run->contact_id), db_v_text(run->label),
                                 db_v_int(limit == WORKFLOW_RUN_TEST), db_v_int(limit == WORKFLOW_RUN_ONCE),
                                 db_v_text(run->input), db_v_int(now)),
                         &inserted);
    *ret_fresh = rc == OK && inserted;
    return rc;
}

enum rc workflow_run_end(struct ctx *ctx, const struct workflow_run *run) {
    return db_exec(ctx, &end,
                   DB_ARGS(ACCOUNT, db_v_text(run->id), db_v_text(run->status),
                           db_v_text(json_list(ctx->arena, &workflow_step_fields, &run->actions)),
                           db_v_int(ctx_now(ctx))),
                   NULL);
}

enum rc workflow_runs_take_back(struct ctx *ctx, struct str reply_id) {
    return db_exec(ctx, &take_back, DB_ARGS(ACCOUNT, db_v_text(reply_id)), NULL);
}

/* --- reading --- */

enum rc workflow_run_get(struct ctx *ctx, struct str id, struct workflow_run *ret_run) {
    struct workflow_run found = { .id = STR_NONE };
    enum rc rc = db_get(ctx, &get, DB_ARGS(ACCOUNT, db_v_text(id)), &workflow_run_fields, &found);
    if (rc == OK)
        *ret_run = found;
    return rc;
}

enum rc workflow_runs_list(struct ctx *ctx, const struct workflow_run_filter *f, const struct page *page,
                           struct page_of *ret_page) {
    static const struct page_queries pages
        = { &list_after, &list_before, &workflow_run_fields, offsetof(struct workflow_run, id) };
    return page_read(ctx, &pages, page,
                     DB_ARGS(ACCOUNT, db_v_text(f->workflow_id), db_v_text(f->status), db_v_text(f->lead_id),
                             db_v_text(f->reply_id)),
                     ret_page);
}

enum rc workflow_has_earlier_reply(struct ctx *ctx, struct str lead_id, struct str reply_id, bool *ret_has) {
    int64_t n = 0;
    enum rc rc = db_get_int(ctx, &earlier_replies, DB_ARGS(ACCOUNT, db_v_text(lead_id), db_v_text(reply_id)), &n);
    *ret_has = n > 0;
    return rc;
}

/* --- forgetting --- */

enum rc workflow_runs_forget(struct ctx *ctx, struct str email, struct str linkedin_key) {
    struct db_args who = DB_ARGS(db_v_text(email), db_v_text(linkedin_key));
    enum rc rc = db_exec(ctx, &forget_contacts, who, NULL);
    return rc == OK ? db_exec(ctx, &forget_leads, who, NULL) : rc;
}
