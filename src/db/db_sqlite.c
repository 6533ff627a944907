/* SQLite: connections, prepared statements, rows. Sessions only read; everything that
 * writes goes through writer.c.
 *
 * A session has a connection of its own, opened at the first query. Checkpoints are
 * switched off on it, also the one that closing would make: SQLite 3.40.1 can damage
 * its WAL when two connections checkpoint or write at once. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/check.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "db/sqlite.h"

/* A reader waits only for a recovery after a crash; a writer for strangers. */
enum { BUSY_TIMEOUT_MS = 10000 };

static const struct engine engine;

static struct sqlite_session *session_of(const struct ctx *ctx) {
    return (struct sqlite_session *) ctx->db;
}

static enum rc rc_of(int code) {
    switch (code) {
    case SQLITE_CONSTRAINT_UNIQUE:
    case SQLITE_CONSTRAINT_PRIMARYKEY:
    case SQLITE_CONSTRAINT_ROWID:
        return E_CONFLICT;
    default:
        return E_DB;
    }
}

static enum rc statement_failed(struct ctx *ctx, const char *name) {
    sqlite3 *handle = session_of(ctx)->handle;
    return session_failed(ctx, ctx->db, rc_of(sqlite3_extended_errcode(handle)), name,
                          sqlite3_errmsg(handle));
}

/* Connections. */

/* Double-quoted text is a name on PostgreSQL; it must not be a string here. */
static const int switches[][2] = {
    { SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1 },
    { SQLITE_DBCONFIG_DQS_DML, 0 },
    { SQLITE_DBCONFIG_DQS_DDL, 0 },
    { SQLITE_DBCONFIG_DEFENSIVE, 1 },
};

static const char common_pragmas[] = "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;"
                                     "PRAGMA wal_autocheckpoint = 0; PRAGMA mmap_size = 0;";

/* 32 MB for the pages that an import changes all over the indexes: with the 2 MB of the
 * default 300,000 rows in batches under six indexes took 77 s, with 16 MB 46 s, with
 * 64 MB 44 s. */
static const char writer_pragmas[] = "PRAGMA cache_size = -32000;"
                                     /* what is deleted is overwritten, for removed people */
                                     "PRAGMA secure_delete = ON;"
                                     /* rows of each index that ANALYZE looks at */
                                     "PRAGMA analysis_limit = 1000";

static const char reader_pragmas[] = "PRAGMA query_only = ON";

