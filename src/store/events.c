#include "store/events.h"

#include "base/check.h"
#include "base/rand.h"
#include "db/sql.h"
#include "json/writer.h"
#include "store/forget.h"
#include "store/queries.h"
#include "store/webhook_deliveries.h"
#include "store/webhooks.h"

enum { CONTACTED = 1, SNAPSHOT = 2, ACTIVITY = 4, PAIRS_MAX_BYTES = EVENT_LEADS_MAX * 200 };

static const struct {
    struct str name;
    unsigned flags;
} kinds[] = {
#define EVENT(id, name, flags, doc) [EVENT_##id] = { { name, sizeof name - 1 }, flags },
#include "store/events.def"
};

#define T struct recorded_event
static const struct field event_rows[] = {
    F_ID(T, id, .doc = "Id of the event."),
    F_STR(T, kind, .doc = "What happened (store/events.def)."),
    F_TIME(T, at, .doc = "When."),
    F_ID(T, user_id, .doc = "Whose work it is."),
    F_ID(T, contact_id, .doc = "To whom."),
    F_ID(T, lead_id, .doc = "As which lead."),
    F_ID(T, sequence_id, .doc = "In which sequence."),
    F_ID(T, stage_id, .doc = "At which stage."),
    F_ID(T, message_id, .doc = "By which message."),
    F_ID(T, task_id, .doc = "By which task."),
    F_ID(T, call_id, .doc = "By which call."),
    F_JSON(T, data, .doc = "What the kind says of it."),
    F_JSON(T, snapshot, .doc = "Lead, user, sequence and stage as they were."),
};
#undef T
const struct fields recorded_event_fields
    = FIELDS("Event", struct recorded_event, event_rows, .doc = "Something that happened.");

#define T struct activity
static const struct field activity_rows[] = {
    F_TIME(T, event_at, .flags = FIELD_REQUIRED, .example = "2025-08-29T14:54:16Z",
           .doc = "When it happened."),
    F_STR(T, event_type, .flags = FIELD_REQUIRED, .example = "email_sent", .doc = "What happened."),
    F_STR(T, sequence_id, .flags = FIELD_NULLABLE,
          .example = "311d73f042157b352c724975970e4369dba30777", .doc = "In which sequence."),
    F_STR(T, sequence_name, .flags = FIELD_NULLABLE, .example = "Outbound EMEA",
          .doc = "Its name."),
    F_STR(T, sequence_type, .flags = FIELD_NULLABLE, .example = "sequence",
          .doc = "sequence or reply_sequence."),
    F_STR(T, description, .flags = FIELD_NULLABLE, .example = "A question about your team",
          .doc = "One line about it; of a message its subject."),
    F_STR(T, notes, .flags = FIELD_NULLABLE, .doc = "What the user wrote about it."),
    F_ID(T, contact_id, .flags = FIELD_HIDDEN, .doc = "Whose activity."),
};
#undef T
const struct fields activity_fields
    = FIELDS("ContactActivity", struct activity, activity_rows, .doc = "Something that happened.");

#define T struct event_count
static const struct field count_rows[] = {
    F_STR(T, kind, .doc = "Kind of the events."),
    F_ID(T, stage_id, .doc = "Their stage."),
    F_INT(T, events, .doc = "How many."),
    F_INT(T, leads, .doc = "Of how many leads."),
};
#undef T
static const struct fields count_fields
    = FIELDS("EventCount", struct event_count, count_rows, .doc = "How often something happened.");

/* `object` makes a JSON object of names and values, `data` is the lead's as JSON. */
#define SNAPSHOT_OF(object, data)                                                            \
    object "('email', coalesce(l.email, c.email), "                                          \
    "'linkedin_url', coalesce(l.linkedin_url, c.linkedin_url), 'dynamic_fields', " data ", " \
    "'user', " object "('id', u.id, 'first_name', u.first_name, 'last_name', u.last_name, "  \
    "'email', u.email), 'sequence', " object "('id', s.id, 'name', s.name, 'kind', s.kind, " \
    "'start_at', l.created_at, 'end_at', l.ended_at), 'stage', " object "('id', g.id, 'index', g.position + 1, "   \
    "'type', g.type, 'automatic', g.automatic))"
