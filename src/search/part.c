/* Counting evaluates every chunk once and keeps only numbers. A page then needs the rows
 * of one or two chunks, which are evaluated again: cheaper than keeping all. */
#include "search/part.h"

#include <stdlib.h>

struct scratch {
    struct slot where;
    struct slot tiers[INDEX_TIERS_MAX], in[INDEX_TIERS_MAX], out[INDEX_TIERS_MAX];
    struct slot merged;
    struct frames frames;
};

struct scratch *scratch_new(struct arena *arena) {
    struct scratch *scratch = ARENA_NEW(arena, struct scratch);
    scratch->frames.arena = arena;
    return scratch;
}

struct classes classes_of(const struct index_query *query) {
    int64_t sums[CLASSES_MAX] = { 0 };
    uint32_t masks = 1u << query->tier_count;
    for (uint32_t mask = 0; mask < masks; mask++)
        for (size_t t = 0; t < query->tier_count; t++)
            sums[mask] += mask >> t & 1 ? query->tiers[t].weight : 0;
    struct classes classes = { 0 };
    for (uint32_t mask = 0; mask < masks; mask++) {
        uint32_t above = 0;
        for (uint32_t other = 0; other < masks; other++) {
            bool is_first = true; /* of those with the same sum */
            for (uint32_t i = 0; i < other; i++)
                is_first &= sums[i] != sums[other];
            above += is_first && sums[other] > sums[mask];
        }
        classes.of[mask] = (uint8_t) above;
        classes.n = above + 1 > classes.n ? above + 1 : classes.n;
    }
    return classes;
}

struct part part_new(struct nodes *nodes, const struct index_query *query,
                     struct scratch *scratch) {
    struct part part = { .arena = nodes->arena,
                         .source = nodes->source,
                         .scratch = scratch,
                         .eval = { nodes->source, &scratch->frames },
                         .where = nodes_query(nodes, query),
                         .tier_count = query->tier_count };
    for (size_t t = 0; t < query->tier_count; t++)
        part.tiers[t] = nodes_expr(nodes, query->tiers[t].where);
    return part;
}

struct container part_chunk(struct part *part, uint32_t chunk) {
    return eval_chunk(&part->eval, part->where, chunk, &part->scratch->where);
}

/* --- classes --- */

/* Called for the rows of a chunk that match exactly the tiers of `mask`. */
typedef void leaf(struct part *part, uint32_t chunk, uint32_t mask, struct container rows);

struct split {
    struct container tiers[INDEX_TIERS_MAX];
    uint32_t chunk;
    leaf *leaf;
};

static void split_rows(struct part *part, const struct split *split, size_t tier, uint32_t mask,
                       struct container rows) {
    while (tier < part->tier_count && split->tiers[tier].n == 0)
        tier++;
    if (tier == part->tier_count) {
        split->leaf(part, split->chunk, mask, rows);
        return;
    }
    struct container in = container_and(rows, split->tiers[tier], &part->scratch->in[tier]);
    if (in.n)
        split_rows(part, split, tier + 1, mask | 1u << tier, in);
    if (in.n == rows.n)
        return;
    struct container out = container_and_not(rows, split->tiers[tier], &part->scratch->out[tier]);
    split_rows(part, split, tier + 1, mask, out);
}

static void each_class(struct part *part, uint32_t chunk, struct container rows, leaf *visit) {
    struct split split = { .chunk = chunk, .leaf = visit };
    for (size_t t = 0; t < part->tier_count; t++)
        split.tiers[t] = eval_chunk(&part->eval, part->tiers[t], chunk, &part->scratch->tiers[t]);
    split_rows(part, &split, 0, 0, rows);
}

static void count_rows(struct part *part, uint32_t chunk, uint32_t mask, struct container rows) {
    uint32_t class = part->classes->of[mask];
    part->counts[class * part->source->chunks + chunk] += rows.n;
    part->totals[class] += rows.n;
}

void part_count(struct part *part) {
    part->counts
        = ARENA_ARRAY(part->arena, (size_t) part->classes->n * part->source->chunks, uint32_t);
    for (uint32_t chunk = 0; chunk < part->source->chunks; chunk++) {
        struct container rows = part_chunk(part, chunk);
        if (rows.n)
            each_class(part, chunk, rows, count_rows);
    }
}

/* --- rows of a class --- */

static void merge_rows(struct part *part, uint32_t chunk, uint32_t mask, struct container rows) {
    (void) chunk; /* one at a time */
    if (part->classes->of[mask] == part->chosen)
        container_add_to(rows, part->scratch->merged.words);
}

/* A copy, because the scratch is used again. */
static struct container kept(struct arena *arena, struct container c) {
    if (c.words) {
        uint64_t *words = ARENA_ARRAY(arena, CHUNK_WORDS, uint64_t);
        memcpy(words, c.words, CHUNK_WORDS * sizeof *words);
        c.words = words;
    } else if (c.n) {
        uint16_t *ids = ARENA_ARRAY(arena, c.n, uint16_t);
        memcpy(ids, c.ids, c.n * sizeof *ids);
        c.ids = ids;
    }
    return c;
}

