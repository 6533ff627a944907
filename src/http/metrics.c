#include "http/metrics.h"

#include <stdatomic.h>
#include <unistd.h>

#include "base/check.h"
#include "base/file.h"
#include "base/mem.h"
#include "http/call.h"
#include "http/server.h"
#include "search/follow.h"
#include "sequence/workflows.h"
#include "store/jobs.h"
#include "store/messages.h"
#include "store/services.h"
#include "store/webhook_deliveries.h"
#include "verify/verify.h"
#include "webhook/dispatcher.h"

/* The statuses that the frame and the documented operations answer; anything else is
 * counted by its class. */
static const int statuses[] = { 200, 201, 202, 204, 302, 400, 401, 402, 403, 404, 405, 408, 409, 413,
                                414, 415, 422, 429, 431, 451, 500, 503 };
enum { STATUS_COUNT = sizeof statuses / sizeof statuses[0] + 1 }; /* the last: other */

/* Upper ends in microseconds; one more for what is slower. */
static const int64_t bounds_us[] = { 100,   250,   500,    1000,   2500,    5000,    10000,
                                     25000, 50000, 100000, 250000, 1000000, 5000000, 30000000 };
enum { BUCKET_COUNT = sizeof bounds_us / sizeof bounds_us[0] + 1 };

enum { STATM_MAX_BYTES = 1000 }; /* seven numbers */

typedef _Atomic int64_t number;

struct route_counters {
    number by_status[STATUS_COUNT];
    number buckets[BUCKET_COUNT]; /* not yet cumulative */
    number sum_us;
};

struct counters {
    struct counters *next;
    struct route_counters routes[];
};

struct metrics {
    size_t n_routes;
    number refused[STATUS_COUNT];
    _Atomic(struct counters *) threads;
};

struct metrics *metrics_new(size_t n_routes) {
    struct metrics *metrics = MEM_NEW(struct metrics);
    metrics->n_routes = n_routes;
    return metrics;
}

void metrics_free(struct metrics **metrics) {
    if (!*metrics)
        return;
    for (struct counters *c = atomic_load(&(*metrics)->threads), *next; c; c = next) {
        next = c->next;
        mem_free(c);
    }
    mem_free(*metrics);
    *metrics = NULL;
}

struct counters *metrics_thread(struct metrics *metrics) {
    size_t n = metrics->n_routes + 1;
    struct counters *c = mem_alloc(sizeof *c + n * sizeof c->routes[0]);
    c->next = atomic_load(&metrics->threads);
    while (!atomic_compare_exchange_weak(&metrics->threads, &c->next, c))
        ;
    return c;
}

/* Only the owning thread writes, so that no locked addition is needed. */
static void add(number *n, int64_t value) {
    int64_t now = atomic_load_explicit(n, memory_order_relaxed);
    atomic_store_explicit(n, now + value, memory_order_relaxed);
}

static size_t status_index(int status) {
    size_t i = 0;
    while (i < STATUS_COUNT - 1 && statuses[i] != status)
        i++;
    return i;
}

void metrics_count(struct counters *counters, size_t position, int status, int64_t us) {
    struct route_counters *route = &counters->routes[position];
    size_t bucket = 0;
    while (bucket < BUCKET_COUNT - 1 && us > bounds_us[bucket])
        bucket++;
    add(&route->by_status[status_index(status)], 1);
    add(&route->buckets[bucket], 1);
    add(&route->sum_us, us);
}

void metrics_refused(struct metrics *metrics, int status) {
    atomic_fetch_add_explicit(&metrics->refused[status_index(status)], 1, memory_order_relaxed);
}

/* --- writing --- */

struct totals {
    int64_t by_status[STATUS_COUNT];
    int64_t buckets[BUCKET_COUNT];
    int64_t sum_us, count;
};

static int64_t get(const number *n) {
    return atomic_load_explicit(n, memory_order_relaxed);
}

static struct totals total_of(const struct metrics *metrics, size_t position) {
    struct totals t = { 0 };
    for (struct counters *c = atomic_load(&metrics->threads); c; c = c->next) {
        const struct route_counters *route = &c->routes[position];
        for (size_t i = 0; i < STATUS_COUNT; i++)
            t.by_status[i] += get(&route->by_status[i]);
        for (size_t i = 0; i < BUCKET_COUNT; i++)
            t.buckets[i] += get(&route->buckets[i]);
        t.sum_us += get(&route->sum_us);
    }
    for (size_t i = 0; i < BUCKET_COUNT; i++)
        t.count += t.buckets[i];
    return t;
}

