/* Tails become files, files of one size become one of the next, and the manifest says what
 * there is. All of it works on what was dead when it began, outside of the locks; what died
 * meanwhile is found at the end by comparing, and marked in the new file before anyone sees
 * it. Tails and files each have a thread, so that a merge of large files, which takes long,
 * does not keep rows from the disk. */
#include "search/index_own.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/bell.h"
#include "base/log.h"
#include "base/mem.h"
#include "search/manifest.h"
#include "search/merge.h"
#include "search/segment_check.h"

enum {
    MERGE_WIDTH = 4, /* segments of one size that become one of the next */
    INPUTS_MAX = 16,
    BEHIND = 8,      /* so many small segments wait while the merger is busy with others */
    CLASSES = 32,
    MEMORY_SHARE = 4, /* files that take less of the memory than one in so many are read whole */
    PAUSE_MIN_MS = 1000, /* after a failure, doubles each time */
    PAUSE_MAX_MS = 60000
};
_Static_assert((int) ASIDE_MAX <= (int) INPUTS_MAX, "all tails at once");

/* --- workers --- */

static void wake(struct worker *worker) {
    index_lock(&worker->mutex);
    worker->has_work = true;
    ASSERT(pthread_cond_signal(&worker->woken) == 0);
    index_unlock(&worker->mutex);
}

/* --- inputs --- */

/* What becomes one file; what was dead in it when that began. */
struct inputs {
    struct tail *tails[INPUTS_MAX];
    struct segment *segments[INPUTS_MAX];
    struct merge_input p[INPUTS_MAX];
    size_t n;
    uint64_t bytes; /* of the segments */
    uint64_t id;    /* of the file */
};

static uint64_t **copy_dead(const struct source *s) {
    uint64_t **copy = mem_array((size_t) s->chunks + 1, sizeof *copy);
    for (uint32_t chunk = 0; chunk < s->chunks; chunk++) {
        if (s->dead_counts[chunk] == 0)
            continue;
        copy[chunk] = mem_array(CHUNK_WORDS, sizeof **copy);
        memcpy(copy[chunk], s->dead[chunk], CHUNK_WORDS * sizeof **copy);
    }
    return copy;
}

static void free_dead(uint64_t *const *copy, uint32_t chunks) {
    for (uint32_t chunk = 0; chunk < chunks; chunk++)
        mem_free(copy[chunk]);
    mem_free((void *) (uintptr_t) copy);
}

static void add_input(struct inputs *in, const struct source *source) {
    in->p[in->n++] = (struct merge_input){ source, copy_dead(source), NULL };
}

/* With `change` held. Nobody else takes the segment until free_inputs. Passed over when the
 * file would be too large. */
static void add_segment(struct inputs *in, struct segment *s) {
    if (s->is_taken || in->n == INPUTS_MAX || (in->n && in->bytes + s->bytes > MERGE_MAX_BYTES))
        return;
    s->is_taken = true;
    in->bytes += s->bytes;
    in->segments[in->n] = s;
    add_input(in, &s->source);
}

/* With `change` held, or after the segments were retired. */
static void free_inputs(struct inputs *in) {
    for (size_t i = 0; i < in->n; i++) {
        if (in->segments[i])
            in->segments[i]->is_taken = false;
        free_dead(in->p[i].dead, in->p[i].source->chunks);
        mem_free(in->p[i].map);
    }
}

/* The inputs as an open segment; NULL when none of their rows is alive. */
static enum rc make_segment(struct ctx *ctx, struct index *index, struct inputs *in,
                            const atomic_bool *stop, struct segment **ret_segment) {
    struct merge_order order = { index->folder, in->id, in->p, in->n, stop };
    enum rc rc = merge_sources(ctx, &order);
    *ret_segment = NULL;
    if (rc == E_NOT_FOUND)
        return OK;
    if (rc == E_INVALID)
        atomic_store(&index->is_damaged, true);
    if (rc != OK)
        return rc;
    rc = segment_open(ctx, index->folder, in->id, ret_segment);
    if (rc == OK) {
        segment_read_ahead(*ret_segment, true, stop); /* it was just written: no search waits */
        return OK;
    }
    (void) unlink(segment_path(ctx->arena, index->folder, in->id).p); /* else index_open does */
    return E_IO;
}

