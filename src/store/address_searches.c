#include "store/address_searches.h"

#include "base/vec.h"
#include "db/db.h"
#include "db/sql.h"
#include "store/queries.h"
#include "store/removals.h"

/* More say hardly anything that these do not. */
enum { KNOWN_MAX = 24 };

#define T struct address_search
static const struct field search_rows[] = {
    F_ID(T, person_id, .doc = "Whose address."),
    F_INT(T, urgent, .doc = "1 when somebody waits."),
    F_INT(T, began_at, .doc = "When it was asked for."),
    F_INT(T, tried_at, .doc = "When the first guess was begun."),
    F_INT(T, ended_at, .doc = "When it ended."),
    F_STR(T, outcome, .doc = "found, none or unclear."),
};
#undef T
const struct fields address_search_fields
    = FIELDS("AddressSearch", struct address_search, search_rows, .doc = "A search.");

#define T struct known_address
static const struct field known_rows[] = {
    F_STR(T, name, .doc = "Full name."),
    F_STR(T, first_name, .doc = "First name."),
    F_STR(T, last_name, .doc = "Last name."),
    F_STR(T, email_key, .doc = "The address."),
};
#undef T
static const struct fields known_fields
    = FIELDS("KnownAddress", struct known_address, known_rows, .doc = "A known address.");

#define COLUMNS "person_id, urgent, began_at, tried_at, ended_at, outcome"
#define OF(set) "SELECT " COLUMNS " FROM address_searches WHERE person_id IN (SELECT value FROM " set ")"
static const struct query of
    = { "address_searches_of", OF("json_each($1)"), OF("json_array_elements_text($1::json)") };

/* Of somebody who was removed no row comes back. The order keeps two that begin the same ones
 * from waiting for each other. A search that has ended has neither owner nor lease. */
#define BEGIN(set)                                                                             \
    "INSERT INTO address_searches (person_id, urgent, began_at, lease_until) "                 \
    "SELECT id, $2, $3, 0 FROM people WHERE id IN (SELECT value FROM " set ") ORDER BY id "    \
    "ON CONFLICT (person_id) DO UPDATE SET urgent = excluded.urgent, "                         \
    "began_at = CASE WHEN address_searches.outcome IS NULL THEN address_searches.began_at "    \
    "ELSE excluded.began_at END, tried_at = CASE WHEN address_searches.outcome IS NULL "       \
    "THEN address_searches.tried_at END, lease_until = CASE WHEN address_searches.lease_owner " \
    "IS NULL THEN 0 ELSE address_searches.lease_until END, outcome = NULL, ended_at = NULL "   \
    "WHERE address_searches.outcome IS NOT NULL OR address_searches.urgent < excluded.urgent"
static const struct query begin
    = { "address_searches_begin", BEGIN("json_each($1)"),
        BEGIN("json_array_elements_text($1::json)") };

#define CLAIM(lock)                                                                            \
    "UPDATE address_searches SET lease_owner = $1, lease_until = $2 WHERE person_id IN ("      \
    "SELECT person_id FROM address_searches WHERE outcome IS NULL AND lease_until <= $3 "      \
    "AND urgent >= $4 ORDER BY urgent DESC, began_at LIMIT $5" lock ") RETURNING " COLUMNS
static const struct query claim
    = { "address_searches_claim", CLAIM(""), CLAIM(" FOR UPDATE SKIP LOCKED") };

#define RENEW(set)                                                                             \
    "UPDATE address_searches SET lease_until = $2 WHERE lease_owner = $1 AND outcome IS NULL " \
    "AND person_id IN (SELECT value FROM " set ")"
static const struct query renew
    = { "address_searches_renew", RENEW("json_each($3)"),
        RENEW("json_array_elements_text($3::json)") };
static const struct query release
    = { "address_searches_release",
        "UPDATE address_searches SET lease_owner = NULL, lease_until = 0 "
        "WHERE lease_owner IS NOT NULL AND ($1 = '' OR lease_owner = $1)",
        NULL };
