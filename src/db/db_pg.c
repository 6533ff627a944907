/* PostgreSQL over libpq: one connection per session, prepared statements, values in
 * binary with their types named, results as text.
 *
 * Rows that are read one by one come in single-row mode, so that an export of any
 * size needs no memory; a connection carries one such result at a time, so another
 * query first reads what is left of it into memory.
 *
 * A connection that died while idle is opened anew, once; one that dies inside a
 * transaction fails it. Transactions run at READ COMMITTED and are repeated after a
 * deadlock or a serialisation failure. */
#include <endian.h>
#include <stdlib.h>
#include <time.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/rand.h"
#include "db/pg.h"

enum {
    /* Tries of a transaction; the pauses between them add up to less than a second. */
    TRIES_MAX = 10,
    PAUSE_MAX_MS = 200,
    /* Rows read to the end after an early close; more, and a new connection is cheaper. */
    DRAIN_MAX = 1000,
    /* Statements of a connection after which it plans anew, and then whenever it has run as many
     * again, or the most below. A table may grow faster than that, by statements that write many
     * rows and by other connections: it does not stay so for long, no more is promised. */
    REPLAN_FIRST = 64,
    REPLAN_STEP_MAX = 250000,
};

/* Types of PostgreSQL, from its catalogue pg_type. */
enum { OID_BOOL = 16, OID_BYTEA = 17, OID_INT2 = 21, OID_INT4 = 23, OID_FLOAT4 = 700,
       OID_FLOAT8 = 701, OID_NUMERIC = 1700 };

static const Oid type_of_kind[] = {
    [DB_KIND_NULL] = 0, [DB_KIND_INT] = OID_INT8, [DB_KIND_TEXT] = OID_TEXT,
    [DB_KIND_BLOB] = OID_BYTEA, [DB_KIND_REAL] = OID_FLOAT8,
};

struct pg_db {
    struct db base;
    char *url;
    char *password; /* of the URL, for taking it out of messages; may be NULL */
};

static const struct engine engine;

static const struct pg_db *db_of_session(const struct pg_session *session) {
    return (const struct pg_db *) session->base.db;
}

/* Failures. */

static const struct {
    const char *state;
    enum rc rc;
    bool again;
} states[] = {
    { "23505", E_CONFLICT, false }, /* unique_violation */
    { "22021", E_INVALID, false },  /* character_not_in_repertoire: not UTF-8, or NUL */
    { "22P05", E_INVALID, false },  /* untranslatable_character: \u0000 in JSON */
    { "40001", E_DB, true },        /* serialization_failure */
    { "40P01", E_DB, true },        /* deadlock_detected */
};

/* `message` without its line end and without the password, should libpq quote it. */
static const char *cleaned(struct ctx *ctx, const struct pg_db *db, const char *message) {
    struct str rest = str_trim(str_of(message));
    struct str secret = str_of(db->password);
    if (str_is_empty(secret))
        return arena_cstr(ctx->arena, rest);
    struct buf clean = buf_in(ctx->arena, ARENA_BACKSTOP_BYTES);
    for (size_t at; (at = str_find_str(rest, secret)) < rest.n;) {
        buf_str(&clean, str_sub(rest, 0, at));
        buf_str(&clean, STR("***"));
        rest = str_sub(rest, at + secret.n, rest.n);
    }
    buf_str(&clean, rest);
    return arena_cstr(ctx->arena, buf_text(&clean));
}

enum rc pg_connection_failed(struct ctx *ctx, const char *name) {
    struct pg_session *session = pg_session_of(ctx);
    const char *message = PQerrorMessage(session->connection);
    return session_failed(ctx, ctx->db, E_DB, name,
                          cleaned(ctx, db_of_session(session), message));
}

/* Only the primary message: the detail quotes values. */
enum rc pg_result_failed(struct ctx *ctx, const char *name, const PGresult *result) {
    struct pg_session *session = pg_session_of(ctx);
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char *primary = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    if (!state || !primary)
        return pg_connection_failed(ctx, name);
    enum rc rc = E_DB;
    for (size_t i = 0; i < LENGTH(states); i++) {
        if (strcmp(states[i].state, state) != 0)
            continue;
        rc = states[i].rc;
        session->again = session->again || states[i].again;
    }
    const char *message = arena_printf(ctx->arena, "%s (%s)", primary, state).p;
    return session_failed(ctx, ctx->db, rc, name, message);
}

