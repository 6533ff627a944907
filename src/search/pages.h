/* One query over all sources of an index: exact totals, a page at any depth, documents,
 * counts. The sources do not change meanwhile; results are on the arena. */
#ifndef SEARCH_PAGES_H
#define SEARCH_PAGES_H

#include "search/source.h"

struct sources {
    const struct source *const *p;
    size_t n;
};

/* As index_search, index_docs and index_count_by in search/index.h. */
void pages_search(struct arena *arena, struct sources sources, const struct index_query *query,
                  struct index_hits *ret_hits);
void pages_docs(struct arena *arena, struct sources sources, const struct index_query *query,
                struct ints *ret_docs);
void pages_count_by(struct arena *arena, struct sources sources,
                    const struct index_query *query, struct strs tokens, int64_t *ret_counts);

#endif
