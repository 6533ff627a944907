/* A chunk begins as a list, with repetitions and in no order, and becomes bits before the
 * list is as large; a short list is sorted at the end by way of the bits. */
#include "search/gather.h"

/* What a list leaves behind as it grows counts too. */
enum { LIST_MIN = 16, LIST_MAX = 1024 };

struct gathered {
    uint16_t *ids;
    uint64_t *words;
    uint32_t n, capacity; /* of ids; words have no count */
};

struct gather gather_new(struct arena *arena, uint32_t chunks) {
    return (struct gather){ arena, ARENA_ARRAY(arena, chunks, struct gathered), chunks };
}

static void to_words(struct gather *g, struct gathered *chunk) {
    chunk->words = ARENA_ARRAY(g->arena, CHUNK_WORDS, uint64_t);
    container_add_to((struct container){ .n = chunk->n, .ids = chunk->ids }, chunk->words);
}

static void add(struct gather *g, struct gathered *chunk, uint32_t id) {
    if (!chunk->words && chunk->n == chunk->capacity) {
        if (chunk->n == LIST_MAX) {
            to_words(g, chunk);
        } else {
            chunk->capacity = chunk->capacity ? chunk->capacity * 4 : LIST_MIN;
            uint16_t *larger = ARENA_ARRAY(g->arena, chunk->capacity, uint16_t);
            if (chunk->n)
                memcpy(larger, chunk->ids, chunk->n * sizeof *larger);
            chunk->ids = larger;
        }
    }
    if (chunk->words)
        words_set(chunk->words, id);
    else
        chunk->ids[chunk->n++] = (uint16_t) id;
}

void gather_row(struct gather *g, uint32_t row) {
    add(g, &g->chunks[row / CHUNK_ROWS], row % CHUNK_ROWS);
}

static void add_container(struct gather *g, uint32_t at, struct container c) {
    struct gathered *chunk = &g->chunks[at];
    if (c.words && !chunk->words)
        to_words(g, chunk);
    if (chunk->words) {
        container_add_to(c, chunk->words);
        return;
    }
    for (uint32_t i = 0; i < c.n; i++)
        add(g, chunk, c.ids[i]);
}

void gather_postings(void *gather, const struct postings *p) {
    struct gather *g = gather;
    for (uint32_t i = 0; p->chunks && i < g->n; i++)
        add_container(g, i, p->chunks[i]);
    for (uint32_t i = 0; i < p->ref_count; i++)
        add_container(g, p->refs[i].chunk, postings_ref(p, i));
    for (uint32_t i = 0; i < p->few_count; i++)
        gather_row(g, p->few[i]);
}

/* Sorted, each id once. */
static struct container sorted(struct gathered *chunk, struct slot *slot) {
    memset(slot->words, 0, sizeof slot->words);
    container_add_to((struct container){ .n = chunk->n, .ids = chunk->ids }, slot->words);
    return (struct container){ .n = words_ids(slot->words, chunk->ids), .ids = chunk->ids };
}

struct postings gather_done(struct gather *g) {
    struct container *all = ARENA_ARRAY(g->arena, g->n, struct container);
    struct slot *slot = ARENA_NEW(g->arena, struct slot);
    for (uint32_t i = 0; i < g->n; i++) {
        struct gathered *chunk = &g->chunks[i];
        if (chunk->words)
            all[i] = (struct container){ .n = words_count(chunk->words), .words = chunk->words };
        else if (chunk->n)
            all[i] = sorted(chunk, slot);
    }
    return (struct postings){ .chunks = all };
}
