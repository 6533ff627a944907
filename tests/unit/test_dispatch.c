/* What every handler gets from the frame, asked over a socket: who may call, what may
 * be sent, what errors look like, links, request ids, waiting. */
#include "frame.h"

static struct frame frame;

static int start(void **state) {
    int failed = test_db_setup_sqlite(state);
    if (failed == 0)
        frame_start(&frame, *state, 0);
    return failed;
}

static int stop(void **state) {
    frame_stop(&frame);
    return test_db_teardown(state);
}

struct row {
    const char *method, *target, *headers, *body;
    int status;
    const char *first, *second; /* both are in the body; may be NULL */
};

static void check(const struct row *row, struct str key) {
    struct ask ask = { row->method, row->target, key, row->headers, row->body };
    struct reply reply = frame_ask(&frame, &ask);
    bool good = reply.status == row->status
                && (!row->first || str_contains(reply.body, str_of(row->first)))
                && (!row->second || str_contains(reply.body, str_of(row->second)));
    if (!good)
        fail_case("%s %s %s: %d %.*s", row->method, row->target, row->body ? row->body : "",
                  reply.status, STR_FMT(reply.body));
    if (reply.status < 400)
        return;
    assert_true(str_starts(reply.body, STR("{\"object\":\"error\",\"_errors\":[{")));
    assert_str(reply_header(reply, "Content-Type"), "application/json");
}

static void test_routes(void **state) {
    (void) state;
    static const struct row rows[] = {
        { "GET", "/open", NULL, NULL, 200, "/open", NULL },
        { "GET", "/nothing", NULL, NULL, 404, "\"not_found\"", "\"status\":\"404\"" },
        { "POST", "/nothing", NULL, "{}", 404, "\"not_found\"", NULL },
        { "GET", "/things/", NULL, NULL, 404, NULL, NULL },
        { "PUT", "/things", NULL, NULL, 405, "\"method_not_allowed\"", NULL },
        { "GET", "/things/%zz", NULL, NULL, 400, "\"malformed_request\"", NULL },
        { "GET", "/things/12", NULL, NULL, 404, "\"not_found\"", NULL },
        { "GET", "/things/0198f652-73a2-7d41-914e-e511382bb808", NULL, NULL, 200, "\"id\":\"0198f652",
          NULL },
        { "GET", "/numbers/12", NULL, NULL, 200, "\"id\":\"12\"", "{\"href\":\"/numbers/12\"}" },
        { "GET", "/numbers/x", NULL, NULL, 404, NULL, NULL },
        { "GET", "/numbers/1%32", NULL, NULL, 200, "\"id\":\"12\"", NULL },
        { "GET", "/admin", NULL, NULL, 403, "\"forbidden\"", NULL },
        { "GET", "/forgetful", NULL, NULL, 500, "\"internal_server_error\"", NULL },
    };
    for (size_t i = 0; i < LENGTH(rows); i++)
        check(&rows[i], frame.key);
    check(&(struct row){ "GET", "/admin", NULL, NULL, 200, NULL, NULL }, frame.admin_key);
    struct ask put = { "PUT", "/things", frame.key, NULL, NULL };
    assert_str(reply_header(frame_ask(&frame, &put), "Allow"), "GET, HEAD, POST, DELETE");
    struct ask head = { "HEAD", "/open", STR_NONE, NULL, NULL };
    assert_int_equal(frame_ask(&frame, &head).status, 200);
}