/* Connections. */

static void disconnect(struct pg_session *session) {
    if (session->streaming) {
        session->streaming->rc = E_DB;
        session->streaming->streaming = false;
        session->streaming = NULL;
    }
    PQfinish(session->connection);
    session->connection = NULL;
    session->behind_n = 0;
    session->statements = (struct map){ 0 };
    arena_free(&session->arena);
}

/* Notices (IF NOT EXISTS and the like) are for people at a terminal. */
static void ignore_notice(void *arg, const PGresult *result) {
    (void) arg;
    (void) result;
}

static enum rc connect_session(struct ctx *ctx) {
    struct pg_session *session = pg_session_of(ctx);
    disconnect(session);
    /* The URL may overrule what stands before it. */
    const char *keys[] = { "connect_timeout", "fallback_application_name", "keepalives_idle",
                           "tcp_user_timeout", "dbname", "client_encoding", NULL };
    const char *values[] = { "10", "outrider", "30", "60000", db_of_session(session)->url, "UTF8",
                             NULL };
    session->connection = PQconnectdbParams(keys, values, 1);
    if (!pg_is_alive(session))
        return pg_connection_failed(ctx, "connect");
    (void) PQsetNoticeReceiver(session->connection, ignore_notice, NULL);
    session->arena = arena_new();
    session->statements = map_in(session->arena);
    session->runs = 0;
    session->replan_at = REPLAN_FIRST;
    return OK;
}

static enum rc connect_if_needed(struct ctx *ctx) {
    struct pg_session *session = pg_session_of(ctx);
    if (pg_is_alive(session))
        return OK;
    if (session->base.in_transaction)
        return pg_connection_failed(ctx, "the connection is gone");
    return connect_session(ctx);
}

/* True after a failure that a new connection mends: the old one died while it was
 * idle, and nothing was begun on it. */
static bool died_idle(const struct pg_session *session, bool was_open) {
    return was_open && !session->base.in_transaction && session->connection
           && PQstatus(session->connection) == CONNECTION_BAD;
}

static struct db_session *session_open(struct db *db) {
    (void) db; /* db.c sets it */
    struct pg_session *session = MEM_NEW(struct pg_session);
    return &session->base;
}

static void session_close(struct db_session *base) {
    struct pg_session *session = (struct pg_session *) base;
    disconnect(session);
    mem_free(session);
}

/* Values. */

/* False when it is longer than libpq can say. */
static bool set_one(struct parameters *p, size_t i, const struct db_value *v) {
    p->types[i] = type_of_kind[v->kind == DB_KIND_NULL ? v->null_of : v->kind];
    p->formats[i] = 1;
    p->values[i] = (const char *) &p->numbers[i];
    p->lengths[i] = sizeof p->numbers[i];
    switch (v->kind) {
    case DB_KIND_INT:
        p->numbers[i] = htobe64((uint64_t) v->i);
        return true;
    case DB_KIND_REAL:
        memcpy(&p->numbers[i], &v->r, sizeof v->r);
        p->numbers[i] = htobe64(p->numbers[i]);
        return true;
    case DB_KIND_TEXT:
    case DB_KIND_BLOB:
        p->values[i] = v->s.p;
        p->lengths[i] = (int) v->s.n;
        return v->s.n <= INT32_MAX;
    case DB_KIND_NULL:
        break;
    }
    p->values[i] = NULL;
    return true;
}

/* NULL, or what is wrong with the values. */
static const char *set_parameters(const struct call *call, struct parameters *p) {
    if (call->args.n > PARAMETERS_MAX)
        return "too many values";
    p->n = (int) call->args.n;
    for (size_t i = 0; i < call->args.n; i++)
        if (!set_one(p, i, &call->args.p[i]))
            return "a value is too long";
    return NULL;
}

/* Statements. */

