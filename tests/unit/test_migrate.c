#include "db.h"

#include <pthread.h>

#include "store/migrations.h"

struct name {
    struct str text;
};
static const struct field name_rows[] = { F_STR(struct name, text) };
static const struct fields name_fields = FIELDS("Name", struct name, name_rows);

/* "table.column type required", without what only one engine has: the tables that make
 * up SQLite's full-text index, PostgreSQL's rate_windows and the transaction of a change. */
static const struct query q_columns = {
    "columns",
    "SELECT m.name || '.' || c.name || ' ' || CASE c.type WHEN 'INTEGER' THEN 'bigint'"
    " WHEN 'TEXT' THEN 'text' WHEN 'BLOB' THEN 'bytea' ELSE c.type END"
    " || CASE WHEN c.\"notnull\" OR c.pk > 0 THEN ' required' ELSE '' END AS text"
    " FROM sqlite_schema AS m JOIN pragma_table_info(m.name) AS c"
    " WHERE m.type = 'table' AND m.name NOT LIKE 'people_tags%'"
    " AND m.name NOT LIKE 'companies_tags%' ORDER BY 1",
    "SELECT text FROM (SELECT table_name || '.' || column_name || ' ' || data_type"
    " || CASE is_nullable WHEN 'NO' THEN ' required' ELSE '' END AS text"
    " FROM information_schema.columns WHERE table_schema = current_schema()"
    " AND table_name <> 'rate_windows' AND (table_name, column_name) <> ('changes', 'tx')) AS x"
    " ORDER BY text COLLATE \"C\""
};
static const struct query q_unique = {
    "unique",
    "SELECT m.tbl_name || '.' || m.name AS text FROM sqlite_schema AS m"
    " WHERE m.type = 'index' AND m.sql LIKE 'CREATE UNIQUE INDEX%' ORDER BY 1",
    "SELECT text FROM (SELECT tablename || '.' || indexname AS text FROM pg_indexes"
    " WHERE schemaname = current_schema() AND indexdef LIKE 'CREATE UNIQUE INDEX%'"
    " AND indexname NOT LIKE '%\\_pkey') AS x ORDER BY text COLLATE \"C\""
};

static int applied(struct ctx *ctx, const struct migration *list, size_t n, bool dry_run) {
    int count = -1;
    assert_ok(ctx, db_migrate(ctx, list, n, dry_run, &count));
    return count;
}

static struct list names_of(struct ctx *ctx, const struct query *query) {
    struct list list;
    assert_ok(ctx, db_list(ctx, query, DB_NO_ARGS, &name_fields, &list));
    return list;
}

static void assert_same(struct list a, struct list b) {
    const struct name *x = a.p, *y = b.p;
    for (size_t i = 0; i < a.n && i < b.n; i++)
        if (!str_eq(x[i].text, y[i].text))
            fail_case("SQLite: %.*s, PostgreSQL: %.*s", STR_FMT(x[i].text), STR_FMT(y[i].text));
    assert_int_equal(a.n, b.n);
}

static void test_same_schema(void **state) {
    (void) state;
    void *sqlite_state = NULL, *pg_state = NULL;
    assert_int_equal(test_db_setup_sqlite(&sqlite_state), 0);
    assert_int_equal(test_db_setup_pg(&pg_state), 0);
    struct ctx *sqlite = &((struct test_db *) sqlite_state)->ctx;
    struct ctx *pg = &((struct test_db *) pg_state)->ctx;
    assert_int_equal(applied(sqlite, migrations, migrations_count, false), migrations_count);
    assert_int_equal(applied(pg, migrations, migrations_count, false), migrations_count);
    struct list columns = names_of(sqlite, &q_columns);
    assert_true(columns.n > 100);
    assert_same(columns, names_of(pg, &q_columns));
    struct list unique = names_of(sqlite, &q_unique);
    assert_true(unique.n > 5);
    assert_same(unique, names_of(pg, &q_unique));
    assert_int_equal(test_db_teardown(&sqlite_state), 0);
    assert_int_equal(test_db_teardown(&pg_state), 0);
}

static void test_twice(void **state) {
    struct ctx *ctx = &((struct test_db *) *state)->ctx;
    int n = (int) migrations_count;
    assert_int_equal(applied(ctx, migrations, migrations_count, true), n);
    assert_int_equal(applied(ctx, migrations, migrations_count, true), n);
    assert_int_equal(applied(ctx, migrations, 1, false), 1);
    assert_int_equal(applied(ctx, migrations, migrations_count, true), n - 1);
    assert_int_equal(applied(ctx, migrations, migrations_count, false), n - 1);
    assert_int_equal(applied(ctx, migrations, migrations_count, false), 0);
    assert_int_equal(applied(ctx, migrations, migrations_count, true), 0);
}

static const struct query q_count = { "count", "SELECT count(*) FROM a", NULL };

