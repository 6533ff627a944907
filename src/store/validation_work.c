#include "store/validation_work.h"

#include <stdlib.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/map.h"
#include "base/rand.h"
#include "base/vec.h"
#include "db/db.h"
#include "db/sql.h"
#include "json/writer.h"
#include "store/bounced_addresses.h"
#include "store/credits.h"
#include "store/queries.h"
#include "store/removals.h"

enum { THOUSAND = 1000, FINDINGS_MAX_BYTES = 4 * 1024 * 1024 };

#define T struct validation_block
static const struct field block_rows[] = {
    F_ID(T, account_id, .doc = "Whose it is."),
    F_ID(T, validation_id, .doc = "Of which validation."),
    F_INT(T, block, .doc = "Its number."),
    F_INT(T, size, .doc = "Addresses in it."),
    F_INT(T, is_counted, .doc = "Whether the allowance paid for it."),
};
#undef T
static const struct fields block_fields
    = FIELDS("ValidationBlock", struct validation_block, block_rows, .doc = "A block.");

#define T struct validation_email
static const struct field email_rows[] = {
    F_STR(T, key, .doc = "As it is compared."),
    F_STR(T, email, .doc = "As it was sent."),
};
#undef T
static const struct fields email_fields
    = FIELDS("ValidationEmail", struct validation_email, email_rows, .doc = "An address.");

#define T struct validation_finding
static const struct field finding_rows[] = {
    F_INT(T, block, .doc = "The block that it was in."),
    F_STR(T, key, .doc = "The address's key."),
    F_STR(T, email, .doc = "The address."),
    F_STR(T, result, .doc = "Whether it can be delivered to."),
    F_BOOL(T, catch_all, .doc = "Whether its domain takes every name."),
    F_STR(T, reason, .doc = "Why."),
    F_STR(T, detail, .doc = "Why, in finer words."),
    F_STR(T, provider, .doc = "Who runs the mail servers."),
    F_INT(T, checked_at, .doc = "When the servers were asked."),
};
#undef T
const struct fields validation_finding_fields
    = FIELDS("ValidationFinding", struct validation_finding, finding_rows,
             .doc = "What was found out.");

/* The first free block of each validation, those that hold the fewest first. $1 owner,
 * $2 lease until, $3 now, $4 blocks of one validation, $5 validations. */
#define RETURNED \
    " RETURNING b.account_id, b.validation_id, b.block, b.size, b.is_counted"
static const struct query claim
    = { "validation_blocks_claim",
        "UPDATE validation_blocks AS b SET lease_owner = $1, lease_until = $2 FROM ("
        "SELECT account_id, validation_id, min(CASE WHEN lease_until <= $3 THEN block END) AS block, "
        "sum(lease_until > $3 AND lease_owner IS $1) AS held FROM validation_blocks "
        "GROUP BY account_id, validation_id HAVING held < $4 AND min(lease_until) <= $3 "
        "ORDER BY held, validation_id LIMIT $5) f "
        "WHERE b.account_id = f.account_id AND b.validation_id = f.validation_id "
        "AND b.block = f.block RETURNING account_id, validation_id, block, size, is_counted",
        "WITH f AS (SELECT account_id, validation_id, "
        "count(*) FILTER (WHERE lease_until > $3 AND lease_owner = $1) AS held "
        "FROM validation_blocks GROUP BY account_id, validation_id "
        "HAVING count(*) FILTER (WHERE lease_until > $3 AND lease_owner = $1) < $4 "
        "AND min(lease_until) <= $3 ORDER BY held, validation_id LIMIT $5), "
        "g AS (SELECT x.* FROM f, LATERAL (SELECT account_id, validation_id, block "
        "FROM validation_blocks w WHERE w.account_id = f.account_id "
        "AND w.validation_id = f.validation_id AND w.lease_until <= $3 "
        "ORDER BY w.block LIMIT 1 FOR UPDATE SKIP LOCKED) x) "
        "UPDATE validation_blocks b SET lease_owner = $1, lease_until = $2 FROM g "
        "WHERE b.account_id = g.account_id AND b.validation_id = g.validation_id "
        "AND b.block = g.block" RETURNED };

