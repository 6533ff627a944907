/* One query serves every filter: an absent one is NULL and lets all rows pass. Only whose
 * tasks they are picks another text, because it picks another index. */
#include "store/tasks.h"

#include "base/check.h"
#include "base/rand.h"
#include "data/enums.h"
#include "data/text.h"
#include "db/sql.h"
#include "json/writer.h"
#include "store/events.h"
#include "store/forget.h"
#include "store/queries.h"
#include "store/sequence_definition.h"
#include "store/tasks_private.h"

static const struct str statuses[]
    = { { "scheduled", 9 }, { "in_progress", 11 }, { "completed", 9 },
        { "skipped", 7 },   { "canceled", 8 },     { "failed", 6 } };
const struct enum_values enum_task_statuses = { "TaskStatus", statuses, LENGTH(statuses) };

#define T struct contact_ref
static const struct field contact_ref_rows[] = {
    F_ID(T, id, .flags = FIELD_REQUIRED, .example = "0198f652-76db-7505-8923-201bf75736eb",
         .doc = "Id of the contact."),
    F_STR(T, name, .flags = FIELD_NULLABLE, .example = "Ann Example", .doc = "Their name."),
    F_STR(T, email, .flags = FIELD_NULLABLE, .example = "ann@example.com",
          .doc = "Their address."),
};
#undef T
const struct fields contact_ref_fields
    = FIELDS("ContactRef", struct contact_ref, contact_ref_rows, .doc = "Somebody it is about.");

#define T struct task
static const struct field task_rows[] = {
    F_ID(T, id, .flags = FIELD_REQUIRED, .doc = "Id of the task."),
    F_BOOL(T, automatic, .flags = FIELD_REQUIRED, .example = "false",
           .doc = "Whether it is done without a person."),
    F_ENUM(T, type, .flags = FIELD_REQUIRED, .values = &enum_stage_types, .example = "phone_call",
           .doc = "What is to be done."),
    F_ENUM(T, status, .flags = FIELD_REQUIRED, .values = &enum_task_statuses,
           .example = "scheduled", .doc = "Where it is."),
    F_STR(T, priority, .example = "normal", .doc = "low, normal or high."),
    F_TIME(T, due_on, .flags = FIELD_REQUIRED, .doc = "When it is due."),
    F_TIME(T, finished_on, .flags = FIELD_NULLABLE, .doc = "When it ended."),
    F_STR(T, subject, .flags = FIELD_NULLABLE, .example = "Congratulate on the new office",
          .doc = "What it is about; of an email its subject."),
    F_STR(T, text, .flags = FIELD_NULLABLE, .doc = "What to send or to say."),
    F_STR(T, notes, .flags = FIELD_NULLABLE, .doc = "What was noted about it."),
    F_STR(T, sequence_key, .flags = FIELD_NULLABLE, .doc = "Id of its sequence."),
    F_STR(T, sequence_name, .flags = FIELD_NULLABLE, .doc = "Name of its sequence."),
    F_ID(T, stage_id, .flags = FIELD_NULLABLE, .doc = "Its stage."),
    F_ID(T, lead_id, .flags = FIELD_NULLABLE, .doc = "Its lead; null: made by hand."),
    F_ID(T, user_id, .flags = FIELD_REQUIRED, .doc = "Whose task it is."),
    F_STR(T, user_email, .flags = FIELD_REQUIRED, .example = "user@example.com",
          .doc = "Their address."),
    F_ID(T, contact_id, .flags = FIELD_HIDDEN, .doc = "Whom it is about."),
    F_OBJECT(T, contact, struct contact_ref, .flags = FIELD_NULLABLE, .of = &contact_ref_fields,
             .doc = "Whom it is about."),
    F_TIME(T, created_at, .flags = FIELD_REQUIRED, .doc = "When it was made."),
    F_TIME(T, updated_at, .flags = FIELD_REQUIRED, .doc = "When it changed last."),
};
#undef T
const struct fields task_fields
    = FIELDS("Task", struct task, task_rows, .doc = "Something to be done.");

static const struct query get
    = { "task_get", TASK_SELECT_SQLITE "t.account_id = $1 AND t.id = $2",
        TASK_SELECT_PG "t.account_id = $1 AND t.id = $2" };
static const struct query lock
    = { "task_lock", TASK_SELECT_SQLITE "t.account_id = $1 AND t.id = $2",
        TASK_SELECT_PG "t.account_id = $1 AND t.id = $2 FOR UPDATE OF t" };

