/* Statements assembled at run time, for searches and lists with optional filters.
 * Only constant fragments are joined (sql_add takes a literal; tools/check refuses
 * anything else); values go in as parameters, numbered as they come. */
#ifndef DB_SQL_H
#define DB_SQL_H

#include "base/buf.h"
#include "db/db.h"

enum { SQL_VALUES_MAX = 128 };

struct sql {
    struct buf text;
    struct db_value values[SQL_VALUES_MAX];
    size_t n;
    enum db_engine engine; /* for the few fragments that differ: sql_add2 */
};

/* An empty statement for the engine of ctx->db, on ctx->arena. */
struct sql *sql_new(struct ctx *ctx);

/* Appends a literal. Each `?` outside quotes in it takes the next of the values
 * given and becomes $k. */
void sql_add_values(struct sql *sql, const char *literal, size_t n, const struct db_value *values);
#define sql_add(sql, literal, ...)                                                           \
    sql_add_values((sql), "" literal,                                                        \
                   sizeof((struct db_value[]){ { 0 } __VA_OPT__(,) __VA_ARGS__ }) / sizeof(struct db_value) - 1, \
                   (const struct db_value[]){ { 0 } __VA_OPT__(,) __VA_ARGS__ } + 1)
/* As sql_add, with one literal per engine. */
#define sql_add2(sql, sqlite_literal, pg_literal, ...)                 \
    ((sql)->engine == DB_SQLITE ? sql_add(sql, sqlite_literal __VA_OPT__(,) __VA_ARGS__) \
                                : sql_add(sql, pg_literal __VA_OPT__(,) __VA_ARGS__))

/* A fragment with one value, as a table of columns holds it: SQL_PART takes a literal. */
struct sql_part {
    const char *literal;
};
#define SQL_PART(literal) { "" literal }
void sql_add_part(struct sql *sql, const struct sql_part *part, struct db_value value);

/* Runs it. E_TOO_LARGE when it took more than SQL_VALUES_MAX values. */
MUST_USE enum rc sql_query(struct ctx *ctx, struct sql *sql, struct db_rows **ret_rows);

/* For statements of PostgreSQL: a set of texts with the account, $1, beside each, as a
 * subquery with a name; joined with the columns (account_id, v). What is known apart from
 * the set, such as the account in a condition of its own, makes PostgreSQL take an account's
 * rows for two or three until it has statistics, and compare each of them with each text. */
#define SQL_SET_PG(name, set)                                                           \
    name " AS MATERIALIZED (SELECT $1 AS account_id, v FROM json_array_elements_text("  \
    set "::json) AS w (v))"

/* Behind such a set: what an index says of each of its texts, as a subquery that PostgreSQL does
 * not dissolve. A join of set and table it makes by reading the whole table as long as that is
 * small or was so when it planned. */
#define SQL_OF_EACH_PG(name, columns, table, condition, as)                             \
    name " CROSS JOIN LATERAL (SELECT " columns " FROM " table " WHERE " condition " OFFSET 0) " as

/* A JSON array for a set parameter: of texts, or of integers. */
struct db_value sql_texts(struct arena *arena, struct strs values);
struct db_value sql_ints(struct arena *arena, struct ints values);

#endif
