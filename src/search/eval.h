/* Evaluates a tree of nodes a chunk at a time. */
#ifndef SEARCH_EVAL_H
#define SEARCH_EVAL_H

#include "search/nodes.h"

struct frame;

/* Memory for the levels of a tree, made when needed; evaluations that are not at the same
 * time share it. Begins as zeros and the arena. */
struct frames {
    struct arena *arena;
    struct frame **p;
    uint32_t room;
};

struct eval {
    const struct source *source;
    struct frames *frames;
};

/* The rows of the chunk that match and are alive. Valid until `out` or the source changes. */
struct container eval_chunk(struct eval *e, struct node *root, uint32_t chunk,
                            struct slot *out);

#endif