#define RECORD(snapshot)                                                                     \
    "INSERT INTO events (account_id, id, kind, at, user_id, mailbox_id, contact_id, "        \
    "lead_id, sequence_id, stage_id, message_id, task_id, call_id, data, snapshot, reply_id) " \
    "SELECT $1, $2, $3, $4, coalesce($5, l.user_id), coalesce($6, l.mailbox_id), "           \
    "coalesce($7, l.contact_id), $8, coalesce($9, l.sequence_id), $10, $11, $12, $13, $14, " \
    "CASE WHEN $15 = 1 THEN coalesce($16, " snapshot ") END, $17 FROM (SELECT $1 AS account_id) AS a "           \
    "LEFT JOIN sequence_leads l ON l.account_id = a.account_id AND l.id = $8 "               \
    "LEFT JOIN contacts c ON c.account_id = a.account_id "                                   \
    "AND c.id = coalesce($7, l.contact_id) "                                                 \
    "LEFT JOIN users u ON u.account_id = a.account_id AND u.id = coalesce($5, l.user_id) "   \
    "LEFT JOIN sequences s ON s.account_id = a.account_id "                                  \
    "AND s.id = coalesce($9, l.sequence_id) "                                                \
    "LEFT JOIN sequence_stages g ON g.account_id = a.account_id AND g.sequence_id = s.id "   \
    "AND g.id = $10"
static const struct query record
    = { "event_record", RECORD(SNAPSHOT_OF("json_object", "json(l.data)")),
        RECORD(SNAPSHOT_OF("json_build_object", "l.data::json") "::text") };
/* $3: pairs of an id for the event and a lead. The account comes with each pair: whoever had it
 * beforehand would read all leads of the account, and for each of them the pairs. */
#define RECORD_LEADS(each)                                                                   \
    "WITH w AS MATERIALIZED (SELECT $1 AS account_id, value FROM " each ") "                 \
    "INSERT INTO events (account_id, id, kind, at, user_id, mailbox_id, contact_id, lead_id, " \
    "sequence_id, stage_id, data) SELECT l.account_id, w.value ->> 0, $2, $4, l.user_id, "   \
    "l.mailbox_id, l.contact_id, l.id, l.sequence_id, l.stage_id, $5 FROM w "                \
    "JOIN sequence_leads l ON l.account_id = w.account_id AND l.id = w.value ->> 1"
static const struct query record_leads
    = { "events_record_leads", RECORD_LEADS("json_each($3)"), RECORD_LEADS("json_array_elements($3::json)") };
static const struct query contacted
    = { "event_contacted",
        "UPDATE contacts SET last_contacted_at = $3 WHERE account_id = $1 AND id = "
        "(SELECT contact_id FROM sequence_leads WHERE account_id = $1 AND id = $2) "
        "AND (last_contacted_at IS NULL OR last_contacted_at < $3)",
        NULL };
/* Of a contact that is known, as most often. */
static const struct query contacted_one
    = { "event_contacted_one",
        "UPDATE contacts SET last_contacted_at = $3 WHERE account_id = $1 AND id = $2 "
        "AND (last_contacted_at IS NULL OR last_contacted_at < $3)",
        NULL };
#define COLUMNS                                                                         \
    "id, kind, at, user_id, contact_id, lead_id, sequence_id, stage_id, message_id, "   \
    "task_id, call_id, data, snapshot"
static const struct query of_lead
    = { "events_of_lead",
        "SELECT " COLUMNS " FROM events WHERE account_id = $1 AND lead_id = $2 ORDER BY id", NULL };
/* $4: the kinds that a history shows. */
#define RECENT(contacts, alias, lateral, among, text)                                          \
    "SELECT x.contact_id, x.at AS event_at, x.kind AS event_type, x.sequence_id, "             \
    "s.name AS sequence_name, s.kind AS sequence_type, coalesce(" text "'description', " text  \
    "'subject') AS description, " text "'notes' AS notes FROM " contacts " AS w " alias lateral \
    "events x ON x.account_id = $1 AND x.contact_id = w.value AND x.id IN ("                   \
    "SELECT id FROM events WHERE account_id = $1 AND contact_id = w.value AND kind IN ("       \
    among ") ORDER BY id DESC LIMIT $3) LEFT JOIN sequences s ON s.account_id = x.account_id " \
    "AND s.id = x.sequence_id ORDER BY x.contact_id, x.id DESC"
