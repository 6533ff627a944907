/* A charge locks the balance's row first, so that charges of one account and kind come
 * one after the other and the count of what is new cannot change before it is paid. */
#include "store/credits.h"

#include <stdatomic.h>

#include "base/check.h"
#include "base/rand.h"
#include "base/vec.h"
#include "db/db.h"
#include "db/sql.h"
#include "store/queries.h"

static const struct str kind_words[CREDIT_KIND_COUNT] = { { "email", 5 }, { "phone", 5 } };

static const struct query balance
    = { "credits_balance", "SELECT kind, halves FROM credit_balances WHERE account_id = $1", NULL };
static const struct query add
    = { "credits_grant",
        "INSERT INTO credit_balances (account_id, kind, halves) VALUES ($1, $2, $3) "
        "ON CONFLICT (account_id, kind) DO UPDATE "
        "SET halves = credit_balances.halves + excluded.halves",
        NULL };
static const struct query lock
    = { "credits_lock", "SELECT halves FROM credit_balances WHERE account_id = $1 AND kind = $2",
        "SELECT halves FROM credit_balances WHERE account_id = $1 AND kind = $2 FOR UPDATE" };
/* In the order in which charges take them, email first. */
static const struct query lock_all
    = { "credits_lock_all",
        "SELECT kind, halves FROM credit_balances WHERE account_id = $1 ORDER BY kind",
        "SELECT kind, halves FROM credit_balances WHERE account_id = $1 ORDER BY kind "
        "FOR UPDATE" };
static const struct query paid
    = { "credits_paid",
        "SELECT k.value FROM json_each($2) k WHERE EXISTS "
        "(SELECT 1 FROM credit_entries e WHERE e.account_id = $1 AND e.charge_key = k.value)",
        "SELECT k.value FROM json_array_elements_text($2::json) k(value) WHERE EXISTS "
        "(SELECT 1 FROM credit_entries e WHERE e.account_id = $1 AND e.charge_key = k.value)" };
static const struct query found_due
    = { "credits_found_due",
        "SELECT k.value FROM json_each($2) k WHERE NOT EXISTS (SELECT 1 FROM found_charges f "
        "WHERE f.account_id = $1 AND f.person_id = k.value AND f.charged_at > $3)",
        "SELECT k.value FROM json_array_elements_text($2::json) k(value) WHERE NOT EXISTS "
        "(SELECT 1 FROM found_charges f "
        "WHERE f.account_id = $1 AND f.person_id = k.value AND f.charged_at > $3)" };
static const struct query found_note
    = { "credits_found_note",
        "INSERT INTO found_charges (account_id, person_id, charged_at) "
        "SELECT DISTINCT $1, value, $3 FROM json_each($2) WHERE 1 = 1 "
        "ON CONFLICT (account_id, person_id) DO UPDATE SET charged_at = excluded.charged_at",
        "INSERT INTO found_charges (account_id, person_id, charged_at) "
        "SELECT DISTINCT $1, value, $3::bigint FROM json_array_elements_text($2::json) "
        "ON CONFLICT (account_id, person_id) DO UPDATE SET charged_at = excluded.charged_at" };
static const struct query count_new
    = { "credits_count_new",
        "SELECT count(DISTINCT k.value) FROM json_each($2) k WHERE NOT EXISTS "
        "(SELECT 1 FROM credit_entries e WHERE e.account_id = $1 AND e.charge_key = k.value)",
        "SELECT count(DISTINCT k.value) FROM json_array_elements_text($2::json) k(value) "
        "WHERE NOT EXISTS "
        "(SELECT 1 FROM credit_entries e WHERE e.account_id = $1 AND e.charge_key = k.value)" };
/* WHERE true: without it SQLite takes ON for the beginning of a join's condition. */
static const struct query enter
    = { "credits_enter",
        "INSERT INTO credit_entries (account_id, charge_key, kind, halves, created_at) "
        "SELECT $1, k.value, $2, $3, $4 FROM json_each($5) k WHERE true "
        "ON CONFLICT (account_id, charge_key) DO NOTHING",
        "INSERT INTO credit_entries (account_id, charge_key, kind, halves, created_at) "
        "SELECT $1, k.value, $2, $3, $4 FROM json_array_elements_text($5::json) k(value) "
        "ON CONFLICT (account_id, charge_key) DO NOTHING" };
static const struct query take
    = { "credits_take",
        "UPDATE credit_balances SET halves = halves - $3 WHERE account_id = $1 AND kind = $2",
        NULL };

static const struct query *const queries[]
    = { &balance, &add, &lock, &lock_all, &paid, &count_new, &enter, &take,
        &found_due, &found_note };
const struct query_table credit_queries = QUERY_TABLE(queries);

static _Atomic uint64_t version;

uint64_t credits_version(void) {
    return atomic_load(&version);
}

void credits_changed(void) {
    atomic_fetch_add(&version, 1);
}

enum rc credit_kind_of(struct str word, enum credit_kind *ret_kind) {
    for (int kind = 0; kind < CREDIT_KIND_COUNT; kind++)
        if (str_eq(word, kind_words[kind])) {
            *ret_kind = (enum credit_kind) kind;
            return OK;
        }
    return E_INVALID;
}

struct str credits_text(struct arena *arena, int64_t halves) {
    return arena_printf(arena, "%lld%s", (long long) (halves / 2), halves % 2 ? ".5" : "");
}

enum rc credits_parse(struct str text, int64_t *ret_halves) {
    int64_t whole;
    bool half = str_ends(text, STR(".5"));
    if (half || str_ends(text, STR(".0")))
        text.n -= 2;
    if (text.n > 9 || str_starts(text, STR("-")) || str_to_i64(text, &whole) != OK
        || (whole == 0 && !half))
        return E_INVALID;
    *ret_halves = whole * 2 + half;
    return OK;
}

