#include "search/filters.h"

#include "base/check.h"
#include "base/limits.h"
#include "data/bands.h"
#include "data/enums.h"
#include "search/facets.h"

static const struct str focuses[] = { { "b2b", 3 }, { "b2c", 3 } };
static const struct enum_values enum_focuses = { "CompanyFocus", focuses, LENGTH(focuses) };

#define T struct range
static const struct field range_rows[] = {
    F_INT(T, min, .doc = "Lowest value that matches."),
    F_INT(T, max, .doc = "Highest value that matches."),
};
#undef T
static const struct fields range_fields
    = FIELDS("Range", struct range, range_rows, .doc = "A range; both ends belong to it.");

#define T struct last_funding
static const struct field last_funding_rows[] = {
    F_STRS(T, stages, .max = (int64_t) SEARCH_VALUES_MAX,
           .item_max = (int64_t) SEARCH_VALUE_MAX_BYTES, .example = "[\"Series B\"]",
           .doc = "Stages of the latest funding."),
    F_DATE(T, min_date, .doc = "Latest funding on this day or later."),
    F_DATE(T, max_date, .doc = "Latest funding on this day or earlier."),
};
#undef T
static const struct fields last_funding_fields
    = FIELDS("LastFunding", struct last_funding, last_funding_rows, .doc = "The latest funding.");

/* Rows whose JSON name is not the member's: ROW(type, json name, member, …). */
#define ROW(t, json, kind, c_type, member, ...) \
    { .name = (json), .type = (kind), .offset = FIELD_OFFSET(t, member, c_type), __VA_ARGS__ }
#define TEXTS(t, json, member, ...)                                    \
    ROW(t, json, FIELD_STRS, struct strs, member,                      \
        .max = (int64_t) SEARCH_VALUES_MAX,                            \
        .item_max = (int64_t) SEARCH_VALUE_MAX_BYTES, __VA_ARGS__)
#define RANGE(t, json, member, ...) \
    ROW(t, json, FIELD_OBJECT, struct range *, member, .of = &range_fields, __VA_ARGS__)
#define ANY(t, json, member, ...) ROW(t, json, FIELD_JSON, struct str, member, __VA_ARGS__)

#define COMPANY_ROWS(t)                                                                          \
    TEXTS(t, "company_names", company.names, .example = "[\"A Company\"]",                       \
          .doc = "Names; legal forms do not count. The last word may end in *."),                \
    TEXTS(t, "company_domains", company.domains, .example = "[\"example.com\"]",                 \
          .doc = "Domains or websites."),                                                        \
    TEXTS(t, "company_keywords", company.keywords, .doc = "Words of keywords and description. The last word of a value may end in *."),     \
    TEXTS(t, "company_industries", company.industries, .values = &enum_industries,               \
          .doc = "Industries."),                                                                 \
    TEXTS(t, "company_sizes", company.sizes, .values = &enum_company_sizes, .doc = "Sizes."),    \
    TEXTS(t, "company_types", company.types, .values = &enum_company_types, .doc = "Types."),    \
    TEXTS(t, "company_locations", company.locations,                                             \
          .doc = "City, region or country of the headquarters."),                                \
    TEXTS(t, "company_focuses", company.focuses, .values = &enum_focuses, .doc = "Focuses."),    \
    TEXTS(t, "company_revenue", company.revenue, .values = &enum_revenue_bands,                  \
          .doc = "Bands of annual revenue."),                                                    \
    TEXTS(t, "company_technologies", company.technologies, .doc = "Technologies in use."),       \
    RANGE(t, "company_headcount", company.headcount, .doc = "Estimated number of employees."),   \
    RANGE(t, "company_annual_revenue", company.annual_revenue,                                   \
          .doc = "Annual revenue in US dollars."),                                               \
    RANGE(t, "company_total_funding", company.total_funding,                                     \
          .doc = "Total funding in US dollars."),                                                \
    RANGE(t, "company_founded_year", company.founded_year, .doc = "Year of foundation."),        \
    ROW(t, "company_last_funding", FIELD_OBJECT, struct last_funding *, company.last_funding,    \
        .of = &last_funding_fields, .doc = "The latest funding."),                               \
    ANY(t, "headcount_growth", company.headcount_growth,                                         \
        .doc = "Not supported: no history of headcounts is kept."),                              \
    ANY(t, "news", company.news, .doc = "Not supported: no news are kept."),                     \
    ANY(t, "job_openings", company.job_openings,                                                 \
        .doc = "Not supported: no job openings are kept.")

