#include "test.h"

#include "base/utf8.h"
#include "json/writer.h"

static void test_commas_and_nesting(void **state) {
    (void) state;
    struct arena *arena = arena_new();
    struct buf out = buf_in(arena, 1000);
    struct json_writer w = json_writer(&out);
    json_begin_object(&w);
    json_key(&w, STR("a"));
    json_begin_array(&w);
    json_int(&w, -1);
    json_bool(&w, true);
    json_bool(&w, false);
    json_write_null(&w);
    json_begin_object(&w);
    json_end_object(&w);
    json_begin_array(&w);
    json_end_array(&w);
    json_end_array(&w);
    json_key(&w, STR("b\"c"));
    json_str(&w, STR(""));
    json_key(&w, STR("d"));
    json_str(&w, STR_NONE);
    json_key(&w, STR("e"));
    json_raw(&w, STR("{\"x\":[1]}"));
    json_key(&w, STR("f"));
    json_raw(&w, STR_NONE);
    json_key(&w, STR("g"));
    json_halves(&w, 25);
    json_key(&w, STR("h"));
    json_halves(&w, 6);
    json_end_object(&w);
    assert_int_equal(buf_result(&out), OK);
    assert_str(buf_text(&out), "{\"a\":[-1,true,false,null,{},[]],\"b\\\"c\":\"\",\"d\":null,"
                               "\"e\":{\"x\":[1]},\"f\":null,\"g\":12.5,\"h\":3}");
    arena_free(&arena);
}

/* The path that takes eight bytes at a time must escape exactly what the plain path
 * does: every byte, at every place of texts of every length. */
static void check_byte_at(struct arena *arena, unsigned char byte, size_t at, size_t n) {
    char text[20];
    memset(text, 'x', sizeof text);
    text[at] = (char) byte;
    struct str s = arena_str(arena, (struct str){ text, n });
    struct buf expected = buf_in(arena, 1000), out = buf_in(arena, 1000);
    buf_char(&expected, '"');
    buf_json(&expected, s);
    buf_char(&expected, '"');
    struct json_writer w = json_writer(&out);
    json_str(&w, s);
    assert_true(str_eq(buf_text(&out), buf_text(&expected)));
    assert_true(utf8_is_valid(buf_text(&out)));
}

static void test_every_byte_at_every_place(void **state) {
    (void) state;
    struct arena *arena = arena_new();
    for (unsigned byte = 0; byte < 256; byte++) {
        for (size_t n = 1; n <= 20; n++)
            for (size_t at = 0; at < n; at++)
                check_byte_at(arena, (unsigned char) byte, at, n);
        arena_reset(arena);
    }
    arena_free(&arena);
}

static void test_a_buffer_that_just_fits(void **state) {
    (void) state;
    struct buf out = buf_on_heap(sizeof "[\"ab\",\"ab\"]" - 1);
    struct json_writer w = json_writer(&out);
    json_begin_array(&w);
    json_str(&w, STR("ab"));
    json_str(&w, STR("ab"));
    json_end_array(&w);
    assert_int_equal(buf_result(&out), OK);
    assert_str(buf_text(&out), "[\"ab\",\"ab\"]");
    buf_done(&out);
}

static void test_a_full_buffer_is_told_by_the_buffer(void **state) {
    (void) state;
    struct buf out = buf_on_heap(10);
    struct json_writer w = json_writer(&out);
    json_begin_array(&w);
    for (int i = 0; i < 10; i++)
        json_str(&w, STR("a\nb"));
    json_end_array(&w);
    assert_int_equal(buf_result(&out), E_TOO_LARGE);
    assert_true(out.n <= 10);
    buf_done(&out);
}

struct part {
    struct str name;
    struct opt_int size;
};

static const struct field part_rows[] = {
    F_STR(struct part, name, .flags = FIELD_REQUIRED),
    F_INT(struct part, size),
};
static const struct fields part_fields = FIELDS("Part", struct part, part_rows);

struct whole {
    struct str id, secret, kind, note, nothing, raw;
    struct opt_int count, at, at_ms;
    struct str day;
    enum tri yes, no, unset;
    struct strs texts, no_texts, empty_texts, null_texts;
    struct ints numbers;
    struct counts counts, no_counts;
    struct part *part, *no_part, *null_part;
    struct list parts, no_parts;
};

