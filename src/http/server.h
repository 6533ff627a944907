/* The transport: listens, reads requests, writes answers, over libmicrohttpd. Knows
 * nothing of routes, keys or accounts; http/dispatch.c is its one user.
 *
 * It is stricter than the library: a framing gate (http/framing.c) reads the bytes
 * before the library does and refuses whatever two parsers could read differently
 * (RFC 9112); a watchdog ends connections whose head or body takes too long, however
 * the bytes drip. Refusals made here are answered through struct server_app's
 * `refused`, so that they look like every other error.
 *
 * Life cycle: server_new, server_stop (drains), server_free.
 * Thread rule: the app's functions are called on the library's pool threads, one
 * exchange on one thread at a time. */
#ifndef HTTP_SERVER_H
#define HTTP_SERVER_H

#include "base/ctx.h"
#include "base/rc.h"
#include "base/str.h"

struct server;
struct exchange; /* one request and its answer */

struct server_options {
    const char *listen;     /* "127.0.0.1:8080", "[::1]:8080" */
    const char *tls_listen; /* or NULL; with it `listen` only redirects */
    const char *tls_cert;   /* PEM files */
    const char *tls_key;
    int threads;            /* pool size; 0: one per core */
    int head_ms, body_ms;   /* deadlines from the first byte; body gets 1 s more per 16 KB */
    int idle_ms;            /* keep-alive without a request */
    int connections_max;    /* more are answered 503 (dropped when they begin with TLS) */
    int connections_per_address; /* more are dropped; 0: no limit. Each listener counts alone */
};

/* A request as it came. Slices live until the exchange is answered. */
struct http_message {
    struct str method;  /* "GET"; HEAD arrives as GET, its answer is sent without the body */
    bool is_head;       /* it was HEAD */
    struct str target;  /* raw: "/users?page%5Bsize%5D=2" */
    struct str peer;    /* address without port */
    struct str body;    /* whole, when `handle` is called */
    bool tls;
};

struct http_header {
    const char *name; /* static */
    struct str value;
};

struct http_answer {
    int status;
    const char *content_type; /* NULL: no body */
    struct str body;          /* copied */
    const struct http_header *headers;
    size_t n_headers;
};

struct server_app {
    void *data;
    /* After the head, before the body: how many body bytes this request may have.
     * More are answered 413 through `refused`. */
    size_t (*body_max)(void *data, const struct http_message *head);
    /* With the first bytes of a body: whether it is to be kept. One that is not is read
     * and forgotten, and `handle` sees none. NULL keeps all. */
    bool (*wants_body)(void *data, const struct exchange *exchange);
    /* The whole request is there. Answers with exchange_answer before it returns, or
     * calls exchange_suspend and answers later from any thread. */
    void (*handle)(void *data, struct exchange *exchange);
    /* Makes the answer for a refusal of the transport (400, 408, 413, 414, 431, 503)
     * on `arena`. `reason` is for people. No exchange exists. */
    struct http_answer (*refused)(void *data, struct arena *arena, int status, const char *reason);
    /* The exchange's answer has been sent or its connection is gone; last call for it,
     * and only for exchanges that `handle` has seen. Comes before the answer when
     * server_stop cuts a suspended exchange off: the app must not answer it any more. */
    void (*done)(void *data, struct exchange *exchange);
};

/* Starts listening. E_IO (address in use, unreadable certificate, …) with ctx->err. */
MUST_USE enum rc server_new(struct ctx *ctx, const struct server_options *options,
                            const struct server_app *app, struct server **ret_server);

/* The port that `listen` got, for ":0". */
int server_port(const struct server *server);
int server_tls_port(const struct server *server);

/* Stops accepting, lets running exchanges finish for at most `deadline_ms`, then
 * closes. Returns false when some had to be cut off. */
bool server_stop(struct server *server, int deadline_ms);
void server_free(struct server **server);

struct server_stats {
    int64_t connections_open, connections_total, refused_total;
};
void server_stats(const struct server *server, struct server_stats *ret_stats);

const struct http_message *exchange_message(const struct exchange *exchange);
/* Request header, case ignored; absent when it was not sent. Never sent twice: the
 * gate refuses repeated Authorization, Content-Length, Content-Type, Host and
 * Idempotency-Key. */
struct str exchange_header(const struct exchange *exchange, const char *name);
/* Exactly once per exchange. Copies everything. Adds Date, Content-Length. Header values
 * together are below 4 KB; one that is empty or has a tab is left out with a warning. */
void exchange_answer(struct exchange *exchange, const struct http_answer *answer);
/* From `handle` only: gives the pool thread back until exchange_answer. */
void exchange_suspend(struct exchange *exchange);
/* A slot for the app's own state; starts NULL. */
void exchange_set_data(struct exchange *exchange, void *data);
void *exchange_data(const struct exchange *exchange);

#endif
