#include "store/mailbox_queues.h"

#include "base/check.h"
#include "base/vec.h"
#include "json/writer.h"
#include "store/queries.h"

enum { LAST_SENT = 3, WAKES_MAX_BYTES = 1024 * 1024, RENEWALS_MAX_BYTES = 64 * 1024 };

#define T struct mailbox_queue
static const struct field queue_rows[] = {
    F_ID(T, account_id),      F_ID(T, mailbox_id),   F_STR(T, owner),
    F_TIME(T, wake_at),       F_TIME(T, free_at),    F_INT(T, failures),
    F_TIME(T, day_from),      F_INT(T, day_sent),
};
#undef T
static const struct fields queue_fields
    = FIELDS("MailboxQueue", struct mailbox_queue, queue_rows, .doc = "What a mailbox has to do.");

#define COLUMNS "account_id, mailbox_id, owner, wake_at, free_at, failures, day_from, day_sent"
/* In the order of the key, so that no two wait for each other. */
#define WAKE(from)                                                                                     \
    "INSERT INTO mailbox_queues (account_id, mailbox_id, lease_until, wake_at, free_at, failures, day_from, " \
    "day_sent) SELECT value ->> 0, value ->> 1, 0, CAST(value ->> 2 AS BIGINT), 0, 0, 0, 0 FROM " from " WHERE true " \
    "ORDER BY 1, 2 ON CONFLICT (account_id, mailbox_id) DO UPDATE SET "                                \
    "wake_at = CASE WHEN excluded.wake_at < mailbox_queues.wake_at THEN "                              \
    "CASE WHEN excluded.wake_at < mailbox_queues.free_at AND mailbox_queues.free_at < mailbox_queues.wake_at " \
    "THEN mailbox_queues.free_at ELSE excluded.wake_at END ELSE mailbox_queues.wake_at END"
static const struct query wake
    = { "mailbox_queues_wake", WAKE("json_each($1)"), WAKE("json_array_elements($1::json)") };
/* On PostgreSQL a locked row is another's: passed over. */
#define TAKE(lock)                                                                              \
    "UPDATE mailbox_queues SET owner = $1, lease_until = $2 + $3 WHERE (account_id, mailbox_id) IN " \
    "(SELECT account_id, mailbox_id FROM mailbox_queues WHERE wake_at <= $4 AND lease_until <= $2 " \
    "ORDER BY wake_at LIMIT 1" lock ") RETURNING " COLUMNS
static const struct query take
    = { "mailbox_queue_take", TAKE(""), TAKE(" FOR UPDATE SKIP LOCKED") };
#define HOLD "SELECT " COLUMNS " FROM mailbox_queues WHERE account_id = $1 AND mailbox_id = $2 AND owner = $3"
static const struct query hold = { "mailbox_queue_hold", HOLD, HOLD " FOR UPDATE" };
/* On PostgreSQL a locked row is in a step of whoever sends from it, which renews it: to wait for
 * that with all the others locked would keep those from going on. */
#define RENEW(from, lock)                                                                        \
    "UPDATE mailbox_queues SET lease_until = $2 WHERE (account_id, mailbox_id) IN "              \
    "(SELECT q.account_id, q.mailbox_id FROM " from " AS w JOIN mailbox_queues q "               \
    "ON q.account_id = w.value ->> 0 AND q.mailbox_id = w.value ->> 1 AND q.owner = w.value ->> 2" lock ")"
static const struct query renew
    = { "mailbox_queues_renew", RENEW("json_each($1)", ""),
        RENEW("json_array_elements($1::json)", " FOR UPDATE OF q SKIP LOCKED") };
static const struct query set
    = { "mailbox_queue_set",
        "UPDATE mailbox_queues SET free_at = $4, failures = $5, "
        "lease_until = CASE WHEN lease_until < $6 THEN $6 ELSE lease_until END, day_from = $7, day_sent = $8 "
        "WHERE account_id = $1 AND mailbox_id = $2 AND owner = $3",
        NULL };
static const struct query release
    = { "mailbox_queues_release",
        "UPDATE mailbox_queues SET owner = NULL, lease_until = 0, wake_at = 0 WHERE owner IS NOT NULL",
        NULL };
static const struct query next
    = { "mailbox_queues_next",
        "SELECT min(wake_at) FROM mailbox_queues WHERE owner IS NULL", NULL };

#define MESSAGE_COLUMNS                                                                       \
    "id, lead_id, sequence_id, stage_id, variant_id, contact_id, user_id, mailbox_id, state, " \
    "reason, detail, recipient, subject, message_id, refers_to, priority, due_at, next_at, "  \
    "attempts, looks, dated_at, sent_at"
