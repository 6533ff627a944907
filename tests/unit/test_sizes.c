#include "test.h"

#include "data/dates.h"
#include "data/enums.h"
#include "data/sizes.h"

#define NONE (-1)

static void test_counts(void **state) {
    (void) state;
    static const struct {
        const char *text;
        int64_t count;
    } cases[] = {
        { "5000", 5000 }, { "1,234", 1234 }, { "1.234", 1234 }, { "1 234", 1234 },
        { "1'234", 1234 }, { "1\xC2\xA0" "234", 1234 }, { "1,234,567", 1234567 },
        { "1.234.567", 1234567 }, { "5K", 5000 }, { "1.2k", 1200 }, { "1,2 Tsd.", 1200 },
        { "~500", 500 }, { "500+", 500 }, { "500 employees", 500 }, { "ca. 500 Mitarbeiter", 500 },
        { "0", 0 }, { "12.0", 12 }, { "1.5", 1 }, { "2 million", 2000000 },
        { "", NONE }, { "many", NONE }, { "51-200", NONE }, { "-5", NONE }, { "1,23,4", NONE },
        { "500 apples", NONE }, { "1.2.3", NONE }, { "99999999999999999999", NONE },
        { "9999999999 billion", NONE },
    };
    struct arena *arena = arena_new();
    for (size_t i = 0; i < LENGTH(cases); i++) {
        int64_t count = NONE;
        enum rc rc = count_parse(arena, str_of(cases[i].text), &count);
        if (count != cases[i].count)
            print_error("case %s\n", cases[i].text);
        assert_int_equal(count, cases[i].count);
        assert_int_equal(rc, count == NONE ? E_INVALID : OK);
    }
    arena_free(&arena);
}

static void test_money(void **state) {
    (void) state;
    static const struct {
        const char *text;
        int64_t amount;
    } cases[] = {
        { "$1.2M", 1200000 },
        { "10 million", 10000000 },
        { "1,5 Mrd. \xE2\x82\xAC", 1500000000 },
        { "USD 5bn", 5000000000 },
        { "\xE2\x82\xAC 3.5bn", 3500000000 },
        { "\xC2\xA3" "2m", 2000000 },
        { "500k", 500000 },
        { "R$ 10 milh\xC3\xB5" "es", 10000000 },
        { "2 mil millones", 2000000000 },
        { "2 crore", 20000000 },
        { "$1,234,567.89", 1234567 },
        { "1.234.567,89 EUR", 1234567 },
        { "US$ 1,500 million", 1500000000 },
        { "1.234 million", 1234000 },
        { "12345678", 12345678 },
        { "CHF 1'000'000", 1000000 },
        { "$1M-$10M", NONE },
        { "-$5", NONE },
        { "($5)", NONE },
        { "unknown", NONE },
        { "", NONE },
    };
    struct arena *arena = arena_new();
    for (size_t i = 0; i < LENGTH(cases); i++) {
        int64_t amount = NONE;
        enum rc rc = money_parse(arena, str_of(cases[i].text), &amount);
        if (amount != cases[i].amount)
            print_error("case %s\n", cases[i].text);
        assert_int_equal(amount, cases[i].amount);
        assert_int_equal(rc, amount == NONE ? E_INVALID : OK);
    }
    arena_free(&arena);
}

static void test_sizes(void **state) {
    (void) state;
    static const struct {
        const char *text, *size;
    } cases[] = {
        { "51-200", "51-200 employees" },
        { "51-200 employees", "51-200 employees" },
        { "51 to 200", "51-200 employees" },
        { "51 \xE2\x80\x93 200", "51-200 employees" },
        { "50-200", "51-200 employees" },
        { "11-20", "11-50 employees" },
        { "2-10", "1-10 employees" },
        { "0-1 employees", "1-10 employees" },
        { "1,001-5,000", "1001-5000 employees" },
        { "5K-10K", "5001-10000 employees" },
        { "5.001 bis 10.000", "5001-10000 employees" },
        { "10,001+", "10001+ employees" },
        { "10000+", "10001+ employees" },
        { ">10000", "10001+ employees" },
        { "10000", "5001-10000 employees" },
        { "5000", "1001-5000 employees" },
        { "1", "1-10 employees" },
        { "Self-employed", "1-10 employees" },
        { "100-250", NULL },
        { "200-51", NULL },
        { "0", NULL },
        { "large", NULL },
        { "", NULL },
    };
    struct arena *arena = arena_new();
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct str size = company_size_parse(arena, str_of(cases[i].text));
        if (!str_eq(size, str_of(cases[i].size)))
            print_error("case %s\n", cases[i].text);
        assert_str(size, cases[i].size);
    }
    for (size_t i = 0; i < enum_company_sizes.n; i++) { /* each band is its own */
        struct str size = enum_company_sizes.values[i];
        assert_true(str_eq(company_size_parse(arena, size), size));
    }
    static const struct {
        int64_t employees;
        const char *size;
    } numbers[] = {
        { 1, "1-10 employees" }, { 10, "1-10 employees" }, { 11, "11-50 employees" },
        { 50, "11-50 employees" }, { 51, "51-200 employees" }, { 500, "201-500 employees" },
        { 501, "501-1000 employees" }, { 10000, "5001-10000 employees" },
        { 10001, "10001+ employees" }, { INT64_MAX, "10001+ employees" }, { 0, NULL },
        { -5, NULL },
    };
    for (size_t i = 0; i < LENGTH(numbers); i++)
        assert_str(company_size_of(numbers[i].employees), numbers[i].size);
    arena_free(&arena);
}

