/* What stands behind db.h: the calls that an engine implements, and what db.c, rows.c
 * and the engines share. Private to src/db/. */
#ifndef DB_ENGINE_H
#define DB_ENGINE_H

#include <stdatomic.h>

#include "db/db.h"

struct sqlite_statement;
struct pg_result;

/* The first member of an engine's own struct, as with sessions. */
struct db {
    const struct engine *engine;
    _Atomic int64_t queries, writes, commits, failures, writer_queue;
    _Atomic int64_t marks, marked; /* calls of db_mark; transactions with one that ended */
    _Atomic int64_t sessions; /* open ones; none may be left at db_close */
};

struct db_session {
    struct db *db;
    struct db_rows *open_rows;
    bool in_transaction;
    enum rc failed; /* of the running transaction: its first failure, or OK */
};

/* What is to be run. */
struct call {
    const struct query *key; /* identifies the prepared statement; NULL: used once */
    const char *name;        /* for messages */
    const char *sql;
    struct db_args args;
    bool stream; /* rows come one by one, and after `args` is gone; else they may all be fetched */
};

/* Rows are on the arena (db_query), or on the stack of a function that closes them
 * before it returns. */
struct db_rows {
    struct db_session *session; /* NULL: closed */
    struct db_rows *next, **link;
    struct ctx *ctx;
    const char *name;
    size_t columns;
    bool inside; /* opened inside a transaction, with which it ends */
    bool on_row;
    enum rc rc; /* what ended the rows, or OK */

    /* rows.c: which field each column goes to */
    const struct fields *fields;
    const struct field **by_column;
    const size_t *by_field; /* the column of each, for JSON; SIZE_MAX: it has none */

    /* the engine's own */
    bool primed; /* the first row has been fetched and not yet shown */
    bool done;   /* there are no more */
    struct sqlite_statement *statement;
    struct pg_result *result;
    int row;                 /* of result */
    bool streaming;          /* more comes from the connection */
    struct pg_result **held; /* results that had to be read ahead */
    size_t held_n, held_at;
};

struct engine {
    enum db_engine kind;
    void (*close)(struct db *db);
    struct db_session *(*session_open)(struct db *db);
    void (*session_close)(struct db_session *session);
    /* Runs the call and fetches the first row, so that every failure to run shows here. */
    enum rc (*query)(struct ctx *ctx, const struct call *call, struct db_rows *rows);
    bool (*next)(struct db_rows *rows);
    void (*rows_close)(struct db_rows *rows);
    const char *(*column_name)(const struct db_rows *rows, size_t column);
    /* Texts are borrowed until the next row; blobs too, or on the arena. */
    struct db_value (*column)(const struct db_rows *rows, size_t column);
    enum rc (*exec)(struct ctx *ctx, const struct call *call, int64_t *ret_changes);
    /* The same for each of the rows. */
    enum rc (*exec_rows)(struct ctx *ctx, const struct call *call, struct db_table rows,
                         int64_t *ret_changes);
    /* As exec without the number; a failure may be told by a later call, or by the transaction. */
    enum rc (*exec_later)(struct ctx *ctx, const struct call *call);
    /* Several statements without parameters, inside a transaction. */
    enum rc (*script)(struct ctx *ctx, const char *name, const char *sql);
    enum rc (*transact)(struct ctx *ctx, db_work *work, void *arg);
    /* Around what reads from one moment, on the session of ctx. */
    enum rc (*moment_begin)(struct ctx *ctx);
    enum rc (*moment_end)(struct ctx *ctx, enum rc rc);
    enum rc (*backup)(struct ctx *ctx, const char *path);
    enum rc (*empty_log)(struct ctx *ctx);
    enum rc (*rewrite)(struct ctx *ctx);
};

/* The address of a query as the key of a map of statements. */
static inline struct str query_key(const struct query *const *query) {
    return (struct str){ (const char *) query, sizeof(void *) };
}

enum rc sqlite_open(struct ctx *ctx, const char *data_dir, struct db **ret_db);
enum rc pg_open(struct ctx *ctx, const char *url, struct db **ret_db);

/* Closes what was opened inside the transaction that ends. */
void rows_close_inside(struct db_session *session);

/* Runs the query for rows that the caller closes before it returns. */
MUST_USE enum rc rows_query(struct ctx *ctx, const struct query *query, struct db_args args,
                            struct db_rows *rows);

/* A statement failed: counts it, ends the transaction that runs, and returns `rc`.
 * `message` is the engine's. */
void session_note_failure(struct ctx *ctx, struct db_session *session, enum rc rc,
                          const char *name, const char *message);
static inline enum rc session_failed(struct ctx *ctx, struct db_session *session, enum rc rc,
                                     const char *name, const char *message) {
    session_note_failure(ctx, session, rc, name, message);
    return rc;
}

#endif
