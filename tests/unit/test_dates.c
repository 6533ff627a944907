/* The days that replies name: a table of sentences, and what depends on the clock. */
#include "reply/dates.h"
#include "base/clock.h"
#include "test.h"



static const struct {
    const char *wish; /* "R": return, "F": follow-up */
    const char *sent, *language, *text, *date;
} rows[] = {
#define ROW(wish, sent, language, text, date) { #wish, sent, language, text, date },
#include "dates.def"
#undef ROW
};

static struct reply_date find(struct arena *arena, enum date_wish wish, const char *sent, const char *text) {
    struct date_question question = { .text = str_of(text), .wish = wish };
    assert_int_equal(time_parse(str_of(sent), &question.sent_ms), OK);
    return reply_find_date(arena, &question);
}

static void test_table(void **state) {
    (void) state;
    int faults = 0;
    for (size_t i = 0; i < LENGTH(rows); i++) {
        struct arena *arena = arena_new();
        struct reply_date found = find(arena, *rows[i].wish == 'R' ? DATE_OF_RETURN : DATE_OF_FOLLOW_UP, rows[i].sent, rows[i].text);
        bool same = str_eq(found.date, str_of(rows[i].date))
                    && (found.kind == DATE_NONE) == str_is_empty(found.date)
                    && str_contains(str_of(rows[i].text), found.phrase);
        if (!same)
            print_error("%s: \"%s\": expected \"%s\", got \"%.*s\" from \"%.*s\"\n", rows[i].sent, rows[i].text,
                        rows[i].date, STR_FMT(found.date), STR_FMT(found.phrase));
        faults += !same;
        arena_free(&arena);
    }
    print_message("%zu sentences, %d wrong\n", LENGTH(rows), faults);
    assert_int_equal(faults, 0);
}

static void expect(const struct date_question *question, const char *date) {
    struct arena *arena = arena_new();
    assert_str(reply_find_date(arena, question).date, date);
    arena_free(&arena);
}

/* The day is that of the writer's clock. */
static void test_zone(void **state) {
    (void) state;
    struct date_question question = { .text = STR("back tomorrow") };
    assert_int_equal(time_parse(STR("2025-08-13T23:30:00Z"), &question.sent_ms), OK);
    expect(&question, "2025-08-14");
    question.offset_minutes = 120;
    expect(&question, "2025-08-15");
    assert_int_equal(time_parse(STR("2025-08-13T01:30:00Z"), &question.sent_ms), OK);
    question.offset_minutes = -420;
    expect(&question, "2025-08-13");
}

/* 09/08 is September 8th in America, August 9th elsewhere; other dates of the text say more. */
static void test_order_of_day_and_month(void **state) {
    (void) state;
    struct date_question question = { .text = STR("I will be back on 09/10.") };
    assert_int_equal(time_parse(STR("2025-08-13T12:00:00Z"), &question.sent_ms), OK);
    expect(&question, "2025-10-09");
    question.offset_minutes = -300;
    expect(&question, "2025-09-10");
    question.text = STR("Ich bin ab 09.10. wieder da.");
    expect(&question, "2025-10-09");
    question.text = STR("I am on leave from 31/08 and back on 09/10.");
    expect(&question, "2025-10-09");
    question.offset_minutes = 0;
    question.text = STR("I am on leave from 08/31 and back on 09/10.");
    expect(&question, "2025-09-10");
}

static void test_language(void **state) {
    (void) state;
    static const struct {
        const char *text, *language;
    } texts[] = {
        { "I will be back soon", "en" },      { "Ich bin nicht im Haus", "de" },
        { "Je suis absent", "fr" },           { "Estoy fuera de la oficina", "es" },
        { "N\xC3\xA3o estou no escrit\xC3\xB3rio", "pt" }, { "Ik ben niet op kantoor", "nl" },
        { "", NULL },                         { "12345", NULL },
    };
    struct arena *arena = arena_new();
    for (size_t i = 0; i < LENGTH(texts); i++)
        assert_str(str_of(reply_language(arena, str_of(texts[i].text))), texts[i].language);
    arena_free(&arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_zone),
        cmocka_unit_test(test_order_of_day_and_month),
        cmocka_unit_test(test_language),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
