#include "things.h"

#include <sys/stat.h>

static bool same_value(struct db_value a, struct db_rows *rows, size_t column) {
    if (db_is_null(rows, column))
        return a.kind == DB_KIND_NULL;
    switch (a.kind) {
    case DB_KIND_INT:
        return db_int(rows, column) == a.i;
    case DB_KIND_REAL:
        return memcmp(&a.r, &(double){ db_real(rows, column) }, sizeof a.r) == 0;
    case DB_KIND_TEXT:
    case DB_KIND_BLOB:
        return str_eq(db_text(rows, column), a.s);
    case DB_KIND_NULL:
        break;
    }
    return false;
}

static void test_types(void **state) {
    struct ctx *ctx = &((struct test_db *) *state)->ctx;
    char *large = arena_alloc(ctx->arena, 3000000);
    memset(large, 'x', 3000000);
    const struct db_value cases[][4] = {
        { db_v_int(0), db_v_text(STR("")), db_v_blob(STR("")), db_v_real(0) },
        { db_v_int(-1), db_v_text(STR("plain")), db_v_blob(STR("\0\1\377\\x00\0")), db_v_real(-1.5) },
        { db_v_int(INT64_MAX), db_v_text(STR("it's \"quoted\" \\ $1 ?")), db_v_blob(STR("\0")),
          db_v_real(0.1) },
        { db_v_int(INT64_MIN), db_v_text(STR("Grüße, 漢字, 🎉, e\xCC\x81\n\t")),
          db_v_blob(STR("\xC3\x28")), db_v_real(1.7976931348623157e308) },
        { db_v_null(DB_KIND_INT), db_v_null(DB_KIND_TEXT), db_v_null(DB_KIND_BLOB),
          db_v_null(DB_KIND_REAL) },
        { db_v_null(DB_KIND_NULL), db_v_null(DB_KIND_NULL), db_v_null(DB_KIND_NULL),
          db_v_null(DB_KIND_NULL) },
        { db_v_opt((struct opt_int){ 0 }), db_v_text(STR_NONE), db_v_blob(STR_NONE),
          db_v_real(5e-324) },
        { db_v_tri(YES), db_v_text((struct str){ large, 3000000 }),
          db_v_blob((struct str){ large, 3000000 }), db_v_real(3) },
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        assert_ok(ctx, test_db_exec(ctx, "DELETE FROM things"));
        assert_ok(ctx, write_one(ctx, &q_insert, (struct db_args){ cases[i], 4 }));
        struct db_rows *rows;
        assert_ok(ctx, db_query(ctx, &q_select, DB_NO_ARGS, &rows));
        assert_int_equal(db_columns(rows), 4);
        assert_string_equal(db_column_name(rows, 3), "r");
        assert_true(db_next(rows));
        for (size_t k = 0; k < 4; k++)
            if (!same_value(cases[i][k], rows, k))
                fail_case("row %zu, column %zu", i, k);
        assert_false(db_next(rows));
        assert_ok(ctx, db_rows_close(rows));
    }
}

static void test_conversions(void **state) {
    struct ctx *ctx = &((struct test_db *) *state)->ctx;
    static const struct {
        struct query query;
        int64_t number;
        const char *text;
    } cases[] = {
        { { "sum", "SELECT sum(n) FROM (SELECT 40 AS n UNION ALL SELECT 2) AS x", NULL }, 42, "42" },
        { { "count", "SELECT count(*) FROM things", NULL }, 0, "0" },
        { { "exists", "SELECT EXISTS (SELECT 1 FROM counts)", NULL }, 1, "1" },
        { { "not", "SELECT NOT EXISTS (SELECT 1 FROM counts)", NULL }, 0, "0" },
        { { "text", "SELECT '17'", NULL }, 17, "17" },
        { { "word", "SELECT 'seventeen'", NULL }, 0, "seventeen" },
        { { "null", "SELECT NULL", NULL }, 0, NULL },
        { { "real", "SELECT 2.5", NULL }, 2, "2.5" },
        { { "huge", "SELECT 1e300", NULL }, INT64_MAX, NULL },
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        int64_t number = -7;
        struct str text = STR("?");
        assert_ok(ctx, db_get_int(ctx, &cases[i].query, DB_NO_ARGS, &number));
        assert_ok(ctx, db_get_text(ctx, &cases[i].query, DB_NO_ARGS, &text));
        if (number != cases[i].number)
            fail_case("%s: %lld", cases[i].query.name, (long long) number);
        if (cases[i].text || i == 6)
            assert_str(text, cases[i].text);
    }
    static const struct query none = { "none", "SELECT i FROM things", NULL };
    int64_t untouched = -7;
    assert_rc(ctx, db_get_int(ctx, &none, DB_NO_ARGS, &untouched), E_NOT_FOUND);
    assert_int_equal(untouched, -7);
}

