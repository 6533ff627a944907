#include "db.h"

#include "base/vec.h"
#include "db/sql.h"

static struct str first_text(struct ctx *ctx, struct sql *sql) {
    struct db_rows *rows;
    assert_ok(ctx, sql_query(ctx, sql, &rows));
    assert_true(db_next(rows));
    struct str text = db_text(rows, 0);
    assert_false(db_next(rows));
    assert_ok(ctx, db_rows_close(rows));
    return text;
}

static void test_numbering(void **state) {
    struct test_db *t = *state;
    struct sql *sql = sql_new(&t->ctx);
    sql_add(sql, "SELECT 'a?b' || ?", db_v_text(STR("-")));
    sql_add(sql, " || 'it''s ?' AS \"what?\"");
    sql_add2(sql, " WHERE ? = ?", " WHERE ?::bigint = ?", db_v_int(1), db_v_int(1));
    assert_str(buf_text(&sql->text),
               test_db_is_pg(t)
                   ? "SELECT 'a?b' || $1 || 'it''s ?' AS \"what?\" WHERE $2::bigint = $3"
                   : "SELECT 'a?b' || $1 || 'it''s ?' AS \"what?\" WHERE $2 = $3");
    assert_int_equal(sql->n, 3);
    assert_str(first_text(&t->ctx, sql), "a?b-it's ?");
}

static void add_terms(struct sql *sql, int n) {
    sql_add(sql, "SELECT 0");
    for (int i = 0; i < n; i++)
        sql_add(sql, " + ?", db_v_int(i));
}

static void test_limit(void **state) {
    struct ctx *ctx = &((struct test_db *) *state)->ctx;
    struct sql *full = sql_new(ctx), *more = sql_new(ctx);
    add_terms(full, SQL_VALUES_MAX);
    assert_str(first_text(ctx, full), "8128");
    add_terms(more, SQL_VALUES_MAX + 10);
    struct db_rows *rows;
    assert_rc(ctx, sql_query(ctx, more, &rows), E_TOO_LARGE);
}

static void test_arrays(void **state) {
    struct ctx *ctx = &((struct test_db *) *state)->ctx;
    static const char *const words[] = { "plain", "", "with \"quotes\" and \\", "tab\there",
                                         "Grüße 漢字 🎉", "{[,]}" };
    struct strs texts = { 0 };
    struct ints numbers = { 0 };
    struct buf expected = buf_in(ctx->arena, 1000);
    for (size_t i = 0; i < LENGTH(words); i++) {
        strs_add(ctx->arena, &texts, str_of(words[i]));
        ints_add(ctx->arena, &numbers, i ? -(int64_t) i : INT64_MIN + 100);
        buf_printf(&expected, "%s%s", i ? "|" : "", words[i]);
    }
    struct sql *joined = sql_new(ctx);
    sql_add2(joined, "SELECT group_concat(value, '|') FROM json_each(?)",
             "SELECT string_agg(value, '|') FROM json_array_elements_text(?::json)",
             sql_texts(ctx->arena, texts));
    assert_true(str_eq(first_text(ctx, joined), buf_text(&expected)));
    struct sql *sum = sql_new(ctx);
    sql_add2(sum, "SELECT sum(value) FROM json_each(?)",
             "SELECT sum(value::bigint) FROM json_array_elements_text(?::json)",
             sql_ints(ctx->arena, numbers));
    assert_str(first_text(ctx, sum), "-9223372036854775723");
    assert_str(sql_texts(ctx->arena, (struct strs){ 0 }).s, "[]");
    assert_str(sql_ints(ctx->arena, (struct ints){ 0 }).s, "[]");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        BOTH_ENGINES(test_numbering),
        BOTH_ENGINES(test_limit),
        BOTH_ENGINES(test_arrays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
