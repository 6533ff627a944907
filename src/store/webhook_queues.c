#include "store/webhook_queues.h"

#include "base/check.h"
#include "base/map.h"
#include "base/vec.h"
#include "db/db.h"
#include "json/writer.h"
#include "store/jobs.h"
#include "store/queries.h"
#include "store/webhooks.h"

enum { JSON_MAX_BYTES = 64 * 1024 * 1024 };

#define T struct webhook_queue
static const struct field queue_rows[] = {
    F_ID(T, account_id),    F_ID(T, endpoint_id),  F_STR(T, url),          F_INT(T, fence),
    F_INT(T, version),      F_INT(T, concurrency), F_INT(T, per_second),   F_INT(T, enabled),
    F_INT(T, failing_since), F_INT(T, failures),   F_INT(T, successes),    F_INT(T, delivered_at),
};
#undef T
static const struct fields queue_fields = FIELDS("WebhookQueue", struct webhook_queue, queue_rows);

#define T struct webhook_due
static const struct field due_rows[] = {
    F_ID(T, account_id), F_ID(T, endpoint_id), F_ID(T, id),         F_ID(T, event_id),      F_STR(T, order_key),
    F_INT(T, attempts),  F_INT(T, tries),      F_INT(T, next_at),   F_INT(T, version),      F_INT(T, blocked_until),
    F_ID(T, behind),
};
#undef T
static const struct fields due_fields = FIELDS("WebhookDue", struct webhook_due, due_rows);

#define T struct webhook_event
static const struct field event_rows[] = {
    F_ID(T, account_id), F_ID(T, id),    F_STR(T, kind),     F_ID(T, contact_id),
    F_STR(T, data),      F_STR(T, snapshot), F_INT(T, at),
};
#undef T
static const struct fields event_fields = FIELDS("WebhookEvent", struct webhook_event, event_rows);

/* Sets are arrays of arrays: x.value ->> 0 is the first member of one. */
#define SQLITE_SET "json_each($1) AS x"
#define PG_SET     "json_array_elements($1::json) AS x (value)"
#define N(i)       "CAST(x.value ->> " #i " AS BIGINT)"
#define S(i)       "(x.value ->> " #i ")"

#define HAS_DUE                                                                                  \
    "EXISTS (SELECT 1 FROM webhook_deliveries d WHERE d.account_id = w.account_id "              \
    "AND d.endpoint_id = w.id AND d.state = 'pending' AND d.next_at <= $1)"
static const struct query candidates
    = { "webhook_queues_candidates",
        "SELECT w.account_id, w.id AS endpoint_id FROM webhooks w JOIN webhook_queues q "
        "ON q.account_id = w.account_id AND q.endpoint_id = w.id "
        "WHERE w.enabled = 1 AND q.lease_until <= $1 AND " HAS_DUE " LIMIT $2",
        NULL };
#define TAKE(set, lock)                                                                          \
    "UPDATE webhook_queues SET owner = $2, fence = fence + 1, lease_until = $3 "                 \
    "WHERE (account_id, endpoint_id) IN (SELECT q.account_id, q.endpoint_id FROM " set           \
    " JOIN webhook_queues q ON q.account_id = " S(0) " AND q.endpoint_id = " S(1)                \
    " WHERE q.lease_until <= $4" lock ") RETURNING account_id, endpoint_id"
/* On PostgreSQL a locked row is another's: passed over. */
static const struct query take
    = { "webhook_queues_take", TAKE(SQLITE_SET, ""), TAKE(PG_SET, " FOR UPDATE OF q SKIP LOCKED") };
static const struct query get
    = { "webhook_queue_get",
        "SELECT q.account_id, q.endpoint_id, w.url, q.fence, w.version, w.concurrency, w.per_second, "
        "w.enabled, q.failing_since, q.failures, q.successes, q.delivered_at FROM webhooks w "
        "JOIN webhook_queues q ON q.account_id = w.account_id AND q.endpoint_id = w.id "
        "WHERE w.account_id = $1 AND w.id = $2 AND w.sealed IS NOT NULL",
        NULL };
static const struct query renew
    = { "webhook_queues_renew", "UPDATE webhook_queues SET lease_until = $2 WHERE owner = $1 "
        "RETURNING account_id, endpoint_id, fence",
        NULL };
