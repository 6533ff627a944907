/* Collects rows of a source in any order into a container per chunk: for what is not one
 * term but many (a prefix, the people of many companies). */
#ifndef SEARCH_GATHER_H
#define SEARCH_GATHER_H

#include "base/arena.h"
#include "search/source.h"

struct gathered;

struct gather {
    struct arena *arena;
    struct gathered *chunks;
    uint32_t n;
};

struct gather gather_new(struct arena *arena, uint32_t chunks);
void gather_row(struct gather *g, uint32_t row);
/* Fits postings_visit. */
void gather_postings(void *gather, const struct postings *postings);
/* One container per chunk, on the arena. */
struct postings gather_done(struct gather *g);

#endif
