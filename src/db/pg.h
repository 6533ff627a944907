/* PostgreSQL, between db_pg.c (connections, statements, rows, transactions), pg_behind.c
 * (statements that nobody waits for) and pg_columns.c (rows that go into a statement). */
#ifndef DB_PG_H
#define DB_PG_H

#include <libpq-fe.h>

#include "base/buf.h"
#include "base/map.h"
#include "db/engine.h"

enum { PARAMETERS_MAX = 256, BEHIND_MAX = 64 };

/* Types of values and columns, from PostgreSQL's catalogue pg_type. */
enum { OID_INT8 = 20, OID_TEXT = 25 };

struct pg_statement {
    const struct query *key;
    const char *name;
    size_t n;
    Oid types[];
};

/* Values in the form that libpq takes. */
struct parameters {
    int n;
    Oid types[PARAMETERS_MAX];
    const char *values[PARAMETERS_MAX];
    int lengths[PARAMETERS_MAX];
    int formats[PARAMETERS_MAX];
    uint64_t numbers[PARAMETERS_MAX]; /* in network order */
};

struct pg_session {
    struct db_session base;
    PGconn *connection;   /* NULL: not connected yet */
    struct arena *arena;  /* of the statements; as old as the connection */
    struct map statements;
    struct db_rows *streaming; /* the rows that the connection is delivering */
    bool again; /* the running transaction failed in a way that a repetition mends */
    bool is_unheard; /* the server has answered nothing in it yet */
    int64_t runs, replan_at; /* statements that the connection ran; it plans anew at so many */
    const char *behind[BEHIND_MAX]; /* names of those that were sent and not heard of yet */
    int behind_n;                   /* more than 0: the connection is in pipeline mode */
};

static inline struct pg_session *pg_session_of(const struct ctx *ctx) {
    return (struct pg_session *) ctx->db;
}

static inline bool pg_is_alive(const struct pg_session *session) {
    return session->connection && PQstatus(session->connection) == CONNECTION_OK;
}

/* Adds an array for each column, whose bytes are in `bytes`. NULL, or what is wrong with them. */
const char *pg_add_columns(struct parameters *p, struct db_table rows, struct buf *bytes);

bool pg_is_good(const PGresult *result);
/* Note what the server said of a statement, or libpq of the connection, and return its code. */
enum rc pg_result_failed(struct ctx *ctx, const char *name, const PGresult *result);
enum rc pg_connection_failed(struct ctx *ctx, const char *name);

/* Sends the call, whose outcome is heard of with the next that is waited for. */
MUST_USE enum rc pg_behind_send(struct ctx *ctx, const struct call *call,
                                const struct pg_statement *statement, const struct parameters *p);
/* Sends the call and waits for it and all before it. Fails when one before it failed; *ret_result
 * is the call's own otherwise, good or not. While something is behind. */
MUST_USE enum rc pg_behind_run(struct ctx *ctx, const struct call *call,
                               const struct pg_statement *statement, const struct parameters *p,
                               PGresult **ret_result);
/* Waits for all that is behind; the first failure of those. OK when there is nothing. */
enum rc pg_behind_catch_up(struct ctx *ctx);

#endif
