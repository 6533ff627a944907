/* The transport over real sockets: slow clients, suspended exchanges, stopping. Clients
 * wait for events with a limit that only a hang reaches; what is checked is in which
 * order things end, never how fast. */
#include "test.h"

#include <poll.h>

#include "http_app.h"

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
    check_drip(CHUNKED "3e8\r\n", 'a', options);
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

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_slow_head_is_cut_off),
        cmocka_unit_test(test_slow_body_is_cut_off),
        cmocka_unit_test(test_idle_and_silent_are_closed),
        cmocka_unit_test(test_deadlines_rest_while_an_answer_is_made),
        cmocka_unit_test(test_half_closed_client_is_answered_and_closed),
        cmocka_unit_test(test_suspended_is_answered_from_another_thread),
        cmocka_unit_test(test_client_leaves_while_suspended),
        cmocka_unit_test(test_drain_finishes_what_runs),
        cmocka_unit_test(test_drain_cuts_off_at_its_deadline),
    };
    return cmocka_run_group_tests(tests, make_certificate, remove_certificate);
}
