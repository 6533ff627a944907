#include "search/filters.h"

#include "base/check.h"
#include "base/limits.h"
#include "base/vec.h"
#include "data/bands.h"
#include "data/company_names.h"
#include "data/enums.h"
#include "data/places.h"
#include "data/text.h"
#include "data/titles.h"
#include "search/match.h"
#include "search/tags.h"

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
          .doc = "Names; legal forms do not count."),                                            \
    TEXTS(t, "company_domains", company.domains, .example = "[\"example.com\"]",                 \
          .doc = "Domains or websites."),                                                        \
    TEXTS(t, "company_keywords", company.keywords, .doc = "Words of keywords and description."), \
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
    F_INT(t, page_size, .min = 1, .max = PAGE_ITEMS_MAX, .example = "10", .doc = "Default 5.")

#define T struct people_search
static const struct field people_search_rows[] = {
    ROW(T, "person_name", FIELD_STR, struct str, name, .max = (int64_t) SEARCH_VALUE_MAX_BYTES,
        .example = "Jonh Doe", .doc = "Words of the name, in any order."),
    TEXTS(T, "person_titles", titles, .example = "[\"CEO\"]",
          .doc = "Titles: every word must be there; abbreviations count as what they stand for."),
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
          .doc = "Words of title, headline, description and keywords."),
    COMPANY_ROWS(T),
    PAGE_ROWS(T),
};
#undef T
const struct fields people_search_fields
    = FIELDS("PeopleSearchRequest", struct people_search, people_search_rows,
             .doc = "Filters are combined with AND, the values of one filter with OR. All values have "
                    "at most 20,000 words, with the other forms that titles and places stand for.");

#define T struct companies_search
static const struct field companies_search_rows[] = { COMPANY_ROWS(T), PAGE_ROWS(T) };
#undef T
const struct fields companies_search_fields
    = FIELDS("CompaniesSearchRequest", struct companies_search, companies_search_rows,
             .doc = "Filters are combined with AND, the values of one filter with OR. All values have "
                    "at most 20,000 words, with the other forms that titles and places stand for.");

/* --- expressions --- */

/* All of `words` under one kind of tag. */
static struct expr *all_words(struct arena *arena, const char *prefix, struct strs words) {
    struct expr *all = expr_and(arena);
    for (size_t i = 0; i < words.n; i++)
        expr_add(all, expr_token(arena, tag_text(arena, prefix, words.p[i])));
    return all;
}

/* The words of one value; a value without a letter or digit matches nothing. */
static struct expr *words_expr(struct arena *arena, const char *prefix, struct str value) {
    struct strs words = { 0 };
    text_words(arena, value, &words);
    return words.n ? all_words(arena, prefix, words) : expr_or(arena);
}

/* How one value of a filter becomes an expression. */
typedef struct expr *value_expr(struct arena *arena, const char *prefix, struct str value);

/* A filter whose values are texts. */
struct text_filter {
    const char *pointer;
    struct strs values;
    const char *prefix;
    value_expr *make;
};

static struct expr *whole_value(struct arena *arena, const char *prefix, struct str value) {
    return expr_token(arena, tag_text(arena, prefix, value));
}

static struct expr *title_value(struct arena *arena, const char *prefix, struct str value) {
    struct list keys = { 0 }; /* of struct strs */
    title_query_keys(arena, value, &keys);
    struct expr *any = expr_or(arena);
    const struct strs *words = keys.p;
    for (size_t i = 0; i < keys.n; i++)
        expr_add(any, all_words(arena, prefix, words[i]));
    return any;
}

static struct expr *company_name_value(struct arena *arena, const char *prefix, struct str value) {
    return words_expr(arena, prefix, company_name_key(arena, value));
}

/* What the place can be: each reading is all of its levels. */
static struct expr *place_value(struct arena *arena, const char *prefix, struct str value) {
    (void) prefix; /* a place has tags of several kinds */
    struct list readings = { 0 }; /* of struct place */
    place_parse_query(arena, value, &readings);
    struct expr *any = expr_or(arena);
    const struct place *place = readings.p;
    for (size_t i = 0; i < readings.n; i++, place++) {
        struct expr *all = expr_and(arena);
        if (str_is_set(place->country))
            expr_add(all, whole_value(arena, TAG_COUNTRY, place->country));
        if (str_is_set(place->region))
            expr_add(all, whole_value(arena, TAG_REGION, place->region));
        if (str_is_set(place->city))
            expr_add(all, whole_value(arena, TAG_CITY, place->city));
        expr_add(any, all);
    }
    return any;
}

/* A text without a domain in it matches nothing. */
static struct expr *domain_value(struct arena *arena, const char *prefix, struct str value) {
    struct str domain = domain_key(arena, value);
    return str_is_set(domain) ? expr_token(arena, tag_exact(arena, prefix, domain))
                              : expr_or(arena);
}

/* The filters of people and those of companies: what expressions are made of, and what a
 * search may not have too much of. */
enum { PEOPLE_TEXTS = 3, COMPANY_TEXTS = 7 };

static void people_texts(const struct people_search *s, struct text_filter ret[PEOPLE_TEXTS]) {
    ret[0] = (struct text_filter){ "/person_titles", s->titles, TAG_TITLE, title_value };
    ret[1] = (struct text_filter){ "/person_locations", s->locations, "", place_value };
    ret[2] = (struct text_filter){ "/person_keywords", s->keywords, TAG_KEYWORD, words_expr };
}

