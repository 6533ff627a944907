#include "store/search_rows.h"

#include "db/sql.h"
#include "store/queries.h"

#define PEOPLE                                                                              \
    "SELECT p.doc, p.rank, p.tags, c.doc, c.size, c.industry, c.country, "                  \
    "c.estimated_revenue, c.latest_funding_stage FROM people p "                            \
    "LEFT JOIN companies c ON c.id = p.company_id "
#define COMPANIES                                                                           \
    "SELECT doc, rank, tags, estimated_number_of_employees, revenue, total_funding, "       \
    "founded_year, latest_funding_date FROM companies "
#define SET_SQLITE "IN (SELECT value FROM json_each($1))"
#define SET_PG "= ANY (ARRAY(SELECT value::bigint FROM json_array_elements_text($1::json)))"

static const struct query people_after
    = { "search_people_after", PEOPLE "WHERE p.doc > $1 ORDER BY p.doc LIMIT $2", NULL };
static const struct query people_of
    = { "search_people_of", PEOPLE "WHERE p.doc " SET_SQLITE " ORDER BY p.doc",
        PEOPLE "WHERE p.doc " SET_PG " ORDER BY p.doc" };
static const struct query companies_after
    = { "search_companies_after", COMPANIES "WHERE doc > $1 ORDER BY doc LIMIT $2", NULL };
static const struct query companies_of
    = { "search_companies_of", COMPANIES "WHERE doc " SET_SQLITE " ORDER BY doc",
        COMPANIES "WHERE doc " SET_PG " ORDER BY doc" };
static const struct query people_docs_of
    = { "search_people_docs_of",
        "SELECT doc FROM people WHERE company_id IN (SELECT id FROM companies WHERE doc " SET_SQLITE
        ")",
        "SELECT doc FROM people WHERE company_id IN (SELECT id FROM companies WHERE doc " SET_PG
        ")" };

static const struct query *const queries[]
    = { &people_after, &people_of, &companies_after, &companies_of, &people_docs_of };
const struct query_table search_row_queries = QUERY_TABLE(queries);

enum rc search_people_after(struct ctx *ctx, int64_t doc, int64_t limit,
                            struct db_rows **ret_rows) {
    return db_query(ctx, &people_after, DB_ARGS(db_v_int(doc), db_v_int(limit)), ret_rows);
}

enum rc search_companies_after(struct ctx *ctx, int64_t doc, int64_t limit,
                               struct db_rows **ret_rows) {
    return db_query(ctx, &companies_after, DB_ARGS(db_v_int(doc), db_v_int(limit)), ret_rows);
}

enum rc search_people_of(struct ctx *ctx, struct ints docs, struct db_rows **ret_rows) {
    return db_query(ctx, &people_of, DB_ARGS(sql_ints(ctx->arena, docs)), ret_rows);
}

enum rc search_companies_of(struct ctx *ctx, struct ints docs, struct db_rows **ret_rows) {
    return db_query(ctx, &companies_of, DB_ARGS(sql_ints(ctx->arena, docs)), ret_rows);
}

enum rc search_people_docs_of(struct ctx *ctx, struct ints companies, struct db_rows **ret_rows) {
    return db_query(ctx, &people_docs_of, DB_ARGS(sql_ints(ctx->arena, companies)), ret_rows);
}
