#include "search/conditions.h"

#include "base/check.h"
#include "base/utf8.h"
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
#include "search/typos.h"

enum {
    BEGINNING_MIN = 2,  /* letters; one is the beginning of too many words to mean any */
    NAME_WORDS_MAX = 8, /* longer names are taken as they are written */
};

/* --- words --- */

/* A value taken apart: its words, and the beginning of a word that it ends with. */
struct wanted {
    struct str before;    /* the text of the words */
    struct strs words;    /* folded */
    struct str beginning; /* folded, or absent */
};

/* "joh*" is a beginning; so is the "smi" of "John Smi*", but not the end of "C *". What
 * folding makes two words of ends in the second ("jean-pi*"). */
static struct wanted take_apart(struct arena *arena, struct str value) {
    struct wanted wanted = { .before = str_trim(value) };
    bool open = str_ends(wanted.before, STR("*"));
    text_words(arena, wanted.before, &wanted.words);
    if (!open || wanted.words.n == 0)
        return wanted;
    size_t end = wanted.before.n - 1;
    struct str text = str_sub(wanted.before, 0, end);
    struct str last = wanted.words.p[wanted.words.n - 1];
    if (text.n == 0 || ascii_is_space(text.p[text.n - 1]) || utf8_count(last) < BEGINNING_MIN)
        return wanted;
    wanted.beginning = last;
    wanted.words.n--;
    while (text.n && !ascii_is_space(text.p[text.n - 1]))
        text.n--;
    wanted.before = text;
    return wanted;
}

/* All of `words` under one kind of tag. */
static struct expr *all_words(struct arena *arena, const char *kind, struct strs words) {
    struct expr *all = expr_and(arena);
    for (size_t i = 0; i < words.n; i++)
        expr_add(all, expr_token(arena, tag_text(arena, kind, words.p[i])));
    return all;
}

static struct expr *beginning_of(struct arena *arena, const char *kind, struct str beginning) {
    return str_is_set(beginning) ? expr_prefix(arena, tag_text(arena, kind, beginning)) : NULL;
}

static struct expr *words_value(struct arena *arena, const struct filter *filter,
                                struct str value) {
    struct wanted wanted = take_apart(arena, value);
    if (wanted.words.n == 0 && !str_is_set(wanted.beginning))
        return expr_or(arena);
    struct expr *all = all_words(arena, filter->kind, wanted.words);
    expr_add(all, beginning_of(arena, filter->kind, wanted.beginning));
    return all;
}

/* --- names --- */

static bool is_mistaken(struct strs mistaken, struct str word) {
    return strs_have(mistaken, word);
}

static struct expr *near_words(struct arena *arena, struct str word) {
    struct strs variants = typo_variants(arena, word);
    struct expr *any = expr_or(arena);
    for (size_t i = 0; i < variants.n; i++)
        expr_add(any, expr_token(arena, tag_text(arena, TAG_NAME, variants.p[i])));
    return any;
}

struct expr *name_expr(struct arena *arena, struct str name, struct strs mistaken) {
    struct wanted wanted = take_apart(arena, name);
    if (wanted.words.n == 0 && !str_is_set(wanted.beginning))
        return expr_or(arena);
    struct expr *all = expr_and(arena);
    for (size_t i = 0; i < wanted.words.n; i++) {
        struct str word = wanted.words.p[i];
        expr_add(all, is_mistaken(mistaken, word)
                          ? near_words(arena, word)
                          : expr_token(arena, tag_text(arena, TAG_NAME, word)));
    }
    expr_add(all, beginning_of(arena, TAG_NAME, wanted.beginning));
    return all;
}

struct strs name_words_for_typos(struct arena *arena, struct str name) {
    struct strs likely = { 0 };
    struct wanted wanted = take_apart(arena, name);
    if (wanted.words.n > NAME_WORDS_MAX)
        return likely;
    for (size_t i = 0; i < wanted.words.n; i++)
        if (typo_is_likely(wanted.words.p[i]) && !strs_have(likely, wanted.words.p[i]))
            strs_add(arena, &likely, wanted.words.p[i]);
    return likely;
}

