/* Rows in memory: those that came since the last file was made, or those of the next file
 * of a builder. At most one chunk, numbered as they came; a row that is put again gets a
 * new number and the old one is dead.
 *
 * Threads: changes by one thread while nobody reads; search/index.c sees to that. */
#ifndef SEARCH_TAIL_H
#define SEARCH_TAIL_H

#include "search/source.h"

struct tail;

struct tail *tail_new(enum index_kind kind, size_t rows_max);
/* Accepts NULL. */
void tail_free(struct tail **tail);

/* No row may be put any more: freeze it, make a file of it and begin another. */
bool tail_is_full(const struct tail *tail);
/* How many rows it can take, if their texts are not too many before. */
size_t tail_room(const struct tail *tail);
/* Adds a row that is dead until tail_show, and returns its number. The row is within its
 * limits and the tail has room. */
uint32_t tail_add(struct tail *tail, const struct index_row *row);
/* The row takes the place of the one of the tail with the same document. */
void tail_show(struct tail *tail, uint32_t row);
/* Both. */
void tail_put(struct tail *tail, const struct index_row *row);

/* The row of the document that is alive; UINT32_MAX when there is none. */
uint32_t tail_row(const struct tail *tail, int64_t doc);
int64_t tail_doc(const struct tail *tail, uint32_t row);
/* False when it was dead. */
bool tail_kill(struct tail *tail, uint32_t row);

const struct source *tail_source(const struct tail *tail);
/* How many rows are alive. */
uint32_t tail_rows(const struct tail *tail);

/* Before merging: orders the terms, documents and companies. Readers may go on. */
void tail_freeze(struct tail *tail);

#endif
