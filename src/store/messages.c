#include "store/messages.h"

#include "base/check.h"
#include "base/map.h"
#include "base/vec.h"
#include "data/enums.h"
#include "data/urls.h"
#include "db/sql.h"
#include "store/mailbox_queues.h"
#include "store/queries.h"

static const struct str states[] = {
    [MESSAGE_QUEUED] = { "queued", 6 },         [MESSAGE_CLAIMED] = { "claimed", 7 },
    [MESSAGE_SENDING] = { "sending", 7 },       [MESSAGE_SENT] = { "sent", 4 },
    [MESSAGE_RETRY_WAIT] = { "retry_wait", 10 }, [MESSAGE_FAILED] = { "failed", 6 },
    [MESSAGE_UNCERTAIN] = { "uncertain", 9 },   [MESSAGE_HELD] = { "held", 4 },
    [MESSAGE_CANCELED] = { "canceled", 8 },
};
const struct enum_values message_states = { "MessageState", states, LENGTH(states) };

#define T struct message
static const struct field message_rows[] = {
    F_ID(T, id, .flags = FIELD_REQUIRED, .example = "0198f652-73a2-7d41-914e-e511382bb808",
         .doc = "Id of the message."),
    F_ID(T, lead_id, .flags = FIELD_REQUIRED, .doc = "The lead it is written to."),
    F_ID(T, sequence_id, .flags = FIELD_REQUIRED, .doc = "Its sequence."),
    F_ID(T, stage_id, .flags = FIELD_REQUIRED, .doc = "Its stage."),
    F_ID(T, variant_id, .doc = "What the stage says to this lead."),
    F_ID(T, contact_id, .doc = "The contact; absent when they were removed."),
    F_ID(T, user_id, .flags = FIELD_REQUIRED, .doc = "Who writes."),
    F_ID(T, mailbox_id, .flags = FIELD_REQUIRED, .doc = "From which mailbox."),
    F_ENUM(T, state, .flags = FIELD_REQUIRED, .values = &message_states, .example = "sent",
           .doc = "Where it is."),
    F_STR(T, reason, .example = "window", .doc = "Why it is there, in one word."),
    F_STR(T, detail, .doc = "The same in words, with what a server said."),
    F_STR(T, recipient, .example = "lead@example.com", .doc = "Whom it goes to."),
    F_STR(T, subject, .doc = "Its subject."),
    F_STR(T, message_id, .flags = FIELD_REQUIRED, .doc = "Its Message-ID, without < and >."),
    F_STR(T, refers_to, .flags = FIELD_HIDDEN),
    F_STR(T, reply, .doc = "What the server said when it took it."),
    F_INT(T, priority, .flags = FIELD_HIDDEN),
    F_TIME(T, due_at, .flags = FIELD_REQUIRED, .doc = "When it was planned for."),
    F_TIME(T, next_at, .flags = FIELD_REQUIRED, .doc = "Nothing is done with it before."),
    F_INT(T, attempts, .flags = FIELD_REQUIRED, .example = "0",
          .doc = "How often it was refused for the moment."),
    F_INT(T, looks, .flags = FIELD_REQUIRED, .example = "0",
          .doc = "How often it was looked for while it was uncertain."),
    F_TIME(T, dated_at, .flags = FIELD_HIDDEN),
    F_STR(T, body, .flags = FIELD_HIDDEN),
    F_TIME(T, sent_at, .doc = "When it was taken."),
    F_INT(T, opens, .flags = FIELD_REQUIRED, .example = "0", .doc = "How often it was opened, as far as it is known."),
    F_INT(T, clicks, .flags = FIELD_REQUIRED, .example = "0", .doc = "How often a link in it was followed."),
    F_TIME(T, created_at, .flags = FIELD_REQUIRED, .doc = "When it was written."),
    F_TIME(T, updated_at, .flags = FIELD_REQUIRED, .doc = "When something last happened to it."),
};
#undef T
const struct fields message_fields
    = FIELDS("Message", struct message, message_rows, .doc = "An email of a sequence.");