#define GIVE_BACK(set)                                                                      \
    "UPDATE webhook_queues SET owner = NULL, lease_until = 0 WHERE owner = $2 "             \
    "AND (account_id, endpoint_id) IN (SELECT " S(0) ", " S(1) " FROM " set ")"
static const struct query give_back
    = { "webhook_queues_give_back", GIVE_BACK(SQLITE_SET), GIVE_BACK(PG_SET) };
static const struct query release
    = { "webhook_queues_release",
        "UPDATE webhook_queues SET owner = NULL, lease_until = 0 WHERE owner IS NOT NULL", NULL };

/* The one before about the same. */
#define BEFORE(column)                                                                            \
    "(SELECT b." column " FROM webhook_deliveries b WHERE b.account_id = d.account_id "           \
    "AND b.endpoint_id = d.endpoint_id AND b.order_key = d.order_key AND b.state = 'pending' "    \
    "AND b.id < d.id ORDER BY b.id DESC LIMIT 1)"
#define DUE_COLUMNS                                                                               \
    "SELECT d.account_id, d.endpoint_id, d.id, d.event_id, d.order_key, d.attempts, d.tries, "    \
    "d.next_at, w.version, " BEFORE("id") " AS behind, " BEFORE("next_at") " AS blocked_until "   \
    "FROM "
#define DUE_WEBHOOKS " JOIN webhooks w ON w.account_id = " S(0) " AND w.id = " S(1) " AND w.enabled = 1 "
#define DUE_ROWS                                                                                  \
    "FROM webhook_deliveries WHERE account_id = w.account_id AND endpoint_id = w.id "             \
    "AND state = 'pending' AND next_at <= $2 ORDER BY next_at, id LIMIT $3)"
#define DUE_ORDER "ORDER BY d.account_id, d.endpoint_id, d.next_at, d.id"
static const struct query due
    = { "webhook_due",
        DUE_COLUMNS SQLITE_SET DUE_WEBHOOKS "JOIN webhook_deliveries d ON d.account_id = w.account_id "
            "AND d.id IN (SELECT id " DUE_ROWS DUE_ORDER,
        DUE_COLUMNS PG_SET DUE_WEBHOOKS "JOIN LATERAL (SELECT * " DUE_ROWS " AS d ON true " DUE_ORDER };
#define EVENTS(set)                                                                          \
    "SELECT v.account_id, v.id, v.kind, v.contact_id, v.at, v.data, v.snapshot FROM " set                  \
    " JOIN events v ON v.account_id = " S(0) " AND v.id = " S(1)
static const struct query events = { "webhook_events", EVENTS(SQLITE_SET), EVENTS(PG_SET) };

#define CHECK(set)                                                                            \
    "UPDATE webhook_queues SET failing_since = " N(3) ", failures = " N(4)                    \
    ", successes = " N(5) ", delivered_at = " N(6) " FROM " set                               \
    " WHERE webhook_queues.account_id = " S(0) " AND webhook_queues.endpoint_id = " S(1)      \
    " AND webhook_queues.fence = " N(2) " AND webhook_queues.owner = $2 "                     \
    "RETURNING webhook_queues.account_id, webhook_queues.endpoint_id"
static const struct query still_mine = { "webhook_queues_still_mine", CHECK(SQLITE_SET), CHECK(PG_SET) };
#define RESULTS(set)                                                                          \
    "UPDATE webhook_deliveries SET state = " S(2) ", attempts = " N(3) ", tries = " N(4)      \
    ", next_at = " N(5) ", status = " N(6) ", error = " S(7) ", finished_at = " N(8) " FROM " \
    set " WHERE webhook_deliveries.account_id = " S(0) " AND webhook_deliveries.id = " S(1)   \
    " AND webhook_deliveries.state = 'pending'"
static const struct query results = { "webhook_results", RESULTS(SQLITE_SET), RESULTS(PG_SET) };
#define ATTEMPTS(set)                                                                         \
    "INSERT INTO webhook_attempts (account_id, delivery_id, number, at, duration, status, "   \
    "error, request_head, response_head, response_body) SELECT " S(0) ", " S(1) ", " N(2)     \
    ", " N(3) ", " N(4) ", " N(5) ", " S(6) ", " S(7) ", " S(8) ", " S(9) " FROM " set        \
    " WHERE true ON CONFLICT DO NOTHING"
