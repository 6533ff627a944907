/* For every node a bound of its rows in the chunk is known before anything is combined, so
 * that chunks without a hit cost a look at the references and an AND begins with its
 * smallest child. While the result is a short list the other children only filter it;
 * else whole bitsets are combined. */
#include "search/eval.h"

struct frame {
    struct slot slot;
    uint16_t ids[CONTAINER_IDS_MAX];
    unsigned char flags[CONTAINER_IDS_MAX];
};

static void grow(struct frames *f, uint32_t level) {
    enum { LEVELS_MIN = 16 };
    uint32_t room = f->room ? f->room : LEVELS_MIN;
    while (room <= level)
        room *= 2;
    struct frame **larger = ARENA_ARRAY(f->arena, room, struct frame *);
    if (f->room)
        memcpy(larger, f->p, f->room * sizeof(struct frame *));
    f->p = larger;
    f->room = room;
}

static struct frame *frame_at(struct eval *e, uint32_t level) {
    struct frames *f = e->frames;
    if (level >= f->room)
        grow(f, level);
    if (!f->p[level])
        f->p[level] = ARENA_NEW(f->arena, struct frame);
    return f->p[level];
}

/* --- bounds --- */

static uint32_t bound_of(struct eval *e, struct node *node, uint32_t chunk);

static uint32_t bound_of_and(struct eval *e, struct node *node, uint32_t chunk) {
    uint32_t least = source_chunk_rows(e->source, chunk);
    for (uint32_t i = 0; i < node->n; i++) {
        uint32_t bound = bound_of(e, node->children[i], chunk);
        least = bound < least ? bound : least;
        if (least == 0) /* nobody looks at the others */
            break;
    }
    return least;
}

static uint32_t bound_of_or(struct eval *e, struct node *node, uint32_t chunk) {
    uint64_t sum = 0;
    for (uint32_t i = 0; i < node->n; i++)
        sum += bound_of(e, node->children[i], chunk);
    uint32_t rows = source_chunk_rows(e->source, chunk);
    return sum < rows ? (uint32_t) sum : rows;
}

/* These also make sure that the columns can be read. */
static uint32_t bound_of_range(struct eval *e, const struct node *node, uint32_t chunk) {
    uint32_t rows = source_chunk_rows(e->source, chunk);
    const int64_t *values = node->values + (size_t) chunk * CHUNK_ROWS;
    return source_holds(e->source, values, rows * sizeof *values) ? rows : 0;
}

static uint32_t bound_of_groups(struct eval *e, uint32_t chunk) {
    return e->source->calls->holds_groups(e->source, chunk) ? source_chunk_rows(e->source, chunk)
                                                            : 0;
}

static uint32_t bound_of(struct eval *e, struct node *node, uint32_t chunk) {
    switch (node->kind) {
    case NODE_ROWS:
        node->here = postings_chunk(&node->postings, chunk, node->room);
        node->bound = node->here.n;
        break;
    case NODE_ALL: node->bound = source_chunk_rows(e->source, chunk); break;
    case NODE_RANGE: node->bound = bound_of_range(e, node, chunk); break;
    case NODE_GROUPS: node->bound = bound_of_groups(e, chunk); break;
    case NODE_AND: node->bound = bound_of_and(e, node, chunk); break;
    case NODE_OR: node->bound = bound_of_or(e, node, chunk); break;
    }
    return node->bound;
}

/* --- filtering a list --- */

struct at {
    uint32_t chunk, level;
};

static struct at below(struct at at) {
    return (struct at){ at.chunk, at.level + 1 };
}

struct list_of_ids {
    uint16_t *ids;
    uint32_t n;
};

static struct container eval_node(struct eval *e, struct node *node, struct at at,
                                  struct slot *out);
static uint32_t keep(struct eval *e, struct node *node, struct at at, struct list_of_ids list);

static struct container copy_kept(struct eval *e, struct node *node, struct at at,
                                  struct list_of_ids list) {
    uint16_t *ids = frame_at(e, at.level)->ids;
    memcpy(ids, list.ids, list.n * sizeof *ids);
    uint32_t n = keep(e, node, below(at), (struct list_of_ids){ ids, list.n });
    return (struct container){ .n = n, .ids = n ? ids : NULL };
}

static void mark(struct eval *e, struct node *node, struct at at, struct list_of_ids list) {
    /* The flags belong to the level above, where the OR is. */
    unsigned char *flags = frame_at(e, at.level - 1)->flags;
    if (node->bound == 0)
        return;
    if (node->kind == NODE_ROWS)
        ids_mark(list.ids, list.n, node->here, flags);
    else
        ids_mark(list.ids, list.n, copy_kept(e, node, at, list), flags);
}

static uint32_t keep_any(struct eval *e, struct node *node, struct at at,
                         struct list_of_ids list) {
    /* Making the whole set pays when it is smaller than what each child would look at. */
    if ((uint64_t) list.n * node->n > (uint64_t) node->bound + CHUNK_WORDS) {
        struct container any = eval_node(e, node, below(at), &frame_at(e, at.level)->slot);
        return ids_keep(list.ids, list.n, any, true);
    }
    unsigned char *flags = frame_at(e, at.level)->flags;
    memset(flags, 0, list.n);
    for (uint32_t i = 0; i < node->n; i++)
        mark(e, node->children[i], below(at), list);
    uint32_t kept = 0;
    for (uint32_t i = 0; i < list.n; i++) {
        list.ids[kept] = list.ids[i];
        kept += flags[i] != 0;
    }
    return kept;
}

