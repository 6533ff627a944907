/* Segments, a tail, and two locks. `change` is held by whoever changes something: the one
 * that puts and removes, and the end of a merge. `lock` is read by searches and written
 * for the moments in which what they see changes; whoever writes it holds `change`, so that
 * holding `change` alone is enough to look.
 *
 * A full tail becomes a segment while searches go on reading it. Merging works on what was
 * dead when it began, outside of both locks; what died meanwhile is found at its end by
 * comparing, and marked in the new segment before anyone sees it. */
#include "search/index.h"

#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include "base/check.h"
#include "base/log.h"
#include "base/mem.h"
#include "search/index_build.h"
#include "search/manifest.h"
#include "search/merge.h"
#include "search/pages.h"
#include "search/tail.h"

enum {
    TAIL_ROWS = 16384,
    PUT_AT_ONCE = 64,    /* rows per write lock: a search waits that long */
    SEGMENTS_MAX = 4096, /* far beyond what merging leaves */
    MERGE_WIDTH = 4,     /* segments of one size that become one of the next */
    MERGE_MAX = 16
};

struct index {
    struct index_options options;
    char *folder;
    pthread_mutex_t change, merging;
    pthread_rwlock_t lock;
    struct segment *segments[SEGMENTS_MAX];
    size_t n;
    struct tail *tail;
    int64_t seq;
    uint64_t next_id;
    uint64_t merges;
    struct segment *retired[SEGMENTS_MAX]; /* unmapped, but named by the manifest on disk */
    size_t retired_count;
    /* The merging thread. */
    pthread_t thread;
    pthread_mutex_t wake;
    pthread_cond_t woken;
    bool has_thread, work;
    atomic_bool stopping;
    atomic_bool is_damaged;
};

static void lock(pthread_mutex_t *mutex) {
    ASSERT(pthread_mutex_lock(mutex) == 0);
}

static void unlock(pthread_mutex_t *mutex) {
    ASSERT(pthread_mutex_unlock(mutex) == 0);
}

static void lock_readers_out(struct index *index) {
    ASSERT(pthread_rwlock_wrlock(&index->lock) == 0);
}

static void let_readers_in(struct index *index) {
    ASSERT(pthread_rwlock_unlock(&index->lock) == 0);
}

/* --- searching --- */

/* Holds the read lock until sources_done. */
static struct sources sources_of(struct index *index, struct arena *arena) {
    ASSERT(pthread_rwlock_rdlock(&index->lock) == 0);
    const struct source **all = ARENA_ARRAY(arena, index->n + 1, const struct source *);
    for (size_t i = 0; i < index->n; i++)
        all[i] = &index->segments[i]->source;
    all[index->n] = tail_source(index->tail);
    return (struct sources){ all, index->n + 1 };
}

static void sources_done(struct index *index) {
    ASSERT(pthread_rwlock_unlock(&index->lock) == 0);
}

static enum rc searched(struct index *index, enum rc rc) {
    sources_done(index);
    if (rc == E_INVALID)
        atomic_store(&index->is_damaged, true);
    return rc;
}

bool index_is_damaged(const struct index *index) {
    return atomic_load(&index->is_damaged);
}

enum rc index_search(struct index *index, struct arena *arena, const struct index_query *query,
                     struct index_hits *ret_hits) {
    return searched(index, pages_search(arena, sources_of(index, arena), query, ret_hits));
}

enum rc index_docs(struct index *index, struct arena *arena, const struct index_query *query,
                   struct doc_set *ret_docs) {
    return searched(index, pages_docs(arena, sources_of(index, arena), query, ret_docs));
}

enum rc index_count_by(struct index *index, struct arena *arena, const struct index_query *query,
                       struct strs tokens, int64_t *ret_counts) {
    return searched(index, pages_count_by(sources_of(index, arena), query, tokens, ret_counts));
}