static void test_years(void **state) {
    (void) state;
    static const struct {
        const char *text;
        int64_t year;
    } cases[] = {
        { "1902", 1902 }, { "2013 (1888)", 2013 }, { "1998 (1923 / 1874)", 1998 },
        { "founded in 1999", 1999 }, { "1999-05-01", 1999 }, { "05/1999", 1999 },
        { "0999", NONE }, { "2101", NONE }, { "19991", NONE }, { "99", NONE }, { "", NONE },
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        int64_t year = NONE;
        enum rc rc = year_parse(str_of(cases[i].text), &year);
        assert_int_equal(year, cases[i].year);
        assert_int_equal(rc, year == NONE ? E_INVALID : OK);
    }
}

static void test_dates(void **state) {
    (void) state;
    static const struct {
        const char *text, *date;
    } cases[] = {
        { "2015-06-30", "2015-06-30" },
        { "2015-06-30T12:00:00Z", "2015-06-30" },
        { "2015-06-30 12:00", "2015-06-30" },
        { "2015/6/3", "2015-06-03" },
        { "2015-06", "2015-06" },
        { "2015", "2015" },
        { "06/2015", "2015-06" },
        { "30.06.2015", "2015-06-30" },
        { "3.4.2015", "2015-04-03" },
        { "06/30/2015", "2015-06-30" },
        { "30/06/2015", "2015-06-30" },
        { "4/4/2015", "2015-04-04" },
        { "Jun 2015", "2015-06" },
        { "June 30, 2015", "2015-06-30" },
        { "30th of June 2015", "2015-06-30" },
        { "30. Juni 2015", "2015-06-30" },
        { "M\xC3\xA4rz 2015", "2015-03" },
        { "1 ao\xC3\xBBt 2015", "2015-08-01" },
        { "5 de dezembro de 2015", "2015-12-05" },
        { "enero 2015", "2015-01" },
        { "Feb 29, 2016", "2016-02-29" },
        { "Feb 29, 2015", NULL },
        { "03/04/2015", NULL },
        { "2015-13", NULL },
        { "2015-00-01", NULL },
        { "31.04.2015", NULL },
        { "30.06.15", NULL },
        { "Present", NULL },
        { "June", NULL },
        { "1 2 3 4", NULL },
        { "", NULL },
    };
    struct arena *arena = arena_new();
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct str date = STR_NONE;
        enum rc rc = date_parse(arena, str_of(cases[i].text), &date);
        if (!str_eq(date, str_of(cases[i].date)))
            print_error("case %s\n", cases[i].text);
        assert_str(date, cases[i].date);
        assert_int_equal(rc, cases[i].date ? OK : E_INVALID);
    }
    arena_free(&arena);
}

static void test_booleans(void **state) {
    (void) state;
    static const struct {
        const char *text;
        enum tri value;
    } cases[] = {
        { "Yes", YES }, { "TRUE", YES }, { "1", YES }, { "x", YES }, { "Ja", YES },
        { "s\xC3\xAD", YES }, { "No", NO }, { "false", NO }, { "0", NO }, { "n\xC3\xA3o", NO },
        { "maybe", UNSET }, { "2", UNSET }, { "", UNSET },
    };
    struct arena *arena = arena_new();
    for (size_t i = 0; i < LENGTH(cases); i++)
        assert_int_equal(bool_parse(arena, str_of(cases[i].text)), cases[i].value);
    arena_free(&arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_counts), cmocka_unit_test(test_money),
        cmocka_unit_test(test_sizes),  cmocka_unit_test(test_years),
        cmocka_unit_test(test_dates),  cmocka_unit_test(test_booleans),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
