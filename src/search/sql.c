/* The search on the database's own indexes: FTS5 over the tags on SQLite, GIN over
 * their tsvector on PostgreSQL. Page and total come from one statement and so from one
 * snapshot. Company filters of a people search are a subquery on companies.
 *
 * Order: rows whose title or name equals a wanted one, then the static rank, then the
 * number of the row: total and stable. */
#include "base/check.h"
#include "base/vec.h"
#include "data/company_names.h"
#include "data/names.h"
#include "data/titles.h"
#include "db/sql.h"
#include "search/match.h"
#include "search/search.h"

enum { PAGE_SIZE_DEFAULT = 5 };

/* The columns with a range. Rows without a value match none. */
struct column_range {
    size_t filter; /* offset of the struct range * in struct company_filters */
    struct sql_part min, max;
};

#define COLUMN_RANGE(member, column)                                    \
    { FIELD_OFFSET(struct company_filters, member, struct range *),     \
      SQL_PART(" AND c." column " >= ?"), SQL_PART(" AND c." column " <= ?") }

static const struct column_range column_ranges[] = {
    COLUMN_RANGE(headcount, "estimated_number_of_employees"),
    COLUMN_RANGE(annual_revenue, "revenue"),
    COLUMN_RANGE(total_funding, "total_funding"),
    COLUMN_RANGE(founded_year, "founded_year"),
};

static void add_ranges(struct sql *sql, const struct company_filters *f) {
    for (size_t i = 0; i < LENGTH(column_ranges); i++) {
        const struct column_range *column = &column_ranges[i];
        const struct range *range
            = *(struct range *const *) (const void *) ((const char *) f + column->filter);
        if (range && range->min.set)
            sql_add_part(sql, &column->min, db_v_opt(range->min));
        if (range && range->max.set)
            sql_add_part(sql, &column->max, db_v_opt(range->max));
    }
}

static void add_domains(struct ctx *ctx, struct sql *sql, struct strs wanted) {
    struct strs domains = { 0 };
    for (size_t i = 0; i < wanted.n; i++) {
        struct str domain = domain_key(ctx->arena, wanted.p[i]);
        if (str_is_set(domain))
            strs_add(ctx->arena, &domains, domain);
    }
    struct db_value set = sql_texts(ctx->arena, domains);
    sql_add2(sql, " AND c.domain IN (SELECT value FROM json_each(?))",
             " AND c.domain IN (SELECT value FROM json_array_elements_text(?::json))", set);
}

static void add_company_columns(struct ctx *ctx, struct sql *sql,
                                const struct company_filters *f) {
    if (f->domains.n)
        add_domains(ctx, sql, f->domains);
    add_ranges(sql, f);
    if (f->last_funding && str_is_set(f->last_funding->min_date))
        sql_add(sql, " AND c.latest_funding_date >= ?", db_v_text(f->last_funding->min_date));
    if (f->last_funding && str_is_set(f->last_funding->max_date))
        sql_add(sql, " AND c.latest_funding_date <= ?", db_v_text(f->last_funding->max_date));
}

/* --- order: keys that equal a wanted value come first --- */

static struct db_value title_keys(struct arena *arena, struct strs titles) {
    struct strs keys = { 0 };
    for (size_t i = 0; i < titles.n; i++)
        strs_add(arena, &keys, title_key(arena, titles.p[i]));
    return sql_texts(arena, keys);
}

static struct db_value company_keys(struct arena *arena, struct strs names) {
    struct strs keys = { 0 };
    for (size_t i = 0; i < names.n; i++)
        strs_add(arena, &keys, company_name_key(arena, names.p[i]));
    return sql_texts(arena, keys);
}

static void add_people_tier(struct ctx *ctx, struct sql *sql, const struct people_search *s) {
    sql_add(sql, "0");
    if (str_is_set(s->name))
        sql_add(sql, " + CASE WHEN p.name_key = ? THEN 2 ELSE 0 END",
                db_v_text(name_key(ctx->arena, s->name)));
    if (s->titles.n)
        sql_add2(sql,
                 " + CASE WHEN p.title_key IN (SELECT value FROM json_each(?)) THEN 1 ELSE 0 END",
                 " + CASE WHEN p.title_key IN (SELECT value FROM "
                 "json_array_elements_text(?::json)) THEN 1 ELSE 0 END",
                 title_keys(ctx->arena, s->titles));
}

