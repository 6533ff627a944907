/* Follows the database with the search indexes (search/replica.h): one thread per process
 * that serves. It opens the indexes or builds them, reads the feed of changes, keeps the
 * position, and builds anew when something is wrong with them. Meanwhile, and while the
 * database does not tell what changed, the database answers.
 *
 * A search sees everything that was committed before it began, whoever committed it: it
 * asks the feed, and when there is something new it wakes the thread and waits for it. Only
 * when more than 5,000 rows change in a second, or 500 in each of three, what other processes
 * commit may be missing for up to a second.
 *
 * Life cycle: follower_start once the database is open, in services before other threads
 * start; follower_stop when they have ended. All functions from any thread. */
#ifndef SEARCH_FOLLOW_H
#define SEARCH_FOLLOW_H

#include "base/ctx.h"
#include "db/db.h"
#include "search/plan.h"
#include "search/search.h"

struct follower;

/* `folder` is where the indexes are kept; made when missing. Processes that share it use
 * folders of their own inside. E_IO when it cannot be made. */
MUST_USE enum rc follower_start(struct ctx *ctx, struct db *db, const char *folder,
                                struct follower **ret_follower);
/* Keeps the position, ends the thread, closes. Nulls *follower; accepts NULL. */
void follower_stop(struct follower **follower);

/* Deletes the indexes in `folder`, where one may be missing, that no process has open. The
 * others are made anew by their processes when the history has another origin
 * (changes_new_origin). */
MUST_USE enum rc follower_discard(struct ctx *ctx, const char *folder);

/* Answers the plan: total, docs, counts and shown; the other members of *ret_hits are left alone.
 * E_UNSUPPORTED, without a message: not now, ask the database. */
MUST_USE enum rc follower_search(struct ctx *ctx, struct follower *follower,
                                 const struct plan *plan, struct hits *ret_hits);

struct follower_stats {
    bool is_ready;
    int64_t rows[2], segments[2], tail_rows[2], dead_rows[2], bytes[2]; /* people, companies */
    int64_t builds;          /* since the start */
    int64_t from_index, from_database; /* searches */
    int64_t behind_ms;       /* since it last was where the database is; -1: never */
    int64_t position;        /* in the feed */
};
void follower_stats(struct follower *follower, struct follower_stats *ret_stats);

#endif