void index_stats(struct index *index, struct index_stats *ret_stats) {
    ASSERT(pthread_rwlock_rdlock(&index->lock) == 0);
    struct index_stats stats = { .segments = (int64_t) index->n,
                                 .tail_rows = tail_rows(index->tail),
                                 .merges = (int64_t) index->merges,
                                 .seq = index->seq };
    stats.rows = stats.tail_rows;
    for (size_t i = 0; i < index->n; i++) {
        const struct segment *s = index->segments[i];
        stats.rows += s->source.rows - s->dead_rows;
        stats.dead_rows += s->dead_rows;
        stats.bytes += (int64_t) s->bytes;
    }
    *ret_stats = stats;
    sources_done(index);
}

/* --- files --- */

/* With `change` held: the state as it is becomes what the folder says. The tail is not
 * part of it, so `seq` is only what every row of it came after. */
static enum rc write_manifest(struct ctx *ctx, struct index *index, int64_t seq) {
    struct manifest manifest = { seq, index->next_id, index->segments, index->n };
    enum rc rc = manifest_write(ctx, &index->options, &manifest);
    for (size_t i = 0; i < index->retired_count && rc == OK; i++) {
        struct segment *s = index->retired[i];
        (void) unlink(segment_path(ctx->arena, index->folder, s->id).p); /* else index_open does */
        segment_close(&s);
    }
    if (rc == OK)
        index->retired_count = 0;
    return rc;
}

static void wake_merger(struct index *index) {
    lock(&index->wake);
    index->work = true;
    ASSERT(pthread_cond_signal(&index->woken) == 0);
    unlock(&index->wake);
}

/* The inputs as an open segment; NULL when none of their rows is alive. */
static enum rc merged(struct ctx *ctx, const struct merge_order *order,
                      struct segment **ret_segment) {
    enum rc rc = merge_sources(ctx, order);
    *ret_segment = NULL;
    if (rc == OK)
        rc = segment_open(ctx, order->folder, order->id, ret_segment);
    else if (rc == E_NOT_FOUND)
        return OK;
    return rc == E_NOT_FOUND ? E_IO : rc;
}

/* With `change` held: the tail becomes a segment. */
static enum rc seal(struct ctx *ctx, struct index *index) {
    const struct source *source = tail_source(index->tail);
    if (source->rows == 0)
        return OK;
    if (index->n == SEGMENTS_MAX)
        return fail(ctx, E_LIMIT, "%s: merging does not keep up", index->folder);
    tail_freeze(index->tail);
    struct merge_input input = { source, source->dead, NULL };
    struct merge_order order = { index->folder, index->next_id, &input, 1, NULL };
    struct segment *segment;
    enum rc rc = merged(ctx, &order, &segment);
    mem_free(input.map);
    if (rc != OK)
        return rc;
    struct tail *old = index->tail;
    lock_readers_out(index);
    index->tail = tail_new(index->options.kind, index->options.tail_rows);
    if (segment)
        index->segments[index->n++] = segment;
    index->next_id++;
    let_readers_in(index);
    tail_free(&old);
    wake_merger(index);
    return OK;
}

enum rc index_checkpoint(struct ctx *ctx, struct index *index, int64_t seq) {
    lock(&index->change);
    enum rc rc = seal(ctx, index);
    if (rc == OK)
        rc = write_manifest(ctx, index, seq);
    if (rc == OK) {
        lock_readers_out(index);
        index->seq = seq;
        let_readers_in(index);
    }
    unlock(&index->change);
    return rc;
}

/* --- changing --- */

static enum rc check_rows(struct ctx *ctx, const struct index_row *rows, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (!index_row_is_valid(&rows[i]))
            return fail(ctx, E_INVALID, "the index takes no doc %lld with rank %lld",
                        (long long) rows[i].doc, (long long) rows[i].rank);
    return OK;
}

/* Where a document is in the segments; row UINT32_MAX when it is in none. */
struct place {
    struct segment *segment;
    uint32_t row;
};

/* New versions are in new segments. */
static struct place find_doc(const struct index *index, int64_t doc) {
    for (size_t i = index->n; i--;) {
        uint32_t row = segment_row(index->segments[i], doc);
        if (row != UINT32_MAX && !source_is_dead(&index->segments[i]->source, row))
            return (struct place){ index->segments[i], row };
    }
    return (struct place){ NULL, UINT32_MAX };
}

