/* Which addresses a text has, in normal form. */
#include "base/vec.h"
#include "reply/addresses.h"
#include "test.h"

static const struct {
    const char *text;
    const char *found[4];
} rows[] = {
    { "", { NULL } },
    { "@ a@ @b.example a@b", { NULL } },
    { "Ask Ann (ANN@Example.COM), or bob.b+x@sub.example.org.", { "ann@example.com", "bob.b+x@sub.example.org" } },
    { "mailto:ann@example.com?subject=x <ann@example.com>", { "ann@example.com" } },
    { "ann@example.combob@example.com", { "ann@example.combob" } },
    { "Write to o'brien@example.com", { "brien@example.com", "o'brien@example.com" } },
    { "'ann@example.com'", { "ann@example.com", "'ann@example.com" } },
    { "ann@example.com,bob@example.com;cy@example.com", { "ann@example.com", "bob@example.com", "cy@example.com" } },
    { "\xC3\xA4nn@example.com", { "nn@example.com", "\xC3\xA4nn@example.com" } },
    { "ann@b\xC3\xBC" "cher.example", { "ann@xn--bcher-kva.example" } },
    { "(\xE2\x80\x9E ann@corp.example\xE2\x80\x9C)", { "ann@corp.example" } }, /* a closing quote */
    { "\xC2\xAB ann@corp.example\xC2\xA0\xC2\xBB", { "ann@corp.example" } },    /* a space that does not break */
    { "ann@corp.example\xE3\x80\x82 ok", { "ann@corp.example" } },               /* a full stop */
    { "ann@b\xC3\xBC" "cher.example\xE2\x80\x9D", { NULL } },
};

static void test_texts(void **state) {
    (void) state;
    struct arena *arena = arena_new();
    for (size_t i = 0; i < LENGTH(rows); i++) {
        struct strs found = { 0 };
        size_t n = 0;
        addresses_add(arena, str_of(rows[i].text), 100, &found);
        for (; n < LENGTH(rows[i].found) && rows[i].found[n]; n++)
            if (n >= found.n || !str_eq(found.p[n], str_of(rows[i].found[n])))
                fail_case("\"%s\": no %s", rows[i].text, rows[i].found[n]);
        if (found.n != n)
            fail_case("\"%s\": also %.*s", rows[i].text, STR_FMT(found.p[n]));
    }
    arena_free(&arena);
}

static void test_as_many_as_wanted(void **state) {
    (void) state;
    struct arena *arena = arena_new();
    struct strs found = { 0 };
    addresses_add(arena, STR("a@x.example b@x.example c@x.example"), 2, &found);
    assert_int_equal(found.n, 2);
    addresses_add(arena, STR("d@x.example"), 2, &found);
    assert_int_equal(found.n, 2);
    arena_free(&arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_texts),
        cmocka_unit_test(test_as_many_as_wanted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