static void test_failure(void **state) {
    struct ctx *ctx = &((struct test_db *) *state)->ctx;
    const struct migration broken[] = {
        { 1, "good", "CREATE TABLE a (n INTEGER) STRICT; INSERT INTO a VALUES (1);", NULL },
        { 2, "bad", "INSERT INTO a VALUES (2); INSERT INTO no_such_table VALUES (3);", NULL },
    };
    int count = -1;
    /* An empty database stays empty: it must not look like one of an older version. */
    assert_rc(ctx, db_migrate(ctx, broken, 2, false, &count), E_DB);
    ctx_clear_error(ctx);
    assert_int_equal(applied(ctx, broken, 2, true), 2);
    /* Of a newer version's migrations those before the bad one stay. */
    assert_int_equal(applied(ctx, broken, 1, false), 1);
    assert_rc(ctx, db_migrate(ctx, broken, 2, false, &count), E_DB);
    assert_true(str_contains(ctx->err.text, STR("bad")));
    assert_int_equal(count, -1);
    int64_t rows;
    assert_ok(ctx, db_get_int(ctx, &q_count, DB_NO_ARGS, &rows));
    assert_int_equal(rows, 1);
    ctx_clear_error(ctx);
    assert_int_equal(applied(ctx, broken, 2, true), 1);
}

static void test_newer(void **state) {
    struct ctx *ctx = &((struct test_db *) *state)->ctx;
    const struct migration list[] = {
        { 1, "first", "CREATE TABLE a (n INTEGER) STRICT;", NULL },
        { 2, "second", "CREATE TABLE b (n INTEGER) STRICT;", NULL },
    };
    assert_int_equal(applied(ctx, list, 2, false), 2);
    int count;
    assert_rc(ctx, db_migrate(ctx, list, 1, false, &count), E_UNSUPPORTED);
    ctx_clear_error(ctx);
    assert_rc(ctx, db_migrate(ctx, list, 1, true, &count), E_UNSUPPORTED);
}

/* Words are replaced as words, and not inside quotes and comments. */
static void test_words(void **state) {
    struct ctx *ctx = &((struct test_db *) *state)->ctx;
    const struct migration list[] = {
        { 7, "words",
          "-- It's a comment; INTEGER (\n"
          "CREATE TABLE a (integer_blob INTEGER PRIMARY KEY, b integer NOT NULL DEFAULT 1,"
          " \"INTEGER\" TEXT DEFAULT 'a BLOB ) STRICT -- ''REAL''', d BLOB, e REAL) STRICT;\n"
          "CREATE TABLE b (a_id INTEGER REFERENCES a (integer_blob)) STRICT;\n"
          "INSERT INTO a (integer_blob, e) VALUES (5000000000, 0.5); -- STRICT",
          NULL },
    };
    static const struct query text = { "text", "SELECT \"INTEGER\" FROM a WHERE e = 0.5", NULL };
    static const struct query number = { "number", "SELECT integer_blob FROM a", NULL };
    assert_int_equal(applied(ctx, list, 1, false), 1);
    struct str found;
    assert_ok(ctx, db_get_text(ctx, &text, DB_NO_ARGS, &found));
    assert_str(found, "a BLOB ) STRICT -- 'REAL'");
    int64_t n;
    assert_ok(ctx, db_get_int(ctx, &number, DB_NO_ARGS, &n));
    assert_int_equal(n, INT64_C(5000000000));
}

/* Texts sort bytewise on both, whatever the database's own order is. */
static void test_order_of_texts(void **state) {
    struct ctx *ctx = &((struct test_db *) *state)->ctx;
    const struct migration list[] = {
        { 1, "words", "CREATE TABLE a (b TEXT PRIMARY KEY, c text) STRICT;"
                      "INSERT INTO a (b) VALUES ('a'), ('B'), ('a.b'), ('a-b'), ('a_b'), ('ab'), ('A'), ('é');"
                      "UPDATE a SET c = b;", NULL },
    };
    static const struct query sorted[] = {
        { "keys", "SELECT b FROM a ORDER BY b", NULL },
        { "columns", "SELECT c FROM a ORDER BY c", NULL },
        { "below", "SELECT b FROM a WHERE b < 'z' ORDER BY b", NULL },
    };
    static const char *const expected[] = { "A", "B", "a", "a-b", "a.b", "a_b", "ab", "é" };
    assert_int_equal(applied(ctx, list, 1, false), 1);
    for (size_t i = 0; i < LENGTH(sorted); i++) {
        struct db_rows *rows;
        assert_ok(ctx, db_query(ctx, &sorted[i], DB_NO_ARGS, &rows));
        size_t n = 0;
        for (; db_next(rows); n++)
            assert_str(db_text(rows, 0), expected[n]);
        assert_ok(ctx, db_rows_close(rows));
        assert_int_equal(n, LENGTH(expected) - (i == 2)); /* 'é' is above 'z' in bytes */
    }
}

enum { THREADS = 6 };

static void *migrate_main(void *arg) {
    struct ctx ctx = test_db_ctx(arg);
    int count = 0;
    enum rc rc = db_migrate(&ctx, migrations, migrations_count, false, &count);
    test_db_ctx_done(&ctx);
    return (void *) (intptr_t) (rc == OK ? count : -1000);
}

static void test_at_once(void **state) {
    struct test_db *t = *state;
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, migrate_main, t->db), 0);
    intptr_t sum = 0;
    for (int i = 0; i < THREADS; i++) {
        void *count;
        pthread_join(threads[i], &count);
        sum += (intptr_t) count;
    }
    assert_int_equal(sum, migrations_count);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_schema),
        BOTH_ENGINES(test_twice),
        BOTH_ENGINES(test_failure),
        BOTH_ENGINES(test_newer),
        BOTH_ENGINES(test_words),
        BOTH_ENGINES(test_order_of_texts),
        BOTH_ENGINES(test_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
