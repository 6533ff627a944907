/* What the index must answer, the slow and obvious way: all rows in an array, every query
 * looks at each. With a generator of random rows and queries, the same for one seed. */
#ifndef TESTS_INDEX_MODEL_H
#define TESTS_INDEX_MODEL_H

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/vec.h"
#include "search/index.h"
#include "test.h"

/* Where the index of this process is; the fixture of a group of tests. */
static char model_folder[64];

static inline int model_folder_make(void **state) {
    (void) state;
    (void) snprintf(model_folder, sizeof model_folder, "/tmp/outrider_index.%d", (int) getpid());
    return 0;
}

static inline int model_remove(const char *path, const struct stat *info, int type,
                               struct FTW *at) {
    (void) info, (void) type, (void) at;
    return remove(path);
}

/* One that is not there is right too. */
static inline int model_folder_remove(void **state) {
    (void) state;
    (void) nftw(model_folder, model_remove, 16, FTW_DEPTH | FTW_PHYS);
    return access(model_folder, F_OK) == 0;
}

static inline uint64_t model_random(uint64_t *state) {
    uint64_t x = *state += UINT64_C(0x9E3779B97F4A7C15);
    x = (x ^ x >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    x = (x ^ x >> 27) * UINT64_C(0x94D049BB133111EB);
    return x ^ x >> 31;
}

static inline uint32_t model_below(uint64_t *state, uint32_t below) {
    return (uint32_t) (model_random(state) >> 33) % below;
}

struct model {
    struct index_row *rows; /* by doc from 1; doc 0: not there */
    size_t docs;            /* docs are up to here */
    enum index_kind kind;
    uint64_t random;
    bool may_be_damaged; /* the index: it may say so instead of answering */
};

static inline struct model model_new(enum index_kind kind, size_t docs, uint64_t seed) {
    return (struct model){ mem_array(docs + 1, sizeof(struct index_row)), docs, kind, seed, false };
}

static inline void model_forget(struct model *m, int64_t doc) {
    if (m->rows[doc].doc)
        mem_free((void *) (uintptr_t) m->rows[doc].tags.p);
    m->rows[doc] = (struct index_row){ 0 };
}

static inline void model_free(struct model *m) {
    for (size_t i = 0; i <= m->docs; i++)
        model_forget(m, (int64_t) i);
    mem_free(m->rows);
}

/* Frequent tags (f0 has every second row), rare ones, and words with common beginnings. */
static inline struct str model_tag(struct arena *arena, uint64_t *random) {
    uint32_t kind = model_below(random, 4), r = model_below(random, 1u << 16);
    if (kind == 0)
        return arena_printf(arena, "f%d", __builtin_clz(r | 1) - 16);
    if (kind == 1)
        return arena_printf(arena, "r%u", r % 500);
    return arena_printf(arena, "n%c%c%u", 'a' + r % 4, 'a' + r / 4 % 4, r / 16 % 7);
}

static inline struct index_row model_row(struct model *m, int64_t doc) {
    struct arena *arena = arena_new();
    struct buf tags = buf_on_heap(4096);
    struct strs seen = { 0 };
    for (uint32_t i = model_below(&m->random, 12); i; i--) {
        struct str tag = model_tag(arena, &m->random);
        if (strs_have(seen, tag))
            continue;
        strs_add(arena, &seen, tag);
        if (tags.n)
            buf_char(&tags, ' ');
        buf_str(&tags, tag);
    }
    arena_free(&arena);
    struct index_row row = { .doc = doc, .rank = model_below(&m->random, 40) };
    row.tags = (struct str){ tags.p ? tags.p : mem_strdup(""), tags.n };
    if (m->kind == INDEX_PEOPLE)
        row.company = model_below(&m->random, 5) ? model_below(&m->random, 300) : 0;
    for (size_t i = 0; i < INDEX_VALUES; i++)
        row.values[i] = model_below(&m->random, 3) ? (int64_t) model_below(&m->random, 1000) - 500
                                                   : INDEX_NO_VALUE;
    return row;
}

/* A new version of the row, kept by the model. */
static inline struct index_row model_put(struct model *m, int64_t doc) {
    model_forget(m, doc);
    return m->rows[doc] = model_row(m, doc);
}

/* A row with these tags. */
static inline struct index_row model_set(struct model *m, int64_t doc, int64_t rank,
                                         const char *tags) {
    model_forget(m, doc);
    return m->rows[doc] = (struct index_row){ .doc = doc, .rank = rank,
                                              .tags = str_of(mem_strdup(tags)) };
}

static inline struct expr *model_expr(struct model *m, struct arena *arena, int depth) {
    uint32_t kind = depth ? model_below(&m->random, 8) : 0;
    if (kind < 3) {
        struct str tag = model_tag(arena, &m->random);
        if (model_below(&m->random, 4))
            return expr_token(arena, tag);
        return expr_prefix(arena, str_sub(tag, 0, 1 + model_below(&m->random, 3)));
    }
    struct expr *all = kind < 6 ? expr_and(arena) : expr_or(arena);
    for (uint32_t i = model_below(&m->random, 4); i; i--)
        expr_add(all, model_expr(m, arena, depth - 1));
    return all;
}

static inline struct index_query model_query(struct model *m, struct arena *arena) {
    struct index_query q = { .offset = model_below(&m->random, 3)
                                           ? 0
                                           : model_below(&m->random, (uint32_t) m->docs),
                             .limit = model_below(&m->random, 40) };
    if (model_below(&m->random, 6))
        q.where = model_expr(m, arena, 3);
    q.tier_count = model_below(&m->random, 3) ? 0 : model_below(&m->random, INDEX_TIERS_MAX + 1);
    for (size_t i = 0; i < q.tier_count; i++) {
        q.tiers[i].where = model_expr(m, arena, 2);
        q.tiers[i].weight = 1 << model_below(&m->random, 3);
    }
    if (m->kind == INDEX_PEOPLE && model_below(&m->random, 3) == 0) {
        struct doc_set *companies = ARENA_NEW(arena, struct doc_set);
        uint32_t one_in = 1 + model_below(&m->random, 50);
        for (int64_t doc = 1; doc < 310; doc++)
            if (model_below(&m->random, one_in) == 0)
                doc_set_add(arena, companies, doc);
        q.companies = companies;
    }
    if (m->kind == INDEX_COMPANIES && model_below(&m->random, 2)) {
        struct index_range *range = ARENA_NEW(arena, struct index_range);
        range->value = (enum index_value) model_below(&m->random, INDEX_VALUES);
        range->min = model_below(&m->random, 3) ? (int64_t) model_below(&m->random, 1000) - 500
                                                : INT64_MIN + 1;
        range->max = model_below(&m->random, 3) ? range->min + 200 : INT64_MAX;
        q.ranges = range;
        q.range_count = 1;
    }
    return q;
}

/* --- answers --- */

struct model_hit {
    const struct index_row *row;
    int tier;
};

static inline int model_order(const void *a, const void *b) {
    const struct model_hit *x = a, *y = b;
    if (x->tier != y->tier)
        return x->tier > y->tier ? -1 : 1;
    if (x->row->rank != y->row->rank)
        return x->row->rank > y->row->rank ? -1 : 1;
    return x->row->doc < y->row->doc ? -1 : 1;
}

static inline bool model_matches(const struct index_query *q, const struct index_row *row,
                                 struct strs tags) {
    for (size_t i = 0; i < q->range_count; i++) {
        int64_t value = row->values[q->ranges[i].value];
        if (value == INDEX_NO_VALUE || value < q->ranges[i].min || value > q->ranges[i].max)
            return false;
    }
    bool found = !q->companies || doc_set_has(q->companies, (uint64_t) row->company);
    return found && expr_matches(q->where, tags);
}

struct model_answer {
    struct model_hit *hits; /* all, in order; on the heap */
    size_t n;
};

static inline struct strs model_tags(struct str tags, struct str *room) {
    struct strs words = { room, 0 };
    for (struct str word; str_word(&tags, &word);)
        room[words.n++] = word;
    return words;
}

static inline struct model_answer model_search(const struct model *m,
                                               const struct index_query *q) {
    struct model_answer answer = { mem_array(m->docs + 1, sizeof *answer.hits), 0 };
    for (size_t doc = 1; doc <= m->docs; doc++) {
        const struct index_row *row = &m->rows[doc];
        struct str room[16];
        struct strs tags = model_tags(row->tags, room);
        if (row->doc == 0 || !model_matches(q, row, tags))
            continue;
        struct model_hit hit = { row, 0 };
        for (size_t t = 0; t < q->tier_count; t++)
            if (expr_matches(q->tiers[t].where, tags))
                hit.tier += q->tiers[t].weight;
        answer.hits[answer.n++] = hit;
    }
    qsort(answer.hits, answer.n, sizeof *answer.hits, model_order);
    return answer;
}

/* Whether the index answered. */
static inline bool model_answered(const struct model *m, struct index *index, enum rc rc) {
    bool is_damaged = m->may_be_damaged && rc == E_INVALID;
    assert_true(is_damaged ? index_is_damaged(index) : rc == OK);
    return !is_damaged;
}

static inline void model_check_counts(const struct model *m, const struct model_answer *answer, struct index *index,
                                      struct arena *arena, const struct index_query *q) {
    struct str tokens[] = { STR("f0"), STR("f3"), STR("r7"), STR("nab3"), STR("unknown") };
    int64_t counts[LENGTH(tokens)], expected[LENGTH(tokens)] = { 0 };
    if (!model_answered(m, index, index_count_by(index, arena, q,
                                                 (struct strs){ tokens, LENGTH(tokens) }, counts)))
        return;
    for (size_t i = 0; i < answer->n; i++) {
        struct str room[16];
        struct strs tags = model_tags(answer->hits[i].row->tags, room);
        for (size_t t = 0; t < LENGTH(tokens); t++)
            expected[t] += strs_have(tags, tokens[t]);
    }
    assert_memory_equal(counts, expected, sizeof expected);
}

static inline void model_check_page(const struct model *m, const struct model_answer *answer,
                                    struct index *index, struct arena *arena,
                                    const struct index_query *q) {
    struct index_hits hits;
    if (!model_answered(m, index, index_search(index, arena, q, &hits)))
        return;
    if (hits.total != (int64_t) answer->n)
        fail_case("total %lld, expected %zu", (long long) hits.total, answer->n);
    int64_t left = (int64_t) answer->n > q->offset ? (int64_t) answer->n - q->offset : 0;
    assert_int_equal(hits.docs.n, left < q->limit ? left : q->limit);
    for (size_t i = 0; i < hits.docs.n; i++)
        if (hits.docs.p[i] != answer->hits[(size_t) q->offset + i].row->doc)
            fail_case("hit %zu is %lld, expected %lld", (size_t) q->offset + i,
                      (long long) hits.docs.p[i],
                      (long long) answer->hits[(size_t) q->offset + i].row->doc);
}

static inline void model_check_docs(const struct model *m, const struct model_answer *answer,
                                    struct index *index, struct arena *arena,
                                    const struct index_query *q) {
    struct doc_set docs;
    if (!model_answered(m, index, index_docs(index, arena, q, &docs)))
        return;
    assert_int_equal(docs.n, answer->n);
    for (size_t i = 0; i < answer->n; i++)
        assert_true(doc_set_has(&docs, (uint64_t) answer->hits[i].row->doc));
}

/* Asks the index and compares totals, page, documents and counts. */
static inline void model_check(const struct model *m, struct index *index,
                               const struct index_query *q) {
    struct arena *arena = arena_new();
    struct model_answer answer = model_search(m, q);
    model_check_page(m, &answer, index, arena, q);
    model_check_counts(m, &answer, index, arena, q);
    model_check_docs(m, &answer, index, arena, q);
    mem_free(answer.hits);
    arena_free(&arena);
}

static inline void model_check_random(struct model *m, struct index *index, int queries) {
    for (int i = 0; i < queries; i++) {
        struct arena *arena = arena_new();
        struct index_query q = model_query(m, arena);
        model_check(m, index, &q);
        arena_free(&arena);
    }
}

#endif