/* What died in one chunk of an input while it was merged dies in the result. */
static void kill_late(const struct merge_input *input, uint32_t chunk, struct segment *result) {
    const uint64_t *now = input->source->dead[chunk], *before = input->dead[chunk];
    uint32_t first = chunk * CHUNK_ROWS;
    for (uint32_t i = 0; i < CHUNK_WORDS; i++) {
        uint64_t late = now[i] & ~(before ? before[i] : 0);
        for (; late; late &= late - 1) {
            uint32_t row = first + i * 64 + (uint32_t) __builtin_ctzll(late);
            (void) segment_kill(result, input->map[row]); /* true: it was alive */
        }
    }
}

static void kill_all_late(const struct inputs *in, struct segment *result) {
    for (size_t i = 0; i < in->n && result; i++)
        for (uint32_t chunk = 0; chunk < in->p[i].source->chunks; chunk++)
            if (in->p[i].source->dead_counts[chunk])
                kill_late(&in->p[i], chunk, result);
}

/* --- the manifest --- */

/* The segments as they are now: what is dead in them changes while the manifest is written. */
struct picture {
    struct segment *copies, **p;
    size_t n;
};

static struct picture take_picture(const struct index *index) {
    struct picture picture = { mem_array(index->n + 1, sizeof *picture.copies),
                               mem_array(index->n + 1, sizeof *picture.p), index->n };
    for (size_t i = 0; i < index->n; i++) {
        const struct segment *s = index->segments[i];
        struct segment *copy = picture.p[i] = &picture.copies[i];
        *copy = *s;
        copy->dead = copy_dead(&s->source);
        copy->dead_counts = mem_array((size_t) s->source.chunks + 1, sizeof *copy->dead_counts);
        memcpy(copy->dead_counts, s->dead_counts, s->source.chunks * sizeof *copy->dead_counts);
    }
    return picture;
}

static void picture_done(struct picture *picture) {
    for (size_t i = 0; i < picture->n; i++) {
        free_dead(picture->p[i]->dead, picture->p[i]->source.chunks);
        mem_free(picture->p[i]->dead_counts);
    }
    mem_free(picture->copies);
    mem_free(picture->p);
}

/* Segments that were retired before the manifest was written are named by none any more. */
static void drop_retired(struct ctx *ctx, struct index *index, size_t n) {
    for (size_t i = 0; i < n; i++) {
        struct segment *s = index->retired[i];
        (void) unlink(segment_path(ctx->arena, index->folder, s->id).p); /* else index_open does */
        segment_close(&s);
    }
    index_lock(&index->change);
    memmove(index->retired, index->retired + n, (index->retired_count - n) * sizeof *index->retired);
    index->retired_count -= n;
    index_unlock(&index->change);
}

static void set_seq(struct index *index, int64_t seq) {
    index_lock(&index->change);
    lock_readers_out(index);
    index->seq = seq;
    let_readers_in(index);
    index_unlock(&index->change);
}

/* The state as it is becomes what the folder says. Tails are not part of it: their rows came
 * after `seq`, or the position wanted is not taken yet. */
static enum rc write_manifest(struct ctx *ctx, struct index *index) {
    index_lock(&index->files);
    index_lock(&index->change);
    bool is_due = index->wanted.seq > index->seq && index->aside_first >= index->wanted.tails;
    int64_t seq = is_due ? index->wanted.seq : index->seq;
    struct picture picture = take_picture(index);
    struct manifest manifest = { seq, index->next_id, picture.p, picture.n };
    size_t retired = index->retired_count;
    index_unlock(&index->change);
    enum rc rc = manifest_write(ctx, &index->options, &manifest);
    picture_done(&picture);
    if (rc == OK) {
        set_seq(index, seq);
        drop_retired(ctx, index, retired);
    }
    index_unlock(&index->files);
    return rc;
}

/* --- segments --- */

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

static bool is_input(const struct inputs *in, const struct segment *s) {
    bool found = false;
    for (size_t i = 0; i < in->n; i++)
        found |= in->segments[i] == s;
    return found;
}

