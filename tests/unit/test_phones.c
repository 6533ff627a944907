#include "test.h"

#include <unistd.h>

#include "data/csv.h"
#include "data/phones.h"
#include "data/places.h"
#include "shared_data.h"

static void test_numbers(void **state) {
    (void) state;
    static const struct {
        const char *text, *country, *number, *extension;
    } cases[] = {
        { "202-224-3441", "US", "+12022243441", NULL },
        { "(202) 224-3441", "US", "+12022243441", NULL },
        { "+1 202 224 3441", NULL, "+12022243441", NULL },
        { "1-202-224-3441", "US", "+12022243441", NULL },
        { "202.224.3441 x12", "us", "+12022243441", "12" },
        { "202-224-3441, ext. 1234", "US", "+12022243441", "1234" },
        { "tel:+1-202-224-3441;ext=12", NULL, "+12022243441", "12" },
        { "+1 (202) 224-3441 / home", NULL, NULL, NULL },
        { "+49 (0)89 123456", NULL, "+4989123456", NULL },
        { "+49 0 89 123456", NULL, "+4989123456", NULL },
        { "0049 (0) 89 / 123456", NULL, "+4989123456", NULL },
        { "0049 (0)89/123456", NULL, "+4989123456", NULL },
        { "089/123456", "DE", "+4989123456", NULL },
        { "49 89 1234567890", "DE", "+49891234567890", NULL },
        { "011 44 20 7946 0018", "US", "+442079460018", NULL },
        { "011 44 20 7946 0018", NULL, "+442079460018", NULL },
        { "00 44 20 7946 0018", "FR", "+442079460018", NULL },
        { "020 7946 0018", "GB", "+442079460018", NULL },
        { "07911 123456", "GB", "+447911123456", NULL },
        { "01 23 45 67 89", "FR", "+33123456789", NULL },
        { "06 1234 5678", "IT", "+390612345678", NULL }, /* the zero belongs to the number */
        { "+39 06 1234 5678", NULL, "+390612345678", NULL },
        { "8 (495) 123-45-67", "RU", "+74951234567", NULL },
        { "+7 495 123 45 67", NULL, "+74951234567", NULL },
        { "+7 8 495 123 45 67", NULL, "+74951234567", NULL },
        { "06 1 234 5678", "HU", "+3612345678", NULL },
        { "(11) 91234-5678", "BR", "+5511912345678", NULL },
        { "912 345 678", "PT", "+351912345678", NULL },
        { "044 668 18 00", "CH", "+41446681800", NULL },
        { "0412 345 678", "AU", "+61412345678", NULL },
        { "98765 43210", "IN", "+919876543210", NULL },
        { "090-1234-5678", "JP", "+819012345678", NULL },
        { "1234 5678", "SG", "+6512345678", NULL },
        { "\xEF\xBC\x8B" "1 202\xE2\x80\x91" "224\xE2\x80\x93" "3441", NULL, "+12022243441", NULL },
        { "+1 202 224 3441; +1 202 224 3442", NULL, "+12022243441", NULL },
        { "Phone: 202-224-3441", "US", "+12022243441", NULL },
        { "+1 (202) 224-3441 ext 5", "DE", "+12022243441", "5" },
    };
    struct arena *arena = arena_new();
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct phone phone = { 0 };
        enum rc rc = phone_parse(arena, str_of(cases[i].text), str_of(cases[i].country), &phone);
        if (!str_eq(phone.number, str_of(cases[i].number)))
            print_error("case %s\n", cases[i].text);
        assert_int_equal(rc, cases[i].number ? OK : E_INVALID);
        assert_str(phone.number, cases[i].number);
        assert_str(phone.extension, cases[i].extension);
        assert_int_equal(phone.is_international, cases[i].number != NULL);
    }
    arena_free(&arena);
}

