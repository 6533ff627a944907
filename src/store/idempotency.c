#include "store/idempotency.h"

#include "db/db.h"
#include "db/sql.h"
#include "store/queries.h"

#define T struct stored
struct stored {
    struct str fingerprint;
    struct idempotency_answer answer;
};
static const struct field stored_rows[] = {
    { .name = "status", .type = FIELD_INT, .offset = offsetof(T, answer.status) },
    { .name = "headers", .type = FIELD_STRS, .offset = offsetof(T, answer.headers) },
    { .name = "body", .type = FIELD_STR, .offset = offsetof(T, answer.body) },
};
static const struct fields stored_fields = FIELDS("StoredAnswer", T, stored_rows);
#undef T

/* A key is free when it is too old, or when its holder's claim ran out and the same is
 * asked again. */
static const struct query claim_key
    = { "idempotency_claim",
        "INSERT INTO idempotency_keys (account_id, key, fingerprint, locked_until, created_at) "
        "VALUES ($1, $2, $3, $4, $5) ON CONFLICT (account_id, key) DO UPDATE SET "
        "fingerprint = excluded.fingerprint, status = NULL, headers = NULL, body = NULL, "
        "locked_until = excluded.locked_until, created_at = excluded.created_at "
        "WHERE idempotency_keys.created_at <= $6 OR (idempotency_keys.status IS NULL "
        "AND idempotency_keys.locked_until <= $5 "
        "AND idempotency_keys.fingerprint = excluded.fingerprint)",
        NULL };
static const struct query get
    = { "idempotency_get",
        "SELECT status, headers, body FROM idempotency_keys "
        "WHERE account_id = $1 AND key = $2 AND fingerprint = $3",
        NULL };
static const struct query store
    = { "idempotency_store",
        "UPDATE idempotency_keys SET status = $4, headers = $5, body = $6 "
        "WHERE account_id = $1 AND key = $2 AND locked_until = $3 AND status IS NULL",
        NULL };
static const struct query release
    = { "idempotency_release",
        "DELETE FROM idempotency_keys "
        "WHERE account_id = $1 AND key = $2 AND locked_until = $3 AND status IS NULL",
        NULL };
static const struct query purge
    = { "idempotency_purge",
        "DELETE FROM idempotency_keys WHERE (account_id, key) IN (SELECT account_id, key "
        "FROM idempotency_keys WHERE created_at <= $1 ORDER BY created_at LIMIT $2)",
        NULL };

/* The end of the step of $3 keys that follows the key ($1, $2). */
static const struct query step_end
    = { "idempotency_step_end",
        "SELECT account_id, key FROM (SELECT account_id, key FROM idempotency_keys "
        "WHERE (account_id, key) > ($1, $2) ORDER BY account_id, key LIMIT $3) AS step "
        "ORDER BY account_id DESC, key DESC LIMIT 1",
        NULL };
#define FORGET                                                                             \
    "DELETE FROM idempotency_keys WHERE (account_id, key) > ($1, $2) "                     \
    "AND (account_id, key) <= ($3, $4) AND EXISTS "
static const struct query forget
    = { "idempotency_forget",
        FORGET "(SELECT 1 FROM json_each($5) WHERE instr(lower(body), value) > 0)",
        FORGET "(SELECT 1 FROM json_array_elements_text($5::json) AS w (value) "
               "WHERE strpos(lower(body), value) > 0)" };

static const struct query *const queries[]
    = { &claim_key, &get, &store, &release, &purge, &step_end, &forget };
const struct query_table idempotency_queries = QUERY_TABLE(queries);

struct claim_work {
    struct idempotency_claim *claim;
    bool is_ours;
    struct stored stored;
};

static enum rc claim_work(struct ctx *ctx, void *arg) {
    struct claim_work *w = arg;
    struct db_value account = db_v_text(ctx->account_id), key = db_v_text(w->claim->key);
    struct db_value fingerprint = db_v_blob(w->claim->fingerprint);
    int64_t now = ctx_now(ctx), changes;
    w->claim->locked_until = now + w->claim->lock_ms;
    enum rc rc = db_exec(ctx, &claim_key,
                         DB_ARGS(account, key, fingerprint, db_v_int(w->claim->locked_until),
                                 db_v_int(now), db_v_int(now - IDEMPOTENCY_LIFE_MS)),
                         &changes);
    w->is_ours = rc == OK && changes > 0;
    if (rc != OK || w->is_ours)
        return rc;
    rc = db_get(ctx, &get, DB_ARGS(account, key, fingerprint), &stored_fields, &w->stored);
    return rc == E_NOT_FOUND ? E_CONFLICT : rc;
}

