#include "test.h"

#include <unistd.h>

#include "base/map.h"
#include "data/csv.h"
#include "data/enums.h"
#include "data/industries.h"
#include "data/text.h"
#include "shared_data.h"

static void test_names(void **state) {
    (void) state;
    static const struct {
        const char *text, *industry;
    } cases[] = {
        { "Software Development", "Software Development" },
        { "software development", "Software Development" },
        { "Internet", "Technology, Information and Internet" },
        { "Computer Software", "Software Development" },
        { "Information Technology & Services", "IT Services and IT Consulting" },
        { "information technology and services", "IT Services and IT Consulting" },
        { "Hospital & Health Care", "Hospitals and Health Care" },
        { "Application Software", "Software Development" },
        { "Health Care Equipment", "Medical Equipment Manufacturing" },
        { "Regional Banks", "Banking" },
        { "Office REITs", "Leasing Non-residential Real Estate" },
        { "Leisure, Travel & Tourism", "Travel Arrangements" },
        { "Airlines/Aviation", "Airlines and Aviation" },
        { "Airlines & Aviation", "Airlines and Aviation" },
        { "Oil & Energy", "Oil and Gas" },
        { "Maschinenbau", "Machinery Manufacturing" },
        { "Seguros", "Insurance" },
        { "SaaS", "Software Development" },
        { "Basket weaving; Banking", "Banking" },
        { "Basket weaving", NULL },
        { "", NULL },
        { ";", NULL },
    };
    struct arena *arena = arena_new();
    for (size_t i = 0; i < LENGTH(cases); i++)
        assert_str(industry_parse(arena, str_of(cases[i].text)), cases[i].industry);
    for (size_t i = 0; i < enum_industries.n; i++) { /* each is its own */
        struct str own = enum_industries.values[i];
        assert_true(str_eq(industry_parse(arena, own), own));
    }
    arena_free(&arena);
}

static void test_gics_sectors(void **state) {
    (void) state;
    static const char *const sectors[] = {
        "Energy", "Materials", "Industrials", "Consumer Discretionary", "Consumer Staples",
        "Health Care", "Financials", "Information Technology", "Communication Services",
        "Utilities", "Real Estate",
    };
    struct arena *arena = arena_new();
    for (size_t i = 0; i < LENGTH(sectors); i++)
        if (!str_is_set(industry_parse(arena, str_of(sectors[i]))))
            assert_str(STR("has no industry"), sectors[i]);
    arena_free(&arena);
}

static void test_codes(void **state) {
    (void) state;
    static const struct {
        const char *code, *sic, *naics;
    } cases[] = {
        { "7372", "Software Development", NULL },
        { "SIC 7372 - Prepackaged software", "Software Development", NULL },
        { "6022", "Banking", NULL },
        { "2834", "Pharmaceutical Manufacturing", NULL },
        { "73", "Professional Services", NULL },
        { "511210", "Wholesale", "Software Development" },
        { "52", "Retail Building Materials and Garden Equipment", "Financial Services" },
        { "5415", "Retail Groceries", "IT Services and IT Consulting" },
        { "99", NULL, NULL },
        { "7", NULL, NULL },
        { "1234567", NULL, NULL },
        { "none", NULL, NULL },
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct str code = str_of(cases[i].code);
        assert_str(industry_of_sic(code), cases[i].sic);
        assert_str(industry_of_naics(code), cases[i].naics);
    }
}

static void check_is_listed(const char *industry) {
    assert_true(enum_index(&enum_industries, str_of(industry)) >= 0);
}

static void check_names(struct arena *arena, struct map *seen, const char *industry,
                        const char *names) {
    check_is_listed(industry);
    struct str rest = str_of(names);
    for (struct str name; str_cut(&rest, '|', &name);) {
        struct str key = text_fold(arena, name);
        const char *other = map_put(seen, key, (void *) (uintptr_t) industry);
        if (other && strcmp(other, industry) != 0)
            print_error("%.*s is %s and %s\n", STR_FMT(name), other, industry);
        assert_true(!other || strcmp(other, industry) == 0);
        if (!str_eq(industry_parse(arena, name), str_of(industry)))
            print_error("%.*s is an industry of its own\n", STR_FMT(name));
        assert_str(industry_parse(arena, name), industry);
    }
}

static void test_table(void **state) {
    (void) state;
    struct arena *arena = arena_new();
    struct map seen = map_in(arena);
#define INDUSTRY(industry, names) check_names(arena, &seen, industry, names);
#define SIC(code, industry) check_is_listed(industry);
#define NAICS(code, industry) check_is_listed(industry);
#include "data/industries.def"
#undef INDUSTRY
#undef SIC
#undef NAICS
    arena_free(&arena);
}

static void test_every_company_of_the_real_file(void **state) {
    (void) state;
    int fd = open_shared_data(SHARED_DATA "companies_sp500.csv");
    struct reader *reader;
    struct str reason;
    struct row row;
    assert_int_equal(reader_open(fd, READER_CSV, &reader, &reason), OK);
    struct arena *arena = arena_new();
    for (; reader_next(reader, &row) == OK; arena_reset(arena)) {
        for (size_t column = 2; column <= 3; column++) {
            struct str text = row.cells[column].value;
            if (!str_is_set(industry_parse(arena, text)))
                print_error("%.*s has no industry\n", STR_FMT(text));
            assert_true(str_is_set(industry_parse(arena, text)));
        }
    }
    arena_free(&arena);
    reader_close(&reader);
    close(fd);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_gics_sectors),
        cmocka_unit_test(test_codes),
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_every_company_of_the_real_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
