/* Life of the frame: what all threads share, what each thread has, and upkeep. */

#include "base/bell.h"
#include "base/check.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/mem.h"
#include "http/call.h"
#include "http/dispatch.h"
#include "http/wait.h"
#include "store/changes.h"
#include "store/jobs.h"
#include "store/messages.h"
#include "store/replies.h"
#include "store/verify_cache.h"
#include "store/webhook_deliveries.h"

enum {
    UPKEEP_EVERY_MS = 5000,
    PURGE_AT_ONCE = 1000, /* keys in one transaction, so that writers need not wait long */
    CHANGES_KEPT_MS = DAY_MS, /* an index that was away for longer is built anew */
    CHANGES_AT_ONCE = 10000,
    JOBS_AT_ONCE = 1000,
    SOURCES_AT_ONCE = 1000,
    DELIVERIES_AT_ONCE = 10000,
    MEMORIES_AT_ONCE = 10000, /* of what validation remembers */
    /* Above this an answer's buffer is given back instead of kept by its thread. */
    OUT_KEPT_BYTES = 1024 * 1024,
};
/* Longer than any kind looks back at its last job (enrich/reveal.c). */
static const int64_t jobs_kept_ms = 30 * DAY_MS;
/* A page of 100 people with all their fields is about 2 MB; with nothing but quotes that
 * have to be escaped, in fields of the largest size, 37 MB. */
#define OUT_MAX_BYTES ((size_t) 40 * 1024 * 1024)
_Static_assert(PAGE_ITEMS_MAX * 2 * 2 * STORED_ROW_MAX_BYTES <= OUT_MAX_BYTES, "a page fits");

/* --- workspaces --- */

static struct workspace *workspace_new(struct app *app) {
    struct workspace *ws = MEM_NEW(struct workspace);
    ws->app = app;
    ws->arena = arena_new();
    ws->db = db_session_open(app->options.db);
    ws->out = buf_on_heap(OUT_MAX_BYTES);
    ws->keys = key_cache_new(app->limits, app->key_uses);
    ws->counters = metrics_thread(app->metrics);
    pthread_mutex_lock(&app->mutex);
    ws->next = app->workspaces;
    app->workspaces = ws;
    pthread_mutex_unlock(&app->mutex);
    ASSERT(pthread_setspecific(app->thread_workspace, ws) == 0);
    return ws;
}

struct workspace *workspace_of(struct app *app) {
    struct workspace *ws = pthread_getspecific(app->thread_workspace);
    return ws ? ws : workspace_new(app);
}

void workspace_rest(struct workspace *ws) {
    if (ws->out.capacity > OUT_KEPT_BYTES)
        buf_done(&ws->out);
}

static void workspace_free(struct workspace *ws) {
    arena_free(&ws->arena);
    db_session_close(&ws->db);
    buf_done(&ws->out);
    key_cache_free(&ws->keys);
    mem_free(ws);
}

/* --- upkeep --- */

struct upkeep {
    struct app *app;
    pthread_t thread;
    struct bell bell;
};

static void do_upkeep(struct app *app) {
    struct workspace *ws = workspace_of(app);
    struct ctx ctx = { .arena = ws->arena, .clock = app->clock, .db = ws->db };
    int64_t purged;
    enum rc rc = key_uses_write(&ctx, app->key_uses);
    if (rc == OK)
        rc = idempotency_purge(&ctx, PURGE_AT_ONCE, &purged);
    if (rc == OK)
        rc = changes_prune(&ctx, ctx_now(&ctx) - CHANGES_KEPT_MS, CHANGES_AT_ONCE);
    if (rc == OK)
        rc = verify_cache_prune(&ctx, MEMORIES_AT_ONCE);
    if (rc == OK)
        rc = jobs_prune(&ctx, ctx_now(&ctx) - jobs_kept_ms, JOBS_AT_ONCE);
    if (rc == OK && app->options.message_keep_ms)
        rc = message_sources_prune(&ctx, ctx_now(&ctx) - app->options.message_keep_ms, SOURCES_AT_ONCE);
    if (rc == OK && app->options.delivery_keep_ms)
        rc = webhook_deliveries_prune(&ctx, ctx_now(&ctx) - app->options.delivery_keep_ms, DELIVERIES_AT_ONCE);
    if (rc == OK && app->options.message_keep_ms)
        rc = reply_sources_prune(&ctx, ctx_now(&ctx) - app->options.message_keep_ms, SOURCES_AT_ONCE);
    if (rc != OK)
        log_warn(&ctx, "upkeep failed, retrying", LOG_S("error", ctx.err.text));
    arena_reset(ws->arena);
}

static void *run_upkeep(void *arg) {
    struct upkeep *upkeep = arg;
    while (bell_rest(&upkeep->bell, UPKEEP_EVERY_MS, NULL))
        do_upkeep(upkeep->app);
    do_upkeep(upkeep->app); /* a last time */
    return NULL;
}

static struct upkeep *upkeep_new(struct app *app) {
    struct upkeep *upkeep = MEM_NEW(struct upkeep);
    upkeep->app = app;
    bell_init(&upkeep->bell);
    thread_start(&upkeep->thread, run_upkeep, upkeep);
    return upkeep;
}

static void upkeep_free(struct upkeep **upkeep) {
    struct upkeep *u = *upkeep;
    if (!u)
        return;
    bell_stop(&u->bell);
    (void) pthread_join(u->thread, NULL); /* fails only for a wrong thread */
    bell_destroy(&u->bell);
    mem_free(u);
    *upkeep = NULL;
}

/* --- the app --- */

enum rc app_start(struct ctx *ctx, const struct app_options *options, struct app **ret_app) {
    struct app *app = MEM_NEW(struct app);
    size_t n_routes;
    app->options = *options;
    app->clock = ctx->clock;
    app->server_app = dispatch_server_app(app);
    (void) pthread_mutex_init(&app->mutex, NULL); /* cannot fail on Linux */
    ASSERT(pthread_key_create(&app->thread_workspace, NULL) == 0);
    enum rc rc = router_new(ctx, options->tables, options->n_tables, &app->router);
    if (rc != OK) {
        app_stop(&app);
        return rc;
    }
    (void) router_routes(app->router, &n_routes);
    app->limits = limits_new(options->limits, db_engine(options->db) == DB_POSTGRES);
    app->metrics = metrics_new(n_routes);
    app->key_uses = key_uses_new();
    app->waiters = waiters_new(app);
    app->upkeep = upkeep_new(app);
    *ret_app = app;
    return OK;
}

void app_stop(struct app **app) {
    struct app *a = *app;
    if (!a)
        return;
    if (a->waiters)
        waiters_drain(a->waiters);
    waiters_free(&a->waiters);
    upkeep_free(&a->upkeep);
    for (struct workspace *ws = a->workspaces, *next; ws; ws = next) {
        next = ws->next;
        workspace_free(ws);
    }
    key_uses_free(&a->key_uses);
    metrics_free(&a->metrics);
    limits_free(&a->limits);
    router_free(&a->router);
    (void) pthread_key_delete(a->thread_workspace); /* fails only for a wrong key */
    (void) pthread_mutex_destroy(&a->mutex);
    mem_free(a);
    *app = NULL;
}

const struct server_app *app_server_app(const struct app *app) {
    return &app->server_app;
}

void app_watch_server(struct app *app, const struct server *server) {
    atomic_store(&app->server, server);
}

void app_drain(struct app *app) {
    atomic_store(&app->is_draining, true);
    waiters_drain(app->waiters);
}