static const struct query attempts = { "webhook_attempts_insert", ATTEMPTS(SQLITE_SET), ATTEMPTS(PG_SET) };
#define POSTPONE(set)                                                                          \
    "UPDATE webhook_deliveries SET next_at = " N(4) " FROM " set                               \
    " WHERE webhook_deliveries.account_id = " S(0) " AND webhook_deliveries.endpoint_id = "    \
    S(1) " AND webhook_deliveries.order_key = " S(2) " AND webhook_deliveries.id > " S(3)      \
    " AND webhook_deliveries.state = 'pending' AND webhook_deliveries.next_at < " N(4)
static const struct query postpone = { "webhook_postpone", POSTPONE(SQLITE_SET), POSTPONE(PG_SET) };

static const struct query *const queries[]
    = { &candidates, &take,       &get,     &renew,    &give_back, &release,
        &due,        &still_mine, &results, &attempts, &postpone,  &events };
const struct query_table webhook_queue_queries = QUERY_TABLE(queries);

/* --- sets --- */

struct set {
    struct buf text;
    struct json_writer w;
    size_t n;
};

static struct set *set_new(struct ctx *ctx) {
    struct set *set = ARENA_NEW(ctx->arena, struct set);
    set->text = buf_in(ctx->arena, JSON_MAX_BYTES);
    set->w = json_writer(&set->text);
    json_begin_array(&set->w);
    return set;
}

static void set_row(struct set *set) {
    if (set->n++)
        json_end_array(&set->w);
    json_begin_array(&set->w);
}

static void set_opt(struct set *set, struct opt_int value) {
    if (value.set)
        json_int(&set->w, value.v);
    else
        json_write_null(&set->w);
}

static void set_ids(struct set *set, struct str account_id, struct str id) {
    set_row(set);
    json_str(&set->w, account_id);
    json_str(&set->w, id);
}

static struct db_value set_value(struct set *set) {
    if (set->n)
        json_end_array(&set->w);
    json_end_array(&set->w);
    ASSERT(!set->text.failed);
    return db_v_text(buf_text(&set->text));
}

static struct db_value queue_set(struct ctx *ctx, const struct list *list) {
    const struct webhook_queue *q = list->p;
    struct set *set = set_new(ctx);
    for (size_t i = 0; i < list->n; i++)
        set_ids(set, q[i].account_id, q[i].endpoint_id);
    return set_value(set);
}

/* --- leases --- */

struct leasing {
    const struct webhook_lease *lease;
    const struct list *queues;
    struct str owner;
    struct list taken;
};

static enum rc take_in_transaction(struct ctx *ctx, void *arg) {
    struct leasing *l = arg;
    l->taken = (struct list){ 0 };
    return db_list(ctx, &take,
                   DB_ARGS(queue_set(ctx, l->queues), db_v_text(l->lease->owner), db_v_int(l->lease->until),
                           db_v_int(l->lease->now)),
                   &queue_fields, &l->taken);
}

enum rc webhook_queues_take(struct ctx *ctx, const struct webhook_lease *lease, int limit, struct list *ret_queues) {
    struct list free_ones = { 0 };
    struct leasing l = { .lease = lease, .queues = &free_ones };
    *ret_queues = (struct list){ 0 };
    enum rc rc = db_list(ctx, &candidates, DB_ARGS(db_v_int(lease->now), db_v_int(limit)), &queue_fields, &free_ones);
    if (rc == OK && free_ones.n)
        rc = db_transact(ctx, take_in_transaction, &l);
    struct webhook_queue *q = l.taken.p;
    for (size_t i = 0; rc == OK && i < l.taken.n; i++) {
        rc = webhook_queue_get(ctx, q[i].account_id, q[i].endpoint_id, &q[i]);
        rc = rc == E_NOT_FOUND ? OK : rc; /* deleted just now: without a URL */
    }
    if (rc == OK)
        *ret_queues = l.taken;
    return rc;
}

