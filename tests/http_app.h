/* A server with a small app, for tests of the transport: answers with what it was
 * asked, suspends on "/wait", and counts. */
#ifndef TESTS_HTTP_APP_H
#define TESTS_HTTP_APP_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "http/server.h"
#include "http_client.h"
#include "http_rows.h"

/* --- the app --- */

static struct app {
    _Atomic int handled, done;
    pthread_mutex_t lock;
    pthread_cond_t came;
    struct exchange *waiting; /* suspended by "/wait" */
} app = { .lock = PTHREAD_MUTEX_INITIALIZER, .came = PTHREAD_COND_INITIALIZER };

static inline size_t body_max(void *data, const struct http_message *head) {
    (void) data;
    return str_starts(head->target, STR("/small?")) ? 10 : BODY_MAX;
}

static inline void answer_text(struct exchange *exchange, struct str text) {
    const struct http_header headers[] = { { "X-Seen", exchange_header(exchange, "x-ask") },
                                           { "X-Cookie", exchange_header(exchange, "Cookie") } };
    size_t first = str_is_set(headers[0].value) ? 0 : 1;
    size_t n = str_eq(exchange_message(exchange)->target, STR("/cookie")) ? 2 : 1;
    exchange_answer(exchange, &(struct http_answer){ .status = 200,
                                                     .content_type = "text/plain",
                                                     .body = text,
                                                     .headers = headers + first,
                                                     .n_headers = n - first });
}

static inline void handle(void *data, struct exchange *exchange) {
    (void) data;
    atomic_fetch_add(&app.handled, 1);
    const struct http_message *m = exchange_message(exchange);
    assert_null(exchange_data(exchange));
    exchange_set_data(exchange, &app);
    struct arena *arena = arena_new();
    if (str_eq(m->target, STR("/wait"))) {
        exchange_suspend(exchange);
        pthread_mutex_lock(&app.lock);
        app.waiting = exchange;
        pthread_cond_signal(&app.came);
        pthread_mutex_unlock(&app.lock);
    } else if (str_eq(m->target, STR("/empty"))) {
        exchange_answer(exchange, &(struct http_answer){ .status = 204 });
    } else if (str_eq(m->target, STR("/large"))) {
        char *large = arena_alloc(arena, 1 << 20);
        memset(large, 'x', 1 << 20);
        answer_text(exchange, (struct str){ large, 1 << 20 });
    } else {
        answer_text(exchange, arena_printf(arena, "%.*s %.*s [%.*s] %.*s %d", STR_FMT(m->method),
                                           STR_FMT(m->target), STR_FMT(m->body), STR_FMT(m->peer),
                                           m->tls));
    }
    arena_free(&arena);
}

static inline struct http_answer refused(void *data, struct arena *arena, int status, const char *reason) {
    (void) data;
    return (struct http_answer){ .status = status,
                                 .content_type = "text/plain",
                                 .body = arena_printf(arena, "refused: %s", reason) };
}

static inline void done(void *data, struct exchange *exchange) {
    (void) data;
    assert_ptr_equal(exchange_data(exchange), &app);
    atomic_fetch_add(&app.done, 1);
}

/* The exchange of a "/wait"; waits for it to come. */
static inline struct exchange *take_waiting(void) {
    pthread_mutex_lock(&app.lock);
    while (!app.waiting)
        pthread_cond_wait(&app.came, &app.lock);
    struct exchange *exchange = app.waiting;
    app.waiting = NULL;
    pthread_mutex_unlock(&app.lock);
    return exchange;
}

/* --- servers --- */

static char folder[] = "/tmp/test_server.XXXXXX";
static char cert_file[sizeof folder + 10], key_file[sizeof folder + 10];
static struct ctx ctx;

static inline struct server_options usual(void) {
    return (struct server_options){
        .listen = "127.0.0.1:0",
        .threads = 2,
        .head_ms = HANG_MS,
        .body_ms = HANG_MS,
        .idle_ms = HANG_MS,
        .connections_max = 100,
        .connections_per_address = 100,
    };
}

static inline struct server_options with_tls(void) {
    struct server_options options = usual();
    options.tls_listen = "127.0.0.1:0";
    options.tls_cert = cert_file;
    options.tls_key = key_file;
    return options;
}

static inline struct server *start(struct server_options options) {
    struct server *server;
    struct server_app functions = { &app, body_max, NULL, handle, refused, done };
    atomic_store(&app.handled, 0);
    atomic_store(&app.done, 0);
    enum rc rc = server_new(&ctx, &options, &functions, &server);
    if (rc != OK)
        print_error("%.*s\n", STR_FMT(ctx.err.text));
    assert_int_equal(rc, OK);
    return server;
}

/* Every handled exchange has been given back. */
static inline void stop(struct server *server) {
    assert_true(server_stop(server, HANG_MS));
    struct server_stats stats;
    server_stats(server, &stats);
    assert_int_equal(stats.connections_open, 0);
    server_free(&server);
    assert_int_equal(atomic_load(&app.handled), atomic_load(&app.done));
}

/* What every refusal looks like: ours, closing, and nothing behind it. */
static inline void check_refusal(struct client *c, int messages, int status, const char *name) {
    struct str text = client_read_all(c);
    struct reply reply = { 0 };
    bool found = true;
    for (int i = 0; i < messages && found; i++)
        found = cut_reply(&text, true, &reply) && reply.status == 200;
    found = found && cut_reply(&text, true, &reply);
    if (!found || reply.status != status)
        print_error("%s: %.*s\n", name, STR_FMT(buf_text(&c->in)));
    assert_true(found);
    assert_int_equal(reply.status, status);
    assert_true(head_has(reply, "\r\nConnection: close\r\n"));
    assert_true(head_has(reply, "\r\nDate: "));
    assert_true(str_starts(reply.body, STR("refused: ")));
    assert_int_equal(text.n, 0);
}

static inline struct reply ask(struct client *c, const char *text) {
    buf_clear(&c->in);
    assert_true(client_send(c, str_of(text)));
    return client_replies(c, 1);
}

/* --- the certificate --- */

static inline int make_certificate(void **state) {
    (void) state;
    ctx = test_ctx();
    assert_non_null(mkdtemp(folder));
    struct str cert_name = arena_printf(ctx.arena, "%s/cert.pem", folder);
    struct str key_name = arena_printf(ctx.arena, "%s/key.pem", folder);
    memcpy(cert_file, cert_name.p, cert_name.n + 1);
    memcpy(key_file, key_name.p, key_name.n + 1);
    write_certificate(cert_file, key_file);
    return 0;
}

static inline int remove_certificate(void **state) {
    (void) state;
    (void) unlink(cert_file); /* in /tmp: what stays does no harm */
    (void) unlink(key_file);
    (void) rmdir(folder);
    arena_free(&ctx.arena);
    return 0;
}

#endif
