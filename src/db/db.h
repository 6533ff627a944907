/* The database: the only header through which anything above reaches SQL. Two
 * engines stand behind it, embedded SQLite and PostgreSQL; nothing else in the tree
 * includes sqlite3.h or libpq-fe.h.
 *
 * Life cycle: db_open once per process; db_session_open once per thread (or per job
 * worker), its result in ctx->db; db_session_close; db_close.
 * Thread rule: struct db is shared; a session belongs to one thread at a time.
 * Memory rule: everything returned lives in ctx->arena.
 *
 * Statements are rows of query tables: constant text, parameters $1 … $n, values
 * always bound, never formatted in. They are prepared once per connection. Sets go
 * in as one JSON array parameter (json_each on SQLite, json_array_elements_text or
 * json_to_recordset on PostgreSQL), rows of many columns with db_exec_rows, so that
 * nothing loops over rows with a round trip each.
 *
 * Writing: only inside db_transact. On SQLite the process has one writing
 * connection, owned by one thread that also does every checkpoint (SQLite 3.40.1 can
 * corrupt its WAL when two connections write or checkpoint at once; a lock file
 * keeps other processes out as well). Transactions of concurrent threads share one
 * commit, and so one fsync. */
#ifndef DB_DB_H
#define DB_DB_H

#include "base/arena.h"
#include "base/ctx.h"
#include "base/field.h"
#include "base/rc.h"
#include "base/str.h"

struct db;
struct db_session;
struct db_rows;
struct json_writer;

enum db_engine { DB_SQLITE, DB_POSTGRES };

struct db_options {
    const char *url;      /* "postgresql://…" or NULL for SQLite */
    const char *data_dir; /* SQLite: holds outrider.db */
};

/* One statement. `pg` is NULL where both engines take `sql`. Static storage: the
 * address identifies the prepared statement. */
struct query {
    const char *name;
    const char *sql;
    const char *pg;
};

/* What other queries of the session may make us keep of rows that are still open. */
#define DB_HELD_MAX_BYTES ((size_t) 64 * 1024 * 1024)

enum db_kind { DB_KIND_NULL, DB_KIND_INT, DB_KIND_TEXT, DB_KIND_BLOB, DB_KIND_REAL };

struct db_value {
    enum db_kind kind;
    enum db_kind null_of; /* of a NULL: its type, which PostgreSQL asks for */
    int64_t i;
    double r;
    struct str s; /* text or blob */
};

static inline struct db_value db_v_int(int64_t v) {
    return (struct db_value){ .kind = DB_KIND_INT, .i = v };
}
static inline struct db_value db_v_null(enum db_kind null_of) {
    return (struct db_value){ .kind = DB_KIND_NULL, .null_of = null_of };
}
static inline struct db_value db_v_real(double v) {
    return (struct db_value){ .kind = DB_KIND_REAL, .r = v };
}
static inline struct db_value db_v_opt(struct opt_int v) {
    return v.set ? db_v_int(v.v) : db_v_null(DB_KIND_INT);
}
static inline struct db_value db_v_tri(enum tri v) {
    return v != UNSET ? db_v_int(v == YES) : db_v_null(DB_KIND_INT);
}
/* Text is UTF-8 without NUL; anything else is refused with E_INVALID. */
static inline struct db_value db_v_text(struct str s) {
    return s.p ? (struct db_value){ .kind = DB_KIND_TEXT, .s = s } : db_v_null(DB_KIND_TEXT);
}
static inline struct db_value db_v_blob(struct str s) {
    return s.p ? (struct db_value){ .kind = DB_KIND_BLOB, .s = s } : db_v_null(DB_KIND_BLOB);
}

/* Arguments of a call: db_exec(ctx, &q, DB_ARGS(db_v_text(id), db_v_int(n)), NULL) */
#define DB_ARGS(...)                                      \
    ((struct db_args){ (const struct db_value[]){ __VA_ARGS__ }, \
                       sizeof((const struct db_value[]){ __VA_ARGS__ }) / sizeof(struct db_value) })
#define DB_NO_ARGS ((struct db_args){ NULL, 0 })

struct db_args {
    const struct db_value *p;
    size_t n;
};

/* Opens the engine that `options` names; creates the folder and the SQLite file when
 * missing. Does not migrate. PostgreSQL is not contacted before the first query. On
 * failure: E_INVALID (the URL), E_DB or E_IO with the reason in ctx->err, which never
 * contains the URL's password. */