static void test_numbers_that_stay_as_they_came(void **state) {
    (void) state;
    static const struct {
        const char *text, *country, *number, *extension;
    } cases[] = {
        { "202-224-3441", NULL, "202-224-3441", NULL },
        { " 202-224-3441 x7", NULL, "202-224-3441", "7" },
        { "224-3441", "US", "224-3441", NULL },
        { "102-224-3441", "US", "102-224-3441", NULL },
        { "202-124-3441", "US", "202-124-3441", NULL },
        { "+1 202 224", NULL, "+1 202 224", NULL },
        { "+999 123456789", NULL, "+999 123456789", NULL },
        { "202-224-3441", "XX", "202-224-3441", NULL },
        { "12345678901234567890", "DE", "12345678901234567890", NULL },
    };
    struct arena *arena = arena_new();
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct phone phone;
        assert_int_equal(phone_parse(arena, str_of(cases[i].text), str_of(cases[i].country),
                                     &phone), OK);
        assert_str(phone.number, cases[i].number);
        assert_str(phone.extension, cases[i].extension);
        assert_false(phone.is_international);
    }
    arena_free(&arena);
}

static void test_no_numbers(void **state) {
    (void) state;
    static const char *const cases[] = { "", "n/a", "123", "1-800-FLOWERS", "call me",
                                         "+", "123456789012345678901", "bob@acme.com" };
    struct arena *arena = arena_new();
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct phone phone;
        assert_int_equal(phone_parse(arena, str_of(cases[i]), STR("US"), &phone), E_INVALID);
    }
    arena_free(&arena);
}

/* Each row's country exists, and a number made of its lengths is read as one of it. */
static void check_plan(struct arena *arena, const char *country, const char *code,
                       const char *trunk, size_t length) {
    assert_true(str_is_set(country_name(str_of(country))));
    struct str national = str_sub(STR("234567892345678"), 0, length);
    struct str number = arena_printf(arena, "+%s%.*s", code, STR_FMT(national));
    struct phone phone;
    assert_int_equal(phone_parse(arena, number, STR_NONE, &phone), OK);
    assert_true(phone.is_international);
    assert_true(str_eq(phone.number, number));
    struct str dialled = arena_printf(arena, "%s%.*s", trunk, STR_FMT(national));
    assert_int_equal(phone_parse(arena, dialled, str_of(country), &phone), OK);
    assert_true(str_eq(phone.number, number));
}

static void test_table(void **state) {
    (void) state;
    struct arena *arena = arena_new();
#define PHONE(country, code, trunk, shortest, longest)   \
    check_plan(arena, country, code, trunk, (shortest)); \
    check_plan(arena, country, code, trunk, (longest));
#include "data/phones.def"
#undef PHONE
    arena_free(&arena);
}

static void test_every_number_of_the_real_file(void **state) {
    (void) state;
    int fd = open_shared_data(SHARED_DATA "people_us_congress_current.csv");
    struct reader *reader;
    struct str reason;
    struct row row;
    size_t numbers = 0;
    assert_int_equal(reader_open(fd, READER_CSV, &reader, &reason), OK);
    struct arena *arena = arena_new();
    for (; reader_next(reader, &row) == OK; arena_reset(arena)) {
        for (size_t column = 8; column <= 9; column++) {
            struct phone phone;
            if (!row.cells[column].value.n)
                continue;
            assert_int_equal(phone_parse(arena, row.cells[column].value, STR("US"), &phone), OK);
            if (!phone.is_international)
                print_error("%.*s\n", STR_FMT(phone.number));
            assert_true(phone.is_international);
            assert_int_equal(phone.number.n, 12);
            numbers++;
        }
    }
    assert_true(numbers > 900);
    arena_free(&arena);
    reader_close(&reader);
    close(fd);
}

static void test_types(void **state) {
    (void) state;
    static const struct {
        const char *word, *type;
    } cases[] = {
        { "mobile", "mobile" }, { " Mobile ", "mobile" }, { "CELL", "mobile" }, { "direct", "direct" },
        { "office", "office" }, { "Work", "office" },     { "landline", "landline" }, { "home", "landline" },
        { "fax", NULL },        { "", NULL },             { "mobile phone number", NULL },
    };
    for (size_t i = 0; i < LENGTH(cases); i++)
        assert_str(phone_type(str_of(cases[i].word)), cases[i].type);
    assert_str(phone_type(STR_NONE), NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_types),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_numbers_that_stay_as_they_came),
        cmocka_unit_test(test_no_numbers),
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_every_number_of_the_real_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
