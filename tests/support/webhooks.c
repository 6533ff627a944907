/* Events for webhooks without whatever causes them, for tests of much and for the benchmark.
 *
 *   webhooks DATABASE record ACCOUNT EVENTS LEADS          records them, then ends
 *   webhooks DATABASE rate PORT WEBHOOKS EVENTS            delivers that many, and how fast
 *   webhooks DATABASE late PORT WEBHOOKS SECONDS PER_SECOND HANG_PORT
 *       records so many a second while they are delivered, and how long each took; HANG_PORT 0,
 *       or one where nobody answers: the last webhook's
 *
 * DATABASE: sqlite DIR, or postgresql URL. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/clock.h"
#include "base/rand.h"
#include "db/db.h"
#include "store/accounts.h"
#include "store/events.h"
#include "store/migrations.h"
#include "store/secrets.h"
#include "store/services.h"
#include "store/webhook_deliveries.h"
#include "store/webhooks.h"
#include "webhook/dispatcher.h"

enum { AT_ONCE = 500, LATE_MAX = 1000000, WAIT_S = 600 };

static void need(struct ctx *ctx, enum rc rc, const char *what) {
    if (rc == OK)
        return;
    (void) fprintf(stderr, "%s: %s %.*s\n", what, rc_name(rc), STR_FMT(ctx->err.text));
    exit(1);
}

static int64_t number(const char *text) {
    int64_t n = 0;
    if (str_to_i64(str_of(text), &n) != OK) {
        (void) fprintf(stderr, "%s is no number\n", text);
        exit(2);
    }
    return n;
}

/* --- recording --- */

struct batch {
    int64_t from, n, leads;
    const struct str *accounts; /* take turns; NULL: that of ctx */
    int64_t n_accounts;
};

/* A finished task of a lead: the smallest of what is told. */
static enum rc record_batch(struct ctx *ctx, void *arg) {
    const struct batch *b = arg;
    struct str before = ctx->account_id;
    enum rc rc = OK;
    for (int64_t i = b->from; rc == OK && i < b->from + b->n; i++) {
        if (b->accounts)
            ctx->account_id = b->accounts[i % b->n_accounts];
        const struct event event = {
            .kind = EVENT_TASK_COMPLETED, .type = STR("custom_task"),
            .lead_id = arena_printf(ctx->arena, "lead-%lld", (long long) (i % b->leads)),
            .data = arena_printf(ctx->arena, "{\"type\":\"custom_task\",\"subject\":\"Event %lld\"}", (long long) i),
        };
        rc = event_record(ctx, &event);
    }
    ctx->account_id = before;
    return rc;
}

static void record_some(struct ctx *ctx, const struct batch *batch) {
    struct batch copy = *batch;
    need(ctx, db_transact(ctx, record_batch, &copy), "record");
    arena_reset(ctx->arena);
}

static void record_all(struct ctx *ctx, int64_t n, int64_t leads) {
    for (int64_t done = 0; done < n; done += AT_ONCE)
        record_some(ctx, &(struct batch){ .from = done, .n = n - done < AT_ONCE ? n - done : AT_ONCE, .leads = leads });
}

/* --- measuring --- */

static void add_webhook(struct ctx *ctx, int64_t port, int64_t i) {
    struct webhook made = { .id = STR_NONE };
    const struct webhook_settings settings
        = { .url = arena_printf(ctx->arena, "http://127.0.0.1:%lld/%lld", (long long) port, (long long) i) };
    need(ctx, webhook_create(ctx, &settings, &made), "webhook");
}

static const struct query done_query
    = { "done", "SELECT count(*) FROM webhook_deliveries WHERE state = 'delivered'", NULL };
static const struct query waiting_query
    = { "waiting", "SELECT count(*) FROM webhook_deliveries d JOIN webhooks w ON w.account_id = d.account_id "
                   "AND w.id = d.endpoint_id WHERE d.state = 'pending' AND w.slot <> $1", NULL };
/* From the event to the end of the answer, of all but the slot. */
static const struct query late_query
    = { "late",
        "SELECT a.at + a.duration - v.at FROM webhook_attempts a "
        "JOIN webhook_deliveries d ON d.account_id = a.account_id AND d.id = a.delivery_id "
        "JOIN events v ON v.account_id = d.account_id AND v.id = d.event_id "
        "JOIN webhooks w ON w.account_id = d.account_id AND w.id = d.endpoint_id "
        "WHERE a.status = 204 AND w.slot <> $1 ORDER BY 1",
        NULL };

static int64_t ask(struct ctx *ctx, const struct query *query, struct db_args args) {
    int64_t n = 0;
    need(ctx, db_get_int(ctx, query, args, &n), query->name);
    return n;
}

static void wait_until_told(struct ctx *ctx, struct str but_slot) {
    int64_t until = monotonic_ms() + WAIT_S * SECOND_MS;
    while (ask(ctx, &waiting_query, DB_ARGS(db_v_text(but_slot))) > 0 && monotonic_ms() < until)
        (void) usleep(20000);
}