static void head(struct buf *out, const char *name, const char *type, const char *help) {
    buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void single(struct buf *out, const char *name, const char *type, const char *help,
                   int64_t value) {
    head(out, name, type, help);
    buf_printf(out, "%s %lld\n", name, (long long) value);
}

static const char *status_text(size_t i, char text[4]) {
    static const char other[] = "other";
    if (i == STATUS_COUNT - 1)
        return other;
    for (int k = 2, rest = statuses[i]; k >= 0; k--, rest /= 10)
        text[k] = (char) ('0' + rest % 10);
    text[3] = '\0';
    return text;
}

/* method="GET",route="/users" */
static struct str route_labels(struct arena *arena, const struct app *app, size_t position) {
    size_t n;
    const struct route *const *routes = router_routes(app->router, &n);
    if (position == n)
        return STR("method=\"\",route=\"\"");
    return arena_printf(arena, "method=\"%s\",route=\"%s\"", method_name(routes[position]->method),
                        routes[position]->path);
}

static void write_requests(struct ctx *ctx, const struct app *app, const struct totals *totals,
                           struct buf *out) {
    char text[4];
    head(out, "outrider_http_requests_total", "counter", "Answers by route and status.");
    for (size_t i = 0; i <= app->metrics->n_routes; i++) {
        struct str labels = route_labels(ctx->arena, app, i);
        for (size_t k = 0; k < STATUS_COUNT; k++)
            if (totals[i].by_status[k])
                buf_printf(out, "outrider_http_requests_total{%.*s,status=\"%s\"} %lld\n",
                           STR_FMT(labels), status_text(k, text),
                           (long long) totals[i].by_status[k]);
    }
}

#define DURATION "outrider_http_request_duration_seconds"
static void write_histogram(struct buf *out, struct str labels, const struct totals *t) {
    int64_t below = 0;
    for (size_t k = 0; k < BUCKET_COUNT - 1; k++) {
        below += t->buckets[k];
        buf_printf(out, DURATION "_bucket{%.*s,le=\"%g\"} %lld\n", STR_FMT(labels),
                   (double) bounds_us[k] / 1e6, (long long) below);
    }
    buf_printf(out, DURATION "_bucket{%.*s,le=\"+Inf\"} %lld\n", STR_FMT(labels),
               (long long) t->count);
    buf_printf(out, DURATION "_sum{%.*s} %.6f\n", STR_FMT(labels), (double) t->sum_us / 1e6);
    buf_printf(out, DURATION "_count{%.*s} %lld\n", STR_FMT(labels), (long long) t->count);
}

static void write_durations(struct ctx *ctx, const struct app *app, const struct totals *totals,
                            struct buf *out) {
    head(out, DURATION, "histogram", "Time from the whole request to its answer, by route.");
    for (size_t i = 0; i <= app->metrics->n_routes; i++)
        if (totals[i].count)
            write_histogram(out, route_labels(ctx->arena, app, i), &totals[i]);
}

static void write_limits(const struct app *app, struct buf *out) {
    head(out, "outrider_rate_limited_total", "counter", "Requests refused by a rate limit.");
    for (int i = LIMIT_NONE + 1; i < LIMIT_CLASS_COUNT; i++)
        buf_printf(out, "outrider_rate_limited_total{limit=\"%s\"} %lld\n",
                   limit_class_name((enum limit_class) i),
                   (long long) limits_refused(app->limits, (enum limit_class) i));
}

static void write_transport(const struct app *app, struct buf *out) {
    char text[4];
    struct server_stats stats = { 0 };
    const struct server *server = atomic_load(&app->server);
    if (server)
        server_stats(server, &stats);
    head(out, "outrider_http_refused_total", "counter",
         "Requests that the transport refused, by status.");
    for (size_t k = 0; k < STATUS_COUNT; k++)
        if (get(&app->metrics->refused[k]))
            buf_printf(out, "outrider_http_refused_total{status=\"%s\"} %lld\n",
                       status_text(k, text), (long long) get(&app->metrics->refused[k]));
    single(out, "outrider_http_connections", "gauge", "Open connections.", stats.connections_open);
    single(out, "outrider_http_connections_total", "counter", "Connections so far.",
           stats.connections_total);
    single(out, "outrider_http_connections_refused_total", "counter",
           "Connections and requests that the transport turned away.", stats.refused_total);
}

static void write_database(const struct app *app, struct buf *out) {
    struct db_stats stats;
    db_stats(app->options.db, &stats);
    single(out, "outrider_db_queries_total", "counter", "Statements run.", stats.queries);
    single(out, "outrider_db_writes_total", "counter", "Transactions ended.", stats.writes);
    single(out, "outrider_db_commits_total", "counter", "Commits made.", stats.commits);
    single(out, "outrider_db_failures_total", "counter", "Statements and commits that failed.",
           stats.failures);
    single(out, "outrider_db_writer_queue", "gauge", "Transactions that wait or run.",
           stats.writer_queue);
}

static void write_per_index(struct buf *out, const char *name, const char *help,
                            const int64_t values[2]) {
    static const char *const names[] = { "people", "companies" };
    head(out, name, "gauge", help);
    for (size_t i = 0; i < LENGTH(names); i++)
        buf_printf(out, "%s{index=\"%s\"} %lld\n", name, names[i], (long long) values[i]);
}

static void write_search(const struct app *app, struct buf *out) {
    struct follower_stats s;
    if (!app->options.services || !app->options.services->search)
        return;
    follower_stats(app->options.services->search, &s);
    single(out, "outrider_search_ready", "gauge",
           "1 when the search index answers, 0 when the database does.", s.is_ready);
    single(out, "outrider_search_behind_ms", "gauge",
           "Since the index last was where the database is; -1: never.", s.behind_ms);
    single(out, "outrider_search_position", "gauge", "Position in the feed of changes.", s.position);
    single(out, "outrider_search_builds_total", "counter", "Times the index was built.", s.builds);
    head(out, "outrider_searches_total", "counter", "Searches by what answered.");
    buf_printf(out, "outrider_searches_total{engine=\"index\"} %lld\n", (long long) s.from_index);
    buf_printf(out, "outrider_searches_total{engine=\"sql\"} %lld\n", (long long) s.from_database);
    write_per_index(out, "outrider_search_rows", "Rows in the search index.", s.rows);
    write_per_index(out, "outrider_search_segments", "Files of the search index.", s.segments);
    write_per_index(out, "outrider_search_tail_rows", "Rows that are in no file yet.", s.tail_rows);
    write_per_index(out, "outrider_search_dead_rows", "Rows in files that are gone.", s.dead_rows);
    write_per_index(out, "outrider_search_bytes", "Size of the files.", s.bytes);
}

static void write_validations(const struct app *app, struct buf *out) {
    if (!app->options.services || !app->options.services->verify)
        return;
    struct verify_stats s = verify_engine_stats(app->options.services->verify);
    const struct {
        const char *name, *type, *help;
        int64_t value;
    } rows[] = {
        { "outrider_verify_queued", "gauge", "Addresses of this process that were not begun.", s.queued },
        { "outrider_verify_active", "gauge", "Addresses that were begun and have no verdict.", s.active },
        { "outrider_verify_waiting", "gauge", "Of these, for another try.", s.waiting },
        { "outrider_verify_connections", "gauge", "Connections to mail servers.", s.connections },
        { "outrider_verify_connects_total", "counter", "Connections to mail servers so far.", s.connects },
        { "outrider_verify_recipients_total", "counter", "Recipients asked for.", s.recipients },
        { "outrider_verify_retries_total", "counter", "Further tries.", s.retries },
        { "outrider_verify_blocks_total", "counter", "Refusals to talk to us.", s.blocks },
        { "outrider_verify_unmatched_total", "counter", "Replies that no rule knew.", s.unmatched },
        { "outrider_verify_dns_queries_total", "counter", "Questions to the DNS.", s.dns_queries },
        { "outrider_verify_cache_hits_total", "counter", "Verdicts from the cache.", s.cache_hits },
    };
    for (size_t i = 0; i < LENGTH(rows); i++)
        single(out, rows[i].name, rows[i].type, rows[i].help, rows[i].value);
    head(out, "outrider_verify_results_total", "counter", "Verdicts of servers and lists.");
    for (int i = 0; i <= RESULT_UNDELIVERABLE; i++)
        buf_printf(out, "outrider_verify_results_total{result=\"%s\"} %lld\n",
                   verify_result_name((enum verify_result) i), (long long) s.results[i]);
}

/* What the database counts, each under a label. */
static const struct {
    enum rc (*count)(struct ctx *ctx, struct counts *ret_counts);
    const char *name, *label, *help;
} counted[] = {
    { jobs_count, "outrider_jobs", "status", "Jobs by status." },
    { messages_count, "outrider_messages", "state", "Messages that have not come to an end, by state." },
};

static enum rc write_counted(struct ctx *ctx, struct buf *out) {
    enum rc rc = OK;
    for (size_t i = 0; rc == OK && i < LENGTH(counted); i++) {
        struct counts counts = { 0 };
        rc = counted[i].count(ctx, &counts);
        head(out, counted[i].name, "gauge", counted[i].help);
        for (size_t k = 0; k < counts.n; k++)
            buf_printf(out, "%s{%s=\"%.*s\"} %lld\n", counted[i].name, counted[i].label,
                       STR_FMT(counts.p[k].key), (long long) counts.p[k].n);
    }
    return rc;
}

static void write_workflows(struct buf *out) {
    struct workflow_stats s = { 0 };
    workflow_stats(&s);
    head(out, "outrider_workflow_runs_total", "counter", "Runs of workflows, by whether an action failed.");
    buf_printf(out, "outrider_workflow_runs_total{result=\"done\"} %lld\n", (long long) s.done);
    buf_printf(out, "outrider_workflow_runs_total{result=\"failed\"} %lld\n", (long long) s.failed);
}

static enum rc write_webhooks(struct ctx *ctx, struct buf *out) {
    struct webhook_stats s = { 0 };
    int64_t waiting = 0, oldest_at = 0, now = ctx_now(ctx);
    enum rc rc = webhook_deliveries_waiting(ctx, &waiting, &oldest_at);
    if (rc != OK)
        return rc;
    webhook_stats(&s);
    head(out, "outrider_webhook_attempts_total", "counter", "Attempts to deliver to webhooks, by what came of them.");
    buf_printf(out, "outrider_webhook_attempts_total{result=\"delivered\"} %lld\n", (long long) s.delivered);
    buf_printf(out, "outrider_webhook_attempts_total{result=\"tried_again\"} %lld\n", (long long) s.tried_again);
    buf_printf(out, "outrider_webhook_attempts_total{result=\"given_up\"} %lld\n", (long long) s.failed);
    single(out, "outrider_webhook_waiting", "gauge", "Deliveries that wait, those to be tried again included.", waiting);
    single(out, "outrider_webhook_late_ms", "gauge", "For how long the first of them has been due.",
           oldest_at && oldest_at < now ? now - oldest_at : 0);
    return OK;
}

/* Resident memory: the second number of /proc/self/statm, in pages (proc(5)). */
static enum rc resident_bytes(struct ctx *ctx, int64_t *ret_bytes) {
    struct str text, size, resident;
    int64_t pages;
    enum rc rc = file_read(ctx, "/proc/self/statm", STATM_MAX_BYTES, &text);
    if (rc != OK)
        return rc;
    if (!str_word(&text, &size) || !str_word(&text, &resident) || str_to_i64(resident, &pages) != OK)
        return fail(ctx, E_PROTO, "/proc/self/statm has no second number");
    *ret_bytes = pages * sysconf(_SC_PAGESIZE);
    return OK;
}

enum rc metrics_write(struct ctx *ctx, const struct app *app, struct buf *out) {
    size_t n = app->metrics->n_routes + 1;
    int64_t resident = 0;
    enum rc rc = resident_bytes(ctx, &resident);
    if (rc != OK)
        return rc;
    struct totals *totals = ARENA_ARRAY(ctx->arena, n, struct totals);
    for (size_t i = 0; i < n; i++)
        totals[i] = total_of(app->metrics, i);
    write_requests(ctx, app, totals, out);
    write_durations(ctx, app, totals, out);
    write_limits(app, out);
    write_transport(app, out);
    write_database(app, out);
    write_search(app, out);
    write_validations(app, out);
    single(out, "process_resident_memory_bytes", "gauge", "Resident memory.", resident);
    write_workflows(out);
    rc = write_webhooks(ctx, out);
    return rc == OK ? write_counted(ctx, out) : rc;
}