static void test_parameters(void **state) {
    struct ctx *ctx = &((struct test_db *) *state)->ctx;
    static const struct query swapped = { "swapped", "SELECT $2 || $1 || $2", NULL };
    static const struct query ten = {
        "ten", "SELECT $10 || $1 || $2 || $3 || $4 || $5 || $6 || $7 || $8 || $9", NULL
    };
    static const struct query maybe = {
        "maybe", "SELECT count(*) FROM counts WHERE $1 IS NULL OR name = $1", NULL
    };
    static const struct query untyped = {
        "untyped", "SELECT count(*) FROM counts WHERE name = $1 OR value = $2", NULL
    };
    struct str text;
    assert_ok(ctx, db_get_text(ctx, &swapped, DB_ARGS(db_v_text(STR("a")), db_v_text(STR("b"))),
                               &text));
    assert_str(text, "bab");
    struct db_value letters[10];
    for (size_t i = 0; i < 10; i++)
        letters[i] = db_v_text(str_sub(STR("abcdefghij"), i, i + 1));
    assert_ok(ctx, db_get_text(ctx, &ten, (struct db_args){ letters, 10 }, &text));
    assert_str(text, "jabcdefghi");
    int64_t n;
    assert_ok(ctx, db_get_int(ctx, &maybe, DB_ARGS(db_v_text(STR_NONE)), &n));
    assert_int_equal(n, 2);
    assert_ok(ctx, db_get_int(ctx, &maybe, DB_ARGS(db_v_text(STR("b"))), &n));
    assert_int_equal(n, 1);
    /* A statement may see a NULL of no type first, and values of any type later. */
    assert_ok(ctx, db_get_int(ctx, &untyped, DB_ARGS(db_v_null(0), db_v_null(0)), &n));
    assert_int_equal(n, 0);
    assert_ok(ctx, db_get_int(ctx, &untyped, DB_ARGS(db_v_text(STR("b")), db_v_int(0)), &n));
    assert_int_equal(n, 2);
}

static void test_refused(void **state) {
    struct ctx *ctx = &((struct test_db *) *state)->ctx;
    const struct db_value none = db_v_null(DB_KIND_TEXT), no_parent = db_v_null(DB_KIND_INT);
    assert_ok(ctx, write_one(ctx, &q_add_number, DB_ARGS(db_v_int(1), db_v_text(STR("x")), no_parent)));
    static const struct query wrong = { "wrong", "SELECT FROM WHERE", NULL };
    static const struct query quoted = { "quoted", "SELECT \"no_such_column\" FROM counts", NULL };
    static const struct query too_few = { "too_few", "DELETE FROM counts WHERE name = $2", NULL };
    const struct {
        const char *what;
        const struct query *query;
        struct db_args args;
        enum rc rc;
    } cases[] = {
        { "primary key", &q_add_number, DB_ARGS(db_v_int(1), none, no_parent), E_CONFLICT },
        { "unique", &q_add_number, DB_ARGS(db_v_int(2), db_v_text(STR("x")), no_parent), E_CONFLICT },
        { "check", &q_add_number, DB_ARGS(db_v_int(13), none, no_parent), E_DB },
        { "reference", &q_add_number, DB_ARGS(db_v_int(3), none, db_v_int(99)), E_DB },
        { "not UTF-8", &q_add_number, DB_ARGS(db_v_int(4), db_v_text(STR("\xC3\x28")), no_parent),
          E_INVALID },
        { "NUL", &q_add_number, DB_ARGS(db_v_int(5), db_v_text(STR("a\0b")), no_parent), E_INVALID },
        { "syntax", &wrong, DB_NO_ARGS, E_DB },
        { "string in double quotes", &quoted, DB_NO_ARGS, E_DB },
        { "too few values", &too_few, DB_ARGS(db_v_text(STR("a"))), E_DB },
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        ctx_clear_error(ctx);
        enum rc rc = write_one(ctx, cases[i].query, cases[i].args);
        if (rc != cases[i].rc || ctx->err.rc != rc)
            fail_case("%s: %s, %.*s", cases[i].what, rc_name(rc), STR_FMT(ctx->err.text));
    }
    assert_int_equal(numbers_between(ctx, 0, 100), 1);
    ctx_clear_error(ctx);
    assert_rc(ctx, db_exec(ctx, &q_increment, DB_ARGS(db_v_text(STR("a"))), NULL), E_DB);
    assert_int_equal(value_of(ctx, "a"), 0);
}