static void add_company_tier(struct ctx *ctx, struct sql *sql, struct strs names) {
    if (names.n == 0) {
        sql_add(sql, "0");
        return;
    }
    sql_add2(sql, "CASE WHEN c.name_key IN (SELECT value FROM json_each(?)) THEN 1 ELSE 0 END",
             "CASE WHEN c.name_key IN (SELECT value FROM json_array_elements_text(?::json)) "
             "THEN 1 ELSE 0 END",
             company_keys(ctx->arena, names));
}

/* Closes the CTE `hit (doc, rank, tier)` and asks it for the total and one page. A page
 * behind the end still has its row with the total, with doc NULL. */
static enum rc run(struct ctx *ctx, struct sql *sql, struct hits *hits) {
    sql_add(sql,
            ") SELECT t.total, h.doc FROM (SELECT count(*) AS total FROM hit) t LEFT JOIN "
            "(SELECT doc, tier, rank FROM hit ORDER BY tier DESC, rank DESC, doc "
            "LIMIT ? OFFSET ?) h ON 1 = 1 ORDER BY h.tier DESC, h.rank DESC, h.doc",
            db_v_int(hits->page_size), db_v_int((hits->page - 1) * hits->page_size));
    struct db_rows *rows;
    enum rc rc = sql_query(ctx, sql, &rows);
    if (rc != OK)
        return rc;
    while (db_next(rows)) {
        hits->total = db_int(rows, 0);
        if (!db_is_null(rows, 1))
            ints_add(ctx->arena, &hits->docs, db_int(rows, 1));
    }
    return db_rows_close(rows);
}

static struct hits empty_hits(struct opt_int page, struct opt_int page_size) {
    return (struct hits){ .page = page.set ? page.v : 1,
                          .page_size = page_size.set ? page_size.v : PAGE_SIZE_DEFAULT };
}

enum rc search_people(struct ctx *ctx, const struct people_search *s, struct hits *ret_hits) {
    enum rc rc = filters_check(ctx, &s->company);
    if (rc != OK)
        return rc;
    struct sql *sql = sql_new(ctx);
    sql_add(sql, "WITH hit AS MATERIALIZED (SELECT p.doc, p.rank, ");
    add_people_tier(ctx, sql, s);
    sql_add(sql, " AS tier FROM people p WHERE 1 = 1");
    match_people(ctx, sql, people_expr(ctx->arena, s));
    const struct expr *company = company_expr(ctx->arena, &s->company);
    if (!expr_is_true(company) || filters_need_columns(&s->company)) {
        sql_add(sql, " AND p.company_id IN (SELECT c.id FROM companies c WHERE 1 = 1");
        match_companies(ctx, sql, company);
        add_company_columns(ctx, sql, &s->company);
        sql_add(sql, ")");
    }
    struct hits hits = empty_hits(s->page, s->page_size);
    rc = run(ctx, sql, &hits);
    if (rc == OK)
        *ret_hits = hits;
    return rc;
}

enum rc search_companies(struct ctx *ctx, const struct companies_search *s,
                         struct hits *ret_hits) {
    enum rc rc = filters_check(ctx, &s->company);
    if (rc != OK)
        return rc;
    struct sql *sql = sql_new(ctx);
    sql_add(sql, "WITH hit AS MATERIALIZED (SELECT c.doc, c.rank, ");
    add_company_tier(ctx, sql, s->company.names);
    sql_add(sql, " AS tier FROM companies c WHERE 1 = 1");
    match_companies(ctx, sql, company_expr(ctx->arena, &s->company));
    add_company_columns(ctx, sql, &s->company);
    struct hits hits = empty_hits(s->page, s->page_size);
    rc = run(ctx, sql, &hits);
    if (rc == OK)
        *ret_hits = hits;
    return rc;
}