static void test_keys(void **state) {
    (void) state;
    struct arena *arena = frame.db->ctx.arena;
    struct str made_up = key_make(arena);
    const char *lines[] = {
        NULL,
        "Authorization: Bearer\r\n",
        "Authorization: Bearer \r\n",
        "Authorization: Bearer x\r\n",
        arena_printf(arena, "Authorization: %.*s\r\n", STR_FMT(frame.key)).p,
        arena_printf(arena, "Authorization: Basic %.*s\r\n", STR_FMT(frame.key)).p,
        arena_printf(arena, "Authorization: Bearer %.*s\r\n", STR_FMT(made_up)).p,
        arena_printf(arena, "Authorization: Bearer %.*sx\r\n", STR_FMT(frame.key)).p,
        arena_printf(arena, "Authorization: Bearer %.*s x\r\n", STR_FMT(frame.key)).p,
    };
    for (size_t i = 0; i < LENGTH(lines); i++)
        check(&(struct row){ "GET", "/things?name=a", lines[i], NULL, 401, "\"unauthorized\"",
                             "\"source\":{\"header\":\"Authorization\"}" },
              STR_NONE);
    struct ask ask = { "GET", "/things?name=a", STR_NONE, NULL, NULL };
    assert_str(reply_header(frame_ask(&frame, &ask), "WWW-Authenticate"),
               "Bearer realm=\"outrider\"");
    ask.headers = arena_printf(arena, "Authorization: bearer  %.*s \r\n", STR_FMT(frame.key)).p;
    assert_int_equal(frame_ask(&frame, &ask).status, 200);
}

/* No wait for the second that an answer of the database may be used: the key is tried
 * until it is refused, with a limit that only a defect reaches. */
static void test_revoked(void **state) {
    (void) state;
    struct ctx *ctx = &frame.db->ctx;
    struct str doomed = frame_key(&frame, "api");
    struct ask ask = { "GET", "/things?name=a", doomed, NULL, NULL };
    assert_int_equal(frame_ask(&frame, &ask).status, 200);
    assert_ok(ctx, key_revoke(ctx, frame.key_id));
    int64_t revoked = monotonic_ms();
    while (frame_ask(&frame, &ask).status == 200)
        assert_true(monotonic_ms() - revoked < 3000);
    check(&(struct row){ "GET", "/things?name=a", NULL, NULL, 401, "revoked", NULL }, doomed);
}

static void test_bodies(void **state) {
    (void) state;
    static const char form[] = "Content-Type: application/x-www-form-urlencoded\r\n";
    static const char amp[] = "Content-Type: Application/vnd.amp+JSON ; charset=utf-8\r\n";
    static const char params[] = "Content-Type: application/json;charset=utf-8\r\n";
    static const char like[] = "Content-Type: application/json2\r\n";
    static const struct row rows[] = {
        { "POST", "/things", NULL, "{\"name\":\"a\",\"else\":[1]}", 201, "\"name\":\"a\"", NULL },
        { "POST", "/things", amp, "{\"name\":\"a\"}", 201, NULL, NULL },
        { "POST", "/things", params, "{\"name\":\"a\"}", 201, NULL, NULL },
        { "POST", "/things", form, "name=a", 415, "\"unsupported_media_type\"",
          "\"header\":\"Content-Type\"" },
        { "POST", "/things", like, "{\"name\":\"a\"}", 415, NULL, NULL },
        { "POST", "/things", NULL, NULL, 400, "\"malformed_request\"", "A JSON body is required." },
        { "POST", "/things", NULL, "{\"name\":\n  oops}", 400, "\"malformed_json\"",
          "Line 2, column " },
        { "POST", "/things", NULL, "{\"name\":\"a\"", 400, "\"malformed_json\"", NULL },
        { "POST", "/things", NULL, "{\"name\":\"a\",\"name\":\"b\"}", 400, "\"malformed_json\"", NULL },
        { "POST", "/things", NULL, "[]", 400, NULL, NULL },
        { "POST", "/things", NULL, "\"x\"", 400, NULL, NULL },
        { "POST", "/things", NULL, "{}", 400, "\"missing_field\"", "\"pointer\":\"/name\"" },
        { "POST", "/things", NULL, "{\"name\":7,\"count\":11,\"tags\":[\"a\",\"toolong\"]}", 400,
          "\"pointer\":\"/name\"", "\"pointer\":\"/tags/1\"" },
        { "POST", "/things", NULL, "{\"name\":7,\"count\":11}", 400, "\"pointer\":\"/count\"",
          "\"code\":\"unsupported_value\"" },
        { "POST", "/things/small", NULL, "{\"name\":\"a\"}", 201, NULL, NULL },
        { "POST", "/things/fail", NULL, "{\"name\":\"a\"}", 500, "Something went wrong", NULL },
        { "POST", "/things/poor", NULL, "{\"name\":\"a\"}", 402, "\"insufficient_credits\"", NULL },
    };
    for (size_t i = 0; i < LENGTH(rows); i++)
        check(&rows[i], frame.key);
    struct ask ask = { "POST", "/things/fail", frame.key, NULL, "{\"name\":\"a\"}" };
    assert_false(str_contains(frame_ask(&frame, &ask).body, STR("secret reason")));
    check(&(struct row){ "POST", "/things/small", NULL,
                         "{\"name\":\"a\",\"tags\":[\"aaaaa\",\"bbbbb\"],\"more\":\"0123456789abcdefghijklmn\"}",
                         413, "\"content_too_large\"", NULL },
          frame.key);
}

