#include "store/webhook_deliveries.h"

#include "base/check.h"
#include "base/rand.h"
#include "store/events.h"
#include "store/queries.h"
#include "store/services.h"
#include "store/webhooks.h"

#define V(text) { text, sizeof text - 1 }
static const struct str states[] = { V("pending"), V("delivered"), V("failed") };
const struct enum_values webhook_states = { "WebhookDeliveryState", states, LENGTH(states) };

#define T struct webhook_attempt
static const struct field attempt_rows[] = {
    F_INT(T, number, .flags = FIELD_REQUIRED, .example = "1", .doc = "Its number, from 1."),
    F_TIME_MS(T, at, .flags = FIELD_REQUIRED, .doc = "When it began."),
    F_INT(T, duration, .flags = FIELD_REQUIRED, .example = "31", .doc = "How long it took, in milliseconds."),
    F_INT(T, status, .flags = FIELD_NULLABLE, .example = "204", .doc = "Status of the answer; null: there was none."),
    F_STR(T, error, .flags = FIELD_NULLABLE, .doc = "What went wrong."),
    F_STR(T, request_head, .flags = FIELD_REQUIRED, .example = "POST /hook HTTP/1.1",
          .doc = "What was sent, without body, signature and the values of own headers."),
    F_STR(T, response_head, .flags = FIELD_NULLABLE, .example = "HTTP/1.1 204 No Content",
          .doc = "What was answered, up to 4 KB."),
    F_STR(T, response_body, .flags = FIELD_NULLABLE, .doc = "Its first 1 KB, unless it is a success."),
};
#undef T
static const struct fields attempt_fields
    = FIELDS("WebhookAttempt", struct webhook_attempt, attempt_rows, .doc = "One try to deliver.");

#define T struct webhook_delivery
static const struct field delivery_rows[] = {
    F_ID(T, id, .flags = FIELD_REQUIRED, .example = "0198f652-73a2-7d41-914e-e511382bb800",
         .doc = "Id of the delivery: its webhook-id, the same at every attempt."),
    F_ID(T, webhook_id, .flags = FIELD_REQUIRED, .example = "0198f652-73a2-7d41-914e-e511382bb808",
         .doc = "To which webhook."),
    F_ID(T, event_id, .flags = FIELD_REQUIRED, .example = "0198f652-73a2-7d41-914e-e511382bb8a1",
         .doc = "What it tells."),
    F_STR(T, kind, .flags = FIELD_REQUIRED, .example = "email_sent", .doc = "Kind of the event."),
    F_ENUM(T, state, .flags = FIELD_REQUIRED, .values = &webhook_states, .example = "delivered",
           .doc = "pending: it waits or is tried again; failed: given up."),
    F_INT(T, attempts, .flags = FIELD_REQUIRED, .example = "1", .doc = "Attempts so far."),
    F_INT(T, status, .flags = FIELD_NULLABLE, .example = "204", .doc = "Status of the last answer."),
    F_STR(T, error, .flags = FIELD_NULLABLE, .doc = "What went wrong last."),
    F_TIME(T, next_at, .flags = FIELD_NULLABLE, .doc = "Not tried before; null: it has ended."),
    F_TIME(T, created_at, .flags = FIELD_REQUIRED, .doc = "When it was queued."),
    F_TIME(T, finished_at, .flags = FIELD_NULLABLE, .doc = "When it was delivered or given up."),
    F_LIST(T, attempt_log, .of = &attempt_fields, .doc = "All attempts; not in lists."),
};
#undef T
const struct fields webhook_delivery_fields
    = FIELDS("WebhookDelivery", struct webhook_delivery, delivery_rows, .doc = "An event on its way to a webhook.");

/* --- queries --- */

