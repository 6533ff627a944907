#include "store/workflows.h"

#include "base/check.h"
#include "base/rand.h"
#include "base/vec.h"
#include "data/labels.h"
#include "db/sql.h"
#include "json/writer.h"
#include "store/queries.h"
#include "store/sequence_definition.h"
#include "store/tasks.h"

enum { CONDITIONS_MAX_BYTES = 1024 * 1024 };

#define V(text) { text, sizeof text - 1 }
static const struct str label_words[] = {
#define LABEL(name, text, title, info, doc) V(text),
#include "data/labels.def"
#undef LABEL
    V("any"), V("unlabeled"),
};
const struct enum_values enum_workflow_labels = { "WorkflowLabel", label_words, LENGTH(label_words) };

static const struct str action_words[] = {
    [WORKFLOW_EXCLUDE_EMAIL] = V("exclude_email"),
    [WORKFLOW_EXCLUDE_DOMAIN] = V("exclude_domain"),
    [WORKFLOW_PAUSE] = V("pause"),
    [WORKFLOW_ADD_TO_SEQUENCE] = V("add_to_sequence"),
    [WORKFLOW_CREATE_TASK] = V("create_task"),
    [WORKFLOW_ADD_TO_LEAD_LIST] = V("add_to_lead_list"),
    [WORKFLOW_REPLACE_LEAD] = V("replace_lead"),
    [WORKFLOW_SEND_JSON] = V("send_json"),
};
const struct enum_values enum_workflow_actions
    = { "WorkflowActionType", action_words, LENGTH(action_words) };

static const struct str repeat_words[] = { V("once_per_lead"), V("every_time") };
const struct enum_values enum_workflow_repeats
    = { "WorkflowRepeat", repeat_words, LENGTH(repeat_words) };
static const struct str status_words[] = { V("draft"), V("enabled") };
const struct enum_values enum_workflow_statuses
    = { "WorkflowStatus", status_words, LENGTH(status_words) };
static const struct str whom_words[] = { V("lead"), V("referred") };
const struct enum_values enum_workflow_whom = { "WorkflowWhom", whom_words, LENGTH(whom_words) };
static const struct str until_words[] = { V("return_date"), V("follow_up_date"), V("any_date") };
const struct enum_values enum_workflow_until = { "WorkflowUntil", until_words, LENGTH(until_words) };

#define T struct workflow_conditions
#define SOME .max = WORKFLOW_VALUES_MAX, .item_max = WORKFLOW_VALUE_MAX
static const struct field condition_rows[] = {
    F_STRS(T, sequence_ids, SOME, .doc = "Only replies to messages of these sequences."),
    F_STRS(T, user_ids, SOME, .doc = "Only replies to messages of these users."),
    F_STRS(T, mailbox_ids, SOME, .doc = "Only replies to these mailboxes."),
    F_STRS(T, sender_domains, SOME, .example = "[\"example.com\"]",
           .doc = "Only replies from addresses at these domains or below them."),
    F_STRS(T, text_contains, SOME, .example = "[\"pricing\"]",
           .doc = "Only replies with one of these in their new text or subject, without regard to case."),
    F_BOOL(T, first_reply, .example = "true",
           .doc = "Only the first reply of a lead; bounces do not count."),
};
#undef T
static const struct fields condition_fields
    = FIELDS("WorkflowConditions", struct workflow_conditions, condition_rows,
             .doc = "All that are given must hold; of a list, one value.");

