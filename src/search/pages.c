/* All rows of a class in order are the merged lists of the parts. Where the page begins is
 * found without walking there: the hit number `offset` splits every list in two, and
 * because a part can say how many hits are below a key, each split is found by halving. */
#include "search/pages.h"

#include <stdlib.h>

#include "search/part.h"

/* A search of this size is not worth answering from here: it comes after forty prefixes of
 * all people at 50,000,000 of them. The arena's own limit is behind everything that is
 * made between two looks. */
#define MEMORY_MAX ((size_t) 256 * 1024 * 1024)
#define MEMORY_BACKSTOP (MEMORY_MAX * 4)

struct search {
    struct arena *arena; /* its own */
    struct classes classes;
    struct part *parts; /* those with most rows first */
    size_t n;
};

static int compare_rows(const void *a, const void *b) {
    const struct part *x = a, *y = b;
    return x->source->rows > y->source->rows ? -1 : x->source->rows < y->source->rows;
}

/* What the disk is to be asked for before anything is looked up. */
static void ask(struct sources sources, struct strs tokens) {
    for (size_t i = 0; i < sources.n; i++)
        if (sources.p[i]->rows && sources.p[i]->calls->ask)
            sources.p[i]->calls->ask(sources.p[i], tokens);
}

static void ask_for_query(struct arena *arena, struct sources sources,
                          const struct index_query *query) {
    struct strs tokens = { 0 };
    expr_tokens(arena, query->where, &tokens);
    for (size_t t = 0; t < query->tier_count; t++)
        expr_tokens(arena, query->tiers[t].where, &tokens);
    ask(sources, tokens);
}

static struct search *search_new(struct sources sources, const struct index_query *query) {
    struct arena *arena = arena_new_with(MEMORY_BACKSTOP);
    struct search *search = ARENA_NEW(arena, struct search);
    struct scratch *scratch = scratch_new(arena);
    search->arena = arena;
    search->classes = classes_of(query);
    search->parts = ARENA_ARRAY(arena, sources.n + 1, struct part);
    ask_for_query(arena, sources, query);
    for (size_t i = 0; i < sources.n; i++) {
        if (sources.p[i]->rows == 0)
            continue;
        struct nodes nodes = { .arena = arena, .source = sources.p[i], .memory_max = MEMORY_MAX };
        struct part *part = &search->parts[search->n++];
        *part = part_new(&nodes, query, scratch);
        part->classes = &search->classes;
    }
    qsort(search->parts, search->n, sizeof *search->parts, compare_rows);
    return search;
}

/* Whether what was found is the answer. */
static enum rc search_end(struct search *search) {
    struct arena *arena = search->arena;
    enum rc rc = arena_used(arena) > MEMORY_MAX ? E_LIMIT : OK;
    for (size_t i = 0; i < search->n; i++)
        if (source_is_damaged(search->parts[i].source))
            rc = E_INVALID;
    arena_free(&arena);
    return rc;
}

/* --- where a page begins --- */

/* For each part: at least `low` and at most `high` of its hits are before the page. */
struct span {
    int64_t low, high;
};

/* How many hits of all parts are below `key`. */
static int64_t hits_before(struct search *s, const struct span *spans, uint64_t key) {
    int64_t sum = 0;
    for (size_t i = 0; i < s->n; i++) {
        if (spans[i].low == spans[i].high)
            sum += spans[i].low;
        else
            sum += part_before(&s->parts[i], key);
    }
    return sum;
}

static void narrow(struct part *part, struct span *span, uint64_t key, bool is_before) {
    if (span->low == span->high)
        return;
    int64_t n = part_before(part, key);
    if (is_before && n > span->low)
        span->low = n;
    if (!is_before && n < span->high)
        span->high = n;
}

/* Settles how many hits of part `at` are before the page, and with that narrows the
 * others: what is before a hit before the page is before it too. */
static void split_part(struct search *s, struct span *spans, size_t at, int64_t offset) {
    struct part *part = &s->parts[at];
    struct span *span = &spans[at];
    int64_t low = span->low, high = span->high;
    if (low == high)
        return;
    while (low < high) {
        int64_t middle = (low + high) / 2;
        if (hits_before(s, spans, part_key(part, middle)) < offset)
            low = middle + 1;
        else
            high = middle;
    }
    int64_t from = span->low, to = span->high;
    *span = (struct span){ low, low };
    for (size_t i = 0; i < s->n; i++) {
        if (low > from)
            narrow(&s->parts[i], &spans[i], part_key(part, low - 1), true);
        if (low < to)
            narrow(&s->parts[i], &spans[i], part_key(part, low), false);
    }
}

static struct span *find_start(struct search *s, uint32_t class, int64_t offset) {
    struct span *spans = ARENA_ARRAY(s->arena, s->n + 1, struct span);
    for (size_t i = 0; i < s->n; i++) {
        int64_t total = s->parts[i].totals[class];
        spans[i].high = total < offset ? total : offset;
    }
    if (s->n == 1) /* nothing to share */
        spans[0].low = spans[0].high;
    for (size_t i = 0; i < s->n; i++)
        split_part(s, spans, i, offset);
    return spans;
}

