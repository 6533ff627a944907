/* Everything is a walk over all inputs at once in some order (rows by key, rows by
 * document, terms, companies) with a heap of their next elements. A term's rows are
 * gathered under their new numbers: ascending lists from each input, merged, or bits of
 * the whole segment when there are many. */
#include "search/merge.h"

#include "base/check.h"
#include "base/mem.h"
#include "search/heap.h"
#include "search/segment_write.h"

/* From one row in so many on, bits are faster than lists. */
enum { DENSE = 64 };

struct merge {
    struct merge_input *inputs;
    uint32_t n;
    uint32_t rows, chunks;
    enum index_kind kind;
    const atomic_bool *stop;
    struct segment_writer *writer;
    uint64_t *bits; /* of all rows, zero between terms */
    struct row_list list;
    uint16_t ids[CHUNK_ROWS];
};

/* --- walks --- */

static uint32_t row_by_key(const struct source *s, uint32_t i) {
    return s->order ? s->order[i] : i;
}

static bool load_key(const void *arg, uint32_t input, uint32_t i, struct heap_item *item) {
    const struct source *s = ((const struct merge *) arg)->inputs[input].source;
    if (i == s->rows)
        return false;
    item->row = row_by_key(s, i);
    item->key = s->keys[item->row];
    return true;
}

static bool load_doc(const void *arg, uint32_t input, uint32_t i, struct heap_item *item) {
    const struct source *s = ((const struct merge *) arg)->inputs[input].source;
    if (i == s->rows)
        return false;
    item->row = s->by_doc[i];
    item->key = (uint64_t) key_doc(s->keys[item->row]);
    return true;
}

static bool load_group(const void *arg, uint32_t input, uint32_t i, struct heap_item *item) {
    const struct source *s = ((const struct merge *) arg)->inputs[input].source;
    if (i == s->groups)
        return false;
    item->row = i;
    item->key = s->group_docs[i];
    return true;
}

/* Most terms differ in their signs. */
static bool load_term(const void *arg, uint32_t input, uint32_t i, struct heap_item *item) {
    const struct source *s = ((const struct merge *) arg)->inputs[input].source;
    struct postings ignored;
    if (i == s->terms)
        return false;
    item->row = i;
    item->text = s->calls->term(s, i, &ignored);
    item->key = sign_of(item->text);
    return true;
}

/* Looked at in every loop over rows or terms. What is written then is of no use. */
static bool is_stopped(const struct merge *m) {
    return m->stop && atomic_load_explicit(m->stop, memory_order_relaxed);
}

/* The next element of all inputs; false also when it is time to stop. */
static bool next(const struct merge *m, struct heap *heap, struct heap_item *ret_item) {
    return !is_stopped(m) && heap_next(heap, ret_item);
}

static bool is_dead(const struct merge_input *input, uint32_t row) {
    const uint64_t *dead = input->dead[row / CHUNK_ROWS];
    return dead && words_have(dead, row % CHUNK_ROWS);
}

/* Numbers the living rows. */
static void make_maps(struct merge *m) {
    for (uint32_t i = 0; i < m->n; i++)
        m->inputs[i].map = mem_array(m->inputs[i].source->rows, sizeof(uint32_t));
    struct heap heap = heap_new(m, load_key, m->n);
    for (struct heap_item item; next(m, &heap, &item);) {
        struct merge_input *input = &m->inputs[item.input];
        input->map[item.row] = is_dead(input, item.row) ? MERGE_DROPPED : m->rows++;
    }
    heap_done(&heap);
    m->chunks = (m->rows + CHUNK_ROWS - 1) / CHUNK_ROWS;
}

/* --- terms --- */

static uint64_t postings_count(const struct source *s, const struct postings *p) {
    uint64_t n = 0;
    for (uint32_t chunk = 0; p->chunks && chunk < s->chunks; chunk++)
        n += p->chunks[chunk].n;
    for (uint32_t i = 0; i < p->ref_count; i++)
        n += (uint32_t) p->refs[i].last + 1;
    return n + p->few_count;
}

static void add_row(struct merge *m, uint32_t row, bool dense) {
    if (row == MERGE_DROPPED)
        return;
    if (dense)
        words_set(m->bits, row);
    else
        row_list_add(&m->list, row);
}

static void add_container(struct merge *m, const uint32_t *map, struct container c, bool dense) {
    for (uint32_t i = 0; c.ids && i < c.n; i++)
        add_row(m, map[c.ids[i]], dense);
    for (uint32_t id = c.words ? words_next(c.words, 0) : CHUNK_ROWS; id < CHUNK_ROWS;
         id = words_next(c.words, id + 1))
        add_row(m, map[id], dense);
}

