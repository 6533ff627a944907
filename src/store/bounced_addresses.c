#include "store/bounced_addresses.h"

#include "base/check.h"
#include "base/vec.h"
#include "db/sql.h"
#include "store/queries.h"
#include "store/validations.h"

static const struct query note
    = { "bounced_address_note",
        "INSERT INTO bounced_addresses (account_id, key, bounced_at) VALUES ($1, $2, $3) "
        "ON CONFLICT (account_id, key) DO UPDATE SET bounced_at = excluded.bounced_at",
        NULL };
static const struct query mark
    = { "bounced_address_mark",
        "UPDATE validation_emails SET result = 'undeliverable', reason = '" BOUNCED_REASON "', "
        "detail = '" BOUNCED_DETAIL "', checked_at = $3 "
        "WHERE account_id = $1 AND key = $2 AND result <> 'undeliverable'",
        NULL };
static const struct query forget
    = { "bounced_address_forget", "DELETE FROM bounced_addresses WHERE account_id = $1 AND key = $2", NULL };
#define AMONG(set) \
    "SELECT key FROM bounced_addresses WHERE account_id = $1 AND bounced_at > $2 AND key IN (SELECT value FROM " set ")"
static const struct query among
    = { "bounced_addresses_among", AMONG("json_each($3)"), AMONG("json_array_elements_text($3::json) AS k (value)") };

static const struct query *const queries[] = { &note, &mark, &forget, &among };
const struct query_table bounced_address_queries = QUERY_TABLE(queries);

enum rc bounced_address_note(struct ctx *ctx, struct str email) {
    if (str_is_empty(email))
        return OK;
    const struct db_args args = DB_ARGS(db_v_text(ctx->account_id), db_v_text(validation_key(ctx->arena, email)),
                                        db_v_int(ctx_now(ctx)));
    enum rc rc = db_exec(ctx, &note, args, NULL);
    return rc == OK ? db_exec(ctx, &mark, args, NULL) : rc;
}

enum rc bounced_address_forget(struct ctx *ctx, struct str email) {
    if (str_is_empty(email))
        return OK;
    return db_exec(ctx, &forget,
                   DB_ARGS(db_v_text(ctx->account_id), db_v_text(validation_key(ctx->arena, email))), NULL);
}

enum rc bounced_addresses_among(struct ctx *ctx, struct strs keys, struct strs *bounced) {
    struct db_rows *rows = NULL;
    enum rc rc = db_query(ctx, &among,
                          DB_ARGS(db_v_text(ctx->account_id), db_v_int(ctx_now(ctx) - BOUNCED_FOR_MS),
                                  sql_texts(ctx->arena, keys)),
                          &rows);
    if (rc != OK)
        return rc;
    while (db_next(rows))
        strs_add(ctx->arena, bounced, arena_str(ctx->arena, db_text(rows, 0)));
    return db_rows_close(rows);
}