/* Fills the account's bucket ($2 thousandths at most, of which an hour gives as many) up to
 * now ($3) and locks it. */
static const struct query fill
    = { "validation_allowance_fill",
        "INSERT INTO validation_allowances (account_id, thousandths, filled_at) "
        "VALUES ($1, $2, $3) ON CONFLICT (account_id) DO UPDATE SET "
        "thousandths = min($2, thousandths + min(3600000, max(0, $3 - filled_at)) * $2 / 3600000), "
        "filled_at = max(filled_at, $3) RETURNING thousandths",
        "INSERT INTO validation_allowances AS a (account_id, thousandths, filled_at) "
        "VALUES ($1, $2, $3) ON CONFLICT (account_id) DO UPDATE SET "
        "thousandths = least($2, a.thousandths "
        "+ least(3600000, greatest(0, $3 - a.filled_at)) * $2 / 3600000), "
        "filled_at = greatest(a.filled_at, $3) RETURNING thousandths" };
static const struct query take
    = { "validation_allowance_take",
        "UPDATE validation_allowances SET thousandths = thousandths - $2 WHERE account_id = $1",
        NULL };
/* The blocks in a set of (validation, number, until when they wait or NULL for counted). */
#define COUNT_BLOCKS(set)                                                                       \
    "WITH e AS MATERIALIZED (SELECT $1 AS account_id, value ->> 0 AS validation_id, "           \
    "CAST(value ->> 1 AS BIGINT) AS block, CAST(value ->> 2 AS BIGINT) AS until FROM " set ") " \
    "UPDATE validation_blocks SET is_counted = CASE WHEN e.until IS NULL THEN 1 ELSE 0 END, "   \
    "lease_owner = CASE WHEN e.until IS NULL THEN lease_owner END, "                            \
    "lease_until = coalesce(e.until, lease_until) FROM e "                                      \
    "WHERE validation_blocks.account_id = e.account_id "                                        \
    "AND validation_blocks.validation_id = e.validation_id AND validation_blocks.block = e.block"
static const struct query count_blocks
    = { "validation_blocks_count", COUNT_BLOCKS("json_each($2)"),
        COUNT_BLOCKS("json_array_elements($2::json)") };
/* What is as large as a block that has to wait, or larger, waits as well; but for what somebody
 * has just taken, who may wait for the allowance that is held here. */
#define WAITING "account_id = $1 AND is_counted = 0 AND lease_until <= $2 AND size >= $4"
static const struct query wait
    = { "validation_blocks_wait",
        "UPDATE validation_blocks SET lease_owner = NULL, lease_until = $3 WHERE " WAITING,
        "UPDATE validation_blocks SET lease_owner = NULL, lease_until = $3 "
        "WHERE account_id = $1 AND (validation_id, block) IN (SELECT validation_id, block "
        "FROM validation_blocks WHERE " WAITING " FOR UPDATE SKIP LOCKED)" };
/* Who takes blocks locks them before the validation, who ends a validation the other way round:
 * a row that is locked is passed over. It is started already, or about to end. */
#define START(set, lock)                                                                      \
    "UPDATE validations SET status = 'processing' WHERE account_id = $1 AND id IN ("          \
    "SELECT id FROM validations WHERE account_id = $1 AND status = 'queued' "                 \
    "AND id IN (SELECT value ->> 0 FROM " set " WHERE value ->> 2 IS NULL)" lock ")"
static const struct query start
    = { "validation_start", START("json_each($2)", ""),
        START("json_array_elements($2::json)", " FOR UPDATE SKIP LOCKED") };

