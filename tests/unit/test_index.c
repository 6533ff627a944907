/* The index beside a model that looks at every row, through random changes, seals, merges
 * and openings. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#include "index_model.h"
#include "search/index_build.h"

/* Nothing here survives the machine; waiting for the disk would only take long. */
int fsync(int fd) {
    (void) fd;
    return 0;
}

static struct index_options options(enum index_kind kind, size_t tail_rows) {
    return (struct index_options){ model_folder, kind, 7, tail_rows, false, NULL };
}

static struct index *open_index(struct ctx *ctx, const struct index_options *o) {
    struct index *index = NULL;
    enum rc rc = index_open(ctx, o, &index);
    if (rc != OK)
        fail_case("index_open: %s, %.*s", rc_name(rc), STR_FMT(ctx->err.text));
    return index;
}

static struct index *build(struct ctx *ctx, const struct index_options *o, struct model *m,
                           int64_t seq) {
    struct index_builder *builder = NULL;
    assert_int_equal(index_builder_new(ctx, o, &builder), OK);
    for (size_t doc = 1; doc <= m->docs; doc++)
        if (m->rows[doc].doc)
            assert_int_equal(index_builder_add(ctx, builder, &m->rows[doc], 1), OK);
    assert_int_equal(index_builder_finish(ctx, &builder, seq), OK);
    assert_null(builder);
    return open_index(ctx, o);
}

static void change_some(struct ctx *ctx, struct model *m, struct index *index, uint32_t n) {
    struct index_row rows[200] = { 0 };
    int64_t docs[200] = { 0 };
    size_t put = 0, removed = 0;
    for (uint32_t i = 0; i < n; i++) {
        int64_t doc = 1 + (int64_t) model_below(&m->random, (uint32_t) m->docs);
        bool is_new = true; /* in this batch */
        for (size_t j = 0; j < put; j++)
            is_new &= rows[j].doc != doc;
        if (is_new && model_below(&m->random, 4)) {
            rows[put++] = model_put(m, doc);
        } else if (is_new) {
            model_forget(m, doc);
            docs[removed++] = doc;
        }
    }
    index_remove(index, docs, removed); /* a doc may be removed and then put */
    assert_int_equal(index_put(ctx, index, rows, put), OK);
    for (size_t i = 0; i < removed; i++) { /* or put and then removed */
        if (m->rows[docs[i]].doc == 0)
            index_remove(index, &docs[i], 1);
    }
}

/* What a round that failed leaves behind, in one of the two tails. */
static void stage_and_forget(struct ctx *ctx, struct model *m, struct index *index) {
    for (uint32_t n = model_below(&m->random, 60); n; n--) {
        struct index_row row = { .doc = 1 + (int64_t) model_below(&m->random, (uint32_t) m->docs),
                                 .tags = STR("forgotten") };
        assert_int_equal(index_stage(ctx, index, &row, 1), OK);
    }
    index_stage_removals(index, &(int64_t){ 1 }, 1);
    index_unstage(index);
}

static void random_life(enum index_kind kind, uint64_t seed) {
    struct ctx ctx = test_ctx();
    struct model m = model_new(kind, 3000, seed);
    struct index_options o = options(kind, 150);
    struct index *index = build(&ctx, &o, &m, 1);
    model_check_random(&m, index, 3);
    for (int64_t round = 0; round < 60; round++) {
        if (model_below(&m.random, 3) == 0)
            stage_and_forget(&ctx, &m, index);
        change_some(&ctx, &m, index, 1 + model_below(&m.random, 200));
        uint32_t then = model_below(&m.random, 4);
        if (then == 0)
            assert_int_equal(index_merge(&ctx, index), OK);
        if (then == 1) {
            assert_int_equal(index_checkpoint(&ctx, index, round + 2), OK);
            index_close(&index);
            assert_null(index);
            index = open_index(&ctx, &o);
            struct index_stats stats;
            index_stats(index, &stats);
            assert_int_equal(stats.seq, round + 2);
        }
        model_check_random(&m, index, 6);
    }
    struct index_stats stats;
    index_stats(index, &stats);
    int64_t rows = 0;
    for (size_t i = 1; i <= m.docs; i++)
        rows += m.rows[i].doc != 0;
    assert_int_equal(stats.rows, rows);
    assert_true(stats.segments > 0 && stats.segments < 20);
    index_close(&index);
    model_free(&m);
    arena_free(&ctx.arena);
}

