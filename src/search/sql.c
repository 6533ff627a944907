/* The search on the database's own indexes: FTS5 over the tags on SQLite, GIN over
 * their tsvector on PostgreSQL. Page and total come from one statement and so from one
 * snapshot. Company filters of a people search are a subquery on companies. */
#include "search/sql.h"

#include "base/check.h"
#include "base/vec.h"
#include "db/sql.h"
#include "search/match.h"

/* --- ranges: rows without a value match none --- */

#define RANGE_OF(column) \
    { SQL_PART(" AND c." column " >= ?"), SQL_PART(" AND c." column " <= ?") }

static const struct range_parts {
    struct sql_part min, max;
} range_parts[] = {
    [PLAN_HEADCOUNT] = RANGE_OF("estimated_number_of_employees"),
    [PLAN_REVENUE] = RANGE_OF("revenue"),
    [PLAN_FUNDING] = RANGE_OF("total_funding"),
    [PLAN_FOUNDED_YEAR] = RANGE_OF("founded_year"),
    [PLAN_FUNDED_ON] = RANGE_OF("latest_funding_date"),
};

/* 20250829 as the text that the column holds. */
static struct db_value range_end(struct arena *arena, enum plan_column column, int64_t end) {
    if (column != PLAN_FUNDED_ON)
        return db_v_int(end);
    int day = (int) end;
    return db_v_text(arena_printf(arena, "%04d-%02d-%02d", day / 10000, day / 100 % 100, day % 100));
}

static void add_ranges(struct ctx *ctx, struct sql *sql, const struct plan *plan) {
    for (size_t i = 0; i < plan->n_ranges; i++) {
        const struct plan_range *range = &plan->ranges[i];
        const struct range_parts *parts = &range_parts[range->column];
        if (range->min > PLAN_NO_MIN)
            sql_add_part(sql, &parts->min, range_end(ctx->arena, range->column, range->min));
        if (range->max < PLAN_NO_MAX)
            sql_add_part(sql, &parts->max, range_end(ctx->arena, range->column, range->max));
    }
}

/* --- tiers: keys that equal a wanted value come first --- */

static void add_tiers(struct ctx *ctx, struct sql *sql, const struct plan *plan) {
    sql_add(sql, "0");
    for (size_t i = 0; i < plan->n_tiers; i++) {
        const struct plan_tier *tier = &plan->tiers[i];
        sql_add(sql, " + CASE WHEN ");
        if (tier->key == PLAN_NAME_KEY)
            sql_add(sql, "p.name_key");
        else if (tier->key == PLAN_TITLE_KEY)
            sql_add(sql, "p.title_key");
        else
            sql_add(sql, "c.name_key");
        sql_add2(sql, " IN (SELECT value FROM json_each(?))",
                 " IN (SELECT value FROM json_array_elements_text(?::json))",
                 sql_texts(ctx->arena, tier->keys));
        sql_add(sql, " THEN ? ELSE 0 END", db_v_int(tier->tier.weight));
    }
}

/* --- statement --- */

static void add_companies(struct ctx *ctx, struct sql *sql, const struct plan *plan) {
    match_companies(ctx, sql, plan->companies);
    add_ranges(ctx, sql, plan);
}

/* The CTE `hit (doc, rank, tier)`. */
static void add_hits(struct ctx *ctx, struct sql *sql, const struct plan *plan) {
    bool people = plan->rows == PLAN_PEOPLE;
    if (people)
        sql_add(sql, "WITH hit AS MATERIALIZED (SELECT p.doc, p.rank, ");
    else
        sql_add(sql, "WITH hit AS MATERIALIZED (SELECT c.doc, c.rank, ");
    add_tiers(ctx, sql, plan);
    if (!people) {
        sql_add(sql, " AS tier FROM companies c WHERE 1 = 1");
        add_companies(ctx, sql, plan);
        sql_add(sql, ")");
        return;
    }
    sql_add(sql, " AS tier FROM people p WHERE 1 = 1");
    match_people(ctx, sql, plan->people);
    if (plan_asks_companies(plan)) {
        sql_add(sql, " AND p.company_id IN (SELECT c.id FROM companies c WHERE 1 = 1");
        add_companies(ctx, sql, plan);
        sql_add(sql, ")");
    }
    sql_add(sql, ")");
}

/* --- facets: more parts of the same statement --- */

#define COUNT_PEOPLE(column)                                                            \
    SQL_PART(" UNION ALL SELECT CAST(? AS BIGINT), count(*), NULL, NULL, NULL, p." column \
             " FROM hit JOIN people p ON p.doc = hit.doc WHERE p." column               \
             " IS NOT NULL GROUP BY p." column)
#define COUNT_EACH_SQLITE(column)                                                       \
    SQL_PART(" UNION ALL SELECT ?, count(DISTINCT hit.doc), NULL, NULL, NULL, e.value " \
             "FROM hit JOIN people p ON p.doc = hit.doc, json_each(p." column           \
             ") e GROUP BY e.value")
