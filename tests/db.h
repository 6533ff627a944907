/* An empty database for a test: a folder of its own under /tmp, or a schema of its own
 * in the PostgreSQL that OUTRIDER_TEST_PG names. BOTH_ENGINES(test) in a table of
 * cmocka tests runs `test` on either; *state is the struct test_db. */
#ifndef TESTS_DB_H
#define TESTS_DB_H

#include "test.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/mem.h"
#include "db/db.h"

struct test_db {
    struct ctx ctx; /* with an arena and a session */
    struct db *db;
    struct arena *arena;       /* as old as this */
    struct db_options options; /* for opening the same database again */
};

#define BOTH_ENGINES(function)                                                             \
    { #function " (sqlite)", function, test_db_setup_sqlite, test_db_teardown, NULL },     \
    { #function " (postgresql)", function, test_db_setup_pg, test_db_teardown, NULL }

static inline bool test_db_is_pg(const struct test_db *t) {
    return t->options.url;
}

/* A context of its own for another thread, on the same database. */
static inline struct ctx test_db_ctx(struct db *db) {
    struct ctx ctx = test_ctx();
    ctx.db = db_session_open(db);
    return ctx;
}

static inline void test_db_ctx_done(struct ctx *ctx) {
    db_session_close(&ctx->db);
    arena_free(&ctx->arena);
}

/* Names the case of a table that failed. */
#define fail_case(...) (print_error(__VA_ARGS__), print_error("\n"), _fail(__FILE__, __LINE__))

/* The result, with the reason printed when it is not the expected one. */
#define assert_rc(ctx, actual, expected) \
    test_assert_rc((ctx), (actual), (expected), __FILE__, __LINE__)
static inline void test_assert_rc(struct ctx *ctx, enum rc actual, enum rc expected,
                                  const char *file, int line) {
    if (actual == expected)
        return;
    print_error("got %s, expected %s: %.*s\n", rc_name(actual), rc_name(expected),
                STR_FMT(ctx->err.text));
    _fail(file, line);
}
#define assert_ok(ctx, call) assert_rc((ctx), (call), OK)

static inline enum rc test_db_work_exec(struct ctx *ctx, void *query) {
    return db_exec(ctx, query, DB_NO_ARGS, NULL);
}

/* Runs one statement that is made up at run time. */
static inline enum rc test_db_exec(struct ctx *ctx, const char *sql) {
    struct query *query = ARENA_NEW(ctx->arena, struct query);
    *query = (struct query){ "test", sql, NULL };
    return db_transact(ctx, test_db_work_exec, query);
}

static inline int test_db_open(struct test_db *t) {
    t->ctx = test_ctx();
    enum rc rc = db_open(&t->ctx, &t->options, &t->db);
    if (rc != OK) {
        print_error("open: %.*s\n", STR_FMT(t->ctx.err.text));
        return -1;
    }
    t->ctx.db = db_session_open(t->db);
    return 0;
}

static inline int test_db_setup_sqlite(void **state) {
    struct test_db *t = MEM_NEW(struct test_db);
    t->arena = arena_new();
    const char *root = getenv("OUTRIDER_TEST_TEMPORARY");
    struct str folder = arena_printf(t->arena, "%s/outrider-test-XXXXXX", root ? root : "/tmp");
    t->options.data_dir = mkdtemp((char *) folder.p);
    *state = t;
    return test_db_open(t);
}

static inline int test_db_setup_pg(void **state) {
    static int schemas;
    const char *url = getenv("OUTRIDER_TEST_PG");
    if (!url) {
        print_error("OUTRIDER_TEST_PG is not set: run this under `tests/pg exec --`\n");
        return -1;
    }
    struct test_db *t = MEM_NEW(struct test_db);
    t->arena = arena_new();
    *state = t;
    const char *schema = arena_printf(t->arena, "t%d_%d", (int) getpid(), schemas++).p;
    struct test_db admin = { .options = { .url = url } };
    if (test_db_open(&admin) != 0)
        return -1;
    enum rc rc = test_db_exec(&admin.ctx, arena_printf(t->arena, "CREATE SCHEMA %s", schema).p);
    if (rc != OK)
        print_error("create schema: %.*s\n", STR_FMT(admin.ctx.err.text));
    test_db_ctx_done(&admin.ctx);
    db_close(&admin.db);
    t->options.url = arena_printf(t->arena, "%s&options=-csearch_path%%3D%s", url, schema).p;
    return rc == OK ? test_db_open(t) : -1;
}

static inline int test_db_remove(const char *path, const struct stat *info, int type,
                                 struct FTW *at) {
    (void) info; /* whatever it is, it goes */
    (void) type;
    (void) at;
    return remove(path);
}

static inline int test_db_teardown(void **state) {
    struct test_db *t = *state;
    test_db_ctx_done(&t->ctx);
    db_close(&t->db);
    int result = t->options.data_dir
                     ? nftw(t->options.data_dir, test_db_remove, 8, FTW_DEPTH | FTW_PHYS)
                     : 0;
    arena_free(&t->arena);
    mem_free(t);
    return result;
}

#endif
