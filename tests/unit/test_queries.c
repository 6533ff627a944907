/* Every statement of the store is prepared on both engines against the migrated
 * schema: a mistyped column does not wait for the request that meets it. */
#include "db.h"

#include "store/migrations.h"
#include "store/queries.h"

/* Placeholders are $1 … $n without a gap. */
static size_t parameters_of(const char *sql) {
    size_t highest = 0;
    for (const char *p = sql; (p = strchr(p, '$')); p++) {
        size_t number = 0;
        for (const char *digit = p + 1; ascii_is_digit(*digit); digit++)
            number = number * 10 + (size_t) (*digit - '0');
        highest = number > highest ? number : highest;
    }
    return highest;
}

/* SQLite prepares under EXPLAIN, PostgreSQL under PREPARE. */
static void check_query(struct test_db *t, const struct query *query) {
    const char *sql = test_db_is_pg(t) && query->pg ? query->pg : query->sql;
    struct db_value values[32] = { { .kind = DB_KIND_NULL } };
    if (!sql) /* a statement for PostgreSQL only */
        return;
    size_t n = parameters_of(sql);
    assert_true(n <= LENGTH(values));
    struct query *explained = ARENA_NEW(t->ctx.arena, struct query);
    const char *text = arena_printf(t->ctx.arena, test_db_is_pg(t) ? "PREPARE q AS %s" : "EXPLAIN %s",
                                    sql).p;
    *explained = (struct query){ query->name, text, NULL };
    if (test_db_is_pg(t)) {
        assert_ok(&t->ctx, test_db_exec(&t->ctx, text));
        assert_ok(&t->ctx, test_db_exec(&t->ctx, "DEALLOCATE q"));
        return;
    }
    struct db_rows *rows;
    enum rc rc = db_query(&t->ctx, explained, (struct db_args){ values, n }, &rows);
    if (rc != OK)
        fail_case("%s: %.*s", query->name, STR_FMT(t->ctx.err.text));
    assert_ok(&t->ctx, db_rows_close(rows));
}

static void test_all_prepare(void **state) {
    struct test_db *t = *state;
    int applied;
    assert_ok(&t->ctx, db_migrate(&t->ctx, migrations, migrations_count, false, &applied));
    assert_true(query_tables_count > 0);
    for (size_t i = 0; i < query_tables_count; i++)
        for (size_t k = 0; k < query_tables[i]->n; k++)
            check_query(t, query_tables[i]->rows[k]);
}

/* Prepared statements are told apart by address, log lines and errors by name. */
static void test_names_are_unique(void **state) {
    (void) state;
    for (size_t i = 0; i < query_tables_count; i++)
        for (size_t k = 0; k < query_tables[i]->n; k++)
            for (size_t j = 0; j <= i; j++)
                for (size_t m = 0; m < (j == i ? k : query_tables[j]->n); m++)
                    assert_string_not_equal(query_tables[i]->rows[k]->name,
                                            query_tables[j]->rows[m]->name);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        BOTH_ENGINES(test_all_prepare),
        cmocka_unit_test(test_names_are_unique),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
