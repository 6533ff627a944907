/* Cursor pages (keyset pagination) of a list: two queries that differ in direction, and
 * the bookkeeping that both need, so that a resource with a list writes only its SQL.
 *
 * Both queries take the cursor as $1, exclusive, the number of rows as $2, and the same
 * filters from $3 on. `after` is in the order shown and must give the first rows for
 * the cursor ''; `before` is in the reverse order. */
#ifndef STORE_PAGES_H
#define STORE_PAGES_H

#include "base/ctx.h"
#include "base/field.h"
#include "db/db.h"

/* What part of a list is asked for. At most one cursor is there. */
struct page {
    int size;
    struct str after; /* absent: from the beginning */
    struct str before;
};

struct page_queries {
    const struct query *after, *before;
    const struct fields *fields; /* of an item */
    size_t cursor;               /* offset of the struct str in an item that is its cursor */
};

enum { PAGE_FILTERS_MAX = 16 };

struct page_of {
    struct list items;      /* in the order shown, also for `before` */
    struct str first, last; /* cursors of the first and last item; absent without items */
    bool more_before, more_after;
};

/* Reads one page. `filters` are at most PAGE_FILTERS_MAX values. Whether there is more
 * on the other side is asked for, not guessed. */
MUST_USE enum rc page_read(struct ctx *ctx, const struct page_queries *queries,
                           const struct page *page, struct db_args filters,
                           struct page_of *ret_page);

#endif