static void test_people(void **state) {
    (void) state;
    random_life(INDEX_PEOPLE, 1);
    random_life(INDEX_PEOPLE, 2);
}

static void test_companies(void **state) {
    (void) state;
    random_life(INDEX_COMPANIES, 3);
}

/* More than two chunks: bits, lists and pages that cross chunks; then a second segment and
 * dead rows in all of them. */
static void test_many_rows(void **state) {
    (void) state;
    struct ctx ctx = test_ctx();
    struct model m = model_new(INDEX_PEOPLE, 140000, 4);
    for (size_t doc = 1; doc <= m.docs; doc++)
        (void) model_put(&m, (int64_t) doc);
    struct index_options o = options(INDEX_PEOPLE, 0);
    struct index *index = build(&ctx, &o, &m, 1);
    struct index_stats stats;
    index_stats(index, &stats);
    assert_int_equal(stats.segments, 1);
    assert_int_equal(stats.rows, 140000);
    model_check_random(&m, index, 12);
    for (int i = 0; i < 30; i++)
        change_some(&ctx, &m, index, 200);
    assert_int_equal(index_checkpoint(&ctx, index, 2), OK);
    for (int i = 0; i < 10; i++)
        change_some(&ctx, &m, index, 200);
    model_check_random(&m, index, 12);
    index_close(&index);
    model_free(&m);
    arena_free(&ctx.arena);
}

/* What a search takes of the memory of a request does not grow with the rows: forty
 * beginnings of words that all rows have, and all documents. */
static void check_memory(struct index *index, size_t rows) {
    struct arena *arena = arena_new();
    struct expr *all = expr_and(arena), *any = expr_or(arena);
    for (int i = 0; i < 20; i++) {
        expr_add(all, expr_prefix(arena, STR("x")));
        expr_add(any, expr_prefix(arena, arena_printf(arena, "x%d", i)));
    }
    expr_add(all, any);
    struct index_query q = { .where = all, .limit = 10 };
    struct index_hits hits;
    struct doc_set docs;
    size_t before = arena_used(arena);
    assert_int_equal(index_search(index, arena, &q, &hits), OK);
    assert_int_equal(hits.total, rows);
    assert_in_range(arena_used(arena) - before, 1, 4096);
    before = arena_used(arena);
    assert_int_equal(index_docs(index, arena, &q, &docs), OK);
    assert_int_equal(docs.n, rows);
    assert_in_range(arena_used(arena) - before, rows / 8, rows / 4);
    arena_free(&arena);
}

/* More nodes than a search may have. */
static void check_limit(struct index *index) {
    enum { TOKENS = 2000000 }; /* that no row has */
    struct arena *arena = arena_new_with((size_t) 1 << 30);
    struct expr *any = expr_or(arena);
    for (int i = 0; i < TOKENS; i++)
        expr_add(any, expr_token(arena, STR("y")));
    struct index_query q = { .where = any, .limit = 10 };
    struct index_hits hits;
    assert_int_equal(index_search(index, arena, &q, &hits), E_LIMIT);
    arena_free(&arena);
}

static void test_memory(void **state) {
    (void) state;
    enum { ROWS = 200000 };
    struct ctx ctx = test_ctx();
    struct index_options o = options(INDEX_COMPANIES, 0);
    struct index_builder *builder = NULL;
    assert_int_equal(index_builder_new(&ctx, &o, &builder), OK);
    for (int64_t doc = 1; doc <= ROWS; doc++) {
        char text[16];
        int n = snprintf(text, sizeof text, "x%d", (int) (doc % 20));
        struct index_row row = { .doc = doc, .tags = { text, (size_t) n } };
        assert_int_equal(index_builder_add(&ctx, builder, &row, 1), OK);
    }
    assert_int_equal(index_builder_finish(&ctx, &builder, 1), OK);
    struct index *index = open_index(&ctx, &o);
    check_memory(index, ROWS);
    check_limit(index);
    index_close(&index);
    arena_free(&ctx.arena);
}