#define PUT_OFF(set)                                                                           \
    "UPDATE address_searches SET lease_owner = NULL, "                                         \
    "lease_until = CASE WHEN urgent = 1 THEN 0 ELSE CAST($2 AS BIGINT) END WHERE lease_owner = $1 " \
    "AND outcome IS NULL AND person_id IN (SELECT value FROM " set ")"
static const struct query put_off
    = { "address_searches_put_off", PUT_OFF("json_each($3)"),
        PUT_OFF("json_array_elements_text($3::json)") };
static const struct query end
    = { "address_search_end",
        "UPDATE address_searches SET outcome = $3, ended_at = $4, urgent = 0, lease_owner = NULL, "
        "lease_until = 0 WHERE person_id = $2 AND lease_owner = $1 AND outcome IS NULL",
        NULL };

static const struct query urgent_of
    = { "address_searches_urgent",
        "SELECT person_id FROM address_searches WHERE lease_owner = $1 AND urgent = 1", NULL };
#define TRIED(set)                                                                             \
    "UPDATE address_searches SET tried_at = $2 WHERE lease_owner = $1 AND tried_at IS NULL "   \
    "AND person_id IN (SELECT value FROM " set ")"
static const struct query tried
    = { "address_searches_tried", TRIED("json_each($3)"),
        TRIED("json_array_elements_text($3::json)") };

static const struct query known
    = { "known_addresses",
        "SELECT name, first_name, last_name, email_key FROM people WHERE company_id = $1 "
        "AND email_key IS NOT NULL AND email_key LIKE '%@' || $2 LIMIT $3",
        NULL };
static const struct query namesake
    = { "namesake_exists",
        "SELECT count(*) FROM (SELECT 1 FROM people WHERE name_key = $1 AND company_id = $2 "
        "AND id <> $3 AND email_key IS NULL LIMIT 1) n",
        NULL };
#define TAKEN(set) "SELECT email_key FROM people WHERE email_key IN (SELECT value FROM " set ")"
static const struct query taken
    = { "addresses_taken", TAKEN("json_each($1)"), TAKEN("json_array_elements_text($1::json)") };

static const struct query *const queries[]
    = { &of,  &begin,     &claim, &renew, &release,  &put_off,
        &end, &urgent_of, &tried, &known, &namesake, &taken };
const struct query_table address_search_queries = QUERY_TABLE(queries);

enum rc address_searches_of(struct ctx *ctx, struct strs person_ids, struct list *ret_searches) {
    return db_list(ctx, &of, DB_ARGS(sql_texts(ctx->arena, person_ids)), &address_search_fields,
                   ret_searches);
}

struct begin_work {
    struct strs person_ids;
    bool urgent;
};

static enum rc begin_work(struct ctx *ctx, void *arg) {
    const struct begin_work *w = arg;
    enum rc rc = removals_hold(ctx);
    if (rc != OK)
        return rc;
    return db_exec(ctx, &begin,
                   DB_ARGS(sql_texts(ctx->arena, w->person_ids), db_v_int(w->urgent),
                           db_v_int(ctx_now(ctx))),
                   NULL);
}

enum rc address_searches_begin(struct ctx *ctx, struct strs person_ids, bool urgent) {
    return db_transact(ctx, begin_work, &(struct begin_work){ person_ids, urgent });
}

struct claim_work {
    const struct address_search_claim *claim;
    struct list searches;
};

static enum rc claim_work(struct ctx *ctx, void *arg) {
    struct claim_work *w = arg;
    int64_t now = ctx_now(ctx);
    w->searches = (struct list){ 0 };
    return db_list(ctx, &claim,
                   DB_ARGS(db_v_text(w->claim->owner), db_v_int(now + w->claim->lease_ms),
                           db_v_int(now), db_v_int(w->claim->urgent), db_v_int(w->claim->limit)),
                   &address_search_fields, &w->searches);
}

