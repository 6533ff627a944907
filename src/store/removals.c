#include "store/removals.h"

#include "base/buf.h"
#include "base/check.h"
#include "base/vec.h"
#include "data/company_names.h"
#include "data/names.h"
#include "db/db.h"
#include "db/sql.h"
#include "store/lead_entries.h"
#include "store/people.h"
#include "store/queries.h"
#include "store/secrets.h"
#include "store/services.h"

/* Names of the kinds, in the rows and as the purpose of the hash. */
static const char *const kind_names[] = {
    [REMOVAL_ID] = "id", [REMOVAL_LINKEDIN] = "linkedin", [REMOVAL_EMAIL] = "email",
    [REMOVAL_NAME] = "name",
};

static const struct query exists
    = { "removal_exists", "SELECT 1 FROM removals WHERE hash = $1", NULL };
/* Hashes go in as hexadecimal text: a JSON array holds no bytes. */
static const struct query among
    = { "removals_among",
        "SELECT key FROM json_each($1) JOIN removals ON lower(hex(hash)) = value ORDER BY key",
        "SELECT i - 1 FROM json_array_elements_text($1::json) WITH ORDINALITY AS e (value, i) "
        "JOIN removals ON hash = decode(value, 'hex') ORDER BY i" };
static const struct query add
    = { "removal_add",
        "INSERT INTO removals (hash, kind, removed_at) VALUES ($1, $2, $3) "
        "ON CONFLICT (hash) DO NOTHING",
        NULL };
static const struct query forget_reviews
    = { "removal_reviews",
        "DELETE FROM phone_reviews WHERE phone_id IN "
        "(SELECT id FROM phone_numbers WHERE person_id = $1)",
        NULL };
static const struct query forget_phones
    = { "removal_phones", "DELETE FROM phone_numbers WHERE person_id = $1", NULL };
static const struct query forget_charges
    = { "removal_charges", "DELETE FROM found_charges WHERE person_id = $1", NULL };
static const struct query forget_search
    = { "removal_search", "DELETE FROM address_searches WHERE person_id = $1", NULL };
static const struct query forget_items
    = { "removal_items",
        "UPDATE enrichment_items SET status = 'gdpr_removed', subject_id = NULL "
        "WHERE subject_id = $1",
        NULL };
static const struct query forget_person
    = { "removal_person", "DELETE FROM people WHERE id = $1", NULL };
/* FTS5 notes what was deleted and keeps the words until all its parts are merged: with a
 * negative number of pages it begins that, or goes on with it. On PostgreSQL the index
 * loses them with the row, at the next VACUUM. */
static const struct query merge_words
    = { "removal_merge_words",
        "INSERT INTO people_tags (people_tags, rank) VALUES ('merge', -$1)",
        "SELECT $1::bigint WHERE false" };
static const struct query writes
    = { "removal_writes", "SELECT total_changes()", "SELECT 0" };

/* Any number that no other program takes for an advisory lock of the same database. */
enum { LOCK_NUMBER = 873400127 };
/* SQLite has one writer at a time. */
static const struct query hold
    = { "removals_hold", "SELECT $1", "SELECT 1 FROM pg_advisory_xact_lock_shared($1)" };
static const struct query begin
    = { "removals_begin", "SELECT $1", "SELECT 1 FROM pg_advisory_xact_lock($1)" };

static const struct query *const queries[]
    = { &hold,         &begin,          &exists,       &among,          &add,           &forget_reviews, &forget_phones,
        &forget_items, &forget_charges, &forget_search, &forget_person, &merge_words,    &writes };
const struct query_table removal_queries = QUERY_TABLE(queries);

struct str removal_name_key(struct arena *arena, struct str name, struct str company_name,
                            struct str domain) {
    struct str company = str_is_set(domain)             ? domain
                         : str_is_empty(company_name) ? STR_NONE
                                                       : company_name_key(arena, company_name);
    struct str person = str_is_empty(name) ? STR_NONE : name_key(arena, name);
    if (str_is_empty(company) || str_is_empty(person))
        return STR_NONE;
    return arena_printf(arena, "%.*s\n%.*s", STR_FMT(person), STR_FMT(company));
}

static enum rc lock(struct ctx *ctx, const struct query *query) {
    int64_t one;
    return db_get_int(ctx, query, DB_ARGS(db_v_int(LOCK_NUMBER)), &one);
}

enum rc removals_hold(struct ctx *ctx) {
    return lock(ctx, &hold);
}

enum rc removals_begin(struct ctx *ctx) {
    return lock(ctx, &begin);
}

static struct str hash_of(struct ctx *ctx, enum removal_kind kind, struct str key) {
    ASSERT(ctx->services && ctx->services->secrets);
    return secrets_hash(ctx->services->secrets, ctx->arena, kind_names[kind], key);
}

