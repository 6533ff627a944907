/* Request limits: counted exactly by many threads, in memory and in the database, and
 * what a client is told about them. */
#include "frame.h"

#include "http/limits.h"

static int64_t now_ms;

static int64_t set_time(const struct clock *clock) {
    (void) clock;
    return now_ms;
}

static void test_window(void **state) {
    (void) state;
    static const struct clock clock = { set_time };
    enum { QUOTA = 3 };
    static const struct {
        int64_t now_ms;
        bool refused;
        int64_t left, reset_ms;
    } steps[] = {
        { 1000000, false, 2, 60000 }, { 1000500, false, 1, 59500 }, { 1059999, false, 0, 1 },
        { 1059999, true, 0, 1 },      { 1060000, false, 2, 60000 }, { 1059990, false, 1, 60010 },
        { 1119999, false, 0, 1 },     { 1119999, true, 0, 1 },      { 1300000, false, 2, 60000 },
        { 1000, false, 2, 60000 }, /* the clock was set back */
    };
    struct ctx ctx = test_ctx();
    ctx.clock = &clock;
    int64_t quotas[LIMIT_CLASS_COUNT] = { [LIMIT_DEFAULT] = QUOTA };
    struct limits *limits = limits_new(quotas, false);
    struct account_limits *account = limits_account(limits, STR("a"));
    for (size_t i = 0; i < LENGTH(steps); i++) {
        struct limit_result result;
        now_ms = steps[i].now_ms;
        assert_ok(&ctx, limits_count(&ctx, limits, account, LIMIT_DEFAULT, &result));
        if (result.refused != steps[i].refused || result.left != steps[i].left
            || result.reset_ms != steps[i].reset_ms || result.quota != QUOTA)
            fail_case("step %zu: refused %d left %d reset %d", i, result.refused, (int) result.left,
                      (int) result.reset_ms);
    }
    struct limit_result other;
    assert_ptr_equal(limits_account(limits, STR("a")), account);
    struct account_limits *second = limits_account(limits, STR("b"));
    assert_ok(&ctx, limits_count(&ctx, limits, second, LIMIT_DEFAULT, &other));
    assert_int_equal(other.left, QUOTA - 1);
    assert_ok(&ctx, limits_count(&ctx, limits, second, LIMIT_PEOPLE_FIND, &other));
    assert_int_equal(other.quota, 0);
    assert_int_equal(limits_refused(limits, LIMIT_DEFAULT), 2);
    limits_free(&limits);
    arena_free(&ctx.arena);
}

/* A window of an hour ends after an hour. */
static void test_an_hour(void **state) {
    (void) state;
    static const struct clock clock = { set_time };
    static const struct {
        int64_t now_ms;
        bool refused;
        int64_t reset_ms;
    } steps[] = {
        { 10000000, false, HOUR_MS },           { 10060001, true, HOUR_MS - 60001 },
        { 10000000 + HOUR_MS - 1, true, 1 },    { 10000000 + HOUR_MS, false, HOUR_MS },
    };
    struct ctx ctx = test_ctx();
    ctx.clock = &clock;
    int64_t quotas[LIMIT_CLASS_COUNT] = { [LIMIT_CALL_RECORDING] = 1 };
    struct limits *limits = limits_new(quotas, false);
    struct account_limits *account = limits_account(limits, STR("a"));
    for (size_t i = 0; i < LENGTH(steps); i++) {
        struct limit_result result;
        now_ms = steps[i].now_ms;
        assert_ok(&ctx, limits_count(&ctx, limits, account, LIMIT_CALL_RECORDING, &result));
        if (result.refused != steps[i].refused || result.reset_ms != steps[i].reset_ms)
            fail_case("step %zu: refused %d reset %d", i, result.refused, (int) result.reset_ms);
    }
    assert_str(limit_policy_text(ctx.arena, LIMIT_CALL_RECORDING, 50), "\"call-recording\";q=50;w=3600");
    limits_free(&limits);
    arena_free(&ctx.arena);
}