/* What is not on disk is told again after an opening. */
static void test_replay(void **state) {
    (void) state;
    struct ctx ctx = test_ctx();
    struct model m = model_new(INDEX_PEOPLE, 500, 5);
    struct index_options o = options(INDEX_PEOPLE, 64);
    struct index *index = build(&ctx, &o, &m, 1);
    for (int i = 0; i < 5; i++)
        change_some(&ctx, &m, index, 100);
    assert_int_equal(index_checkpoint(&ctx, index, 2), OK);
    struct index_row row = model_put(&m, 17);
    index_remove(index, &(int64_t){ 18 }, 1);
    model_forget(&m, 18);
    assert_int_equal(index_put(&ctx, index, &row, 1), OK);
    model_check_random(&m, index, 5);
    index_close(&index);
    index = open_index(&ctx, &o);
    struct index_stats stats;
    index_stats(index, &stats);
    assert_int_equal(stats.seq, 2);
    assert_int_equal(index_put(&ctx, index, &row, 1), OK);
    index_remove(index, &(int64_t){ 18 }, 1);
    model_check_random(&m, index, 10);
    index_close(&index);
    model_free(&m);
    arena_free(&ctx.arena);
}

static void test_refused(void **state) {
    (void) state;
    struct ctx ctx = test_ctx();
    struct index *index = NULL;
    struct index_options o = options(INDEX_PEOPLE, 0);
    (void) model_folder_remove(NULL);
    assert_int_equal(index_open(&ctx, &o, &index), E_NOT_FOUND);
    struct model m = model_new(INDEX_PEOPLE, 5, 6);
    index = build(&ctx, &o, &m, 9);
    static const struct index_row bad[] = {
        { .doc = 0 }, { .doc = INDEX_DOC_MAX + 1 }, { .doc = 1, .rank = -1 },
        { .doc = 1, .rank = INDEX_RANK_MAX + 1 }, { .doc = 1, .company = -1 },
    };
    for (size_t i = 0; i < LENGTH(bad); i++) {
        ctx_clear_error(&ctx);
        assert_int_equal(index_put(&ctx, index, &bad[i], 1), E_INVALID);
    }
    index_close(&index);
    struct index_options others[] = { o, o };
    others[0].identity = 8;
    others[1].kind = INDEX_COMPANIES;
    for (size_t i = 0; i < LENGTH(others); i++)
        assert_int_equal(index_open(&ctx, &others[i], &index), E_CONFLICT);
    index_close(&index); /* accepts NULL */
    model_free(&m);
    arena_free(&ctx.arena);
}

/* Two rows of one document in a build would be counted twice: the folder is refused. */
static void test_duplicates_in_a_build(void **state) {
    (void) state;
    struct ctx ctx = test_ctx();
    struct index_options o = options(INDEX_PEOPLE, 0);
    struct index_builder *builder = NULL;
    assert_int_equal(index_builder_new(&ctx, &o, &builder), OK);
    enum rc rc = OK;
    for (int64_t i = 0; i < 70000 && rc == OK; i++) {
        struct index_row row = { .doc = i % 69000 + 1, .tags = STR("a") };
        rc = index_builder_add(&ctx, builder, &row, 1);
    }
    assert_int_equal(rc, OK);
    assert_int_equal(index_builder_finish(&ctx, &builder, 1), E_INVALID);
    arena_free(&ctx.arena);
}

/* Nobody merges, as while a long merge goes on: the number of files stays small. */
static void test_behind(void **state) {
    (void) state;
    struct ctx ctx = test_ctx();
    struct model m = model_new(INDEX_PEOPLE, 5000, 15);
    struct index_options o = options(INDEX_PEOPLE, 100);
    struct index *index = build(&ctx, &o, &m, 1);
    for (int64_t i = 0; i < 1200; i++) {
        change_some(&ctx, &m, index, 20);
        assert_int_equal(index_checkpoint(&ctx, index, i + 2), OK);
        struct index_stats stats;
        index_stats(index, &stats);
        assert_in_range(stats.segments, 0, 64);
    }
    model_check_random(&m, index, 20);
    index_close(&index);
    index = open_index(&ctx, &o);
    model_check_random(&m, index, 20);
    index_close(&index);
    model_free(&m);
    arena_free(&ctx.arena);
}

/* Building ends soon when it is told to, and leaves nothing. */
static void test_stopped(void **state) {
    (void) state;
    struct ctx ctx = test_ctx();
    atomic_bool stop = false;
    struct index_options o = options(INDEX_PEOPLE, 0);
    o.stop = &stop;
    struct index_builder *builder = NULL;
    assert_int_equal(index_builder_new(&ctx, &o, &builder), OK);
    for (int64_t doc = 1; doc <= 70000; doc++) {
        struct index_row row = { .doc = doc, .tags = STR("a") };
        assert_int_equal(index_builder_add(&ctx, builder, &row, 1), OK);
    }
    atomic_store(&stop, true);
    assert_int_equal(index_builder_finish(&ctx, &builder, 1), E_CANCELED);
    assert_int_equal(rmdir(model_folder), 0); /* it was empty */
    arena_free(&ctx.arena);
}