#define EMAILS(set, key)                                                                       \
    "SELECT " key " AS key, j.value AS email FROM validation_block_emails b, " set " "        \
    "WHERE b.account_id = $1 AND b.validation_id = $2 AND b.block = $3 AND NOT EXISTS ("      \
    "SELECT 1 FROM validation_emails e WHERE e.account_id = $1 AND e.validation_id = $2 "     \
    "AND e.key = " key ") ORDER BY 1"
static const struct query emails
    = { "validation_block_emails", EMAILS("json_each(b.emails) j", "lower(j.value)"),
        EMAILS("json_array_elements_text(b.emails::json) j(value)",
               "lower(j.value COLLATE \"C\")") };

static const struct query lock_running
    = { "validation_lock_running",
        "SELECT 1 FROM validations WHERE account_id = $1 AND id = $2 "
        "AND status IN ('queued', 'processing')",
        "SELECT 1 FROM validations WHERE account_id = $1 AND id = $2 "
        "AND status IN ('queued', 'processing') FOR UPDATE" };
/* Of findings, the keys of those that have no result and are still to be validated: an address
 * that was removed meanwhile is no longer in its block. */
#define FRESH(set, in_block)                                                                 \
    "WITH f AS MATERIALIZED (SELECT CAST(value ->> 'block' AS BIGINT) AS block, "            \
    "value ->> 'key' AS key FROM " set ") SELECT f.key FROM f JOIN validation_block_emails b " \
    "ON b.account_id = $1 AND b.validation_id = $2 AND b.block = f.block "                   \
    "WHERE CASE WHEN b.first_key = '' THEN " in_block " ELSE 1 = 1 END AND NOT EXISTS ("     \
    "SELECT 1 FROM validation_emails e WHERE e.account_id = $1 AND e.validation_id = $2 "    \
    "AND e.key = f.key)"
static const struct query fresh_keys
    = { "validation_fresh",
        FRESH("json_each($3)",
              "EXISTS (SELECT 1 FROM json_each(b.emails) WHERE lower(value) = f.key)"),
        FRESH("json_array_elements($3::json)",
              "EXISTS (SELECT 1 FROM json_array_elements_text(b.emails::json) j(value) "
              "WHERE lower(j.value COLLATE \"C\") = f.key)") };
#define FOUND "key, email, result, catch_all, reason, detail, provider, checked_at"
static const struct query store
    = { "validation_store",
        "INSERT INTO validation_emails (account_id, validation_id, " FOUND ") SELECT $1, $2, "
        "value ->> 'key', value ->> 'email', value ->> 'result', value ->> 'catch_all', "
        "value ->> 'reason', value ->> 'detail', value ->> 'provider', value ->> 'checked_at' "
        "FROM json_each($3)",
        "INSERT INTO validation_emails (account_id, validation_id, " FOUND ") SELECT $1, $2, "
        "key, email, result, catch_all::int, reason, detail, provider, checked_at "
        "FROM json_to_recordset($3::json) AS f (key TEXT, email TEXT, result TEXT, "
        "catch_all BOOLEAN, reason TEXT, detail TEXT, provider TEXT, checked_at BIGINT)" };
#define END_BLOCKS(table, set)                                                                 \
    "DELETE FROM " table " WHERE account_id = $1 AND validation_id = $2 AND block IN "         \
    "(SELECT CAST(value AS BIGINT) FROM " set ")"
static const struct query end_blocks
    = { "validation_blocks_end", END_BLOCKS("validation_blocks", "json_each($3)"),
        END_BLOCKS("validation_blocks", "json_array_elements_text($3::json)") };
static const struct query end_emails
    = { "validation_block_emails_end", END_BLOCKS("validation_block_emails", "json_each($3)"),
        END_BLOCKS("validation_block_emails", "json_array_elements_text($3::json)") };
static const struct query end_all_blocks
    = { "validation_blocks_end_all",
        "DELETE FROM validation_blocks WHERE account_id = $1 AND validation_id = $2", NULL };
static const struct query end_all_emails
    = { "validation_block_emails_end_all",
        "DELETE FROM validation_block_emails WHERE account_id = $1 AND validation_id = $2", NULL };
