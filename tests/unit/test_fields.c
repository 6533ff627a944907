/* JSON and texts into structs by field table. */
#include "test.h"

#include "base/limits.h"
#include "json/reader.h"
#include "json/writer.h"

static const struct str color_texts[] = { { "red", 3 }, { "green", 5 } };
static const struct enum_values colors = { "Color", color_texts, LENGTH(color_texts) };

struct part {
    struct str name;
    struct opt_int size;
};

static const struct field part_rows[] = {
    F_STR(struct part, name, .flags = FIELD_REQUIRED, .max = 5),
    F_INT(struct part, size, .min = 1, .max = 9),
};
static const struct fields part_fields = FIELDS("Part", struct part, part_rows);

struct input {
    struct str name, id, color, day, raw, hidden;
    struct opt_int age, at, at_ms, below, above;
    enum tri ok;
    struct strs texts, tints;
    struct ints numbers;
    struct counts counts;
    struct part *part;
    struct list parts;
    struct str note;
};

static const struct field input_rows[] = {
    F_OBJECT_NAME("input"),
    F_STR(struct input, name, .flags = FIELD_REQUIRED, .min = 2, .max = 4),
    F_ID(struct input, id),
    F_ENUM(struct input, color, .values = &colors),
    F_DATE(struct input, day),
    F_JSON(struct input, raw, .max = 20),
    F_STR(struct input, hidden, .flags = FIELD_HIDDEN),
    F_INT(struct input, age, .min = 0, .max = 150),
    F_TIME(struct input, at),
    F_TIME_MS(struct input, at_ms),
    F_INT(struct input, below, .min = -5, .max = 0),
    F_INT(struct input, above, .min = 10),
    F_BOOL(struct input, ok),
    F_STRS(struct input, texts, .max = 3, .item_max = 4),
    F_STRS(struct input, tints, .values = &colors, .min = 1, .max = 100),
    F_INTS(struct input, numbers, .max = 2),
    F_COUNTS(struct input, counts),
    F_OBJECT(struct input, part, struct part, .of = &part_fields),
    F_LIST(struct input, parts, .of = &part_fields, .max = 100000),
    F_STR(struct input, note, .flags = FIELD_REQUIRED | FIELD_NULLABLE),
};
static const struct fields input_fields = FIELDS("Input", struct input, input_rows);

static enum rc read_text(struct ctx *ctx, struct str text, struct input *ret_input) {
    json_t *root;
    struct json_position at;
    assert_int_equal(json_parse(ctx->arena, text, &root, &at), OK);
    return json_read_fields(ctx, &input_fields, root, STR_NONE, ret_input);
}

/* "code pointer;code pointer" */
static struct str problems_of(struct ctx *ctx) {
    struct buf b = buf_in(ctx->arena, 100000);
    for (const struct problem *p = ctx->problems; p; p = p->next) {
        assert_int_equal(p->in, IN_BODY);
        assert_true(p->detail.n > 0);
        buf_printf(&b, "%s%s %.*s", b.n ? ";" : "", p->code, STR_FMT(p->where));
    }
    return buf_text(&b);
}