#define OF_MAILBOX " FROM messages WHERE account_id = $1 AND mailbox_id = $2 "
#define WAITS "AND state IN ('queued', 'retry_wait') "
#define OPEN "AND state IN ('claimed', 'sending', 'uncertain') "
#define FIRST(priority) \
    "(SELECT id" OF_MAILBOX WAITS "AND priority = " #priority " AND next_at <= $3 ORDER BY next_at, id LIMIT 1)"
static const struct query next_message
    = { "mailbox_next_message",
        "SELECT " MESSAGE_COLUMNS " FROM messages WHERE account_id = $1 AND id = coalesce(" FIRST(2) ", "
        FIRST(1) ", " FIRST(0) ")",
        NULL };
static const struct query open_messages
    = { "mailbox_open_messages", "SELECT " MESSAGE_COLUMNS OF_MAILBOX OPEN "ORDER BY next_at, id", NULL };
static const struct query sent_since
    = { "mailbox_sent_since",
        "SELECT count(*)" OF_MAILBOX "AND counted_at >= $3 AND counted_at IS NOT NULL", NULL };
/* Till what waits may be sent, $4 or later, or what is in doubt is to be looked for. */
#define NEVER "9223372036854775807"
#define EARLIEST(which) "coalesce((SELECT min(next_at)" OF_MAILBOX which "), " NEVER ")"
#define GIVE_BACK(earlier, later)                                                             \
    "UPDATE mailbox_queues SET owner = NULL, lease_until = 0, free_at = $5, failures = $6, "  \
    "wake_at = " earlier "(" later "(" EARLIEST(WAITS) ", $4), " EARLIEST(OPEN) ") "          \
    "WHERE account_id = $1 AND mailbox_id = $2 AND owner = $3"
static const struct query give_back
    = { "mailbox_queue_give_back", GIVE_BACK("min", "max"), GIVE_BACK("least", "greatest") };
static const struct query last_sent
    = { "mailbox_last_sent",
        "SELECT message_id" OF_MAILBOX "AND counted_at IS NOT NULL AND state = 'sent' "
        "ORDER BY counted_at DESC LIMIT $3",
        NULL };

static const struct query *const queries[]
    = { &wake,         &take,          &hold,       &renew,     &set,       &give_back, &release,    &next,
        &next_message, &open_messages, &sent_since, &last_sent };
const struct query_table mailbox_queue_queries = QUERY_TABLE(queries);

#define ACCOUNT db_v_text(ctx->account_id)

enum rc mailbox_queues_wake(struct ctx *ctx, const struct list *wakes) {
    const struct queue_wake *wake_of = wakes->p;
    struct buf text = buf_on_heap(WAKES_MAX_BYTES);
    struct json_writer w = json_writer(&text);
    json_begin_array(&w);
    for (size_t i = 0; i < wakes->n; i++) {
        json_begin_array(&w);
        json_str(&w, wake_of[i].account_id);
        json_str(&w, wake_of[i].mailbox_id);
        json_int(&w, wake_of[i].at_ms);
        json_end_array(&w);
    }
    json_end_array(&w);
    enum rc rc = buf_result(&text);
    rc = rc == OK ? db_exec_later(ctx, &wake, DB_ARGS(db_v_text(buf_text(&text))))
                  : fail(ctx, rc, "queues of mailboxes");
    buf_done(&text);
    return rc;
}

enum rc mailbox_queue_wake(struct ctx *ctx, struct str mailbox_id, int64_t at_ms) {
    struct queue_wake one = { ctx->account_id, mailbox_id, at_ms };
    return mailbox_queues_wake(ctx, &(struct list){ &one, 1 });
}

/* --- leases --- */

struct taking {
    const struct queue_lease *lease;
    struct mailbox_queue *queue;
};

static enum rc take_work(struct ctx *ctx, void *arg) {
    struct taking *t = arg;
    return db_get(ctx, &take,
                  DB_ARGS(db_v_text(t->lease->owner), db_v_int(t->lease->real_ms),
                          db_v_int(t->lease->lease_ms), db_v_int(ctx_now(ctx))),
                  &queue_fields, t->queue);
}

enum rc mailbox_queue_take(struct ctx *ctx, const struct queue_lease *lease,
                           struct mailbox_queue *ret_queue) {
    struct mailbox_queue queue = { 0 };
    struct taking taking = { lease, &queue };
    enum rc rc = db_transact(ctx, take_work, &taking);
    if (rc == OK)
        *ret_queue = queue;
    return rc;
}

enum rc mailbox_queue_hold(struct ctx *ctx, struct str mailbox_id, struct str owner,
                           struct mailbox_queue *ret_queue) {
    struct mailbox_queue queue = { 0 };
    enum rc rc = db_get(ctx, &hold, DB_ARGS(ACCOUNT, db_v_text(mailbox_id), db_v_text(owner)),
                        &queue_fields, &queue);
    if (rc == OK)
        *ret_queue = queue;
    return rc == E_NOT_FOUND ? E_CANCELED : rc;
}