static const struct query recent
    = { "events_recent",
        RECENT("json_each($2)", "", "JOIN ", "SELECT value FROM json_each($4)", "x.data ->> "),
        RECENT("json_array_elements_text($2::json)", "(value) ", "JOIN ",
               "SELECT json_array_elements_text($4::json)", "x.data::json ->> ") };
static const struct query counts
    = { "events_count",
        "SELECT kind, stage_id, count(*) AS events, count(DISTINCT lead_id) AS leads FROM events "
        "WHERE account_id = $1 AND sequence_id = $2 GROUP BY kind, stage_id "
        "ORDER BY kind, stage_id",
        NULL };
#define FORGET(whose)                                                                    \
    "UPDATE events SET contact_id = NULL, data = '{}', snapshot = NULL WHERE " whose
static const struct query forget_contacts
    = { "events_forget_contacts", FORGET(FORGET_CONTACTS), NULL };
static const struct query forget_leads = { "events_forget_leads", FORGET(FORGET_LEADS), NULL };

static const struct query *const queries[] = { &record, &record_leads, &contacted, &contacted_one,   &of_lead,
                                               &recent, &counts,    &forget_contacts, &forget_leads };
const struct query_table event_queries = QUERY_TABLE(queries);

#define ACCOUNT db_v_text(ctx->account_id)

struct str event_kind_name(enum event_kind kind) {
    ASSERT(kind < EVENT_KINDS);
    return kinds[kind].name;
}

/* What a webhook is told: kinds, and the types of those that tasks stand for. */
static const struct {
    enum event_kind kind;
    const char *type; /* how the type begins; NULL: any */
    enum webhook_activity activity, in_reply_sequence;
    bool is_reply;
} told[] = {
    { EVENT_EMAIL_SENT, NULL, ACTIVITY_EMAIL_SENT, ACTIVITY_REPLY_SEQUENCE_EMAIL, false },
    { EVENT_EMAIL_REPLIED, NULL, ACTIVITY_EMAIL_REPLY, ACTIVITY_REPLY_SEQUENCE_REPLY, true },
    { EVENT_EMAIL_OUT_OF_OFFICE, NULL, ACTIVITY_EMAIL_REPLY, ACTIVITY_REPLY_SEQUENCE_REPLY, false },
    { EVENT_LINKEDIN_DONE, NULL, ACTIVITY_LINKEDIN, ACTIVITY_LINKEDIN, false },
    { EVENT_LINKEDIN_REPLIED, NULL, ACTIVITY_LINKEDIN_REPLY, ACTIVITY_LINKEDIN_REPLY, true },
    { EVENT_CALL_LOGGED, NULL, ACTIVITY_CALL, ACTIVITY_CALL, false },
    { EVENT_TASK_COMPLETED, "custom_task", ACTIVITY_TASK, ACTIVITY_TASK, false },
    { EVENT_TASK_COMPLETED, "linkedin_", ACTIVITY_LINKEDIN, ACTIVITY_LINKEDIN, false },
    { EVENT_TASK_COMPLETED, "email", ACTIVITY_EMAIL_SENT, ACTIVITY_REPLY_SEQUENCE_EMAIL, false },
};

static enum rc tell(struct ctx *ctx, const struct event *e, struct str id) {
    for (size_t i = 0; i < LENGTH(told); i++)
        if (told[i].kind == e->kind && (!told[i].type || str_starts(e->type, str_of(told[i].type))))
            return webhook_deliveries_add(
                ctx, id,
                &(struct webhook_wish){ INT64_C(1) << told[i].activity, INT64_C(1) << told[i].in_reply_sequence,
                                        told[i].is_reply });
    return OK;
}

static enum rc touch_contact(struct ctx *ctx, const struct event *e, struct db_value at) {
    bool is_known = str_is_set(e->contact_id);
    return db_exec_later(ctx, is_known ? &contacted_one : &contacted,
                         DB_ARGS(ACCOUNT, db_v_text(is_known ? e->contact_id : e->lead_id), at));
}