enum rc address_searches_claim(struct ctx *ctx, const struct address_search_claim *wanted,
                               struct list *ret_searches) {
    struct claim_work work = { .claim = wanted };
    enum rc rc = db_transact(ctx, claim_work, &work);
    if (rc == OK)
        *ret_searches = work.searches;
    return rc;
}

struct lease_work {
    const struct query *query; /* of owner, time, people */
    struct str owner;
    struct strs person_ids;
    int64_t ms; /* from now */
};

static enum rc lease_work(struct ctx *ctx, void *arg) {
    const struct lease_work *w = arg;
    return db_exec(ctx, w->query,
                   DB_ARGS(db_v_text(w->owner), db_v_int(ctx_now(ctx) + w->ms),
                           sql_texts(ctx->arena, w->person_ids)),
                   NULL);
}

enum rc address_searches_renew(struct ctx *ctx, struct str owner, struct strs person_ids,
                               int64_t lease_ms) {
    return db_transact(ctx, lease_work, &(struct lease_work){ &renew, owner, person_ids, lease_ms });
}

enum rc address_searches_put_off(struct ctx *ctx, struct str owner, struct strs person_ids,
                                 int64_t pause_ms) {
    return db_transact(ctx, lease_work,
                       &(struct lease_work){ &put_off, owner, person_ids, pause_ms });
}

enum rc address_searches_tried(struct ctx *ctx, struct str owner, struct strs person_ids) {
    return db_transact(ctx, lease_work, &(struct lease_work){ &tried, owner, person_ids, 0 });
}

static enum rc release_work(struct ctx *ctx, void *arg) {
    const struct str *owner = arg;
    return db_exec(ctx, &release, DB_ARGS(db_v_text(*owner)), NULL);
}

enum rc address_searches_release(struct ctx *ctx, struct str owner) {
    struct str name = str_is_set(owner) ? owner : STR("");
    return db_transact(ctx, release_work, &name);
}

enum rc address_search_end(struct ctx *ctx, struct str owner, struct str person_id,
                           struct str outcome) {
    int64_t changes;
    enum rc rc = db_exec(ctx, &end,
                         DB_ARGS(db_v_text(owner), db_v_text(person_id), db_v_text(outcome),
                                 db_v_int(ctx_now(ctx))),
                         &changes);
    return rc == OK && changes == 0 ? E_CANCELED : rc;
}

enum rc known_addresses(struct ctx *ctx, struct str company_id, struct str domain,
                        struct list *ret_known) {
    return db_list(ctx, &known,
                   DB_ARGS(db_v_text(company_id), db_v_text(domain), db_v_int(KNOWN_MAX)),
                   &known_fields, ret_known);
}

enum rc namesake_exists(struct ctx *ctx, const struct person *person, bool *ret_exists) {
    int64_t n;
    enum rc rc = db_get_int(ctx, &namesake,
                            DB_ARGS(db_v_text(person->name_key), db_v_text(person->company_id),
                                    db_v_text(person->id)),
                            &n);
    if (rc == OK)
        *ret_exists = n > 0;
    return rc;
}

static enum rc texts(struct ctx *ctx, const struct query *query, struct db_value arg,
                     struct strs *ret_texts) {
    struct db_rows *rows;
    enum rc rc = db_query(ctx, query, DB_ARGS(arg), &rows);
    if (rc != OK)
        return rc;
    struct strs found = { 0 };
    while (db_next(rows))
        strs_add(ctx->arena, &found, db_text(rows, 0));
    rc = db_rows_close(rows);
    if (rc == OK)
        *ret_texts = found;
    return rc;
}

enum rc address_searches_urgent(struct ctx *ctx, struct str owner, struct strs *ret_person_ids) {
    return texts(ctx, &urgent_of, db_v_text(owner), ret_person_ids);
}

enum rc addresses_taken(struct ctx *ctx, struct strs emails, struct strs *ret_taken) {
    return texts(ctx, &taken, sql_texts(ctx->arena, emails), ret_taken);
}
