#include "store/exclusions.h"

#include "base/map.h"
#include "base/vec.h"
#include "db/sql.h"
#include "store/queries.h"
#include "store/reply_claims.h"

const struct str exclusion_success = { "success", 7 };
const struct str exclusion_duplicated = { "duplicated", 10 };
const struct str exclusion_unsupported = { "unsupported", 11 };
const struct str exclusion_not_found = { "not_found", 9 };

static const char *const kind_names[] = { [EXCLUDED_DOMAIN] = "domain",
                                          [EXCLUDED_EMAIL] = "email" };

/* The same rows under the two names that the API has for the value. */
#define T struct exclusion
#define VALUE_ROW(json, ...)                                                                    \
    { .name = json, .type = FIELD_STR, .flags = FIELD_REQUIRED,                                 \
      .offset = FIELD_OFFSET(T, value, struct str), __VA_ARGS__ }
#define COMMON_ROWS                                                                             \
    F_STR(T, source, .flags = FIELD_REQUIRED, .example = EXCLUSION_OWN_SOURCE,                  \
          .doc = "Where the exclusion came from."),                                             \
    F_TIME_MS(T, date_added, .flags = FIELD_REQUIRED, .example = "2024-08-28T22:33:16.145Z",    \
              .doc = "When it was added."),                                                     \
    F_STR(T, excluded_reason, .flags = FIELD_REQUIRED, .example = "api",                        \
          .doc = "Why: api, manual, or what an import said.")
static const struct field domain_rows[]
    = { VALUE_ROW("domain", .example = "domain.com", .doc = "The excluded domain."),
        COMMON_ROWS };
static const struct field email_rows[]
    = { VALUE_ROW("email", .example = "someone@domain.com", .doc = "The excluded address."),
        COMMON_ROWS };
#undef T
const struct fields excluded_domain_fields
    = FIELDS("ExcludedDomain", struct exclusion, domain_rows,
             .doc = "A domain that is not to be sequenced.");
const struct fields excluded_email_fields
    = FIELDS("ExcludedEmail", struct exclusion, email_rows,
             .doc = "An email address that is not to be sequenced.");

/* `value` under its JSON name, so that one table reads and writes it. */
#define LIST(name, condition, direction)                                                  \
    "SELECT value AS " name ", source, date_added, excluded_reason FROM exclusions "      \
    "WHERE account_id = $3 AND kind = '" name "' AND value " condition " $1 "             \
    "ORDER BY value " direction " LIMIT $2"

static const struct query domains_after
    = { "excluded_domains_after", LIST("domain", ">", ""), NULL };
static const struct query domains_before
    = { "excluded_domains_before", LIST("domain", "<", "DESC"), NULL };
static const struct query emails_after
    = { "excluded_emails_after", LIST("email", ">", ""), NULL };
static const struct query emails_before
    = { "excluded_emails_before", LIST("email", "<", "DESC"), NULL };
static const struct query insert
    = { "exclusions_insert",
        "INSERT INTO exclusions (account_id, kind, value, source, excluded_reason, date_added) "
        "SELECT $1, $2, value, $4, $5, $6 FROM json_each($3) WHERE 1 = 1 "
        "ON CONFLICT (account_id, kind, value) DO NOTHING RETURNING value",
        "INSERT INTO exclusions (account_id, kind, value, source, excluded_reason, date_added) "
        "SELECT $1, $2, value, $4, $5, $6 FROM json_array_elements_text($3::json) "
        "ON CONFLICT (account_id, kind, value) DO NOTHING RETURNING value" };
/* PostgreSQL: account and kind come with the values, so that nothing is known about the
 * table alone. Known apart, they make it take an account's rows for two or three until it
 * has statistics, and compare each of 100,000 with each of as many values. */
#define WANTED_PG                                                                         \
    "WITH e AS MATERIALIZED (SELECT $1 AS account_id, $2 AS kind, v "                     \
    "FROM json_array_elements_text($3::json) AS w (v)) "
