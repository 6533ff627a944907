#include "test.h"

#include "base/vec.h"
#include "search/expr.h"

static struct expr *token(struct arena *arena, const char *text) {
    return expr_token(arena, str_of(text));
}

/* (a AND (b OR (c AND d))) with children that say nothing in between. */
static struct expr *sample(struct arena *arena) {
    struct expr *both = expr_and(arena);
    expr_add(both, token(arena, "c"));
    expr_add(both, token(arena, "d"));
    struct expr *either = expr_or(arena);
    expr_add(either, token(arena, "b"));
    expr_add(either, expr_or(arena));
    expr_add(either, both);
    struct expr *all = expr_and(arena);
    expr_add(all, token(arena, "a"));
    expr_add(all, expr_and(arena));
    expr_add(all, NULL);
    expr_add(all, either);
    return all;
}

static void test_rendering(void **state) {
    (void) state;
    struct arena *arena = arena_new();
    assert_str(expr_fts5(arena, sample(arena)), "(\"a\" AND (\"b\" OR (\"c\" AND \"d\")))");
    assert_str(expr_tsquery(arena, sample(arena)), "('a' & ('b' | ('c' & 'd')))");
    arena_free(&arena);
}

/* (a AND b*) */
static struct expr *with_beginning(struct arena *arena) {
    struct expr *all = expr_and(arena);
    expr_add(all, token(arena, "a"));
    expr_add(all, expr_prefix(arena, STR("b")));
    return all;
}

static void test_rendering_beginnings(void **state) {
    (void) state;
    struct arena *arena = arena_new();
    assert_str(expr_fts5(arena, with_beginning(arena)), "(\"a\" AND \"b\"*)");
    assert_str(expr_tsquery(arena, with_beginning(arena)), "('a' & 'b':*)");
    arena_free(&arena);
}

static void test_matching(void **state) {
    (void) state;
    static const struct {
        const char *tags;
        bool matches, matches_beginning;
    } cases[] = {
        { "a b", true, true },   { "a c d", true, false }, { "a c", false, false },
        { "b c d", false, false }, { "", false, false },     { "bx a", false, true },
        { "bx", false, false },
    };
    struct arena *arena = arena_new();
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct str rest = str_of(cases[i].tags), word;
        struct strs tags = { 0 };
        while (str_word(&rest, &word))
            strs_add(arena, &tags, word);
        if (expr_matches(sample(arena), tags) != cases[i].matches
            || expr_matches(with_beginning(arena), tags) != cases[i].matches_beginning)
            fail_case("tags \"%s\"", cases[i].tags);
    }
    arena_free(&arena);
}

static void test_constants(void **state) {
    (void) state;
    struct arena *arena = arena_new();
    assert_true(expr_is_true(NULL));
    assert_true(expr_is_true(expr_and(arena)));
    assert_true(expr_is_false(expr_or(arena)));
    assert_false(expr_is_true(sample(arena)) || expr_is_false(sample(arena)));
    struct expr *all = sample(arena);
    expr_add(all, expr_or(arena));
    assert_true(expr_is_false(all));
    struct expr *any = expr_or(arena);
    expr_add(any, token(arena, "a"));
    expr_add(any, expr_and(arena));
    assert_true(expr_is_true(any));
    arena_free(&arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rendering),
        cmocka_unit_test(test_rendering_beginnings),
        cmocka_unit_test(test_matching),
        cmocka_unit_test(test_constants),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