static void test_everything_that_fits(void **state) {
    (void) state;
    struct ctx ctx = test_ctx();
    struct input in;
    assert_int_equal(
        read_text(&ctx,
                  STR("{\"name\":\"\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80x\",\"id\":\"7\",\"color\":\"green\","
                      "\"day\":\"2025-08-29\",\"raw\":{\"b\" : [1, 2.5]},\"age\":150,"
                      "\"at\":\"2025-08-29T16:54:16+02:00\",\"at_ms\":\"2024-08-28T22:33:16.145Z\","
                      "\"below\":-5,\"above\":9223372036854775807,\"ok\":false,"
                      "\"texts\":[\"a\",\"b\"],\"tints\":[\"red\"],\"numbers\":[-1,2],"
                      "\"counts\":{\"x/y\":3},\"part\":{\"name\":\"p\",\"size\":9},"
                      "\"parts\":[{\"name\":\"q\"},{\"name\":\"r\",\"size\":1,\"more\":0}],"
                      "\"note\":null,\"unknown\":{\"deep\":[]},\"hidden\":\"no\",\"object\":1}"),
                  &in),
        OK);
    assert_int_equal(ctx.problem_count, 0);
    assert_str(in.name, "\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80x");
    assert_str(in.id, "7");
    assert_str(in.color, "green");
    assert_str(in.day, "2025-08-29");
    assert_str(in.raw, "{\"b\":[1,2.5]}");
    assert_str(in.hidden, NULL);
    assert_str(in.note, NULL);
    assert_true(in.age.set && in.age.v == 150);
    assert_true(in.at.set && in.at.v == 1756479256000);
    assert_true(in.at_ms.set && in.at_ms.v == 1724884396145);
    assert_true(in.below.v == -5 && in.above.v == INT64_MAX);
    assert_int_equal(in.ok, NO);
    assert_int_equal(in.texts.n, 2);
    assert_str(in.texts.p[1], "b");
    assert_int_equal(in.numbers.p[0], -1);
    assert_str(in.counts.p[0].key, "x/y");
    assert_int_equal(in.counts.p[0].n, 3);
    assert_str(in.part->name, "p");
    const struct part *parts = in.parts.p;
    assert_int_equal(in.parts.n, 2);
    assert_str(parts[1].name, "r");
    assert_false(parts[0].size.set);
    arena_free(&ctx.arena);
}

static void test_absent_differs_from_empty(void **state) {
    (void) state;
    struct ctx ctx = test_ctx();
    struct input in;
    assert_int_equal(read_text(&ctx, STR("{\"name\":\"ab\",\"note\":\"\",\"texts\":[],\"parts\":null,"
                                         "\"counts\":{},\"age\":null}"),
                               &in),
                     OK);
    assert_str(in.note, "");
    assert_true(in.texts.p && in.texts.n == 0);
    assert_true(in.counts.p && in.counts.n == 0);
    assert_true(!in.parts.p && !in.numbers.p && !in.part && !in.age.set && in.ok == UNSET);
    arena_free(&ctx.arena);
}

#define OTHERWISE_FINE "\"name\":\"ab\",\"note\":null"