struct renewing {
    struct str queues; /* [["account", "mailbox", "owner"], …] */
    int64_t until_ms;
};

static enum rc renew_work(struct ctx *ctx, void *arg) {
    const struct renewing *r = arg;
    return db_exec(ctx, &renew, DB_ARGS(db_v_text(r->queues), db_v_int(r->until_ms)), NULL);
}

enum rc mailbox_queues_renew(struct ctx *ctx, const struct list *queues, int64_t until_ms) {
    const struct mailbox_queue *q = queues->p;
    struct buf text = buf_in(ctx->arena, RENEWALS_MAX_BYTES);
    struct json_writer w = json_writer(&text);
    json_begin_array(&w);
    for (size_t i = 0; i < queues->n; i++) {
        json_begin_array(&w);
        json_str(&w, q[i].account_id);
        json_str(&w, q[i].mailbox_id);
        json_str(&w, q[i].owner);
        json_end_array(&w);
    }
    json_end_array(&w);
    if (buf_result(&text) != OK)
        return fail(ctx, E_TOO_LARGE, "leases of mailboxes");
    struct renewing renewing = { buf_text(&text), until_ms };
    return queues->n ? db_transact(ctx, renew_work, &renewing) : OK;
}

enum rc mailbox_queue_set(struct ctx *ctx, const struct mailbox_queue *queue) {
    return db_exec_later(ctx, &set,
                         DB_ARGS(ACCOUNT, db_v_text(queue->mailbox_id), db_v_text(queue->owner),
                                 db_v_opt(queue->free_at), db_v_opt(queue->failures),
                                 db_v_int(ctx_now(ctx) + QUEUE_LEASE_MS), db_v_opt(queue->day_from),
                                 db_v_opt(queue->day_sent)));
}

enum rc mailbox_queue_give_back(struct ctx *ctx, const struct mailbox_queue *queue, int64_t not_before) {
    return db_exec_later(ctx, &give_back,
                         DB_ARGS(ACCOUNT, db_v_text(queue->mailbox_id), db_v_text(queue->owner),
                                 db_v_int(not_before), db_v_opt(queue->free_at), db_v_opt(queue->failures)));
}

static enum rc release_work(struct ctx *ctx, void *arg) {
    (void) arg;
    return db_exec(ctx, &release, DB_NO_ARGS, NULL);
}

enum rc mailbox_queues_release(struct ctx *ctx) {
    return db_transact(ctx, release_work, NULL);
}

static enum rc minimum(struct ctx *ctx, const struct query *query, struct db_args args, int64_t *ret_at) {
    struct db_rows *rows;
    int64_t at = INT64_MAX;
    enum rc rc = db_query(ctx, query, args, &rows);
    if (rc != OK)
        return rc;
    if (db_next(rows) && !db_is_null(rows, 0))
        at = db_int(rows, 0);
    rc = db_rows_close(rows);
    if (rc == OK)
        *ret_at = at;
    return rc;
}

enum rc mailbox_queues_next(struct ctx *ctx, int64_t *ret_at) {
    return minimum(ctx, &next, DB_NO_ARGS, ret_at);
}

/* --- messages --- */

enum rc mailbox_next_message(struct ctx *ctx, struct str mailbox_id, int64_t now_ms,
                             struct message *ret_message) {
    struct message found = { 0 };
    enum rc rc = db_get(ctx, &next_message, DB_ARGS(ACCOUNT, db_v_text(mailbox_id), db_v_int(now_ms)),
                        &message_fields, &found);
    if (rc == OK)
        *ret_message = found;
    return rc;
}

enum rc mailbox_open_messages(struct ctx *ctx, struct str mailbox_id, struct list *ret_messages) {
    struct list found = { 0 };
    enum rc rc = db_list(ctx, &open_messages, DB_ARGS(ACCOUNT, db_v_text(mailbox_id)), &message_fields,
                         &found);
    if (rc == OK)
        *ret_messages = found;
    return rc;
}

enum rc mailbox_sent_since(struct ctx *ctx, struct str mailbox_id, int64_t from_ms, int64_t *ret_n) {
    return db_get_int(ctx, &sent_since, DB_ARGS(ACCOUNT, db_v_text(mailbox_id), db_v_int(from_ms)), ret_n);
}

enum rc mailbox_last_sent(struct ctx *ctx, struct str mailbox_id, struct strs *ret_message_ids) {
    struct db_rows *rows;
    struct strs ids = { 0 };
    enum rc rc = db_query(ctx, &last_sent, DB_ARGS(ACCOUNT, db_v_text(mailbox_id), db_v_int(LAST_SENT)),
                          &rows);
    if (rc != OK)
        return rc;
    while (db_next(rows))
        strs_add(ctx->arena, &ids, db_text(rows, 0));
    rc = db_rows_close(rows);
    if (rc == OK)
        *ret_message_ids = ids;
    return rc;
}
