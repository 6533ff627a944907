#include "test.h"

#include "base/arena.h"
#include "base/check.h"
#include "store/shown_cache.h"

struct cached {
    struct shown_cache *cache;
    struct arena *arena;
};

static struct cached start(size_t max_bytes) {
    return (struct cached){ shown_cache_new(max_bytes), arena_new() };
}

static void end(struct cached *c) {
    shown_cache_free(&c->cache);
    assert_null(c->cache);
    arena_free(&c->arena);
}

static bool has(const struct cached *c, enum shown_kind kind, int64_t doc) {
    struct shown shown;
    return shown_cache_get(c->cache, kind, doc, c->arena, &shown);
}

static void put(const struct cached *c, enum shown_kind kind, int64_t doc, const char *json) {
    struct shown shown;
    (void) shown_cache_get(c->cache, kind, doc, c->arena, &shown);
    shown = (struct shown){ str_of(json), 1, 7, shown.ticket };
    shown_cache_put(c->cache, kind, doc, &shown);
}

static void test_get_what_was_put(void **state) {
    (void) state;
    struct cached c = start(1 << 20);
    struct shown shown = { 0 };
    assert_false(has(&c, SHOWN_PERSON, 5));
    put(&c, SHOWN_PERSON, 5, "{\"a\":1}");
    put(&c, SHOWN_COMPANY, 5, "{\"b\":2}");
    assert_true(shown_cache_get(c.cache, SHOWN_PERSON, 5, c.arena, &shown));
    assert_str(shown.json, "{\"a\":1}");
    assert_int_equal(shown.split, 1);
    assert_int_equal(shown.company, 7);
    assert_true(shown_cache_get(c.cache, SHOWN_COMPANY, 5, c.arena, &shown));
    assert_str(shown.json, "{\"b\":2}");
    put(&c, SHOWN_PERSON, 5, "{\"a\":3}");
    assert_true(shown_cache_get(c.cache, SHOWN_PERSON, 5, c.arena, &shown));
    assert_str(shown.json, "{\"a\":3}");
    end(&c);
}

static void test_forget(void **state) {
    (void) state;
    struct cached c = start(1 << 20);
    int64_t docs[] = { 2, 4 };
    for (int64_t doc = 1; doc <= 5; doc++) {
        put(&c, SHOWN_PERSON, doc, "{}");
        put(&c, SHOWN_COMPANY, doc, "{}");
    }
    shown_cache_forget(c.cache, SHOWN_PERSON, (struct ints){ docs, LENGTH(docs) });
    for (int64_t doc = 1; doc <= 5; doc++) {
        assert_int_equal(has(&c, SHOWN_PERSON, doc), doc % 2);
        assert_true(has(&c, SHOWN_COMPANY, doc));
    }
    shown_cache_clear(c.cache);
    assert_false(has(&c, SHOWN_PERSON, 1));
    assert_false(has(&c, SHOWN_COMPANY, 1));
    end(&c);
}

/* What was read before the row was forgotten does not come back. */
static void test_late_put(void **state) {
    (void) state;
    struct cached c = start(1 << 20);
    struct shown shown;
    int64_t doc = 9;
    for (int all = 0; all < 2; all++) {
        assert_false(shown_cache_get(c.cache, SHOWN_PERSON, doc, c.arena, &shown));
        shown.json = STR("{}");
        if (all)
            shown_cache_clear(c.cache);
        else
            shown_cache_forget(c.cache, SHOWN_PERSON, (struct ints){ &doc, 1 });
        shown_cache_put(c.cache, SHOWN_PERSON, doc, &shown);
        assert_false(has(&c, SHOWN_PERSON, doc));
    }
    put(&c, SHOWN_PERSON, doc, "{}");
    assert_true(has(&c, SHOWN_PERSON, doc));
    end(&c);
}

/* Many more rows than there is room for: some are kept, no more bytes than allowed. */
static void test_bounded(void **state) {
    (void) state;
    enum { ROOM = 1 << 20, ROW = 4000, ROWS = 2000 };
    struct cached c = start(ROOM);
    char *text = arena_alloc(c.arena, ROW + 1);
    memset(text, 'x', ROW);
    for (int64_t doc = 1; doc <= ROWS; doc++)
        put(&c, SHOWN_PERSON, doc, text);
    size_t kept = 0;
    for (int64_t doc = 1; doc <= ROWS; doc++)
        kept += has(&c, SHOWN_PERSON, doc);
    assert_in_range(kept * ROW, ROOM / 2, ROOM);
    end(&c);
}

/* Rows that are asked for again and again stay while others come and go. */
static void test_used_rows_stay(void **state) {
    (void) state;
    struct cached c = start(1 << 18);
    put(&c, SHOWN_PERSON, 1, "{}");
    for (int64_t doc = 2; doc <= 20000; doc++) {
        put(&c, SHOWN_PERSON, doc, "{}");
        assert_true(has(&c, SHOWN_PERSON, 1));
    }
    assert_false(has(&c, SHOWN_PERSON, 2));
    end(&c);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_get_what_was_put), cmocka_unit_test(test_forget),
        cmocka_unit_test(test_late_put),         cmocka_unit_test(test_bounded),
        cmocka_unit_test(test_used_rows_stay),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
