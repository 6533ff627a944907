/* The Idempotency-Key over sockets, on both engines: the same answer once more, never
 * the same work twice. */
#include "frame.h"

#include "store/idempotency.h"

#define KEY "Idempotency-Key: k-1\r\n"
static const char body_a[] = "{\"name\":\"a\"}";

static struct reply post(struct frame *f, const char *target, const char *headers,
                         const char *body) {
    struct ask ask = { "POST", target, f->key, headers, body };
    return frame_ask(f, &ask);
}

static bool is_replayed(struct reply reply) {
    return str_eq(reply_header(reply, "Idempotency-Replayed"), STR("true"));
}

static void test_replay(void **state) {
    struct frame f;
    frame_start(&f, *state, 0);
    struct reply first = post(&f, "/things", KEY, body_a);
    assert_int_equal(first.status, 201);
    assert_false(is_replayed(first));
    struct str body = arena_str(f.db->ctx.arena, first.body);
    for (int i = 0; i < 2; i++) {
        struct reply again = post(&f, "/things", KEY, body_a);
        assert_int_equal(again.status, 201);
        assert_true(is_replayed(again) && str_eq(again.body, body));
        assert_str(reply_header(again, "Location"), "/things/1");
        assert_str(reply_header(again, "Content-Type"), "application/json");
    }
    assert_int_equal(atomic_load(&things.made), 1);
    assert_int_equal(post(&f, "/things", KEY, "{\"name\":\"b\"}").status, 422);
    assert_int_equal(post(&f, "/things/small", KEY, body_a).status, 422);
    assert_int_equal(post(&f, "/things?x=1", KEY, body_a).status, 422);
    assert_int_equal(post(&f, "/things", "Idempotency-Key: k-2\r\n", body_a).status, 201);
    assert_int_equal(post(&f, "/things", NULL, body_a).status, 201);
    f.key = f.other_key; /* another account may have the same keys */
    assert_false(is_replayed(post(&f, "/things", KEY, body_a)));
    assert_int_equal(atomic_load(&things.made), 4);
    frame_stop(&f);
}

/* What is not stored: failures of ours, want of credits, requests that never ran. */
static void test_not_stored(void **state) {
    struct frame f;
    frame_start(&f, *state, 0);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(post(&f, "/things/fail", KEY, body_a).status, 500);
        assert_int_equal(post(&f, "/things/poor", "Idempotency-Key: k-2\r\n", body_a).status, 402);
        assert_int_equal(post(&f, "/things", "Idempotency-Key: k-3\r\n", "{}").status, 400);
    }
    assert_int_equal(atomic_load(&things.made), 4);
    assert_int_equal(post(&f, "/things", "Idempotency-Key: k-3\r\n", body_a).status, 201);
    frame_stop(&f);
}

static void test_bad_keys(void **state) {
    struct frame f;
    frame_start(&f, *state, 0);
    char line[400] = "Idempotency-Key: ";
    size_t n = strlen(line);
    for (size_t length = 255; length <= 256; length++) {
        memset(line + n, 'k', length);
        memcpy(line + n + length, "\r\n", 3);
        struct reply reply = post(&f, "/things", line, body_a);
        assert_int_equal(reply.status, length == 255 ? 201 : 400);
        assert_true(length == 255
                    || str_contains(reply.body, STR("\"header\":\"Idempotency-Key\"")));
    }
    assert_int_equal(post(&f, "/things", "Idempotency-Key: \r\n", body_a).status, 400);
    assert_int_equal(atomic_load(&things.made), 1);
    frame_stop(&f);
}

static void *hold(void *arg) {
    struct frame *f = arg;
    struct client client;
    struct ask ask = { "POST", "/things/hold", f->key, KEY, body_a };
    client_open(&client, server_port(f->server));
    struct reply reply = frame_ask_on(&client, &ask);
    int status = reply.status;
    client_close(&client);
    return (void *) (intptr_t) status;
}