enum message_state message_state_of(const struct message *message) {
    int state = enum_index(&message_states, message->state);
    ASSERT(state >= 0); /* the table has a CHECK */
    return (enum message_state) state;
}

/* --- queries --- */

#define COLUMNS                                                                               \
    "id, lead_id, sequence_id, stage_id, variant_id, contact_id, user_id, mailbox_id, state, " \
    "reason, detail, recipient, subject, message_id, refers_to, reply, priority, due_at, next_at, " \
    "attempts, looks, dated_at, sent_at, opens, clicks, created_at, updated_at"
#define SELECT "SELECT " COLUMNS " FROM messages WHERE account_id = "
#define FILTERS                                                    \
    "(CAST($4 AS TEXT) IS NULL OR sequence_id = $4) "              \
    "AND (CAST($5 AS TEXT) IS NULL OR lead_id = $5) "              \
    "AND (CAST($6 AS TEXT) IS NULL OR mailbox_id = $6) "           \
    "AND (CAST($7 AS TEXT) IS NULL OR state = $7) "
static const struct query list_after
    = { "messages_after", SELECT "$3 AND id > $1 AND " FILTERS "ORDER BY id LIMIT $2", NULL };
static const struct query list_before
    = { "messages_before", SELECT "$3 AND id < $1 AND " FILTERS "ORDER BY id DESC LIMIT $2", NULL };
static const struct query get = { "message_get", SELECT "$1 AND id = $2", NULL };
static const struct query of_stage
    = { "message_of_stage", SELECT "$1 AND lead_id = $2 AND stage_id = $3", NULL };
static const struct query before
    = { "message_before",
        SELECT "$1 AND lead_id = $2 AND state IN ('sent', 'uncertain', 'held', 'sending') "
               "ORDER BY coalesce(sent_at, dated_at, updated_at) DESC LIMIT 1",
        NULL };
/* What ended without having been sent gives its place to the new one, and its id. */
static const struct query queue
    = { "message_queue",
        "INSERT INTO messages (account_id, id, lead_id, sequence_id, stage_id, variant_id, "
        "contact_id, user_id, mailbox_id, state, recipient, subject, message_id, refers_to, "
        "priority, is_first, due_at, next_at, attempts, looks, opens, clicks, created_at, updated_at, "
        "recipient_domain) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'queued', $10, $11, $12, $13, "
        "$14, $15, $16, $16, 0, 0, 0, 0, $17, $17, $18) "
        "ON CONFLICT (account_id, lead_id, stage_id) DO UPDATE SET "
        "variant_id = excluded.variant_id, contact_id = excluded.contact_id, "
        "user_id = excluded.user_id, mailbox_id = excluded.mailbox_id, state = 'queued', "
        "reason = NULL, detail = NULL, recipient = excluded.recipient, "
        "recipient_domain = excluded.recipient_domain, subject = excluded.subject, "
        "message_id = excluded.message_id, refers_to = excluded.refers_to, "
        "priority = excluded.priority, is_first = excluded.is_first, due_at = excluded.due_at, "
        "next_at = excluded.next_at, "
        "attempts = 0, looks = 0, dated_at = NULL, counted_at = NULL, updated_at = excluded.updated_at "
        "WHERE messages.state IN ('canceled', 'failed') RETURNING id",
        NULL };
static const struct query put_source
    = { "message_put_source",
        "INSERT INTO message_sources (account_id, message_id, written_at, source, body) "
        "VALUES ($1, $2, $3, $4, $5) ON CONFLICT (account_id, message_id) DO UPDATE SET "
        "written_at = excluded.written_at, source = excluded.source, body = excluded.body",
        NULL };
static const struct query source_of
    = { "message_source",
        "SELECT source FROM message_sources WHERE account_id = $1 AND message_id = $2", NULL };
