/* Looks at the search indexes of a data directory without changing or following them: for
 * `outrider doctor`. */
#ifndef SEARCH_INSPECT_H
#define SEARCH_INSPECT_H

#include "base/ctx.h"

enum index_state {
    INDEX_MISSING,
    INDEX_IN_ORDER,
    INDEX_OF_ANOTHER, /* database or version */
    INDEX_TOO_OLD,    /* what changed since is not in the feed any more */
    INDEX_DAMAGED,
};

struct index_inspection {
    enum index_state state;
    bool is_open;          /* a process has it */
    int64_t rows[2];       /* people, companies; these three when it is in order or too old */
    int64_t files, bytes;
    bool is_behind;        /* something changed since it was last written to disk */
    struct str reason;     /* in words, when it cannot be used */
};

/* Index number `i` (from 0) of `folder` (DATA_DIR/search); each process that serves has one.
 * E_NOT_FOUND, without a message, when there is none of that number; others when the
 * database does not answer or a file cannot be read. */
MUST_USE enum rc index_inspect(struct ctx *ctx, const char *folder, int i,
                               struct index_inspection *ret_inspection);

#endif
