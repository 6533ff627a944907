/* Any bytes as the body of a search, and as a value of each filter: what passes the checks
 * becomes a plan whose expression SQLite's FTS5 takes, and for made-up rows FTS5 finds
 * exactly those that the expression matches. The text for PostgreSQL holds nothing but
 * quoted tokens and operators. */
#include <sqlite3.h>
#include <stdint.h>

#include "base/check.h"
#include "base/limits.h"
#include "base/vec.h"
#include "json/reader.h"
#include "search/conditions.h"
#include "search/plan.h"
#include "search/tags.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Tags of rows, numbered from 1. */
static const char *const rows[] = {
    "njohn ndoe tchief texecutive tofficer s2 d0 lcus lrtexas lyaustin kcloud",
    "njoan nroe tvice tpresident tsales s4 d13 lcde lymunich kdata ksales",
    "wacme wlabs i3 z2 lcus kcloud xsalesforce oacme_2ecom bb2b r1 gseed",
    "",
};

static sqlite3 *table(void) {
    static sqlite3 *db;
    if (db)
        return db;
    ASSERT(sqlite3_open(":memory:", &db) == SQLITE_OK);
    ASSERT(sqlite3_exec(db,
                        "CREATE VIRTUAL TABLE t USING fts5 (tags, detail='none', "
                        "tokenize=\"unicode61 remove_diacritics 0 tokenchars '_'\")",
                        NULL, NULL, NULL)
           == SQLITE_OK);
    for (size_t i = 0; i < LENGTH(rows); i++) {
        sqlite3_stmt *put;
        ASSERT(sqlite3_prepare_v2(db, "INSERT INTO t (rowid, tags) VALUES (?, ?)", -1, &put, NULL) == SQLITE_OK);
        ASSERT(sqlite3_bind_int64(put, 1, (sqlite3_int64) i + 1) == SQLITE_OK);
        ASSERT(sqlite3_bind_text(put, 2, rows[i], -1, SQLITE_STATIC) == SQLITE_OK);
        ASSERT(sqlite3_step(put) == SQLITE_DONE);
        sqlite3_finalize(put);
    }
    return db;
}

static bool row_matches(struct arena *arena, const struct expr *expr, const char *row) {
    struct strs tags = { 0 };
    struct str rest = str_of(row);
    for (struct str tag; str_word(&rest, &tag);)
        strs_add(arena, &tags, tag);
    return expr_matches(expr, tags);
}

static void check_fts5(struct arena *arena, const struct expr *expr) {
    struct str text = expr_fts5(arena, expr);
    bool found[LENGTH(rows)] = { false };
    sqlite3_stmt *select;
    ASSERT(sqlite3_prepare_v2(table(), "SELECT rowid FROM t WHERE t MATCH ?", -1, &select, NULL) == SQLITE_OK);
    ASSERT(sqlite3_bind_text(select, 1, text.p, (int) text.n, SQLITE_STATIC) == SQLITE_OK);
    int step;
    while ((step = sqlite3_step(select)) == SQLITE_ROW)
        found[sqlite3_column_int64(select, 0) - 1] = true;
    ASSERT(step == SQLITE_DONE);
    sqlite3_finalize(select);
    for (size_t i = 0; i < LENGTH(rows); i++)
        ASSERT(found[i] == row_matches(arena, expr, rows[i]));
}

static void check_tsquery(struct str text) {
    bool quoted = false;
    int depth = 0;
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        depth += quoted ? 0 : (c == '(') - (c == ')');
        if (c == '\'')
            quoted = !quoted;
        else if (quoted)
            ASSERT(ascii_is_lower(c) || ascii_is_digit(c) || c == '_');
        else
            ASSERT(c == '(' || c == ')' || c == ' ' || c == '&' || c == '|' || c == '!' || c == ':' || c == '*');
        ASSERT(depth >= 0);
    }
    ASSERT(!quoted && depth == 0);
}

static void check_expr(struct arena *arena, const struct expr *expr) {
    if (expr_is_true(expr) || expr_is_false(expr))
        return;
    check_fts5(arena, expr);
    check_tsquery(expr_tsquery(arena, expr));
}

static void check_plan(struct arena *arena, const struct plan *plan) {
    check_expr(arena, plan->people);
    check_expr(arena, plan->companies);
    ASSERT(plan->limit > 0 && plan->offset >= 0 && plan->n_ranges <= PLAN_COLUMNS && plan->n_facets <= FACETS);
    for (size_t i = 0; i < plan->n_tiers; i++)
        check_expr(arena, plan->tiers[i].tier.where);
}

static void check_people(struct ctx *ctx, const struct people_search *search) {
    struct plan plan = plan_people(ctx->arena, search);
    if (company_filters_check(ctx, &search->company) != OK || plan_check(ctx, &plan) != OK)
        return;
    check_plan(ctx->arena, &plan);
    struct strs mistaken = { 0 };
    if (str_is_set(search->name))
        mistaken = name_words_for_typos(ctx->arena, search->name);
    if (mistaken.n == 0)
        return;
    plan = plan_people_forgiving(ctx->arena, search, mistaken);
    check_plan(ctx->arena, &plan);
}

static void check_companies(struct ctx *ctx, const struct companies_search *search) {
    struct plan plan = plan_companies(ctx->arena, search);
    if (company_filters_check(ctx, &search->company) != OK || plan_check(ctx, &plan) != OK)
        return;
    check_plan(ctx->arena, &plan);
}

static void as_body(struct ctx *ctx, struct str text) {
    struct people_search people;
    struct companies_search companies;
    struct json_position at;
    json_t *root;
    if (json_parse(ctx->arena, text, &root, &at) != OK)
        return;
    if (json_read_fields(ctx, &people_search_fields, root, STR(""), &people) == OK)
        check_people(ctx, &people);
    if (json_read_fields(ctx, &companies_search_fields, root, STR(""), &companies) == OK)
        check_companies(ctx, &companies);
}

static void as_values(struct ctx *ctx, struct str text) {
    struct str value = str_sub(text, 0, SEARCH_VALUE_MAX_BYTES);
    struct strs values = { &value, 1 };
    struct people_search search = { .name = value, .titles = values, .locations = values, .keywords = values,
                                    .company = { .names = values, .domains = values, .technologies = values } };
    check_people(ctx, &search);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct str text = { (const char *) data, size };
    if (size > SEARCH_BODY_MAX_BYTES)
        return 0;
    struct ctx ctx = { .arena = arena_new(), .clock = &clock_system };
    as_body(&ctx, text);
    as_values(&ctx, text);
    arena_free(&ctx.arena);
    return 0;
}
