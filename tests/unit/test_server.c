/* The transport over real sockets, plain and TLS: what it lets through, what it
 * refuses and how, in which order things end. Clients wait for events with a limit
 * that only a hang reaches; no test depends on how fast anything is. */
#include "test.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/limits.h"
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

static size_t body_max(void *data, const struct http_message *head) {
    (void) data;
    return str_starts(head->target, STR("/small?")) ? 10 : BODY_MAX;
}

static void answer_text(struct exchange *exchange, struct str text) {
    const struct http_header headers[] = { { "X-Seen", exchange_header(exchange, "x-ask") } };
    exchange_answer(exchange, &(struct http_answer){ .status = 200,
                                                     .content_type = "text/plain",
                                                     .body = text,
                                                     .headers = headers,
                                                     .n_headers = headers[0].value.n > 0 });
}

static void handle(void *data, struct exchange *exchange) {
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

static struct http_answer refused(void *data, struct arena *arena, int status, const char *reason) {
    (void) data;
    return (struct http_answer){ .status = status,
                                 .content_type = "text/plain",
                                 .body = arena_printf(arena, "refused: %s", reason) };
}

static void done(void *data, struct exchange *exchange) {
    (void) data;
    assert_ptr_equal(exchange_data(exchange), &app);
    atomic_fetch_add(&app.done, 1);
}

/* The exchange of a "/wait"; waits for it to come. */
static struct exchange *take_waiting(void) {
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

static struct server_options usual(void) {
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

static struct server_options with_tls(void) {
    struct server_options options = usual();
    options.tls_listen = "127.0.0.1:0";
    options.tls_cert = cert_file;
    options.tls_key = key_file;
    return options;
}

static struct server *start(struct server_options options) {
    struct server *server;
    struct server_app functions = { &app, body_max, handle, refused, done };
    atomic_store(&app.handled, 0);
    atomic_store(&app.done, 0);
    enum rc rc = server_new(&ctx, &options, &functions, &server);
    if (rc != OK)
        print_error("%.*s\n", STR_FMT(ctx.err.text));
    assert_int_equal(rc, OK);
    return server;
}

/* Every handled exchange has been given back. */
static void stop(struct server *server) {
    assert_true(server_stop(server, HANG_MS));
    struct server_stats stats;
    server_stats(server, &stats);
    assert_int_equal(stats.connections_open, 0);
    server_free(&server);
    assert_int_equal(atomic_load(&app.handled), atomic_load(&app.done));
}

/* --- malformed requests --- */

/* What every refusal looks like: ours, closing, and nothing behind it. */
static void check_refusal(struct client *c, int messages, int status, const char *name) {
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

static void check_row(const struct row *row, int port, bool tls, bool by_byte) {
    struct client c;
    int before = atomic_load(&app.handled);
    if (tls)
        client_open_tls(&c, port);
    else
        client_open(&c, port);
    size_t step = by_byte ? 1 : row->bytes.n;
    for (size_t at = 0; at < row->bytes.n; at += step)
        if (!client_send(&c, str_sub(row->bytes, at, at + step)))
            break;
    if (row->status)
        check_refusal(&c, row->messages, row->status, row->name);
    else if (row->messages)
        assert_int_equal(client_replies(&c, row->messages).status, 200);
    client_close(&c);
    if (atomic_load(&app.handled) != before + row->messages)
        print_error("%s: reached the handler\n", row->name);
    assert_int_equal(atomic_load(&app.handled), before + row->messages);
}

static void check_rows(bool tls, bool by_byte) {
    struct server_options options = tls ? with_tls() : usual();
    struct server *server = start(options);
    int64_t malformed = 0;
    for (size_t i = 0; i < LENGTH(rows); i++) {
        check_row(&rows[i], tls ? server_tls_port(server) : server_port(server), tls, by_byte);
        malformed += rows[i].status != 0;
    }
    struct server_stats stats;
    server_stats(server, &stats);
    assert_int_equal(stats.refused_total, malformed);
    assert_int_equal(stats.connections_total, LENGTH(rows));
    stop(server);
}

static void test_malformed_plain(void **state) {
    (void) state;
    check_rows(false, false);
}

static void test_malformed_plain_by_byte(void **state) {
    (void) state;
    check_rows(false, true);
}

static void test_malformed_tls(void **state) {
    (void) state;
    check_rows(true, false);
}

/* --- requests --- */

static struct reply ask(struct client *c, const char *text) {
    buf_clear(&c->in);
    assert_true(client_send(c, str_of(text)));
    return client_replies(c, 1);
}

static void test_keep_alive_and_what_the_app_sees(void **state) {
    (void) state;
    struct server *server = start(usual());
    struct client c;
    client_open(&c, server_port(server));
    struct reply reply = ask(&c, "GET /a/b?c=d&page[size]=2%20 HTTP/1.1\r\n" HOST "X-Ask:  seen \t\r\n\r\n");
    assert_str(reply.body, "GET /a/b?c=d&page[size]=2%20 [] 127.0.0.1 0");
    assert_true(head_has(reply, "\r\nX-Seen: seen\r\n"));
    assert_true(head_has(reply, "\r\nContent-Type: text/plain\r\n"));
    assert_true(head_has(reply, "\r\nDate: "));
    assert_false(head_has(reply, "\r\nConnection: "));
    reply = ask(&c, POST "Content-Length: 5\r\n\r\nhello");
    assert_str(reply.body, "POST / [hello] 127.0.0.1 0");
    assert_false(head_has(reply, "X-Seen"));
    reply = ask(&c, CHUNKED "3;x=y\r\none\r\n1\r\n?\r\n0\r\nT: u\r\n\r\n");
    assert_str(reply.body, "POST / [one?] 127.0.0.1 0");
    reply = ask(&c, "GET /empty HTTP/1.1\r\n" HOST "\r\n");
    assert_int_equal(reply.status, 204);
    reply = ask(&c, "GET /?a?b=%23 HTTP/1.1\r\n" HOST "\r\n");
    assert_str(reply.body, "GET /?a?b=%23 [] 127.0.0.1 0");
    client_close(&c);
    stop(server);
}

static void test_head_is_get_without_body(void **state) {
    (void) state;
    struct server *server = start(usual());
    struct client c;
    client_open(&c, server_port(server));
    assert_true(client_send(&c, STR("HEAD /x HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n")));
    struct str text = client_read_all(&c);
    struct reply reply;
    assert_true(cut_reply(&text, false, &reply));
    assert_int_equal(reply.status, 200);
    assert_true(head_has(reply, "\r\nContent-Length: 21\r\n")); /* GET /x [] 127.0.0.1 0 */
    assert_int_equal(text.n, 0);
    client_close(&c);
    stop(server);
}

static void test_twenty_pipelined_in_order(void **state) {
    (void) state;
    struct server *server = start(usual());
    struct client c;
    client_open(&c, server_port(server));
    struct buf b = buf_in(ctx.arena, TEXT_MAX);
    for (int i = 0; i < 20; i++)
        buf_printf(&b, i % 2 ? "POST /%d HTTP/1.1\r\n" HOST "Content-Length: 2\r\n\r\nab"
                             : "GET /%d HTTP/1.1\r\n" HOST "\r\n", i);
    assert_true(client_send(&c, buf_text(&b)));
    (void) client_replies(&c, 20);
    struct str text = buf_text(&c.in);
    for (int i = 0; i < 20; i++) {
        struct reply reply;
        assert_true(cut_reply(&text, true, &reply));
        struct str expected = arena_printf(ctx.arena, i % 2 ? "POST /%d [ab]" : "GET /%d []", i);
        assert_true(str_starts(reply.body, expected));
    }
    client_close(&c);
    stop(server);
}

/* Larger than the library's buffers, so that reads end inside of heads and bodies. */
static void test_many_pipelined_with_bodies_then_bad(void **state) {
    (void) state;
    struct server *server = start(usual());
    struct client c;
    client_open(&c, server_port(server));
    struct buf b = buf_in(ctx.arena, TEXT_MAX);
    for (int i = 0; i < 200; i++) {
        buf_str(&b, STR(POST "Content-Length: 1000\r\n\r\n"));
        memset(buf_space(&b, 1000), 'a', 1000);
        buf_added(&b, 1000);
    }
    buf_str(&b, STR("GET / HTTP/1.1\r\nHost : a\r\n\r\n"));
    assert_true(client_send(&c, buf_text(&b)));
    check_refusal(&c, 200, 400, "200 good ones, then a bad one");
    client_close(&c);
    assert_int_equal(atomic_load(&app.handled), 200);
    stop(server);
}

static void test_large_answer(void **state) {
    (void) state;
    struct server *server = start(with_tls());
    struct client c;
    client_open_tls(&c, server_tls_port(server));
    assert_int_equal(ask(&c, "GET /large HTTP/1.1\r\n" HOST "\r\n").body.n, 1 << 20);
    assert_int_equal(ask(&c, GET HOST "\r\n").status, 200);
    client_close(&c);
    stop(server);
}

static void test_expect_continue(void **state) {
    (void) state;
    struct server *server = start(usual());
    struct client c;
    client_open(&c, server_port(server));
    assert_true(client_send(&c, STR(POST "Expect: 100-continue\r\nContent-Length: 5\r\n\r\n")));
    client_continue(&c);
    assert_str(ask(&c, "hello").body, "POST / [hello] 127.0.0.1 0");
    client_close(&c);
    client_open(&c, server_port(server));
    assert_true(client_send(&c, STR(POST "Expect: 100-continue\r\nContent-Length: 5000\r\n\r\n")));
    check_refusal(&c, 0, 413, "too large for a continue");
    client_close(&c);
    stop(server);
}

static void test_body_limit_of_the_route(void **state) {
    (void) state;
    struct server *server = start(usual());
    struct client c;
    client_open(&c, server_port(server));
    (void) ask(&c, "POST /small?x HTTP/1.1\r\n" HOST "Content-Length: 10\r\n\r\n0123456789");
    client_close(&c);
    client_open(&c, server_port(server));
    assert_true(client_send(&c, STR("POST /small?x HTTP/1.1\r\n" HOST "Content-Length: 11\r\n\r\n")));
    check_refusal(&c, 0, 413, "declared");
    client_close(&c);
    client_open(&c, server_port(server));
    assert_true(client_send(&c, STR("POST /small?x HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n"
                                    "8\r\n01234567\r\n3\r\n")));
    check_refusal(&c, 0, 413, "chunked");
    client_close(&c);
    assert_int_equal(atomic_load(&app.handled), 1);
    stop(server);
}

/* The client keeps writing what nobody wants and still gets the answer. */
static void test_too_large_body_is_answered_while_it_comes(void **state) {
    (void) state;
    struct server *server = start(usual());
    struct client c;
    client_open(&c, server_port(server));
    assert_true(client_send(&c, STR(POST "Content-Length: 400000\r\n\r\n")));
    char *body = arena_alloc(ctx.arena, 400000);
    (void) client_send(&c, (struct str){ body, 400000 });
    check_refusal(&c, 0, 413, "400 KB");
    client_close(&c);
    stop(server);
}

/* Heads that just fit: none may make the library refuse for want of memory. */
static void test_largest_heads_fit_the_library(void **state) {
    (void) state;
    struct server *server = start(usual());
    static const struct {
        const char *head, *unit;
        size_t n;
    } heads[] = {
        { "GET / HTTP/1.1\r\n" HOST "X: ", "a", HTTP_HEAD_MAX_BYTES - 60 },
        { "GET /?", "a&", HTTP_TARGET_MAX_BYTES / 2 - 1 },
        { "GET / HTTP/1.1\r\n" HOST "Cookie: ", "a;", HTTP_COOKIES_MAX - 1 },
        { "GET / HTTP/1.1\r\n" HOST "Cookie: a=", "b", HTTP_COOKIE_MAX_BYTES - 2 },
    };
    for (size_t i = 0; i < LENGTH(heads); i++) {
        struct buf b = buf_in(ctx.arena, TEXT_MAX);
        buf_str(&b, str_of(heads[i].head));
        for (size_t n = 0; n < heads[i].n; n++)
            buf_str(&b, str_of(heads[i].unit));
        buf_str(&b, i == 1 ? STR(" HTTP/1.1\r\n" HOST "\r\n") : STR("\r\n\r\n"));
        struct client c;
        client_open(&c, server_port(server));
        assert_true(client_send(&c, buf_text(&b)));
        assert_int_equal(client_replies(&c, 1).status, 200);
        client_close(&c);
    }
    /* all at once: target, cookies and headers */
    struct buf b = buf_in(ctx.arena, TEXT_MAX);
    buf_str(&b, STR("GET /?"));
    for (size_t n = 0; n < 3000; n++)
        buf_str(&b, STR("a&"));
    buf_str(&b, STR(" HTTP/1.1\r\n" HOST "Cookie: z"));
    for (size_t n = 0; n < HTTP_COOKIES_MAX - 1; n++)
        buf_str(&b, STR(";abcdefghi=bcdefghijklmnopqrstuvwxyz0123456789bcdefghijklmnopqrstuvwxyz0123456789"));
    for (size_t n = 0; n < HTTP_HEADERS_MAX - 2; n++)
        buf_str(&b, STR("\r\nHeader: abcdefghijklmnopqrstuvwxyz01234567890"));
    buf_str(&b, STR("\r\n\r\n"));
    assert_in_range(b.n, 14000, HTTP_HEAD_MAX_BYTES);
    struct client c;
    client_open(&c, server_port(server));
    assert_true(client_send(&c, buf_text(&b)));
    assert_int_equal(client_replies(&c, 1).status, 200);
    client_close(&c);
    stop(server);
}

/* --- deadlines --- */

/* Sends one byte every 10 ms until the server says something; false when it never did
 * in `most` bytes. */
static bool drip(struct client *c, char byte, int most) {
    for (int i = 0; i < most; i++) {
        struct pollfd waiting = { .fd = c->fd, .events = POLLIN };
        (void) client_send(c, (struct str){ &byte, 1 });
        if (poll(&waiting, 1, 10) > 0)
            return true;
    }
    return false;
}

static void check_drip(const char *begin, char byte, struct server_options options) {
    struct server *server = start(options);
    struct client c;
    client_open(&c, server_port(server));
    int64_t from = monotonic_ms();
    assert_true(client_send(&c, str_of(begin)));
    assert_true(drip(&c, byte, 2000));
    assert_true(monotonic_ms() - from >= 200);
    check_refusal(&c, 0, 408, begin);
    assert_int_equal(atomic_load(&app.handled), 0);
    client_close(&c);
    stop(server);
}

static void test_slow_head_is_cut_off(void **state) {
    (void) state;
    struct server_options options = usual();
    options.head_ms = 200;
    check_drip("GET / HTTP/1.1\r\n" HOST "X: ", 'a', options);
    check_drip("G", 'E', options); /* ends as a method that is still legal */
}

static void test_slow_body_is_cut_off(void **state) {
    (void) state;
    struct server_options options = usual();
    options.body_ms = 200;
    check_drip(POST "Content-Length: 1000\r\n\r\n", 'a', options);
    check_drip(CHUNKED "3e8;", 'a', options);
}

static void test_idle_and_silent_are_closed(void **state) {
    (void) state;
    struct server_options options = with_tls();
    options.idle_ms = 200;
    options.head_ms = 300;
    struct server *server = start(options);
    struct client silent, idle, unshaken;
    client_open(&silent, server_port(server));
    client_open(&unshaken, server_tls_port(server));
    client_open_tls(&idle, server_tls_port(server));
    assert_int_equal(ask(&idle, GET HOST "\r\n").status, 200);
    size_t before = idle.in.n;
    assert_int_equal(client_read_all(&silent).n, 0);
    assert_int_equal(client_read_all(&unshaken).n, 0);
    assert_int_equal(client_read_all(&idle).n, before);
    client_close(&silent);
    client_close(&unshaken);
    client_close(&idle);
    stop(server);
}

/* The time of an answer is not the client's: what waits behind it is served. */
static void test_deadlines_rest_while_an_answer_is_made(void **state) {
    (void) state;
    struct server_options options = usual();
    options.head_ms = options.body_ms = options.idle_ms = 150;
    struct server *server = start(options);
    struct client c, clock;
    client_open(&c, server_port(server));
    assert_true(client_send(&c, STR("GET /wait HTTP/1.1\r\n" HOST "\r\nGET /next HTTP/1.1\r\n")));
    struct exchange *waiting = take_waiting();
    client_open(&clock, server_port(server)); /* is closed when 150 ms are over */
    assert_int_equal(client_read_all(&clock).n, 0);
    answer_text(waiting, STR("late"));
    assert_str(client_replies(&c, 1).body, "late");
    assert_true(client_send(&c, STR(HOST "\r\n")));
    assert_true(str_starts(client_replies(&c, 2).body, STR("GET /next")));
    client_close(&c);
    client_close(&clock);
    stop(server);
}

/* A client that sends and half-closes in one go is answered and closed. */
static void test_half_closed_client_is_answered_and_closed(void **state) {
    (void) state;
    struct server *server = start(usual());
    for (int i = 0; i < 50; i++) {
        struct client c;
        client_open(&c, server_port(server));
        assert_true(client_send(&c, i % 2 ? STR(GET HOST "\r\n") : STR(GET "Hos")));
        assert_int_equal(shutdown(c.fd, SHUT_WR), 0);
        struct str text = client_read_all(&c);
        assert_int_equal(str_starts(text, STR("HTTP/1.1 200 ")), i % 2);
        client_close(&c);
    }
    stop(server);
}

/* --- suspending, stopping --- */

static void test_suspended_is_answered_from_another_thread(void **state) {
    (void) state;
    struct server *server = start(usual());
    struct client slow, fast;
    client_open(&slow, server_port(server));
    client_open(&fast, server_port(server));
    for (int i = 0; i < 50; i++) {
        buf_clear(&slow.in);
        assert_true(client_send(&slow, STR("POST /wait HTTP/1.1\r\n" HOST "Content-Length: 1\r\n\r\nx")));
        struct exchange *waiting = take_waiting();
        assert_str(exchange_message(waiting)->body, "x");
        assert_int_equal(ask(&fast, GET HOST "\r\n").status, 200);
        answer_text(waiting, STR("later"));
        assert_str(client_replies(&slow, 1).body, "later");
    }
    client_close(&slow);
    client_close(&fast);
    stop(server);
}

static void test_client_leaves_while_suspended(void **state) {
    (void) state;
    struct server *server = start(usual());
    struct client c;
    client_open(&c, server_port(server));
    assert_true(client_send(&c, STR("GET /wait HTTP/1.1\r\n" HOST "\r\n")));
    struct exchange *waiting = take_waiting();
    client_close(&c);
    answer_text(waiting, STR("nobody reads this"));
    stop(server);
    assert_int_equal(atomic_load(&app.done), 1);
}

struct stopping {
    struct server *server;
    int deadline_ms;
    bool clean;
};

static void *stop_in_thread(void *arg) {
    struct stopping *s = arg;
    s->clean = server_stop(s->server, s->deadline_ms);
    return NULL;
}

static bool can_connect(int port) {
    struct sockaddr_in to = { .sin_family = AF_INET,
                              .sin_port = htons((uint16_t) port),
                              .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool connected = connect(fd, (struct sockaddr *) &to, sizeof to) == 0;
    assert_int_equal(close(fd), 0);
    return connected;
}

static void test_drain_finishes_what_runs(void **state) {
    (void) state;
    struct server *server = start(usual());
    int port = server_port(server);
    struct client busy, half, idle;
    client_open(&idle, port);
    assert_int_equal(ask(&idle, GET HOST "\r\n").status, 200);
    buf_clear(&idle.in);
    client_open(&half, port);
    assert_int_equal(ask(&half, GET HOST "\r\n").status, 200);
    buf_clear(&half.in);
    client_open(&busy, port);
    assert_true(client_send(&half, STR(POST "Expect: 100-continue\r\nContent-Length: 2\r\n\r\n")));
    client_continue(&half); /* now inside of a request */
    assert_true(client_send(&busy, STR("GET /wait HTTP/1.1\r\n" HOST "\r\n")));
    struct exchange *waiting = take_waiting();
    struct stopping stopping = { server, HANG_MS, false };
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, stop_in_thread, &stopping), 0);
    assert_int_equal(client_read_all(&idle).n, 0);
    assert_false(can_connect(port));
    buf_clear(&half.in);
    assert_true(client_send(&half, STR("ab")));
    struct reply reply = client_replies(&half, 1);
    assert_true(head_has(reply, "\r\nConnection: close\r\n"));
    assert_str(reply.body, "POST / [ab] 127.0.0.1 0");
    answer_text(waiting, STR("still"));
    reply = client_replies(&busy, 1);
    assert_true(head_has(reply, "\r\nConnection: close\r\n"));
    assert_str(reply.body, "still");
    assert_int_equal(client_read_all(&busy).n, busy.in.n);
    pthread_join(thread, NULL);
    assert_true(stopping.clean);
    server_free(&server);
    assert_int_equal(atomic_load(&app.done), atomic_load(&app.handled));
    client_close(&busy);
    client_close(&half);
    client_close(&idle);
}

static void test_drain_cuts_off_at_its_deadline(void **state) {
    (void) state;
    struct server *server = start(usual());
    struct client c;
    client_open(&c, server_port(server));
    assert_true(client_send(&c, STR("GET /wait HTTP/1.1\r\n" HOST "\r\n")));
    (void) take_waiting();
    assert_false(server_stop(server, 20));
    assert_int_equal(client_read_all(&c).n, 0);
    assert_int_equal(atomic_load(&app.done), 1);
    client_close(&c);
    server_free(&server);
}

/* --- limits of connections --- */

static void test_connections_of_an_address(void **state) {
    (void) state;
    struct server_options options = usual();
    options.connections_per_address = 3;
    struct server *server = start(options);
    struct client c[3], more;
    for (size_t i = 0; i < LENGTH(c); i++) {
        client_open(&c[i], server_port(server));
        assert_int_equal(ask(&c[i], GET HOST "\r\n").status, 200);
    }
    client_open(&more, server_port(server));
    assert_int_equal(client_read_all(&more).n, 0);
    client_close(&more);
    assert_int_equal(ask(&c[0], GET HOST "\r\n").status, 200);
    for (size_t i = 0; i < LENGTH(c); i++)
        client_close(&c[i]);
    stop(server);
}

static void test_connections_in_total(void **state) {
    (void) state;
    struct server_options options = usual();
    options.connections_max = 2;
    struct server *server = start(options);
    struct client c[2], more;
    for (size_t i = 0; i < LENGTH(c); i++) {
        client_open(&c[i], server_port(server));
        assert_int_equal(ask(&c[i], GET HOST "\r\n").status, 200);
    }
    client_open(&more, server_port(server));
    check_refusal(&more, 0, 503, "one too many");
    client_close(&more);
    assert_int_equal(ask(&c[1], GET HOST "\r\n").status, 200);
    for (size_t i = 0; i < LENGTH(c); i++)
        client_close(&c[i]);
    stop(server);
}

/* --- TLS --- */

static void test_tls_versions(void **state) {
    (void) state;
    static const struct {
        const char *priorities;
        bool accepted;
    } versions[] = {
        { "NORMAL:-VERS-ALL:+VERS-TLS1.3", true },
        { "NORMAL:-VERS-ALL:+VERS-TLS1.2", true },
        { "NORMAL:-VERS-ALL:+VERS-TLS1.1:%COMPAT", false },
        { "NORMAL:-VERS-ALL:+VERS-TLS1.0:%COMPAT", false },
        { "NORMAL:-VERS-ALL:+VERS-TLS1.2:-CIPHER-ALL:+AES-128-CBC", false },
    };
    struct server *server = start(with_tls());
    for (size_t i = 0; i < LENGTH(versions); i++) {
        struct client c;
        client_open(&c, server_tls_port(server));
        bool accepted = client_handshake(&c, versions[i].priorities) == 0;
        assert_int_equal(accepted, versions[i].accepted);
        if (accepted)
            assert_str(ask(&c, GET HOST "\r\n").body, "GET / [] 127.0.0.1 1");
        client_close(&c);
    }
    stop(server);
}

static void test_tls_sessions_are_resumed(void **state) {
    (void) state;
    struct server *server = start(with_tls());
    struct client c;
    client_open_tls(&c, server_tls_port(server));
    assert_int_equal(ask(&c, GET HOST "\r\n").status, 200); /* the ticket came before it */
    gnutls_datum_t ticket;
    assert_int_equal(gnutls_session_get_data2(c.session, &ticket), 0);
    client_close(&c);
    client_open(&c, server_tls_port(server));
    assert_int_equal(gnutls_certificate_allocate_credentials(&c.credentials), 0);
    assert_int_equal(gnutls_init(&c.session, GNUTLS_CLIENT), 0);
    assert_int_equal(gnutls_set_default_priority(c.session), 0);
    gnutls_credentials_set(c.session, GNUTLS_CRD_CERTIFICATE, c.credentials);
    gnutls_transport_set_int(c.session, c.fd);
    assert_int_equal(gnutls_session_set_data(c.session, ticket.data, ticket.size), 0);
    assert_int_equal(gnutls_handshake(c.session), 0);
    assert_true(gnutls_session_is_resumed(c.session));
    assert_int_equal(ask(&c, GET HOST "\r\n").status, 200);
    client_close(&c);
    gnutls_free(ticket.data);
    stop(server);
}

static void test_plain_listener_redirects(void **state) {
    (void) state;
    struct server *server = start(with_tls());
    struct arena *a = ctx.arena;
    int port = server_tls_port(server);
    struct client c;
    client_open(&c, server_port(server));
    struct reply reply = ask(&c, "GET /a?b=c HTTP/1.1\r\nHost: example.com:8080\r\n\r\n");
    assert_int_equal(reply.status, 301);
    assert_true(head_has(reply, arena_printf(a, "\r\nLocation: https://example.com:%d/a?b=c\r\n", port).p));
    reply = ask(&c, "POST /a HTTP/1.1\r\nHost: [::1]:80\r\nContent-Length: 5\r\n\r\nhello");
    assert_int_equal(reply.status, 308);
    assert_true(head_has(reply, arena_printf(a, "\r\nLocation: https://[::1]:%d/a\r\n", port).p));
    reply = ask(&c, "DELETE /a HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_int_equal(reply.status, 308);
    reply = ask(&c, "GET / HTTP/1.0\r\n\r\n");
    assert_int_equal(reply.status, 400);
    assert_int_equal(atomic_load(&app.handled), 0);
    client_close(&c);
    stop(server);
}

static void test_starting_fails_with_a_reason(void **state) {
    (void) state;
    struct server *taken = start(usual());
    static const char nowhere[] = "/nonexistent.pem";
    struct server_options in_use = usual();
    in_use.listen = arena_printf(ctx.arena, "127.0.0.1:%d", server_port(taken)).p;
    struct server_options no_port = usual();
    no_port.listen = "127.0.0.1";
    struct server_options no_cert = with_tls();
    no_cert.tls_cert = nowhere;
    struct server_options bad_key = with_tls();
    bad_key.tls_key = cert_file;
    const struct {
        struct server_options options;
        const char *reason;
    } starts[] = {
        { in_use, "bind 127.0.0.1:" },
        { no_port, "has no port" },
        { no_cert, "open /nonexistent.pem" },
        { bad_key, "start HTTP: " },
    };
    struct server_app functions = { &app, body_max, handle, refused, done };
    for (size_t i = 0; i < LENGTH(starts); i++) {
        struct server *server = NULL;
        ctx_clear_error(&ctx);
        assert_int_not_equal(server_new(&ctx, &starts[i].options, &functions, &server), OK);
        if (!str_contains(ctx.err.text, str_of(starts[i].reason)))
            print_error("%.*s\n", STR_FMT(ctx.err.text));
        assert_true(str_contains(ctx.err.text, str_of(starts[i].reason)));
        assert_null(server);
    }
    ctx_clear_error(&ctx);
    stop(taken);
}

/* --- the certificate --- */

static int make_certificate(void **state) {
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

static int remove_certificate(void **state) {
    (void) state;
    (void) unlink(cert_file); /* in /tmp: what stays does no harm */
    (void) unlink(key_file);
    (void) rmdir(folder);
    arena_free(&ctx.arena);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_malformed_plain),
        cmocka_unit_test(test_malformed_plain_by_byte),
        cmocka_unit_test(test_malformed_tls),
        cmocka_unit_test(test_keep_alive_and_what_the_app_sees),
        cmocka_unit_test(test_head_is_get_without_body),
        cmocka_unit_test(test_twenty_pipelined_in_order),
        cmocka_unit_test(test_many_pipelined_with_bodies_then_bad),
        cmocka_unit_test(test_large_answer),
        cmocka_unit_test(test_expect_continue),
        cmocka_unit_test(test_body_limit_of_the_route),
        cmocka_unit_test(test_too_large_body_is_answered_while_it_comes),
        cmocka_unit_test(test_largest_heads_fit_the_library),
        cmocka_unit_test(test_slow_head_is_cut_off),
        cmocka_unit_test(test_slow_body_is_cut_off),
        cmocka_unit_test(test_idle_and_silent_are_closed),
        cmocka_unit_test(test_deadlines_rest_while_an_answer_is_made),
        cmocka_unit_test(test_half_closed_client_is_answered_and_closed),
        cmocka_unit_test(test_suspended_is_answered_from_another_thread),
        cmocka_unit_test(test_client_leaves_while_suspended),
        cmocka_unit_test(test_drain_finishes_what_runs),
        cmocka_unit_test(test_drain_cuts_off_at_its_deadline),
        cmocka_unit_test(test_connections_of_an_address),
        cmocka_unit_test(test_connections_in_total),
        cmocka_unit_test(test_tls_versions),
        cmocka_unit_test(test_tls_sessions_are_resumed),
        cmocka_unit_test(test_plain_listener_redirects),
        cmocka_unit_test(test_starting_fails_with_a_reason),
    };
    return cmocka_run_group_tests(tests, make_certificate, remove_certificate);
}