#define MOVE(more)                                                                            \
    "UPDATE messages SET state = $4, reason = $5, detail = $6, reply = coalesce($7, reply), " \
    "next_at = coalesce($8, next_at), attempts = coalesce($9, attempts), "                    \
    "looks = coalesce($10, looks), dated_at = coalesce($11, dated_at), "                      \
    "sent_at = coalesce($12, sent_at), updated_at = $13" more                                 \
    " WHERE account_id = $1 AND id = $2 AND state = $3"
static const struct query move_one = { "message_move", MOVE(""), NULL };
#define KEPT(what)                                  \
    "(SELECT s." what " FROM message_sources s "    \
    "WHERE s.account_id = messages.account_id AND s.message_id = messages.id)"
static const struct query move_sent
    = { "message_move_sent", MOVE("") " RETURNING " COLUMNS ", " KEPT("body") " AS body", NULL };
static const struct query move_counted = { "message_move_counted", MOVE(", counted_at = $14"), NULL };
static const struct query move_sending
    = { "message_move_sending", MOVE(", counted_at = $14") " RETURNING " KEPT("source"), NULL };
static const struct query cancel_lead
    = { "messages_cancel_lead",
        "UPDATE messages SET state = 'canceled', reason = $3, detail = NULL, updated_at = $4 "
        "WHERE account_id = $1 AND lead_id = $2 AND state IN ('queued', 'claimed', 'retry_wait')",
        NULL };
#define CANCEL_LEADS(is_one)                                                                   \
    "UPDATE messages SET state = 'canceled', reason = $3, detail = NULL, updated_at = $4 "    \
    "WHERE " is_one " AND state IN ('queued', 'claimed', 'retry_wait')"
static const struct query cancel_leads
    = { "messages_cancel_leads",
        CANCEL_LEADS("account_id = $1 AND lead_id IN (SELECT value FROM json_each($2))"),
        "WITH " SQL_SET_PG("e", "$2") " "
        CANCEL_LEADS("(account_id, lead_id) IN (SELECT account_id, v FROM e)") };
static const struct query cancel_sequence
    = { "messages_cancel_sequence",
        "UPDATE messages SET state = 'canceled', reason = 'sequence_archived', detail = NULL, "
        "updated_at = $3 WHERE account_id = $1 AND sequence_id = $2 "
        "AND state IN ('queued', 'claimed', 'retry_wait')",
        NULL };
static const struct query unpark
    = { "messages_unpark",
        "UPDATE messages SET next_at = $4, reason = NULL, updated_at = $4 WHERE account_id = $1 "
        "AND sequence_id = $2 AND state IN ('queued', 'retry_wait') AND reason = $3 RETURNING mailbox_id",
        NULL };
static const struct query count_open
    = { "message_count_open",
        "UPDATE messages SET opens = opens + 1 WHERE account_id = $1 AND id = $2 AND opens < $3", NULL };
static const struct query count_click
    = { "message_count_click",
        "UPDATE messages SET clicks = clicks + 1 WHERE account_id = $1 AND id = $2 AND clicks < $3", NULL };
/* Of an address; of a profile by its leads, and by the leads of its contacts. */
#define BY_EMAIL "recipient = $1"
#define BY_PROFILE                                                                            \
    "(account_id, lead_id) IN (SELECT account_id, id FROM sequence_leads WHERE linkedin_key = $1 " \
    "UNION SELECT l.account_id, l.id FROM contacts x JOIN sequence_leads l "                  \
    "ON l.account_id = x.account_id AND l.contact_id = x.id WHERE x.linkedin_key = $1)"
#define FORGET_SOURCES(which)                                              \
    "DELETE FROM message_sources WHERE (account_id, message_id) IN "       \
    "(SELECT account_id, id FROM messages WHERE " which ")"
