/* The part of db.h that is the same for both engines: sessions, the rule that a
 * failed statement ends its transaction, closing of rows, counters. */
#include "base/check.h"
#include "db/engine.h"

enum rc db_open(struct ctx *ctx, const struct db_options *options, struct db **ret_db) {
    return options->url ? pg_open(ctx, options->url, ret_db)
                        : sqlite_open(ctx, options->data_dir, ret_db);
}

void db_close(struct db **db) {
    if (!*db)
        return;
    ASSERT((*db)->sessions == 0);
    (*db)->engine->close(*db);
    *db = NULL;
}

enum db_engine db_engine(const struct db *db) {
    return db->engine->kind;
}

struct db_session *db_session_open(struct db *db) {
    struct db_session *session = db->engine->session_open(db);
    session->db = db;
    db->sessions++;
    return session;
}

struct db *db_of(const struct db_session *session) {
    return session->db;
}

void session_note_failure(struct ctx *ctx, struct db_session *session, enum rc rc,
                          const char *name, const char *message) {
    session->db->failures++;
    if (session->in_transaction && session->failed == OK)
        session->failed = rc;
    (void) fail(ctx, rc, "%s: %s", name, message); /* session_failed returns it */
}

/* OK when a statement may be run now; counts it. */
static enum rc statement_begins(struct ctx *ctx, const char *name) {
    struct db_session *session = ctx->db;
    session->db->queries++;
    if (session->failed != OK)
        return fail(ctx, session->failed, "%s: the transaction has failed before", name);
    return OK;
}

static void rows_begin(struct ctx *ctx, const struct call *call, struct db_rows *rows) {
    struct db_session *session = ctx->db;
    *rows = (struct db_rows){ .session = session, .ctx = ctx, .name = call->name,
                              .inside = session->in_transaction,
                              .next = session->open_rows, .link = &session->open_rows };
    if (rows->next)
        rows->next->link = &rows->next;
    session->open_rows = rows;
}

static void rows_end(struct db_rows *rows) {
    struct db_session *session = rows->session;
    if (!session)
        return;
    session->db->engine->rows_close(rows);
    *rows->link = rows->next;
    if (rows->next)
        rows->next->link = rows->link;
    rows->session = NULL;
    rows->on_row = false;
}

static void rows_end_deferred(void *rows) {
    rows_end(rows);
}

void rows_close_inside(struct db_session *session) {
    for (struct db_rows *rows = session->open_rows, *next; rows; rows = next) {
        next = rows->next;
        if (rows->inside)
            rows_end(rows);
    }
}

void db_session_close(struct db_session **session) {
    struct db_session *s = *session;
    if (!s)
        return;
    ASSERT(!s->in_transaction);
    while (s->open_rows)
        rows_end(s->open_rows);
    s->db->sessions--;
    s->db->engine->session_close(s);
    *session = NULL;
}

/* Runs the call; leaves nothing open on failure. */
static enum rc rows_run(struct ctx *ctx, const struct call *call, struct db_rows *rows) {
    enum rc rc = statement_begins(ctx, call->name);
    if (rc != OK)
        return rc;
    rows_begin(ctx, call, rows);
    rc = ctx->db->db->engine->query(ctx, call, rows);
    if (rc != OK)
        rows_end(rows);
    return rc;
}

static struct call call_of(const struct ctx *ctx, const struct query *query, struct db_args args) {
    bool pg = db_engine(ctx->db->db) == DB_POSTGRES && query->pg;
    return (struct call){ .key = query, .name = query->name, .sql = pg ? query->pg : query->sql,
                          .args = args };
}

enum rc rows_query(struct ctx *ctx, const struct query *query, struct db_args args,
                   struct db_rows *rows) {
    struct call call = call_of(ctx, query, args);
    return rows_run(ctx, &call, rows);
}

/* Rows that outlive the caller's frame: on the arena, closed with it. */
static enum rc rows_open(struct ctx *ctx, const struct call *call, struct db_rows **ret_rows) {
    struct db_rows *rows = ARENA_NEW(ctx->arena, struct db_rows);
    enum rc rc = rows_run(ctx, call, rows);
    if (rc != OK)
        return rc;
    arena_defer(ctx->arena, rows_end_deferred, rows);
    *ret_rows = rows;
    return OK;
}

enum rc db_query(struct ctx *ctx, const struct query *query, struct db_args args,
                 struct db_rows **ret_rows) {
    struct call call = call_of(ctx, query, args);
    call.stream = true;
    return rows_open(ctx, &call, ret_rows);
}