static enum rc renew_in_transaction(struct ctx *ctx, void *arg) {
    struct leasing *l = arg;
    l->taken = (struct list){ 0 };
    return db_list(ctx, &renew, DB_ARGS(db_v_text(l->lease->owner), db_v_int(l->lease->until)), &queue_fields,
                   &l->taken);
}

enum rc webhook_queues_renew(struct ctx *ctx, const struct webhook_lease *lease, struct list *ret_queues) {
    struct leasing l = { .lease = lease };
    enum rc rc = db_transact(ctx, renew_in_transaction, &l);
    if (rc == OK)
        *ret_queues = l.taken;
    return rc;
}

static enum rc give_back_in_transaction(struct ctx *ctx, void *arg) {
    const struct leasing *l = arg;
    return db_exec(ctx, &give_back, DB_ARGS(queue_set(ctx, l->queues), db_v_text(l->owner)), NULL);
}

enum rc webhook_queues_give_back(struct ctx *ctx, struct str owner, const struct list *list) {
    struct leasing l = { .queues = list, .owner = owner };
    return db_transact(ctx, give_back_in_transaction, &l);
}

static enum rc release_in_transaction(struct ctx *ctx, void *arg) {
    (void) arg;
    return db_exec(ctx, &release, DB_NO_ARGS, NULL);
}

enum rc webhook_queues_release(struct ctx *ctx) {
    return db_transact(ctx, release_in_transaction, NULL);
}

enum rc webhook_queue_get(struct ctx *ctx, struct str account_id, struct str endpoint_id,
                          struct webhook_queue *ret_queue) {
    struct webhook_queue found = { .url = STR_NONE };
    enum rc rc = db_get(ctx, &get, DB_ARGS(db_v_text(account_id), db_v_text(endpoint_id)), &queue_fields, &found);
    if (rc == OK)
        *ret_queue = found;
    return rc;
}

/* --- what is due --- */

enum rc webhook_due_list(struct ctx *ctx, const struct list *list, int64_t now, int limit, struct list *ret_due) {
    struct list found = { 0 };
    enum rc rc = db_list(ctx, &due, DB_ARGS(queue_set(ctx, list), db_v_int(now), db_v_int(limit)), &due_fields, &found);
    if (rc == OK)
        *ret_due = found;
    return rc;
}

enum rc webhook_events(struct ctx *ctx, const struct list *list, struct list *ret_events) {
    const struct webhook_due *d = list->p;
    struct set *set = set_new(ctx);
    struct map seen = map_in(ctx->arena);
    struct list found = { 0 };
    for (size_t i = 0; i < list->n; i++)
        if (!map_put(&seen, d[i].event_id, set))
            set_ids(set, d[i].account_id, d[i].event_id);
    enum rc rc = db_list(ctx, &events, DB_ARGS(set_value(set)), &event_fields, &found);
    if (rc == OK)
        *ret_events = found;
    return rc;
}

struct postponing {
    const struct list *due;
};

static enum rc postpone_in_transaction(struct ctx *ctx, void *arg) {
    const struct postponing *p = arg;
    const struct webhook_due *d = p->due->p;
    struct set *set = set_new(ctx);
    for (size_t i = 0; i < p->due->n; i++) {
        set_ids(set, d[i].account_id, d[i].endpoint_id);
        json_str(&set->w, d[i].order_key);
        json_str(&set->w, STR("")); /* what it waits for is later than nothing, and not before that */
        set_opt(set, d[i].blocked_until);
    }
    return db_exec(ctx, &postpone, DB_ARGS(set_value(set)), NULL);
}

enum rc webhook_due_postpone(struct ctx *ctx, const struct list *list) {
    struct postponing p = { list };
    return db_transact(ctx, postpone_in_transaction, &p);
}

/* --- results --- */

struct recording {
    const struct webhook_record *r;
    struct map mine; /* of endpoint ids */
    struct list mine_list;
};