enum rc idempotency_claim(struct ctx *ctx, struct idempotency_claim *claim, bool *ret_is_ours,
                          struct idempotency_answer *ret_answer) {
    struct claim_work work = { .claim = claim };
    enum rc rc = db_transact(ctx, claim_work, &work);
    if (rc != OK)
        return rc;
    *ret_is_ours = work.is_ours;
    *ret_answer = work.stored.answer;
    return OK;
}

struct store_work {
    const struct idempotency_claim *claim;
    const struct idempotency_answer *answer;
};

static enum rc store_work(struct ctx *ctx, void *arg) {
    const struct store_work *w = arg;
    return db_exec(ctx, &store,
                   DB_ARGS(db_v_text(ctx->account_id), db_v_text(w->claim->key),
                           db_v_int(w->claim->locked_until), db_v_opt(w->answer->status),
                           sql_texts(ctx->arena, w->answer->headers), db_v_text(w->answer->body)),
                   NULL);
}

enum rc idempotency_store(struct ctx *ctx, const struct idempotency_claim *claim,
                          const struct idempotency_answer *answer) {
    struct store_work work = { claim, answer };
    return db_transact(ctx, store_work, &work);
}

static enum rc release_work(struct ctx *ctx, void *arg) {
    const struct idempotency_claim *claim = arg;
    return db_exec(ctx, &release,
                   DB_ARGS(db_v_text(ctx->account_id), db_v_text(claim->key),
                           db_v_int(claim->locked_until)),
                   NULL);
}

enum rc idempotency_release(struct ctx *ctx, const struct idempotency_claim *claim) {
    struct idempotency_claim copy = *claim;
    return db_transact(ctx, release_work, &copy);
}

struct purge_work {
    int limit;
    int64_t purged;
};

static enum rc purge_work(struct ctx *ctx, void *arg) {
    struct purge_work *w = arg;
    return db_exec(ctx, &purge,
                   DB_ARGS(db_v_int(ctx_now(ctx) - IDEMPOTENCY_LIFE_MS), db_v_int(w->limit)),
                   &w->purged);
}

enum rc idempotency_purge(struct ctx *ctx, int limit, int64_t *ret_purged) {
    struct purge_work work = { limit, 0 };
    enum rc rc = db_transact(ctx, purge_work, &work);
    if (rc == OK)
        *ret_purged = work.purged;
    return rc;
}

enum { FORGET_STEP = 500 };

struct forget_work {
    struct str account, key;           /* what comes after this key … */
    struct str end_account, end_key;   /* … up to this one */
    struct db_value words;
};

static enum rc forget_work(struct ctx *ctx, void *arg) {
    const struct forget_work *w = arg;
    return db_exec(ctx, &forget,
                   DB_ARGS(db_v_text(w->account), db_v_text(w->key), db_v_text(w->end_account),
                           db_v_text(w->end_key), w->words),
                   NULL);
}

/* E_NOT_FOUND when no key follows. */
static enum rc find_step_end(struct ctx *ctx, struct forget_work *w) {
    struct db_rows *rows;
    enum rc rc = db_query(ctx, &step_end,
                          DB_ARGS(db_v_text(w->account), db_v_text(w->key), db_v_int(FORGET_STEP)),
                          &rows);
    if (rc != OK)
        return rc;
    bool found = db_next(rows);
    if (found) {
        w->end_account = db_text(rows, 0);
        w->end_key = db_text(rows, 1);
    }
    rc = db_rows_close(rows);
    return rc == OK && !found ? E_NOT_FOUND : rc;
}

enum rc idempotency_forget(struct ctx *ctx, struct strs words) {
    struct forget_work work = { .account = STR(""), .key = STR(""),
                                .words = sql_texts(ctx->arena, words) };
    enum rc rc = OK;
    while (rc == OK) {
        rc = find_step_end(ctx, &work);
        if (rc == OK)
            rc = db_transact(ctx, forget_work, &work);
        work.account = work.end_account;
        work.key = work.end_key;
    }
    return rc == E_NOT_FOUND ? OK : rc;
}
