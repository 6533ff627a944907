/* SQLite, between db_sqlite.c (connections, statements, rows) and writer.c (the one
 * writing connection, its thread and its locks). */
#ifndef DB_SQLITE_H
#define DB_SQLITE_H

#include <sqlite3.h>

#include "base/map.h"
#include "db/engine.h"

struct writer;

struct sqlite_db {
    struct db base;
    const char *folder;
    const char *path; /* of outrider.db */
    struct writer *writer;
};

/* A prepared statement. SQLite numbers $k by first appearance, so `index` turns k
 * into its number. */
struct sqlite_statement {
    const struct query *key; /* NULL: finalized after use */
    sqlite3_stmt *handle;
    bool busy; /* rows of it are open */
    struct sqlite_statement *next;
    size_t parameters; /* the highest k */
    int index[];       /* of $1 … $parameters; 0: does not occur */
};

struct sqlite_session {
    struct db_session base;
    sqlite3 *handle; /* NULL: not connected yet */
    struct map cache; /* address of the query -> statement */
    struct sqlite_statement *statements;
};

/* Connects. Only the writer's connection may change anything. */
MUST_USE enum rc sqlite_connect(struct ctx *ctx, struct sqlite_session *session, bool writer);
/* Finalizes the statements and closes the connection. */
void sqlite_disconnect(struct sqlite_session *session);

/* Starts the writer: its connection (which makes the file and sets its journal mode),
 * its lock file and its thread. Stopping waits for what is queued. */
MUST_USE enum rc writer_start(struct ctx *ctx, struct sqlite_db *db);
void writer_stop(struct sqlite_db *db);
enum rc writer_transact(struct ctx *ctx, db_work *work, void *arg);
enum rc writer_empty_log(struct ctx *ctx);
enum rc writer_rewrite(struct ctx *ctx);

#endif