static const struct field whole_rows[] = {
    F_OBJECT_NAME("whole"),
    F_ID(struct whole, id),
    F_STR(struct whole, secret, .flags = FIELD_HIDDEN),
    F_ENUM(struct whole, kind),
    F_STR(struct whole, note, .flags = FIELD_NULLABLE),
    F_STR(struct whole, nothing),
    F_JSON(struct whole, raw),
    F_INT(struct whole, count),
    F_TIME(struct whole, at),
    F_TIME_MS(struct whole, at_ms),
    F_DATE(struct whole, day),
    F_BOOL(struct whole, yes),
    F_BOOL(struct whole, no),
    F_BOOL(struct whole, unset),
    F_STRS(struct whole, texts),
    F_STRS(struct whole, no_texts),
    F_STRS(struct whole, empty_texts, .flags = FIELD_ALWAYS),
    F_STRS(struct whole, null_texts, .flags = FIELD_ALWAYS | FIELD_NULLABLE),
    F_INTS(struct whole, numbers),
    F_COUNTS(struct whole, counts),
    F_COUNTS(struct whole, no_counts, .flags = FIELD_ALWAYS),
    F_OBJECT(struct whole, part, struct part, .of = &part_fields),
    F_OBJECT(struct whole, no_part, struct part, .of = &part_fields),
    F_OBJECT(struct whole, null_part, struct part, .of = &part_fields, .flags = FIELD_NULLABLE),
    F_LIST(struct whole, parts, .of = &part_fields),
    F_LIST(struct whole, no_parts, .of = &part_fields, .flags = FIELD_REQUIRED),
};
static const struct fields whole_fields = FIELDS("Whole", struct whole, whole_rows);

static struct str written(struct arena *arena, const struct whole *whole) {
    struct buf out = buf_in(arena, 10000);
    struct json_writer w = json_writer(&out);
    json_fields(&w, &whole_fields, whole);
    assert_int_equal(buf_result(&out), OK);
    return buf_text(&out);
}

static void test_fields_in_the_order_of_the_table(void **state) {
    (void) state;
    struct arena *arena = arena_new();
    struct str texts[] = { STR("a"), STR("\xC3\xA9") };
    int64_t numbers[] = { 1, INT64_MIN };
    struct count counts[] = { { STR("Sales & \"more\""), 7 } };
    struct part parts[] = { { STR("p"), opt_int(1) }, { STR("q"), { 0 } } };
    struct whole whole = {
        .id = STR("1"), .secret = STR("never"), .kind = STR("k"), .raw = STR("[1.5]"),
        .count = opt_int(0), .at = opt_int(1756479256000), .at_ms = opt_int(1724884396145),
        .day = STR("2025-08-29"), .yes = YES, .no = NO, .texts = { texts, 2 },
        .numbers = { numbers, 2 }, .counts = { counts, 1 }, .part = &parts[0],
        .parts = { parts, 2 },
    };
    assert_str(written(arena, &whole),
               "{\"object\":\"whole\",\"id\":\"1\",\"kind\":\"k\",\"note\":null,\"raw\":[1.5],"
               "\"count\":0,\"at\":\"2025-08-29T14:54:16Z\",\"at_ms\":\"2024-08-28T22:33:16.145Z\","
               "\"day\":\"2025-08-29\",\"yes\":true,\"no\":false,\"texts\":[\"a\",\"\xC3\xA9\"],"
               "\"empty_texts\":[],\"null_texts\":null,\"numbers\":[1,-9223372036854775808],"
               "\"counts\":{\"Sales & \\\"more\\\"\":7},\"no_counts\":{},"
               "\"part\":{\"name\":\"p\",\"size\":1},\"null_part\":null,"
               "\"parts\":[{\"name\":\"p\",\"size\":1},{\"name\":\"q\"}],\"no_parts\":[]}");
    arena_free(&arena);
}

static void test_absent_and_empty(void **state) {
    (void) state;
    struct arena *arena = arena_new();
    struct str none[1];
    struct whole whole = { .texts = { none, 0 }, .null_texts = { none, 0 }, .id = STR("") };
    assert_str(written(arena, &whole),
               "{\"object\":\"whole\",\"id\":\"\",\"note\":null,\"empty_texts\":[],"
               "\"null_texts\":[],\"no_counts\":{},\"null_part\":null,\"no_parts\":[]}");
    arena_free(&arena);
}

static void test_one_value(void **state) {
    (void) state;
    struct arena *arena = arena_new();
    struct whole whole = { .count = opt_int(5) };
    static const struct {
        const char *field;
        const char *expected;
    } cases[] = { { "count", "5" }, { "id", "null" }, { "texts", "null" }, { "object", "\"whole\"" } };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct buf out = buf_in(arena, 100);
        struct json_writer w = json_writer(&out);
        for (size_t k = 0; k < whole_fields.n; k++)
            if (!strcmp(whole_rows[k].name, cases[i].field))
                json_field_value(&w, &whole_rows[k], &whole);
        assert_str(buf_text(&out), cases[i].expected);
    }
    arena_free(&arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_commas_and_nesting),
        cmocka_unit_test(test_every_byte_at_every_place),
        cmocka_unit_test(test_a_buffer_that_just_fits),
        cmocka_unit_test(test_a_full_buffer_is_told_by_the_buffer),
        cmocka_unit_test(test_fields_in_the_order_of_the_table),
        cmocka_unit_test(test_absent_and_empty),
        cmocka_unit_test(test_one_value),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