static const struct query complete
    = { "validation_complete",
        "UPDATE validations SET status = 'completed', finished_at = $3 "
        "WHERE account_id = $1 AND id = $2 AND NOT EXISTS (SELECT 1 FROM validation_blocks "
        "WHERE account_id = $1 AND validation_id = $2)",
        NULL };
static const struct query end_error
    = { "validation_end_error",
        "UPDATE validations SET status = 'error', error_code = 'insufficient_credits', "
        "finished_at = $3 WHERE account_id = $1 AND id = $2",
        NULL };
#define RENEW(set)                                                                            \
    "WITH e AS MATERIALIZED (SELECT value ->> 0 AS account_id, value ->> 1 AS validation_id, "    \
    "CAST(value ->> 2 AS BIGINT) AS block FROM " set ") "                                     \
    "UPDATE validation_blocks SET lease_until = $2 FROM e WHERE lease_owner = $1 "            \
    "AND validation_blocks.account_id = e.account_id "                                        \
    "AND validation_blocks.validation_id = e.validation_id AND validation_blocks.block = e.block"
static const struct query renew
    = { "validation_blocks_renew", RENEW("json_each($3)"), RENEW("json_array_elements($3::json)") };
static const struct query release
    = { "validation_blocks_release",
        "UPDATE validation_blocks SET lease_owner = NULL, lease_until = 0 "
        "WHERE lease_owner IS NOT NULL AND ($1 = '' OR lease_owner = $1)",
        NULL };

static const struct query *const queries[]
    = { &claim,        &fill,       &take,  &count_blocks, &wait,       &start,
        &emails,       &lock_running, &store, &fresh_keys, &end_blocks, &end_emails,
        &end_all_blocks, &end_all_emails, &complete, &end_error, &renew, &release };
const struct query_table validation_work_queries = QUERY_TABLE(queries);

/* --- taking --- */

struct claim_work {
    const struct validation_claim *claim;
    struct list blocks; /* of struct validation_block: taken and covered */
};

/* One account's blocks while they are counted. */
struct allowance {
    struct str account_id;
    int64_t left;            /* thousandths */
    int64_t per_hour, now;
    int64_t taken;           /* thousandths */
    int64_t missing_size, missing_until; /* of the smallest block that is not covered; 0: none */
    struct json_writer set;  /* (validation, block, until) */
};

/* When the bucket will hold `size` addresses, if nobody else takes any. */
static int64_t covered_at(const struct allowance *a, int64_t size) {
    int64_t missing = size * THOUSAND - a->left;
    return a->now + missing * (HOUR_MS / THOUSAND) / a->per_hour + 1;
}

/* Whether the block may be begun now. A block larger than the bucket is begun when it is
 * full; what it takes too much is owed. */
static bool count_block(struct allowance *a, const struct validation_block *block) {
    int64_t size = block->size.v < a->per_hour ? block->size.v : a->per_hour;
    bool covered = a->per_hour == 0 || block->is_counted.v || a->left >= size * THOUSAND;
    if (covered && !block->is_counted.v && a->per_hour) {
        a->left -= block->size.v * THOUSAND;
        a->taken += block->size.v * THOUSAND;
    }
    json_begin_array(&a->set);
    json_str(&a->set, block->validation_id);
    json_int(&a->set, block->block.v);
    if (covered)
        json_write_null(&a->set);
    else
        json_int(&a->set, covered_at(a, size));
    json_end_array(&a->set);
    if (!covered && (a->missing_size == 0 || block->size.v < a->missing_size)) {
        a->missing_size = block->size.v;
        a->missing_until = covered_at(a, size);
    }
    return covered;
}

static enum rc fill_allowance(struct ctx *ctx, struct allowance *a) {
    if (a->per_hour == 0)
        return OK;
    return db_get_int(ctx, &fill,
                      DB_ARGS(db_v_text(a->account_id), db_v_int(a->per_hour * THOUSAND),
                              db_v_int(a->now)),
                      &a->left);
}

