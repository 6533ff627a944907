/* The HTTP client against a server on loopback that answers by script, or not at all. */
#include "test.h"

#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "net/http_client.h"
#include "net/http_multi.h"

struct server {
    int listener, port, connections;
    const char *answer; /* NULL: takes the request and says nothing */
    char request[4096];
    size_t request_n;
    pthread_t thread;
    int stop[2]; /* a pipe: closed at the end */
};

/* False when the test ends. */
static bool wait_readable(const struct server *s, int fd) {
    struct pollfd fds[] = { { .fd = s->stop[0], .events = POLLIN }, { .fd = fd, .events = POLLIN } };
    return poll(fds, 2, -1) > 0 && !fds[0].revents;
}

static bool is_complete(struct str request) {
    size_t head = str_find_str(request, STR("\r\n\r\n"));
    size_t length = str_find_str(request, STR("Content-Length: "));
    int64_t body = 0;
    if (length < request.n) {
        struct str rest = str_sub(request, length + 16, request.n);
        if (str_to_i64(str_sub(rest, 0, str_find(rest, '\r')), &body) != OK)
            return false;
    }
    return head < request.n && request.n >= head + 4 + (size_t) body;
}

static void serve_one(struct server *s, int fd) {
    s->request_n = 0;
    while (!is_complete((struct str){ s->request, s->request_n }) && wait_readable(s, fd)) {
        ssize_t n = read(fd, s->request + s->request_n, sizeof s->request - s->request_n);
        if (n <= 0)
            return;
        s->request_n += (size_t) n;
    }
    if (s->answer)
        (void) !write(fd, s->answer, strlen(s->answer)); /* the client tells what it got */
    else
        (void) wait_readable(s, s->stop[0]);
}

static void *serve(void *arg) {
    struct server *s = arg;
    while (wait_readable(s, s->listener)) {
        int fd = accept(s->listener, NULL, NULL);
        s->connections++;
        serve_one(s, fd);
        close(fd);
    }
    return NULL;
}

static void server_start(struct server *s, const char *answer) {
    *s = (struct server){ .answer = answer };
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t size = sizeof address;
    s->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(s->listener, (struct sockaddr *) &address, sizeof address), 0);
    assert_int_equal(listen(s->listener, 8), 0);
    assert_int_equal(getsockname(s->listener, (struct sockaddr *) &address, &size), 0);
    s->port = ntohs(address.sin_port);
    assert_int_equal(pipe(s->stop), 0);
    assert_int_equal(pthread_create(&s->thread, NULL, serve, s), 0);
}

static void server_stop(struct server *s) {
    close(s->stop[1]);
    assert_int_equal(pthread_join(s->thread, NULL), 0);
    close(s->stop[0]);
    close(s->listener);
}

#define HEAD(status, length) "HTTP/1.1 " status "\r\nContent-Length: " length "\r\nConnection: close\r\n"

static const struct answer_case {
    const char *name, *answer;
    enum rc rc;
    long status;
    const char *body;
} answers[] = {
    { "body", HEAD("200 OK", "5") "\r\nhello", OK, 200, "hello" },
    { "no body", HEAD("404 Not Found", "0") "\r\n", OK, 404, "" },
    { "failure of the server", HEAD("500 Oops", "2") "\r\n{}", OK, 500, "{}" },
    { "redirect", HEAD("302 Found", "0") "Location: /elsewhere\r\n\r\n", OK, 302, "" },
    { "as much as may be", HEAD("200 OK", "10") "\r\n0123456789", OK, 200, "0123456789" },
    { "too much", HEAD("200 OK", "11") "\r\n0123456789A", E_TOO_LARGE, 0, NULL },
    { "too much in chunks",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n6\r\n012345\r\n6\r\n678901\r\n0\r\n\r\n",
      E_TOO_LARGE, 0, NULL },
    { "cut off", HEAD("200 OK", "9") "\r\nhello", E_IO, 0, NULL },
    { "nothing", "", E_IO, 0, NULL },
    { "no HTTP", "220 mail.example.com ESMTP\r\n", E_IO, 0, NULL },
    { "silence", NULL, E_TIMEOUT, 0, NULL },
};