static void test_texts(void **state) {
    (void) state;
    struct ctx ctx = test_ctx();
    struct limit_result result = { .quota = 500, .left = 499, .reset_ms = 59001 };
    assert_str(limit_policy_text(ctx.arena, LIMIT_DEFAULT, 500), "\"default\";q=500;w=60");
    assert_str(limit_result_text(ctx.arena, LIMIT_PEOPLE_SEARCH, &result),
               "\"people-search\";r=499;t=60");
    static const int64_t times[][2] = { { 0, 1 }, { -5, 1 }, { 1, 1 }, { 1000, 1 }, { 1001, 2 } };
    for (size_t i = 0; i < LENGTH(times); i++) {
        result.reset_ms = times[i][0];
        assert_int_equal(limit_reset_s(&result), times[i][1]);
    }
    arena_free(&ctx.arena);
}

/* Over sockets: each thread has a connection and asks; exactly the quota passes, also
 * with two servers on one PostgreSQL. */
enum { THREADS = 16, ASKS = 10, QUOTA = 100 };

struct asker {
    struct frame *frame;
    pthread_t thread;
    int passed, refused, other;
};

static void *ask_often(void *arg) {
    struct asker *a = arg;
    struct client client;
    struct ask ask = { "GET", "/things?name=a", a->frame->key, NULL, NULL };
    client_open(&client, server_port(a->frame->server));
    for (int i = 0; i < ASKS; i++) {
        struct reply reply = frame_ask_on(&client, &ask);
        a->passed += reply.status == 200;
        a->refused += reply.status == 429 && str_is_set(reply_header(reply, "Retry-After"));
        a->other += reply.status != 200 && reply.status != 429;
    }
    client_close(&client);
    return NULL;
}

static void ask_from_all(struct frame *frames, int n_frames) {
    struct asker askers[THREADS];
    int passed = 0, refused = 0;
    for (int i = 0; i < THREADS; i++) {
        askers[i] = (struct asker){ .frame = &frames[i % n_frames] };
        assert_int_equal(pthread_create(&askers[i].thread, NULL, ask_often, &askers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(askers[i].thread, NULL), 0);
        assert_int_equal(askers[i].other, 0);
        passed += askers[i].passed;
        refused += askers[i].refused;
    }
    assert_int_equal(passed, QUOTA);
    assert_int_equal(refused, THREADS * ASKS - QUOTA);
}

static void test_exact(void **state) {
    struct frame frame;
    frame_start(&frame, *state, QUOTA);
    ask_from_all(&frame, 1);
    frame_stop(&frame);
}

static void test_exact_across_processes(void **state) {
    struct frame frames[2];
    frame_start(&frames[0], *state, QUOTA);
    frame_start(&frames[1], *state, QUOTA);
    frames[1].key = frames[0].key;
    ask_from_all(frames, 2);
    frame_stop(&frames[0]);
    frame_stop(&frames[1]);
}

static void test_headers(void **state) {
    struct frame frame;
    frame_start(&frame, *state, 0);
    struct ask ask = { "GET", "/found", frame.key, NULL, NULL };
    struct reply reply = frame_ask(&frame, &ask);
    assert_int_equal(reply.status, 200);
    assert_str(reply_header(reply, "RateLimit-Policy"), "\"people-find\";q=2;w=60");
    assert_true(str_starts(reply_header(reply, "RateLimit"), STR("\"people-find\";r=1;t=")));
    assert_int_equal(frame_ask(&frame, &ask).status, 200);
    for (int i = 0; i < 2; i++) {
        reply = frame_ask(&frame, &ask);
        assert_int_equal(reply.status, 429);
        assert_true(str_contains(reply.body, STR("\"rate_limited\"")));
        assert_true(str_starts(reply_header(reply, "RateLimit"), STR("\"people-find\";r=0;t=")));
        int64_t after;
        assert_int_equal(str_to_i64(reply_header(reply, "Retry-After"), &after), OK);
        assert_in_range(after, 1, 60);
    }
    ask.key = frame.other_key;
    assert_int_equal(frame_ask(&frame, &ask).status, 200);
    ask = (struct ask){ "GET", "/things?name=a", frame.key, NULL, NULL }; /* off: 0 */
    reply = frame_ask(&frame, &ask);
    assert_int_equal(reply.status, 200);
    assert_str(reply_header(reply, "RateLimit"), NULL);
    frame_stop(&frame);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_window),
        cmocka_unit_test(test_an_hour),
        cmocka_unit_test(test_texts),
        BOTH_ENGINES(test_exact),
        { "test_exact_across_processes (postgresql)", test_exact_across_processes,
          test_db_setup_pg, test_db_teardown, NULL },
        BOTH_ENGINES(test_headers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
