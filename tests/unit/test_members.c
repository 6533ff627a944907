/* Objects with names of the client's own, and JSON that people edit. */
#include "test.h"

#include "json/members.h"
#include "json/pretty.h"

static void test_members(void **state) {
    (void) state;
    struct arena *arena = arena_new();
    struct list list = { 0 };
    static const struct {
        const char *name;
        enum json_member_type type;
        const char *text;
    } expected[] = { { "b", JSON_MEMBER_TEXT, "x\"\xC3\xA9" }, { "a", JSON_MEMBER_NULL, NULL },
                     { "", JSON_MEMBER_TEXT, "" },              { "n", JSON_MEMBER_OTHER, NULL },
                     { "o", JSON_MEMBER_OTHER, NULL } };
    assert_int_equal(json_members(arena, STR("{\"b\":\"x\\\"\\u00e9\",\"a\":null,\"\":\"\",\"n\":1,\"o\":{}}"),
                                  &list),
                     OK);
    const struct json_member *m = list.p;
    assert_int_equal(list.n, LENGTH(expected));
    for (size_t i = 0; i < list.n; i++) {
        assert_str(m[i].name, expected[i].name);
        assert_int_equal(m[i].type, expected[i].type);
        assert_str(m[i].text, expected[i].text);
    }
    assert_int_equal(json_members(arena, STR("{}"), &list), OK);
    assert_int_equal(list.n, 0);
    static const char *const wrong[] = { "[]", "1", "\"x\"", "null", "{", "", "{\"a\":1,\"a\":2}" };
    for (size_t i = 0; i < LENGTH(wrong); i++)
        if (json_members(arena, str_of(wrong[i]), &list) != E_INVALID)
            fail_case("%s", wrong[i]);
    arena_free(&arena);
}

static void test_pretty(void **state) {
    (void) state;
    struct arena *arena = arena_new();
    static const struct {
        const char *json, *pretty;
    } cases[] = { { "{\"b\":[1,true],\"a\":{}}", "{\n  \"b\": [\n    1,\n    true\n  ],\n  \"a\": {}\n}\n" },
                  { "\"\xC3\xA9/\"", "\"\xC3\xA9/\"\n" },
                  { "[]", "[]\n" } };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct buf out = buf_in(arena, 1000);
        assert_int_equal(json_pretty(arena, str_of(cases[i].json), &out), OK);
        assert_str(buf_text(&out), cases[i].pretty);
    }
    struct buf small = buf_in(arena, 3), other = buf_in(arena, 10);
    assert_int_equal(json_pretty(arena, STR("[1,2,3]"), &small), E_TOO_LARGE);
    assert_int_equal(json_pretty(arena, STR("[1,"), &other), E_INVALID);
    arena_free(&arena);
}

int main(void) {
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_members), cmocka_unit_test(test_pretty) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
