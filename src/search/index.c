/* What searches see of an index, and its opening and closing. The locks and who else is
 * there: search/index_own.h. */
#include "search/index_own.h"

#include "base/bell.h"
#include "base/mem.h"
#include "search/pages.h"

enum { TAIL_ROWS = 16384 };

/* --- searching --- */

/* Holds the read lock until sources_done. */
static struct sources sources_of(struct index *index, struct arena *arena) {
    ASSERT(pthread_rwlock_rdlock(&index->lock) == 0);
    size_t n = 0;
    const struct source **all
        = ARENA_ARRAY(arena, index->n + index->aside_n + 1, const struct source *);
    for (size_t i = 0; i < index->n; i++)
        all[n++] = &index->segments[i]->source;
    for (size_t i = 0; i < index->aside_n; i++)
        all[n++] = tail_source(index->aside[i]);
    all[n++] = tail_source(index->tail);
    return (struct sources){ all, n };
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
    for (size_t i = 0; i < index->aside_n; i++)
        stats.tail_rows += tail_rows(index->aside[i]);
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

/* --- life --- */

enum { MUTEXES = 6 };
static void mutexes_of(struct index *index, pthread_mutex_t *mutexes[MUTEXES]) {
    mutexes[0] = &index->sealing;
    mutexes[1] = &index->merging;
    mutexes[2] = &index->files;
    mutexes[3] = &index->change;
    mutexes[4] = &index->sealer.mutex;
    mutexes[5] = &index->merger.mutex;
}

/* Writers first: else searches that overlap would keep them out for ever. */
static void init_locks(struct index *index) {
    pthread_rwlockattr_t attributes;
    ASSERT(pthread_rwlockattr_init(&attributes) == 0);
    ASSERT(pthread_rwlockattr_setkind_np(&attributes, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP)
           == 0);
    ASSERT(pthread_rwlock_init(&index->lock, &attributes) == 0);
    (void) pthread_rwlockattr_destroy(&attributes);
    pthread_mutex_t *mutexes[MUTEXES];
    mutexes_of(index, mutexes);
    for (size_t i = 0; i < MUTEXES; i++)
        ASSERT(pthread_mutex_init(mutexes[i], NULL) == 0);
    cond_init(&index->sealer.woken);
    cond_init(&index->merger.woken);
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
    index->next = tail_new(options->kind, index->options.tail_rows);
    index->staged.texts = arena_new();
    return index;
}

enum rc index_open(struct ctx *ctx, const struct index_options *options,
                   struct index **ret_index) {
    struct manifest manifest;
    enum rc rc = manifest_read(ctx, options, &manifest);
    if (rc != OK)
        return rc;
    rc = manifest_clean(ctx, options->folder, &manifest);
    for (size_t i = 0; i < manifest.n && rc != OK; i++)
        segment_close(&manifest.segments[i]);
    if (rc != OK)
        return rc;
    struct index *index = index_new(options, &manifest);
    if (options->merges_itself)
        index_workers_start(index);
    *ret_index = index;
    return OK;
}

static void done_locks(struct index *index) {
    pthread_mutex_t *mutexes[MUTEXES];
    mutexes_of(index, mutexes);
    for (size_t i = 0; i < MUTEXES; i++)
        (void) pthread_mutex_destroy(mutexes[i]); /* fails only for one in use */
    (void) pthread_cond_destroy(&index->sealer.woken);
    (void) pthread_cond_destroy(&index->merger.woken);
    (void) pthread_rwlock_destroy(&index->lock);
}

void index_close(struct index **index) {
    struct index *i = *index;
    if (!i)
        return;
    index_workers_stop(i);
    if (index_is_damaged(i)) /* else, or after a crash, the damage is found again */
        manifest_forget(i->folder);
    index_unstage(i);
    for (size_t s = 0; s < i->n; s++)
        segment_close(&i->segments[s]);
    for (size_t s = 0; s < i->retired_count; s++)
        segment_close(&i->retired[s]);
    for (size_t t = 0; t < i->aside_n; t++)
        tail_free(&i->aside[t]);
    tail_free(&i->tail);
    tail_free(&i->next);
    arena_free(&i->staged.texts);
    done_locks(i);
    mem_free(i->folder);
    mem_free(i);
    *index = NULL;
}
