#include "test.h"

#include <unistd.h>

#include "base/map.h"
#include "data/csv.h"
#include "data/headers.h"
#include "data/text.h"
#include "shared_data.h"

static struct headers *plain(struct arena *arena, enum header_set set) {
    struct headers *headers;
    struct str reason;
    assert_int_equal(headers_new(arena, set, (struct strs){ 0 }, &headers, &reason), OK);
    return headers;
}

static void test_names(void **state) {
    (void) state;
    static const struct {
        const char *column, *people, *companies;
    } cases[] = {
        { "Full Name", "name", NULL },
        { "Name", "name", "name" },
        { "first_name", "first_name", NULL },
        { "FIRST NAME ", "first_name", NULL },
        { "Nachname", "last_name", NULL },
        { "Pr\xC3\xA9nom", "first_name", NULL },
        { "Apellidos", "last_name", NULL },
        { "Sobrenome", "last_name", NULL },
        { "Job Title", "title", NULL },
        { "Position", "title", NULL },
        { "Organization", "company_name", "name" },
        { "Company", "company_name", "name" },
        { "Employer", "company_name", "name" },
        { "Account Name", "company_name", "name" },
        { "Security", NULL, "name" },
        { "Company Name for Emails", "company_name", "name" },
        { "Organization Website", "company_website", "website" },
        { "Website", "company_website", "website" },
        { "Company Domain", "company_domain", "domain" },
        { "Company Domain Name", "company_domain", "domain" },
        { "Profile URL", "linkedin_url", "linkedin_url" },
        { "LinkedIn", "linkedin_url", "linkedin_url" },
        { "Person Linkedin Url", "linkedin_url", NULL },
        { "Company Linkedin Url", "company_linkedin_url", "linkedin_url" },
        { "Email Address", "email", NULL },
        { "E-Mail", "email", NULL },
        { "Work Email", "email", NULL },
        { "Correo electr\xC3\xB3nico", "email", NULL },
        { "Personal Email", "other_email", NULL },
        { "Phone", "phone", NULL },
        { "Mobile", "mobile_phone", NULL },
        { "Work Direct Phone", "work_phone", NULL },
        { "City", "city", "city" },
        { "State", "region", "region" },
        { "State/Region", "region", "region" },
        { "Country", "country", "country" },
        { "Company City", "company_city", "city" },
        { "Company Country", "company_country", "country" },
        { "Account Country", "company_country", "country" },
        { "GICS Sector", "company_sector", "sector" },
        { "GICS Sub-Industry", "company_industry", "industry" },
        { "Headquarters Location", "company_location", "location" },
        { "Founded", "company_founded_year", "founded_year" },
        { "# Employees", "company_estimated_number_of_employees",
          "estimated_number_of_employees" },
        { "Company Size", "company_size", "size" },
        { "Annual Revenue", "company_revenue", "revenue" },
        { "Jahresumsatz", "company_revenue", "revenue" },
        { "Technologies", "company_technologies", "technologies" },
        { "Keywords", "company_keywords", "keywords" },
        { "keywords", "keywords", "keywords" },
        { "Seniority", "seniority", NULL },
        { "company_founded_year", "company_founded_year", "founded_year" },
        { "Symbol", NULL, NULL },
        { "CIK", NULL, NULL },
        { "Party", NULL, NULL },
        { "District Phone", NULL, NULL },
        { "Company Phone", NULL, NULL },
        { "", NULL, NULL },
        { "***", NULL, NULL },
    };
    struct arena *arena = arena_new();
    struct headers *people = plain(arena, HEADERS_PEOPLE);
    struct headers *companies = plain(arena, HEADERS_COMPANIES);
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct str column = str_of(cases[i].column);
        assert_str(headers_field(people, column), cases[i].people);
        assert_str(headers_field(companies, column), cases[i].companies);
    }
    arena_free(&arena);
}