/* A statement that writes and gives rows fails where it is run, not at its rows. */
static enum rc insert_returning(struct ctx *ctx, void *arg) {
    static const struct query returning = {
        "returning", "INSERT INTO numbers (n) VALUES (1) RETURNING n + 1", NULL
    };
    struct db_rows *rows;
    enum rc rc = db_query(ctx, &returning, DB_NO_ARGS, &rows);
    if (rc == OK)
        *(int64_t *) arg = db_next(rows) ? db_int(rows, 0) : -1;
    return rc;
}

static void test_returning(void **state) {
    struct ctx *ctx = &((struct test_db *) *state)->ctx;
    int64_t n = 0;
    assert_ok(ctx, db_transact(ctx, insert_returning, &n));
    assert_int_equal(n, 2);
    assert_rc(ctx, db_transact(ctx, insert_returning, &n), E_CONFLICT);
    assert_int_equal(numbers_between(ctx, 0, 100), 1);
}

static void test_changes(void **state) {
    struct ctx *ctx = &((struct test_db *) *state)->ctx;
    static const struct query update = { "update", "UPDATE counts SET value = value + $1", NULL };
    static const struct query nothing = {
        "nothing", "INSERT INTO counts (name, value) VALUES ($1, 0) ON CONFLICT DO NOTHING", NULL
    };
    struct statement all = { &update, DB_ARGS(db_v_int(5)), -1 };
    assert_ok(ctx, db_transact(ctx, run_statement, &all));
    assert_int_equal(all.changes, 2);
    struct statement conflict = { &nothing, DB_ARGS(db_v_text(STR("a"))), -1 };
    assert_ok(ctx, db_transact(ctx, run_statement, &conflict));
    assert_int_equal(conflict.changes, 0);
}

/* Rows that are open while other queries run, and while the same one runs. */
/* --- rows that go into one statement --- */

static const struct query add_rows
    = { "add_rows", "INSERT INTO numbers (note, n, parent) VALUES ($1 || $2, $3, $4) ON CONFLICT DO NOTHING",
        "INSERT INTO numbers (note, n, parent) SELECT $1 || t, n, parent FROM (SELECT unnest($2::text[]) AS t, "
        "unnest($3::bigint[]) AS n, unnest($4::bigint[]) AS parent) x ON CONFLICT DO NOTHING" };

struct adding_rows {
    struct db_table rows;
    int64_t changes;
};

static enum rc add_rows_work(struct ctx *ctx, void *arg) {
    struct adding_rows *a = arg;
    return db_exec_rows(ctx, &add_rows, DB_ARGS(db_v_text(STR("="))), a->rows, &a->changes);
}

static void test_rows_in_one_statement(void **state) {
    struct ctx *ctx = &((struct test_db *) *state)->ctx;
    char *large = arena_alloc(ctx->arena, 100000);
    memset(large, 'x', 100000);
    const struct db_value rows[][3] = {
        { db_v_text(STR("it's {\"a\", \\ NULL}")), db_v_int(1), db_v_null(DB_KIND_INT) },
        { db_v_text(STR("")), db_v_int(INT64_MAX), db_v_int(1) },
        { db_v_text(STR("Gr\xC3\xBC\xC3\x9F" "e, \xF0\x9F\x8E\x89")), db_v_int(INT64_MIN), db_v_null(DB_KIND_INT) },
        { db_v_text(STR_NONE), db_v_int(-1), db_v_int(INT64_MAX) },
        { db_v_text(STR("")), db_v_int(5), db_v_null(DB_KIND_INT) }, /* the note is there */
        { db_v_text((struct str){ large, 100000 }), db_v_int(6), db_v_null(DB_KIND_INT) },
    };
    struct adding_rows all = { { rows[0], LENGTH(rows), 3 }, 0 }, again = { { rows[0], 1, 3 }, -1 };
    assert_ok(ctx, db_transact(ctx, add_rows_work, &all));
    assert_int_equal(all.changes, LENGTH(rows) - 1);
    assert_ok(ctx, db_transact(ctx, add_rows_work, &again));
    assert_int_equal(again.changes, 0);
    static const struct query read = { "read", "SELECT note, n, parent FROM numbers WHERE n = $1", NULL };
    for (size_t i = 0; i < LENGTH(rows); i++) {
        struct db_rows *found;
        assert_ok(ctx, db_query(ctx, &read, DB_ARGS(rows[i][1]), &found));
        assert_int_equal(db_next(found), i != 4);
        if (i == 4)
            continue;
        struct str note = db_text(found, 0), want = rows[i][0].s;
        if (str_is_set(want) ? !str_eq(str_sub(note, 1, note.n), want) : !db_is_null(found, 0))
            fail_case("note of row %zu", i);
        if (db_is_null(found, 2) != (rows[i][2].kind == DB_KIND_NULL) || db_int(found, 2) != rows[i][2].i)
            fail_case("parent of row %zu", i);
        assert_ok(ctx, db_rows_close(found));
    }
}

