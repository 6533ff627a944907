/* A row of the search index (search/index.h): what is told of a person or a company. */
#ifndef SEARCH_INDEX_ROW_H
#define SEARCH_INDEX_ROW_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

enum index_kind { INDEX_PEOPLE = 1, INDEX_COMPANIES };

/* Numbers of companies that ranges ask for. A row has at most one of each. */
enum index_value {
    INDEX_HEADCOUNT,
    INDEX_REVENUE,
    INDEX_FUNDING,
    INDEX_FOUNDED,
    INDEX_FUNDED_ON, /* the day as a number that grows with it (search/plan.h) */
    INDEX_VALUES
};
#define INDEX_NO_VALUE INT64_MIN /* matches no range */

/* Limits of a row: others are refused with E_INVALID. */
#define INDEX_DOC_MAX  ((INT64_C(1) << 40) - 1) /* from 1 */
#define INDEX_RANK_MAX ((INT64_C(1) << 24) - 1) /* from 0 */
#define INDEX_TAG_MAX_BYTES ((size_t) 1024)     /* of one tag; longer ones are not found */

struct index_row {
    int64_t doc, rank;
    int64_t company;              /* people: the doc of the company, 0 without one */
    int64_t values[INDEX_VALUES]; /* companies */
    struct str tags;              /* parted by spaces, each once */
};

static inline bool index_row_is_valid(const struct index_row *row) {
    return row->doc >= 1 && row->doc <= INDEX_DOC_MAX && row->rank >= 0
           && row->rank <= INDEX_RANK_MAX && row->company >= 0 && row->company <= INDEX_DOC_MAX;
}

#endif
