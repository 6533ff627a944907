/* Pages of people and companies as the API shows them to everybody: JSON made from the rows
 * without structs, for answers that are nothing but rows. Email addresses and phone numbers
 * are not in it. */
#ifndef STORE_SHOWN_H
#define STORE_SHOWN_H

#include "base/ctx.h"
#include "base/field.h"
#include "store/shown_cache.h"

struct shown_page {
    struct str json; /* an array of person_fields or company_fields; lives as long as ctx->arena */
    size_t n;        /* how many are in it */
};

/* Those of `docs` that exist, people with their companies, in the order given. `cache` may be
 * NULL, and is when nobody tells it of changes. */
MUST_USE enum rc people_shown(struct ctx *ctx, struct shown_cache *cache, struct ints docs,
                              struct shown_page *ret_page);
MUST_USE enum rc companies_shown(struct ctx *ctx, struct shown_cache *cache, struct ints docs,
                                 struct shown_page *ret_page);

#endif