static const struct query insert
    = { "task_insert",
        "INSERT INTO tasks (account_id, id, user_id, automatic, type, status, priority, due_at, "
        "subject, body, notes, search_key, contact_id, lead_id, sequence_id, stage_id, "
        "created_at, updated_at) SELECT a.account_id, $2, coalesce($3, l.user_id), $4, $5, "
        "'scheduled', $6, $7, $8, $9, $10, $11, coalesce($12, l.contact_id), $13, "
        "coalesce($14, l.sequence_id), $15, $16, $16 FROM (SELECT $1 AS account_id) AS a "
        "LEFT JOIN sequence_leads l ON l.account_id = a.account_id AND l.id = $13 "
        "WHERE CAST($13 AS TEXT) IS NULL OR l.id IS NOT NULL ON CONFLICT DO NOTHING",
        NULL };
static const struct query open_of_stage
    = { "task_open",
        "SELECT id FROM tasks WHERE account_id = $1 AND lead_id = $2 AND stage_id = $3 "
        "AND status IN ('scheduled', 'in_progress')",
        NULL };
static const struct query open_of_lead
    = { "tasks_open_of_lead",
        TASK_SELECT_SQLITE "t.account_id = $1 AND t.lead_id = $2 "
                           "AND t.status IN ('scheduled', 'in_progress')",
        TASK_SELECT_PG "t.account_id = $1 AND t.lead_id = $2 "
                       "AND t.status IN ('scheduled', 'in_progress')" };
static const struct query open_of_leads
    = { "tasks_open_of_leads",
        TASK_SELECT_SQLITE "t.account_id = $1 AND t.lead_id IN (SELECT value FROM json_each($2)) "
                           "AND t.status IN ('scheduled', 'in_progress')",
        "WITH " SQL_SET_PG("e", "$2") " "
        TASK_SELECT_PG "(t.account_id, t.lead_id) IN (SELECT account_id, v FROM e) "
                       "AND t.status IN ('scheduled', 'in_progress')" };
static const struct query cancel_sequence
    = { "tasks_cancel_sequence",
        "UPDATE tasks SET status = 'canceled', finished_at = $3, updated_at = $3 "
        "WHERE account_id = $1 AND sequence_id = $2 AND status = 'scheduled'",
        NULL };
/* $5: when it ended, NULL for a status that is none. */
static const struct query set_status
    = { "task_set_status",
        "UPDATE tasks SET status = $4, finished_at = $5, updated_at = $6, "
        "notes = coalesce($7, notes), search_key = coalesce($8, search_key) "
        "WHERE account_id = $1 AND id = $2 AND status = $3",
        NULL };
static const struct query snooze
    = { "task_snooze",
        "UPDATE tasks SET due_at = $3, updated_at = $4 WHERE account_id = $1 AND id = $2 "
        "AND status = 'scheduled'",
        NULL };
static const struct query reassign
    = { "task_reassign",
        "UPDATE tasks SET user_id = $3, updated_at = $4 WHERE account_id = $1 AND id = $2 "
        "AND status = 'scheduled'",
        NULL };
#define FORGET(whose)                                                                         \
    "UPDATE tasks SET status = CASE WHEN status IN ('scheduled', 'in_progress') "             \
    "THEN 'canceled' ELSE status END, finished_at = coalesce(finished_at, $3), "              \
    "updated_at = $3, contact_id = NULL, subject = NULL, body = NULL, notes = NULL, "         \
    "search_key = '' WHERE " whose
static const struct query forget_contacts
    = { "tasks_forget_contacts", FORGET(FORGET_CONTACTS), NULL };
static const struct query forget_leads = { "tasks_forget_leads", FORGET(FORGET_LEADS), NULL };

static const struct query *const queries[]
    = { &get,        &lock,   &insert,   &open_of_stage,   &open_of_lead, &open_of_leads, &cancel_sequence,
        &set_status, &snooze, &reassign, &forget_contacts, &forget_leads };
const struct query_table task_queries = QUERY_TABLE(queries);

#define ACCOUNT db_v_text(ctx->account_id)

/* --- events --- */

/* What a task of the type is called where it has no words of its own. */
static struct str title_of(struct str type) {
    static const struct {
        const char *type;
        struct str title;
    } titles[] = {
        { "email", { "Email", 5 } },
        { "linkedin_visit", { "LinkedIn: Visit Profile", 23 } },
        { "linkedin_follow", { "LinkedIn: Follow Profile", 24 } },
        { "linkedin_like_last_post", { "LinkedIn: Like last post", 24 } },
        { "linkedin_connect", { "LinkedIn: Send connection request", 33 } },
        { "linkedin_message", { "LinkedIn: Send message to Profile", 33 } },
        { "linkedin_voice_message", { "LinkedIn: Send voice message", 28 } },
        { "linkedin_video_message", { "LinkedIn: Send video message", 28 } },
        { "phone_call", { "Phone call", 10 } },
    };
    for (size_t i = 0; i < LENGTH(titles); i++)
        if (str_eq(type, str_of(titles[i].type)))
            return titles[i].title;
    return STR("Generic Task");
}

