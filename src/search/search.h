/* Search over people and companies: exact totals, best first, any page. This is the
 * interface; what is asked becomes a plan (search/plan.h), which the index answers when there
 * is one (search/follow.h), else the database (search/sql.h): the same rows in the same
 * order. Removed people never match, because they are not in the database any more. */
#ifndef SEARCH_SEARCH_H
#define SEARCH_SEARCH_H

#include "base/ctx.h"
#include "search/facets.h"

struct shown_cache;

struct hits {
    int64_t total;     /* all that match, not only the page */
    struct ints docs;  /* the page, in order */
    int64_t page, page_size;
    struct strs mistaken; /* words of the wanted name that nobody bears: with an error in
                             each, this was found */
    struct counts counts[FACETS]; /* of plan->facets, in their order, by key: for engines */
    struct facets *facets;        /* NULL when none were asked for */
    bool had_gaps;                /* set by search_has_gaps: this time, nothing may be missed */
    struct shown_cache *shown;    /* for the rows of the page (store/shown.h), or NULL */
};

/* *ret_hits is zero the first time, and what came the last time when it is made again.
 * E_INVALID with problems when a filter cannot be answered. */
MUST_USE enum rc search_people(struct ctx *ctx, const struct people_search *search,
                               struct hits *ret_hits);
MUST_USE enum rc search_companies(struct ctx *ctx, const struct companies_search *search,
                                  struct hits *ret_hits);

/* True when of the page only `found` rows were there to be read, because others went away
 * after the search, and it is worth searching again. `*tries` counts from 0. */
bool search_has_gaps(struct hits *hits, size_t found, int *tries);

#endif