/* With `change` held: the result is there instead of its inputs. Which are the first of the
 * tails that were set aside, and any segments: where the result is does not matter, because
 * a document is alive in one place only. */
static void swap_inputs(struct index *index, const struct inputs *in, struct segment *result) {
    size_t kept = 0, tails = 0;
    lock_readers_out(index);
    while (tails < in->n && in->tails[tails])
        tails++;
    index->aside_n -= tails;
    index->aside_first += tails;
    memmove(index->aside, index->aside + tails, index->aside_n * sizeof *index->aside);
    for (size_t i = 0; i < index->n; i++)
        if (!is_input(in, index->segments[i]))
            index->segments[kept++] = index->segments[i];
    if (result)
        index->segments[kept++] = result;
    index->n = kept;
    index->merges += in->n > tails;
    let_readers_in(index);
    for (size_t i = tails; i < in->n; i++)
        index->retired[index->retired_count++] = in->segments[i];
}

/* --- sealing --- */

void index_set_aside(struct index *index) {
    struct staged *s = &index->staged;
    struct tail *old = index->tail, *full = index->next;
    struct tail *tail = tail_new(index->options.kind, index->options.tail_rows);
    /* Those after one with staged rows have such rows, too. */
    index->aside_hidden += s->again.n > 0;
    s->again = (struct list){ 0 };
    arena_reset(s->texts);
    lock_readers_out(index);
    index->aside[index->aside_n++] = full;
    index->tail = tail;
    let_readers_in(index);
    index->next = tail_new(index->options.kind, index->options.tail_rows);
    tail_free(&old);
    wake(&index->sealer);
}

/* With `change` held. */
static void choose_tails(struct index *index, struct inputs *in) {
    for (size_t i = 0; i < index->aside_n - index->aside_hidden; i++) {
        in->tails[in->n] = index->aside[i];
        add_input(in, tail_source(index->aside[i]));
    }
    in->id = in->n ? index->next_id++ : 0;
}

static int compare_live(const void *a, const void *b) {
    uint32_t x = live_rows(*(struct segment *const *) a), y = live_rows(*(struct segment *const *) b);
    return (x > y) - (x < y);
}

/* With `change` held. While a long merge goes on nobody merges the small segments that come:
 * then they are written together with the tails; any of them when there are too many. */
static void choose_behind(struct index *index, struct inputs *in) {
    struct segment *idle[SEGMENTS_MAX] = { 0 };
    size_t n = 0, small = 0;
    for (size_t i = 0; i < index->n; i++) {
        if (index->segments[i]->is_taken)
            continue;
        idle[n++] = index->segments[i];
        small += live_rows(index->segments[i]) <= 2 * index->options.tail_rows;
    }
    qsort(idle, n, sizeof(struct segment *), compare_live);
    size_t wanted = index->n == SEGMENTS_MAX ? n : small >= BEHIND ? small : 0;
    for (size_t i = 0; i < wanted && index->retired_count + INPUTS_MAX <= RETIRED_MAX; i++)
        add_segment(in, idle[i]);
}

/* Makes the file and shows it instead of the inputs, which are let go of. */
static enum rc replace_inputs(struct ctx *ctx, struct index *index, struct inputs *in,
                              const atomic_bool *stop) {
    struct segment *result;
    enum rc rc = make_segment(ctx, index, in, stop, &result);
    index_lock(&index->change);
    if (rc == OK) {
        kill_all_late(in, result);
        swap_inputs(index, in, result);
    }
    free_inputs(in); /* before the segments that they look at may be closed */
    index_unlock(&index->change);
    return rc;
}

/* Tails alone take a moment, and who stops wants them on disk: that is not stopped. */
static enum rc seal_chosen(struct ctx *ctx, struct index *index, struct inputs *in) {
    size_t tails = 0;
    for (; tails < in->n && in->tails[tails]; tails++)
        tail_freeze(in->tails[tails]);
    enum rc rc = replace_inputs(ctx, index, in, in->n > tails ? index->options.stop : NULL);
    for (size_t i = 0; i < tails && rc == OK; i++)
        tail_free(&in->tails[i]); /* nobody sees them any more */
    return rc;
}