static void test_what_does_not_fit(void **state) {
    (void) state;
    static const struct {
        const char *json;
        const char *problems;
    } cases[] = {
        { "[]", "unsupported_value " },
        { "null", "unsupported_value " },
        { "{}", "missing_field /name;missing_field /note" },
        { "{\"name\":null,\"note\":null}", "missing_field /name" },
        { "{\"name\":\"a\",\"note\":null}", "unsupported_value /name" },
        { "{\"name\":\"abcde\",\"note\":null}", "unsupported_value /name" },
        { "{\"name\":\"\xC3\xA9\",\"note\":null}", "unsupported_value /name" },
        { "{\"name\":1,\"note\":[]}", "unsupported_value /name;unsupported_value /note" },
        { "{" OTHERWISE_FINE ",\"age\":3.0}", "unsupported_value /age" },
        { "{" OTHERWISE_FINE ",\"age\":\"3\"}", "unsupported_value /age" },
        { "{" OTHERWISE_FINE ",\"age\":-1}", "unsupported_value /age" },
        { "{" OTHERWISE_FINE ",\"age\":151}", "unsupported_value /age" },
        { "{" OTHERWISE_FINE ",\"age\":true}", "unsupported_value /age" },
        { "{" OTHERWISE_FINE ",\"below\":1}", "unsupported_value /below" },
        { "{" OTHERWISE_FINE ",\"above\":9}", "unsupported_value /above" },
        { "{" OTHERWISE_FINE ",\"ok\":1}", "unsupported_value /ok" },
        { "{" OTHERWISE_FINE ",\"ok\":\"true\"}", "unsupported_value /ok" },
        { "{" OTHERWISE_FINE ",\"color\":\"Red\"}", "unsupported_value /color" },
        { "{" OTHERWISE_FINE ",\"day\":\"2025-02-30\"}", "unsupported_value /day" },
        { "{" OTHERWISE_FINE ",\"day\":\"2025-02-03T00:00:00Z\"}", "unsupported_value /day" },
        { "{" OTHERWISE_FINE ",\"at\":\"yesterday\"}", "unsupported_value /at" },
        { "{" OTHERWISE_FINE ",\"at\":1756479256}", "unsupported_value /at" },
        { "{" OTHERWISE_FINE ",\"raw\":\"12345678901234567890\"}", "unsupported_value /raw" },
        { "{" OTHERWISE_FINE ",\"texts\":\"a\"}", "unsupported_value /texts" },
        { "{" OTHERWISE_FINE ",\"texts\":[1,\"b\",null]}",
          "unsupported_value /texts/0;unsupported_value /texts/2" },
        { "{" OTHERWISE_FINE ",\"texts\":[\"abcde\",\"\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\"]}",
          "unsupported_value /texts/0" },
        { "{" OTHERWISE_FINE ",\"texts\":[1,2,3,4]}", "unsupported_value /texts" },
        { "{" OTHERWISE_FINE ",\"tints\":[]}", "unsupported_value /tints" },
        { "{" OTHERWISE_FINE ",\"tints\":[\"red\",\"blue\",\"green\",\"\"]}",
          "unsupported_value /tints/1;unsupported_value /tints/3" },
        { "{" OTHERWISE_FINE ",\"numbers\":[1,2.0]}", "unsupported_value /numbers/1" },
        { "{" OTHERWISE_FINE ",\"counts\":[]}", "unsupported_value /counts" },
        { "{" OTHERWISE_FINE ",\"counts\":{\"a/b~c\":\"1\"}}", "unsupported_value /counts/a~1b~0c" },
        { "{" OTHERWISE_FINE ",\"part\":[]}", "unsupported_value /part" },
        { "{" OTHERWISE_FINE ",\"part\":{\"size\":10}}",
          "missing_field /part/name;unsupported_value /part/size" },
        { "{" OTHERWISE_FINE ",\"parts\":[{\"name\":\"a\"},{},7]}",
          "missing_field /parts/1/name;unsupported_value /parts/2" },
        { "{\"age\":\"x\",\"texts\":[0],\"part\":{\"name\":\"toolong\"}}",
          "missing_field /name;unsupported_value /age;unsupported_value /texts/0;"
          "unsupported_value /part/name;missing_field /note" },
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct ctx ctx = test_ctx();
        struct input in;
        assert_int_equal(read_text(&ctx, str_of(cases[i].json), &in), E_INVALID);
        assert_str(problems_of(&ctx), cases[i].problems);
        arena_free(&ctx.arena);
    }
}

static void test_details_say_what_would_fit(void **state) {
    (void) state;
    static const struct {
        const char *json;
        const char *detail;
    } cases[] = {
        { "{\"note\":null}", "Missing field from request: name" },
        { "{\"name\":\"a\",\"note\":null}", "name must have 2 to 4 characters" },
        { "{" OTHERWISE_FINE ",\"age\":151}", "age must be 0 to 150" },
        { "{" OTHERWISE_FINE ",\"age\":\"x\"}", "age must be an integer" },
        { "{" OTHERWISE_FINE ",\"below\":9}", "below must be -5 to 0" },
        { "{" OTHERWISE_FINE ",\"above\":9}", "above must be at least 10" },
        { "{" OTHERWISE_FINE ",\"raw\":[1111111111,2222222222]}",
          "raw must have at most 20 characters" },
        { "{" OTHERWISE_FINE ",\"numbers\":[1,2,3]}", "Number of numbers exceeds 2 limit" },
        { "{" OTHERWISE_FINE ",\"tints\":[]}", "tints must have at least 1 item" },
        { "{" OTHERWISE_FINE ",\"color\":\"blue\"}",
          "color does not support \"blue\"; one of red, green" },
        { "{" OTHERWISE_FINE ",\"texts\":[\"abcde\"]}",
          "An element of texts must have at most 4 characters" },
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct ctx ctx = test_ctx();
        struct input in;
        assert_int_equal(read_text(&ctx, str_of(cases[i].json), &in), E_INVALID);
        assert_int_equal(ctx.problem_count, 1);
        assert_str(ctx.problems->detail, cases[i].detail);
        arena_free(&ctx.arena);
    }
}