#define IS_WANTED_PG "x.account_id = e.account_id AND x.kind = e.kind AND x.value = e.v"
static const struct query delete_own
    = { "exclusions_delete",
        "DELETE FROM exclusions WHERE account_id = $1 AND kind = $2 "
        "AND source = '" EXCLUSION_OWN_SOURCE "' "
        "AND value IN (SELECT value FROM json_each($3)) RETURNING value",
        WANTED_PG "DELETE FROM exclusions x USING e WHERE " IS_WANTED_PG
        " AND x.source = '" EXCLUSION_OWN_SOURCE "' RETURNING x.value" };
static const struct query existing
    = { "exclusions_existing",
        "SELECT value FROM exclusions WHERE account_id = $1 AND kind = $2 "
        "AND value IN (SELECT value FROM json_each($3))",
        WANTED_PG "SELECT x.value FROM "
        SQL_OF_EACH_PG("e", "x.value", "exclusions x", IS_WANTED_PG, "x") };
/* In the same way; what excludes the address itself comes first. */
#define OF_ADDRESS(materialized, from)                                                    \
    "WITH e (account_id, kind, v) AS " materialized "(SELECT $1, 'email', $2 "            \
    "UNION ALL SELECT $1, 'domain', value FROM " from ") "                                \
    "SELECT x.kind FROM e JOIN exclusions x ON " IS_WANTED_PG " ORDER BY x.kind DESC LIMIT 1"
static const struct query of_address
    = { "exclusion_of_address", OF_ADDRESS("", "json_each($3)"),
        OF_ADDRESS("MATERIALIZED ", "json_array_elements_text($3::json)") };

static const struct query *const queries[] = { &domains_after, &domains_before, &emails_after,
                                               &emails_before, &insert,         &delete_own,
                                               &existing,       &of_address };
const struct query_table exclusion_queries = QUERY_TABLE(queries);

enum rc exclusions_list(struct ctx *ctx, enum exclusion_kind kind, const struct page *page,
                        struct page_of *ret_page) {
    static const struct page_queries pages[] = {
        [EXCLUDED_DOMAIN] = { &domains_after, &domains_before, &excluded_domain_fields,
                              offsetof(struct exclusion, value) },
        [EXCLUDED_EMAIL] = { &emails_after, &emails_before, &excluded_email_fields,
                             offsetof(struct exclusion, value) },
    };
    return page_read(ctx, &pages[kind], page, DB_ARGS(db_v_text(ctx->account_id)), ret_page);
}

enum rc exclusions_among(struct ctx *ctx, enum exclusion_kind kind, struct strs values,
                         struct strs *ret_excluded) {
    struct db_rows *rows;
    struct strs excluded = { 0 };
    enum rc rc = db_query(ctx, &existing,
                          DB_ARGS(db_v_text(ctx->account_id), db_v_text(str_of(kind_names[kind])),
                                  sql_texts(ctx->arena, values)),
                          &rows);
    if (rc != OK)
        return rc;
    while (db_next(rows))
        strs_add(ctx->arena, &excluded, db_text(rows, 0));
    rc = db_rows_close(rows);
    if (rc == OK)
        *ret_excluded = excluded;
    return rc;
}

enum rc exclusion_of_address(struct ctx *ctx, struct str email, struct strs domains,
                             enum exclusion_kind *ret_kind) {
    struct str kind = STR_NONE;
    enum rc rc = db_get_text(ctx, &of_address,
                             DB_ARGS(db_v_text(ctx->account_id), db_v_text(email),
                                     sql_texts(ctx->arena, domains)),
                             &kind);
    if (rc == OK)
        *ret_kind = str_eq(kind, str_of(kind_names[EXCLUDED_EMAIL])) ? EXCLUDED_EMAIL : EXCLUDED_DOMAIN;
    return rc;
}