enum rc removal_exists(struct ctx *ctx, enum removal_kind kind, struct str key,
                       bool *ret_exists) {
    if (str_is_empty(key)) {
        *ret_exists = false;
        return OK;
    }
    int64_t one;
    enum rc rc = db_get_int(ctx, &exists, DB_ARGS(db_v_blob(hash_of(ctx, kind, key))), &one);
    if (rc != OK && rc != E_NOT_FOUND)
        return rc;
    *ret_exists = rc == OK;
    return OK;
}

static struct str hex_of(struct arena *arena, struct str bytes) {
    struct buf b = buf_in(arena, 2 * bytes.n + 1);
    buf_hex(&b, bytes);
    return buf_text(&b);
}

enum rc removals_among(struct ctx *ctx, enum removal_kind kind, struct strs keys,
                       struct ints *ret_removed) {
    struct strs hashes = { 0 };
    for (size_t i = 0; i < keys.n; i++)
        strs_add(ctx->arena, &hashes,
                 str_is_empty(keys.p[i]) ? STR("")
                                         : hex_of(ctx->arena, hash_of(ctx, kind, keys.p[i])));
    struct db_rows *rows;
    enum rc rc = db_query(ctx, &among, DB_ARGS(sql_texts(ctx->arena, hashes)), &rows);
    if (rc != OK)
        return rc;
    struct ints removed = { 0 };
    while (db_next(rows))
        ints_add(ctx->arena, &removed, db_int(rows, 0));
    rc = db_rows_close(rows);
    if (rc == OK)
        *ret_removed = removed;
    return rc;
}

enum rc removal_add(struct ctx *ctx, enum removal_kind kind, struct str key) {
    if (str_is_empty(key))
        return OK;
    enum rc rc = db_exec(ctx, &add,
                         DB_ARGS(db_v_blob(hash_of(ctx, kind, key)),
                                 db_v_text(str_of(kind_names[kind])), db_v_int(ctx_now(ctx))),
                         NULL);
    return rc == OK ? lead_entries_forget(ctx, kind, key) : rc;
}

static enum rc leave_hashes(struct ctx *ctx, const struct person *p) {
    struct str company = p->company ? p->company->name : STR_NONE;
    struct str domain = p->company ? p->company->domain : STR_NONE;
    const struct {
        enum removal_kind kind;
        struct str key;
    } keys[] = {
        { REMOVAL_ID, p->id },
        { REMOVAL_LINKEDIN, p->linkedin_key },
        { REMOVAL_EMAIL, p->email_key },
        { REMOVAL_NAME, removal_name_key(ctx->arena, p->name, company, domain) },
        /* also by the company's name, for somebody who asks without the domain */
        { REMOVAL_NAME, removal_name_key(ctx->arena, p->name, company, STR_NONE) },
    };
    for (size_t i = 0; i < LENGTH(keys); i++) {
        enum rc rc = removal_add(ctx, keys[i].kind, keys[i].key);
        if (rc != OK)
            return rc;
    }
    return OK;
}

enum rc person_remove(struct ctx *ctx, const struct person *person) {
    /* In this order: reviews are found through the numbers. */
    static const struct query *const deletions[]
        = { &forget_reviews, &forget_phones, &forget_charges, &forget_search, &forget_items,
            &forget_person };
    db_mark(ctx);
    enum rc rc = leave_hashes(ctx, person);
    for (size_t i = 0; rc == OK && i < LENGTH(deletions); i++)
        rc = db_exec(ctx, deletions[i], DB_ARGS(db_v_text(person->id)), NULL);
    return rc;
}

struct merge_work {
    int64_t before, after; /* rows written by the connection */
};

/* Pages of one step, which takes a fraction of a second. */
enum { MERGE_PAGES = 500 };

static enum rc merge_work(struct ctx *ctx, void *arg) {
    struct merge_work *w = arg;
    enum rc rc = db_get_int(ctx, &writes, DB_NO_ARGS, &w->before);
    if (rc == OK)
        rc = db_exec(ctx, &merge_words, DB_ARGS(db_v_int(MERGE_PAGES)), NULL);
    return rc == OK ? db_get_int(ctx, &writes, DB_NO_ARGS, &w->after) : rc;
}

/* The command itself counts as one row; what is more is work that was done. */
enum rc removals_erase(struct ctx *ctx) {
    struct merge_work work;
    enum rc rc;
    do
        rc = db_transact(ctx, merge_work, &work);
    while (rc == OK && work.after - work.before >= 2);
    return rc == OK ? db_empty_log(ctx) : rc;
}
