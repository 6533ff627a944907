/* Makes one segment of several sources: rows are numbered anew in the order of their keys,
 * the dead ones dropped. Memory: eight bytes per row, and the rows of one term. */
#ifndef SEARCH_MERGE_H
#define SEARCH_MERGE_H

#include "search/segment.h"

#define MERGE_DROPPED UINT32_MAX

/* Of all inputs' files: beyond some gigabytes a segment's numbers would not fit in its
 * tables, and merging would take very long for little. */
#define MERGE_MAX_BYTES ((uint64_t) 4 << 30)

struct merge_input {
    const struct source *source; /* a tail is frozen */
    uint64_t *const *dead;       /* as source->dead, but nobody changes it meanwhile */
    uint32_t *map; /* made by merge_sources, freed by the caller: old number to new one */
};

struct merge_order {
    const char *folder;
    uint64_t id; /* of the new segment */
    struct merge_input *inputs;
    size_t n;
    const atomic_bool *stop; /* once true: E_CANCELED, without a message. May be NULL */
};

/* Rows that are alive are in at most one of the inputs. E_INVALID when one of them is damaged;
 * E_NOT_FOUND, without a message, when no row is alive. There is no file after a failure. */
MUST_USE enum rc merge_sources(struct ctx *ctx, const struct merge_order *order);

#endif