static void member(struct json_writer *w, struct str name, struct str value) {
    if (!str_is_set(value))
        return;
    json_key(w, name);
    json_str(w, value);
}

static enum rc record(struct ctx *ctx, enum event_kind kind, const struct task *task) {
    struct buf text = buf_in(ctx->arena, 1024 * 1024); /* texts of a task and their escapes */
    struct json_writer w = json_writer(&text);
    struct str title = str_is_empty(task->subject) ? title_of(task->type) : task->subject;
    json_begin_object(&w);
    member(&w, STR("type"), task->type);
    json_key(&w, STR("automatic"));
    json_bool(&w, task->automatic == YES);
    member(&w, STR("subject"), title);
    member(&w, STR("description"), str_is_empty(task->text) ? title : task->text);
    member(&w, STR("notes"), task->notes);
    if (task->due_on.set) {
        json_key(&w, STR("due_at"));
        json_int(&w, task->due_on.v);
    }
    json_end_object(&w);
    enum rc rc = buf_result(&text);
    if (rc != OK)
        return fail(ctx, rc, "event of a task");
    return event_record(ctx, &(struct event){ .kind = kind, .type = task->type, .user_id = task->user_id,
                                              .contact_id = task->contact_id,
                                              .lead_id = task->lead_id,
                                              .sequence_id = task->sequence_key,
                                              .stage_id = task->stage_id, .task_id = task->id,
                                              .data = buf_text(&text) });
}

/* What somebody who looks for words in tasks finds. */
static struct str search_key(struct arena *arena, struct str subject, struct str notes) {
    struct str s = text_lower(arena, subject), n = text_lower(arena, notes);
    return arena_printf(arena, "%.*s\n%.*s", STR_FMT(s), STR_FMT(n));
}

/* --- writing --- */

static enum rc insert_row(struct ctx *ctx, struct str id, const struct new_task *t,
                          int64_t *ret_inserted) {
    int64_t now = ctx_now(ctx);
    struct str priority = str_is_set(t->priority) ? t->priority : STR("normal");
    struct str key = search_key(ctx->arena, t->subject, t->notes);
    return db_exec(ctx, &insert,
                   DB_ARGS(ACCOUNT, db_v_text(id), db_v_text(t->user_id), db_v_int(t->automatic),
                           db_v_text(t->type), db_v_text(priority), db_v_int(t->due_at),
                           db_v_text(t->subject), db_v_text(t->text), db_v_text(t->notes),
                           db_v_text(key), db_v_text(t->contact_id), db_v_text(t->lead_id),
                           db_v_text(t->sequence_id), db_v_text(t->stage_id), db_v_int(now)),
                   ret_inserted);
}

enum rc task_create(struct ctx *ctx, const struct new_task *task, struct str *ret_id) {
    ASSERT(str_is_set(task->lead_id) || str_is_set(task->user_id));
    int64_t inserted = 0;
    struct str id = uuid_new(ctx->arena, ctx_now(ctx));
    struct task row;
    enum rc rc = insert_row(ctx, id, task, &inserted);
    if (rc == OK && !inserted) /* it is there already, or the lead is not */
        return db_get_text(ctx, &open_of_stage,
                           DB_ARGS(ACCOUNT, db_v_text(task->lead_id), db_v_text(task->stage_id)),
                           ret_id);
    if (rc == OK)
        rc = task_get(ctx, id, &row);
    if (rc == OK)
        rc = record(ctx, EVENT_TASK_CREATED, &row);
    if (rc == OK)
        *ret_id = id;
    return rc;
}

static bool is_end(enum task_status status) {
    return status >= TASK_COMPLETED;
}

static enum rc record_end(struct ctx *ctx, enum task_status end, const struct task *task) {
    static const enum event_kind kinds[] = { [TASK_COMPLETED] = EVENT_TASK_COMPLETED,
                                             [TASK_SKIPPED] = EVENT_TASK_SKIPPED,
                                             [TASK_CANCELED] = EVENT_TASK_CANCELED,
                                             [TASK_FAILED] = EVENT_TASK_FAILED };
    enum rc rc = record(ctx, kinds[end], task);
    bool linkedin = str_starts(task->type, STR("linkedin_"));
    if (rc == OK && linkedin && end == TASK_COMPLETED)
        rc = record(ctx, EVENT_LINKEDIN_DONE, task);
    if (rc == OK && linkedin && end == TASK_FAILED)
        rc = record(ctx, EVENT_LINKEDIN_FAILED, task);
    return rc;
}