static struct http_call call_to(struct arena *arena, const struct server *s) {
    return (struct http_call){ .url = arena_printf(arena, "http://127.0.0.1:%d/path", s->port),
                               .timeout_ms = s->answer ? 20000 : 100, .answer_max = 10,
                               .allow_private = true };
}

static void test_answers(void **state) {
    (void) state;
    for (size_t i = 0; i < LENGTH(answers); i++) {
        const struct answer_case *c = &answers[i];
        struct arena *arena = arena_new();
        struct server server;
        server_start(&server, c->answer);
        struct http_call call = call_to(arena, &server);
        struct http_reply reply = { 0 };
        struct str reason = STR_NONE;
        enum rc rc = http_call(arena, &call, &reply, &reason);
        server_stop(&server);
        if (rc != c->rc || reply.status != c->status || server.connections != 1)
            fail_case("%s: %s, status %ld, %d connections", c->name, rc_name(rc), reply.status, server.connections);
        if (rc == OK)
            assert_str(reply.body, c->body);
        else
            assert_true(reason.n > 0);
        arena_free(&arena);
    }
}

static int looks; /* what is left until the process is to end */

static bool stops_after_looks(void) {
    return looks-- <= 0;
}

/* The server never answers; the call's own time is far away. */
static void test_stopping_ends_it(void **state) {
    (void) state;
    for (int n = 0; n < 3; n++) {
        struct arena *arena = arena_new();
        struct server server;
        server_start(&server, NULL);
        struct http_call call = call_to(arena, &server);
        call.timeout_ms = 600 * 1000;
        call.stopping = stops_after_looks;
        struct http_reply reply = { 0 };
        struct str reason = STR_NONE;
        looks = n;
        assert_int_equal(http_call(arena, &call, &reply, &reason), E_CANCELED);
        assert_true(looks < 0 && reason.n > 0);
        server_stop(&server);
        arena_free(&arena);
    }
}

static void test_request(void **state) {
    (void) state;
    struct arena *arena = arena_new();
    struct server server;
    server_start(&server, HEAD("200 OK", "0") "\r\n");
    static const char *const headers[] = { "X-One: 1", "X-Two: 2", NULL };
    struct http_call call = call_to(arena, &server);
    call.body = STR("{\"a\":1}");
    call.headers = headers;
    struct http_reply reply;
    struct str reason;
    assert_int_equal(http_call(arena, &call, &reply, &reason), OK);
    server_stop(&server);
    struct str request = { server.request, server.request_n };
    assert_true(str_starts(request, STR("POST /path HTTP/1.1\r\n")));
    assert_true(str_contains(request, STR("Content-Type: application/json\r\n")));
    assert_true(str_contains(request, STR("X-One: 1\r\nX-Two: 2\r\n")));
    assert_true(str_ends(request, STR("\r\n\r\n{\"a\":1}")));
    arena_free(&arena);
}

/* Without allow_private nothing reaches loopback, by address or by name. */
static void test_private_addresses_are_denied(void **state) {
    (void) state;
    static const char *const hosts[] = { "127.0.0.1", "localhost", "127.1", "[::ffff:127.0.0.1]", "0.0.0.0" };
    struct arena *arena = arena_new();
    struct server server;
    server_start(&server, HEAD("200 OK", "0") "\r\n");
    for (size_t i = 0; i < LENGTH(hosts); i++) {
        struct http_call call = call_to(arena, &server);
        call.url = arena_printf(arena, "http://%s:%d/", hosts[i], server.port);
        call.allow_private = false;
        struct http_reply reply;
        struct str reason;
        enum rc rc = http_call(arena, &call, &reply, &reason);
        if (rc != E_DENIED)
            fail_case("%s: %s", hosts[i], rc_name(rc));
    }
    server_stop(&server);
    assert_int_equal(server.connections, 0);
    arena_free(&arena);
}