/* The slot makes the id of the event that of the delivery. */
#define ADD                                                                                      \
    "INSERT INTO webhook_deliveries (account_id, id, endpoint_id, event_id, order_key, state, "  \
    "attempts, tries, next_at, created_at, error, finished_at) "                                 \
    "SELECT v.account_id, substr(v.id, 1, 34) || w.slot, w.id, v.id, "                           \
    "coalesce(v.lead_id, v.contact_id), "                                                        \
    "CASE WHEN w.enabled = 1 THEN 'pending' ELSE 'failed' END, 0, 0, $3, $3, "                   \
    "CASE WHEN w.enabled = 0 THEN 'the webhook is disabled' END, "                               \
    "CASE WHEN w.enabled = 0 THEN CAST($3 AS BIGINT) END "                                                       \
    "FROM webhooks w JOIN events v ON v.account_id = w.account_id AND v.id = $2 "
static const struct query add
    = { "webhook_deliveries_add",
        ADD "LEFT JOIN sequences s ON s.account_id = v.account_id AND s.id = v.sequence_id "
            "WHERE w.account_id = $1 AND v.lead_id IS NOT NULL AND (w.enabled = 1 OR w.disabled_reason IN ('gone', 'failing')) "
            "AND w.activity_bits & (CASE WHEN s.kind = 'reply_sequence' THEN CAST($5 AS BIGINT) ELSE CAST($4 AS BIGINT) END) <> 0 "
            "AND (w.replied_only = 0 OR CAST($6 AS BIGINT) = 1 OR EXISTS (SELECT 1 FROM events r "
            "WHERE r.account_id = v.account_id AND r.contact_id = v.contact_id "
            "AND r.kind IN ('email_replied', 'linkedin_replied')))",
        NULL };
static const struct query add_one
    = { "webhook_delivery_add", ADD "WHERE w.account_id = $1 AND w.id = $4 AND w.enabled = 1", NULL };
static const struct query enabled_of
    = { "webhook_enabled",
        "SELECT enabled FROM webhooks WHERE account_id = $1 AND id = $2 AND sealed IS NOT NULL", NULL };

#define SELECT                                                                                  \
    "SELECT d.id, d.endpoint_id AS webhook_id, d.event_id, v.kind, d.state, d.attempts, "       \
    "d.status, d.error, CASE WHEN d.state = 'pending' THEN d.next_at END AS next_at, "          \
    "d.created_at, d.finished_at FROM webhook_deliveries d JOIN events v "                      \
    "ON v.account_id = d.account_id AND v.id = d.event_id WHERE "
#define FILTERS                                                 \
    "d.account_id = $3 AND (CAST($4 AS TEXT) IS NULL OR d.endpoint_id = $4) " \
    "AND (CAST($5 AS TEXT) IS NULL OR d.state = $5)"
static const struct query after
    = { "webhook_deliveries_after", SELECT "d.id > $1 AND " FILTERS " ORDER BY d.id LIMIT $2", NULL };
static const struct query before
    = { "webhook_deliveries_before", SELECT "d.id < $1 AND " FILTERS " ORDER BY d.id DESC LIMIT $2", NULL };
static const struct query get
    = { "webhook_delivery_get", SELECT "d.account_id = $1 AND d.id = $2", NULL };
static const struct query attempts
    = { "webhook_attempts",
        "SELECT number, at, duration, status, error, request_head, response_head, response_body "
        "FROM webhook_attempts WHERE account_id = $1 AND delivery_id = $2 ORDER BY number",
        NULL };
#define REPLAY                                                                              \
    "UPDATE webhook_deliveries SET state = 'pending', tries = 0, next_at = $3, "            \
    "finished_at = NULL WHERE account_id = $1 AND "
static const struct query replay_one
    = { "webhook_delivery_replay", REPLAY "id = $2 AND state <> 'pending'", NULL };
static const struct query replay_all
    = { "webhook_deliveries_replay",
        REPLAY "endpoint_id = $2 AND state = 'failed' AND created_at >= $4", NULL };
static const struct query give_up
    = { "webhook_deliveries_give_up",
        "UPDATE webhook_deliveries SET state = 'failed', finished_at = $3, "
        "error = coalesce(error, 'the webhook was disabled') "
        "WHERE account_id = $1 AND endpoint_id = $2 AND state = 'pending'",
        NULL };
#define OLD                                                                                 \
    "(account_id, id) IN (SELECT account_id, id FROM webhook_deliveries "                   \
    "WHERE finished_at < $1 AND finished_at IS NOT NULL ORDER BY finished_at LIMIT $2)"