static void test_overrides(void **state) {
    (void) state;
    struct arena *arena = arena_new();
    struct str given[] = { STR("Party = keywords"), STR("Phone=extra"), STR("a=b=title"),
                           STR("Firm=company_founded_year") };
    struct headers *headers;
    struct str reason = STR_NONE;
    assert_int_equal(headers_new(arena, HEADERS_PEOPLE, (struct strs){ given, 4 }, &headers,
                                 &reason), OK);
    assert_str(headers_field(headers, STR("party")), "keywords");
    assert_str(headers_field(headers, STR("Phone")), NULL);
    assert_str(headers_field(headers, STR("A=B")), "title");
    assert_str(headers_field(headers, STR("Firm")), "company_founded_year");
    assert_str(headers_field(headers, STR("Name")), "name");
    struct str columns[] = { STR("PARTY"), STR("phone"), STR("A B"), STR("x") };
    assert_str(headers_unused(headers, (struct strs){ columns, 4 }),
               "Firm=company_founded_year");
    assert_str(headers_unused(plain(arena, HEADERS_PEOPLE), (struct strs){ columns, 4 }), NULL);
    arena_free(&arena);
}

static void test_wrong_overrides(void **state) {
    (void) state;
    static const struct {
        enum header_set set;
        const char *given, *reason;
    } cases[] = {
        { HEADERS_PEOPLE, "Party", "\"Party\" is not of the form Header=field" },
        { HEADERS_PEOPLE, "=title", "\"=title\" is not of the form Header=field" },
        { HEADERS_PEOPLE, "Party=nothing", "there is no field \"nothing\" in an import of people" },
        { HEADERS_PEOPLE, "Party=", "there is no field \"\" in an import of people" },
        { HEADERS_COMPANIES, "Party=title",
          "there is no field \"title\" in an import of companies" },
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct arena *arena = arena_new();
        struct str given = str_of(cases[i].given);
        struct headers *headers;
        struct str reason = STR_NONE;
        assert_int_equal(headers_new(arena, cases[i].set, (struct strs){ &given, 1 }, &headers,
                                     &reason), E_INVALID);
        assert_str(reason, cases[i].reason);
        arena_free(&arena);
    }
}

struct seen {
    struct arena *arena;
    struct map fields;
};

static void check_names(struct seen *seen, const char *field, const char *names) {
    struct str rest = str_of(names);
    for (struct str name; str_cut(&rest, '|', &name);) {
        struct str key = text_fold(seen->arena, name);
        const char *other = map_put(&seen->fields, key, (void *) (uintptr_t) field);
        if (other && strcmp(other, field) != 0)
            print_error("%.*s is %s and %s\n", STR_FMT(name), other, field);
        assert_true(!other || strcmp(other, field) == 0);
    }
}

/* No name stands for two fields in one kind of file. */
static void test_names_are_unambiguous(void **state) {
    (void) state;
    struct arena *arena = arena_new();
    struct seen people = { arena, map_in(arena) }, companies = { arena, map_in(arena) };
#define PERSON(field, names) check_names(&people, #field, names);
#define COMPANY(field, names) check_names(&companies, #field, names);
#define FOR_PEOPLE(field, names) check_names(&people, "company_" #field, names);
#include "data/headers.def"
#undef PERSON
#undef COMPANY
#undef FOR_PEOPLE
    arena_free(&arena);
}

static void test_real_files(void **state) {
    (void) state;
    static const struct {
        enum header_set set;
        const char *path, *fields;
    } cases[] = {
        { HEADERS_COMPANIES, SHARED_DATA "companies_sp500.csv",
          "-,name,sector,industry,location,-,-,founded_year," },
        { HEADERS_PEOPLE, SHARED_DATA "people_us_congress_current.csv",
          "-,name,first_name,last_name,title,company_name,company_website,linkedin_url,phone,-,"
          "city,region,-,-," },
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct arena *arena = arena_new();
        int fd = open_shared_data(cases[i].path);
        struct reader *reader;
        struct str reason, all = STR("");
        assert_int_equal(reader_open(fd, READER_CSV, &reader, &reason), OK);
        struct headers *headers = plain(arena, cases[i].set);
        struct strs columns = reader_columns(reader);
        for (size_t k = 0; k < columns.n; k++) {
            struct str field = headers_field(headers, columns.p[k]);
            all = arena_printf(arena, "%.*s%.*s,", STR_FMT(all),
                               STR_FMT(field.n ? field : STR("-")));
        }
        assert_str(all, cases[i].fields);
        reader_close(&reader);
        close(fd);
        arena_free(&arena);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_overrides),
        cmocka_unit_test(test_wrong_overrides),
        cmocka_unit_test(test_names_are_unambiguous),
        cmocka_unit_test(test_real_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
