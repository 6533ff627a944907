/* One source in one search: how many rows match, by chunk and class, and which they are in
 * the order of their keys. A class is all rows of one tier; class 0 comes first. */
#ifndef SEARCH_PART_H
#define SEARCH_PART_H

#include "search/eval.h"

enum { CLASSES_MAX = 1 << INDEX_TIERS_MAX };

struct classes {
    uint32_t n;
    uint8_t of[CLASSES_MAX]; /* class of a row, by the bits of the tiers that it matches */
};
struct classes classes_of(const struct index_query *query);

struct scratch;
/* Shared by the parts of one search. */
struct scratch *scratch_new(struct arena *arena);

struct part {
    struct arena *arena;
    const struct source *source;
    const struct classes *classes;
    struct scratch *scratch;
    struct eval eval;
    struct node *where, *tiers[INDEX_TIERS_MAX];
    size_t tier_count;
    uint32_t *counts; /* [class * chunks + chunk] */
    int64_t totals[CLASSES_MAX];
    /* Of the class that part_choose named: */
    uint32_t chosen;
    int64_t *before;        /* hits before each chunk; one more for the end */
    struct container *hits; /* of a chunk, evaluated when needed */
    uint64_t *list;         /* instead, where rows are not in order: all keys */
    int64_t last_hit;       /* what part_key gave last, and its row; -1 none */
    uint32_t last_row;
};

/* `classes` is set by the caller, before anything is counted. */
struct part part_new(struct nodes *nodes, const struct index_query *query,
                     struct scratch *scratch);
/* Counts all chunks. */
void part_count(struct part *part);
/* All rows of the chunk that match, of any class; in the scratch. */
struct container part_chunk(struct part *part, uint32_t chunk);

/* Looks at one class from now on. */
void part_choose(struct part *part, uint32_t class);
/* How many of its rows have a key below `key`. */
int64_t part_before(struct part *part, uint64_t key);
/* Key of its row number `k` in order; there are more than k. */
uint64_t part_key(struct part *part, int64_t k);
/* Says that the keys of `n` rows from number `from` on are wanted, as far as there are. */
void part_ask(struct part *part, int64_t from, int64_t n);

#endif
