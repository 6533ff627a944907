#include "test.h"

#include <stdatomic.h>

#include "base/bell.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/rand.h"
#include "base/utf8.h"
#include "base/vec.h"

static void count_call(void *arg) {
    ++*(int *) arg;
}

static void test_arena(void **state) {
    (void) state;
    struct arena *arena = arena_new();
    int calls = 0;
    arena_defer(arena, count_call, &calls);
    for (size_t i = 1; i < 2000; i++) {
        char *p = arena_alloc(arena, i * 7 % 5000);
        assert_int_equal((uintptr_t) p % 16, 0);
        memset(p, 0xAA, i * 7 % 5000);
    }
    arena_reset(arena);
    assert_int_equal(calls, 1);
    assert_int_equal(arena_used(arena), 0);
    for (size_t i = 0; i < 3000; i++) {
        const char *p = arena_alloc(arena, 8);
        for (size_t k = 0; k < 8; k++)
            assert_int_equal(p[k], 0);
    }
    arena_defer(arena, count_call, &calls);
    arena_free(&arena);
    assert_int_equal(calls, 2);
    assert_null(arena);
}

static void test_numbers(void **state) {
    (void) state;
    static const struct {
        const char *text;
        enum rc rc;
        int64_t value;
    } cases[] = {
        { "0", OK, 0 }, { "-1", OK, -1 }, { "9223372036854775807", OK, INT64_MAX },
        { "-9223372036854775808", OK, INT64_MIN }, { "9223372036854775808", E_INVALID, 7 },
        { "", E_INVALID, 7 }, { "-", E_INVALID, 7 }, { "+1", E_INVALID, 7 },
        { "1 ", E_INVALID, 7 }, { "0x1", E_INVALID, 7 },
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        int64_t value = 7;
        assert_int_equal(str_to_i64(str_of(cases[i].text), &value), cases[i].rc);
        assert_int_equal(value, cases[i].value);
    }
    struct buf b = buf_on_heap(100);
    buf_i64(&b, INT64_MIN);
    assert_str(buf_text(&b), "-9223372036854775808");
    buf_done(&b);
}

static void test_buf_stops_at_its_maximum(void **state) {
    (void) state;
    struct buf b = buf_on_heap(8);
    buf_str(&b, STR("12345678"));
    assert_int_equal(buf_result(&b), OK);
    buf_char(&b, '9');
    buf_str(&b, STR(""));
    assert_int_equal(buf_result(&b), E_TOO_LARGE);
    assert_str(buf_text(&b), "12345678");
    buf_done(&b);
}

static void test_escapes(void **state) {
    (void) state;
    struct arena *arena = arena_new();
    struct buf b = buf_in(arena, 1000);
    buf_json(&b, STR("a\"\\\n\x01\xC3\xA9\xFF/"));
    assert_str(buf_text(&b), "a\\\"\\\\\\n\\u0001\xC3\xA9\xEF\xBF\xBD/");
    buf_clear(&b);
    buf_url(&b, STR("a b[]~\xC3\xA9"));
    assert_str(buf_text(&b), "a%20b%5B%5D~%C3%A9");
    buf_clear(&b);
    buf_html(&b, STR("<a href='x'>&\""));
    assert_str(buf_text(&b), "&lt;a href=&#39;x&#39;&gt;&amp;&quot;");
    buf_clear(&b);
    buf_printable(&b, STR("a\r\n\x1B[2J\x7F\xC3\xA9\xFF\xE2\x82"));
    assert_str(buf_text(&b), "a   [2J \xC3\xA9???");
    arena_free(&arena);
}

