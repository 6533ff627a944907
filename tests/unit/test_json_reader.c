#include "test.h"

#include <jansson.h>

#include "base/buf.h"
#include "base/limits.h"
#include "json/reader.h"

static void test_what_parses(void **state) {
    (void) state;
    static const char *const texts[] = {
        "{}", "[]", "null", " 1 ", "\"x\"", "{\"a\":{\"b\":[1,2.5e3,true,false,null,\"\\u00e9\\n\"]}}",
        "\"[[[[[[[[[[[[[[[[[[[[[[\"", "[\"\\\"[[[[[[[[[[[[[[[[[[[[[[\"]", "9223372036854775807",
    };
    for (size_t i = 0; i < LENGTH(texts); i++) {
        struct arena *arena = arena_new();
        json_t *root = NULL;
        struct json_position at;
        assert_int_equal(json_parse(arena, str_of(texts[i]), &root, &at), OK);
        assert_non_null(root);
        arena_free(&arena);
    }
}

static void test_what_does_not(void **state) {
    (void) state;
    static const struct {
        const char *text;
        size_t line, column;
    } cases[] = {
        { "", 1, 1 }, { "  ", 1, 3 }, { "{", 1, 2 }, { "[1,]", 1, 5 }, { "{\"a\":1,}", 1, 9 },
        { "{'a':1}", 1, 3 }, { "[1] x", 1, 6 }, { "[01]", 1, 3 }, { "[+1]", 1, 3 },
        { "[1.]", 1, 4 }, { "[NaN]", 1, 5 }, { "[tru]", 1, 5 }, { "{\"a\":1,\"a\":2}", 1, 11 },
        { "[\"\\u0000\"]", 1, 10 }, { "{\"\\u0000\":1}", 1, 10 }, { "[\"\xFF\"]", 1, 3 },
        { "[\"\xC3\xA9\",\n \"\xED\xA0\x80\"]", 2, 3 }, { "[\"a\nb\"]", 1, 4 },
        { "[\"\\ud800\"]", 1, 10 }, { "[1e999]", 1, 7 }, { "{\n\"a\" 1}", 2, 6 }, { "// x\n1", 1, 2 },
        { "\"abc", 1, 5 }, { "\"abc\\", 1, 6 }, { "]", 1, 2 },
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct arena *arena = arena_new();
        json_t *root = NULL;
        struct json_position at = { 0 };
        assert_int_equal(json_parse(arena, str_of(cases[i].text), &root, &at), E_INVALID);
        assert_null(root);
        if (at.line != cases[i].line || at.column != cases[i].column)
            print_error("case %zu: %s\n", i, cases[i].text);
        assert_int_equal(at.line, cases[i].line);
        assert_int_equal(at.column, cases[i].column);
        assert_true(at.message.n > 0);
        assert_false(str_contains(at.message, STR("JSON_")));
        arena_free(&arena);
    }
}

static void test_bytes_after_nul_are_seen(void **state) {
    (void) state;
    struct arena *arena = arena_new();
    json_t *root = NULL;
    struct json_position at;
    assert_int_equal(json_parse(arena, STR("{}\0{}"), &root, &at), E_INVALID);
    assert_int_equal(json_parse(arena, STR("[\"a\0b\"]"), &root, &at), E_INVALID);
    assert_int_equal(json_parse(arena, STR_NONE, &root, &at), E_INVALID);
    arena_free(&arena);
}

static struct str nested(struct arena *arena, const char *open, const char *close, int depth) {
    struct buf b = buf_in(arena, 100000);
    for (int i = 0; i < depth; i++)
        buf_str(&b, str_of(open));
    buf_str(&b, STR("1"));
    for (int i = 0; i < depth; i++)
        buf_str(&b, str_of(close));
    return buf_text(&b);
}

static void test_depth_is_limited(void **state) {
    (void) state;
    static const struct {
        const char *open, *close;
        int depth;
        enum rc rc;
    } cases[] = {
        { "[", "]", JSON_DEPTH_MAX, OK },
        { "[", "]", JSON_DEPTH_MAX + 1, E_TOO_LARGE },
        { "{\"a\":", "}", JSON_DEPTH_MAX, OK },
        { "{\"a\":", "}", JSON_DEPTH_MAX + 1, E_TOO_LARGE },
        { "[", "", 10000, E_TOO_LARGE },
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct arena *arena = arena_new();
        json_t *root;
        struct json_position at = { 0 };
        struct str text = nested(arena, cases[i].open, cases[i].close, cases[i].depth);
        assert_int_equal(json_parse(arena, text, &root, &at), cases[i].rc);
        if (cases[i].rc != OK) {
            assert_int_equal(at.offset, strlen(cases[i].open) * JSON_DEPTH_MAX);
            assert_str(at.message, "nested too deeply");
        }
        arena_free(&arena);
    }
}

static void test_elements_are_limited(void **state) {
    (void) state;
    struct arena *arena = arena_new();
    /* "[" counts as one, each comma as one more. */
    for (size_t commas = JSON_ELEMENTS_MAX - 1; commas <= JSON_ELEMENTS_MAX; commas++) {
        struct buf b = buf_on_heap(4 * JSON_ELEMENTS_MAX);
        buf_char(&b, '[');
        for (size_t i = 0; i < commas; i++)
            buf_str(&b, STR("1,"));
        buf_str(&b, STR("1]"));
        json_t *root;
        struct json_position at = { 0 };
        enum rc expected = commas < JSON_ELEMENTS_MAX ? OK : E_TOO_LARGE;
        assert_int_equal(json_parse(arena, buf_text(&b), &root, &at), expected);
        buf_done(&b);
    }
    arena_free(&arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_parses),
        cmocka_unit_test(test_what_does_not),
        cmocka_unit_test(test_bytes_after_nul_are_seen),
        cmocka_unit_test(test_depth_is_limited),
        cmocka_unit_test(test_elements_are_limited),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