/* --- many at a time --- */

static void ring(void *arg) {
    (void) sem_post(arg);
}

static void add_nothing(struct http_post *post) {
    (void) post;
}

struct posted {
    enum rc rc;
    long status;
};

static struct posted post_to(const struct address_rules *rules, const char *url) {
    sem_t bell;
    struct http_post post = { .url = url, .body = STR("{}"), .timeout_ms = 20000, .connect_ms = 20000, .begin = add_nothing };
    assert_int_equal(sem_init(&bell, 0, 0), 0);
    const struct http_multi_options options
        = { .rules = rules, .agent = "test", .connections = 4, .on_done = ring, .arg = &bell };
    struct http_multi *multi = http_multi_start(&options);
    assert_non_null(multi);
    post.lane = http_lane_new(1);
    http_multi_send(multi, &post);
    while (!http_multi_take(multi))
        while (sem_wait(&bell)) {}
    http_multi_stop(multi);
    http_multi_free(&multi);
    http_lane_free(&post.lane);
    http_post_done(&post);
    sem_destroy(&bell);
    return (struct posted){ post.rc, post.status };
}

/* What a name leads to is judged when it is connected to, whatever it led to when it was written. */
static void test_posts_go_where_they_may(void **state) {
    static const char *const hosts[] = { "127.0.0.1", "localhost", "127.1", "[::ffff:127.0.0.1]", "0.0.0.0" };
    static const struct address_rules public = { .n = 0 }, any = { .allow_private = true };
    struct arena *arena = arena_new();
    struct server server;
    (void) state;
    server_start(&server, HEAD("302 Found", "0") "Location: /elsewhere\r\n\r\n");
    for (size_t i = 0; i < LENGTH(hosts); i++) {
        struct posted posted = post_to(&public, arena_printf(arena, "http://%s:%d/", hosts[i], server.port).p);
        if (posted.rc != E_DENIED)
            fail_case("%s: %s", hosts[i], rc_name(posted.rc));
    }
    struct posted posted = post_to(&any, arena_printf(arena, "http://127.0.0.1:%d/", server.port).p);
    server_stop(&server);
    assert_int_equal(posted.rc, OK);
    assert_int_equal(posted.status, 302); /* and nobody asked for what is elsewhere */
    assert_int_equal(server.connections, 1);
    arena_free(&arena);
}

static void test_urls_that_cannot_be_used(void **state) {
    (void) state;
    static const char *const urls[] = { "ftp://127.0.0.1/", "file:///etc/passwd", "http://", "gopher://127.0.0.1/" };
    struct arena *arena = arena_new();
    for (size_t i = 0; i < LENGTH(urls); i++) {
        struct http_call call = { .url = str_of(urls[i]), .timeout_ms = 5000, .answer_max = 10, .allow_private = true };
        struct http_reply reply;
        struct str reason;
        enum rc rc = http_call(arena, &call, &reply, &reason);
        if (rc != E_INVALID)
            fail_case("%s: %s", urls[i], rc_name(rc));
    }
    arena_free(&arena);
}

static void test_nobody_listens(void **state) {
    (void) state;
    struct arena *arena = arena_new();
    struct server server;
    server_start(&server, "");
    server_stop(&server);
    struct http_call call = call_to(arena, &server);
    struct http_reply reply;
    struct str reason;
    assert_int_equal(http_call(arena, &call, &reply, &reason), E_IO);
    arena_free(&arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answers),
        cmocka_unit_test(test_stopping_ends_it),
        cmocka_unit_test(test_request),
        cmocka_unit_test(test_private_addresses_are_denied),
        cmocka_unit_test(test_posts_go_where_they_may),
        cmocka_unit_test(test_urls_that_cannot_be_used),
        cmocka_unit_test(test_nobody_listens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