/* All blocks of the account of blocks[first], which stand together. */
static enum rc count_account(struct ctx *ctx, struct claim_work *w, const struct list *claimed,
                             size_t first, size_t *ret_n) {
    const struct validation_block *block = claimed->p;
    struct buf text = buf_in(ctx->arena, FINDINGS_MAX_BYTES);
    struct allowance a = { .account_id = block[first].account_id,
                           .per_hour = w->claim->per_hour, .now = ctx_now(ctx),
                           .set = json_writer(&text) };
    *ret_n = 0;
    enum rc rc = fill_allowance(ctx, &a);
    if (rc != OK)
        return rc;
    json_begin_array(&a.set);
    for (size_t i = first; i < claimed->n && str_eq(block[i].account_id, a.account_id); i++, ++*ret_n)
        if (count_block(&a, &block[i]))
            *(struct validation_block *) list_add(ctx->arena, &w->blocks, sizeof *block)
                = block[i];
    json_end_array(&a.set);
    struct db_args args = DB_ARGS(db_v_text(a.account_id), db_v_text(buf_text(&text)));
    rc = db_exec(ctx, &count_blocks, args, NULL);
    if (rc == OK)
        rc = db_exec(ctx, &start, args, NULL);
    if (rc == OK && a.missing_size)
        rc = db_exec(ctx, &wait,
                     DB_ARGS(db_v_text(a.account_id), db_v_int(a.now), db_v_int(a.missing_until),
                             db_v_int(a.missing_size)),
                     NULL);
    if (rc == OK && a.taken)
        rc = db_exec(ctx, &take, DB_ARGS(db_v_text(a.account_id), db_v_int(a.taken)), NULL);
    return rc;
}

static int by_account(const void *a, const void *b) {
    const struct validation_block *x = a, *y = b;
    return str_compare(x->account_id, y->account_id);
}

static enum rc claim_work(struct ctx *ctx, void *arg) {
    struct claim_work *w = arg;
    const struct validation_claim *c = w->claim;
    struct list claimed = { 0 };
    int64_t now = ctx_now(ctx);
    w->blocks = (struct list){ 0 };
    enum rc rc = db_list(ctx, &claim,
                         DB_ARGS(db_v_text(c->owner), db_v_int(now + c->lease_ms), db_v_int(now),
                                 db_v_int(c->blocks_max), db_v_int(c->validations_max)),
                         &block_fields, &claimed);
    if (rc != OK || claimed.n == 0)
        return rc;
    /* allowances are locked in one order by all */
    qsort(claimed.p, claimed.n, sizeof(struct validation_block), by_account);
    for (size_t i = 0, taken = 0; rc == OK && i < claimed.n; i += taken)
        rc = count_account(ctx, w, &claimed, i, &taken);
    return rc;
}

enum rc validation_blocks_claim(struct ctx *ctx, const struct validation_claim *claim_wanted,
                                struct list *ret_blocks) {
    struct claim_work work = { .claim = claim_wanted };
    enum rc rc = db_transact(ctx, claim_work, &work);
    if (rc == OK)
        *ret_blocks = work.blocks;
    return rc;
}

enum rc validation_block_emails(struct ctx *ctx, const struct validation_block *block,
                                struct list *ret_emails) {
    return db_list(ctx, &emails,
                   DB_ARGS(db_v_text(block->account_id), db_v_text(block->validation_id),
                           db_v_opt(block->block)),
                   &email_fields, ret_emails);
}

/* --- storing --- */

struct store_work {
    const struct validation_block *of;
    struct list findings;
    struct ints done;
};

static enum rc write_findings(struct ctx *ctx, const struct list *findings,
                              struct db_value *ret_text) {
    const struct validation_finding *finding = findings->p;
    struct buf text = buf_in(ctx->arena, FINDINGS_MAX_BYTES);
    struct json_writer writer = json_writer(&text);
    json_begin_array(&writer);
    for (size_t i = 0; i < findings->n; i++)
        json_fields(&writer, &validation_finding_fields, &finding[i]);
    json_end_array(&writer);
    enum rc rc = buf_result(&text);
    *ret_text = db_v_text(buf_text(&text));
    return rc == OK ? OK : fail(ctx, rc, "findings of a validation");
}