static void test_queries(void **state) {
    (void) state;
    static const char id[] = "/pages?page[after]=0198f652-73a2-7d41-914e-e511382bb808";
    static const struct row rows[] = {
        { "GET", "/things?name=a", NULL, NULL, 200, "\"size\":7", "\"name\":\"a\"" },
        { "GET", "/things?name=a+b%21", NULL, NULL, 200, "\"name\":\"a b!\"", NULL },
        { "GET", "/things?name=a&name=b&count=3&unknown=%ff", NULL, NULL, 200, "\"name\":\"b\"",
          "\"count\":3" },
        { "GET", "/things?name=a&tags[]=x&tags%5B%5D=y&tags=z", NULL, NULL, 200,
          "\"tags\":[\"x\",\"y\",\"z\"]", NULL },
        { "GET", "/things?name=a&page[size]=3&page[after]=c%40d", NULL, NULL, 200, "\"size\":3",
          "\"after\":\"c@d\"" },
        { "GET", "/things?name=a&page%5Bsize%5D=3&page%5Bbefore%5D=x", NULL, NULL, 200, "\"size\":3",
          "\"before\":\"x\"" },
        { "GET", "/things?name=a&page[after]=", NULL, NULL, 200, "\"size\":7", NULL },
        { "GET", "/things", NULL, NULL, 400, "\"missing_field\"", "\"parameter\":\"name\"" },
        { "GET", "/things?name=a&count=x", NULL, NULL, 400, "\"unsupported_value\"",
          "\"parameter\":\"count\"" },
        { "GET", "/things?name=%ff", NULL, NULL, 400, "\"parameter\":\"name\"", NULL },
        { "GET", "/things?count=0&page[size]=0", NULL, NULL, 400, "\"parameter\":\"count\"",
          "\"parameter\":\"page[size]\"" },
        { "GET", "/things?name=a&page[size]=51", NULL, NULL, 400, "from 1 to 50", NULL },
        { "GET", "/things?name=a&page[size]=2x", NULL, NULL, 400, "page[size]", NULL },
        { "GET", "/things?name=a&page[size]=", NULL, NULL, 400, "page[size]", NULL },
        { "GET", "/things?name=a&page[size]=99999999999999999999", NULL, NULL, 400, NULL, NULL },
        { "GET", "/things?name=a&page[after]=x&page[before]=y", NULL, NULL, 400,
          "\"parameter\":\"page[before]\"", NULL },
        { "GET", "/things?name=a&page[after]=%ff", NULL, NULL, 400, "\"parameter\":\"page[after]\"",
          NULL },
        { "GET", id, NULL, NULL, 200, "\"size\":20", NULL },
        { "GET", "/pages?page[after]=x", NULL, NULL, 400, "\"parameter\":\"page[after]\"", NULL },
    };
    for (size_t i = 0; i < LENGTH(rows); i++)
        check(&rows[i], frame.key);
}