static void company_texts(const struct company_filters *f, struct text_filter ret[COMPANY_TEXTS]) {
    struct strs stages = f->last_funding ? f->last_funding->stages : (struct strs){ 0 };
    const struct text_filter filters[COMPANY_TEXTS] = {
        { "/company_names", f->names, TAG_COMPANY, company_name_value },
        { "/company_domains", f->domains, TAG_DOMAIN, domain_value },
        { "/company_keywords", f->keywords, TAG_KEYWORD, words_expr },
        { "/company_locations", f->locations, "", place_value },
        { "/company_focuses", f->focuses, TAG_FOCUS, whole_value },
        { "/company_technologies", f->technologies, TAG_TECHNOLOGY, whole_value },
        { "/company_last_funding/stages", stages, TAG_STAGE, whole_value },
    };
    memcpy(ret, filters, sizeof filters);
}

static void add_texts(struct arena *arena, struct expr *all, const struct text_filter *filters,
                      size_t n) {
    for (size_t i = 0; i < n; i++) {
        const struct text_filter *f = &filters[i];
        struct expr *any = expr_or(arena);
        for (size_t v = 0; v < f->values.n; v++)
            expr_add(any, f->make(arena, f->prefix, f->values.p[v]));
        if (f->values.n)
            expr_add(all, any);
    }
}

/* Every value once: there are few of them, and each that is repeated would be read again. */
static void add_enums(struct arena *arena, struct expr *all, struct strs values,
                      const char *prefix, const struct enum_values *list) {
    if (values.n == 0)
        return;
    bool *added = ARENA_ARRAY(arena, list->n, bool);
    struct expr *any = expr_or(arena);
    for (size_t i = 0; i < values.n; i++) {
        int value = enum_index(list, values.p[i]); /* validated: it is in the list */
        if (!added[value])
            expr_add(any, expr_token(arena, tag_number(arena, prefix, value)));
        added[value] = true;
    }
    expr_add(all, any);
}

struct expr *people_expr(struct arena *arena, const struct people_search *s) {
    struct expr *all = expr_and(arena);
    struct text_filter texts[PEOPLE_TEXTS];
    people_texts(s, texts);
    if (str_is_set(s->name))
        expr_add(all, words_expr(arena, TAG_NAME, s->name));
    add_texts(arena, all, texts, PEOPLE_TEXTS);
    add_enums(arena, all, s->seniorities, TAG_SENIORITY, &enum_seniorities);
    add_enums(arena, all, s->departments, TAG_DEPARTMENT, &enum_departments);
    add_enums(arena, all, s->job_functions, TAG_FUNCTION, &enum_job_functions);
    return all;
}

struct expr *company_expr(struct arena *arena, const struct company_filters *f) {
    struct expr *all = expr_and(arena);
    struct text_filter texts[COMPANY_TEXTS];
    company_texts(f, texts);
    add_texts(arena, all, texts, COMPANY_TEXTS);
    add_enums(arena, all, f->industries, TAG_INDUSTRY, &enum_industries);
    add_enums(arena, all, f->sizes, TAG_SIZE, &enum_company_sizes);
    add_enums(arena, all, f->types, TAG_TYPE, &enum_company_types);
    add_enums(arena, all, f->revenue, TAG_REVENUE, &enum_revenue_bands);
    return all;
}

/* --- what cannot be answered --- */

static size_t count_tokens(const struct expr *expr) {
    size_t n = str_is_set(expr->token);
    for (const struct expr *child = expr->first; child; child = child->next)
        n += count_tokens(child);
    return n;
}

/* Each value becomes an expression here once more, on memory that is given back: a title
 * can stand for a hundred times its words, so what is too much must not be kept even once.
 * Adds to *tokens. */
static enum rc check_texts(struct ctx *ctx, const struct text_filter *filters, size_t n,
                           size_t *tokens) {
    enum rc rc = OK;
    struct arena *scratch = arena_new();
    for (size_t i = 0; rc == OK && i < n; i++) {
        for (size_t v = 0; v < filters[i].values.n && *tokens <= SEARCH_TOKENS_MAX; v++) {
            *tokens += count_tokens(
                filters[i].make(scratch, filters[i].prefix, filters[i].values.p[v]));
            arena_reset(scratch);
        }
        if (*tokens > SEARCH_TOKENS_MAX)
            rc = bad_field(ctx, str_of(filters[i].pointer), "unsupported_value",
                           "The values of all filters have more than %zu words together, with "
                           "the other forms that titles and places stand for",
                           SEARCH_TOKENS_MAX);
    }
    arena_free(&scratch);
    return rc;
}

static enum rc check_company(struct ctx *ctx, const struct company_filters *f, size_t *tokens) {
    const struct {
        const char *pointer;
        struct str value;
    } unsupported[] = {
        { "/headcount_growth", f->headcount_growth },
        { "/news", f->news },
        { "/job_openings", f->job_openings },
    };
    struct text_filter texts[COMPANY_TEXTS];
    company_texts(f, texts);
    enum rc rc = check_texts(ctx, texts, COMPANY_TEXTS, tokens);
    for (size_t i = 0; i < LENGTH(unsupported); i++)
        if (str_is_set(unsupported[i].value))
            rc = bad_field(ctx, str_of(unsupported[i].pointer), "unsupported_value",
                           "This installation holds no data for this filter");
    return rc;
}

enum rc company_filters_check(struct ctx *ctx, const struct company_filters *filters) {
    size_t tokens = 0;
    return check_company(ctx, filters, &tokens);
}

enum rc people_filters_check(struct ctx *ctx, const struct people_search *search) {
    struct text_filter texts[PEOPLE_TEXTS];
    people_texts(search, texts);
    size_t tokens = 0;
    enum rc rc = check_texts(ctx, texts, PEOPLE_TEXTS, &tokens);
    return rc == OK ? check_company(ctx, &search->company, &tokens) : rc;
}