#define COUNT_EACH_PG(column)                                                           \
    SQL_PART(" UNION ALL SELECT ?::bigint, count(DISTINCT hit.doc), NULL, NULL, NULL, " \
             "e.value FROM hit JOIN people p ON p.doc = hit.doc, "                      \
             "json_array_elements_text(p." column "::json) e (value) GROUP BY e.value")
#define COUNT_EMPLOYERS(column)                                                         \
    SQL_PART(" UNION ALL SELECT CAST(? AS BIGINT), count(*), NULL, NULL, NULL, c." column \
             " FROM hit JOIN people p ON p.doc = hit.doc "                              \
             "JOIN companies c ON c.id = p.company_id WHERE c." column                  \
             " IS NOT NULL GROUP BY c." column)
#define COUNT_COMPANIES(column)                                                         \
    SQL_PART(" UNION ALL SELECT CAST(? AS BIGINT), count(*), NULL, NULL, NULL, c." column \
             " FROM hit JOIN companies c ON c.doc = hit.doc WHERE c." column            \
             " IS NOT NULL GROUP BY c." column)

static const struct facet_parts {
    struct sql_part people, companies; /* among the rows that are found */
    struct sql_part people_pg;         /* where PostgreSQL says it in other words */
} facet_parts[] = {
    [FACET_SENIORITIES] = { .people = COUNT_PEOPLE("seniority") },
    [FACET_DEPARTMENTS] = { .people = COUNT_EACH_SQLITE("departments"),
                            .people_pg = COUNT_EACH_PG("departments") },
    [FACET_FUNCTIONS] = { .people = COUNT_EACH_SQLITE("job_functions"),
                          .people_pg = COUNT_EACH_PG("job_functions") },
    [FACET_LOCATIONS] = { .people = COUNT_PEOPLE("country") },
    [FACET_INDUSTRIES] = { COUNT_EMPLOYERS("industry"), COUNT_COMPANIES("industry"), { NULL } },
    [FACET_SIZES] = { COUNT_EMPLOYERS("size"), COUNT_COMPANIES("size"), { NULL } },
    [FACET_COMPANY_LOCATIONS] = { COUNT_EMPLOYERS("country"), COUNT_COMPANIES("country"), { NULL } },
    [FACET_REVENUE] = { COUNT_EMPLOYERS("estimated_revenue"), COUNT_COMPANIES("estimated_revenue"),
                        { NULL } },
};

static void add_facets(struct sql *sql, const struct plan *plan) {
    for (size_t i = 0; i < plan->n_facets; i++) {
        const struct facet_parts *parts = &facet_parts[plan->facets[i]];
        const struct sql_part *part = plan->rows == PLAN_COMPANIES ? &parts->companies
                                      : sql->engine == DB_POSTGRES && parts->people_pg.literal
                                          ? &parts->people_pg
                                          : &parts->people;
        sql_add_part(sql, part, db_v_int((int64_t) i));
    }
}

/* --- answer --- */

enum { PAGE_PART = -1 }; /* else the number of a facet */

/* Rows (part, n, tier, rank, doc, value). A page behind the end still has a row, which has
 * the total and no doc. */
static void add_answer(struct sql *sql, const struct plan *plan) {
    sql_add(sql,
            " SELECT CAST(-1 AS BIGINT) AS part, t.total AS n, h.tier AS tier, h.rank AS rank, "
            "h.doc AS doc, CAST(NULL AS TEXT) AS value "
            "FROM (SELECT count(*) AS total FROM hit) t LEFT JOIN "
            "(SELECT doc, tier, rank FROM hit ORDER BY tier DESC, rank DESC, doc "
            "LIMIT ? OFFSET ?) h ON 1 = 1",
            db_v_int(plan->limit), db_v_int(plan->offset));
    add_facets(sql, plan);
    sql_add(sql, " ORDER BY 1, 3 DESC, 4 DESC, 5");
}

static void read_row(struct ctx *ctx, struct db_rows *rows, struct hits *hits) {
    int64_t part = db_int(rows, 0);
    if (part != PAGE_PART) {
        counts_add(ctx->arena, &hits->counts[part], db_text(rows, 5), db_int(rows, 1));
        return;
    }
    hits->total = db_int(rows, 1);
    if (!db_is_null(rows, 4))
        ints_add(ctx->arena, &hits->docs, db_int(rows, 4));
}

enum rc sql_search(struct ctx *ctx, const struct plan *plan, struct hits *ret_hits) {
    struct sql *sql = sql_new(ctx);
    add_hits(ctx, sql, plan);
    add_answer(sql, plan);
    struct db_rows *rows;
    enum rc rc = sql_query(ctx, sql, &rows);
    if (rc != OK)
        return rc;
    struct hits found = { 0 };
    while (db_next(rows))
        read_row(ctx, rows, &found);
    rc = db_rows_close(rows);
    if (rc == OK) {
        ret_hits->total = found.total;
        ret_hits->docs = found.docs;
        memcpy(ret_hits->counts, found.counts, sizeof found.counts);
    }
    return rc;
}