static uint32_t keep_between(const struct node *node, struct at at, struct list_of_ids list) {
    const int64_t *values = node->values + (size_t) at.chunk * CHUNK_ROWS;
    uint32_t kept = 0;
    for (uint32_t i = 0; i < list.n; i++) {
        int64_t value = values[list.ids[i]];
        list.ids[kept] = list.ids[i];
        kept += value >= node->bounds[0] && value <= node->bounds[1];
    }
    return kept;
}

static uint32_t keep_groups(const struct eval *e, const struct node *node, struct at at,
                            struct list_of_ids list) {
    const uint32_t *group_of = e->source->group_of + (size_t) at.chunk * CHUNK_ROWS;
    uint32_t kept = 0;
    for (uint32_t i = 0; i < list.n; i++) {
        uint32_t group = group_of[list.ids[i]];
        list.ids[kept] = list.ids[i];
        kept += words_have(node->groups, group);
    }
    return kept;
}

/* Of the list, the rows that match the node; in place. */
static uint32_t keep(struct eval *e, struct node *node, struct at at, struct list_of_ids list) {
    if (node->bound == 0)
        return 0;
    switch (node->kind) {
    case NODE_ALL: return list.n;
    case NODE_ROWS: return ids_keep(list.ids, list.n, node->here, true);
    case NODE_RANGE: return keep_between(node, at, list);
    case NODE_GROUPS: return keep_groups(e, node, at, list);
    case NODE_OR: return keep_any(e, node, at, list);
    case NODE_AND: break;
    }
    for (uint32_t i = 0; i < node->n && list.n; i++)
        list.n = keep(e, node->children[i], below(at), list);
    return list.n;
}

/* --- whole chunks --- */

/* Of the rows in `from`, those whose company is wanted. */
static struct container groups_of(const struct eval *e, const struct node *node, struct at at,
                                  const uint64_t *from, struct slot *out) {
    const uint32_t *group_of = e->source->group_of + (size_t) at.chunk * CHUNK_ROWS;
    for (uint32_t i = 0; i < CHUNK_WORDS; i++) {
        uint64_t kept = 0;
        for (uint64_t word = from[i]; word; word &= word - 1) {
            uint32_t bit = (uint32_t) __builtin_ctzll(word);
            kept |= (uint64_t) words_have(node->groups, group_of[i * 64 + bit]) << bit;
        }
        out->words[i] = kept;
    }
    return container_of_words(out);
}

/* They are nearly in order from the chunk before. */
static void order_children(struct node *node) {
    for (uint32_t i = 1; i < node->n; i++) {
        struct node *child = node->children[i];
        uint32_t to = i;
        for (; to && node->children[to - 1]->bound > child->bound; to--)
            node->children[to] = node->children[to - 1];
        node->children[to] = child;
    }
}

static struct container and_child(struct eval *e, struct node *child, struct at at,
                                  struct container so_far, struct slot *out) {
    if (so_far.ids) {
        if (so_far.ids != out->ids)
            memcpy(out->ids, so_far.ids, so_far.n * sizeof *out->ids);
        uint32_t n = keep(e, child, at, (struct list_of_ids){ out->ids, so_far.n });
        return (struct container){ .n = n, .ids = n ? out->ids : NULL };
    }
    if (child->kind == NODE_GROUPS)
        return groups_of(e, child, at, so_far.words, out);
    struct container other = eval_node(e, child, below(at), &frame_at(e, at.level)->slot);
    return container_and(so_far, other, out);
}

static struct container eval_and(struct eval *e, struct node *node, struct at at,
                                 struct slot *out) {
    order_children(node);
    struct container so_far = eval_node(e, node->children[0], below(at), out);
    for (uint32_t i = 1; i < node->n && so_far.n; i++)
        so_far = and_child(e, node->children[i], below(at), so_far, out);
    return so_far;
}

static struct container eval_or(struct eval *e, struct node *node, struct at at,
                                struct slot *out) {
    struct node *only = NULL;
    uint32_t present = 0;
    for (uint32_t i = 0; i < node->n; i++) {
        if (node->children[i]->bound) {
            only = node->children[i];
            present++;
        }
    }
    if (present == 1)
        return eval_node(e, only, below(at), out);
    memset(out->words, 0, sizeof out->words);
    for (uint32_t i = 0; i < node->n; i++) {
        struct node *child = node->children[i];
        if (child->bound)
            container_add_to(eval_node(e, child, below(at), &frame_at(e, at.level)->slot),
                             out->words);
    }
    return container_of_words(out);
}

/* Every row of the chunk. */
static struct container eval_all(struct eval *e, struct at at, struct slot *out) {
    uint32_t rows = source_chunk_rows(e->source, at.chunk);
    words_below(out->words, rows);
    return (struct container){ .n = rows, .words = out->words };
}

static struct container eval_node(struct eval *e, struct node *node, struct at at,
                                  struct slot *out) {
    if (node->bound == 0)
        return (struct container){ 0 };
    switch (node->kind) {
    case NODE_ROWS: return node->here;
    case NODE_ALL: return eval_all(e, at, out);
    case NODE_AND: return eval_and(e, node, at, out);
    case NODE_OR: return eval_or(e, node, at, out);
    case NODE_GROUPS: return groups_of(e, node, at, eval_all(e, at, out).words, out);
    case NODE_RANGE: break;
    }
    words_between(out->words, node->values + (size_t) at.chunk * CHUNK_ROWS,
                  source_chunk_rows(e->source, at.chunk), node->bounds);
    return container_of_words(out);
}

struct container eval_chunk(struct eval *e, struct node *root, uint32_t chunk,
                            struct slot *out) {
    if (bound_of(e, root, chunk) == 0)
        return (struct container){ 0 };
    struct container c = eval_node(e, root, (struct at){ chunk, 0 }, out);
    return container_and_not(c, source_dead(e->source, chunk), out);
}
