/* Why a row was found: which filter matched which of its values. Read from the same
 * tables as the search itself (search/conditions.h, search/tags.h), so that it says
 * neither more nor less. */
#ifndef SEARCH_EXPLAIN_H
#define SEARCH_EXPLAIN_H

#include "base/ctx.h"
#include "search/search.h"

/* Fill `explanations` of each row of the page: list of struct person, of struct company.
 * An entry for each value of a filter and each field of the row that has all of it; where
 * no field alone has all, those that have a part. */
void explain_people(struct ctx *ctx, const struct people_search *search, const struct hits *hits,
                    struct list *people);
void explain_companies(struct ctx *ctx, const struct companies_search *search,
                       struct list *companies);

#endif
