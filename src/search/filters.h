/* What POST /people/search and POST /companies/search ask: the requests' structs and
 * field tables, and what of it cannot be answered. What it means is in
 * search/conditions.h. */
#ifndef SEARCH_FILTERS_H
#define SEARCH_FILTERS_H

#include "base/ctx.h"
#include "base/field.h"

struct range {
    struct opt_int min, max; /* both inclusive */
};

struct last_funding {
    struct strs stages;
    struct str min_date, max_date; /* "2025-08-29", inclusive */
};

struct company_filters {
    struct strs names, domains, keywords, industries, sizes, types, locations, focuses, revenue,
        technologies;
    struct range *headcount, *annual_revenue, *total_funding, *founded_year;
    struct last_funding *last_funding;
    /* Filters of the API over data that an installation does not hold. */
    struct str headcount_growth, news, job_openings;
};

struct people_search {
    struct str name;
    struct strs titles, locations, seniorities, departments, job_functions, keywords;
    struct company_filters company;
    struct opt_int page, page_size;
    enum tri explain;   /* what in each row matched (search/explain.h) */
    struct strs facets; /* what is counted (search/facets.h) */
};
extern const struct fields people_search_fields;

struct companies_search {
    struct company_filters company;
    struct opt_int page, page_size;
    enum tri explain;   /* what in each row matched (search/explain.h) */
    struct strs facets; /* what is counted (search/facets.h) */
};
extern const struct fields companies_search_fields;

/* Reports filters over data that an installation does not hold (`unsupported_value`); else OK. */
MUST_USE enum rc company_filters_check(struct ctx *ctx, const struct company_filters *filters);

#endif
