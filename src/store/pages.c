#include "store/pages.h"

#include "base/check.h"

struct page_call {
    const struct page_queries *queries;
    struct db_args filters;
};

/* `n` rows beyond `cursor`, in the direction of `query`. */
static enum rc read_rows(struct ctx *ctx, const struct page_call *call, const struct query *query,
                         struct db_value window[2], struct list *ret_rows) {
    struct db_value values[2 + PAGE_FILTERS_MAX];
    values[0] = window[0];
    values[1] = window[1];
    for (size_t i = 0; i < call->filters.n; i++)
        values[2 + i] = call->filters.p[i];
    *ret_rows = (struct list){ 0 };
    return db_list(ctx, query, (struct db_args){ values, 2 + call->filters.n },
                   call->queries->fields, ret_rows);
}

static enum rc has_rows(struct ctx *ctx, const struct page_call *call, const struct query *query,
                        struct str cursor, bool *ret_has) {
    struct list rows;
    struct db_value window[] = { db_v_text(cursor), db_v_int(1) };
    enum rc rc = read_rows(ctx, call, query, window, &rows);
    if (rc == OK)
        *ret_has = rows.n > 0;
    return rc;
}

static void reverse(struct arena *arena, struct list *items, size_t size) {
    char *from = items->p;
    char *to = arena_array(arena, items->n ? items->n : 1, size);
    for (size_t i = 0; i < items->n; i++)
        memcpy(to + i * size, from + (items->n - 1 - i) * size, size);
    items->p = to;
}

static struct str cursor_at(const struct page_queries *q, const struct list *items, size_t i) {
    return *(const struct str *) (const void *) ((const char *) items->p + i * q->fields->size
                                                 + q->cursor);
}

enum rc page_read(struct ctx *ctx, const struct page_queries *queries, const struct page *page,
                  struct db_args filters, struct page_of *ret_page) {
    ASSERT(filters.n <= PAGE_FILTERS_MAX && page->size > 0);
    struct page_call call = { queries, filters };
    struct page_of result = { 0 };
    bool backwards = str_is_set(page->before);
    bool from_start = !backwards && !str_is_set(page->after);
    struct str cursor = backwards ? page->before : from_start ? STR("") : page->after;
    struct db_value window[] = { db_v_text(cursor), db_v_int(page->size + 1) };
    enum rc rc = read_rows(ctx, &call, backwards ? queries->before : queries->after, window,
                           &result.items);
    if (rc != OK)
        return rc;
    bool more = result.items.n > (size_t) page->size;
    result.items.n -= more;
    if (backwards)
        reverse(ctx->arena, &result.items, queries->fields->size);
    if (result.items.n) {
        result.first = cursor_at(queries, &result.items, 0);
        result.last = cursor_at(queries, &result.items, result.items.n - 1);
    }
    *(backwards ? &result.more_before : &result.more_after) = more;
    if (result.items.n && !from_start)
        rc = backwards ? has_rows(ctx, &call, queries->after, result.last, &result.more_after)
                       : has_rows(ctx, &call, queries->before, result.first, &result.more_before);
    if (rc == OK)
        *ret_page = result;
    return rc;
}