#define FORGET(which)                                                                          \
    "UPDATE messages SET recipient = NULL, recipient_domain = NULL, contact_id = NULL, "       \
    "subject = NULL, detail = NULL, reply = NULL, updated_at = $2, "                           \
    "reason = CASE WHEN state IN ('queued', 'claimed', 'retry_wait') THEN 'legal' ELSE reason END, " \
    "state = CASE WHEN state IN ('queued', 'claimed', 'retry_wait') THEN 'canceled' ELSE state END " \
    "WHERE " which
static const struct query forget_email_sources
    = { "messages_forget_email_sources", FORGET_SOURCES(BY_EMAIL), NULL };
static const struct query forget_email = { "messages_forget_email", FORGET(BY_EMAIL), NULL };
static const struct query forget_profile_sources
    = { "messages_forget_profile_sources", FORGET_SOURCES(BY_PROFILE), NULL };
static const struct query forget_profile = { "messages_forget_profile", FORGET(BY_PROFILE), NULL };
static const struct query prune
    = { "message_sources_prune",
        "DELETE FROM message_sources WHERE (account_id, message_id) IN (SELECT s.account_id, "
        "s.message_id FROM message_sources s JOIN messages m ON m.account_id = s.account_id "
        "AND m.id = s.message_id WHERE s.written_at < $1 "
        "AND m.state IN ('sent', 'failed', 'canceled') ORDER BY s.written_at LIMIT $2)",
        NULL };
/* Each is what a partial index holds. */
#define COUNT(which) "SELECT state, count(*) FROM messages WHERE " which " GROUP BY state"
static const struct query count
    = { "messages_count",
        COUNT("state IN ('queued', 'retry_wait')") " UNION ALL "
        COUNT("state IN ('claimed', 'sending', 'uncertain')") " UNION ALL " COUNT("state = 'held'"), NULL };

static const struct query *const queries[]
    = { &list_after,  &list_before, &get,         &of_stage,    &before,
        &queue,       &put_source,  &source_of,   &move_one,    &move_sent,
        &move_counted, &move_sending, &cancel_lead, &cancel_leads, &cancel_sequence, &unpark, &count_open,  &count_click, &forget_email_sources,
        &forget_email, &forget_profile_sources,   &forget_profile, &prune, &count };
const struct query_table message_queries = QUERY_TABLE(queries);

#define ACCOUNT db_v_text(ctx->account_id)

/* --- reading --- */

static enum rc read_one(struct ctx *ctx, const struct query *query, struct db_args args,
                        struct message *ret_message) {
    struct message found = { 0 };
    enum rc rc = db_get(ctx, query, args, &message_fields, &found);
    if (rc == OK)
        *ret_message = found;
    return rc;
}

enum rc message_get(struct ctx *ctx, struct str id, struct message *ret_message) {
    return read_one(ctx, &get, DB_ARGS(ACCOUNT, db_v_text(id)), ret_message);
}

enum rc message_of_stage(struct ctx *ctx, struct str lead_id, struct str stage_id,
                         struct message *ret_message) {
    return read_one(ctx, &of_stage, DB_ARGS(ACCOUNT, db_v_text(lead_id), db_v_text(stage_id)),
                    ret_message);
}

enum rc message_before(struct ctx *ctx, struct str lead_id, struct message *ret_message) {
    return read_one(ctx, &before, DB_ARGS(ACCOUNT, db_v_text(lead_id)), ret_message);
}

enum rc message_source(struct ctx *ctx, struct str id, struct str *ret_source) {
    return db_get_text(ctx, &source_of, DB_ARGS(ACCOUNT, db_v_text(id)), ret_source);
}

enum rc messages_list(struct ctx *ctx, const struct message_filter *filter, const struct page *page,
                      struct page_of *ret_page) {
    static const struct page_queries pages
        = { &list_after, &list_before, &message_fields, offsetof(struct message, id) };
    return page_read(ctx, &pages, page,
                     DB_ARGS(ACCOUNT, db_v_text(filter->sequence_id), db_v_text(filter->lead_id),
                             db_v_text(filter->mailbox_id), db_v_text(filter->state)),
                     ret_page);
}