/* True when the statement was prepared for these types; a NULL fits any. */
static bool fits(const struct pg_statement *statement, const struct parameters *p) {
    if (statement->n != (size_t) p->n)
        return false;
    for (size_t i = 0; i < statement->n; i++)
        if (p->types[i] && p->types[i] != statement->types[i])
            return false;
    return true;
}

/* Prepares the statement for the types of `p`. */
static enum rc prepare(struct ctx *ctx, const struct call *call, const struct parameters *p,
                       struct pg_statement **ret_statement) {
    struct pg_session *session = pg_session_of(ctx);
    size_t n = (size_t) p->n;
    enum rc rc = pg_behind_catch_up(ctx);
    if (rc != OK)
        return rc;
    struct pg_statement *statement =
        arena_alloc(session->arena, sizeof *statement + n * sizeof statement->types[0]);
    statement->key = call->key;
    /* The arena's use grows with each, so the name is new even for the same query. */
    statement->name = arena_printf(session->arena, "q%zu", arena_used(session->arena)).p;
    statement->n = n;
    for (size_t i = 0; i < n; i++)
        statement->types[i] = p->types[i];
    PGresult *result = PQprepare(session->connection, statement->name, call->sql, p->n, p->types);
    if (PQresultStatus(result) != PGRES_COMMAND_OK)
        rc = pg_result_failed(ctx, call->name, result);
    PQclear(result);
    if (rc != OK)
        return rc;
    (void) map_put(&session->statements, query_key(&statement->key), statement);
    *ret_statement = statement;
    return OK;
}

/* The prepared statement; NULL for one that is used once. */
static enum rc take_statement(struct ctx *ctx, const struct call *call, const struct parameters *p,
                              struct pg_statement **ret_statement) {
    *ret_statement = NULL;
    if (!call->key)
        return OK;
    struct pg_statement *statement =
        map_get(&pg_session_of(ctx)->statements, query_key(&call->key));
    if (statement && fits(statement, p)) {
        *ret_statement = statement;
        return OK;
    }
    return prepare(ctx, call, p, ret_statement);
}

/* Reading ahead. */

static void hold(struct db_rows *rows, PGresult *result) {
    size_t n = rows->held_n;
    if ((n & (n - 1)) == 0) /* full at each power of two */
        rows->held = mem_resize(rows->held, (n ? 2 * n : 1) * sizeof(void *));
    rows->held[rows->held_n++] = result;
}

/* Frees the connection for the next statement: what is left of the rows that it
 * delivers goes to memory. */
static void settle(struct pg_session *session) {
    struct db_rows *rows = session->streaming;
    if (!rows)
        return;
    size_t bytes = 0;
    for (PGresult *result; (result = PQgetResult(session->connection));) {
        bytes += PQresultMemorySize(result);
        if (bytes <= DB_HELD_MAX_BYTES)
            hold(rows, result);
        else
            PQclear(result);
    }
    if (bytes > DB_HELD_MAX_BYTES)
        rows->rc = session_failed(rows->ctx, &session->base, E_TOO_LARGE, rows->name,
                                  "other queries ran before its rows were read");
    rows->streaming = false;
    session->streaming = NULL;
}

/* Reads the rest and forgets it; a long rest costs the connection instead, where no
 * transaction depends on it. */
static void drain(struct pg_session *session) {
    session->streaming = NULL;
    int n = 0;
    for (PGresult *result; (result = PQgetResult(session->connection)); n++) {
        PQclear(result);
        if (n < DRAIN_MAX || session->base.in_transaction)
            continue;
        disconnect(session);
        return;
    }
}

/* Running. */

static PGresult *run_whole(struct pg_session *session, const struct call *call,
                           const struct pg_statement *statement, const struct parameters *p) {
    PGconn *c = session->connection;
    return statement ? PQexecPrepared(c, statement->name, p->n, p->values, p->lengths, p->formats, 0)
                     : PQexecParams(c, call->sql, p->n, p->types, p->values, p->lengths,
                                    p->formats, 0);
}