static int configure(sqlite3 *handle, bool writer) {
    int code = sqlite3_extended_result_codes(handle, 1);
    for (size_t i = 0; i < LENGTH(switches) && code == SQLITE_OK; i++)
        code = sqlite3_db_config(handle, switches[i][0], switches[i][1], (int *) NULL);
    if (code == SQLITE_OK)
        code = sqlite3_busy_timeout(handle, BUSY_TIMEOUT_MS);
    if (code == SQLITE_OK)
        code = sqlite3_exec(handle, common_pragmas, NULL, NULL, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_exec(handle, writer ? writer_pragmas : reader_pragmas, NULL, NULL, NULL);
    return code;
}

enum rc sqlite_connect(struct ctx *ctx, struct sqlite_session *session, bool writer) {
    const struct sqlite_db *db = (const struct sqlite_db *) session->base.db;
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    int code = sqlite3_open_v2(db->path, &session->handle, flags, NULL);
    if (code == SQLITE_OK)
        code = configure(session->handle, writer);
    if (code == SQLITE_OK)
        return OK;
    enum rc rc = fail(ctx, E_DB, "open %s: %s", db->path,
                      session->handle ? sqlite3_errmsg(session->handle) : sqlite3_errstr(code));
    session->base.db->failures++;
    sqlite3_close(session->handle);
    session->handle = NULL;
    return rc;
}

void sqlite_disconnect(struct sqlite_session *session) {
    while (session->statements) {
        struct sqlite_statement *statement = session->statements;
        session->statements = statement->next;
        sqlite3_finalize(statement->handle);
        mem_free(statement);
    }
    map_done(&session->cache);
    int code = sqlite3_close(session->handle);
    ASSERT(code == SQLITE_OK); /* anything else: a statement was left open */
    session->handle = NULL;
}

static struct db_session *session_open(struct db *db) {
    (void) db; /* db.c sets it */
    struct sqlite_session *session = MEM_NEW(struct sqlite_session);
    return &session->base;
}

static void session_close(struct db_session *base) {
    struct sqlite_session *session = (struct sqlite_session *) base;
    sqlite_disconnect(session);
    mem_free(session);
}

/* Statements. */

/* The k of "$k"; 0 for a parameter that is not written so. */
static size_t parameter_number(sqlite3_stmt *handle, int index) {
    const char *name = sqlite3_bind_parameter_name(handle, index);
    int64_t k = 0;
    if (!name || name[0] != '$' || str_to_i64(str_of(name + 1), &k) != OK || k < 1 || k > 32766)
        return 0;
    return (size_t) k;
}

/* Wraps a prepared statement; NULL when it has parameters other than $1 …. */
static struct sqlite_statement *wrap(sqlite3_stmt *handle) {
    int n = sqlite3_bind_parameter_count(handle);
    size_t highest = 0;
    for (int i = 1; i <= n; i++) {
        size_t k = parameter_number(handle, i);
        if (k == 0)
            return NULL;
        if (k > highest)
            highest = k;
    }
    struct sqlite_statement *statement =
        mem_alloc(sizeof *statement + highest * sizeof statement->index[0]);
    statement->handle = handle;
    statement->parameters = highest;
    for (int i = 1; i <= n; i++)
        statement->index[parameter_number(handle, i) - 1] = i;
    return statement;
}

/* NULL: it cannot be prepared, which has been reported. */
static struct sqlite_statement *prepare(struct ctx *ctx, const struct call *call) {
    struct sqlite_session *session = session_of(ctx);
    unsigned flags = call->key ? SQLITE_PREPARE_PERSISTENT : 0;
    sqlite3_stmt *handle = NULL;
    const char *rest = "";
    if (sqlite3_prepare_v3(session->handle, call->sql, -1, flags, &handle, &rest) != SQLITE_OK) {
        (void) statement_failed(ctx, call->name); /* E_DB, as of all that cannot be prepared */
        return NULL;
    }
    struct sqlite_statement *statement = handle ? wrap(handle) : NULL;
    if (statement && str_is_empty(str_trim(str_of(rest))))
        return statement;
    sqlite3_finalize(handle);
    mem_free(statement);
    (void) session_failed(ctx, ctx->db, E_DB, call->name,
                          "not one statement with parameters $1, $2, …");
    return NULL;
}

/* The statement of the call: from the cache unless rows of it are still open. */
static enum rc take_statement(struct ctx *ctx, const struct call *call,
                              struct sqlite_statement **ret_statement) {
    struct sqlite_session *session = session_of(ctx);
    if (!session->handle) {
        enum rc connected = sqlite_connect(ctx, session, false);
        if (connected != OK)
            return connected;
    }
    struct sqlite_statement *statement =
        call->key ? map_get(&session->cache, query_key(&call->key)) : NULL;
    if (statement && !statement->busy) {
        *ret_statement = statement;
        return OK;
    }
    bool keep = call->key && !statement;
    statement = prepare(ctx, call);
    if (!statement)
        return E_DB;
    if (keep) {
        statement->key = call->key;
        statement->next = session->statements;
        session->statements = statement;
        (void) map_put(&session->cache, query_key(&statement->key), statement);
    }
    *ret_statement = statement;
    return OK;
}

static void give_back(struct sqlite_statement *statement) {
    /* What reset returns was reported by the step that failed. */
    (void) sqlite3_reset(statement->handle);
    (void) sqlite3_clear_bindings(statement->handle);
    statement->busy = false;
    if (statement->key)
        return;
    sqlite3_finalize(statement->handle);
    mem_free(statement);
}

/* As PostgreSQL has it, so that both engines refuse the same. */
static bool text_is_valid(struct str text) {
    return !memchr(text.p, '\0', text.n) && utf8_is_valid(text);
}

static int bind_one(sqlite3_stmt *handle, int index, const struct db_value *v,
                    sqlite3_destructor_type life) {
    switch (v->kind) {
    case DB_KIND_INT:
        return sqlite3_bind_int64(handle, index, v->i);
    case DB_KIND_REAL:
        return sqlite3_bind_double(handle, index, v->r);
    case DB_KIND_TEXT:
        return sqlite3_bind_text64(handle, index, v->s.p, v->s.n, life, SQLITE_UTF8);
    case DB_KIND_BLOB:
        return sqlite3_bind_blob64(handle, index, v->s.p, v->s.n, life);
    case DB_KIND_NULL:
        break;
    }
    return sqlite3_bind_null(handle, index);
}

static enum rc bind(struct ctx *ctx, const struct call *call, struct sqlite_statement *statement) {
    if (statement->parameters > call->args.n)
        return session_failed(ctx, ctx->db, E_DB, call->name, "too few values");
    size_t n = statement->parameters;
    for (size_t k = 0; k < n; k++) {
        const struct db_value *v = &call->args.p[k];
        if (v->kind == DB_KIND_TEXT && !text_is_valid(v->s))
            return session_failed(ctx, ctx->db, E_INVALID, call->name, "a text is not UTF-8");
        if (statement->index[k] == 0)
            continue;
        if (bind_one(statement->handle, statement->index[k], v,
                     call->stream ? SQLITE_TRANSIENT : SQLITE_STATIC)
            != SQLITE_OK)
            return statement_failed(ctx, call->name);
    }
    return OK;
}

/* A statement with its values. */
static enum rc ready(struct ctx *ctx, const struct call *call,
                     struct sqlite_statement **ret_statement) {
    struct sqlite_statement *statement = NULL;
    enum rc rc = take_statement(ctx, call, &statement);
    if (rc != OK)
        return rc;
    rc = bind(ctx, call, statement);
    if (rc != OK) {
        give_back(statement);
        return rc;
    }
    statement->busy = true;
    *ret_statement = statement;
    return OK;
}

/* Rows. */

/* Ends the read transaction as soon as the last row has been seen, so that an open
 * `rows` does not keep the WAL from being reused. */
static void step(struct db_rows *rows) {
    int code = sqlite3_step(rows->statement->handle);
    if (code == SQLITE_ROW)
        return;
    rows->done = true;
    if (code != SQLITE_DONE)
        rows->rc = statement_failed(rows->ctx, rows->name);
    (void) sqlite3_reset(rows->statement->handle); /* its result is the step's */
}

static enum rc query(struct ctx *ctx, const struct call *call, struct db_rows *rows) {
    enum rc rc = ready(ctx, call, &rows->statement);
    if (rc != OK)
        return rc;
    rows->columns = (size_t) sqlite3_column_count(rows->statement->handle);
    step(rows);
    rows->primed = true;
    return rows->rc;
}

static bool next(struct db_rows *rows) {
    if (!rows->primed && !rows->done)
        step(rows);
    rows->primed = false;
    return !rows->done;
}

static void rows_close(struct db_rows *rows) {
    if (rows->statement)
        give_back(rows->statement);
    rows->statement = NULL;
}

static const char *column_name(const struct db_rows *rows, size_t column) {
    return sqlite3_column_name(rows->statement->handle, (int) column);
}

static struct str column_bytes(sqlite3_stmt *handle, int i, const void *p) {
    return (struct str){ p ? p : "", (size_t) sqlite3_column_bytes(handle, i) };
}

static struct db_value column(const struct db_rows *rows, size_t column) {
    sqlite3_stmt *handle = rows->statement->handle;
    int i = (int) column;
    switch (sqlite3_column_type(handle, i)) {
    case SQLITE_INTEGER:
        return db_v_int(sqlite3_column_int64(handle, i));
    case SQLITE_FLOAT:
        return db_v_real(sqlite3_column_double(handle, i));
    case SQLITE_TEXT:
        return db_v_text(column_bytes(handle, i, sqlite3_column_text(handle, i)));
    case SQLITE_BLOB:
        return db_v_blob(column_bytes(handle, i, sqlite3_column_blob(handle, i)));
    default:
        return db_v_null(DB_KIND_NULL);
    }
}

static enum rc exec(struct ctx *ctx, const struct call *call, int64_t *ret_changes) {
    struct sqlite_statement *statement = NULL;
    enum rc rc = ready(ctx, call, &statement);
    if (rc != OK)
        return rc;
    int code = SQLITE_ROW;
    while (code == SQLITE_ROW)
        code = sqlite3_step(statement->handle);
    if (code != SQLITE_DONE)
        rc = statement_failed(ctx, call->name);
    else if (!sqlite3_stmt_readonly(statement->handle))
        *ret_changes = sqlite3_changes64(session_of(ctx)->handle);
    give_back(statement);
    return rc;
}

/* Inside one process a statement for each costs less than taking rows out of JSON. */
static enum rc exec_rows(struct ctx *ctx, const struct call *call, struct db_table rows,
                         int64_t *ret_changes) {
    size_t before = call->args.n, n = before + rows.width;
    struct db_value *values = ARENA_ARRAY(ctx->arena, n, struct db_value);
    struct call one = *call;
    enum rc rc = OK;
    for (size_t i = 0; i < before; i++)
        values[i] = call->args.p[i];
    one.args = (struct db_args){ values, n };
    for (size_t i = 0; rc == OK && i < rows.n; i++) {
        int64_t changes = 0;
        memcpy(values + before, rows.p + i * rows.width, rows.width * sizeof *values);
        rc = exec(ctx, &one, &changes);
        *ret_changes += changes;
    }
    return rc;
}

/* Nothing is gained by waiting. */
static enum rc exec_later(struct ctx *ctx, const struct call *call) {
    int64_t changes = 0;
    return exec(ctx, call, &changes);
}

static enum rc script(struct ctx *ctx, const char *name, const char *sql) {
    int code = sqlite3_exec(session_of(ctx)->handle, sql, NULL, NULL, NULL);
    return code == SQLITE_OK ? OK : statement_failed(ctx, name);
}

/* The moment is that of the first statement. */
static enum rc moment_begin(struct ctx *ctx) {
    struct sqlite_session *session = session_of(ctx);
    enum rc rc = session->handle ? OK : sqlite_connect(ctx, session, false);
    return rc == OK ? script(ctx, "begin", "BEGIN") : rc;
}

static enum rc moment_end(struct ctx *ctx, enum rc rc) {
    sqlite3 *handle = session_of(ctx)->handle;
    /* After some failures the engine has ended it already. */
    if (!sqlite3_get_autocommit(handle) && sqlite3_exec(handle, "COMMIT", NULL, NULL, NULL) != SQLITE_OK
        && rc == OK)
        rc = statement_failed(ctx, "commit");
    return rc;
}

/* Backup. */

/* Makes the file's content durable, then its name. */
static enum rc keep_file(struct ctx *ctx, const char *partial, const char *path) {
    int file = open(partial, O_RDONLY | O_CLOEXEC);
    bool synced = file >= 0 && fsync(file) == 0;
    if (file >= 0)
        (void) close(file); /* nothing was written through it */
    if (!synced || link(partial, path) != 0)
        return fail(ctx, errno == EEXIST ? E_CONFLICT : E_IO, "backup %s: %s", path,
                    strerror(errno));
    (void) unlink(partial); /* left over, it is only in the way */
    struct str name = str_of(path);
    size_t slash = str_find_last(name, '/');
    const char *folder = slash < name.n ? arena_cstr(ctx->arena, str_sub(name, 0, slash + 1)) : ".";
    int handle = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    synced = handle >= 0 && fsync(handle) == 0;
    if (handle >= 0)
        (void) close(handle);
    return synced ? OK : fail(ctx, E_IO, "backup %s: %s", folder, strerror(errno));
}

/* VACUUM INTO needs a connection that may write, though not to this database. */
static enum rc copy_to(struct ctx *ctx, const char *partial) {
    struct sqlite_session session = { .base = { .db = ctx->db->db } };
    enum rc rc = sqlite_connect(ctx, &session, true);
    if (rc != OK)
        return rc;
    sqlite3_stmt *handle = NULL;
    int code = sqlite3_prepare_v2(session.handle, "VACUUM INTO $1", -1, &handle, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_bind_text(handle, 1, partial, -1, SQLITE_STATIC);
    if (code == SQLITE_OK)
        code = sqlite3_step(handle) == SQLITE_DONE ? SQLITE_OK : SQLITE_ERROR;
    if (code != SQLITE_OK)
        rc = fail(ctx, E_DB, "backup: %s", sqlite3_errmsg(session.handle));
    sqlite3_finalize(handle);
    sqlite_disconnect(&session);
    return rc;
}

static enum rc backup(struct ctx *ctx, const char *path) {
    if (access(path, F_OK) == 0)
        return fail(ctx, E_CONFLICT, "backup: %s exists", path);
    const char *partial = arena_printf(ctx->arena, "%s.partial", path).p;
    if (unlink(partial) != 0 && errno != ENOENT)
        return fail(ctx, E_IO, "backup: %s: %s", partial, strerror(errno));
    enum rc rc = copy_to(ctx, partial);
    return rc == OK ? keep_file(ctx, partial, path) : rc;
}

/* The database. */

/* Both exist afterwards, readable by the owner alone: it holds what people wrote. An
 * existing database is not even opened: closing it would drop the locks (fcntl(2))
 * that another connection of this process may hold on it. */
static enum rc make_files(struct ctx *ctx, const struct sqlite_db *db) {
    if (mkdir(db->folder, 0700) != 0 && errno != EEXIST)
        return fail(ctx, E_IO, "create %s: %s", db->folder, strerror(errno));
    int file = open(db->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (file < 0 && errno != EEXIST)
        return fail(ctx, E_IO, "open %s: %s", db->path, strerror(errno));
    if (file >= 0)
        (void) close(file); /* nothing was written */
    return OK;
}

static void db_free(struct sqlite_db *db) {
    mem_free((char *) db->folder);
    mem_free((char *) db->path);
    mem_free(db);
}

static void close_db(struct db *base) {
    struct sqlite_db *db = (struct sqlite_db *) base;
    writer_stop(db);
    db_free(db);
}

enum rc sqlite_open(struct ctx *ctx, const char *data_dir, struct db **ret_db) {
    ASSERT(sqlite3_threadsafe());
    struct sqlite_db *db = MEM_NEW(struct sqlite_db);
    db->base.engine = &engine;
    db->folder = mem_strdup(data_dir);
    db->path = mem_strdup(arena_printf(ctx->arena, "%s/outrider.db", data_dir).p);
    enum rc rc = make_files(ctx, db);
    if (rc == OK)
        rc = writer_start(ctx, db);
    if (rc != OK) {
        db_free(db);
        return rc;
    }
    *ret_db = &db->base;
    return OK;
}

static const struct engine engine = {
    .kind = DB_SQLITE,
    .close = close_db,
    .session_open = session_open,
    .session_close = session_close,
    .query = query,
    .next = next,
    .rows_close = rows_close,
    .column_name = column_name,
    .column = column,
    .exec = exec,
    .exec_rows = exec_rows,
    .exec_later = exec_later,
    .script = script,
    .transact = writer_transact,
    .moment_begin = moment_begin,
    .moment_end = moment_end,
    .backup = backup,
    .empty_log = writer_empty_log,
    .rewrite = writer_rewrite,
};