static void test_rows_that_are_refused(void **state) {
    struct ctx *ctx = &((struct test_db *) *state)->ctx;
    const struct db_value good[3] = { db_v_text(STR("good")), db_v_int(1), db_v_null(DB_KIND_INT) };
    const struct {
        struct db_value row[3];
        enum rc rc;
    } cases[] = {
        { { db_v_text(STR("\xC3\x28")), db_v_int(2), db_v_null(DB_KIND_INT) }, E_INVALID },
        { { db_v_text(STR("a\0b")), db_v_int(2), db_v_null(DB_KIND_INT) }, E_INVALID },
        { { db_v_text(STR("thirteen")), db_v_int(13), db_v_null(DB_KIND_INT) }, E_DB }, /* a CHECK */
        { { db_v_text(STR("orphan")), db_v_int(2), db_v_int(99) }, E_DB },
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct db_value rows[6];
        struct adding_rows a = { { rows, 2, 3 }, -1 };
        memcpy(rows, good, sizeof good);
        memcpy(rows + 3, cases[i].row, sizeof good);
        assert_rc(ctx, db_transact(ctx, add_rows_work, &a), cases[i].rc);
        assert_int_equal(a.changes, -1);
        assert_int_equal(numbers_between(ctx, 0, 100), 0); /* none of them */
        ctx_clear_error(ctx);
    }
    struct adding_rows outside = { { good, 1, 3 }, -1 };
    assert_rc(ctx, add_rows_work(ctx, &outside), E_DB);
}

static void test_open_rows(void **state) {
    struct ctx *ctx = &((struct test_db *) *state)->ctx;
    struct db_rows *outer, *rows;
    assert_ok(ctx, db_query(ctx, &q_series, DB_ARGS(db_v_int(20), db_v_int(10)), &outer));
    int64_t seen = 0;
    while (db_next(outer)) {
        assert_int_equal(db_int(outer, 0), ++seen);
        assert_ok(ctx, db_query(ctx, &q_series, DB_ARGS(db_v_int(3), db_v_int(2)), &rows));
        int64_t inner = 0;
        while (db_next(rows))
            inner += db_int(rows, 0);
        assert_int_equal(inner, 6);
        assert_int_equal(value_of(ctx, "a"), seen - 1);
        assert_ok(ctx, write_one(ctx, &q_increment, DB_ARGS(db_v_text(STR("a")))));
        assert_int_equal(db_text(outer, 1).n, 10);
    }
    assert_int_equal(seen, 20);
    assert_ok(ctx, db_rows_close(outer));
    /* Left open: the arena closes them, and so does the session. */
    assert_ok(ctx, db_query(ctx, &q_series, DB_ARGS(db_v_int(50000), db_v_int(100)), &rows));
    assert_true(db_next(rows));
    arena_reset(ctx->arena);
    assert_int_equal(value_of(ctx, "a"), 20);
    assert_ok(ctx, db_query(ctx, &q_series, DB_ARGS(db_v_int(50000), db_v_int(100)), &rows));
    assert_true(db_next(rows));
    assert_ok(ctx, db_rows_close(rows));
    assert_false(db_next(rows));
    assert_int_equal(value_of(ctx, "a"), 20);
    assert_ok(ctx, db_query(ctx, &q_series, DB_ARGS(db_v_int(9), db_v_int(100)), &rows));
    struct db *db = db_of(ctx->db);
    db_session_close(&ctx->db);
    assert_false(db_next(rows));
    ctx->db = db_session_open(db);
}