/* --- many threads --- */

enum { FIXED = 50, MOVING = 51, READERS = 3 };

struct reader {
    struct index *index;
    atomic_bool *stop;
    int64_t searches, wrong;
};

/* What never changes is always found, and what is replaced all the time is there once. */
static void *read_all_the_time(void *arg) {
    struct reader *r = arg;
    while (!atomic_load(r->stop)) {
        struct arena *arena = arena_new();
        struct index_hits fixed, moving;
        struct index_query q = { .where = expr_token(arena, STR("fixed")), .limit = 100 };
        r->wrong += index_search(r->index, arena, &q, &fixed) != OK;
        q.where = expr_prefix(arena, STR("mov"));
        r->wrong += index_search(r->index, arena, &q, &moving) != OK;
        r->wrong += fixed.total != FIXED || fixed.docs.n != FIXED || moving.total != 1
                    || moving.docs.n != 1 || moving.docs.p[0] != MOVING;
        for (size_t i = 0; i < fixed.docs.n; i++) /* of one rank: by document */
            r->wrong += fixed.docs.p[i] != (int64_t) i + 1;
        struct index_stats stats;
        index_stats(r->index, &stats);
        r->searches++;
        arena_free(&arena);
    }
    return NULL;
}

/* Merges go on meanwhile: what they lost of a change shows until the row changes again, so
 * all rows are asked for often. */
static void write_all_the_time(struct ctx *ctx, struct index *index, struct model *m) {
    for (int64_t i = 0; i < 6000; i++) {
        int64_t doc = MOVING + 1 + model_below(&m->random, 900), gone = MOVING + 1 + i % 900;
        struct index_row rows[] = { model_set(m, MOVING, i % 100, "moving other"),
                                    model_put(m, doc) };
        assert_int_equal(index_put(ctx, index, rows, LENGTH(rows)), OK);
        model_forget(m, gone);
        index_remove(index, &gone, 1);
        if (i % 500 == 0)
            assert_int_equal(index_checkpoint(ctx, index, i + 1), OK);
        if (i % 50 == 0)
            model_check(m, index, &(struct index_query){ .limit = 10 });
    }
}

static void test_threads(void **state) {
    (void) state;
    struct ctx ctx = test_ctx();
    struct model m = model_new(INDEX_PEOPLE, 1000, 7);
    struct index_options o = options(INDEX_PEOPLE, 300);
    struct index *index = build(&ctx, &o, &m, 0);
    index_close(&index);
    o.merges_itself = true;
    index = open_index(&ctx, &o);
    for (int64_t doc = 1; doc <= MOVING; doc++) {
        struct index_row row = model_set(&m, doc, 0, doc < MOVING ? "fixed" : "moving");
        assert_int_equal(index_put(&ctx, index, &row, 1), OK);
    }
    atomic_bool stop = false;
    struct reader readers[READERS];
    pthread_t threads[READERS];
    for (size_t i = 0; i < READERS; i++) {
        readers[i] = (struct reader){ index, &stop, 0, 0 };
        assert_int_equal(pthread_create(&threads[i], NULL, read_all_the_time, &readers[i]), 0);
    }
    write_all_the_time(&ctx, index, &m);
    atomic_store(&stop, true);
    for (size_t i = 0; i < READERS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_int_equal(readers[i].wrong, 0);
        assert_true(readers[i].searches > 0);
    }
    struct index_stats stats;
    index_stats(index, &stats);
    assert_true(stats.merges > 0);
    model_check_random(&m, index, 100);
    index_close(&index);
    model_free(&m);
    arena_free(&ctx.arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_people),
        cmocka_unit_test(test_companies),
        cmocka_unit_test(test_many_rows),
        cmocka_unit_test(test_memory),
        cmocka_unit_test(test_replay),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_duplicates_in_a_build),
        cmocka_unit_test(test_behind),
        cmocka_unit_test(test_stopped),
        cmocka_unit_test(test_threads),
    };
    return cmocka_run_group_tests(tests, model_folder_make, model_folder_remove);
}
