/* Rows are collected a chunk at a time, each chunk becomes a segment of its own, and at
 * the end all of them become one, or as few as files may be large: however many rows there
 * are, memory holds a chunk, or eight bytes a row while merging. */
#include "search/index_build.h"

#include <unistd.h>

#include "base/mem.h"
#include "search/manifest.h"
#include "search/merge.h"
#include "search/segment_check.h"
#include "search/tail.h"

struct index_builder {
    struct index_options options;
    char *folder;
    struct tail *tail;
    uint64_t next_id; /* segments from 1 to the one before are made */
    bool is_finished;
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
    if (!b->is_finished)
        manifest_forget(b->folder);
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
    struct merge_order order = { b->folder, b->next_id, &input, 1, b->options.stop };
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

/* Opens the segments of all chunks. */
static enum rc open_all(struct ctx *ctx, const struct index_builder *b,
                        struct segment **segments, size_t *n) {
    enum rc rc = OK;
    for (uint64_t id = 1; id < b->next_id && rc == OK; id++) {
        rc = segment_open(ctx, b->folder, id, &segments[*n]);
        *n += rc == OK;
    }
    return rc;
}

/* Makes one segment of several and opens it in the place of the first; the others are
 * closed. Checking it finds documents that were added twice. */
static enum rc merge_some(struct ctx *ctx, struct index_builder *b, struct segment **segments,
                          size_t n) {
    struct merge_input *inputs = mem_array(n, sizeof *inputs);
    for (size_t i = 0; i < n; i++)
        inputs[i] = (struct merge_input){ &segments[i]->source, segments[i]->dead, NULL };
    struct merge_order order = { b->folder, b->next_id++, inputs, n, b->options.stop };
    enum rc rc = merge_sources(ctx, &order);
    for (size_t i = 0; i < n; i++) {
        mem_free(inputs[i].map);
        segment_close(&segments[i]);
    }
    mem_free(inputs);
    if (rc == OK)
        rc = segment_open(ctx, b->folder, order.id, &segments[0]);
    if (rc == OK)
        rc = segment_check(segments[0], b->options.stop);
    return rc == E_INVALID ? fail(ctx, rc, "%s: a row was added twice", b->folder) : rc;
}

/* How many of them may be in one file; at least one. */
static size_t together(struct segment *const *segments, size_t n) {
    size_t some = 1;
    for (uint64_t bytes = segments[0]->bytes; some < n; some++) {
        bytes += segments[some]->bytes;
        if (bytes > MERGE_MAX_BYTES)
            break;
    }
    return some;
}

/* The segments that are left move to the front; the others are NULL. */
static enum rc merge_all(struct ctx *ctx, struct index_builder *b, struct segment **segments,
                         size_t *n) {
    enum rc rc = OK;
    size_t kept = 0;
    for (size_t at = 0, some; at < *n && rc == OK; at += some) {
        some = together(segments + at, *n - at);
        if (some > 1)
            rc = merge_some(ctx, b, segments + at, some);
        struct segment *first = segments[at];
        segments[at] = NULL;
        segments[kept++] = first;
    }
    if (rc == OK)
        *n = kept;
    return rc;
}

static enum rc make_folder(struct ctx *ctx, struct index_builder *b, struct segment **segments,
                           size_t *n, int64_t seq) {
    enum rc rc = open_all(ctx, b, segments, n);
    if (rc == OK)
        rc = merge_all(ctx, b, segments, n);
    struct manifest manifest = { seq, b->next_id, segments, *n };
    if (rc == OK)
        rc = manifest_write(ctx, &b->options, &manifest);
    if (rc == OK)
        rc = manifest_clean(ctx, b->folder, &manifest);
    return rc;
}

enum rc index_builder_finish(struct ctx *ctx, struct index_builder **builder, int64_t seq) {
    struct index_builder *b = *builder;
    enum rc rc = write_tail(ctx, b);
    if (rc == OK) {
        struct segment **segments = mem_array((size_t) b->next_id, sizeof *segments);
        size_t n = 0;
        rc = make_folder(ctx, b, segments, &n, seq);
        while (n)
            segment_close(&segments[--n]);
        mem_free(segments);
    }
    b->is_finished = rc == OK;
    index_builder_free(builder);
    return rc;
}
