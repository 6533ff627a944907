/* A query made ready for one source: its tokens are looked up, its companies and prefixes
 * turned into rows, so that search/eval.h has only sets to combine. Lives on the arena of
 * the search and is used by it alone. */
#ifndef SEARCH_NODES_H
#define SEARCH_NODES_H

#include "search/source.h"

enum node_kind { NODE_ROWS, NODE_RANGE, NODE_GROUPS, NODE_NOT, NODE_AND, NODE_OR };

struct node {
    enum node_kind kind;
    struct postings postings; /* NODE_ROWS */
    const int64_t *values;    /* NODE_RANGE: of each row of the source */
    int64_t bounds[2];        /* NODE_RANGE: inclusive */
    const uint64_t *groups;   /* NODE_GROUPS: which of source->group_of match, as bits */
    struct node **children;   /* NODE_NOT has one; an OR without children matches nothing */
    uint32_t n;
    /* Of the chunk that is being evaluated: */
    uint32_t bound;        /* not more rows than this */
    struct container here; /* NODE_ROWS */
    uint16_t room[POSTINGS_FEW_MAX];
};

/* NULL is true for all rows. */
struct node *nodes_expr(struct arena *arena, const struct source *source,
                       const struct expr *expr);
/* The expression, the companies and the ranges of the query. */
struct node *nodes_query(struct arena *arena, const struct source *source,
                        const struct index_query *query);
/* How many nodes are above each other at most. */
uint32_t nodes_depth(const struct node *node);

#endif
