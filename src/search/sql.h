/* The search on the database's own indexes. */
#ifndef SEARCH_SQL_H
#define SEARCH_SQL_H

#include "search/plan.h"
#include "search/search.h"

/* Total, rows of the plan's part of the answer and counts by facet, from one snapshot; the
 * other members of *ret_hits are left alone. */
MUST_USE enum rc sql_search(struct ctx *ctx, const struct plan *plan, struct hits *ret_hits);

#endif