#define PAGE_ROWS(t)                                                                     \
    F_INT(t, page, .min = 1, .max = 100000000, .example = "1",                           \
          .doc = "Number of the page, from 1. Default 1."),                              \
    F_INT(t, page_size, .min = 1, .max = PAGE_ITEMS_MAX, .example = "10",                   \
          .doc = "Default 5."),                                                          \
    F_BOOL(t, explain, .example = "true",                                                \
           .doc = "Each result says in _explain which filter matched which of its values.")

#define FACETS_ROW(t, list)                                                              \
    F_STRS(t, facets, .max = (int64_t) FACETS, .values = &(list),                        \
           .doc = "What to count over all that match, by the names of filters.")

#define T struct people_search
static const struct field people_search_rows[] = {
    ROW(T, "person_name", FIELD_STR, struct str, name, .max = (int64_t) SEARCH_VALUE_MAX_BYTES,
        .example = "Jonh Doe", .doc = "Words of the name, in any order. The last one may end in * and is the beginning of a "
               "word then. A word of four letters or more that nobody bears counts as a typing error: "
               "what is one letter away from it is found."),
    TEXTS(T, "person_titles", titles, .example = "[\"CEO\"]",
          .doc = "Titles: every word must be there; abbreviations count as what they stand for. The "
                 "last word may end in *."),
    TEXTS(T, "person_locations", locations,
          .example = "[\"San Francisco, California, United States\"]",
          .doc = "City, region or country."),
    TEXTS(T, "person_seniorities", seniorities, .values = &enum_seniorities,
          .doc = "Seniorities."),
    TEXTS(T, "person_departments", departments, .values = &enum_departments,
          .doc = "Departments."),
    TEXTS(T, "person_job_functions", job_functions, .values = &enum_job_functions,
          .doc = "Job functions."),
    TEXTS(T, "person_keywords", keywords,
          .doc = "Words of title, headline, description and keywords. The last word of a value may end "
                 "in *."),
    COMPANY_ROWS(T),
    PAGE_ROWS(T),
    FACETS_ROW(T, enum_people_facets),
};
#undef T
const struct fields people_search_fields
    = FIELDS("PeopleSearchRequest", struct people_search, people_search_rows,
             .doc = "Filters are combined with AND, the values of one filter with OR. All values have "
                    "at most 20,000 words, with the other forms that titles and places stand for; the "
                    "beginning of a word counts as 500.");

#define T struct companies_search
static const struct field companies_search_rows[] = {
    COMPANY_ROWS(T),
    PAGE_ROWS(T),
    FACETS_ROW(T, enum_company_facets),
};
#undef T
const struct fields companies_search_fields
    = FIELDS("CompaniesSearchRequest", struct companies_search, companies_search_rows,
             .doc = "Filters are combined with AND, the values of one filter with OR. All values have "
                    "at most 20,000 words, with the other forms that titles and places stand for; the "
                    "beginning of a word counts as 500.");

/* --- what cannot be answered --- */

enum rc company_filters_check(struct ctx *ctx, const struct company_filters *f) {
    const struct {
        const char *pointer;
        struct str value;
    } unsupported[] = {
        { "/headcount_growth", f->headcount_growth },
        { "/news", f->news },
        { "/job_openings", f->job_openings },
    };
    enum rc rc = OK;
    for (size_t i = 0; i < LENGTH(unsupported); i++)
        if (str_is_set(unsupported[i].value))
            rc = bad_field(ctx, str_of(unsupported[i].pointer), "unsupported_value",
                           "This installation holds no data for this filter");
    return rc;
}
