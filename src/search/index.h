/* The search index over the people or over the companies of one database: derived, kept
 * in a folder, rebuilt when in doubt. It knows no SQL: who feeds it tells the rows.
 * A row is a document number that stays, a static rank and tags (search/tags.h). The order
 * of every search is tier DESC, rank DESC, doc ASC; totals are exact.
 *
 * Life cycle: index_open, or when that refuses the folder, search/index_build.h and then
 * index_open; index_close. What is put or removed is seen by the next search and is on
 * disk after index_checkpoint: a crash brings back the position of the last one, and
 * telling all changes after it again, in their order, gives the same index.
 *
 * Threads: searches, counts and statistics from any thread at any time; changes and
 * checkpoints from one thread at a time; open, builder and close while nobody else uses the
 * folder. A search waits for no row to be added, only for index_publish. */
#ifndef SEARCH_INDEX_H
#define SEARCH_INDEX_H

#include <stdatomic.h>

#include "base/ctx.h"
#include "search/doc_set.h"
#include "search/expr.h"
#include "search/index_row.h"

struct index;

struct index_options {
    const char *folder;   /* made when it is not there; everything in it is the index's */
    enum index_kind kind;
    uint64_t identity;    /* of the database and of its rules of tags */
    size_t tail_rows;     /* kept in memory before they become a file; 0: the default */
    bool merges_itself;   /* threads write and merge files; else who calls does */
    const atomic_bool *stop; /* once true, long work gives up with E_CANCELED; or NULL */
};

/* OK, or why the folder must be built anew: E_NOT_FOUND (nothing there), E_CONFLICT
 * (another version, kind or identity), E_INVALID (damaged). E_IO says nothing about it. */
MUST_USE enum rc index_open(struct ctx *ctx, const struct index_options *options,
                            struct index **ret_index);
/* Forgets what came after the last checkpoint. Accepts NULL. */
void index_close(struct index **index);

/* Changes come in steps. Staged ones are seen by nobody until index_publish, which
 * shows all of them at once and holds searches up for some microseconds and 0.1 more for
 * each row. In between, index_prepare finds what is to be replaced; after it nothing but
 * index_publish may follow, and then index_settle, for which no search waits, before anything
 * else. A doc is staged once; one that is both put and removed is put.
 * A limit of rows staged at once is somewhere above 100,000: E_LIMIT. */
MUST_USE enum rc index_stage(struct ctx *ctx, struct index *index, const struct index_row *rows,
                             size_t n);
/* Docs that are not there are passed over. */
void index_stage_removals(struct index *index, const int64_t *docs, size_t n);
/* Forgets what was staged, for beginning again after a failure. */
void index_unstage(struct index *index);
/* How many docs are staged. */
size_t index_staged(const struct index *index);
void index_prepare(struct index *index);
void index_publish(struct index *index);
void index_settle(struct index *index);

/* All steps for rows that are new or take the place of the row with their doc. */
MUST_USE enum rc index_put(struct ctx *ctx, struct index *index, const struct index_row *rows,
                           size_t n);
void index_remove(struct index *index, const int64_t *docs, size_t n);

/* Everything published so far is on disk, as position `seq` (never smaller than the last).
 * Costs a few fsyncs and a file, however little changed: call it every few seconds or
 * thousand rows. Not while something is staged. */
MUST_USE enum rc index_checkpoint(struct ctx *ctx, struct index *index, int64_t seq);
/* The same by the index's own thread, some time later; false: too much waits for the disk
 * already, ask again. A failure is logged; the next checkpoint tries again. */
bool index_checkpoint_soon(struct index *index, int64_t seq);
/* Merges files as long as too many are of one size. One thread at a time. */
MUST_USE enum rc index_merge(struct ctx *ctx, struct index *index);

enum { INDEX_TIERS_MAX = 3 };

struct index_range {
    enum index_value value;
    int64_t min, max; /* inclusive; INT64_MIN + 1 and INT64_MAX for open ends */
};

struct index_query {
    const struct expr *where; /* NULL: all rows */
    struct expr_tier tiers[INDEX_TIERS_MAX];
    size_t tier_count;
    const struct doc_set *companies;  /* people: only of these; NULL: of any or none */
    const struct index_range *ranges; /* companies: all must hold */
    size_t range_count;
    int64_t offset, limit;
};

struct index_hits {
    int64_t total;
    struct ints docs; /* the page, in order */
};
/* These three, without a message: E_LIMIT when the search would take more memory than one
 * search may (forty prefixes of all people at 50,000,000), E_INVALID when it came upon a
 * damaged part of a file; then the database is to be asked. */
MUST_USE enum rc index_search(struct index *index, struct arena *arena,
                              const struct index_query *query, struct index_hits *ret_hits);
/* All that match: the companies of a search for people. No tiers, no page. */
MUST_USE enum rc index_docs(struct index *index, struct arena *arena,
                            const struct index_query *query, struct doc_set *ret_docs);
/* How many of the rows that match have each of `tokens`; `ret_counts` has room for all. */
MUST_USE enum rc index_count_by(struct index *index, struct arena *arena,
                                const struct index_query *query, struct strs tokens,
                                int64_t *ret_counts);

/* Whether a search or a change came upon damage. Close it then: that makes index_open refuse
 * the folder. */
bool index_is_damaged(const struct index *index);

struct index_stats {
    int64_t rows, segments, tail_rows, dead_rows, bytes, merges;
    int64_t seq; /* of the last checkpoint, also from before the start */
};
void index_stats(struct index *index, struct index_stats *ret_stats);

#endif