static struct expr *name_value(struct arena *arena, const struct filter *filter,
                               struct str value) {
    (void) filter;
    return name_expr(arena, value, (struct strs){ 0 });
}

/* --- other values --- */

static struct expr *whole_value(struct arena *arena, const struct filter *filter,
                                struct str value) {
    return expr_token(arena, tag_text(arena, filter->kind, value));
}

static struct expr *technology_value(struct arena *arena, const struct filter *filter,
                                     struct str value) {
    (void) filter; /* there is one kind */
    return expr_token(arena, tag_technology(arena, value));
}

/* Validated: the value is in the list. */
static struct expr *listed_value(struct arena *arena, const struct filter *filter,
                                 struct str value) {
    return expr_token(arena, tag_number(arena, filter->kind, enum_index(filter->list, value)));
}

/* What the words before a beginning stand for, each with the beginning. */
static struct expr *title_value(struct arena *arena, const struct filter *filter,
                                struct str value) {
    struct wanted wanted = take_apart(arena, value);
    struct list keys = { 0 }; /* of struct strs */
    title_query_keys(arena, wanted.before, &keys);
    struct expr *any = expr_or(arena);
    const struct strs *words = keys.p;
    for (size_t i = 0; i < keys.n; i++) {
        struct expr *all = all_words(arena, filter->kind, words[i]);
        expr_add(all, beginning_of(arena, filter->kind, wanted.beginning));
        expr_add(any, all);
    }
    if (keys.n == 0)
        expr_add(any, beginning_of(arena, filter->kind, wanted.beginning));
    return any;
}

/* Legal forms do not count; a name that is only begun is taken as it is. */
static struct expr *company_name_value(struct arena *arena, const struct filter *filter,
                                       struct str value) {
    bool open = str_is_set(take_apart(arena, value).beginning);
    return words_value(arena, filter, open ? value : company_name_key(arena, value));
}

/* A text without a domain in it matches nothing. */
static struct expr *domain_value(struct arena *arena, const struct filter *filter,
                                 struct str value) {
    struct str domain = domain_key(arena, value);
    return str_is_set(domain) ? expr_token(arena, tag_exact(arena, filter->kind, domain))
                              : expr_or(arena);
}

/* What the place can be: each reading is all of its levels. */
static struct expr *place_value(struct arena *arena, const struct filter *filter,
                                struct str value) {
    (void) filter;
    struct list readings = { 0 }; /* of struct place */
    place_parse_query(arena, value, &readings);
    struct expr *any = expr_or(arena);
    const struct place *place = readings.p;
    for (size_t i = 0; i < readings.n; i++, place++) {
        struct expr *all = expr_and(arena);
        if (str_is_set(place->country))
            expr_add(all, expr_token(arena, tag_text(arena, TAG_COUNTRY, place->country)));
        if (str_is_set(place->region))
            expr_add(all, expr_token(arena, tag_text(arena, TAG_REGION, place->region)));
        if (str_is_set(place->city))
            expr_add(all, expr_token(arena, tag_text(arena, TAG_CITY, place->city)));
        expr_add(any, all);
    }
    return any;
}

/* --- the table --- */

#define TEXTS(name, member, kind, make) \
    { name, FILTER_TEXTS, FIELD_OFFSET(T, member, struct strs), kind, make, NULL }
#define LISTED(name, member, kind, list) \
    { name, FILTER_TEXTS, FIELD_OFFSET(T, member, struct strs), kind, listed_value, list }

#define T struct people_search
static const struct filter people_rows[] = {
    { "person_name", FILTER_TEXT, FIELD_OFFSET(T, name, struct str), TAG_NAME, name_value, NULL },
    TEXTS("person_titles", titles, TAG_TITLE, title_value),
    TEXTS("person_locations", locations, "", place_value),
    TEXTS("person_keywords", keywords, TAG_KEYWORD, words_value),
    LISTED("person_seniorities", seniorities, TAG_SENIORITY, &enum_seniorities),
    LISTED("person_departments", departments, TAG_DEPARTMENT, &enum_departments),
    LISTED("person_job_functions", job_functions, TAG_FUNCTION, &enum_job_functions),
};
#undef T

