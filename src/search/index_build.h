/* Builds the folder of a search index from all rows of a database: the first time, and
 * whenever index_open refuses what is there. Used by one thread. */
#ifndef SEARCH_INDEX_BUILD_H
#define SEARCH_INDEX_BUILD_H

#include "search/index.h"

struct index_builder;

/* Builds a folder from nothing: what was there is gone at once. Rows come in any order,
 * each document once. The memory used does not depend on the number of rows. */
MUST_USE enum rc index_builder_new(struct ctx *ctx, const struct index_options *options,
                                   struct index_builder **ret_builder);
MUST_USE enum rc index_builder_add(struct ctx *ctx, struct index_builder *builder,
                                   const struct index_row *rows, size_t n);
/* Makes the folder one that index_open takes, at position `seq`. The builder is freed.
 * E_CANCELED when options.stop. */
MUST_USE enum rc index_builder_finish(struct ctx *ctx, struct index_builder **builder,
                                      int64_t seq);
/* Gives up and deletes what was made. Accepts NULL. */
void index_builder_free(struct index_builder **builder);

#endif
