/* The transport over real sockets, plain and TLS: what it lets through, what it
 * refuses and how. */
#include "test.h"

#include "base/limits.h"
#include "http_app.h"

/* --- malformed requests --- */

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
    reply = ask(&c, CHUNKED "3\r\none\r\n1\r\n?\r\n0\r\nT: u\r\n\r\n");
    assert_str(reply.body, "POST / [one?] 127.0.0.1 0");
    reply = ask(&c, "GET /empty HTTP/1.1\r\n" HOST "\r\n");
    assert_int_equal(reply.status, 204);
    reply = ask(&c, "GET /cookie HTTP/1.1\r\n" HOST "cookie: a=b; c=d\r\n\r\n");
    assert_true(head_has(reply, "\r\nX-Cookie: a=b; c=d\r\n"));
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
    static const struct {
        const char *head, *unit;
        size_t n; /* of unit; 0: up to the head's limit */
        const char *tail;
    } heads[] = {
        { "GET / HTTP/1.1\r\n" HOST "X: ", "a", 0, "\r\n\r\n" },
        { "GET /?", "a&", HTTP_TARGET_MAX_BYTES / 2 - 1, " HTTP/1.1\r\n" HOST "\r\n" },
        { "GET / HTTP/1.1\r\n" HOST "Cookie: ", "a;", 0, "\r\n\r\n" },
        { "GET / HTTP/1.1\r\n" HOST, "X:\r\n", HTTP_HEADERS_MAX - 1, "\r\n" },
        { "GET / HTTP/1.1\r\n" HOST, "X: abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxyz0123456789"
          "abcdefghijklmnopqrstuvwxyz0123456789abcdefghijkl\r\n", HTTP_HEADERS_MAX - 1, "\r\n" },
    };
    struct server *server = start(usual());
    for (size_t i = 0; i < LENGTH(heads); i++) {
        struct buf b = buf_in(ctx.arena, TEXT_MAX);
        buf_str(&b, str_of(heads[i].head));
        size_t room = HTTP_HEAD_MAX_BYTES - strlen(heads[i].head) - strlen(heads[i].tail);
        size_t n = heads[i].n ? heads[i].n : room / strlen(heads[i].unit);
        for (size_t k = 0; k < n; k++)
            buf_str(&b, str_of(heads[i].unit));
        buf_str(&b, str_of(heads[i].tail));
        assert_true(b.n <= HTTP_HEAD_MAX_BYTES);
        /* with another one behind it in the same buffer */
        buf_str(&b, STR(GET HOST "\r\n"));
        struct client c;
        client_open(&c, server_port(server));
        assert_true(client_send(&c, buf_text(&b)));
        assert_int_equal(client_replies(&c, 2).status, 200);
        client_close(&c);
    }
    stop(server);
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
    struct server_app functions = { &app, body_max, NULL, handle, refused, done };
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
        cmocka_unit_test(test_connections_of_an_address),
        cmocka_unit_test(test_connections_in_total),
        cmocka_unit_test(test_tls_versions),
        cmocka_unit_test(test_tls_sessions_are_resumed),
        cmocka_unit_test(test_plain_listener_redirects),
        cmocka_unit_test(test_starting_fails_with_a_reason),
    };
    return cmocka_run_group_tests(tests, make_certificate, remove_certificate);
}