/* Those of the findings that are to be stored, the first of each key: a block that was taken
 * twice is found out twice. */
static enum rc fresh_findings(struct ctx *ctx, const struct store_work *w, struct list *ret_fresh) {
    static char present, taken;
    const struct validation_finding *finding = w->findings.p;
    struct map missing = map_in(ctx->arena);
    struct db_value text;
    struct db_rows *rows;
    enum rc rc = write_findings(ctx, &w->findings, &text);
    if (rc == OK)
        rc = db_query(ctx, &fresh_keys,
                      DB_ARGS(db_v_text(w->of->account_id), db_v_text(w->of->validation_id), text),
                      &rows);
    if (rc != OK)
        return rc;
    while (db_next(rows))
        map_put(&missing, db_text(rows, 0), &present);
    for (size_t i = 0; i < w->findings.n; i++)
        if (map_put(&missing, finding[i].key, &taken) == &present)
            *(struct validation_finding *) list_add(ctx->arena, ret_fresh, sizeof *finding)
                = finding[i];
    return db_rows_close(rows);
}

/* What came back to the account says more than what a server says when it is asked. */
static enum rc set_bounced(struct ctx *ctx, const struct list *findings) {
    struct validation_finding *finding = findings->p;
    struct strs keys = { 0 }, bounced = { 0 };
    for (size_t i = 0; i < findings->n; i++)
        strs_add(ctx->arena, &keys, finding[i].key);
    enum rc rc = keys.n ? bounced_addresses_among(ctx, keys, &bounced) : OK;
    for (size_t i = 0; rc == OK && bounced.n && i < findings->n; i++) {
        if (!strs_have(bounced, finding[i].key) || str_eq(finding[i].result, STR("undeliverable")))
            continue;
        finding[i].result = STR("undeliverable");
        finding[i].reason = STR(BOUNCED_REASON);
        finding[i].detail = STR(BOUNCED_DETAIL);
    }
    return rc;
}

/* Charges for as many findings as the account can pay for and drops the others. */
static enum rc charge(struct ctx *ctx, const struct store_work *w, struct list *findings) {
    struct credits credits;
    enum rc rc = credits_lock(ctx, &credits);
    size_t affordable = rc == OK ? (size_t) (credits.halves[CREDIT_EMAIL] / CREDIT_HALVES) : 0;
    if (rc != OK)
        return rc;
    findings->n = findings->n < affordable ? findings->n : affordable;
    if (findings->n == 0)
        return OK;
    struct str once = uuid_new(ctx->arena, ctx_now(ctx));
    struct str key = arena_printf(ctx->arena, "validation:%.*s:%.*s",
                                  STR_FMT(w->of->validation_id), STR_FMT(once));
    return credits_charge(ctx, CREDIT_EMAIL, (int64_t) findings->n * CREDIT_HALVES, key);
}

static enum rc store_findings(struct ctx *ctx, const struct store_work *w,
                              const struct list *findings) {
    struct db_value text;
    enum rc rc = write_findings(ctx, findings, &text);
    return rc == OK ? db_exec(ctx, &store,
                              DB_ARGS(db_v_text(w->of->account_id),
                                      db_v_text(w->of->validation_id), text),
                              NULL)
                    : rc;
}

static enum rc end_blocks_done(struct ctx *ctx, const struct store_work *w) {
    if (w->done.n == 0)
        return OK;
    struct db_value account = db_v_text(w->of->account_id), id = db_v_text(w->of->validation_id);
    struct db_args args = DB_ARGS(account, id, sql_ints(ctx->arena, w->done));
    enum rc rc = db_exec(ctx, &end_blocks, args, NULL);
    if (rc == OK)
        rc = db_exec(ctx, &end_emails, args, NULL);
    return rc == OK ? db_exec(ctx, &complete, DB_ARGS(account, id, db_v_int(ctx_now(ctx))), NULL)
                    : rc;
}