static void kill_place(struct place place) {
    if (place.row != UINT32_MAX)
        (void) segment_kill(place.segment, place.row); /* false: twice in one batch */
}

/* With `change` held: as many of the rows as fit, at least one. */
static size_t put_some(struct index *index, const struct index_row *rows, size_t n) {
    struct place places[PUT_AT_ONCE];
    n = n < PUT_AT_ONCE ? n : PUT_AT_ONCE;
    for (size_t i = 0; i < n; i++)
        places[i] = find_doc(index, rows[i].doc);
    size_t done = 0;
    lock_readers_out(index);
    for (; done < n && !tail_is_full(index->tail); done++) {
        kill_place(places[done]);
        tail_put(index->tail, &rows[done]);
    }
    let_readers_in(index);
    return done;
}

enum rc index_put(struct ctx *ctx, struct index *index, const struct index_row *rows, size_t n) {
    enum rc rc = check_rows(ctx, rows, n);
    if (rc != OK)
        return rc;
    lock(&index->change);
    for (size_t done = 0; done < n && rc == OK;) {
        if (tail_is_full(index->tail))
            rc = seal(ctx, index);
        if (rc == OK)
            done += put_some(index, rows + done, n - done);
    }
    unlock(&index->change);
    return rc;
}

static void remove_some(struct index *index, const int64_t *docs, size_t n) {
    struct place places[PUT_AT_ONCE];
    for (size_t i = 0; i < n; i++)
        places[i] = find_doc(index, docs[i]);
    lock_readers_out(index);
    for (size_t i = 0; i < n; i++) {
        kill_place(places[i]);
        (void) tail_remove(index->tail, docs[i]); /* false: not there */
    }
    let_readers_in(index);
}

void index_remove(struct index *index, const int64_t *docs, size_t n) {
    lock(&index->change);
    for (size_t done = 0, some; done < n; done += some) {
        some = n - done < PUT_AT_ONCE ? n - done : PUT_AT_ONCE;
        remove_some(index, docs + done, some);
    }
    unlock(&index->change);
}

/* --- merging --- */

/* Which segments become one; what was dead in them when it began. */
struct merging {
    struct segment *segments[MERGE_MAX];
    struct merge_input inputs[MERGE_MAX];
    size_t n;
    uint64_t id;
};

static uint32_t live_rows(const struct segment *s) {
    return s->source.rows - s->dead_rows;
}

/* Sizes that differ by less than MERGE_WIDTH times are one class. */
static uint32_t size_class(const struct segment *s) {
    uint32_t class = 0;
    for (uint32_t rows = live_rows(s) / 4096; rows; rows /= MERGE_WIDTH)
        class++;
    return class;
}

static bool is_mostly_dead(const struct segment *s) {
    return (uint64_t) s->dead_rows * 10 > (uint64_t) s->source.rows * 4;
}

static void add_input(struct merging *m, struct segment *s) {
    m->inputs[m->n].source = &s->source;
    m->segments[m->n++] = s;
}

/* The smallest class that is full, or a segment that is worth writing anew. */
static void choose(const struct index *index, struct merging *m) {
    enum { CLASSES = 32 };
    uint32_t counts[CLASSES] = { 0 }, class = 0;
    for (size_t i = 0; i < index->n; i++)
        counts[size_class(index->segments[i])]++;
    while (class < CLASSES && counts[class] < MERGE_WIDTH)
        class++;
    for (size_t i = 0; i < index->n && m->n < MERGE_MAX; i++)
        if (size_class(index->segments[i]) == class)
            add_input(m, index->segments[i]);
    for (size_t i = 0; i < index->n && m->n == 0; i++)
        if (is_mostly_dead(index->segments[i]))
            add_input(m, index->segments[i]);
}

static void copy_dead(struct merging *m) {
    for (size_t i = 0; i < m->n; i++) {
        const struct segment *s = m->segments[i];
        uint64_t **copy = mem_array(s->source.chunks, sizeof *copy);
        for (uint32_t chunk = 0; chunk < s->source.chunks; chunk++) {
            if (!s->dead[chunk])
                continue;
            copy[chunk] = mem_array(CHUNK_WORDS, sizeof **copy);
            memcpy(copy[chunk], s->dead[chunk], CHUNK_WORDS * sizeof **copy);
        }
        m->inputs[i].dead = copy;
    }
}

