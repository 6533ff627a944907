/* The rows of one chunk that have something: a view of memory that somebody else owns
 * (a mapped file, the tail, a slot of the evaluator). Few rows are a sorted list of their
 * numbers in the chunk, more are bits; which of the two is a matter of speed only. */
#ifndef SEARCH_CONTAINER_H
#define SEARCH_CONTAINER_H

#include "search/words.h"

/* Lists are never longer: 8 KB, as the bits. */
enum { CONTAINER_IDS_MAX = 4096 };

struct container {
    uint32_t n;            /* how many rows; with none, neither pointer is set */
    const uint16_t *ids;   /* ascending; or */
    const uint64_t *words; /* CHUNK_WORDS of bits */
};

/* Memory for one result. */
struct slot {
    uint64_t words[CHUNK_WORDS];
    uint16_t ids[CONTAINER_IDS_MAX];
};

/* Both sets, and the first without the second. The result is in `out` or is one of the
 * operands; an operand may be in `out`. */
struct container container_and(struct container a, struct container b, struct slot *out);
struct container container_and_not(struct container a, struct container b, struct slot *out);
/* out->words as a container, moved to out->ids where that is shorter. */
struct container container_of_words(struct slot *out);

/* How many rows are in both. */
uint32_t container_count_and(struct container a, struct container b);
bool container_has(struct container c, uint32_t id);
/* Rows below `id`. */
uint32_t container_rank(struct container c, uint32_t id);
/* Row number `k` of the set, from 0. */
uint32_t container_select(struct container c, uint32_t k);
/* Sets the bits of all rows. */
void container_add_to(struct container c, uint64_t *words);
/* Writes all ids; there is room for c.n. */
void container_ids(struct container c, uint16_t *ids);

/* Of `n` ids, ascending, keeps those that are in `c` (or, with `in` false, that are not),
 * in place, and returns how many. */
uint32_t ids_keep(uint16_t *ids, uint32_t n, struct container c, bool in);
/* Sets flags[i] where ids[i] is in `c`. */
void ids_mark(const uint16_t *ids, uint32_t n, struct container c, unsigned char *flags);

#endif