/* Adds `limit` documents of the class from `offset` on; there are as many, and room. */
static void add_page(struct search *s, uint32_t class, int64_t offset, int64_t limit,
                     struct ints *docs) {
    for (size_t i = 0; i < s->n; i++)
        part_choose(&s->parts[i], class);
    struct span *at = find_start(s, class, offset);
    uint64_t *keys = ARENA_ARRAY(s->arena, s->n + 1, uint64_t);
    for (size_t i = 0; i < s->n; i++)
        part_ask(&s->parts[i], at[i].low, limit);
    for (size_t i = 0; i < s->n; i++)
        keys[i] = at[i].low < s->parts[i].totals[class] ? part_key(&s->parts[i], at[i].low)
                                                        : UINT64_MAX;
    while (limit--) {
        size_t best = 0;
        for (size_t i = 1; i < s->n; i++)
            best = keys[i] < keys[best] ? i : best;
        docs->p[docs->n++] = key_doc(keys[best]);
        at[best].low++;
        keys[best] = at[best].low < s->parts[best].totals[class]
                         ? part_key(&s->parts[best], at[best].low)
                         : UINT64_MAX;
    }
}

enum rc pages_search(struct arena *arena, struct sources sources, const struct index_query *query,
                     struct index_hits *ret_hits) {
    struct search *s = search_new(sources, query);
    for (size_t i = 0; i < s->n; i++)
        part_count(&s->parts[i]);
    struct index_hits hits = { .docs.p = ARENA_ARRAY(arena, (size_t) query->limit, int64_t) };
    int64_t offset = query->offset, limit = query->limit;
    for (uint32_t class = 0; class < s->classes.n; class++) {
        int64_t total = 0;
        for (size_t i = 0; i < s->n; i++)
            total += s->parts[i].totals[class];
        hits.total += total;
        if (offset < total && limit > 0) {
            int64_t here = total - offset < limit ? total - offset : limit;
            add_page(s, class, offset, here, &hits.docs);
            limit -= here;
        }
        offset = offset > total ? offset - total : 0;
    }
    *ret_hits = hits;
    return search_end(s);
}

/* --- documents --- */

static void add_docs(struct arena *arena, const struct part *part, uint32_t chunk,
                     struct container rows, struct doc_set *docs) {
    enum { SOME = 256 }; /* rows, for which the keys of the whole chunk are looked at */
    const struct source *s = part->source;
    const uint64_t *keys = s->keys + (size_t) chunk * CHUNK_ROWS;
    bool is_read = (rows.words || rows.n > SOME)
                   && source_holds(s, keys, source_chunk_rows(s, chunk) * sizeof *keys);
    for (uint32_t i = 0; rows.ids && i < rows.n && !is_read; i++)
        source_ask_for(s, &keys[rows.ids[i]], sizeof *keys);
    for (uint32_t i = 0; rows.ids && i < rows.n; i++)
        if (is_read || source_holds(s, &keys[rows.ids[i]], sizeof *keys))
            doc_set_add(arena, docs, key_doc(keys[rows.ids[i]]));
    if (!rows.words || !is_read)
        return;
    for (uint32_t id = words_next(rows.words, 0); id < CHUNK_ROWS; id = words_next(rows.words, id + 1))
        doc_set_add(arena, docs, key_doc(keys[id]));
}

enum rc pages_docs(struct arena *arena, struct sources sources, const struct index_query *query,
                   struct doc_set *ret_docs) {
    struct search *s = search_new(sources, query);
    struct doc_set docs = { 0 };
    for (size_t i = 0; i < s->n; i++)
        for (uint32_t chunk = 0; chunk < s->parts[i].source->chunks; chunk++)
            add_docs(arena, &s->parts[i], chunk, part_chunk(&s->parts[i], chunk), &docs);
    *ret_docs = docs;
    enum rc rc = search_end(s);
    return rc == OK && docs.is_short ? E_LIMIT : rc;
}

/* --- counts --- */

static void count_part(struct part *part, const struct postings *postings, size_t n,
                       int64_t *counts) {
    for (uint32_t chunk = 0; chunk < part->source->chunks; chunk++) {
        struct container rows = part_chunk(part, chunk);
        uint16_t room[POSTINGS_FEW_MAX];
        for (size_t i = 0; i < n && rows.n; i++)
            counts[i] += container_count_and(rows, postings_chunk(&postings[i], chunk, room));
    }
}

enum rc pages_count_by(struct sources sources, const struct index_query *query,
                       struct strs tokens, int64_t *ret_counts) {
    struct search *s = search_new(sources, query);
    struct postings *postings = ARENA_ARRAY(s->arena, tokens.n + 1, struct postings);
    memset(ret_counts, 0, tokens.n * sizeof *ret_counts);
    ask(sources, tokens);
    for (size_t i = 0; i < s->n; i++) {
        const struct source *source = s->parts[i].source;
        for (size_t t = 0; t < tokens.n; t++)
            if (!source->calls->find(source, tokens.p[t], &postings[t]))
                postings[t] = (struct postings){ 0 };
        count_part(&s->parts[i], postings, tokens.n, ret_counts);
    }
    return search_end(s);
}