static void wait_until_held(void) {
    pthread_mutex_lock(&things.mutex);
    while (!things.holding)
        pthread_cond_wait(&things.changed, &things.mutex);
    pthread_mutex_unlock(&things.mutex);
}

static void set_released(bool released) {
    pthread_mutex_lock(&things.mutex);
    things.released = released;
    things.holding = false;
    pthread_cond_broadcast(&things.changed);
    pthread_mutex_unlock(&things.mutex);
}

static void test_running(void **state) {
    struct frame f;
    pthread_t thread;
    void *status;
    frame_start(&f, *state, 0);
    set_released(false);
    assert_int_equal(pthread_create(&thread, NULL, hold, &f), 0);
    wait_until_held();
    assert_int_equal(post(&f, "/things/hold", KEY, "{\"name\":\"b\"}").status, 422);
    struct reply reply = post(&f, "/things/hold", KEY, body_a);
    assert_int_equal(reply.status, 409);
    assert_true(str_contains(reply.body, STR("\"idempotency_key_in_use\"")));
    assert_str(reply_header(reply, "Retry-After"), "1");
    set_released(true);
    assert_int_equal(pthread_join(thread, &status), 0);
    assert_int_equal((intptr_t) status, 201);
    assert_true(is_replayed(post(&f, "/things/hold", KEY, body_a)));
    frame_stop(&f);
}

/* The store itself, with a clock of its own. */

static int64_t fake_now_ms;
static int64_t read_fake(const struct clock *clock) {
    (void) clock;
    return fake_now_ms;
}
static const struct clock fake_clock = { read_fake };

static bool claim(struct ctx *ctx, struct idempotency_claim *c, enum rc expected) {
    bool is_ours = false;
    struct idempotency_answer answer;
    assert_rc(ctx, idempotency_claim(ctx, c, &is_ours, &answer), expected);
    ctx_clear_error(ctx);
    return is_ours;
}

static void test_lapse(void **state) {
    struct test_db *t = *state;
    struct ctx *ctx = &t->ctx;
    int applied;
    int64_t purged;
    assert_ok(ctx, db_migrate(ctx, migrations, migrations_count, false, &applied));
    ctx->account_id = STR("account");
    ctx->clock = &fake_clock;
    fake_now_ms = 1000000;
    struct idempotency_claim first = { .key = STR("k"), .fingerprint = STR("f"), .lock_ms = 100 };
    struct idempotency_claim second = first, other = first;
    other.fingerprint = STR("g");
    assert_true(claim(ctx, &first, OK));
    fake_now_ms += 99;
    assert_false(claim(ctx, &second, OK));
    fake_now_ms += 1; /* the holder's claim has run out: it crashed, or is slow */
    assert_false(claim(ctx, &other, E_CONFLICT));
    assert_true(claim(ctx, &second, OK));

    struct idempotency_answer answer = { .status = opt_int(200), .body = STR("late") }, seen;
    bool is_ours;
    assert_ok(ctx, idempotency_store(ctx, &first, &answer)); /* not its claim any more */
    assert_ok(ctx, idempotency_release(ctx, &first));
    assert_false(claim(ctx, &first, OK));
    answer.body = STR("right");
    assert_ok(ctx, idempotency_store(ctx, &second, &answer));
    fake_now_ms += IDEMPOTENCY_LIFE_MS - 1;
    assert_ok(ctx, idempotency_claim(ctx, &first, &is_ours, &seen));
    assert_true(seen.status.v == 200 && !is_ours);
    assert_str(seen.body, "right");
    assert_ok(ctx, idempotency_purge(ctx, 10, &purged));
    assert_int_equal(purged, 0);
    fake_now_ms += 101;
    assert_ok(ctx, idempotency_purge(ctx, 10, &purged));
    assert_int_equal(purged, 1);
    assert_true(claim(ctx, &other, OK)); /* a day later the key is free, also for others */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        BOTH_ENGINES(test_replay),  BOTH_ENGINES(test_not_stored), BOTH_ENGINES(test_bad_keys),
        BOTH_ENGINES(test_running), BOTH_ENGINES(test_lapse),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