enum rc index_seal(struct ctx *ctx, struct index *index) {
    const atomic_bool *stop = index->options.stop;
    struct inputs in = { 0 };
    index_lock(&index->sealing);
    index_lock(&index->change);
    choose_tails(index, &in);
    size_t tails = in.n;
    if (tails && !(stop && atomic_load(stop)))
        choose_behind(index, &in);
    bool has_room = in.n > tails || index->n < SEGMENTS_MAX;
    index_unlock(&index->change);
    enum rc rc = has_room ? OK : fail(ctx, E_LIMIT, "%s: merging does not keep up", index->folder);
    if (tails && rc == OK)
        rc = seal_chosen(ctx, index, &in);
    index_unlock(&index->sealing);
    if (tails && rc == OK)
        wake(&index->merger);
    return rc;
}

/* --- checkpoints --- */

/* False when there is no room for the tail beside those that wait. */
static bool want(struct index *index, int64_t seq) {
    index_lock(&index->change);
    ASSERT(index->staged.n == 0);
    bool has_rows = tail_source(index->next)->rows > 0;
    bool has_room = !has_rows || index->aside_n < ASIDE_MAX;
    if (has_room && has_rows)
        index_set_aside(index);
    if (has_room) {
        index->wanted.seq = seq;
        index->wanted.tails = index->aside_first + index->aside_n;
    }
    index_unlock(&index->change);
    return has_room;
}

bool index_checkpoint_soon(struct index *index, int64_t seq) {
    bool taken = want(index, seq);
    wake(&index->sealer);
    return taken;
}

enum rc index_checkpoint(struct ctx *ctx, struct index *index, int64_t seq) {
    enum rc rc = OK;
    while (rc == OK && !want(index, seq))
        rc = index_seal(ctx, index);
    if (rc == OK)
        rc = index_seal(ctx, index);
    return rc == OK ? write_manifest(ctx, index) : rc;
}

static bool is_checkpoint_due(struct index *index) {
    index_lock(&index->change);
    bool is_due = index->wanted.seq > index->seq;
    index_unlock(&index->change);
    return is_due;
}

static enum rc seal_and_keep(struct ctx *ctx, struct index *index) {
    enum rc rc = index_seal(ctx, index);
    return rc == OK && is_checkpoint_due(index) ? write_manifest(ctx, index) : rc;
}

/* --- merging --- */

/* With `change` held. Gives back what was chosen. */
static void choose_none(struct inputs *in) {
    free_inputs(in);
    *in = (struct inputs){ 0 };
}

/* With `change` held: the smallest class that is full, or a segment that is worth writing
 * anew. */
static void choose_segments(struct index *index, struct inputs *in) {
    uint32_t counts[CLASSES] = { 0 };
    for (size_t i = 0; i < index->n; i++)
        counts[size_class(index->segments[i])] += !index->segments[i]->is_taken;
    for (uint32_t class = 0; class < CLASSES && in->n < 2; class++) {
        choose_none(in);
        for (size_t i = 0; i < index->n && counts[class] >= MERGE_WIDTH; i++)
            if (size_class(index->segments[i]) == class)
                add_segment(in, index->segments[i]);
    }
    if (in->n < 2)
        choose_none(in);
    for (size_t i = 0; i < index->n && in->n == 0; i++)
        if (is_mostly_dead(index->segments[i]))
            add_segment(in, index->segments[i]);
    in->id = in->n ? index->next_id++ : 0;
}

/* E_NOT_FOUND when there is nothing to merge. */
static enum rc merge_once(struct ctx *ctx, struct index *index) {
    struct inputs in = { 0 };
    index_lock(&index->change);
    if (index->retired_count + 2 * INPUTS_MAX <= RETIRED_MAX) /* and those of the sealer */
        choose_segments(index, &in);
    index_unlock(&index->change);
    if (in.n == 0)
        return E_NOT_FOUND;
    enum rc rc = replace_inputs(ctx, index, &in, &index->stopping);
    return rc == OK ? write_manifest(ctx, index) : rc;
}