enum rc event_record(struct ctx *ctx, const struct event *e) {
    ASSERT(e->kind < EVENT_KINDS);
    unsigned flags = kinds[e->kind].flags;
    int64_t now = ctx_now(ctx);
    struct db_value at = db_v_int(e->at.set ? e->at.v : now);
    struct str id = str_is_set(e->id) ? e->id : uuid_new(ctx->arena, now);
    enum rc rc = db_exec_later(
        ctx, &record,
        DB_ARGS(ACCOUNT, db_v_text(id), db_v_text(kinds[e->kind].name), at,
                db_v_text(e->user_id), db_v_text(e->mailbox_id), db_v_text(e->contact_id),
                db_v_text(e->lead_id), db_v_text(e->sequence_id), db_v_text(e->stage_id),
                db_v_text(e->message_id), db_v_text(e->task_id), db_v_text(e->call_id),
                db_v_text(str_is_set(e->data) ? e->data : STR("{}")),
                db_v_int((flags & SNAPSHOT) != 0), db_v_text(e->snapshot), db_v_text(e->reply_id)));
    if (rc == OK && (flags & CONTACTED))
        rc = touch_contact(ctx, e, at);
    return rc == OK ? tell(ctx, e, id) : rc;
}

static bool is_told(enum event_kind kind) {
    for (size_t i = 0; i < LENGTH(told); i++)
        if (told[i].kind == kind)
            return true;
    return false;
}

/* [["id of an event", "id of a lead"], …] */
static struct str events_of(struct ctx *ctx, struct strs lead_ids) {
    struct buf text = buf_in(ctx->arena, PAIRS_MAX_BYTES);
    struct json_writer w = json_writer(&text);
    json_begin_array(&w);
    for (size_t i = 0; i < lead_ids.n; i++) {
        json_begin_array(&w);
        json_str(&w, uuid_new(ctx->arena, ctx_now(ctx)));
        json_str(&w, lead_ids.p[i]);
        json_end_array(&w);
    }
    json_end_array(&w);
    ASSERT(buf_result(&text) == OK);
    return buf_text(&text);
}

enum rc events_record_leads(struct ctx *ctx, enum event_kind kind, struct strs lead_ids, struct str data) {
    ASSERT(kind < EVENT_KINDS && !(kinds[kind].flags & (CONTACTED | SNAPSHOT)) && !is_told(kind));
    ASSERT(lead_ids.n <= EVENT_LEADS_MAX);
    return db_exec(ctx, &record_leads,
                   DB_ARGS(ACCOUNT, db_v_text(kinds[kind].name), db_v_text(events_of(ctx, lead_ids)),
                           db_v_int(ctx_now(ctx)), db_v_text(data)),
                   NULL);
}

enum rc events_of_lead(struct ctx *ctx, struct str lead_id, struct list *ret_events) {
    struct list found = { 0 };
    enum rc rc = db_list(ctx, &of_lead, DB_ARGS(ACCOUNT, db_v_text(lead_id)),
                         &recorded_event_fields, &found);
    if (rc == OK)
        *ret_events = found;
    return rc;
}

static struct db_value shown_kinds(struct arena *arena) {
    struct strs shown = { ARENA_ARRAY(arena, EVENT_KINDS, struct str), 0 };
    for (size_t i = 0; i < EVENT_KINDS; i++)
        if (kinds[i].flags & ACTIVITY)
            shown.p[shown.n++] = kinds[i].name;
    return sql_texts(arena, shown);
}

enum rc events_recent(struct ctx *ctx, struct strs contact_ids, int limit,
                      struct list *ret_activities) {
    struct list found = { 0 };
    enum rc rc = db_list(ctx, &recent,
                         DB_ARGS(ACCOUNT, sql_texts(ctx->arena, contact_ids), db_v_int(limit),
                                 shown_kinds(ctx->arena)),
                         &activity_fields, &found);
    if (rc == OK)
        *ret_activities = found;
    return rc;
}

enum rc events_count(struct ctx *ctx, struct str sequence_id, struct list *ret_counts) {
    struct list found = { 0 };
    enum rc rc
        = db_list(ctx, &counts, DB_ARGS(ACCOUNT, db_v_text(sequence_id)), &count_fields, &found);
    if (rc == OK)
        *ret_counts = found;
    return rc;
}

enum rc events_forget(struct ctx *ctx, struct str email, struct str linkedin_key) {
    struct db_args who = DB_ARGS(db_v_text(email), db_v_text(linkedin_key));
    enum rc rc = db_exec(ctx, &forget_contacts, who, NULL);
    return rc == OK ? db_exec(ctx, &forget_leads, who, NULL) : rc;
}