static void free_inputs(struct merging *m) {
    for (size_t i = 0; i < m->n; i++) {
        for (uint32_t chunk = 0; chunk < m->inputs[i].source->chunks; chunk++)
            mem_free(m->inputs[i].dead[chunk]);
        mem_free((void *) (uintptr_t) m->inputs[i].dead);
        mem_free(m->inputs[i].map);
    }
}

/* What died in an input while it was merged dies in the result. */
static void kill_late(const struct merge_input *input, struct segment *result) {
    for (uint32_t row = 0; row < input->source->rows; row++) {
        const uint64_t *before = input->dead[row / CHUNK_ROWS];
        bool was_dead = before && words_have(before, row % CHUNK_ROWS);
        if (!was_dead && source_is_dead(input->source, row))
            (void) segment_kill(result, input->map[row]); /* true: it was alive */
    }
}

static bool is_input(const struct merging *m, const struct segment *s) {
    bool found = false;
    for (size_t i = 0; i < m->n; i++)
        found |= m->segments[i] == s;
    return found;
}

/* With `change` held. The result is put where the first input was, which does not matter:
 * a document is alive in one segment only. */
static void swap_segments(struct index *index, const struct merging *m, struct segment *result) {
    size_t kept = 0;
    lock_readers_out(index);
    for (size_t i = 0; i < index->n; i++)
        if (!is_input(m, index->segments[i]))
            index->segments[kept++] = index->segments[i];
    if (result)
        index->segments[kept++] = result;
    index->n = kept;
    index->merges++;
    let_readers_in(index);
    for (size_t i = 0; i < m->n; i++)
        index->retired[index->retired_count++] = m->segments[i];
}

static enum rc finish_merge(struct ctx *ctx, struct index *index, struct merging *m,
                            struct segment *result) {
    lock(&index->change);
    for (size_t i = 0; i < m->n && result; i++)
        kill_late(&m->inputs[i], result);
    free_inputs(m); /* before the segments that they look at may be closed */
    swap_segments(index, m, result);
    enum rc rc = write_manifest(ctx, index, index->seq);
    unlock(&index->change);
    return rc;
}

/* E_NOT_FOUND when there is nothing to merge. */
static enum rc merge_once(struct ctx *ctx, struct index *index) {
    struct merging m = { 0 };
    lock(&index->change);
    choose(index, &m);
    copy_dead(&m);
    bool has_room = index->retired_count + m.n <= SEGMENTS_MAX;
    m.id = m.n ? index->next_id++ : 0;
    unlock(&index->change);
    if (m.n == 0 || !has_room) {
        free_inputs(&m);
        return E_NOT_FOUND;
    }
    struct merge_order order = { index->folder, m.id, m.inputs, m.n, &index->stopping };
    struct segment *result;
    enum rc rc = merged(ctx, &order, &result);
    if (rc == OK)
        return finish_merge(ctx, index, &m, result);
    free_inputs(&m);
    return rc;
}

enum rc index_merge(struct ctx *ctx, struct index *index) {
    enum rc rc = OK;
    lock(&index->merging);
    while (rc == OK)
        rc = merge_once(ctx, index);
    unlock(&index->merging);
    return rc == E_NOT_FOUND ? OK : rc;
}

static bool wait_for_work(struct index *index) {
    lock(&index->wake);
    while (!index->work && !atomic_load(&index->stopping))
        ASSERT(pthread_cond_wait(&index->woken, &index->wake) == 0);
    index->work = false;
    unlock(&index->wake);
    return !atomic_load(&index->stopping);
}