/* Wrong elements by the hundred thousand must neither be reported nor fill memory. */
static void test_reports_have_an_end(void **state) {
    (void) state;
    struct ctx ctx = test_ctx();
    struct buf b = buf_on_heap(4 * 1024 * 1024);
    buf_str(&b, STR("{" OTHERWISE_FINE ",\"parts\":[1"));
    for (int i = 1; i < 100000; i++)
        buf_str(&b, STR(",1"));
    buf_str(&b, STR("]}"));
    struct input in;
    assert_int_equal(read_text(&ctx, buf_text(&b), &in), E_INVALID);
    assert_int_equal(ctx.problem_count, PROBLEMS_MAX);
    assert_true(arena_used(ctx.arena) < JSON_STRUCTS_MAX_BYTES);
    buf_done(&b);
    arena_free(&ctx.arena);
}

struct wide {
    char bytes[8192];
};
static const struct fields wide_fields = { .name = "Wide", .size = sizeof(struct wide) };
struct many {
    struct list items;
};
static const struct field many_rows[] = { F_LIST(struct many, items, .of = &wide_fields) };
static const struct fields many_fields = FIELDS("Many", struct many, many_rows);

static void test_small_text_cannot_become_large_structs(void **state) {
    (void) state;
    struct ctx ctx = test_ctx();
    struct buf b = buf_on_heap(1024 * 1024);
    buf_str(&b, STR("{\"items\":[{}"));
    for (int i = 1; i < 100000; i++)
        buf_str(&b, STR(",{}"));
    buf_str(&b, STR("]}"));
    json_t *root;
    struct json_position at;
    struct many many;
    assert_int_equal(json_parse(ctx.arena, buf_text(&b), &root, &at), OK);
    assert_int_equal(json_read_fields(&ctx, &many_fields, root, STR("/body"), &many), E_INVALID);
    assert_str(problems_of(&ctx), "unsupported_value /body/items");
    buf_done(&b);
    arena_free(&ctx.arena);
}

static const struct field *row(const char *name) {
    for (size_t i = 0; i < input_fields.n; i++)
        if (!strcmp(input_rows[i].name, name))
            return &input_rows[i];
    return NULL;
}

static void test_fields_from_text(void **state) {
    (void) state;
    static const struct {
        const char *field;
        const char *text;
        const char *json; /* NULL: refused */
    } cases[] = {
        { "name", "abc", "\"abc\"" }, { "name", "a", NULL }, { "id", "", "\"\"" },
        { "color", "red", "\"red\"" }, { "color", "blue", NULL }, { "age", "7", "7" },
        { "age", "7.0", NULL }, { "age", "", NULL }, { "age", "+7", NULL }, { "age", "151", NULL },
        { "ok", "true", "true" }, { "ok", "FALSE", "false" }, { "ok", "1", "true" },
        { "ok", "0", "false" }, { "ok", "yes", NULL }, { "day", "2025-08-29", "\"2025-08-29\"" },
        { "day", "29.8.2025", NULL }, { "at", "2025-08-29", "\"2025-08-29T00:00:00Z\"" },
        { "at", "x", NULL }, { "texts", "a", "[\"a\"]" }, { "texts", "abcde", NULL },
        { "tints", "green", "[\"green\"]" }, { "tints", "x", NULL }, { "numbers", "5", "[5]" },
        { "numbers", "x", NULL }, { "counts", "{}", NULL }, { "part", "{}", NULL },
        { "parts", "[]", NULL }, { "raw", "{\"a\":1}", "{\"a\":1}" }, { "raw", "{", NULL },
        { "id", "\xFF", NULL }, { "texts", "\xC3", NULL },
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct arena *arena = arena_new();
        struct input in = { 0 };
        struct str reason = STR_NONE;
        enum rc rc = field_from_text(arena, row(cases[i].field), str_of(cases[i].text), &in, &reason);
        struct buf out = buf_in(arena, 1000);
        struct json_writer w = json_writer(&out);
        json_field_value(&w, row(cases[i].field), &in);
        assert_int_equal(rc, cases[i].json ? OK : E_INVALID);
        assert_int_equal(reason.n > 0, !cases[i].json);
        assert_str(buf_text(&out), cases[i].json ? cases[i].json : "null");
        arena_free(&arena);
    }
}