static enum rc check_fences(struct ctx *ctx, struct recording *w) {
    struct set *set = set_new(ctx);
    for (size_t i = 0; i < w->r->n_queues; i++) {
        const struct webhook_queue *q = &w->r->queues[i];
        set_ids(set, q->account_id, q->endpoint_id);
        set_opt(set, q->fence);
        set_opt(set, q->failing_since);
        set_opt(set, q->failures);
        set_opt(set, q->successes);
        set_opt(set, q->delivered_at);
    }
    w->mine_list = (struct list){ 0 };
    w->mine = map_in(ctx->arena);
    enum rc rc = db_list(ctx, &still_mine, DB_ARGS(set_value(set), db_v_text(w->r->owner)), &queue_fields, &w->mine_list);
    const struct webhook_queue *q = w->mine_list.p;
    for (size_t i = 0; rc == OK && i < w->mine_list.n; i++)
        map_put(&w->mine, q[i].endpoint_id, w);
    return rc;
}

static void add_result(struct set *set, const struct webhook_result *r) {
    bool ended = !str_eq(r->state, STR("pending"));
    set_ids(set, r->account_id, r->id);
    json_str(&set->w, r->state);
    json_int(&set->w, r->attempts);
    json_int(&set->w, r->tries);
    json_int(&set->w, r->next_at);
    set_opt(set, r->status);
    json_str(&set->w, r->error);
    set_opt(set, ended ? opt_int(r->at + r->duration) : (struct opt_int){ 0 });
}

static void add_attempt(struct set *set, const struct webhook_result *r) {
    set_ids(set, r->account_id, r->id);
    json_int(&set->w, r->attempts);
    json_int(&set->w, r->at);
    json_int(&set->w, r->duration);
    set_opt(set, r->status);
    json_str(&set->w, r->error);
    json_str(&set->w, r->request_head);
    json_str(&set->w, r->response_head);
    json_str(&set->w, r->response_body);
}

static void add_followers(struct set *set, const struct webhook_result *r) {
    set_ids(set, r->account_id, r->endpoint_id);
    json_str(&set->w, r->order_key);
    json_str(&set->w, r->id);
    json_int(&set->w, r->next_at);
}

static enum rc write_results(struct ctx *ctx, const struct recording *w) {
    struct set *states = set_new(ctx), *log = set_new(ctx), *followers = set_new(ctx);
    for (size_t i = 0; i < w->r->n; i++) {
        const struct webhook_result *r = &w->r->results[i];
        if (!map_get(&w->mine, r->endpoint_id))
            continue;
        add_result(states, r);
        if (!r->no_attempt)
            add_attempt(log, r);
        if (str_eq(r->state, STR("pending")) && str_is_set(r->order_key))
            add_followers(followers, r);
    }
    enum rc rc = db_exec(ctx, &results, DB_ARGS(set_value(states)), NULL);
    if (rc == OK && log->n)
        rc = db_exec(ctx, &attempts, DB_ARGS(set_value(log)), NULL);
    if (rc == OK && followers->n)
        rc = db_exec(ctx, &postpone, DB_ARGS(set_value(followers)), NULL);
    return rc;
}

static enum rc disable(struct ctx *ctx, const struct webhook_queue *q, enum webhook_disabled why) {
    struct str before = ctx->account_id;
    ctx->account_id = q->account_id;
    enum rc rc = webhook_disable(ctx, q->endpoint_id, why);
    if (rc == OK)
        rc = job_enqueue(ctx, WEBHOOK_NOTICE_JOB, q->endpoint_id, STR("{}"));
    ctx->account_id = before;
    return rc;
}

static enum rc disable_some(struct ctx *ctx, const struct recording *w) {
    enum rc rc = OK;
    for (size_t i = 0; rc == OK && i < w->r->n_queues; i++) {
        const struct webhook_queue *q = &w->r->queues[i];
        if (q->disable.set && map_get(&w->mine, q->endpoint_id))
            rc = disable(ctx, q, (enum webhook_disabled) q->disable.v);
    }
    return rc;
}

static enum rc record_in_transaction(struct ctx *ctx, void *arg) {
    struct recording *w = arg;
    enum rc rc = check_fences(ctx, w);
    if (rc == OK && w->mine_list.n)
        rc = write_results(ctx, w);
    return rc == OK ? disable_some(ctx, w) : rc;
}

enum rc webhook_record(struct ctx *ctx, const struct webhook_record *record, struct list *ret_mine) {
    struct recording w = { .r = record };
    enum rc rc = db_transact(ctx, record_in_transaction, &w);
    if (rc == OK)
        *ret_mine = w.mine_list;
    return rc;
}
