/* Every statement of the store, listed file by file, so that a test can prepare all
 * of them on both engines. */
#ifndef STORE_QUERIES_H
#define STORE_QUERIES_H

#include <stddef.h>

#include "base/check.h" /* LENGTH */
#include "db/db.h"

struct query_table {
    const struct query *const *rows;
    size_t n;
};

#define QUERY_TABLE(array) { (array), LENGTH(array) }

/* All tables of all files that have statements (store/queries.c). */
extern const struct query_table *const query_tables[];
extern const size_t query_tables_count;

#endif
