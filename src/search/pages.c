/* All rows of a class in order are the merged lists of the parts. Where the page begins is
 * found without walking there: the hit number `offset` splits every list in two, and
 * because a part can say how many hits are below a key, each split is found by halving. */
#include "search/pages.h"

#include <stdlib.h>

#include "base/vec.h"
#include "search/part.h"

struct search {
    struct arena *arena;
    struct classes classes;
    struct part *parts; /* those with most rows first */
    size_t n;
};

static int compare_rows(const void *a, const void *b) {
    const struct part *x = a, *y = b;
    return x->source->rows > y->source->rows ? -1 : x->source->rows < y->source->rows;
}

static struct search *search_new(struct arena *arena, struct sources sources,
                                 const struct index_query *query) {
    struct search *search = ARENA_NEW(arena, struct search);
    struct scratch *scratch = scratch_new(arena);
    search->arena = arena;
    search->classes = classes_of(query);
    search->parts = ARENA_ARRAY(arena, sources.n + 1, struct part);
    for (size_t i = 0; i < sources.n; i++) {
        if (sources.p[i]->rows == 0)
            continue;
        struct part *part = &search->parts[search->n++];
        *part = part_new(arena, sources.p[i], query);
        part->scratch = scratch;
        part->classes = &search->classes;
    }
    qsort(search->parts, search->n, sizeof *search->parts, compare_rows);
    return search;
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

/* Adds up to `limit` documents of the class from `offset` on. */
static void add_page(struct search *s, uint32_t class, int64_t offset, int64_t limit,
                     struct ints *docs) {
    for (size_t i = 0; i < s->n; i++)
        part_choose(&s->parts[i], class);
    struct span *at = find_start(s, class, offset);
    uint64_t *keys = ARENA_ARRAY(s->arena, s->n + 1, uint64_t);
    for (size_t i = 0; i < s->n; i++)
        keys[i] = at[i].low < s->parts[i].totals[class] ? part_key(&s->parts[i], at[i].low)
                                                        : UINT64_MAX;
    while (limit--) {
        size_t best = 0;
        for (size_t i = 1; i < s->n; i++)
            best = keys[i] < keys[best] ? i : best;
        ints_add(s->arena, docs, key_doc(keys[best]));
        at[best].low++;
        keys[best] = at[best].low < s->parts[best].totals[class]
                         ? part_key(&s->parts[best], at[best].low)
                         : UINT64_MAX;
    }
}

void pages_search(struct arena *arena, struct sources sources, const struct index_query *query,
                  struct index_hits *ret_hits) {
    struct search *s = search_new(arena, sources, query);
    for (size_t i = 0; i < s->n; i++)
        part_count(&s->parts[i]);
    struct index_hits hits = { 0 };
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
}

/* --- documents --- */

static int compare_docs(const void *a, const void *b) {
    int64_t x = *(const int64_t *) a, y = *(const int64_t *) b;
    return x < y ? -1 : x > y;
}

/* Documents mostly lie close together: then setting their bits and reading them back is
 * sorting. */
static void sort_docs(struct arena *arena, struct ints docs) {
    enum { WORDS_PER_DOC = 4 };
    int64_t least = INT64_MAX, most = 0;
    for (size_t i = 0; i < docs.n; i++) {
        least = docs.p[i] < least ? docs.p[i] : least;
        most = docs.p[i] > most ? docs.p[i] : most;
    }
    size_t words = docs.n ? (size_t) (most - least) / 64 + 1 : 0;
    if (words > docs.n * WORDS_PER_DOC) {
        qsort(docs.p, docs.n, sizeof *docs.p, compare_docs);
        return;
    }
    uint64_t *bits = ARENA_ARRAY(arena, words, uint64_t);
    for (size_t i = 0; i < docs.n; i++)
        bits[(docs.p[i] - least) / 64] |= (uint64_t) 1 << (docs.p[i] - least) % 64;
    size_t n = 0;
    for (size_t i = 0; i < words; i++)
        for (uint64_t word = bits[i]; word; word &= word - 1)
            docs.p[n++] = least + (int64_t) i * 64 + __builtin_ctzll(word);
}

static void add_docs(struct part *part, uint32_t chunk, struct container rows, struct ints *docs) {
    const uint64_t *keys = part->source->keys + (size_t) chunk * CHUNK_ROWS;
    for (uint32_t i = 0; rows.ids && i < rows.n; i++)
        docs->p[docs->n++] = key_doc(keys[rows.ids[i]]);
    uint32_t id = rows.words ? words_next(rows.words, 0) : CHUNK_ROWS;
    for (; id < CHUNK_ROWS; id = words_next(rows.words, id + 1))
        docs->p[docs->n++] = key_doc(keys[id]);
}

/* All documents of one part, ascending. */
static struct ints part_docs(struct arena *arena, struct part *part) {
    size_t room = 256;
    struct ints docs = { ARENA_ARRAY(arena, room, int64_t), 0 };
    for (uint32_t chunk = 0; chunk < part->source->chunks; chunk++) {
        struct container rows = part_chunk(part, chunk);
        if (docs.n + rows.n > room) {
            room = (docs.n + rows.n) * 2;
            int64_t *larger = ARENA_ARRAY(arena, room, int64_t);
            memcpy(larger, docs.p, docs.n * sizeof *larger);
            docs.p = larger;
        }
        add_docs(part, chunk, rows, &docs);
    }
    sort_docs(arena, docs);
    return docs;
}

static struct ints merged(struct arena *arena, struct ints a, struct ints b) {
    if (a.n == 0 || b.n == 0)
        return a.n ? a : b;
    struct ints both = { ARENA_ARRAY(arena, a.n + b.n, int64_t), a.n + b.n };
    size_t i = 0, j = 0;
    for (size_t n = 0; n < both.n; n++)
        both.p[n] = j == b.n || (i < a.n && a.p[i] < b.p[j]) ? a.p[i++] : b.p[j++];
    return both;
}

void pages_docs(struct arena *arena, struct sources sources, const struct index_query *query,
                struct ints *ret_docs) {
    struct search *s = search_new(arena, sources, query);
    struct ints docs = { 0 };
    for (size_t i = s->n; i--;) /* small parts first */
        docs = merged(arena, docs, part_docs(arena, &s->parts[i]));
    *ret_docs = docs;
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

void pages_count_by(struct arena *arena, struct sources sources,
                    const struct index_query *query, struct strs tokens, int64_t *ret_counts) {
    struct search *s = search_new(arena, sources, query);
    struct postings *postings = ARENA_ARRAY(arena, tokens.n + 1, struct postings);
    memset(ret_counts, 0, tokens.n * sizeof *ret_counts);
    for (size_t i = 0; i < s->n; i++) {
        const struct source *source = s->parts[i].source;
        for (size_t t = 0; t < tokens.n; t++)
            if (!source->calls->find(source, tokens.p[t], &postings[t]))
                postings[t] = (struct postings){ 0 };
        count_part(&s->parts[i], postings, tokens.n, ret_counts);
    }
}
