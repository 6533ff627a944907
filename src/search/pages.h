/* One query over all sources of an index: exact totals, a page at any depth, documents,
 * counts. The sources do not change meanwhile; results are on the arena, what they are
 * made with is not. */
#ifndef SEARCH_PAGES_H
#define SEARCH_PAGES_H

#include "search/source.h"

struct sources {
    const struct source *const *p;
    size_t n;
};

/* As index_search, index_docs and index_count_by in search/index.h. */
MUST_USE enum rc pages_search(struct arena *arena, struct sources sources,
                              const struct index_query *query, struct index_hits *ret_hits);
MUST_USE enum rc pages_docs(struct arena *arena, struct sources sources,
                            const struct index_query *query, struct doc_set *ret_docs);
MUST_USE enum rc pages_count_by(struct sources sources, const struct index_query *query,
                                struct strs tokens, int64_t *ret_counts);

#endif
