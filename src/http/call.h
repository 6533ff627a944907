/* One request inside the frame, and what a thread brings along. Private to http/:
 * handlers see struct request only, which is the first member here. */
#ifndef HTTP_CALL_H
#define HTTP_CALL_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/buf.h"
#include "http/auth.h"
#include "http/dispatch.h"
#include "http/limits.h"
#include "http/metrics.h"
#include "http/request.h"
#include "http/router.h"
#include "store/idempotency.h"

struct waiters;
struct upkeep;

/* One a thread, made on its first request. */
struct workspace {
    struct workspace *next;
    struct app *app;
    struct arena *arena;
    struct db_session *db;
    struct buf out; /* the answer's body, on the heap, kept from request to request */
    struct key_cache *keys;
    struct counters *counters;
};

struct app {
    struct app_options options;
    struct server_app server_app;
    const struct clock *clock;
    struct router *router;
    struct limits *limits;
    struct metrics *metrics;
    struct key_uses *key_uses;
    struct waiters *waiters;
    struct upkeep *upkeep;
    _Atomic(const struct server *) server;
    _Atomic bool is_draining;
    pthread_key_t thread_workspace;
    pthread_mutex_t mutex; /* guards workspaces */
    struct workspace *workspaces;
};

/* An answer's own headers (Location, Retry-After, Allow) and the frame's. */
enum { CALL_HEADERS_MAX = 16 };

struct call {
    struct request request;
    struct ctx ctx;
    struct app *app;
    struct workspace *workspace; /* of the thread that works on it now */
    struct exchange *exchange;
    const struct http_message *message;
    struct str raw_path;
    enum method method;
    struct routed routed;
    struct caller caller;
    struct str filters; /* the query's own parameters, as sent, for links */
    int64_t began_us;
    struct limit_result limit;
    struct idempotency_claim claim;
    bool has_claim;

    bool is_answered; /* the handler called respond */
    int status;
    const char *content_type; /* NULL: no body */
    struct str body;          /* in workspace->out or on the arena */
    struct http_header headers[CALL_HEADERS_MAX];
    size_t n_headers;

    route_handler *poll; /* set: the request waits */
    int64_t every_ms, deadline_ms;
    int64_t due_ms; /* of the next poll; monotonic */
};

static inline struct call *call_of(struct request *r) {
    return (struct call *) (void *) r;
}
static inline const struct call *call_of_const(const struct request *r) {
    return (const struct call *) (const void *) r;
}

/* The calling thread's; made when it has none. */
struct workspace *workspace_of(struct app *app);
/* Between two requests: gives back what a large answer needed. */
void workspace_rest(struct workspace *ws);

struct server_app dispatch_server_app(struct app *app);

/* Ends a call with the result of its handler: answer or error object, headers,
 * Idempotency-Key, access line, counters. Frees what the call holds unless it goes on
 * waiting. */
void call_finish(struct call *c, enum rc rc);

#endif