static const struct query prune_attempts
    = { "webhook_attempts_prune",
        "DELETE FROM webhook_attempts WHERE (account_id, delivery_id) IN (SELECT account_id, id "
        "FROM webhook_deliveries WHERE finished_at < $1 AND finished_at IS NOT NULL "
        "ORDER BY finished_at LIMIT $2)",
        NULL };
static const struct query prune
    = { "webhook_deliveries_prune", "DELETE FROM webhook_deliveries WHERE " OLD, NULL };
static const struct query waiting
    = { "webhook_deliveries_waiting",
        "SELECT count(*), coalesce(min(next_at), 0) FROM webhook_deliveries WHERE state = 'pending'", NULL };

static const struct query *const queries[]
    = { &add,        &add_one,    &enabled_of, &after,          &before, &get,    &attempts,
        &replay_one, &replay_all, &give_up,    &prune_attempts, &prune,  &waiting };
const struct query_table webhook_delivery_queries = QUERY_TABLE(queries);

#define ACCOUNT db_v_text(ctx->account_id)

/* --- queueing --- */

static void wake(const struct ctx *ctx) {
    if (ctx->services && ctx->services->wake_webhooks)
        ctx->services->wake_webhooks();
}

enum rc webhook_deliveries_add(struct ctx *ctx, struct str event_id, const struct webhook_wish *wish) {
    int64_t added = 0;
    enum rc rc = db_exec(ctx, &add,
                         DB_ARGS(ACCOUNT, db_v_text(event_id), db_v_int(ctx_now(ctx)), db_v_int(wish->bits),
                                 db_v_int(wish->reply_sequence_bits), db_v_int(wish->is_reply)),
                         &added);
    if (added)
        wake(ctx);
    return rc;
}

enum rc webhook_is_enabled(struct ctx *ctx, struct str webhook_id) {
    int64_t enabled = 0;
    enum rc rc = db_get_int(ctx, &enabled_of, DB_ARGS(ACCOUNT, db_v_text(webhook_id)), &enabled);
    if (rc == OK && !enabled)
        return problem(ctx, E_CONFLICT, "conflict", "The webhook is disabled: enable it first.");
    return rc;
}

enum rc webhook_delivery_add(struct ctx *ctx, struct str webhook_id, struct str event_id) {
    enum rc rc = webhook_is_enabled(ctx, webhook_id);
    if (rc == OK)
        rc = db_exec(ctx, &add_one,
                     DB_ARGS(ACCOUNT, db_v_text(event_id), db_v_int(ctx_now(ctx)), db_v_text(webhook_id)), NULL);
    if (rc == OK)
        wake(ctx);
    return rc;
}

struct work {
    struct str webhook_id, id;
    int64_t since, n;
};

static enum rc test_in_transaction(struct ctx *ctx, void *arg) {
    const struct work *w = arg;
    const struct event event = { .kind = EVENT_WEBHOOK_TEST, .id = w->id };
    enum rc rc = event_record(ctx, &event);
    return rc == OK ? webhook_delivery_add(ctx, w->webhook_id, w->id) : rc;
}

enum rc webhook_test(struct ctx *ctx, struct str webhook_id, struct webhook_delivery *ret_delivery) {
    struct webhook webhook = { .id = STR_NONE };
    struct work work = { .webhook_id = webhook_id, .id = uuid_new(ctx->arena, ctx_now(ctx)) };
    enum rc rc = webhook_get(ctx, webhook_id, &webhook);
    if (rc == OK)
        rc = db_transact(ctx, test_in_transaction, &work);
    if (rc != OK)
        return rc;
    wake(ctx);
    return webhook_delivery_get(
        ctx, arena_printf(ctx->arena, "%.*s%.*s", 34, work.id.p, STR_FMT(webhook.slot)), ret_delivery);
}

/* --- reading --- */