enum rc db_query_built(struct ctx *ctx, struct str sql, struct db_args args,
                       struct db_rows **ret_rows) {
    struct call call = { .name = "built query", .sql = arena_cstr(ctx->arena, sql), .args = args,
                         .stream = true };
    return rows_open(ctx, &call, ret_rows);
}

bool db_next(struct db_rows *rows) {
    rows->on_row = rows->session && rows->session->db->engine->next(rows);
    return rows->on_row;
}

enum rc db_rows_close(struct db_rows *rows) {
    rows_end(rows);
    return rows->rc;
}

static enum rc write_begins(struct ctx *ctx, const struct query *query) {
    enum rc rc = statement_begins(ctx, query->name);
    if (rc == OK && !ctx->db->in_transaction)
        return session_failed(ctx, ctx->db, E_DB, query->name, "written outside db_transact");
    return rc;
}

enum rc db_exec_later(struct ctx *ctx, const struct query *query, struct db_args args) {
    enum rc rc = write_begins(ctx, query);
    struct call call = call_of(ctx, query, args);
    return rc == OK ? ctx->db->db->engine->exec_later(ctx, &call) : rc;
}

enum rc db_exec(struct ctx *ctx, const struct query *query, struct db_args args,
                int64_t *ret_changes) {
    enum rc rc = write_begins(ctx, query);
    if (rc != OK)
        return rc;
    struct call call = call_of(ctx, query, args);
    int64_t changes = 0;
    rc = ctx->db->db->engine->exec(ctx, &call, &changes);
    if (rc == OK && ret_changes)
        *ret_changes = changes;
    return rc;
}

enum rc db_exec_rows(struct ctx *ctx, const struct query *query, struct db_args args,
                     struct db_table rows, int64_t *ret_changes) {
    ASSERT(rows.n > 0 && rows.width > 0);
    enum rc rc = write_begins(ctx, query);
    if (rc != OK)
        return rc;
    struct call call = call_of(ctx, query, args);
    int64_t changes = 0;
    rc = ctx->db->db->engine->exec_rows(ctx, &call, rows, &changes);
    if (rc == OK && ret_changes)
        *ret_changes = changes;
    return rc;
}

enum rc db_script(struct ctx *ctx, const char *name, const char *sql) {
    ASSERT(ctx->db->in_transaction);
    enum rc rc = statement_begins(ctx, name);
    return rc == OK ? ctx->db->db->engine->script(ctx, name, sql) : rc;
}

enum rc db_transact(struct ctx *ctx, db_work *work, void *arg) {
    if (ctx->db->in_transaction)
        return work(ctx, arg);
    struct db *db = ctx->db->db;
    int64_t marks = db->marks;
    db->writer_queue++;
    enum rc rc = db->engine->transact(ctx, work, arg);
    db->writer_queue--;
    db->writes++;
    if (db->marks != marks) /* perhaps another's: one too many does no harm */
        db->marked++;
    return rc;
}

void db_mark(struct ctx *ctx) {
    ctx->db->db->marks++;
}

enum rc db_at_one_moment(struct ctx *ctx, db_work *work, void *arg) {
    struct db_session *session = ctx->db;
    const struct engine *engine = session->db->engine;
    ASSERT(!session->in_transaction);
    enum rc rc = engine->moment_begin(ctx);
    if (rc != OK)
        return rc;
    session->in_transaction = true;
    session->failed = OK;
    rc = work(ctx, arg);
    if (rc == OK)
        rc = session->failed;
    rows_close_inside(session);
    session->in_transaction = false;
    session->failed = OK;
    return engine->moment_end(ctx, rc);
}

enum rc db_empty_log(struct ctx *ctx) {
    ASSERT(!ctx->db->in_transaction);
    return ctx->db->db->engine->empty_log(ctx);
}

enum rc db_rewrite(struct ctx *ctx) {
    ASSERT(!ctx->db->in_transaction);
    return ctx->db->db->engine->rewrite(ctx);
}

enum rc db_backup(struct ctx *ctx, const char *path) {
    return ctx->db->db->engine->backup(ctx, path);
}

void db_stats(const struct db *db, struct db_stats *ret_stats) {
    *ret_stats = (struct db_stats){
        .queries = db->queries, .writes = db->writes, .marked = db->marked,
        .commits = db->commits, .failures = db->failures, .writer_queue = db->writer_queue,
    };
}