/* An ordered source gives ascending numbers; the tail's are sorted with the rest. */
static void add_postings(struct merge *m, const struct merge_input *input,
                         const struct postings *p, bool dense) {
    for (uint32_t chunk = 0; p->chunks && chunk < input->source->chunks; chunk++)
        add_container(m, input->map + (size_t) chunk * CHUNK_ROWS, p->chunks[chunk], dense);
    for (uint32_t i = 0; i < p->ref_count; i++)
        add_container(m, input->map + (size_t) p->refs[i].chunk * CHUNK_ROWS, postings_ref(p, i),
                      dense);
    for (uint32_t i = 0; i < p->few_count; i++)
        add_row(m, input->map[p->few[i]], dense);
}

static void write_bits(struct merge *m) {
    for (uint32_t chunk = 0; chunk < m->chunks; chunk++) {
        uint64_t *words = m->bits + (size_t) chunk * CHUNK_WORDS;
        uint32_t n = words_count(words);
        if (n == 0)
            continue;
        segment_writer_chunk(m->writer, chunk, (struct container){ .n = n, .words = words });
        memset(words, 0, CHUNK_WORDS * sizeof *words);
    }
}

static void write_list(struct merge *m) {
    row_list_sort(&m->list);
    const uint32_t *rows = m->list.p;
    for (size_t i = 0; i < m->list.n;) {
        uint32_t chunk = rows[i] / CHUNK_ROWS, n = 0;
        for (; i < m->list.n && rows[i] / CHUNK_ROWS == chunk; i++)
            m->ids[n++] = (uint16_t) (rows[i] % CHUNK_ROWS);
        segment_writer_chunk(m->writer, chunk, (struct container){ .n = n, .ids = m->ids });
    }
    m->list.n = 0;
}

/* All inputs' postings of one term: the heap gives equal texts one after the other. */
struct same {
    uint32_t *inputs;
    struct postings *postings;
    uint32_t n;
    uint64_t total;
};

static void write_term(struct merge *m, struct same *same) {
    bool dense = same->total > m->rows / DENSE;
    for (uint32_t i = 0; i < same->n; i++)
        add_postings(m, &m->inputs[same->inputs[i]], &same->postings[i], dense);
    if (dense)
        write_bits(m);
    else
        write_list(m);
    same->n = 0;
    same->total = 0;
}

static void write_terms(struct merge *m) {
    struct same same = { mem_array(m->n, sizeof *same.inputs),
                         mem_array(m->n, sizeof *same.postings), 0, 0 };
    struct str current = STR_NONE;
    struct heap heap = heap_new(m, load_term, m->n);
    for (struct heap_item item; next(m, &heap, &item);) {
        if (!str_is_set(current) || !str_eq(current, item.text)) {
            if (same.n)
                write_term(m, &same);
            current = item.text;
            segment_writer_term(m->writer, current);
        }
        const struct source *s = m->inputs[item.input].source;
        (void) s->calls->term(s, item.row, &same.postings[same.n]);
        same.total += postings_count(s, &same.postings[same.n]);
        same.inputs[same.n++] = item.input;
    }
    if (same.n)
        write_term(m, &same);
    heap_done(&heap);
    mem_free(same.inputs);
    mem_free(same.postings);
}

/* --- rows --- */

static void write_keys(struct merge *m) {
    segment_writer_section(m->writer, SECTION_KEYS);
    struct heap heap = heap_new(m, load_key, m->n);
    for (struct heap_item item; next(m, &heap, &item);)
        if (m->inputs[item.input].map[item.row] != MERGE_DROPPED)
            segment_writer_bytes(m->writer, &item.key, sizeof item.key);
    heap_done(&heap);
}

static void write_by_doc(struct merge *m) {
    segment_writer_section(m->writer, SECTION_BY_DOC);
    struct heap heap = heap_new(m, load_doc, m->n);
    for (struct heap_item item; next(m, &heap, &item);) {
        uint32_t row = m->inputs[item.input].map[item.row];
        if (row != MERGE_DROPPED)
            segment_writer_bytes(m->writer, &row, sizeof row);
    }
    heap_done(&heap);
}

static void write_values(struct merge *m) {
    segment_writer_section(m->writer, SECTION_VALUES);
    for (size_t value = 0; value < INDEX_VALUES && m->kind == INDEX_COMPANIES; value++) {
        struct heap heap = heap_new(m, load_key, m->n);
        for (struct heap_item item; next(m, &heap, &item);) {
            const struct merge_input *input = &m->inputs[item.input];
            if (input->map[item.row] != MERGE_DROPPED)
                segment_writer_bytes(m->writer, &input->source->values[value][item.row],
                                     sizeof(int64_t));
        }
        heap_done(&heap);
    }
}

/* --- companies --- */

struct groups {
    uint32_t *of; /* of each row of the result */
    uint64_t *docs;
    uint32_t *starts;
    uint32_t n, room, grouped;
};

