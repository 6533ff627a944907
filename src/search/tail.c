/* A term's rows come in ascending order by themselves, because rows are numbered as they
 * come: a list that doubles, and bits once it is long. Terms are found by a hash table and,
 * for prefixes, by chains of those that share their first three bytes (the kind of tag and
 * two letters). All memory is one arena, dropped with the tail. */
#include "search/tail.h"

#include <stdlib.h>

#include "base/check.h"
#include "base/mem.h"

enum {
    SLOTS_PER_ROW = 8,
    SLOTS_MIN = 1 << 16,
    HEADS = 4096,       /* chains by the first bytes */
    HEAD_BYTES = 3,
    DOC_SLOTS_PER_ROW = 2,
    MEMORY_MAX = 24 * 1024 * 1024 /* of the arena: long texts fill a tail before its rows do */
};

struct term {
    struct str text;
    struct container rows;
    uint16_t *ids;     /* rows.ids */
    uint64_t *words;   /* rows.words */
    uint32_t capacity; /* of ids */
    uint32_t next;     /* with the same head, number + 1 */
};

struct tail {
    struct source source; /* first: the tail is a source */
    enum index_kind kind;
    struct arena *arena;
    uint32_t rows_max, live;
    uint64_t *keys, *companies;
    int64_t *values[INDEX_VALUES];
    uint16_t *order;
    uint64_t dead[CHUNK_WORDS], *dead_chunk;
    uint32_t dead_count;
    struct term *terms;
    uint32_t terms_max;         /* room; beyond it the tables grow */
    uint32_t *slots, slot_mask; /* number of the term + 1 */
    uint32_t *docs, doc_mask;   /* row + 1 of each document, the newest */
    uint32_t heads[HEADS];
    uint32_t *sorted; /* terms in order, when frozen */
};

static const struct tail *of(const struct source *source) {
    return (const struct tail *) (const void *) source;
}

/* --- terms --- */

static uint32_t *slot_of(const struct tail *t, struct str token) {
    uint32_t i = (uint32_t) str_hash(token) & t->slot_mask;
    while (t->slots[i] && !str_eq(t->terms[t->slots[i] - 1].text, token))
        i = (i + 1) & t->slot_mask;
    return &t->slots[i];
}

static uint32_t head_of(struct str text) {
    return (uint32_t) str_hash(str_sub(text, 0, HEAD_BYTES)) % HEADS;
}

/* Only for a row with very many tags: is_full leaves room for others. */
static void grow_tables(struct tail *t) {
    uint32_t slots = (t->slot_mask + 1) * 2, old = t->terms_max;
    mem_free(t->slots);
    t->slots = mem_array(slots, sizeof *t->slots);
    t->slot_mask = slots - 1;
    t->terms_max = slots / 4 * 3;
    t->terms = mem_resize(t->terms, t->terms_max * sizeof *t->terms);
    memset(t->terms + old, 0, (t->terms_max - old) * sizeof *t->terms);
    for (uint32_t i = 0; i < t->source.terms; i++)
        *slot_of(t, t->terms[i].text) = i + 1;
}

static struct term *term_for(struct tail *t, struct str token) {
    if (t->source.terms == t->terms_max)
        grow_tables(t);
    uint32_t *slot = slot_of(t, token);
    if (*slot)
        return &t->terms[*slot - 1];
    struct term *term = &t->terms[t->source.terms++];
    term->text = arena_str(t->arena, token);
    *slot = t->source.terms;
    if (token.n >= HEAD_BYTES) {
        uint32_t *head = &t->heads[head_of(token)];
        term->next = *head;
        *head = t->source.terms;
    }
    return term;
}

static void grow(struct tail *t, struct term *term) {
    if (term->rows.n == CONTAINER_IDS_MAX) {
        term->words = ARENA_ARRAY(t->arena, CHUNK_WORDS, uint64_t);
        container_add_to(term->rows, term->words);
        term->rows = (struct container){ .n = term->rows.n, .words = term->words };
        return;
    }
    term->capacity = term->capacity ? term->capacity * 2 : 2;
    uint16_t *larger = ARENA_ARRAY(t->arena, term->capacity, uint16_t);
    if (term->rows.n)
        memcpy(larger, term->ids, term->rows.n * sizeof *larger);
    term->rows.ids = term->ids = larger;
}

static void add_row(struct tail *t, struct term *term, uint16_t row) {
    if (!term->words && term->rows.n == term->capacity)
        grow(t, term);
    if (term->words)
        words_set(term->words, row);
    else
        term->ids[term->rows.n] = row;
    term->rows.n++;
}

/* Whether the row, which is the newest, has the term already. */
static bool has_newest(const struct term *term, uint16_t row) {
    if (term->rows.n == 0)
        return false;
    return term->words ? words_have(term->words, row) : term->ids[term->rows.n - 1] == row;
}

