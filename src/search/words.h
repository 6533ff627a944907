/* Sets of rows of one chunk as bits: 65,536 rows are 1,024 words, 8 KB. The loops
 * use the widest instructions that the processor has. */
#ifndef SEARCH_WORDS_H
#define SEARCH_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CHUNK_ROWS = 65536, CHUNK_WORDS = CHUNK_ROWS / 64 };

/* `out` may be one of the operands. The number of bits in the result is returned. */
uint32_t words_and(uint64_t *out, const uint64_t *a, const uint64_t *b);
uint32_t words_and_not(uint64_t *out, const uint64_t *a, const uint64_t *b);
void words_or(uint64_t *out, const uint64_t *a);
uint32_t words_count(const uint64_t *words);
/* Bits in both, without making the set. */
uint32_t words_count_and(const uint64_t *a, const uint64_t *b);

/* Sets bit i where min <= values[i] <= max, for i below `n` (at most CHUNK_ROWS); clears
 * all others. */
void words_between(uint64_t *out, const int64_t *values, uint32_t n, const int64_t bounds[2]);
/* Exactly the bits below `n`. */
void words_below(uint64_t *out, uint32_t n);

/* Bits set below `position` (at most CHUNK_ROWS). */
uint32_t words_rank(const uint64_t *words, uint32_t position);
/* Position of bit number `k`, from 0; there are more than k. */
uint32_t words_select(const uint64_t *words, uint32_t k);
/* First bit at `position` or after it; CHUNK_ROWS when there is none. */
uint32_t words_next(const uint64_t *words, uint32_t position);
/* Writes the positions of all bits; there is room for them. Returns how many. */
uint32_t words_ids(const uint64_t *words, uint16_t *ids);

static inline bool words_have(const uint64_t *words, uint32_t position) {
    return words[position >> 6] >> (position & 63) & 1;
}
static inline void words_set(uint64_t *words, uint32_t position) {
    words[position >> 6] |= (uint64_t) 1 << (position & 63);
}
static inline void words_clear(uint64_t *words, uint32_t position) {
    words[position >> 6] &= ~((uint64_t) 1 << (position & 63));
}

#endif