#define T struct company_filters
static const struct filter company_rows[] = {
    TEXTS("company_names", names, TAG_COMPANY, company_name_value),
    TEXTS("company_domains", domains, TAG_DOMAIN, domain_value),
    TEXTS("company_keywords", keywords, TAG_KEYWORD, words_value),
    TEXTS("company_locations", locations, "", place_value),
    TEXTS("company_focuses", focuses, TAG_FOCUS, whole_value),
    TEXTS("company_technologies", technologies, TAG_TECHNOLOGY, technology_value),
    LISTED("company_industries", industries, TAG_INDUSTRY, &enum_industries),
    LISTED("company_sizes", sizes, TAG_SIZE, &enum_company_sizes),
    LISTED("company_types", types, TAG_TYPE, &enum_company_types),
    LISTED("company_revenue", revenue, TAG_REVENUE, &enum_revenue_bands),
    { "company_last_funding/stages", FILTER_STAGES,
      FIELD_OFFSET(T, last_funding, struct last_funding *), TAG_STAGE, whole_value, NULL },
};
#undef T

const struct filter_table people_filters = { people_rows, LENGTH(people_rows) };
const struct filter_table company_filters = { company_rows, LENGTH(company_rows) };

struct strs filter_values(struct arena *arena, const struct filter *filter, const void *search) {
    const void *member = (const char *) search + filter->offset;
    if (filter->shape == FILTER_TEXTS)
        return *(const struct strs *) member;
    if (filter->shape == FILTER_STAGES) {
        const struct last_funding *funding = *(struct last_funding *const *) member;
        return funding ? funding->stages : (struct strs){ 0 };
    }
    struct strs values = { 0 };
    if (str_is_set(*(const struct str *) member))
        strs_add(arena, &values, *(const struct str *) member);
    return values;
}

struct expr *filter_expr(struct arena *arena, const struct filter *filter, struct str value) {
    return filter->make(arena, filter, value);
}

/* Values of a closed list are few: each that is repeated would only be read again. */
static bool is_repeated(const struct filter *filter, struct strs values, size_t i) {
    return filter->list && strs_have((struct strs){ values.p, i }, values.p[i]);
}

static size_t count_tokens(const struct expr *expr) {
    size_t n = expr->kind == EXPR_PREFIX ? SEARCH_PREFIX_TOKENS : str_is_set(expr->token);
    for (const struct expr *child = expr->first; child; child = child->next)
        n += count_tokens(child);
    return n;
}

/* Values of closed lists cost nothing: there are few. False when it is too much. */
static bool spend(struct budget *budget, const struct filter *filter, const struct expr *expr) {
    budget->tokens += filter->list ? 0 : count_tokens(expr);
    if (budget->tokens > SEARCH_TOKENS_MAX)
        budget->exceeded = filter;
    return !budget->exceeded;
}

static struct expr *any_value(struct arena *arena, const struct filter *filter, struct strs values,
                              struct budget *budget) {
    struct expr *any = expr_or(arena);
    for (size_t v = 0; v < values.n && !budget->exceeded; v++) {
        if (is_repeated(filter, values, v))
            continue;
        struct expr *value = filter_expr(arena, filter, values.p[v]);
        if (spend(budget, filter, value))
            expr_add(any, value);
    }
    return any;
}

static struct expr *all_filters(struct arena *arena, const struct filter_table *table,
                                const void *search, struct budget *budget) {
    struct expr *all = expr_and(arena);
    for (size_t i = 0; i < table->n; i++) {
        struct strs values = filter_values(arena, &table->p[i], search);
        if (values.n)
            expr_add(all, any_value(arena, &table->p[i], values, budget));
    }
    return all;
}

struct expr *people_expr(struct arena *arena, const struct people_search *s,
                         struct budget *budget) {
    return all_filters(arena, &people_filters, s, budget);
}

struct expr *company_expr(struct arena *arena, const struct company_filters *f,
                          struct budget *budget) {
    return all_filters(arena, &company_filters, f, budget);
}