/* The first row, or the end; the connection is streaming afterwards. */
static PGresult *run_streaming(struct pg_session *session, const struct call *call,
                               const struct pg_statement *statement, const struct parameters *p) {
    PGconn *c = session->connection;
    int sent = statement
                   ? PQsendQueryPrepared(c, statement->name, p->n, p->values, p->lengths,
                                         p->formats, 0)
                   : PQsendQueryParams(c, call->sql, p->n, p->types, p->values, p->lengths,
                                       p->formats, 0);
    if (!sent || !PQsetSingleRowMode(c))
        return NULL;
    return PQgetResult(c);
}

bool pg_is_good(const PGresult *result) {
    ExecStatusType status = PQresultStatus(result);
    return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK || status == PGRES_SINGLE_TUPLE;
}

/* Makes the connection ready for the call; *ret_statement as take_statement. */
static enum rc ready(struct ctx *ctx, const struct call *call, const struct parameters *p,
                     struct pg_statement **ret_statement) {
    struct pg_session *session = pg_session_of(ctx);
    enum rc rc = connect_if_needed(ctx);
    if (rc != OK)
        return rc;
    settle(session);
    session->runs++;
    return take_statement(ctx, call, p, ret_statement);
}

static enum rc run_ready(struct ctx *ctx, const struct call *call, const struct pg_statement *statement,
                         const struct parameters *p, PGresult **ret_result) {
    struct pg_session *session = pg_session_of(ctx);
    if (session->behind_n && !call->stream)
        return pg_behind_run(ctx, call, statement, p, ret_result);
    enum rc rc = pg_behind_catch_up(ctx);
    if (rc == OK)
        *ret_result = call->stream ? run_streaming(session, call, statement, p)
                                   : run_whole(session, call, statement, p);
    return rc;
}

static enum rc run_once(struct ctx *ctx, const struct call *call, const struct parameters *p,
                        PGresult **ret_result) {
    struct pg_statement *statement = NULL;
    PGresult *result = NULL;
    enum rc rc = ready(ctx, call, p, &statement);
    if (rc == OK)
        rc = run_ready(ctx, call, statement, p, &result);
    if (rc != OK)
        return rc;
    if (pg_is_good(result)) {
        *ret_result = result;
        return OK;
    }
    rc = pg_result_failed(ctx, call->name, result);
    PQclear(result);
    if (call->stream)
        drain(pg_session_of(ctx));
    return rc;
}

static enum rc run_with(struct ctx *ctx, const struct call *call, const struct parameters *p,
                        PGresult **ret_result) {
    struct pg_session *session = pg_session_of(ctx);
    bool was_open = pg_is_alive(session);
    struct err before = ctx->err;
    enum rc rc = run_once(ctx, call, p, ret_result);
    if (rc == OK || !died_idle(session, was_open))
        return rc;
    ctx->err = before;
    return run_once(ctx, call, p, ret_result);
}

static enum rc run(struct ctx *ctx, const struct call *call, PGresult **ret_result) {
    struct parameters p;
    const char *wrong = set_parameters(call, &p);
    return wrong ? session_failed(ctx, ctx->db, E_TOO_LARGE, call->name, wrong)
                 : run_with(ctx, call, &p, ret_result);
}

/* Rows. */

static enum rc query(struct ctx *ctx, const struct call *call, struct db_rows *rows) {
    enum rc rc = run(ctx, call, &rows->result);
    if (rc != OK)
        return rc;
    rows->columns = (size_t) PQnfields(rows->result);
    rows->row = -1;
    rows->streaming = call->stream;
    if (call->stream)
        pg_session_of(ctx)->streaming = rows;
    return OK;
}

/* The next result of rows that were read one by one; NULL at the end. */
static PGresult *next_result(struct db_rows *rows) {
    if (rows->held_at < rows->held_n)
        return rows->held[rows->held_at++];
    return rows->streaming ? PQgetResult(((struct pg_session *) rows->session)->connection) : NULL;
}

/* After the last row: reads to the end of what the connection has to say. */
static void finish_streaming(struct db_rows *rows) {
    if (!rows->streaming)
        return;
    rows->streaming = false;
    drain((struct pg_session *) rows->session);
}