static struct postings postings_of(const struct term *term) {
    return (struct postings){ .chunks = &term->rows };
}

static bool find(const struct source *source, struct str token, struct postings *ret) {
    const struct tail *t = of(source);
    uint32_t found = *slot_of(t, token);
    if (found)
        *ret = postings_of(&t->terms[found - 1]);
    return found != 0;
}

static void visit_if(const struct term *term, struct str wanted, postings_visit *visit,
                     void *arg) {
    struct postings postings = postings_of(term);
    if (str_starts(term->text, wanted))
        visit(arg, &postings);
}

static void prefix(const struct source *source, struct str wanted, postings_visit *visit,
                   void *arg) {
    const struct tail *t = of(source);
    if (wanted.n < HEAD_BYTES) {
        for (uint32_t i = 0; i < source->terms; i++)
            visit_if(&t->terms[i], wanted, visit, arg);
        return;
    }
    for (uint32_t i = t->heads[head_of(wanted)]; i; i = t->terms[i - 1].next)
        visit_if(&t->terms[i - 1], wanted, visit, arg);
}

static struct str term(const struct source *source, uint32_t i, struct postings *ret) {
    const struct tail *t = of(source);
    *ret = postings_of(&t->terms[t->sorted[i]]);
    return t->terms[t->sorted[i]].text;
}

static const struct source_calls calls = { .find = find, .prefix = prefix, .term = term };

/* --- rows --- */

static uint32_t *doc_slot(const struct tail *t, int64_t doc) {
    uint32_t i = (uint32_t) ((uint64_t) doc * UINT64_C(0x9E3779B97F4A7C15) >> 32) & t->doc_mask;
    while (t->docs[i] && key_doc(t->keys[t->docs[i] - 1]) != doc)
        i = (i + 1) & t->doc_mask;
    return &t->docs[i];
}

static void mark_dead(struct tail *t, uint32_t row) {
    words_set(t->dead, row);
    t->dead_chunk = t->dead;
    t->dead_count++;
}

bool tail_kill(struct tail *t, uint32_t row) {
    if (words_have(t->dead, row))
        return false;
    mark_dead(t, row);
    t->live--;
    return true;
}

uint32_t tail_row(const struct tail *t, int64_t doc) {
    uint32_t row = *doc_slot(t, doc);
    return row && !words_have(t->dead, row - 1) ? row - 1 : UINT32_MAX;
}

int64_t tail_doc(const struct tail *t, uint32_t row) {
    return key_doc(t->keys[row]);
}

void tail_show(struct tail *t, uint32_t row) {
    uint32_t *slot = doc_slot(t, tail_doc(t, row));
    if (*slot)
        (void) tail_kill(t, *slot - 1); /* false: dead already */
    *slot = row + 1;
    words_clear(t->dead, row);
    t->dead_count--;
    t->live++;
}

/* Into the order of keys: rows that come in order, as in a build, go to the end. */
static void add_in_order(struct tail *t, uint32_t row) {
    uint32_t low = 0, high = row;
    if (row && t->keys[t->order[row - 1]] < t->keys[row])
        low = row;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (t->keys[t->order[middle]] < t->keys[row])
            low = middle + 1;
        else
            high = middle;
    }
    memmove(t->order + low + 1, t->order + low, (row - low) * sizeof *t->order);
    t->order[low] = (uint16_t) row;
}

uint32_t tail_add(struct tail *t, const struct index_row *row) {
    ASSERT(tail_room(t) > 0);
    uint32_t number = t->source.rows++;
    mark_dead(t, number);
    t->keys[number] = key_of(row->rank, row->doc);
    if (t->kind == INDEX_PEOPLE)
        t->companies[number] = (uint64_t) row->company;
    for (size_t i = 0; i < INDEX_VALUES && t->kind == INDEX_COMPANIES; i++)
        t->values[i][number] = row->values[i];
    add_in_order(t, number);
    struct str rest = row->tags;
    for (struct str word; str_word(&rest, &word);) {
        if (word.n > INDEX_TAG_MAX_BYTES)
            continue;
        struct term *found = term_for(t, word);
        if (!has_newest(found, (uint16_t) number))
            add_row(t, found, (uint16_t) number);
    }
    return number;
}

void tail_put(struct tail *t, const struct index_row *row) {
    tail_show(t, tail_add(t, row));
}

bool tail_is_full(const struct tail *t) {
    return t->source.rows == t->rows_max || t->source.terms > t->terms_max / 8 * 7
           || arena_used(t->arena) > MEMORY_MAX;
}

size_t tail_room(const struct tail *t) {
    return t->rows_max - t->source.rows;
}

const struct source *tail_source(const struct tail *t) {
    return &t->source;
}

uint32_t tail_rows(const struct tail *t) {
    return t->live;
}

/* --- freezing --- */

