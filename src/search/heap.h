/* For merging: a heap over the next element of each of several ordered inputs, and a list
 * of rows that is ascending in pieces. */
#ifndef SEARCH_HEAP_H
#define SEARCH_HEAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

struct heap_item {
    uint64_t key;    /* smallest first, */
    struct str text; /* then by text, absent for all or for none, */
    uint32_t input;  /* then by input */
    uint32_t at;     /* which element of its input it is */
    uint32_t row;    /* the loader's */
};

/* Fills in key, text and row of element number `i` of an input; false behind the last.
 * Elements of one input ascend. */
typedef bool heap_load(const void *arg, uint32_t input, uint32_t i, struct heap_item *item);

struct heap {
    const void *arg;
    heap_load *load;
    struct heap_item *items;
    uint32_t n;
};

struct heap heap_new(const void *arg, heap_load *load, uint32_t inputs);
void heap_done(struct heap *heap);
/* The smallest element of all inputs; false when there are no more. */
bool heap_next(struct heap *heap, struct heap_item *ret_item);

struct row_list {
    uint32_t *p, *other; /* on the heap, freed by row_list_done; `other` is for sorting */
    size_t n, room;
};
void row_list_add(struct row_list *list, uint32_t row);
/* Ascending; fast when the list is made of few ascending pieces. */
void row_list_sort(struct row_list *list);
void row_list_done(struct row_list *list);

#endif