static bool next(struct db_rows *rows) {
    if (rows->done || rows->rc != OK)
        return false;
    if (++rows->row < PQntuples(rows->result))
        return true;
    /* Of a result that is not a single row, nothing follows; its columns stay readable. */
    bool more = PQresultStatus(rows->result) == PGRES_SINGLE_TUPLE;
    PGresult *result = more ? next_result(rows) : NULL;
    if (result) {
        PQclear(rows->result);
        rows->result = result;
        rows->row = 0;
        if (!pg_is_good(result))
            rows->rc = pg_result_failed(rows->ctx, rows->name, result);
        else if (PQntuples(result) > 0)
            return true;
    }
    rows->done = true;
    finish_streaming(rows);
    return false;
}

static void rows_close(struct db_rows *rows) {
    finish_streaming(rows);
    PQclear(rows->result);
    rows->result = NULL;
    while (rows->held_at < rows->held_n)
        PQclear(rows->held[rows->held_at++]);
    mem_free(rows->held);
    rows->held = NULL;
    rows->held_n = rows->held_at = 0;
}

static const char *column_name(const struct db_rows *rows, size_t column) {
    return PQfname(rows->result, (int) column);
}

/* "\x" and two hexadecimal digits a byte. */
static struct str bytes_of_hex(struct arena *arena, struct str hex) {
    size_t n = hex.n >= 2 ? (hex.n - 2) / 2 : 0;
    char *bytes = arena_alloc(arena, n + 1);
    for (size_t i = 0; i < n; i++) {
        int high = ascii_hex_value(hex.p[2 + 2 * i]);
        int low = ascii_hex_value(hex.p[3 + 2 * i]);
        bytes[i] = (char) (high * 16 + low);
    }
    return (struct str){ bytes, n };
}

/* Sums of integers are numeric on PostgreSQL, and integers all the same. */
static struct db_value number_of(struct str text) {
    int64_t whole = 0;
    return str_to_i64(text, &whole) == OK ? db_v_int(whole) : db_v_real(strtod(text.p, NULL));
}

static struct db_value column(const struct db_rows *rows, size_t column) {
    int i = (int) column;
    if (PQgetisnull(rows->result, rows->row, i))
        return db_v_null(DB_KIND_NULL);
    struct str text = { PQgetvalue(rows->result, rows->row, i),
                        (size_t) PQgetlength(rows->result, rows->row, i) };
    switch (PQftype(rows->result, i)) {
    case OID_INT8:
    case OID_INT4:
    case OID_INT2:
    case OID_NUMERIC:
        return number_of(text);
    case OID_FLOAT4:
    case OID_FLOAT8:
        return db_v_real(strtod(text.p, NULL));
    case OID_BOOL:
        return db_v_int(text.p[0] == 't');
    case OID_BYTEA:
        return db_v_blob(bytes_of_hex(rows->ctx->arena, text));
    default:
        return db_v_text(text);
    }
}

static enum rc take_changes(PGresult *result, int64_t *ret_changes) {
    if (str_to_i64(str_of(PQcmdTuples(result)), ret_changes) != OK)
        *ret_changes = 0; /* a command that changes no rows says "" */
    PQclear(result);
    return OK;
}

static enum rc exec(struct ctx *ctx, const struct call *call, int64_t *ret_changes) {
    PGresult *result = NULL;
    enum rc rc = run(ctx, call, &result);
    return rc == OK ? take_changes(result, ret_changes) : rc;
}

static enum rc exec_rows(struct ctx *ctx, const struct call *call, struct db_table rows,
                         int64_t *ret_changes) {
    struct parameters p;
    struct buf bytes = buf_on_heap(DB_TABLE_MAX_BYTES);
    PGresult *result = NULL;
    const char *wrong = set_parameters(call, &p);
    if (!wrong)
        wrong = pg_add_columns(&p, rows, &bytes);
    enum rc rc = wrong ? session_failed(ctx, ctx->db, E_TOO_LARGE, call->name, wrong)
                       : run_with(ctx, call, &p, &result);
    buf_done(&bytes);
    return rc == OK ? take_changes(result, ret_changes) : rc;
}

