/* Joins constant fragments and numbers their values. */
#include "db/sql.h"

#include "base/check.h"
#include "base/limits.h"

/* Longer than any search can get with SQL_VALUES_MAX values. */
#define SQL_MAX_BYTES ((size_t) 256 * 1024)

struct sql *sql_new(struct ctx *ctx) {
    struct sql *sql = ARENA_NEW(ctx->arena, struct sql);
    sql->text = buf_in(ctx->arena, SQL_MAX_BYTES);
    sql->engine = db_engine(db_of(ctx->db));
    return sql;
}

/* One past SQL_VALUES_MAX means that there were too many. */
static void add_value(struct sql *sql, struct db_value value) {
    if (sql->n < SQL_VALUES_MAX)
        sql->values[sql->n] = value;
    if (sql->n <= SQL_VALUES_MAX)
        sql->n++;
    buf_char(&sql->text, '$');
    buf_i64(&sql->text, (int64_t) sql->n);
}

void sql_add_values(struct sql *sql, const char *literal, size_t n, const struct db_value *values) {
    size_t used = 0;
    char quote = '\0';
    for (const char *c = literal; *c; c++) {
        if (quote)
            quote = *c == quote ? '\0' : quote;
        else if (*c == '\'' || *c == '"')
            quote = *c;
        if (*c != '?' || quote) {
            buf_char(&sql->text, *c);
            continue;
        }
        ASSERT(used < n);
        add_value(sql, values[used++]);
    }
    ASSERT(used == n);
}

void sql_add_part(struct sql *sql, const struct sql_part *part, struct db_value value) {
    sql_add_values(sql, part->literal, 1, &value);
}

enum rc sql_query(struct ctx *ctx, struct sql *sql, struct db_rows **ret_rows) {
    if (sql->n > SQL_VALUES_MAX || buf_result(&sql->text) != OK)
        return fail(ctx, E_TOO_LARGE, "a statement of more than %d values", SQL_VALUES_MAX);
    struct db_args args = { sql->values, sql->n };
    return db_query_built(ctx, buf_text(&sql->text), args, ret_rows);
}

/* The arrays come from input that was bounded before (base/limits.h). */
static struct db_value array_value(struct buf *json) {
    buf_char(json, ']');
    ASSERT(buf_result(json) == OK);
    return db_v_text(buf_text(json));
}

struct db_value sql_texts(struct arena *arena, struct strs values) {
    struct buf json = buf_in(arena, ARENA_BACKSTOP_BYTES);
    size_t n = 2;
    for (size_t i = 0; i < values.n; i++)
        n += values.p[i].n + 3;
    (void) buf_space(&json, n); /* at once: what a growing buffer leaves behind stays */
    buf_char(&json, '[');
    for (size_t i = 0; i < values.n; i++) {
        buf_str(&json, i ? STR(",\"") : STR("\""));
        buf_json(&json, values.p[i]);
        buf_char(&json, '"');
    }
    return array_value(&json);
}

struct db_value sql_ints(struct arena *arena, struct ints values) {
    struct buf json = buf_in(arena, ARENA_BACKSTOP_BYTES);
    buf_char(&json, '[');
    for (size_t i = 0; i < values.n; i++) {
        if (i)
            buf_char(&json, ',');
        buf_i64(&json, values.p[i]);
    }
    return array_value(&json);
}