#define T struct workflow_action
static const struct field action_rows[] = {
    F_ENUM(T, type, .flags = FIELD_REQUIRED, .values = &enum_workflow_actions, .example = "pause",
           .doc = "What is done; docs/workflows.md says which of the other members go with it."),
    F_STR(T, sequence_id, .max = 100, .doc = "Of add_to_sequence and replace_lead: where to."),
    F_ID(T, lead_list_id, .max = 100, .doc = "Of add_to_lead_list: where to."),
    F_ID(T, webhook_id, .max = 100, .doc = "Of send_json: the webhook that is told."),
    F_ENUM(T, whom, .values = &enum_workflow_whom, .example = "lead",
           .doc = "Of add_to_sequence and add_to_lead_list: who is added; absent: the lead."),
    F_ENUM(T, until, .values = &enum_workflow_until, .example = "return_date",
           .doc = "Of pause and create_task: the date that the reply names."),
    F_INT(T, days, .min = 1, .max = WORKFLOW_DAYS_MAX, .example = "7",
          .doc = "Of pause and create_task: in so many days; beside `until`, when the reply names no date."),
    F_STR(T, reason, .max = 100, .example = "asked to be removed",
          .doc = "Of exclude_email and exclude_domain: what the list says; absent: `workflow`."),
    F_ID(T, user_id, .max = 100, .doc = "Of create_task: whose it is; absent: the lead's user."),
    F_ENUM(T, task_type, .values = &enum_stage_types, .example = "custom_task",
           .doc = "Of create_task: absent: custom_task."),
    F_STR(T, subject, .max = TASK_SUBJECT_MAX, .example = "Call back",
          .doc = "Of create_task: what it is about."),
    F_STR(T, notes, .max = TASK_NOTES_MAX, .doc = "Of create_task: more about it."),
    F_ENUM(T, priority, .values = &enum_priorities, .example = "high",
           .doc = "Of create_task: low, normal or high."),
};
#undef T
const struct fields workflow_action_fields
    = FIELDS("WorkflowAction", struct workflow_action, action_rows, .doc = "One thing that is done.");

#define DEFINITION(needed)                                                                          \
    F_STR(T, name, .flags = (needed), .min = 1, .max = WORKFLOW_NAME_MAX, .example = "Out of office", \
          .doc = "Its name, of no other workflow."),                                                \
    F_STRS(T, labels, .flags = (needed), .min = 1, .max = LABELS_COUNT + 2,                         \
           .values = &enum_workflow_labels, .example = "[\"ooo\"]",                                 \
           .doc = "Which labels start it; any: all eight, unlabeled: replies that got none."),      \
    F_OBJECT(T, conditions, struct workflow_conditions, .of = &condition_fields,                    \
             .doc = "Of which replies; absent: of all."),                                           \
    F_LIST(T, actions, .flags = (needed), .min = 1, .max = WORKFLOW_ACTIONS_MAX,                    \
           .of = &workflow_action_fields, .doc = "What is done, in this order."),                   \
    F_ENUM(T, repeat, .values = &enum_workflow_repeats, .example = "once_per_lead",                 \
           .doc = "Whether a lead starts it once (the usual), or with every reply.")
#define T struct workflow_definition
static const struct field create_rows[] = { DEFINITION(FIELD_REQUIRED) };
static const struct field change_rows[] = { DEFINITION(0) };
#undef T
const struct fields workflow_create_fields
    = FIELDS("WorkflowDefinition", struct workflow_definition, create_rows, .doc = "What happens on labels.");
const struct fields workflow_change_fields
    = FIELDS("WorkflowUpdate", struct workflow_definition, change_rows, .doc = "What changes; the rest stays.");
#define T struct workflow
static const struct field workflow_rows[] = {
    F_ID(T, id, .flags = FIELD_REQUIRED, .example = "0198f652-73a2-7d41-914e-e511382bb808",
         .doc = "Id of the workflow."),
    F_ENUM(T, status, .flags = FIELD_REQUIRED, .values = &enum_workflow_statuses, .example = "enabled",
           .doc = "A draft does nothing."),
    F_INT(T, position, .flags = FIELD_REQUIRED, .example = "1", .doc = "Its place in the order, from 1."),
    DEFINITION(FIELD_REQUIRED),
    F_TIME(T, created_at, .flags = FIELD_REQUIRED, .doc = "When it was made."),
    F_TIME(T, updated_at, .flags = FIELD_REQUIRED, .doc = "When it was changed last."),
};
#undef T
const struct fields workflow_fields
    = FIELDS("Workflow", struct workflow, workflow_rows, .doc = "What happens when replies get labels.");

/* --- queries --- */

#define LIVE                                                                                     \
    "SELECT id, name, status, position, labels, conditions, actions, repeat, created_at, "       \
    "updated_at FROM workflows WHERE account_id = $1 AND deleted_at IS NULL "
static const struct query all = { "workflows_list", LIVE "ORDER BY position, id", NULL };
static const struct query enabled
    = { "workflows_enabled", LIVE "AND status = 'enabled' ORDER BY position, id", NULL };