static enum rc exec_later(struct ctx *ctx, const struct call *call) {
    struct parameters p;
    struct pg_statement *statement = NULL;
    const char *wrong = set_parameters(call, &p);
    if (wrong)
        return session_failed(ctx, ctx->db, E_TOO_LARGE, call->name, wrong);
    enum rc rc = ready(ctx, call, &p, &statement);
    return rc == OK ? pg_behind_send(ctx, call, statement, &p) : rc;
}

/* What came of a command, whose tag must be `tag` if given. */
static enum rc command_ended(struct ctx *ctx, const char *name, const char *tag, PGresult *result) {
    enum rc rc = OK;
    if (!pg_is_good(result))
        rc = pg_result_failed(ctx, name, result);
    else if (tag && strcmp(PQcmdStatus(result), tag) != 0)
        rc = session_failed(ctx, ctx->db, E_DB, name, PQcmdStatus(result));
    PQclear(result);
    return rc;
}

/* Statements without parameters; `tag` is the last one's. */
static enum rc run_command(struct ctx *ctx, const char *name, const char *sql, const char *tag) {
    struct pg_session *session = pg_session_of(ctx);
    settle(session);
    enum rc rc = pg_behind_catch_up(ctx);
    return rc == OK ? command_ended(ctx, name, tag, PQexec(session->connection, sql)) : rc;
}

static enum rc script(struct ctx *ctx, const char *name, const char *sql) {
    return run_command(ctx, name, sql, NULL);
}

/* Transactions. */

/* The server keeps the plan of a prepared statement, made for the tables as they were then. One
 * that was made when they were empty reads all of a table where an index would do, and that
 * remains so until the server happens to gather statistics. So plans are made anew, often at
 * first, and then ever more rarely. */
static enum rc replan_if_due(struct ctx *ctx) {
    struct pg_session *session = pg_session_of(ctx);
    if (session->runs < session->replan_at)
        return OK;
    int64_t step = session->replan_at;
    session->replan_at += step < REPLAN_STEP_MAX ? step : REPLAN_STEP_MAX;
    return run_command(ctx, "replan", "DISCARD PLANS", NULL);
}

/* With the first statement of the transaction. Where the connection died while it was idle, that is
 * seen only there, if the sending did not fail. */
static enum rc begin_behind(struct ctx *ctx) {
    static const struct call call = { .name = "begin", .sql = "BEGIN" };
    static const struct parameters none = { .n = 0 };
    struct pg_session *session = pg_session_of(ctx);
    session->is_unheard = true;
    enum rc rc = connect_if_needed(ctx);
    if (rc == OK)
        rc = replan_if_due(ctx);
    if (rc != OK)
        return rc;
    settle(session);
    return pg_behind_send(ctx, &call, NULL, &none);
}

/* With all that is behind. Something was heard of the transaction before, or whoever finds the
 * connection dead then could not tell whether it was committed. */
static enum rc commit(struct ctx *ctx) {
    static const struct call call = { .name = "commit", .sql = "COMMIT" };
    static const struct parameters none = { .n = 0 };
    PGresult *result = NULL;
    enum rc rc = pg_session_of(ctx)->is_unheard ? pg_behind_catch_up(ctx) : OK;
    if (rc != OK)
        return rc;
    if (!pg_session_of(ctx)->behind_n)
        return run_command(ctx, call.name, call.sql, call.sql);
    rc = pg_behind_run(ctx, &call, NULL, &none, &result);
    return rc == OK ? command_ended(ctx, call.name, call.sql, result) : rc;
}

static enum rc end(struct ctx *ctx, enum rc rc) {
    struct pg_session *session = pg_session_of(ctx);
    rc = rc == OK ? commit(ctx) : rc;
    if (rc == OK || PQtransactionStatus(session->connection) == PQTRANS_IDLE)
        return rc;
    struct err before = ctx->err;
    (void) pg_behind_catch_up(ctx); /* it is taken back, whatever came of it */
    /* A connection that cannot even roll back is of no use any more. */
    if (!pg_is_alive(session) || run_command(ctx, "rollback", "ROLLBACK", "ROLLBACK") != OK)
        disconnect(session);
    ctx->err = before;
    return rc;
}

