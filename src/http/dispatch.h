/* The frame around every handler: struct app is what the transport (http/server.h)
 * calls. For each request it finds the route, checks key, limit, media type,
 * parameters and body, holds the Idempotency-Key, calls the handler, writes the error
 * object, the access line and the counters. A handler sees none of this.
 *
 *   app_start -> server_new(…, app_server_app(app), …) -> app_watch_server
 *   server_stop -> server_free -> app_stop
 *
 * Thread rule: app_start and app_stop from one thread, while no server calls the app.
 * Each thread that handles requests gets a workspace (arena, database session, cache
 * of keys, counters) on its first request; app_stop frees them. */
#ifndef HTTP_DISPATCH_H
#define HTTP_DISPATCH_H

#include "base/ctx.h"
#include "db/db.h"
#include "http/route.h"
#include "http/server.h"

struct app;

struct app_options {
    struct db *db; /* migrated; outlives the app */
    const struct route_table *const *tables;
    size_t n_tables;
    const struct services *services;   /* as ctx->services of every request */
    int64_t limits[LIMIT_CLASS_COUNT]; /* requests a minute; 0: no limit */
    int64_t message_keep_ms;           /* the bytes of messages; 0: for ever */
    int64_t delivery_keep_ms;          /* deliveries to webhooks; 0: for ever */
    int64_t idempotency_lock_ms;       /* 0: a minute. How long a crashed request holds its key */
};

/* Builds the router and starts the threads for waiting requests and for upkeep.
 * Copies the options. E_INVALID when two routes share method and path, with the route
 * in ctx->err. */
MUST_USE enum rc app_start(struct ctx *ctx, const struct app_options *options, struct app **ret_app);

/* Ends the threads, writes what is still to be written (last use of keys), frees all
 * and nulls *app. No exchange is open any more. Accepts NULL. */
void app_stop(struct app **app);

/* What server_new takes; lives as long as the app. */
const struct server_app *app_server_app(const struct app *app);

/* Lets /metrics show the transport's numbers. */
void app_watch_server(struct app *app, const struct server *server);

/* From now on /readyz answers 503, so that load balancers go elsewhere while the
 * server drains. */
void app_drain(struct app *app);

#endif
