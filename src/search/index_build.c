/* Rows are collected a chunk at a time, each chunk becomes a segment of its own, and at
 * the end all of them become one: however many rows there are, memory holds a chunk, or
 * eight bytes a row while merging. */
#include "search/index_build.h"

#include <unistd.h>

#include "base/mem.h"
#include "search/manifest.h"
#include "search/merge.h"
#include "search/tail.h"

struct index_builder {
    struct index_options options;
    char *folder;
    struct tail *tail;
    uint64_t next_id; /* segments from 1 to the one before are made */
};

enum rc index_builder_new(struct ctx *ctx, const struct index_options *options,
                          struct index_builder **ret_builder) {
    enum rc rc = manifest_clean(ctx, options->folder, NULL);
    if (rc != OK)
        return rc;
    struct index_builder *b = MEM_NEW(struct index_builder);
    b->folder = mem_strdup(options->folder);
    b->options = *options;
    b->options.folder = b->folder;
    b->tail = tail_new(options->kind, CHUNK_ROWS);
    b->next_id = 1;
    *ret_builder = b;
    return OK;
}

void index_builder_free(struct index_builder **builder) {
    struct index_builder *b = *builder;
    if (!b)
        return;
    tail_free(&b->tail);
    mem_free(b->folder);
    mem_free(b);
    *builder = NULL;
}

static enum rc write_tail(struct ctx *ctx, struct index_builder *b) {
    const struct source *source = tail_source(b->tail);
    if (source->rows == 0)
        return OK;
    tail_freeze(b->tail);
    struct merge_input input = { source, source->dead, NULL };
    struct merge_order order = { b->folder, b->next_id, &input, 1, NULL };
    enum rc rc = merge_sources(ctx, &order);
    mem_free(input.map);
    if (rc != OK)
        return rc;
    b->next_id++;
    tail_free(&b->tail);
    b->tail = tail_new(b->options.kind, CHUNK_ROWS);
    return OK;
}

enum rc index_builder_add(struct ctx *ctx, struct index_builder *b, const struct index_row *rows,
                          size_t n) {
    enum rc rc = OK;
    for (size_t i = 0; i < n && rc == OK; i++) {
        if (!index_row_is_valid(&rows[i]))
            return fail(ctx, E_INVALID, "the index takes no doc %lld with rank %lld",
                        (long long) rows[i].doc, (long long) rows[i].rank);
        if (tail_is_full(b->tail))
            rc = write_tail(ctx, b);
        if (rc == OK)
            tail_put(b->tail, &rows[i]);
    }
    return rc;
}

/* Opens the segments of all chunks, which also checks them. */
static enum rc open_all(struct ctx *ctx, const struct index_builder *b,
                        struct segment **segments, size_t *n) {
    enum rc rc = OK;
    for (uint64_t id = 1; id < b->next_id && rc == OK; id++) {
        rc = segment_open(ctx, b->folder, id, &segments[*n]);
        *n += rc == OK;
    }
    return rc;
}

static enum rc merge_all(struct ctx *ctx, struct index_builder *b, struct segment **segments,
                         size_t n) {
    struct merge_input *inputs = mem_array(n, sizeof *inputs);
    for (size_t i = 0; i < n; i++)
        inputs[i] = (struct merge_input){ &segments[i]->source, segments[i]->dead, NULL };
    struct merge_order order = { b->folder, b->next_id++, inputs, n, NULL };
    enum rc rc = merge_sources(ctx, &order);
    for (size_t i = 0; i < n; i++)
        mem_free(inputs[i].map);
    mem_free(inputs);
    return rc;
}

static enum rc merge_to_one(struct ctx *ctx, struct index_builder *b, struct segment **segments,
                            size_t *n) {
    enum rc rc = open_all(ctx, b, segments, n);
    if (rc != OK || *n < 2)
        return rc;
    rc = merge_all(ctx, b, segments, *n);
    while (*n)
        segment_close(&segments[--*n]);
    if (rc == OK)
        rc = segment_open(ctx, b->folder, b->next_id - 1, &segments[0]);
    *n = rc == OK;
    return rc;
}

enum rc index_builder_finish(struct ctx *ctx, struct index_builder **builder, int64_t seq) {
    struct index_builder *b = *builder;
    struct segment **segments = NULL;
    size_t n = 0;
    enum rc rc = write_tail(ctx, b);
    if (rc == OK) {
        segments = mem_array((size_t) b->next_id, sizeof *segments);
        rc = merge_to_one(ctx, b, segments, &n);
    }
    struct manifest manifest = { seq, b->next_id, segments, n };
    if (rc == OK)
        rc = manifest_write(ctx, &b->options, &manifest);
    if (rc == OK)
        rc = manifest_clean(ctx, b->folder, &manifest);
    while (n)
        segment_close(&segments[--n]);
    mem_free(segments);
    index_builder_free(builder);
    return rc;
}