enum rc index_merge(struct ctx *ctx, struct index *index) {
    enum rc rc = OK;
    index_lock(&index->merging);
    while (rc == OK)
        rc = merge_once(ctx, index);
    index_unlock(&index->merging);
    return rc == E_NOT_FOUND ? OK : rc;
}

/* --- the threads --- */

/* Until there is some, or, after a failure, until the pause is over. */
static bool wait_for_work(struct index *index, struct worker *worker, int64_t pause_ms) {
    int64_t until = monotonic_ms() + pause_ms;
    index_lock(&worker->mutex);
    while (pause_ms && !atomic_load(&index->stopping)
           && cond_wait_until(&worker->woken, &worker->mutex, until))
        ;
    while (!pause_ms && !worker->has_work && !atomic_load(&index->stopping))
        ASSERT(pthread_cond_wait(&worker->woken, &worker->mutex) == 0);
    worker->has_work = false;
    index_unlock(&worker->mutex);
    return !atomic_load(&index->stopping);
}

static int64_t pause_after(enum rc rc, int64_t pause_ms) {
    if (rc == OK || rc == E_CANCELED)
        return 0;
    pause_ms = pause_ms ? pause_ms * 2 : PAUSE_MIN_MS;
    return pause_ms < PAUSE_MAX_MS ? pause_ms : PAUSE_MAX_MS;
}

/* What fails is tried again. */
static void run(struct index *index, struct worker *worker,
                enum rc (*work)(struct ctx *ctx, struct index *index)) {
    struct ctx ctx = { .arena = arena_new(), .clock = &clock_system };
    for (int64_t pause_ms = 0; wait_for_work(index, worker, pause_ms);) {
        enum rc rc = work(&ctx, index);
        pause_ms = pause_after(rc, pause_ms);
        if (pause_ms)
            log_warn(&ctx, "search index not written, retrying", LOG_C("result", rc_name(rc)),
                     LOG_S("reason", ctx.err.text), LOG_I("pause_ms", pause_ms));
        ctx_clear_error(&ctx);
        arena_reset(ctx.arena);
    }
    arena_free(&ctx.arena);
}

static void *run_sealer(void *arg) {
    struct index *index = arg;
    run(index, &index->sealer, seal_and_keep);
    return NULL;
}

/* Whether memory has room for these files beside other things. */
static bool are_small(struct segment *const *segments, size_t n) {
    uint64_t bytes = 0, page = (uint64_t) sysconf(_SC_PAGESIZE);
    for (size_t i = 0; i < n; i++)
        bytes += segments[i]->bytes;
    return bytes < (uint64_t) sysconf(_SC_PHYS_PAGES) / MEMORY_SHARE * page;
}

/* What was there when the index was opened. Nobody merges it meanwhile. */
static void read_ahead(struct index *index) {
    struct segment *all[SEGMENTS_MAX];
    size_t n = 0;
    index_lock(&index->change);
    for (size_t i = 0; i < index->n; i++) {
        if (index->segments[i]->is_taken)
            continue;
        index->segments[i]->is_taken = true;
        all[n++] = index->segments[i];
    }
    index_unlock(&index->change);
    for (size_t i = 0; i < n; i++)
        segment_read_ahead(all[i], are_small(all, n), &index->stopping);
    index_lock(&index->change);
    for (size_t i = 0; i < n; i++) {
        all[i]->is_taken = false;
        if (source_is_damaged(&all[i]->source))
            atomic_store(&index->is_damaged, true);
    }
    index_unlock(&index->change);
}

static void *run_merger(void *arg) {
    struct index *index = arg;
    read_ahead(index);
    run(index, &index->merger, index_merge);
    return NULL;
}

void index_workers_start(struct index *index) {
    index->merger.has_work = true; /* a merge may have been interrupted */
    thread_start(&index->sealer.thread, run_sealer, index);
    thread_start(&index->merger.thread, run_merger, index);
    index->sealer.is_running = index->merger.is_running = true;
}

static void stop(struct worker *worker) {
    wake(worker);
    if (worker->is_running)
        ASSERT(pthread_join(worker->thread, NULL) == 0);
}

void index_workers_stop(struct index *index) {
    atomic_store(&index->stopping, true);
    stop(&index->sealer);
    stop(&index->merger);
}
