#include "store/connections.h"

#include "base/check.h"
#include "db/sql.h"
#include "store/queries.h"
#include "store/users.h"

#define T struct connections
static const struct field connection_rows[] = {
    F_BOOL(T, dialer, .example = "true", .doc = "A line to call with: sequences with calls need it."),
    F_BOOL(T, linkedin, .example = "true",
           .doc = "A LinkedIn account: sequences with automatic LinkedIn stages need it."),
    F_BOOL(T, voice_clone, .example = "false",
           .doc = "A voice: sequences with automatic voice messages need it."),
    F_BOOL(T, copywriter, .example = "false",
           .doc = "A writer of spoken texts: automatic voice messages need it too."),
    F_INT(T, ai_credits, .min = 0, .max = 1000000000, .example = "0",
          .doc = "How many automatic voice messages may still be made."),
    F_ID(T, user_id, .flags = FIELD_HIDDEN),
};
#undef T
const struct fields connections_fields
    = FIELDS("UserConnections", struct connections, connection_rows,
             .doc = "What a user has connected beside mailboxes.");

#define COLUMNS "user_id, dialer, linkedin, voice_clone, copywriter, ai_credits"
static const struct query get
    = { "connections_get",
        "SELECT " COLUMNS " FROM user_connections WHERE account_id = $1 AND user_id = $2", NULL };
static const struct query of_users
    = { "connections_of",
        "SELECT " COLUMNS " FROM user_connections WHERE account_id = $1 "
        "AND user_id IN (SELECT value FROM json_each($2))",
        "SELECT " COLUMNS " FROM user_connections WHERE account_id = $1 "
        "AND user_id IN (SELECT json_array_elements_text($2::json))" };
static const struct query put
    = { "connections_put",
        "INSERT INTO user_connections (account_id, " COLUMNS ") "
        "VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (account_id, user_id) DO UPDATE SET "
        "dialer = excluded.dialer, linkedin = excluded.linkedin, "
        "voice_clone = excluded.voice_clone, copywriter = excluded.copywriter, "
        "ai_credits = excluded.ai_credits",
        NULL };

static const struct query *const queries[] = { &get, &of_users, &put };
const struct query_table connection_queries = QUERY_TABLE(queries);

enum rc connections_get(struct ctx *ctx, struct str user_id,
                        struct connections *ret_connections) {
    struct user user;
    struct connections found = { user_id, NO, NO, NO, NO, opt_int(0) };
    enum rc rc = user_get(ctx, user_id, &user);
    if (rc != OK)
        return rc;
    rc = db_get(ctx, &get, DB_ARGS(db_v_text(ctx->account_id), db_v_text(user_id)),
                &connections_fields, &found);
    if (rc != OK && rc != E_NOT_FOUND)
        return rc;
    *ret_connections = found;
    return OK;
}

struct change_work {
    struct str user_id;
    const struct connections *changes;
    struct connections now;
};

static enum rc change(struct ctx *ctx, void *arg) {
    struct change_work *w = arg;
    enum rc rc = connections_get(ctx, w->user_id, &w->now);
    if (rc != OK)
        return rc;
    for (size_t i = 0; i < LENGTH(connection_rows); i++)
        if (field_is_set(&connection_rows[i], w->changes))
            field_copy(&connection_rows[i], &w->now, w->changes);
    return db_exec(ctx, &put,
                   DB_ARGS(db_v_text(ctx->account_id), db_v_text(w->user_id),
                           db_v_tri(w->now.dialer), db_v_tri(w->now.linkedin),
                           db_v_tri(w->now.voice_clone), db_v_tri(w->now.copywriter),
                           db_v_opt(w->now.ai_credits)),
                   NULL);
}

enum rc connections_change(struct ctx *ctx, struct str user_id, const struct connections *changes,
                           struct connections *ret_connections) {
    struct change_work work = { .user_id = user_id, .changes = changes };
    enum rc rc = db_transact(ctx, change, &work);
    if (rc == OK)
        *ret_connections = work.now;
    return rc;
}

enum rc connections_of(struct ctx *ctx, struct strs user_ids, struct list *ret_list) {
    struct list found = { 0 };
    enum rc rc = db_list(ctx, &of_users,
                         DB_ARGS(db_v_text(ctx->account_id), sql_texts(ctx->arena, user_ids)),
                         &connections_fields, &found);
    if (rc == OK)
        *ret_list = found;
    return rc;
}
