/* Inside of the search index: what its files share. Nobody else includes this.
 *
 * index.c searches, opens and closes; index_write.c takes rows; index_files.c makes files of
 * them, merges files and keeps the manifest, most of it on two threads of its own.
 *
 * What searches see is segments (files), tails that were set aside (full; a file is being
 * made of them) and the tail that takes rows. Of that one there are two: rows go into the one
 * that nobody sees, and once the two have changed places into the other one as well. So no
 * search waits for rows to be added. Locks, in the order in which they are taken:
 *   sealing, merging   one maker of files from tails, one of files from files
 *   files              one writer of the manifest
 *   change             whoever changes what searches see, or looks at it for changing it
 *   lock               written for the moments in which it changes (with `change` held, so
 *                      that holding `change` alone is enough to look), read by searches
 * No file is written while `change` or `lock` is held. */
#ifndef SEARCH_INDEX_OWN_H
#define SEARCH_INDEX_OWN_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/check.h"
#include "search/index.h"
#include "search/manifest.h"
#include "search/segment.h"
#include "search/tail.h"

enum {
    SEGMENTS_MAX = MANIFEST_SEGMENTS_MAX, /* far beyond what merging leaves */
    RETIRED_MAX = 4 * SEGMENTS_MAX,
    ASIDE_MAX = 8, /* tails; with the next full one writing waits for a file */
};

/* A row of a segment or of a tail; `row` UINT32_MAX: none. */
struct place {
    struct segment *segment;
    struct tail *tail;
    uint32_t row;
};

/* Changes that nobody sees yet, or that only one of the two tails has. */
struct staged {
    struct place *rows; /* in tails, hidden */
    size_t n, room;
    struct list again; /* of struct index_row: those of them in `next`, for the other tail */
    struct arena *texts; /* of these */
    int64_t *removed; /* docs */
    size_t removed_n, removed_room;
    struct place *replaced; /* found by index_prepare; not in `next` */
    size_t replaced_n;
};

struct worker {
    pthread_t thread;
    bool is_running;
    pthread_mutex_t mutex;
    pthread_cond_t woken;
    bool has_work;
};

struct index {
    struct index_options options;
    char *folder;
    pthread_mutex_t sealing, merging, files, change;
    pthread_rwlock_t lock;
    struct segment *segments[SEGMENTS_MAX];
    size_t n;
    struct tail *aside[ASIDE_MAX]; /* oldest first */
    size_t aside_n, aside_hidden;  /* the last of them have staged rows: no file of them yet */
    uint64_t aside_first;          /* tails are numbered as they are set aside */
    struct tail *tail; /* the one that searches see */
    struct tail *next; /* has the same rows; the writer's own, until it takes the place of `tail` */
    struct staged staged;
    int64_t seq;
    struct {
        int64_t seq;
        uint64_t tails; /* once those before this one are in files */
    } wanted;           /* of the next checkpoint */
    uint64_t next_id;
    uint64_t merges;
    struct segment *retired[RETIRED_MAX]; /* not searched, but named by the manifest on disk */
    size_t retired_count;
    struct worker sealer, merger;
    atomic_bool stopping, is_damaged;
};

static inline void index_lock(pthread_mutex_t *mutex) {
    ASSERT(pthread_mutex_lock(mutex) == 0);
}

static inline void index_unlock(pthread_mutex_t *mutex) {
    ASSERT(pthread_mutex_unlock(mutex) == 0);
}

static inline void lock_readers_out(struct index *index) {
    ASSERT(pthread_rwlock_wrlock(&index->lock) == 0);
}

static inline void let_readers_in(struct index *index) {
    ASSERT(pthread_rwlock_unlock(&index->lock) == 0);
}

/* With `change` held, room and rows: the tail takes no rows any more. Wakes the sealer. */
void index_set_aside(struct index *index);
/* Makes one file of all tails that are set aside, but those with staged rows; where merging
 * is behind, with some of the small segments. */
MUST_USE enum rc index_seal(struct ctx *ctx, struct index *index);
/* The two threads; without them index_seal, index_checkpoint and index_merge do the work. */
void index_workers_start(struct index *index);
void index_workers_stop(struct index *index);

#endif
