#include "api/pagination.h"

#include "base/check.h"

#define T struct pagination
static const struct field pagination_rows[] = {
    F_INT(T, page, .flags = FIELD_REQUIRED, .example = "1", .doc = "This page's number, from 1."),
    F_INT(T, page_size, .flags = FIELD_REQUIRED, .example = "30", .doc = "Entries per page."),
    F_INT(T, total_pages, .flags = FIELD_REQUIRED, .example = "100", .doc = "Number of pages."),
    F_INT(T, total, .flags = FIELD_REQUIRED, .example = "3000", .doc = "Number of entries."),
};
#undef T
const struct fields pagination_fields
    = FIELDS("SearcherPagination", struct pagination, pagination_rows,
             .doc = "Position within all results; both totals are exact.");

struct pagination pagination_of(const struct hits *hits) {
    return (struct pagination){
        .page = opt_int(hits->page),
        .page_size = opt_int(hits->page_size),
        .total_pages = opt_int((hits->total + hits->page_size - 1) / hits->page_size),
        .total = opt_int(hits->total),
    };
}
