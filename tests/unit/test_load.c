/* Rows of people and companies as the index takes them, on both engines. */
#include "db.h"

#include "search/load.h"
#include "search/tags.h"
#include "store/migrations.h"

static struct ctx *migrated(void **state) {
    struct ctx *ctx = &((struct test_db *) *state)->ctx;
    int applied;
    assert_ok(ctx, db_migrate(ctx, migrations, migrations_count, false, &applied));
    return ctx;
}

/* `count` companies and one person of each. The stages are `before`, the number, `after`. */
static void fill(void **state, const char *before, const char *after, int count) {
    struct test_db *t = *state;
    const char *numbers = test_db_is_pg(t)
        ? "(SELECT i::bigint AS i FROM generate_series(1, %d) i) x"
        : "(WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d) "
          "SELECT i FROM n) x";
    struct str from = arena_printf(t->ctx.arena, numbers, count);
    assert_ok(&t->ctx, test_db_exec(&t->ctx, arena_printf(t->ctx.arena,
        "INSERT INTO companies (doc, id, name, name_key, latest_funding_stage, tags, rank, "
        "created_at, updated_at) SELECT i, 'c' || i, 'C', 'c', "
        "%s || i || %s, 'wc', 7, 0, 0 FROM %.*s", before, after, STR_FMT(from)).p));
    assert_ok(&t->ctx, test_db_exec(&t->ctx, arena_printf(t->ctx.arena,
        "INSERT INTO people (doc, id, name, name_key, company_id, tags, rank, created_at, "
        "updated_at) SELECT i, 'p' || i, 'P', 'p', 'c' || i, 'np tt', 9, 0, 0 FROM %.*s",
        STR_FMT(from)).p));
}

/* All people: each once, in order, with their company and its values. */
static void check_all(struct ctx *ctx, const char *before, const char *after, int count) {
    struct loader *loader = loader_new();
    struct ctx part = { .arena = arena_new(), .clock = ctx->clock, .db = ctx->db };
    struct index_rows rows = { 0 };
    int64_t doc = 0;
    while (!rows.is_end) {
        arena_reset(part.arena);
        assert_ok(&part, load_after(&part, loader, INDEX_PEOPLE, doc, &rows));
        for (size_t i = 0; i < rows.n; i++) {
            assert_int_equal(rows.p[i].doc, ++doc);
            assert_int_equal(rows.p[i].company, doc);
            assert_int_equal(rows.p[i].rank, 9);
            struct str stage = arena_printf(part.arena, "%s%lld%s", before, (long long) doc, after);
            struct str tag = tag_text(part.arena, TAG_STAGE, stage);
            struct str expected = arena_printf(part.arena, "np tt " TAG_COPIED "%.*s",
                                               STR_FMT(tag));
            assert_str(rows.p[i].tags, expected.p);
        }
        assert_int_equal(rows.last, doc);
    }
    assert_int_equal(doc, count);
    arena_free(&part.arena);
    loader_free(&loader);
}

/* More stages than are kept. */
static void test_many_stages(void **state) {
    struct ctx *ctx = migrated(state);
    fill(state, "'Series '", "''", 12000);
    check_all(ctx, "Series ", "", 12000);
}

/* Stages as long as a company may be: what is kept of them is bounded. */
static void test_long_stages(void **state) {
    enum { COUNT = 1200, LENGTH_MAX = 80000 };
    struct ctx *ctx = migrated(state);
    struct test_db *t = *state;
    const char *zeros = test_db_is_pg(t) ? "repeat('0', %d)" : "substr(hex(zeroblob(%d)), 1, %d)";
    fill(state, "''", arena_printf(ctx->arena, zeros, LENGTH_MAX, LENGTH_MAX).p, COUNT);
    char *text = arena_alloc(ctx->arena, LENGTH_MAX + 1);
    memset(text, '0', LENGTH_MAX);
    check_all(ctx, "", text, COUNT);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        BOTH_ENGINES(test_many_stages),
        BOTH_ENGINES(test_long_stages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
