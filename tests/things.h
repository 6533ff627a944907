/* The tables that the tests of db/ use, in an empty database of either engine, with a
 * few statements. ON_BOTH(test) in a table of cmocka tests. */
#ifndef TESTS_THINGS_H
#define TESTS_THINGS_H

#include "db.h"

static const struct migration schema[] = {
    { 1, "things",
      "CREATE TABLE things (i INTEGER, t TEXT, b BLOB, r REAL) STRICT;"
      "CREATE TABLE numbers (n INTEGER PRIMARY KEY, note TEXT UNIQUE,"
      " parent INTEGER REFERENCES numbers (n), CHECK (n <> 13)) STRICT;"
      "CREATE TABLE counts (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT;"
      "INSERT INTO counts (name, value) VALUES ('a', 0), ('b', 0);",
      NULL },
};

static const struct query q_insert = {
    "insert", "INSERT INTO things (i, t, b, r) VALUES ($1, $2, $3, $4)", NULL
};
static const struct query q_select = { "select", "SELECT i, t, b, r FROM things", NULL };
static const struct query q_add_number = {
    "add_number", "INSERT INTO numbers (n, note, parent) VALUES ($1, $2, $3)", NULL
};
static const struct query q_count_numbers = {
    "count_numbers", "SELECT count(*) FROM numbers WHERE n >= $1 AND n <= $2", NULL
};
static const struct query q_count_things = {
    "count_things", "SELECT count(DISTINCT i) FROM things WHERE i >= $1 AND i <= $2", NULL
};
static const struct query q_increment = {
    "increment", "UPDATE counts SET value = value + 1 WHERE name = $1", NULL
};
static const struct query q_value = {
    "value", "SELECT value FROM counts WHERE name = $1", NULL
};
/* $1 rows: their number, and a text of $2 characters. */
static const struct query q_series = {
    "series",
    "WITH RECURSIVE s (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < $1)"
    " SELECT n, hex(zeroblob($2 / 2)) FROM s",
    "SELECT n, repeat('0', $2::integer) FROM generate_series(1, $1) AS s (n)"
};

static inline void migrate(struct ctx *ctx) {
    int applied = 0;
    assert_ok(ctx, db_migrate(ctx, schema, LENGTH(schema), false, &applied));
}

static inline int setup_sqlite(void **state) {
    int result = test_db_setup_sqlite(state);
    if (result == 0)
        migrate(&((struct test_db *) *state)->ctx);
    return result;
}

static inline int setup_pg(void **state) {
    int result = test_db_setup_pg(state);
    if (result == 0)
        migrate(&((struct test_db *) *state)->ctx);
    return result;
}

/* One statement with its values as a work. */
struct statement {
    const struct query *query;
    struct db_args args;
    int64_t changes;
};

static inline enum rc run_statement(struct ctx *ctx, void *arg) {
    struct statement *s = arg;
    return db_exec(ctx, s->query, s->args, &s->changes);
}

static inline enum rc write_one(struct ctx *ctx, const struct query *query, struct db_args args) {
    struct statement s = { query, args, -1 };
    return db_transact(ctx, run_statement, &s);
}

static inline int64_t value_of(struct ctx *ctx, const char *name) {
    int64_t value = -1;
    assert_ok(ctx, db_get_int(ctx, &q_value, DB_ARGS(db_v_text(str_of(name))), &value));
    return value;
}

static inline int64_t numbers_between(struct ctx *ctx, int64_t from, int64_t to) {
    int64_t count = -1;
    assert_ok(ctx, db_get_int(ctx, &q_count_numbers, DB_ARGS(db_v_int(from), db_v_int(to)), &count));
    return count;
}

static inline enum rc add_number(struct ctx *ctx, int64_t n) {
    return write_one(ctx, &q_add_number,
                     DB_ARGS(db_v_int(n), db_v_null(DB_KIND_TEXT), db_v_null(DB_KIND_INT)));
}

#define ON_SQLITE(f) { #f " (sqlite)", f, setup_sqlite, test_db_teardown, NULL }
#define ON_PG(f) { #f " (postgresql)", f, setup_pg, test_db_teardown, NULL }
#define ON_BOTH(f) ON_SQLITE(f), ON_PG(f)

#endif