MUST_USE enum rc db_open(struct ctx *ctx, const struct db_options *options, struct db **ret_db);
/* Waits for running transactions, checkpoints, closes; nulls *db. Every session is
 * closed before. Accepts NULL. */
void db_close(struct db **db);
enum db_engine db_engine(const struct db *db);

/* A session for the calling thread. Opened cheaply; connects on first use. */
struct db_session *db_session_open(struct db *db);
void db_session_close(struct db_session **session);
struct db *db_of(const struct db_session *session);

/* Runs `query` and returns its rows one by one with db_next. The rows close by
 * themselves when the arena is reset, the session is closed or the transaction ends;
 * close early with db_rows_close when many queries follow. Other queries may run
 * while rows are open; on PostgreSQL what is left of them is then kept in memory, up
 * to DB_HELD_MAX_BYTES. E_CONFLICT, E_INVALID or E_DB with the engine's message in
 * ctx->err. */
MUST_USE enum rc db_query(struct ctx *ctx, const struct query *query, struct db_args args,
                          struct db_rows **ret_rows);
/* Like db_query for a statement that was assembled from constant fragments; called
 * by db/sql.h only. */
MUST_USE enum rc db_query_built(struct ctx *ctx, struct str sql, struct db_args args,
                                struct db_rows **ret_rows);
/* True and positioned on the next row; false at the end or after a failure, which
 * db_rows_close tells. */
bool db_next(struct db_rows *rows);
/* OK when all rows that were asked for came. Accepts a closed one. */
enum rc db_rows_close(struct db_rows *rows);

size_t db_columns(const struct db_rows *rows);
const char *db_column_name(const struct db_rows *rows, size_t column);
bool db_is_null(const struct db_rows *rows, size_t column);
/* NULL reads as 0, absent text. Text and blobs are copied to the arena. */
int64_t db_int(const struct db_rows *rows, size_t column);
double db_real(const struct db_rows *rows, size_t column);
struct str db_text(const struct db_rows *rows, size_t column);

/* Runs a statement that returns no rows, inside db_transact. *ret_changes (may be
 * NULL): rows changed. E_CONFLICT when a UNIQUE constraint refuses it, E_INVALID for
 * a text that is not UTF-8, else E_DB. */
MUST_USE enum rc db_exec(struct ctx *ctx, const struct query *query, struct db_args args,
                         int64_t *ret_changes);

/* Rows of values that go into one statement together; `p` has n * width of them. */
struct db_table {
    const struct db_value *p;
    size_t n, width;
};
/* Runs a statement for each of the rows, of which there is at least one; *ret_changes as above, of
 * all. On SQLite the values of a row follow those of `args` as parameters, and it is run as often
 * as there are rows. On PostgreSQL it is run once, and what follows is an array for each column
 * (unnest): of bigint where the first row has an integer or the NULL of one, else of text. Other
 * values cannot be in a row. E_TOO_LARGE for more than DB_TABLE_MAX_BYTES. */
#define DB_TABLE_MAX_BYTES ((size_t) 64 * 1024 * 1024)
MUST_USE enum rc db_exec_rows(struct ctx *ctx, const struct query *query, struct db_args args,
                              struct db_table rows, int64_t *ret_changes);

/* The same as db_exec for a statement whose result nobody looks at: it runs before whatever follows it, but
 * its failure may be told by what follows, by the transaction at the latest. On PostgreSQL any
 * number of them cost no round trip of their own. */
MUST_USE enum rc db_exec_later(struct ctx *ctx, const struct query *query, struct db_args args);

/* Runs several statements without parameters, of a kind that cannot be prepared: those of a
 * migration, ANALYZE. `name` for messages. Inside db_transact. */
MUST_USE enum rc db_script(struct ctx *ctx, const char *name, const char *sql);

/* Convenience. First column of the first row; E_NOT_FOUND without a row. */
MUST_USE enum rc db_get_int(struct ctx *ctx, const struct query *query, struct db_args args,
                            int64_t *ret_value);
MUST_USE enum rc db_get_text(struct ctx *ctx, const struct query *query, struct db_args args,
                             struct str *ret_value);
/* First row into the struct that `fields` describes, by column name; columns without
 * a field are passed over, fields without a column stay as they are. E_NOT_FOUND
 * without a row. FIELD_STRS, FIELD_INTS, FIELD_COUNTS, FIELD_JSON are JSON text in
 * the database; FIELD_OBJECT and FIELD_LIST too when the query has such a column. */