enum rc task_set_status(struct ctx *ctx, const struct task *task,
                        const struct task_change *change) {
    int64_t changed = 0, now = ctx_now(ctx);
    struct task after = *task;
    bool noted = str_is_set(change->notes);
    after.notes = noted ? change->notes : task->notes;
    struct str key = noted ? search_key(ctx->arena, task->subject, change->notes) : STR_NONE;
    enum rc rc = db_exec(
        ctx, &set_status,
        DB_ARGS(ACCOUNT, db_v_text(task->id), db_v_text(statuses[change->from]),
                db_v_text(statuses[change->to]),
                is_end(change->to) ? db_v_int(now) : db_v_null(DB_KIND_INT), db_v_int(now),
                db_v_text(change->notes), db_v_text(key)),
        &changed);
    if (rc == OK && !changed)
        return fail(ctx, E_CONFLICT, "the task is not %.*s", STR_FMT(statuses[change->from]));
    return rc == OK && is_end(change->to) ? record_end(ctx, change->to, &after) : rc;
}

static enum rc cancel_open(struct ctx *ctx, const struct query *query, struct db_value whose) {
    struct list open = { 0 };
    enum rc rc = db_list(ctx, query, DB_ARGS(ACCOUNT, whose), &task_fields, &open);
    const struct task *task = open.p;
    for (size_t i = 0; rc == OK && i < open.n; i++)
        rc = task_set_status(ctx, &task[i],
                             &(struct task_change){ task_status_of(&task[i]), TASK_CANCELED,
                                                    STR_NONE });
    return rc;
}

enum rc tasks_cancel_lead(struct ctx *ctx, struct str lead_id) {
    return cancel_open(ctx, &open_of_lead, db_v_text(lead_id));
}

enum rc tasks_cancel_leads(struct ctx *ctx, struct strs lead_ids) {
    return cancel_open(ctx, &open_of_leads, sql_texts(ctx->arena, lead_ids));
}

enum rc tasks_cancel_sequence(struct ctx *ctx, struct str sequence_id) {
    return db_exec(ctx, &cancel_sequence,
                   DB_ARGS(ACCOUNT, db_v_text(sequence_id), db_v_int(ctx_now(ctx))), NULL);
}

static enum rc change_scheduled(struct ctx *ctx, const struct query *query,
                                const struct task *task, struct db_value value) {
    int64_t changed = 0;
    enum rc rc = db_exec(ctx, query,
                         DB_ARGS(ACCOUNT, db_v_text(task->id), value, db_v_int(ctx_now(ctx))),
                         &changed);
    return rc == OK && !changed ? fail(ctx, E_CONFLICT, "the task is not scheduled") : rc;
}

enum rc task_snooze(struct ctx *ctx, const struct task *task, int64_t due_at) {
    struct task after = *task;
    after.due_on = opt_int(due_at);
    enum rc rc = change_scheduled(ctx, &snooze, task, db_v_int(due_at));
    return rc == OK ? record(ctx, EVENT_TASK_SNOOZED, &after) : rc;
}

enum rc task_reassign(struct ctx *ctx, const struct task *task, struct str user_id) {
    struct task after = *task;
    after.user_id = user_id;
    enum rc rc = change_scheduled(ctx, &reassign, task, db_v_text(user_id));
    return rc == OK ? record(ctx, EVENT_TASK_REASSIGNED, &after) : rc;
}

/* --- reading --- */

static enum rc read_one(struct ctx *ctx, const struct query *query, struct str id,
                        struct task *ret_task) {
    struct task found = { 0 };
    enum rc rc = db_get(ctx, query, DB_ARGS(ACCOUNT, db_v_text(id)), &task_fields, &found);
    if (rc == OK)
        *ret_task = found;
    return rc;
}

enum rc task_get(struct ctx *ctx, struct str id, struct task *ret_task) {
    return read_one(ctx, &get, id, ret_task);
}

enum rc task_lock(struct ctx *ctx, struct str id, struct task *ret_task) {
    return read_one(ctx, &lock, id, ret_task);
}

enum task_status task_status_of(const struct task *task) {
    int i = enum_index(&enum_task_statuses, task->status);
    ASSERT(i >= 0); /* the column has a CHECK */
    return (enum task_status) i;
}

enum rc tasks_forget(struct ctx *ctx, struct str email, struct str linkedin_key) {
    struct db_args who = DB_ARGS(db_v_text(email), db_v_text(linkedin_key), db_v_int(ctx_now(ctx)));
    enum rc rc = db_exec(ctx, &forget_contacts, who, NULL);
    return rc == OK ? db_exec(ctx, &forget_leads, who, NULL) : rc;
}