static enum rc leave_open(struct ctx *ctx, void *arg) {
    return db_query(ctx, &q_series, DB_ARGS(db_v_int(5000), db_v_int(100)), arg);
}

static void test_transaction_closes_rows(void **state) {
    struct ctx *ctx = &((struct test_db *) *state)->ctx;
    struct db_rows *rows = NULL;
    assert_ok(ctx, db_transact(ctx, leave_open, &rows));
    assert_false(db_next(rows));
    assert_ok(ctx, write_one(ctx, &q_increment, DB_ARGS(db_v_text(STR("a")))));
}

static void test_streams(void **state) {
    struct test_db *t = *state;
    struct ctx *ctx = &t->ctx;
    struct db_rows *rows;
    assert_ok(ctx, db_query(ctx, &q_series, DB_ARGS(db_v_int(70000), db_v_int(1000)), &rows));
    int64_t sum = 0;
    while (db_next(rows))
        sum += db_int(rows, 0);
    assert_ok(ctx, db_rows_close(rows));
    assert_int_equal(sum, INT64_C(70000) * 70001 / 2);
    /* Held in memory because of another query: bounded. */
    assert_ok(ctx, db_query(ctx, &q_series, DB_ARGS(db_v_int(70000), db_v_int(1000)), &rows));
    assert_true(db_next(rows));
    assert_int_equal(value_of(ctx, "a"), 0);
    int64_t n = 1;
    while (db_next(rows))
        n++;
    assert_int_equal(db_rows_close(rows), test_db_is_pg(t) ? E_TOO_LARGE : OK);
    assert_true(test_db_is_pg(t) || n == 70000);
    assert_int_equal(value_of(ctx, "a"), 0);
}

struct thing {
    struct str name, note;
    struct opt_int number, absent;
    enum tri yes;
    struct strs words;
    struct ints sizes;
    struct counts heads;
    struct str extra;
    struct str kept;
};
static const struct field thing_rows[] = {
    F_OBJECT_NAME("thing"),
    F_STR(struct thing, name),
    F_STR(struct thing, note),
    F_INT(struct thing, number),
    F_INT(struct thing, absent),
    F_BOOL(struct thing, yes),
    F_STRS(struct thing, words),
    F_INTS(struct thing, sizes),
    F_COUNTS(struct thing, heads),
    F_JSON(struct thing, extra),
    F_STR(struct thing, kept),
};
static const struct fields thing_fields = FIELDS("Thing", struct thing, thing_rows);

static const struct query q_things = {
    "things",
    "SELECT 'x' || n AS name, NULL AS note, n AS number, NULL AS absent, n % 2 AS yes,"
    " '[\"a\",\"\\u00e9\"]' AS words, '[1,-2]' AS sizes, '{\"sales\":3}' AS heads,"
    " '{\"k\": [1]}' AS extra, 'unknown' AS no_such_field, 'y' AS object"
    " FROM (SELECT 1 AS n UNION ALL SELECT 2) AS s WHERE n >= $1 ORDER BY n",
    NULL
};

static void test_structs(void **state) {
    struct ctx *ctx = &((struct test_db *) *state)->ctx;
    struct thing thing = { .note = STR("old"), .absent = opt_int(1), .kept = STR("kept") };
    assert_ok(ctx, db_get(ctx, &q_things, DB_ARGS(db_v_int(1)), &thing_fields, &thing));
    assert_str(thing.name, "x1");
    assert_str(thing.note, NULL);
    assert_str(thing.kept, "kept");
    assert_str(thing.extra, "{\"k\": [1]}");
    assert_true(thing.number.set && thing.number.v == 1 && !thing.absent.set);
    assert_int_equal(thing.yes, YES);
    assert_int_equal(thing.words.n, 2);
    assert_str(thing.words.p[1], "\xC3\xA9");
    assert_int_equal(thing.sizes.n, 2);
    assert_int_equal(thing.sizes.p[1], -2);
    assert_int_equal(thing.heads.n, 1);
    assert_str(thing.heads.p[0].key, "sales");
    assert_int_equal(thing.heads.p[0].n, 3);
    struct list list;
    assert_ok(ctx, db_list(ctx, &q_things, DB_ARGS(db_v_int(1)), &thing_fields, &list));
    assert_int_equal(list.n, 2);
    const struct thing *things = list.p;
    assert_str(things[1].name, "x2");
    assert_int_equal(things[1].yes, NO);
    assert_rc(ctx, db_get(ctx, &q_things, DB_ARGS(db_v_int(3)), &thing_fields, &thing), E_NOT_FOUND);
    assert_ok(ctx, db_list(ctx, &q_things, DB_ARGS(db_v_int(3)), &thing_fields, &list));
    assert_int_equal(list.n, 0);
    static const struct query broken = { "broken", "SELECT '[1' AS sizes", NULL };
    assert_rc(ctx, db_get(ctx, &broken, DB_NO_ARGS, &thing_fields, &thing), E_DB);
}