static int compare_terms(const void *a, const void *b, void *arg) {
    const struct tail *t = arg;
    return str_compare(t->terms[*(const uint32_t *) a].text, t->terms[*(const uint32_t *) b].text);
}

static int compare_docs(const void *a, const void *b, void *arg) {
    const struct tail *t = arg;
    uint32_t x = *(const uint32_t *) a, y = *(const uint32_t *) b;
    int64_t left = key_doc(t->keys[x]), right = key_doc(t->keys[y]);
    if (left != right)
        return left < right ? -1 : 1;
    return x < y ? -1 : x > y;
}

static int compare_companies(const void *a, const void *b, void *arg) {
    const struct tail *t = arg;
    uint32_t x = *(const uint32_t *) a, y = *(const uint32_t *) b;
    if (t->companies[x] != t->companies[y])
        return t->companies[x] < t->companies[y] ? -1 : 1;
    return x < y ? -1 : x > y;
}

static uint32_t *numbers(struct tail *t, uint32_t n, int (*compare)(const void *, const void *, void *)) {
    uint32_t *all = ARENA_ARRAY(t->arena, (size_t) n + 1, uint32_t);
    for (uint32_t i = 0; i < n; i++)
        all[i] = i;
    qsort_r(all, n, sizeof *all, compare, t);
    return all;
}

static void make_groups(struct tail *t) {
    uint32_t n = t->source.rows;
    uint32_t *rows = numbers(t, n, compare_companies), first = 0;
    while (first < n && t->companies[rows[first]] == 0)
        first++;
    uint64_t *docs = ARENA_ARRAY(t->arena, (size_t) n + 1, uint64_t);
    uint32_t *starts = ARENA_ARRAY(t->arena, (size_t) n + 1, uint32_t);
    uint32_t groups = 0;
    for (uint32_t i = first; i < n; i++) {
        if (groups && docs[groups - 1] == t->companies[rows[i]])
            continue;
        starts[groups] = i - first;
        docs[groups++] = t->companies[rows[i]];
    }
    starts[groups] = n - first;
    t->source.group_docs = docs;
    t->source.group_starts = starts;
    t->source.group_rows = rows + first;
    t->source.groups = groups;
}

void tail_freeze(struct tail *t) {
    t->sorted = numbers(t, t->source.terms, compare_terms);
    t->source.by_doc = numbers(t, t->source.rows, compare_docs);
    if (t->kind == INDEX_PEOPLE)
        make_groups(t);
}

/* --- life --- */

static uint32_t power_of_two(size_t at_least) {
    uint32_t n = 1;
    while (n < at_least)
        n *= 2;
    return n;
}

static void point_source(struct tail *t) {
    t->source.calls = &calls;
    t->source.chunks = 1;
    t->source.keys = t->keys;
    t->source.companies = t->kind == INDEX_PEOPLE ? t->companies : NULL;
    for (size_t i = 0; i < INDEX_VALUES; i++)
        t->source.values[i] = t->values[i];
    t->source.dead = &t->dead_chunk;
    t->source.dead_counts = &t->dead_count;
    t->source.order = t->order;
}

struct tail *tail_new(enum index_kind kind, size_t rows_max) {
    ASSERT(rows_max > 0 && rows_max <= CHUNK_ROWS);
    struct tail *t = MEM_NEW(struct tail);
    t->arena = arena_new();
    t->kind = kind;
    t->rows_max = (uint32_t) rows_max;
    t->keys = mem_array(rows_max, sizeof *t->keys);
    t->order = mem_array(rows_max, sizeof *t->order);
    if (kind == INDEX_PEOPLE)
        t->companies = mem_array(rows_max, sizeof *t->companies);
    for (size_t i = 0; i < INDEX_VALUES && kind == INDEX_COMPANIES; i++)
        t->values[i] = mem_array(rows_max, sizeof *t->values[i]);
    uint32_t slots = power_of_two(rows_max * SLOTS_PER_ROW);
    slots = slots < SLOTS_MIN ? SLOTS_MIN : slots;
    t->slot_mask = slots - 1;
    t->slots = mem_array(slots, sizeof *t->slots);
    t->terms_max = slots / 4 * 3;
    t->terms = mem_array(t->terms_max, sizeof *t->terms);
    t->doc_mask = power_of_two(rows_max * DOC_SLOTS_PER_ROW) - 1;
    t->docs = mem_array((size_t) t->doc_mask + 1, sizeof *t->docs);
    point_source(t);
    return t;
}

void tail_free(struct tail **tail) {
    struct tail *t = *tail;
    if (!t)
        return;
    arena_free(&t->arena);
    mem_free(t->keys);
    mem_free(t->order);
    mem_free(t->companies);
    for (size_t i = 0; i < INDEX_VALUES; i++)
        mem_free(t->values[i]);
    mem_free(t->slots);
    mem_free(t->terms);
    mem_free(t->docs);
    mem_free(t);
    *tail = NULL;
}
