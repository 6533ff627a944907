/* Evaluates a tree of nodes a chunk at a time. */
#ifndef SEARCH_EVAL_H
#define SEARCH_EVAL_H

#include "search/nodes.h"

struct frame;

struct eval {
    struct arena *arena;
    const struct source *source;
    struct frame **frames; /* memory of the levels of the tree, made when needed */
    uint32_t frame_count;
};

/* For trees of at most `depth` levels. */
struct eval eval_new(struct arena *arena, const struct source *source, uint32_t depth);

/* The rows of the chunk that match and are alive. Valid until `out` or the source changes. */
struct container eval_chunk(struct eval *e, struct node *root, uint32_t chunk,
                            struct slot *out);

#endif
