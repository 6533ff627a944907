/* The feed of changes: which people and companies to read again. Triggers write it in the
 * transaction of the change (sql/0003_changes.*), so everything that writes to those tables
 * is in it, whatever wrote. For what is derived from the rows and kept outside of the
 * database: the search index. Results live in ctx->arena.
 *
 * A reader has a position: everything that was committed up to a moment. A rolled back
 * change is never seen, and none is passed over, in whatever order transactions end. */
#ifndef STORE_CHANGES_H
#define STORE_CHANGES_H

#include "base/ctx.h"

struct change_position {
    /* What can be kept over a restart: all up to here is behind the position, perhaps more. */
    int64_t number;
    struct str snapshot; /* PostgreSQL: exactly what is behind it; absent: known by number only */
};

enum change_kind {
    CHANGE_COMPANY = 1,
    CHANGE_COMPANY_PEOPLE = 2, /* all people of the company: values of it that they carry changed */
    CHANGE_PERSON = 3,
};

struct change {
    enum change_kind kind;
    int64_t doc; /* of the row, which may be there, be another one, or be gone */
};

/* The name of this database's history. Another name: what was derived is of no use (a
 * backup was restored, this is another server, a standby took over). */
MUST_USE enum rc changes_origin(struct ctx *ctx, struct str *ret_origin);
/* For the embedded database, which cannot know that it was put in the place of another. */
MUST_USE enum rc changes_new_origin(struct ctx *ctx);

/* The position of this moment. */
MUST_USE enum rc changes_now(struct ctx *ctx, struct change_position *ret_position);

/* Whether anything was committed after `position`. Microseconds on SQLite, one round trip
 * on PostgreSQL. There, behind a transaction of other programs that runs for long and more
 * than a thousand changes, a change that was begun before them may be passed over;
 * changes_read finds it. */
MUST_USE enum rc changes_pending(struct ctx *ctx, struct change_position position,
                                 bool *ret_pending);

/* Reads what was committed after `position`, each row once: companies first, then their
 * people, then people. One statement, so use a session of its own while others run.
 * E_NOT_FOUND, without a message, when the feed does not go back so far: start anew. */
struct changes_reader {
    struct db_rows *rows;
    bool on_first;
};
MUST_USE enum rc changes_read(struct ctx *ctx, struct change_position position,
                              struct changes_reader *ret_reader,
                              struct change_position *ret_position);
bool changes_next(struct changes_reader *reader, struct change *ret_change);
/* OK when all came; then the reader stands at the position that changes_read gave. */
MUST_USE enum rc changes_close(struct changes_reader *reader);

/* Deletes up to `limit` changes from before `before_ms`, but always keeps the newest, and on
 * PostgreSQL what came after the begin of a transaction that is still open. A transaction,
 * when there is something to delete. */
MUST_USE enum rc changes_prune(struct ctx *ctx, int64_t before_ms, int64_t limit);

#endif