#define ONE LIVE "AND id = $2"
static const struct query get = { "workflow_get", ONE, NULL };
static const struct query lock = { "workflow_lock", ONE, ONE " FOR UPDATE" };
static const struct query by_name
    = { "workflow_by_name",
        "SELECT id FROM workflows WHERE account_id = $1 AND name = $2 AND deleted_at IS NULL", NULL };
static const struct query count
    = { "workflows_count",
        "SELECT count(*) FROM workflows WHERE account_id = $1 AND deleted_at IS NULL", NULL };
static const struct query insert
    = { "workflow_insert",
        "INSERT INTO workflows (account_id, id, name, status, position, labels, conditions, actions, "
        "repeat, created_at, updated_at) SELECT $1, $2, $3, 'draft', coalesce(max(position), 0) + 1, "
        "$4, $5, $6, $7, $8, $8 FROM workflows WHERE account_id = $1 AND deleted_at IS NULL "
        "ON CONFLICT DO NOTHING",
        NULL };
static const struct query update
    = { "workflow_update",
        "UPDATE workflows SET name = $3, labels = $4, conditions = $5, actions = $6, repeat = $7, "
        "updated_at = $8 WHERE account_id = $1 AND id = $2 AND deleted_at IS NULL",
        NULL };
static const struct query set_status
    = { "workflow_set_status",
        "UPDATE workflows SET status = $3, updated_at = $4 WHERE account_id = $1 AND id = $2 "
        "AND deleted_at IS NULL AND status <> $3",
        NULL };
static const struct query delete_one
    = { "workflow_delete",
        "UPDATE workflows SET deleted_at = $3, status = 'draft' WHERE account_id = $1 AND id = $2 "
        "AND deleted_at IS NULL",
        NULL };
static const struct query set_position
    = { "workflow_set_position",
        "UPDATE workflows SET position = $3 WHERE account_id = $1 AND id = $2 AND deleted_at IS NULL",
        NULL };

static const struct query *const queries[] = { &all,    &enabled,    &get,        &lock,        &by_name, &count,
                                               &insert, &update, &set_status, &delete_one, &set_position };
const struct query_table workflow_queries = QUERY_TABLE(queries);

#define ACCOUNT db_v_text(ctx->account_id)

/* --- reading --- */

enum workflow_action_type workflow_action_type(const struct workflow_action *action) {
    for (size_t i = 0; i < LENGTH(action_words); i++)
        if (str_eq(action->type, action_words[i]))
            return (enum workflow_action_type) i;
    return WORKFLOW_ACTION_TYPES;
}

static enum rc read_all(struct ctx *ctx, const struct query *query, struct list *ret_workflows) {
    struct list found = { 0 };
    enum rc rc = db_list(ctx, query, DB_ARGS(ACCOUNT), &workflow_fields, &found);
    if (rc == OK)
        *ret_workflows = found;
    return rc;
}

enum rc workflows_list(struct ctx *ctx, struct list *ret_workflows) {
    return read_all(ctx, &all, ret_workflows);
}

enum rc workflows_enabled(struct ctx *ctx, struct list *ret_workflows) {
    return read_all(ctx, &enabled, ret_workflows);
}

static enum rc read_one(struct ctx *ctx, const struct query *query, struct str id,
                        struct workflow *ret_workflow) {
    struct workflow found = { .name = STR_NONE };
    enum rc rc = db_get(ctx, query, DB_ARGS(ACCOUNT, db_v_text(id)), &workflow_fields, &found);
    if (rc == OK)
        *ret_workflow = found;
    return rc;
}

enum rc workflow_get(struct ctx *ctx, struct str id, struct workflow *ret_workflow) {
    return read_one(ctx, &get, id, ret_workflow);
}

enum rc workflow_lock(struct ctx *ctx, struct str id, struct workflow *ret_workflow) {
    return read_one(ctx, &lock, id, ret_workflow);
}

enum rc workflow_id_by_name(struct ctx *ctx, struct str name, struct str *ret_id) {
    return db_get_text(ctx, &by_name, DB_ARGS(ACCOUNT, db_v_text(name)), ret_id);
}