static void rate(struct ctx *ctx, struct db *db, char **argv) {
    int64_t port = number(argv[0]), webhooks = number(argv[1]), events = number(argv[2]);
    struct webhook_dispatcher *dispatcher = NULL;
    for (int64_t i = 0; i < webhooks; i++)
        add_webhook(ctx, port, i);
    record_all(ctx, events / webhooks, events);
    int64_t begun = monotonic_ms();
    need(ctx, webhook_dispatcher_start(ctx, db, ctx->services, &dispatcher), "start");
    wait_until_told(ctx, STR(""));
    int64_t ms = monotonic_ms() - begun, done = ask(ctx, &done_query, DB_NO_ARGS);
    webhook_dispatcher_stop(&dispatcher);
    (void) printf("%lld webhooks: %lld delivered, signed and logged, in %.2f s: %.0f a second\n", (long long) webhooks,
                  (long long) done, (double) ms / 1000, (double) done * 1000 / (double) ms);
}

static void print_late(struct ctx *ctx, struct str but_slot, const char *what) {
    struct db_rows *rows;
    int64_t *ms = ARENA_ARRAY(ctx->arena, LATE_MAX, int64_t), n = 0;
    need(ctx, db_query(ctx, &late_query, DB_ARGS(db_v_text(but_slot)), &rows), "late");
    while (n < LATE_MAX && db_next(rows))
        ms[n++] = db_int(rows, 0);
    need(ctx, db_rows_close(rows), "late");
    if (n)
        (void) printf("%s: %lld delivered; from event to answer p50 %lld ms, p99 %lld ms, most %lld ms\n", what,
                      (long long) n, (long long) ms[n / 2], (long long) ms[n * 99 / 100], (long long) ms[n - 1]);
}

/* One webhook wants each event: events of as many accounts as there are webhooks. */
static void late(struct ctx *ctx, struct db *db, char **argv) {
    int64_t port = number(argv[0]), webhooks = number(argv[1]), seconds = number(argv[2]);
    int64_t per_second = number(argv[3]), hang_port = number(argv[4]), sent = 0;
    struct webhook_dispatcher *dispatcher = NULL;
    struct str *accounts = ARENA_ARRAY(ctx->arena, (size_t) webhooks, struct str), hanging = STR("none");
    struct ctx own = *ctx;
    own.arena = arena_new();
    for (int64_t i = 0; i < webhooks; i++) {
        struct account account;
        need(ctx, account_create(ctx, arena_printf(ctx->arena, "A%lld", (long long) i), &account), "account");
        accounts[i] = ctx->account_id = account.id;
        add_webhook(ctx, hang_port && i == webhooks - 1 ? hang_port : port, i);
    }
    need(ctx, webhook_dispatcher_start(ctx, db, ctx->services, &dispatcher), "start");
    int64_t begun = monotonic_ms();
    while (monotonic_ms() - begun < seconds * SECOND_MS) {
        int64_t due = (monotonic_ms() - begun) * per_second / SECOND_MS;
        if (sent < due)
            record_some(&own, &(struct batch){ sent, due - sent, LATE_MAX, accounts, webhooks });
        sent = due;
        (void) usleep(500);
    }
    if (!hang_port)
        wait_until_told(ctx, hanging);
    else
        (void) usleep(1000000); /* those to the others are long there */
    webhook_dispatcher_stop(&dispatcher);
    print_late(ctx, hanging, hang_port ? "one webhook hangs, the others" : "all answer");
    arena_free(&own.arena);
}

/* --- main --- */

static void usage(void) {
    (void) fprintf(stderr, "usage: webhooks (sqlite DIR | postgresql URL) record|rate|late …\n");
    exit(2);
}

static struct db *open_database(struct ctx *ctx, char **argv) {
    struct db *db = NULL;
    bool is_pg = strcmp(argv[1], "postgresql") == 0;
    const struct db_options options = { .url = is_pg ? argv[2] : NULL, .data_dir = is_pg ? NULL : argv[2] };
    int applied = 0;
    need(ctx, db_open(ctx, &options, &db), "open");
    ctx->db = db_session_open(db);
    need(ctx, db_migrate(ctx, migrations, migrations_count, false, &applied), "migrate");
    return db;
}

static void run(struct ctx *ctx, struct db *db, int argc, char **argv) {
    struct services services = { .wake_webhooks = webhook_dispatcher_wake,
                                 .webhooks = { .addresses = { .allow_private = true }, .concurrency = 10,
                                               .connections = 1000, .timeout_ms = 15000, .retry_scale = 1 } };
    struct secrets *secrets = NULL;
    struct account account;
    bool is_record = strcmp(argv[3], "record") == 0 && argc == 7;
    if (is_record) {
        ctx->account_id = str_of(argv[4]);
        record_all(ctx, number(argv[5]), number(argv[6]));
        return;
    }
    const char *key = arena_printf(ctx->arena, "/tmp/webhooks-%d.key", (int) getpid()).p;
    need(ctx, secrets_load(ctx, key, &secrets), "secrets");
    (void) unlink(key);
    services.secrets = secrets;
    ctx->services = &services;
    need(ctx, account_create(ctx, STR("Bench"), &account), "account");
    struct arena *lasting = arena_new();
    ctx->account_id = arena_str(lasting, account.id);
    if (strcmp(argv[3], "rate") == 0 && argc == 7)
        rate(ctx, db, argv + 4);
    else if (strcmp(argv[3], "late") == 0 && argc == 9)
        late(ctx, db, argv + 4);
    else
        usage();
    arena_free(&lasting);
    secrets_free(&secrets);
}

int main(int argc, char **argv) {
    struct ctx ctx = { .arena = arena_new(), .clock = &clock_system };
    if (argc < 7)
        usage();
    struct db *db = open_database(&ctx, argv);
    run(&ctx, db, argc, argv);
    db_session_close(&ctx.db);
    db_close(&db);
    arena_free(&ctx.arena);
    return 0;
}