static void add_group(struct groups *g, uint64_t doc) {
    if (g->n == g->room) {
        g->room = g->room ? g->room * 2 : 1024;
        g->docs = mem_resize(g->docs, g->room * sizeof *g->docs);
        g->starts = mem_resize(g->starts, ((size_t) g->room + 1) * sizeof *g->starts);
    }
    g->docs[g->n] = doc;
    g->starts[g->n++] = g->grouped;
}

/* Writes the rows of one company, which may all be gone. */
static void write_group(struct merge *m, struct groups *g, uint64_t doc) {
    if (m->list.n == 0)
        return;
    row_list_sort(&m->list);
    for (size_t i = 0; i < m->list.n; i++)
        g->of[m->list.p[i]] = g->n;
    add_group(g, doc);
    segment_writer_bytes(m->writer, m->list.p, m->list.n * sizeof *m->list.p);
    g->grouped += (uint32_t) m->list.n;
    m->list.n = 0;
}

/* Rows without a company have the number behind the last group. */
static void write_group_of(struct merge *m, struct groups *g) {
    segment_writer_section(m->writer, SECTION_GROUP_OF);
    for (uint32_t row = 0; row < m->rows && m->kind == INDEX_PEOPLE && !is_stopped(m); row++) {
        uint32_t group = g->of[row] == UINT32_MAX ? g->n : g->of[row];
        segment_writer_bytes(m->writer, &group, sizeof group);
    }
}

static struct groups write_groups(struct merge *m) {
    struct groups g = { .of = mem_array(m->rows, sizeof *g.of) };
    memset(g.of, 0xff, m->rows * sizeof *g.of);
    segment_writer_section(m->writer, SECTION_GROUP_ROWS);
    struct heap heap = heap_new(m, load_group, m->n);
    uint64_t doc = 0;
    for (struct heap_item item; next(m, &heap, &item);) {
        if (item.key != doc)
            write_group(m, &g, doc);
        doc = item.key;
        const struct merge_input *input = &m->inputs[item.input];
        const struct source *s = input->source;
        for (uint32_t i = s->group_starts[item.row]; i < s->group_starts[item.row + 1]; i++)
            add_row(m, input->map[s->group_rows[i]], false);
    }
    write_group(m, &g, doc);
    heap_done(&heap);
    segment_writer_section(m->writer, SECTION_GROUP_DOCS);
    segment_writer_bytes(m->writer, g.docs, g.n * sizeof *g.docs);
    segment_writer_section(m->writer, SECTION_GROUP_STARTS);
    segment_writer_bytes(m->writer, g.starts, g.n * sizeof *g.starts);
    segment_writer_bytes(m->writer, &g.grouped, sizeof g.grouped);
    write_group_of(m, &g);
    mem_free(g.of);
    mem_free(g.docs);
    mem_free(g.starts);
    return g;
}

static enum rc write_segment(struct ctx *ctx, struct merge *m) {
    m->bits = mem_array((size_t) m->chunks * CHUNK_WORDS, sizeof *m->bits);
    write_terms(m);
    write_keys(m);
    write_by_doc(m);
    struct groups groups = write_groups(m);
    write_values(m);
    if (is_stopped(m)) {
        segment_writer_free(&m->writer);
        return E_CANCELED;
    }
    struct segment_header counts = { .kind = m->kind,
                                     .rows = m->rows,
                                     .groups = groups.n,
                                     .grouped = groups.grouped };
    return segment_writer_finish(ctx, &m->writer, &counts);
}

/* Walking needs all of every input to be in order. */
static enum rc check_inputs(struct ctx *ctx, const struct merge_order *order) {
    enum rc rc = OK;
    for (size_t i = 0; i < order->n && rc == OK; i++)
        if (order->inputs[i].source->calls->check)
            rc = order->inputs[i].source->calls->check(order->inputs[i].source, order->stop);
    return rc == E_INVALID ? fail(ctx, rc, "a file in %s is damaged", order->folder) : rc;
}

static enum rc merge_checked(struct ctx *ctx, const struct merge_order *order) {
    struct merge *m = MEM_NEW(struct merge);
    m->inputs = order->inputs;
    m->n = (uint32_t) order->n;
    m->stop = order->stop;
    m->kind = order->inputs[0].source->values[0] ? INDEX_COMPANIES : INDEX_PEOPLE;
    make_maps(m);
    enum rc rc = is_stopped(m) ? E_CANCELED : m->rows ? OK : E_NOT_FOUND;
    if (rc == OK)
        rc = segment_writer_new(ctx, order->folder, order->id, &m->writer);
    if (rc == OK)
        rc = write_segment(ctx, m);
    mem_free(m->bits);
    row_list_done(&m->list);
    mem_free(m);
    return rc;
}

enum rc merge_sources(struct ctx *ctx, const struct merge_order *order) {
    enum rc rc = check_inputs(ctx, order);
    return rc == OK ? merge_checked(ctx, order) : rc;
}