/* --- writing --- */

static struct db_value conditions_of(struct ctx *ctx, const struct workflow_conditions *conditions) {
    if (!conditions)
        return db_v_text(STR_NONE);
    struct buf b = buf_in(ctx->arena, CONDITIONS_MAX_BYTES);
    struct json_writer w = json_writer(&b);
    json_fields(&w, &condition_fields, conditions);
    return db_v_text(buf_text(&b));
}

static struct db_value actions_of(struct ctx *ctx, const struct list *actions) {
    return db_v_text(json_list(ctx->arena, &workflow_action_fields, actions));
}

static enum rc is_taken(struct ctx *ctx) {
    return problem(ctx, E_CONFLICT, "conflict", "Another workflow has this name.");
}

enum rc workflow_insert(struct ctx *ctx, const struct workflow_definition *d, struct str *ret_id) {
    struct str id = uuid_new(ctx->arena, ctx_now(ctx));
    int64_t n = 0, inserted = 0;
    enum rc rc = db_get_int(ctx, &count, DB_ARGS(ACCOUNT), &n);
    if (rc == OK && n >= WORKFLOWS_MAX)
        return problem(ctx, E_CONFLICT, "conflict", "An account has at most %d workflows.", WORKFLOWS_MAX);
    if (rc == OK)
        rc = db_exec(ctx, &insert,
                     DB_ARGS(ACCOUNT, db_v_text(id), db_v_text(d->name), sql_texts(ctx->arena, d->labels),
                             conditions_of(ctx, d->conditions), actions_of(ctx, &d->actions),
                             db_v_text(d->repeat), db_v_int(ctx_now(ctx))),
                     &inserted);
    if (rc == OK && !inserted)
        return is_taken(ctx);
    if (rc == OK)
        *ret_id = id;
    return rc;
}

enum rc workflow_update(struct ctx *ctx, const struct workflow *w) {
    struct str other = STR_NONE;
    int64_t changed = 0;
    enum rc rc = workflow_id_by_name(ctx, w->name, &other);
    if (rc == OK && !str_eq(other, w->id))
        return is_taken(ctx);
    if (rc != OK && rc != E_NOT_FOUND)
        return rc;
    rc = db_exec(ctx, &update,
                 DB_ARGS(ACCOUNT, db_v_text(w->id), db_v_text(w->name), sql_texts(ctx->arena, w->labels),
                         conditions_of(ctx, w->conditions), actions_of(ctx, &w->actions),
                         db_v_text(w->repeat), db_v_int(ctx_now(ctx))),
                 &changed);
    return rc == OK && !changed ? E_NOT_FOUND : rc;
}

enum rc workflow_set_status(struct ctx *ctx, struct str id, bool is_enabled) {
    return db_exec(ctx, &set_status,
                   DB_ARGS(ACCOUNT, db_v_text(id), db_v_text(status_words[is_enabled]), db_v_int(ctx_now(ctx))),
                   NULL);
}

enum rc workflow_delete(struct ctx *ctx, struct str id) {
    int64_t deleted = 0;
    enum rc rc = db_exec(ctx, &delete_one, DB_ARGS(ACCOUNT, db_v_text(id), db_v_int(ctx_now(ctx))), &deleted);
    return rc == OK && !deleted ? E_NOT_FOUND : rc;
}

static bool are_all(const struct list *workflows, struct strs ids) {
    const struct workflow *w = workflows->p;
    bool all_there = ids.n == workflows->n;
    for (size_t i = 0; all_there && i < workflows->n; i++)
        all_there = strs_have(ids, w[i].id);
    return all_there;
}

enum rc workflows_order(struct ctx *ctx, struct strs ids) {
    struct list workflows = { 0 };
    enum rc rc = workflows_list(ctx, &workflows);
    if (rc == OK && !are_all(&workflows, ids))
        return bad_field(ctx, STR("/ids"), "unsupported_value",
                         "These must be the ids of all workflows, each once.");
    for (size_t i = 0; rc == OK && i < ids.n; i++)
        rc = db_exec(ctx, &set_position,
                     DB_ARGS(ACCOUNT, db_v_text(ids.p[i]), db_v_int((int64_t) i + 1)), NULL);
    return rc;
}