static void test_backup(void **state) {
    struct test_db *t = *state;
    struct ctx *ctx = &t->ctx;
    if (test_db_is_pg(t)) {
        assert_rc(ctx, db_backup(ctx, "/tmp/never"), E_UNSUPPORTED);
        return;
    }
    assert_ok(ctx, add_number(ctx, 7));
    const char *folder = arena_printf(ctx->arena, "%s/copy", t->options.data_dir).p;
    const char *path = arena_printf(ctx->arena, "%s/outrider.db", folder).p;
    assert_rc(ctx, db_backup(ctx, path), E_DB); /* no such folder */
    ctx_clear_error(ctx);
    assert_int_equal(mkdir(folder, 0700), 0);
    assert_ok(ctx, db_backup(ctx, path));
    assert_rc(ctx, db_backup(ctx, path), E_CONFLICT);
    assert_ok(ctx, add_number(ctx, 8));
    struct test_db copy = { .options = { .data_dir = folder } };
    assert_int_equal(test_db_open(&copy), 0);
    assert_int_equal(numbers_between(&copy.ctx, 7, 8), 1);
    assert_ok(&copy.ctx, add_number(&copy.ctx, 8));
    test_db_ctx_done(&copy.ctx);
    db_close(&copy.db);
}

static void test_password_is_not_told(void **state) {
    (void) state;
    static const struct {
        const char *url;
        enum rc open;
    } cases[] = {
        { "postgresql://u:s3cret@/x?host=/nonexistent", OK },
        { "postgresql://u:%733cret@127.0.0.1:1/x", OK },
        { "postgresql://u:s3cret@[::1/x", E_INVALID },
        { "postgresql://u:s3cret@/x?nonsense=s3cret", E_INVALID },
        { "user=u password=s3cret host=/nonexistent s3cret", E_INVALID },
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct ctx ctx = test_ctx();
        struct db *db = NULL;
        struct db_options options = { .url = cases[i].url };
        assert_rc(&ctx, db_open(&ctx, &options, &db), cases[i].open);
        if (db) {
            ctx.db = db_session_open(db);
            int64_t n;
            assert_rc(&ctx, db_get_int(&ctx, &q_value, DB_NO_ARGS, &n), E_DB);
            db_session_close(&ctx.db);
        }
        assert_true(ctx.err.text.n > 0);
        assert_false(str_contains(ctx.err.text, STR("s3cret")));
        db_close(&db);
        arena_free(&ctx.arena);
    }
}

static void test_cannot_open(void **state) {
    (void) state;
    static const struct {
        const char *folder;
        enum rc rc;
    } cases[] = { { "/nonexistent/deeper", E_IO }, { "/dev/null", E_IO } };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct ctx ctx = test_ctx();
        struct db *db = NULL;
        struct db_options options = { .data_dir = cases[i].folder };
        assert_rc(&ctx, db_open(&ctx, &options, &db), cases[i].rc);
        assert_null(db);
        arena_free(&ctx.arena);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        ON_BOTH(test_types),
        ON_BOTH(test_conversions),
        ON_BOTH(test_parameters),
        ON_BOTH(test_refused),
        ON_BOTH(test_returning),
        ON_BOTH(test_changes),
        ON_BOTH(test_rows_in_one_statement),
        ON_BOTH(test_rows_that_are_refused),
        ON_BOTH(test_open_rows),
        ON_BOTH(test_transaction_closes_rows),
        ON_BOTH(test_streams),
        ON_BOTH(test_structs),
        ON_BOTH(test_backup),
        cmocka_unit_test(test_password_is_not_told),
        cmocka_unit_test(test_cannot_open),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