enum rc messages_count(struct ctx *ctx, struct counts *ret_counts) {
    struct db_rows *rows;
    struct counts counts = { 0 };
    enum rc rc = db_query(ctx, &count, DB_NO_ARGS, &rows);
    if (rc != OK)
        return rc;
    while (db_next(rows))
        counts_add(ctx->arena, &counts, db_text(rows, 0), db_int(rows, 1));
    rc = db_rows_close(rows);
    if (rc == OK)
        *ret_counts = counts;
    return rc;
}

/* --- writing --- */

enum rc message_queue(struct ctx *ctx, struct new_message *message) {
    struct message *m = &message->of;
    struct db_value now = db_v_int(ctx_now(ctx));
    enum rc rc = db_get_text(
        ctx, &queue,
        DB_ARGS(ACCOUNT, db_v_text(m->id), db_v_text(m->lead_id), db_v_text(m->sequence_id),
                db_v_text(m->stage_id), db_v_text(m->variant_id), db_v_text(m->contact_id),
                db_v_text(m->user_id), db_v_text(m->mailbox_id), db_v_text(m->recipient),
                db_v_text(m->subject), db_v_text(m->message_id), db_v_text(m->refers_to),
                db_v_opt(m->priority), db_v_int(message->is_first), db_v_opt(m->due_at), now,
                db_v_text(email_company_domain(ctx->arena, m->recipient))),
        &m->id);
    if (rc == E_NOT_FOUND)
        return E_CONFLICT;
    return rc == OK
               ? db_exec_later(ctx, &put_source,
                               DB_ARGS(ACCOUNT, db_v_text(m->id), now, db_v_blob(message->source),
                                       db_v_text(message->body)))
               : rc;
}

/* Of MOVE, and the time that some take. */
#define MOVE_ARGS(m, counted_at)                                                                     \
    DB_ARGS(ACCOUNT, db_v_text(id), db_v_text(states[(m)->from]), db_v_text(states[(m)->to]),        \
            db_v_text((m)->reason), db_v_text((m)->detail), db_v_text((m)->reply),                   \
            db_v_opt((m)->next_at), db_v_opt((m)->attempts), db_v_opt((m)->looks),                   \
            db_v_opt((m)->dated_at), db_v_opt((m)->sent_at), db_v_int(ctx_now(ctx)), counted_at)

enum rc message_move(struct ctx *ctx, struct str id, const struct message_move *m) {
    bool counts = m->uncount || m->counted_at.set;
    struct db_args args = MOVE_ARGS(m, m->uncount ? db_v_null(DB_KIND_INT) : db_v_opt(m->counted_at));
    int64_t changes = 0;
    if (!counts) /* most do not, and then its index stays as it is */
        args.n--;
    enum rc rc = db_exec(ctx, counts ? &move_counted : &move_one, args, &changes);
    return rc == OK && changes == 0 ? E_CONFLICT : rc;
}

enum rc message_move_sending(struct ctx *ctx, struct str id, const struct message_move *m,
                             struct str *ret_source) {
    enum rc rc = db_get_text(ctx, &move_sending, MOVE_ARGS(m, db_v_opt(m->counted_at)), ret_source);
    return rc == E_NOT_FOUND ? E_CONFLICT : rc;
}

enum rc message_move_sent(struct ctx *ctx, struct str id, const struct message_move *m,
                          struct message *ret_message) {
    struct db_args args = MOVE_ARGS(m, db_v_null(DB_KIND_INT));
    args.n--;
    enum rc rc = read_one(ctx, &move_sent, args, ret_message);
    return rc == E_NOT_FOUND ? E_CONFLICT : rc;
}

enum rc message_record(struct ctx *ctx, const struct message *m, enum event_kind kind,
                       struct str data) {
    const struct event event = { .kind = kind, .lead_id = m->lead_id, .stage_id = m->stage_id,
                                 .sequence_id = m->sequence_id, .mailbox_id = m->mailbox_id,
                                 .user_id = m->user_id, .contact_id = m->contact_id,
                                 .message_id = m->id, .data = data };
    return event_record(ctx, &event);
}