static void test_utf8(void **state) {
    (void) state;
    static const struct {
        const char *bytes;
        size_t length;
    } cases[] = {
        { "a", 1 }, { "\xC3\xA9", 2 }, { "\xE2\x82\xAC", 3 }, { "\xF0\x9F\x98\x80", 4 },
        { "\xC0\x80", 0 }, { "\xE0\x80\x80", 0 }, { "\xED\xA0\x80", 0 }, { "\xF4\x90\x80\x80", 0 },
        { "\xF0\x9F\x98", 0 }, { "\x80", 0 }, { "\xFF", 0 }, { "", 0 },
    };
    for (size_t i = 0; i < LENGTH(cases); i++)
        assert_int_equal(utf8_length(str_of(cases[i].bytes)), cases[i].length);
    /* The same bytes at each place of a text that is otherwise ASCII. */
    for (size_t i = 0; i < LENGTH(cases); i++) {
        size_t n = strlen(cases[i].bytes);
        for (size_t at = 0; at < 20; at++) {
            char text[] = "abcdefghijklmnopqrstuvwx";
            memcpy(text + at, cases[i].bytes, n);
            assert_int_equal(utf8_is_valid(str_of(text)), n == 0 || cases[i].length == n);
        }
    }
}

static void test_utf8_cut(void **state) {
    (void) state;
    static const size_t whole[] = { 0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 11, 11 };
    struct str text = STR("a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80z");
    for (size_t max = 0; max < LENGTH(whole); max++)
        assert_int_equal(utf8_cut(text, max).n, whole[max]);
    assert_int_equal(utf8_cut(STR("\x80\x80"), 1).n, 0); /* no text at all */
}

static void test_times(void **state) {
    (void) state;
    static const struct {
        const char *text;
        enum rc rc;
        int64_t ms;
    } cases[] = {
        { "1970-01-01", OK, 0 }, { "2025-08-29T14:54:16Z", OK, 1756479256000 },
        { "2024-08-28T22:33:16.145Z", OK, 1724884396145 },
        { "2000-02-29T00:00:00+01:00", OK, 951778800000 }, { "1969-12-31T23:59:59Z", OK, -1000 },
        { "2001-02-29", E_INVALID, 0 }, { "2025-13-01", E_INVALID, 0 },
        { "2025-1-1", E_INVALID, 0 }, { "2025-08-29T14:54Z", E_INVALID, 0 },
        { "2025-08-29T14:54:16", E_INVALID, 0 }, { "2025-08-29T14:54:16.Z", E_INVALID, 0 },
        { "", E_INVALID, 0 },
    };
    struct arena *arena = arena_new();
    for (size_t i = 0; i < LENGTH(cases); i++) {
        int64_t ms = 0;
        assert_int_equal(time_parse(str_of(cases[i].text), &ms), cases[i].rc);
        assert_int_equal(ms, cases[i].ms);
    }
    assert_str(time_iso(arena, 1756479256000), "2025-08-29T14:54:16Z");
    assert_str(time_iso_ms(arena, -1), "1969-12-31T23:59:59.999Z");
    arena_free(&arena);
}

static void test_map(void **state) {
    (void) state;
    struct arena *arena = arena_new();
    struct map map = map_in(arena);
    static int values[1000];
    for (int i = 0; i < 1000; i++)
        assert_null(map_put(&map, arena_printf(arena, "key %d", i), &values[i]));
    assert_ptr_equal(map_put(&map, STR("key 7"), &values[8]), &values[7]);
    assert_ptr_equal(map_get(&map, STR("key 7")), &values[8]);
    assert_ptr_equal(map_get(&map, STR("key 999")), &values[999]);
    assert_null(map_get(&map, STR("key 1000")));
    size_t seen = 0, at = 0;
    struct str key;
    void *value;
    while (map_next(&map, &at, &key, &value))
        seen++;
    assert_int_equal(seen, 1000);
    arena_free(&arena);
}

static void test_ids(void **state) {
    (void) state;
    struct arena *arena = arena_new();
    struct str before = uuid_new(arena, 1756479256000);
    assert_true(uuid_is_valid(before));
    assert_int_equal(before.p[14], '7');
    for (int i = 0; i < 10000; i++) {
        struct str next = uuid_new(arena, 1756479256000);
        assert_true(str_compare(before, next) < 0);
        before = next;
    }
    assert_false(uuid_is_valid(STR("0198f652-8062-7aac-b6c8-5b722885410")));
    assert_false(uuid_is_valid(STR("0198f652-8062-7aac-b6c8_5b7228854105")));
    arena_free(&arena);
}