static enum rc try_once(struct ctx *ctx, db_work *work, void *arg) {
    struct pg_session *session = pg_session_of(ctx);
    bool was_open = pg_is_alive(session);
    session->again = false;
    enum rc rc = begin_behind(ctx);
    bool has_begun = rc == OK;
    session->base.in_transaction = has_begun;
    session->base.failed = OK;
    if (has_begun)
        rc = work(ctx, arg);
    if (rc == OK)
        rc = session->base.failed;
    rows_close_inside(&session->base);
    rc = has_begun ? end(ctx, rc) : rc;
    session->again = session->again || (rc != OK && was_open && session->is_unheard && !pg_is_alive(session));
    session->base.db->commits += rc == OK;
    session->base.in_transaction = false;
    session->base.failed = OK;
    return rc;
}

/* Where estimates are far off, as of the feed of changes, compiling a statement of a
 * millisecond took half a second. */
static enum rc moment_begin(struct ctx *ctx) {
    static const char sql[] = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL jit = off";
    struct pg_session *session = pg_session_of(ctx);
    bool was_open = pg_is_alive(session);
    struct err before = ctx->err;
    enum rc rc = connect_if_needed(ctx);
    if (rc != OK)
        return rc;
    rc = replan_if_due(ctx);
    if (rc == OK)
        rc = run_command(ctx, "begin", sql, "SET");
    if (rc == OK || !died_idle(session, was_open))
        return rc;
    ctx->err = before;
    rc = connect_session(ctx);
    return rc == OK ? run_command(ctx, "begin", sql, "SET") : rc;
}

/* So that those who met do not meet again. */
static void pause_before(int attempt) {
    uint32_t most = 2u << attempt;
    if (most > PAUSE_MAX_MS)
        most = PAUSE_MAX_MS;
    long ms = 1 + (long) rand_below(most);
    struct timespec left = { .tv_nsec = ms * 1000000 };
    (void) nanosleep(&left, NULL); /* shorter is fine */
}

static enum rc transact(struct ctx *ctx, db_work *work, void *arg) {
    struct ctx before = *ctx;
    for (int attempt = 1;; attempt++) {
        enum rc rc = try_once(ctx, work, arg);
        if (rc == OK || !pg_session_of(ctx)->again || attempt == TRIES_MAX)
            return rc;
        ctx->err = before.err;
        ctx->problems = before.problems;
        ctx->problem_count = before.problem_count;
        pause_before(attempt);
    }
}

static enum rc backup(struct ctx *ctx, const char *path) {
    return fail(ctx, E_UNSUPPORTED, "backup to %s: use pg_dump or pg_basebackup", path);
}

/* Its log is the server's, which keeps and recycles it by its own settings. */
static enum rc empty_log(struct ctx *ctx) {
    (void) ctx;
    return OK;
}

static enum rc rewrite(struct ctx *ctx) {
    return fail(ctx, E_UNSUPPORTED, "use VACUUM FULL for this database");
}

/* The database. */

static void close_db(struct db *base) {
    struct pg_db *db = (struct pg_db *) base;
    mem_free(db->url);
    mem_free(db->password);
    mem_free(db);
}

enum rc pg_open(struct ctx *ctx, const char *url, struct db **ret_db) {
    ASSERT(PQisthreadsafe());
    /* What libpq says about a malformed URL quotes it, password and all. */
    PQconninfoOption *options = PQconninfoParse(url, NULL);
    if (!options)
        return fail(ctx, E_INVALID, "the database URL is malformed");
    struct pg_db *db = MEM_NEW(struct pg_db);
    db->base.engine = &engine;
    db->url = mem_strdup(url);
    for (const PQconninfoOption *o = options; o->keyword; o++)
        if (strcmp(o->keyword, "password") == 0 && o->val)
            db->password = mem_strdup(o->val);
    PQconninfoFree(options);
    *ret_db = &db->base;
    return OK;
}

static const struct engine engine = {
    .kind = DB_POSTGRES,
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
    .transact = transact,
    .moment_begin = moment_begin,
    .moment_end = end,
    .backup = backup,
    .empty_log = empty_log,
    .rewrite = rewrite,
};