/* What fails is tried again after the next seal. */
static void *run_merger(void *arg) {
    struct index *index = arg;
    struct ctx ctx = { .arena = arena_new(), .clock = &clock_system };
    while (wait_for_work(index)) {
        enum rc rc = index_merge(&ctx, index);
        if (rc != OK && rc != E_CANCELED)
            log_warn(&ctx, "search index not merged, retrying", LOG_S("reason", ctx.err.text));
        ctx_clear_error(&ctx);
        arena_reset(ctx.arena);
    }
    arena_free(&ctx.arena);
    return NULL;
}

/* --- life --- */

/* Writers first: else searches that overlap would keep them out for ever. */
static void init_locks(struct index *index) {
    pthread_rwlockattr_t attributes;
    ASSERT(pthread_rwlockattr_init(&attributes) == 0);
    ASSERT(pthread_rwlockattr_setkind_np(&attributes, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP)
           == 0);
    ASSERT(pthread_rwlock_init(&index->lock, &attributes) == 0);
    (void) pthread_rwlockattr_destroy(&attributes);
    ASSERT(pthread_mutex_init(&index->change, NULL) == 0);
    ASSERT(pthread_mutex_init(&index->merging, NULL) == 0);
    ASSERT(pthread_mutex_init(&index->wake, NULL) == 0);
    ASSERT(pthread_cond_init(&index->woken, NULL) == 0);
}

static struct index *index_new(const struct index_options *options,
                               const struct manifest *manifest) {
    struct index *index = MEM_NEW(struct index);
    index->options = *options;
    index->folder = mem_strdup(options->folder);
    index->options.folder = index->folder;
    if (index->options.tail_rows == 0)
        index->options.tail_rows = TAIL_ROWS;
    init_locks(index);
    for (; index->n < manifest->n; index->n++)
        index->segments[index->n] = manifest->segments[index->n];
    index->seq = manifest->seq;
    index->next_id = manifest->next_id;
    index->tail = tail_new(options->kind, index->options.tail_rows);
    return index;
}

enum rc index_open(struct ctx *ctx, const struct index_options *options,
                   struct index **ret_index) {
    struct manifest manifest;
    enum rc rc = manifest_read(ctx, options, &manifest);
    if (rc != OK)
        return rc;
    if (manifest.n > SEGMENTS_MAX)
        rc = fail(ctx, E_INVALID, "%s has %zu segments", options->folder, manifest.n);
    if (rc == OK)
        rc = manifest_clean(ctx, options->folder, &manifest);
    for (size_t i = 0; i < manifest.n && rc != OK; i++)
        segment_close(&manifest.segments[i]);
    if (rc != OK)
        return rc;
    struct index *index = index_new(options, &manifest);
    index->work = true; /* a merge may have been interrupted */
    if (options->merges_itself) {
        ASSERT(pthread_create(&index->thread, NULL, run_merger, index) == 0);
        index->has_thread = true;
    }
    *ret_index = index;
    return OK;
}

static void stop_merger(struct index *index) {
    atomic_store(&index->stopping, true);
    wake_merger(index);
    if (index->has_thread)
        ASSERT(pthread_join(index->thread, NULL) == 0);
}

/* Without its manifest the folder is nothing. Should this fail, or a crash come first, the
 * damage is found again. */
static void forget_folder(const struct index *index) {
    struct ctx ctx = { .arena = arena_new(), .clock = &clock_system };
    if (manifest_clean(&ctx, index->folder, NULL) != OK)
        log_warn(&ctx, "damaged search index not removed", LOG_S("reason", ctx.err.text));
    arena_free(&ctx.arena);
}

void index_close(struct index **index) {
    struct index *i = *index;
    if (!i)
        return;
    stop_merger(i);
    if (index_is_damaged(i))
        forget_folder(i);
    for (size_t s = 0; s < i->n; s++)
        segment_close(&i->segments[s]);
    for (size_t s = 0; s < i->retired_count; s++)
        segment_close(&i->retired[s]);
    tail_free(&i->tail);
    (void) pthread_rwlock_destroy(&i->lock);
    (void) pthread_mutex_destroy(&i->change);
    (void) pthread_mutex_destroy(&i->merging);
    (void) pthread_mutex_destroy(&i->wake);
    (void) pthread_cond_destroy(&i->woken);
    mem_free(i->folder);
    mem_free(i);
    *index = NULL;
}
