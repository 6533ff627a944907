/* Statements that nobody waits for (db_exec_later). They are sent in libpq's pipeline mode, which
 * answers all of them together with the next that somebody waits for: one round trip for many.
 * After one that fails the server passes over the rest. */
#include "db/pg.h"

static int send_call(PGconn *c, const struct call *call, const struct pg_statement *statement,
                     const struct parameters *p) {
    return statement ? PQsendQueryPrepared(c, statement->name, p->n, p->values, p->lengths,
                                           p->formats, 0)
                     : PQsendQueryParams(c, call->sql, p->n, p->types, p->values, p->lengths,
                                         p->formats, 0);
}

enum rc pg_behind_send(struct ctx *ctx, const struct call *call,
                       const struct pg_statement *statement, const struct parameters *p) {
    struct pg_session *session = pg_session_of(ctx);
    if (session->behind_n == BEHIND_MAX) {
        enum rc rc = pg_behind_catch_up(ctx);
        if (rc != OK)
            return rc;
    }
    if (session->behind_n == 0 && !PQenterPipelineMode(session->connection))
        return pg_connection_failed(ctx, call->name);
    if (send_call(session->connection, call, statement, p)) {
        session->behind[session->behind_n++] = call->name;
        return OK;
    }
    enum rc rc = pg_connection_failed(ctx, call->name);
    if (session->behind_n == 0)
        (void) PQexitPipelineMode(session->connection); /* there is nothing to wait for */
    return rc;
}

/* What came of one statement: a result, and a NULL that ends it. */
static PGresult *answer(PGconn *c) {
    PGresult *result = PQgetResult(c);
    if (result)
        PQclear(PQgetResult(c));
    return result;
}

static enum rc read_behind(struct ctx *ctx) {
    struct pg_session *session = pg_session_of(ctx);
    enum rc rc = OK;
    for (int i = 0; i < session->behind_n && pg_is_alive(session); i++) {
        PGresult *result = answer(session->connection);
        bool is_good = pg_is_good(result);
        if (rc == OK && !is_good)
            rc = pg_result_failed(ctx, session->behind[i], result);
        session->is_unheard = session->is_unheard && !is_good;
        PQclear(result);
    }
    session->behind_n = 0;
    return rc;
}

/* Reads the end of the pipeline and leaves its mode. */
static enum rc leave(struct ctx *ctx) {
    PGconn *c = pg_session_of(ctx)->connection;
    PGresult *end = PQgetResult(c);
    bool ended = PQresultStatus(end) == PGRES_PIPELINE_SYNC && PQexitPipelineMode(c);
    PQclear(end);
    return ended ? OK : pg_connection_failed(ctx, "pipeline");
}

enum rc pg_behind_run(struct ctx *ctx, const struct call *call,
                      const struct pg_statement *statement, const struct parameters *p,
                      PGresult **ret_result) {
    PGconn *c = pg_session_of(ctx)->connection;
    if (!send_call(c, call, statement, p) || !PQpipelineSync(c))
        return pg_connection_failed(ctx, call->name);
    enum rc rc = read_behind(ctx);
    PGresult *own = answer(c);
    enum rc left = leave(ctx);
    rc = rc == OK ? left : rc;
    if (rc == OK)
        *ret_result = own;
    else
        PQclear(own);
    return rc;
}

enum rc pg_behind_catch_up(struct ctx *ctx) {
    struct pg_session *session = pg_session_of(ctx);
    if (session->behind_n == 0)
        return OK;
    if (!PQpipelineSync(session->connection))
        return pg_connection_failed(ctx, "pipeline");
    enum rc rc = read_behind(ctx), left = leave(ctx);
    return rc == OK ? left : rc;
}
