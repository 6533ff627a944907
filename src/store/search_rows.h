/* What the search index needs of people and companies, and nothing else of them. All rows
 * come ascending by doc. */
#ifndef STORE_SEARCH_ROWS_H
#define STORE_SEARCH_ROWS_H

#include "base/ctx.h"
#include "base/field.h"
#include "db/db.h"

/* Columns of the rows. */
enum { SEARCH_DOC, SEARCH_RANK, SEARCH_TAGS, SEARCH_OWN };
enum { /* of people: of their company, which may be missing */
    SEARCH_COMPANY = SEARCH_OWN,
    SEARCH_SIZE,
    SEARCH_INDUSTRY,
    SEARCH_COUNTRY,
    SEARCH_ESTIMATED_REVENUE,
    SEARCH_FUNDING_STAGE,
};
enum { /* of companies */
    SEARCH_HEADCOUNT = SEARCH_OWN,
    SEARCH_REVENUE,
    SEARCH_FUNDING,
    SEARCH_FOUNDED,
    SEARCH_FUNDED_ON,
};

/* The next `limit` rows behind `doc`. */
MUST_USE enum rc search_people_after(struct ctx *ctx, int64_t doc, int64_t limit,
                                     struct db_rows **ret_rows);
MUST_USE enum rc search_companies_after(struct ctx *ctx, int64_t doc, int64_t limit,
                                        struct db_rows **ret_rows);
/* Those of `docs` that exist. */
MUST_USE enum rc search_people_of(struct ctx *ctx, struct ints docs, struct db_rows **ret_rows);
MUST_USE enum rc search_companies_of(struct ctx *ctx, struct ints docs, struct db_rows **ret_rows);
/* Only the docs of all people of the companies with these docs, in no order. */
MUST_USE enum rc search_people_docs_of(struct ctx *ctx, struct ints companies,
                                       struct db_rows **ret_rows);

#endif