enum rc messages_cancel_lead(struct ctx *ctx, struct str lead_id, struct str reason) {
    return db_exec(ctx, &cancel_lead,
                   DB_ARGS(ACCOUNT, db_v_text(lead_id), db_v_text(reason), db_v_int(ctx_now(ctx))),
                   NULL);
}

enum rc messages_cancel_leads(struct ctx *ctx, struct strs lead_ids, struct str reason) {
    return db_exec(ctx, &cancel_leads,
                   DB_ARGS(ACCOUNT, sql_texts(ctx->arena, lead_ids), db_v_text(reason), db_v_int(ctx_now(ctx))),
                   NULL);
}

enum rc messages_cancel_sequence(struct ctx *ctx, struct str sequence_id) {
    return db_exec(ctx, &cancel_sequence, DB_ARGS(ACCOUNT, db_v_text(sequence_id), db_v_int(ctx_now(ctx))),
                   NULL);
}

enum rc messages_unpark(struct ctx *ctx, struct str sequence_id) {
    struct map seen = map_in(ctx->arena);
    struct list wakes = { 0 };
    struct db_rows *rows = NULL;
    enum rc rc = db_query(ctx, &unpark,
                          DB_ARGS(ACCOUNT, db_v_text(sequence_id), db_v_text(STR(MESSAGE_PARKED)),
                                  db_v_int(ctx_now(ctx))),
                          &rows);
    if (rc != OK)
        return rc;
    while (db_next(rows)) {
        struct str mailbox_id = arena_str(ctx->arena, db_text(rows, 0));
        if (map_get(&seen, mailbox_id))
            continue;
        struct queue_wake *wake = list_add(ctx->arena, &wakes, sizeof *wake);
        *wake = (struct queue_wake){ ctx->account_id, mailbox_id, ctx_now(ctx) };
        (void) map_put(&seen, mailbox_id, &seen); /* it was not there */
    }
    rc = db_rows_close(rows);
    return rc == OK && wakes.n ? mailbox_queues_wake(ctx, &wakes) : rc;
}

enum rc message_count_one(struct ctx *ctx, struct str id, enum message_count what, bool *ret_counted) {
    int64_t changes = 0;
    enum rc rc = db_exec(ctx, what == MESSAGE_OPENS ? &count_open : &count_click,
                         DB_ARGS(ACCOUNT, db_v_text(id), db_v_int(MESSAGE_COUNT_MAX)), &changes);
    if (rc == OK)
        *ret_counted = changes > 0;
    return rc;
}

static enum rc forget(struct ctx *ctx, const struct query *sources, const struct query *rows,
                      struct str key) {
    if (str_is_empty(key))
        return OK;
    enum rc rc = db_exec(ctx, sources, DB_ARGS(db_v_text(key)), NULL);
    return rc == OK ? db_exec(ctx, rows, DB_ARGS(db_v_text(key), db_v_int(ctx_now(ctx))), NULL) : rc;
}

enum rc messages_forget(struct ctx *ctx, struct str email, struct str linkedin_key) {
    enum rc rc = forget(ctx, &forget_email_sources, &forget_email, email);
    return rc == OK ? forget(ctx, &forget_profile_sources, &forget_profile, linkedin_key) : rc;
}

struct pruning {
    int64_t before, limit;
};

static enum rc prune_work(struct ctx *ctx, void *arg) {
    const struct pruning *p = arg;
    return db_exec(ctx, &prune, DB_ARGS(db_v_int(p->before), db_v_int(p->limit)), NULL);
}

enum rc message_sources_prune(struct ctx *ctx, int64_t before_ms, int64_t limit) {
    struct pruning pruning = { before_ms, limit };
    return db_transact(ctx, prune_work, &pruning);
}