static void test_lists_from_text_grow_to_their_limit(void **state) {
    (void) state;
    struct arena *arena = arena_new();
    struct input in = { 0 };
    struct str reason = STR_NONE;
    for (int i = 0; i < 3; i++)
        assert_int_equal(field_from_text(arena, row("texts"), STR("a"), &in, &reason), OK);
    assert_int_equal(field_from_text(arena, row("texts"), STR("a"), &in, &reason), E_INVALID);
    assert_int_equal(in.texts.n, 3);
    assert_str(reason, "Number of texts exceeds 3 limit");
    assert_int_equal(field_from_text(arena, row("id"), STR("a\0b"), &in, &reason), E_INVALID);
    arena_free(&arena);
}

static void test_columns_are_trusted_but_for_their_type(void **state) {
    (void) state;
    static const struct {
        const char *field;
        const char *column;
        enum rc rc;
        const char *json;
    } cases[] = {
        { "texts", "[\"a\",\"b\",\"c\",\"longer\"]", OK, "[\"a\",\"b\",\"c\",\"longer\"]" },
        { "tints", "[\"mauve\"]", OK, "[\"mauve\"]" }, { "numbers", "[1,2,3]", OK, "[1,2,3]" },
        { "counts", "{\"a\":1}", OK, "{\"a\":1}" }, { "raw", "[ 1 ]", OK, "[1]" },
        { "part", "{\"name\":\"longer\"}", OK, "{\"name\":\"longer\"}" },
        { "part", "{}", OK, "{}" }, { "texts", "null", OK, "null" },
        { "parts", "[{\"name\":\"a\"}]", OK, "[{\"name\":\"a\"}]" },
        { "texts", "[1]", E_DB, "null" }, { "texts", "{}", E_DB, NULL }, { "texts", "", E_DB, NULL },
        { "part", "[1,2", E_DB, NULL },
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct ctx ctx = test_ctx();
        struct input in = { 0 };
        assert_int_equal(field_from_json(&ctx, row(cases[i].field), str_of(cases[i].column), &in),
                         cases[i].rc);
        assert_int_equal(ctx.problem_count, 0);
        assert_int_equal(ctx.err.rc, cases[i].rc);
        struct buf out = buf_in(ctx.arena, 1000);
        struct json_writer w = json_writer(&out);
        json_field_value(&w, row(cases[i].field), &in);
        if (cases[i].rc == OK)
            assert_str(buf_text(&out), cases[i].json);
        arena_free(&ctx.arena);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_everything_that_fits),
        cmocka_unit_test(test_absent_differs_from_empty),
        cmocka_unit_test(test_what_does_not_fit),
        cmocka_unit_test(test_details_say_what_would_fit),
        cmocka_unit_test(test_reports_have_an_end),
        cmocka_unit_test(test_small_text_cannot_become_large_structs),
        cmocka_unit_test(test_fields_from_text),
        cmocka_unit_test(test_lists_from_text_grow_to_their_limit),
        cmocka_unit_test(test_columns_are_trusted_but_for_their_type),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