static enum rc end_without_credits(struct ctx *ctx, const struct store_work *w) {
    struct db_value account = db_v_text(w->of->account_id), id = db_v_text(w->of->validation_id);
    enum rc rc = db_exec(ctx, &end_all_blocks, DB_ARGS(account, id), NULL);
    if (rc == OK)
        rc = db_exec(ctx, &end_all_emails, DB_ARGS(account, id), NULL);
    return rc == OK ? db_exec(ctx, &end_error, DB_ARGS(account, id, db_v_int(ctx_now(ctx))), NULL)
                    : rc;
}

static enum rc store_work(struct ctx *ctx, void *arg) {
    const struct store_work *w = arg;
    struct list fresh = { 0 };
    int64_t one;
    enum rc rc = removals_hold(ctx); /* what a removal takes out meanwhile must not come back */
    if (rc != OK)
        return rc;
    rc = db_get_int(ctx, &lock_running,
                    DB_ARGS(db_v_text(w->of->account_id), db_v_text(w->of->validation_id)), &one);
    if (rc == E_NOT_FOUND)
        return E_CANCELED;
    if (rc == OK)
        rc = fresh_findings(ctx, w, &fresh);
    size_t wanted = fresh.n;
    if (rc == OK)
        rc = set_bounced(ctx, &fresh);
    if (rc == OK)
        rc = charge(ctx, w, &fresh);
    if (rc == OK && fresh.n)
        rc = store_findings(ctx, w, &fresh);
    if (rc != OK)
        return rc;
    return fresh.n < wanted ? end_without_credits(ctx, w) : end_blocks_done(ctx, w);
}

enum rc validation_store(struct ctx *ctx, const struct validation_block *of, struct list findings,
                         struct ints done) {
    struct store_work work = { of, findings, done };
    struct str account_id = ctx->account_id;
    ctx->account_id = of->account_id; /* who is charged */
    enum rc rc = db_transact(ctx, store_work, &work);
    ctx->account_id = account_id;
    credits_changed();
    return rc;
}

/* --- leases --- */

struct lease_work {
    struct str owner;
    int64_t until;
    const struct list *blocks; /* NULL: release */
};

static struct db_value block_keys(struct arena *arena, const struct list *blocks) {
    const struct validation_block *block = blocks->p;
    struct buf text = buf_in(arena, FINDINGS_MAX_BYTES);
    struct json_writer w = json_writer(&text);
    json_begin_array(&w);
    for (size_t i = 0; i < blocks->n; i++) {
        json_begin_array(&w);
        json_str(&w, block[i].account_id);
        json_str(&w, block[i].validation_id);
        json_int(&w, block[i].block.v);
        json_end_array(&w);
    }
    json_end_array(&w);
    return db_v_text(buf_text(&text));
}

static enum rc lease_work(struct ctx *ctx, void *arg) {
    const struct lease_work *w = arg;
    struct db_value owner = db_v_text(str_is_set(w->owner) ? w->owner : STR(""));
    return w->blocks ? db_exec(ctx, &renew,
                               DB_ARGS(owner, db_v_int(w->until), block_keys(ctx->arena, w->blocks)),
                               NULL)
                     : db_exec(ctx, &release, DB_ARGS(owner), NULL);
}

enum rc validation_blocks_renew(struct ctx *ctx, struct str owner, const struct list *blocks,
                                int64_t lease_ms) {
    struct lease_work work = { owner, ctx_now(ctx) + lease_ms, blocks };
    return db_transact(ctx, lease_work, &work);
}

enum rc validation_blocks_release(struct ctx *ctx, struct str owner) {
    return db_transact(ctx, lease_work, &(struct lease_work){ .owner = owner });
}