MUST_USE enum rc db_get(struct ctx *ctx, const struct query *query, struct db_args args,
                        const struct fields *fields, void *ret_struct);
/* All rows; the list's elements are structs of fields->size bytes. */
MUST_USE enum rc db_list(struct ctx *ctx, const struct query *query, struct db_args args,
                         const struct fields *fields, struct list *ret_list);
/* The current row of `rows` into a struct, as db_get does. */
MUST_USE enum rc db_row(struct ctx *ctx, struct db_rows *rows, const struct fields *fields,
                        void *ret_struct);

/* The current row of `rows` as the JSON object that json_fields makes of its struct, without
 * the struct. What columns hold as JSON text is copied as it is. Fields without a column are
 * left out, but for FIELD_OBJECT: those `object` writes, name and value, or nothing. */
struct row_json {
    const struct fields *fields;
    void (*object)(void *arg, struct json_writer *w, const struct field *field);
    void *arg;
};
void db_row_json(struct db_rows *rows, const struct row_json *how, struct json_writer *w);

/* Runs `work(ctx, arg)` in one transaction: committed and durable when this returns
 * OK; rolled back when work returns anything else, which is returned. Inside work
 * ctx->db is the writing session and db_exec is allowed; work may run on another
 * thread while the caller waits, and runs again from the start after a
 * serialisation failure, so it must have no effect outside the database and its own
 * results. db_transact inside work just calls (one request, one transaction).
 *
 * A statement that fails ends the transaction: whatever work does then fails with
 * the same code, and so does the transaction, even when work returns OK. To go on
 * after a conflict, say ON CONFLICT in the statement.
 * Commit failed: E_DB, nothing of it is kept; only when the connection to PostgreSQL
 * breaks during the commit is it unknown whether it took place. */
typedef enum rc db_work(struct ctx *ctx, void *arg);
MUST_USE enum rc db_transact(struct ctx *ctx, db_work *work, void *arg);

/* Inside db_transact: it changes people or companies, so that this process can tell when it
 * has done so (db_stats). */
void db_mark(struct ctx *ctx);

/* Runs `work(ctx, arg)`, which only reads, so that all it reads is from one moment. Its rows
 * end with it. Not inside db_transact. */
MUST_USE enum rc db_at_one_moment(struct ctx *ctx, db_work *work, void *arg);

/* The migrations of sql/, embedded in the binary (tools/embed.c writes them). */
struct migration {
    int number;
    const char *name;
    const char *sql;
    const char *pg; /* NULL: `sql` with the types of the table in db/migrate.c replaced */
};

/* Applies what is missing, each in a transaction of its own, in order; all together to
 * an empty database, so that a process that is killed leaves it empty and not like one
 * of an older version. Other processes wait. With `dry_run` only counts. *ret_applied: how many. E_UNSUPPORTED
 * when the database knows a migration that `list` does not: a newer version made it. */
MUST_USE enum rc db_migrate(struct ctx *ctx, const struct migration *list, size_t n, bool dry_run,
                            int *ret_applied);

/* A consistent copy of the SQLite database to a new file (VACUUM INTO), on disk when
 * this returns. E_CONFLICT when `path` exists. E_UNSUPPORTED on PostgreSQL, whose own
 * tools do that. */
MUST_USE enum rc db_backup(struct ctx *ctx, const char *path);

/* SQLite: brings all that was committed into the database file and cuts the write-ahead log
 * to nothing, so that what was overwritten there is gone as well. E_TIMEOUT when readers
 * kept the log for half a minute: ask again. Not inside db_transact. Nothing to do on
 * PostgreSQL. */
MUST_USE enum rc db_empty_log(struct ctx *ctx);

/* The same, after the whole file was written anew (VACUUM), without its unused parts. Takes
 * as much room again for a while; nobody else writes until it is done, which is minutes for
 * many gigabytes. E_UNSUPPORTED on PostgreSQL. */
MUST_USE enum rc db_rewrite(struct ctx *ctx);

/* Numbers for /metrics since the process began. */
struct db_stats {
    int64_t queries;      /* statements run */
    int64_t writes;       /* transactions that ended, kept or rolled back */
    int64_t marked;       /* at least those of them with db_mark; counted before db_transact returns */
    int64_t commits;      /* commits made: on SQLite one for many transactions */
    int64_t failures;     /* statements and commits that failed; conflicts count */
    int64_t writer_queue; /* transactions that wait or run now */
};
void db_stats(const struct db *db, struct db_stats *ret_stats);

#endif