enum rc webhook_delivery_get(struct ctx *ctx, struct str id, struct webhook_delivery *ret_delivery) {
    struct webhook_delivery found = { .id = STR_NONE };
    struct db_args args = DB_ARGS(ACCOUNT, db_v_text(id));
    enum rc rc = db_get(ctx, &get, args, &webhook_delivery_fields, &found);
    if (rc == OK)
        rc = db_list(ctx, &attempts, args, &attempt_fields, &found.attempt_log);
    if (rc == OK)
        *ret_delivery = found;
    return rc;
}

enum rc webhook_deliveries_list(struct ctx *ctx, const struct webhook_delivery_filter *filter,
                                const struct page *page, struct page_of *ret_page) {
    static const struct page_queries list
        = { &after, &before, &webhook_delivery_fields, offsetof(struct webhook_delivery, id) };
    return page_read(ctx, &list, page,
                     DB_ARGS(ACCOUNT, db_v_text(filter->webhook_id), db_v_text(filter->state)), ret_page);
}

/* --- replaying --- */

static enum rc replay_in_transaction(struct ctx *ctx, void *arg) {
    const struct work *w = arg;
    struct webhook_delivery d = { .id = STR_NONE };
    enum rc rc = db_get(ctx, &get, DB_ARGS(ACCOUNT, db_v_text(w->id)), &webhook_delivery_fields, &d);
    if (rc == OK)
        rc = webhook_is_enabled(ctx, d.webhook_id);
    if (rc == OK)
        rc = db_exec(ctx, &replay_one, DB_ARGS(ACCOUNT, db_v_text(w->id), db_v_int(ctx_now(ctx))), NULL);
    return rc;
}

enum rc webhook_delivery_replay(struct ctx *ctx, struct str id, struct webhook_delivery *ret_delivery) {
    struct work work = { .id = id };
    enum rc rc = db_transact(ctx, replay_in_transaction, &work);
    if (rc != OK)
        return rc;
    wake(ctx);
    return webhook_delivery_get(ctx, id, ret_delivery);
}

static enum rc replay_all_in_transaction(struct ctx *ctx, void *arg) {
    struct work *w = arg;
    enum rc rc = webhook_is_enabled(ctx, w->webhook_id);
    if (rc == OK)
        rc = db_exec(ctx, &replay_all,
                     DB_ARGS(ACCOUNT, db_v_text(w->webhook_id), db_v_int(ctx_now(ctx)), db_v_int(w->since)), &w->n);
    return rc;
}

enum rc webhook_deliveries_replay(struct ctx *ctx, struct str webhook_id, int64_t since, int64_t *ret_n) {
    struct work work = { .webhook_id = webhook_id, .since = since };
    enum rc rc = db_transact(ctx, replay_all_in_transaction, &work);
    if (rc != OK)
        return rc;
    wake(ctx);
    *ret_n = work.n;
    return OK;
}

/* --- ends --- */

enum rc webhook_deliveries_give_up(struct ctx *ctx, struct str webhook_id) {
    return db_exec(ctx, &give_up, DB_ARGS(ACCOUNT, db_v_text(webhook_id), db_v_int(ctx_now(ctx))), NULL);
}

static enum rc prune_in_transaction(struct ctx *ctx, void *arg) {
    const struct work *w = arg;
    struct db_args args = DB_ARGS(db_v_int(w->since), db_v_int(w->n));
    enum rc rc = db_exec(ctx, &prune_attempts, args, NULL);
    return rc == OK ? db_exec(ctx, &prune, args, NULL) : rc;
}

enum rc webhook_deliveries_prune(struct ctx *ctx, int64_t before_ms, int64_t limit) {
    struct work work = { .since = before_ms, .n = limit };
    return db_transact(ctx, prune_in_transaction, &work);
}

enum rc webhook_deliveries_waiting(struct ctx *ctx, int64_t *ret_n, int64_t *ret_oldest_at) {
    struct db_rows *rows;
    enum rc rc = db_query(ctx, &waiting, DB_NO_ARGS, &rows);
    if (rc != OK)
        return rc;
    if (db_next(rows)) {
        *ret_n = db_int(rows, 0);
        *ret_oldest_at = db_int(rows, 1);
    }
    return db_rows_close(rows);
}