/* Runs a query that returns values, and notes `result` for each that has none yet. */
static enum rc note(struct ctx *ctx, const struct query *query, struct db_args args,
                    const struct str *result, struct map *results) {
    struct db_rows *rows;
    enum rc rc = db_query(ctx, query, args, &rows);
    if (rc != OK)
        return rc;
    while (db_next(rows)) {
        struct str value = db_text(rows, 0);
        if (!map_get(results, value))
            map_put(results, value, (void *) (uintptr_t) result);
    }
    return db_rows_close(rows);
}

/* What was noted for each value; `other` for those without a note. `first_only`: a value
 * that comes a second time gets `other`. */
static struct strs results_of(struct ctx *ctx, struct strs values, const struct map *noted,
                              struct str other, bool first_only) {
    static char present;
    struct strs results = { 0 };
    struct map seen = map_in(NULL);
    for (size_t i = 0; i < values.n; i++) {
        const struct str *result = map_get(noted, values.p[i]);
        bool again = map_put(&seen, values.p[i], &present) != NULL;
        strs_add(ctx->arena, &results, result && !(first_only && again) ? *result : other);
    }
    map_done(&seen);
    return results;
}

struct change_work {
    const struct new_exclusions *added; /* of an addition */
    enum exclusion_kind kind;
    struct strs values;
    struct map noted;
};

static enum rc drop_claims(struct ctx *ctx, const struct change_work *w) {
    return reply_claims_drop(ctx, w->kind == EXCLUDED_EMAIL ? CLAIM_EMAIL : CLAIM_DOMAIN, w->values);
}

/* A claim that is being taken back just now is waited for; one that is being made is seen behind
 * its exclusion. */
static enum rc add_in_transaction(struct ctx *ctx, void *arg) {
    struct change_work *w = arg;
    w->noted = map_in(ctx->arena);
    enum rc rc = w->added->for_reply ? OK : drop_claims(ctx, w);
    if (rc == OK)
        rc = note(ctx, &insert,
                  DB_ARGS(db_v_text(ctx->account_id), db_v_text(str_of(kind_names[w->kind])),
                          sql_texts(ctx->arena, w->values), db_v_text(w->added->source),
                          db_v_text(w->added->reason), db_v_int(ctx_now(ctx))),
                  &exclusion_success, &w->noted);
    return rc == OK && !w->added->for_reply ? drop_claims(ctx, w) : rc;
}

enum rc exclusions_add(struct ctx *ctx, const struct new_exclusions *exclusions,
                       struct strs *ret_results) {
    struct change_work work = { exclusions, exclusions->kind, exclusions->values, { 0 } };
    enum rc rc = db_transact(ctx, add_in_transaction, &work);
    if (rc == OK)
        *ret_results = results_of(ctx, work.values, &work.noted, exclusion_duplicated, true);
    return rc;
}

static enum rc delete_in_transaction(struct ctx *ctx, void *arg) {
    struct change_work *w = arg;
    struct db_args args = DB_ARGS(db_v_text(ctx->account_id),
                                  db_v_text(str_of(kind_names[w->kind])),
                                  sql_texts(ctx->arena, w->values));
    w->noted = map_in(ctx->arena);
    enum rc rc = drop_claims(ctx, w);
    if (rc == OK)
        rc = note(ctx, &delete_own, args, &exclusion_success, &w->noted);
    return rc == OK ? note(ctx, &existing, args, &exclusion_unsupported, &w->noted) : rc;
}

enum rc exclusions_delete(struct ctx *ctx, enum exclusion_kind kind, struct strs values,
                          struct strs *ret_results) {
    struct change_work work = { NULL, kind, values, { 0 } };
    enum rc rc = db_transact(ctx, delete_in_transaction, &work);
    if (rc == OK)
        *ret_results = results_of(ctx, values, &work.noted, exclusion_not_found, false);
    return rc;
}
