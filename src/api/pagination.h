/* `_pagination` of the two searches (docs: "Searcher pagination"). */
#ifndef API_PAGINATION_H
#define API_PAGINATION_H

#include "base/field.h"
#include "search/search.h"

struct pagination {
    struct opt_int page, page_size, total_pages, total;
};
extern const struct fields pagination_fields;

struct pagination pagination_of(const struct hits *hits);

/* The row of a result struct `t` with a member `struct pagination *pagination`. */
#define PAGINATION_ROW(t)                                                         \
    { .name = "_pagination", .type = FIELD_OBJECT, .flags = FIELD_REQUIRED,       \
      .offset = FIELD_OFFSET(t, pagination, struct pagination *),                 \
      .of = &pagination_fields, .doc = "Where this page is." }

#endif
