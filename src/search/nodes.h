/* A query made ready for one source: its tokens are looked up, its companies and prefixes
 * turned into rows, so that search/eval.h has only sets to combine. Lives on the arena of
 * the search and is used by it alone. What it takes grows with the data: a prefix of a
 * million rows is a set of a million rows. So the search looks at its arena afterwards, and
 * gives up when more was used than it wanted to. */
#ifndef SEARCH_NODES_H
#define SEARCH_NODES_H

#include "search/source.h"

enum node_kind { NODE_ALL, NODE_ROWS, NODE_RANGE, NODE_GROUPS, NODE_AND, NODE_OR };

struct node {
    enum node_kind kind;
    struct postings postings; /* NODE_ROWS */
    const int64_t *values;    /* NODE_RANGE: of each row of the source */
    int64_t bounds[2];        /* NODE_RANGE: inclusive */
    const uint64_t *groups;   /* NODE_GROUPS: which of source->group_of match, as bits */
    struct node **children;   /* an OR without them matches nothing */
    uint32_t n;
    /* Of the chunk that is being evaluated: */
    uint32_t bound;        /* not more rows than this */
    struct container here; /* NODE_ROWS */
    uint16_t room[POSTINGS_FEW_MAX];
};

/* What all nodes of one source in one search are made with; equal prefixes are one node. */
struct nodes {
    struct arena *arena;
    const struct source *source;
    size_t memory_max; /* of the arena; beyond it nodes match nothing */
    struct node_prefix *prefixes;
};

/* NULL is true for all rows. */
struct node *nodes_expr(struct nodes *p, const struct expr *expr);
/* The expression, the companies and the ranges of the query. */
struct node *nodes_query(struct nodes *p, const struct index_query *query);

#endif