static void test_links(void **state) {
    (void) state;
    static const struct row rows[] = {
        { "GET", "/things?name=a", NULL, NULL, 200, "\"self\":{\"href\":\"/things?page[size]=7&name=a\"}",
          "\"next\":{\"href\":\"/things?page[size]=7&page[after]=c%40d&name=a\"}" },
        { "GET", "/things?page%5Bsize%5D=2&count=1&x=y&name=a%20b&page[after]=q", NULL, NULL, 200,
          "\"prev\":{\"href\":\"/things?page[size]=2&page[before]=a%20b&count=1&name=a%20b\"}",
          "\"self\":{\"href\":\"/things?page[size]=2&page[after]=q&count=1&name=a%20b\"}" },
        { "GET", "/things?name=%22&page[before]=q", NULL, NULL, 200,
          "\"self\":{\"href\":\"/things?page[size]=7&page[before]=q&name=%22\"}", NULL },
    };
    for (size_t i = 0; i < LENGTH(rows); i++)
        check(&rows[i], frame.key);
}

static void test_request_ids(void **state) {
    (void) state;
    static const struct {
        const char *line;
        const char *echoed; /* NULL: a new one */
    } cases[] = {
        { "X-Request-Id: abc-123.Z_:/+=@\r\n", "abc-123.Z_:/+=@" },
        { "x-request-id: q\r\n", "q" },
        { "X-Request-Id: two words\r\n", NULL },
        { "X-Request-Id: \"quoted\"\r\n", NULL },
        { "X-Request-Id: \r\n", NULL },
        { "", NULL },
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct ask ask = { "GET", "/nothing", STR_NONE, cases[i].line, NULL };
        struct reply reply = frame_ask(&frame, &ask);
        struct str id = reply_header(reply, "X-Request-Id");
        if (cases[i].echoed)
            assert_str(id, cases[i].echoed);
        else
            assert_true(uuid_is_valid(id));
        assert_true(str_contains(reply.body, id)); /* the error's id begins with it */
    }
    char line[200] = "X-Request-Id: ";
    size_t n = strlen(line);
    for (size_t length = 128; length <= 129; length++) {
        memset(line + n, 'x', length);
        memcpy(line + n + length, "\r\n", 3);
        struct ask ask = { "GET", "/open", STR_NONE, line, NULL };
        assert_int_equal(reply_header(frame_ask(&frame, &ask), "X-Request-Id").n,
                         length <= 128 ? length : 36);
    }
}

static void test_waiting(void **state) {
    (void) state;
    struct ask ask = { "GET", "/slow", frame.key, NULL, NULL };
    atomic_store(&things.polls_needed, 5);
    struct reply reply = frame_ask(&frame, &ask);
    assert_int_equal(reply.status, 200);
    assert_str(reply.body, "{\"number\":5,\"id\":\"One\"}");
    atomic_store(&things.polls_needed, INT_MAX);
    reply = frame_ask(&frame, &ask);
    assert_int_equal(reply.status, 408);
    assert_str(reply_header(reply, "Retry-After"), "60");
    assert_true(str_contains(reply.body, STR("\"request_timeout\"")));
}

/* A request that waits is answered when the server drains, and does not hold it up. */
static void test_drained(void **state) {
    (void) state;
    struct client waiting;
    struct ask ask = { "GET", "/slow", frame.key, NULL, NULL };
    atomic_store(&things.polls, 0);
    atomic_store(&things.polls_needed, 2);
    client_open(&waiting, server_port(frame.server));
    assert_int_equal(frame_ask_on(&waiting, &ask).status, 200);
    client_close(&waiting);
    app_drain(frame.app);
    assert_int_equal(frame_ask(&frame, &ask).status, 200);
    atomic_store(&things.polls_needed, INT_MAX);
    assert_int_equal(frame_ask(&frame, &ask).status, 408);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_routes),  cmocka_unit_test(test_keys),
        cmocka_unit_test(test_revoked), cmocka_unit_test(test_bodies),
        cmocka_unit_test(test_queries), cmocka_unit_test(test_links),
        cmocka_unit_test(test_request_ids), cmocka_unit_test(test_waiting),
        cmocka_unit_test(test_drained),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
