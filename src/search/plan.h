/* A search as every engine sees it: what the tags of people and of companies must say,
 * ranges of company values, what comes first, which part of the answer is wanted. Made
 * from a request; search/sql.c and the index answer it, with the same rows in the same
 * order: tier DESC, rank DESC, doc ASC.
 *
 * Lives in the arena that it was made in. */
#ifndef SEARCH_PLAN_H
#define SEARCH_PLAN_H

#include "search/expr.h"
#include "search/filters.h"
#include "store/companies.h"

/* Values of companies that a search can ask a range of. */
enum plan_column {
    PLAN_HEADCOUNT,
    PLAN_REVENUE,      /* US dollars, like the next */
    PLAN_FUNDING,
    PLAN_FOUNDED_YEAR,
    PLAN_FUNDED_ON,    /* the day of the latest funding as a number, 20250829; what is
                          known to the month or year only ends in 00 or 0000 */
    PLAN_COLUMNS,
};

/* Both ends belong to it. No value is in no range, however open. */
#define PLAN_NO_MIN (INT64_MIN + 1) /* INT64_MIN stands for no value where one is stored */
#define PLAN_NO_MAX INT64_MAX
struct plan_range {
    enum plan_column column;
    int64_t min, max;
};

/* Rows whose whole key is one of `keys`. The same twice: as keys for an engine that has
 * the columns, as an expression over tags for the others. */
enum plan_key { PLAN_NAME_KEY, PLAN_TITLE_KEY, PLAN_COMPANY_KEY };
struct plan_tier {
    enum plan_key key;
    struct strs keys;
    struct expr_tier tier;
};

/* Fields whose values are counted (search/facets.h). */
enum facet_id {
    FACET_SENIORITIES,
    FACET_DEPARTMENTS,
    FACET_FUNCTIONS,
    FACET_LOCATIONS, /* countries, like the company's */
    FACET_INDUSTRIES,
    FACET_SIZES,
    FACET_COMPANY_LOCATIONS,
    FACET_REVENUE,
    FACETS,
};

struct filter; /* search/conditions.h */
enum plan_rows { PLAN_PEOPLE, PLAN_COMPANIES };
enum { PLAN_TIERS_MAX = 2 };

struct plan {
    enum plan_rows rows;          /* which are found */
    const struct expr *people;    /* over their tags; NULL when companies are found */
    const struct expr *companies; /* over the tags of companies */
    struct plan_range ranges[PLAN_COLUMNS];
    size_t n_ranges;
    struct plan_tier tiers[PLAN_TIERS_MAX]; /* over the tags of what is found */
    size_t n_tiers;
    int64_t offset, limit;
    enum facet_id facets[FACETS]; /* each once */
    size_t n_facets;
    const struct filter *exceeded; /* NULL; else the search is too large, and this is no plan */
};

struct plan plan_people(struct arena *arena, const struct people_search *search);
/* The same when these words of the name (of name_words_for_typos) count as mistaken. */
struct plan plan_people_forgiving(struct arena *arena, const struct people_search *search,
                                  struct strs mistaken);
/* All people who bear this word (folded) in their name; the page is empty. */
struct plan plan_name_word(struct arena *arena, struct str word);
struct plan plan_companies(struct arena *arena, const struct companies_search *search);

/* To be asked before anything else is done with a plan: reports the filter with which a search
 * has more than SEARCH_TOKENS_MAX tokens (`unsupported_value`); else OK. */
MUST_USE enum rc plan_check(struct ctx *ctx, const struct plan *plan);

/* Whether only rows of companies that match are found: then people without a company
 * are not. */
bool plan_asks_companies(const struct plan *plan);

/* The company's value, absent when it is not known. */
struct opt_int plan_value(const struct company *company, enum plan_column column);

#endif