struct entry {
    enum credit_kind kind;
    int64_t halves; /* as in the ledger: negative when spent */
};

static enum rc enter_all(struct ctx *ctx, struct entry entry, struct strs keys,
                         int64_t *ret_entered) {
    return db_exec(ctx, &enter,
                   DB_ARGS(db_v_text(ctx->account_id), db_v_text(kind_words[entry.kind]),
                           db_v_int(entry.halves), db_v_int(ctx_now(ctx)),
                           sql_texts(ctx->arena, keys)),
                   ret_entered);
}

static enum rc grant_work(struct ctx *ctx, void *arg) {
    const struct entry *entry = arg;
    int64_t entered;
    struct str id = uuid_new(ctx->arena, ctx_now(ctx));
    struct str key = arena_printf(ctx->arena, "grant:%.*s", STR_FMT(id));
    enum rc rc = enter_all(ctx, *entry, (struct strs){ &key, 1 }, &entered);
    if (rc == OK)
        rc = db_exec(ctx, &add,
                     DB_ARGS(db_v_text(ctx->account_id), db_v_text(kind_words[entry->kind]),
                             db_v_int(entry->halves)),
                     NULL);
    return rc;
}

enum rc credits_grant(struct ctx *ctx, enum credit_kind kind, int64_t halves) {
    ASSERT(halves > 0);
    struct entry entry = { kind, halves };
    enum rc rc = db_transact(ctx, grant_work, &entry);
    credits_changed();
    return rc;
}

static enum rc read_balances(struct ctx *ctx, const struct query *query,
                             struct credits *ret_credits) {
    struct db_rows *rows;
    enum rc rc = db_query(ctx, query, DB_ARGS(db_v_text(ctx->account_id)), &rows);
    if (rc != OK)
        return rc;
    struct credits credits = { 0 };
    while (db_next(rows)) {
        enum credit_kind kind;
        if (credit_kind_of(db_text(rows, 0), &kind) == OK)
            credits.halves[kind] = db_int(rows, 1);
    }
    rc = db_rows_close(rows);
    if (rc == OK)
        *ret_credits = credits;
    return rc;
}

enum rc credits_balance(struct ctx *ctx, struct credits *ret_credits) {
    return read_balances(ctx, &balance, ret_credits);
}

enum rc credits_lock(struct ctx *ctx, struct credits *ret_credits) {
    return read_balances(ctx, &lock_all, ret_credits);
}

/* The texts that a query gives back. */
static enum rc read_texts(struct ctx *ctx, const struct query *query, struct db_args args,
                          struct strs *ret_texts) {
    struct db_rows *rows;
    enum rc rc = db_query(ctx, query, args, &rows);
    if (rc != OK)
        return rc;
    struct strs texts = { 0 };
    while (db_next(rows))
        strs_add(ctx->arena, &texts, db_text(rows, 0));
    rc = db_rows_close(rows);
    if (rc == OK)
        *ret_texts = texts;
    return rc;
}

enum rc credits_paid(struct ctx *ctx, struct strs keys, struct strs *ret_paid) {
    return read_texts(ctx, &paid,
                      DB_ARGS(db_v_text(ctx->account_id), sql_texts(ctx->arena, keys)), ret_paid);
}

enum rc credits_found_due(struct ctx *ctx, struct strs person_ids, int64_t since,
                          struct strs *ret_due) {
    return read_texts(ctx, &found_due,
                      DB_ARGS(db_v_text(ctx->account_id), sql_texts(ctx->arena, person_ids),
                              db_v_int(since)),
                      ret_due);
}

enum rc credits_found_note(struct ctx *ctx, struct strs person_ids) {
    return db_exec(ctx, &found_note,
                   DB_ARGS(db_v_text(ctx->account_id), sql_texts(ctx->arena, person_ids),
                           db_v_int(ctx_now(ctx))),
                   NULL);
}

/* E_CREDITS unless `available` suffices for those keys that are not paid for. */
static enum rc check_funds(struct ctx *ctx, int64_t available, int64_t halves, struct strs keys) {
    if ((int64_t) keys.n <= available / halves)
        return OK;
    int64_t fresh;
    enum rc rc = db_get_int(ctx, &count_new,
                            DB_ARGS(db_v_text(ctx->account_id), sql_texts(ctx->arena, keys)),
                            &fresh);
    return rc == OK && fresh > available / halves ? E_CREDITS : rc;
}

enum rc credits_charge_all(struct ctx *ctx, enum credit_kind kind, int64_t halves,
                           struct strs keys) {
    ASSERT(halves > 0);
    if (keys.n == 0)
        return OK;
    struct db_value account = db_v_text(ctx->account_id), word = db_v_text(kind_words[kind]);
    int64_t available, entered;
    enum rc rc = db_get_int(ctx, &lock, DB_ARGS(account, word), &available);
    if (rc == E_NOT_FOUND) {
        available = 0;
        rc = OK;
    }
    if (rc == OK)
        rc = check_funds(ctx, available, halves, keys);
    if (rc == OK)
        rc = enter_all(ctx, (struct entry){ kind, -halves }, keys, &entered);
    if (rc == OK && entered)
        rc = db_exec(ctx, &take, DB_ARGS(account, word, db_v_int(entered * halves)), NULL);
    credits_changed();
    return rc;
}

enum rc credits_charge(struct ctx *ctx, enum credit_kind kind, int64_t halves, struct str key) {
    return credits_charge_all(ctx, kind, halves, (struct strs){ &key, 1 });
}
