/* The search indexes of people and of companies beside the database that they are made
 * from, and how far they have followed it. Knows no threads: search/follow.h has the one
 * that calls this and lets others search meanwhile. */
#ifndef SEARCH_REPLICA_H
#define SEARCH_REPLICA_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/ctx.h"
#include "search/index.h"
#include "search/plan.h"
#include "search/search.h"
#include "store/changes.h"

struct loader;
struct shown_cache;

struct replica {
    struct index *people, *companies;
    pthread_rwlock_t *lock; /* read for all of a search; written for the step in which it sees
                               something new, which takes microseconds to milliseconds */
    bool is_whole;          /* false while more is being taken over than is kept from view */
    const atomic_bool *stop;
    struct loader *loader;
    struct str origin;               /* of the database when it was opened */
    struct change_position position; /* up to here the indexes are the database */
    char *snapshot;                  /* owns position.snapshot */
    int64_t uncheckpointed;          /* rows that would be read again after a crash */
    struct shown_cache *shown;       /* somebody else's, told of what changed; or NULL */
};

/* `folder` holds the two folders of the indexes and is there. OK, or why a replica must be
 * built: E_NOT_FOUND, E_CONFLICT (another database or version), E_INVALID (damaged); or
 * another failure, which building does not mend. Long work gives up when `*stop`, which
 * lives as long as the replica. */
MUST_USE enum rc replica_open(struct ctx *ctx, const char *folder, const atomic_bool *stop,
                              struct replica *ret_replica);
/* Builds both folders anew from the database; then open. E_CANCELED when `*stop`. */
MUST_USE enum rc replica_build(struct ctx *ctx, const char *folder, const atomic_bool *stop);
void replica_close(struct replica *replica);

/* How one of the two indexes would be opened. */
MUST_USE enum rc replica_options(struct ctx *ctx, const char *folder, enum index_kind kind,
                                 struct index_options *ret_options);

/* Deletes what is in both folders, which nobody has open. */
MUST_USE enum rc replica_discard(struct ctx *ctx, const char *folder);

/* Reads what the database committed since, as it was at one moment, and shows all of it to
 * searches at once; more than some 100,000 rows are taken over in parts, and no search is
 * answered meanwhile. *ret_changed: how many rows were read again. Otherwise nothing is shown,
 * and:
 *   E_NOT_FOUND, without a message: this is not the history that the replica knows, or too
 *     much happened. E_INVALID: a file is damaged. Close it and build.
 *   E_CANCELED: `stop`.
 *   others, as of a database that does not answer: call again later. */
MUST_USE enum rc replica_catch_up(struct ctx *ctx, struct replica *replica, int64_t *ret_changed);

/* Keeps the position over a restart. */
MUST_USE enum rc replica_checkpoint(struct ctx *ctx, struct replica *replica);
/* The same by threads of the indexes, later; uncheckpointed is 0 when they took it on. */
void replica_checkpoint_soon(struct replica *replica);

/* Total, page and facets of the plan. From any thread that keeps the replica open meanwhile.
 * Without a message, E_LIMIT and E_INVALID as index_search, E_UNSUPPORTED while it is not
 * whole: ask the database. */
MUST_USE enum rc replica_search(const struct replica *replica, struct arena *arena,
                                const struct plan *plan, struct hits *ret_hits);

#endif