/* The hits of a chunk that has some. */
static struct container chosen_hits(struct part *part, uint32_t chunk) {
    if (part->hits[chunk].n)
        return part->hits[chunk];
    struct container rows = part_chunk(part, chunk);
    if (part->tier_count) {
        memset(part->scratch->merged.words, 0, sizeof part->scratch->merged.words);
        each_class(part, chunk, rows, merge_rows);
        rows = container_of_words(&part->scratch->merged);
    }
    return part->hits[chunk] = kept(part->arena, rows);
}

static int compare_keys(const void *a, const void *b) {
    uint64_t x = *(const uint64_t *) a, y = *(const uint64_t *) b;
    return x < y ? -1 : x > y;
}

/* The tail's rows are numbered as they came. Many hits are met by going through all rows
 * in order, few are sorted. */
static void make_list(struct part *part) {
    enum { FEW = 256 };
    const struct source *s = part->source;
    int64_t n = part->totals[part->chosen];
    part->list = ARENA_ARRAY(part->arena, (size_t) n + 1, uint64_t);
    if (n == 0)
        return;
    struct container hits = chosen_hits(part, 0);
    size_t found = 0;
    if (n <= FEW) {
        for (uint32_t i = 0; i < hits.n; i++)
            part->list[found++] = s->keys[container_select(hits, i)];
        qsort(part->list, found, sizeof *part->list, compare_keys);
        return;
    }
    uint64_t *words = ARENA_ARRAY(part->arena, CHUNK_WORDS, uint64_t);
    container_add_to(hits, words);
    for (uint32_t i = 0; i < s->rows; i++)
        if (words_have(words, s->order[i]))
            part->list[found++] = s->keys[s->order[i]];
}

void part_choose(struct part *part, uint32_t class) {
    uint32_t chunks = part->source->chunks;
    part->chosen = class;
    part->last_hit = -1;
    part->hits = ARENA_ARRAY(part->arena, chunks, struct container);
    part->before = ARENA_ARRAY(part->arena, (size_t) chunks + 1, int64_t);
    for (uint32_t i = 0; i < chunks; i++)
        part->before[i + 1] = part->before[i] + part->counts[class * chunks + i];
    if (part->source->order)
        make_list(part);
}

static int64_t lower_bound(const uint64_t *keys, int64_t n, uint64_t key) {
    int64_t low = 0, high = n;
    while (low < high) {
        int64_t middle = (low + high) / 2;
        if (keys[middle] < key)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static uint64_t key_at(const struct source *s, uint32_t row) {
    return source_holds(s, &s->keys[row], sizeof *s->keys) ? s->keys[row] : 0;
}

/* The first row whose key is not below `key`. */
static uint32_t row_at(const struct source *s, uint64_t key) {
    uint32_t low = 0, high = s->rows;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (key_at(s, middle) < key)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

int64_t part_before(struct part *part, uint64_t key) {
    const struct source *s = part->source;
    if (part->list)
        return lower_bound(part->list, part->totals[part->chosen], key);
    uint32_t row = row_at(s, key), chunk = row / CHUNK_ROWS;
    if (row == s->rows)
        return part->totals[part->chosen];
    int64_t before = part->before[chunk];
    if (part->before[chunk + 1] > before)
        before += container_rank(chosen_hits(part, chunk), row % CHUNK_ROWS);
    return before;
}

/* The last chunk that begins with at most k hits before it. */
static uint32_t chunk_of_hit(const struct part *part, int64_t k) {
    uint32_t low = 0, high = part->source->chunks - 1;
    while (low < high) {
        uint32_t middle = (low + high + 1) / 2;
        if (part->before[middle] <= k)
            low = middle;
        else
            high = middle - 1;
    }
    return low;
}

/* The row of hit number k of a part without a list. */
static uint32_t row_of_hit(struct part *part, int64_t k) {
    uint32_t chunk = chunk_of_hit(part, k), row;
    struct container hits = chosen_hits(part, chunk);
    if (hits.words && part->last_hit >= 0 && k == part->last_hit + 1
        && part->last_row / CHUNK_ROWS == chunk)
        row = words_next(hits.words, part->last_row % CHUNK_ROWS + 1);
    else
        row = container_select(hits, (uint32_t) (k - part->before[chunk]));
    part->last_hit = k;
    return part->last_row = chunk * CHUNK_ROWS + row;
}

uint64_t part_key(struct part *part, int64_t k) {
    return part->list ? part->list[k] : key_at(part->source, row_of_hit(part, k));
}

void part_ask(struct part *part, int64_t from, int64_t n) {
    const struct source *s = part->source;
    if (part->list || !source_may_wait(s))
        return;
    int64_t left = part->totals[part->chosen] - from;
    for (int64_t k = from; k < from + (n < left ? n : left); k++)
        source_ask_for(s, &s->keys[row_of_hit(part, k)], sizeof *s->keys);
    part->last_hit = -1; /* the page begins before it */
}
