/* An expression over tags as a condition of a statement, for both engines. */
#ifndef SEARCH_MATCH_H
#define SEARCH_MATCH_H

#include "db/sql.h"
#include "search/expr.h"

/* Append " AND …" that keeps the rows of people AS p / companies AS c whose tags match;
 * nothing for an expression that is always true. */
void match_people(struct ctx *ctx, struct sql *sql, const struct expr *expr);
void match_companies(struct ctx *ctx, struct sql *sql, const struct expr *expr);

/* The text of the condition for a statement that has it anyway: the right side of MATCH, or
 * of @@ when cast to tsquery. `expr` is neither true nor false. */
struct str match_text(struct ctx *ctx, const struct expr *expr);

/* The registrable domain of a URL, host or address, by which companies are known; absent
 * when the text holds none. */
struct str domain_key(struct arena *arena, struct str text);

#endif