static void test_slices(void **state) {
    (void) state;
    struct str rest = STR("a,,b"), part;
    struct arena *arena = arena_new();
    struct strs parts = { 0 };
    while (str_cut(&rest, ',', &part))
        strs_add(arena, &parts, part);
    assert_int_equal(parts.n, 3);
    assert_str(parts.p[0], "a");
    assert_str(parts.p[1], "");
    assert_str(parts.p[2], "b");
    assert_str(str_trim(STR(" \t x y \n")), "x y");
    assert_int_equal(str_find_str(STR("abcabd"), STR("abd")), 3);
    assert_false(str_contains(STR("ab"), STR("abc")));
    assert_true(str_compare(STR("a"), STR("ab")) < 0);
    arena_free(&arena);
}

static void test_problems_are_kept_in_order(void **state) {
    (void) state;
    struct ctx ctx = test_ctx();
    assert_int_equal(bad_field(&ctx, STR("/a/0"), "unsupported_value", "no %d", 1), E_INVALID);
    assert_int_equal(problem(&ctx, E_NOT_FOUND, "person_not_found", "nobody"), E_NOT_FOUND);
    assert_int_equal(ctx.problem_count, 2);
    assert_str(ctx.problems->where, "/a/0");
    assert_str(ctx.problems->next->detail, "nobody");
    assert_int_equal(fail(&ctx, E_IO, "first"), E_IO);
    assert_int_equal(fail(&ctx, E_DB, "second"), E_DB);
    assert_str(ctx.err.text, "first");
    arena_free(&ctx.arena);
}

/* --- bell --- */

static void *ring(void *bell) {
    bell_ring(bell);
    return NULL;
}

static void test_a_ring_ends_the_rest_or_the_next(void **state) {
    (void) state;
    struct bell bell;
    bool rung = false;
    bell_init(&bell);
    bell_ring(&bell);
    assert_true(bell_rest(&bell, HOUR_MS, &rung)); /* it was rung before */
    assert_true(rung);
    assert_true(bell_rest(&bell, 1, &rung));
    assert_false(rung);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, ring, &bell), 0);
    assert_true(bell_rest(&bell, HOUR_MS, &rung));
    assert_true(rung);
    assert_int_equal(pthread_join(thread, NULL), 0);
    bell_stop(&bell);
    assert_false(bell_rest(&bell, HOUR_MS, NULL));
    assert_false(bell_rest(&bell, HOUR_MS, NULL)); /* for good */
    bell_destroy(&bell);
}

struct caller {
    struct door *door;
    atomic_bool ends;
};

static void *call(void *arg) {
    struct caller *caller = arg;
    while (!atomic_load(&caller->ends)) {
        struct bell *bell = door_enter(caller->door);
        if (bell)
            bell_ring(bell);
        door_leave(caller->door);
    }
    return NULL;
}

/* A service that is gone while it is called would be seen by the sanitizers. */
static void test_who_is_called_does_not_go_away(void **state) {
    (void) state;
    struct door door = DOOR_CLOSED;
    struct caller caller = { .door = &door };
    pthread_t thread;
    thread_start(&thread, call, &caller);
    for (int i = 0; i < 100; i++) {
        struct bell *bell = MEM_NEW(struct bell);
        bool rung = false;
        bell_init(bell);
        door_set(&door, bell);
        while (!rung)
            assert_true(bell_rest(bell, HOUR_MS, &rung));
        door_set(&door, NULL);
        bell_destroy(bell);
        mem_free(bell);
    }
    atomic_store(&caller.ends, true);
    assert_int_equal(pthread_join(thread, NULL), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_arena),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_buf_stops_at_its_maximum),
        cmocka_unit_test(test_escapes),
        cmocka_unit_test(test_utf8),
        cmocka_unit_test(test_utf8_cut),
        cmocka_unit_test(test_times),
        cmocka_unit_test(test_map),
        cmocka_unit_test(test_ids),
        cmocka_unit_test(test_slices),
        cmocka_unit_test(test_problems_are_kept_in_order),
        cmocka_unit_test(test_a_ring_ends_the_rest_or_the_next),
        cmocka_unit_test(test_who_is_called_does_not_go_away),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
