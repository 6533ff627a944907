/* Changes of an index: staged ones are seen by nobody, published ones by everybody at once. */
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

static char folder[64];

static int make_folder(void **state) {
    (void) state;
    (void) snprintf(folder, sizeof folder, "/tmp/index-write-%d", (int) getpid());
    return 0;
}

static int remove_folder(void **state) {
    (void) state;
    char command[128];
    (void) snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command);
}

/* Empty, with a tail of so many rows. */
static struct index *new_index(struct ctx *ctx, size_t tail_rows, bool threads) {
    struct index_options o = { .folder = folder, .kind = INDEX_PEOPLE, .identity = 7,
                               .tail_rows = tail_rows, .merges_itself = threads };
    struct index_builder *builder = NULL;
    struct index *index = NULL;
    assert_int_equal(index_builder_new(ctx, &o, &builder), OK);
    assert_int_equal(index_builder_finish(ctx, &builder, 1), OK);
    assert_int_equal(index_open(ctx, &o, &index), OK);
    return index;
}

static int64_t total(struct index *index, const char *token) {
    struct arena *arena = arena_new();
    struct index_hits hits;
    struct index_query q = { .where = expr_token(arena, str_of(token)) };
    assert_int_equal(index_search(index, arena, &q, &hits), OK);
    arena_free(&arena);
    return hits.total;
}

/* Docs from 1 on, all with these tags. */
static void stage(struct ctx *ctx, struct index *index, int64_t n, const char *tags) {
    for (int64_t doc = 1; doc <= n; doc++) {
        struct index_row row = { .doc = doc, .rank = doc % 7, .tags = str_of(tags) };
        assert_int_equal(index_stage(ctx, index, &row, 1), OK);
    }
}

static void publish(struct index *index) {
    index_prepare(index);
    index_publish(index);
    index_settle(index);
}

/* Through tails that fill up, files and a merge. */
static void test_staged_is_not_seen(void **state) {
    (void) state;
    struct ctx ctx = test_ctx();
    struct index *index = new_index(&ctx, 100, false);
    for (int round = 0; round < 12; round++) {
        const char *now = round % 2 ? "odd all" : "even all", *then = round % 2 ? "even" : "odd";
        int64_t before = total(index, "all");
        stage(&ctx, index, 250, now);
        index_stage_removals(index, (int64_t[]){ 300, 301 }, 2);
        assert_int_equal(index_staged(index), 252);
        assert_int_equal(total(index, "all"), before);
        assert_int_equal(total(index, then), before);
        publish(index);
        assert_int_equal(index_staged(index), 0);
        assert_int_equal(total(index, "all"), 250);
        assert_int_equal(total(index, then), 0);
        struct index_stats stats;
        index_stats(index, &stats);
        assert_int_equal(stats.rows, 250);
        if (round % 3 == 0)
            assert_int_equal(index_checkpoint(&ctx, index, round + 2), OK);
        if (round % 4 == 0)
            assert_int_equal(index_merge(&ctx, index), OK);
    }
    index_remove(index, (int64_t[]){ 1, 2, 250 }, 3);
    assert_int_equal(total(index, "all"), 247);
    index_close(&index);
    arena_free(&ctx.arena);
}

/* A failure in the middle: it is forgotten, and staged once more. */
static void test_unstage(void **state) {
    (void) state;
    struct ctx ctx = test_ctx();
    struct index *index = new_index(&ctx, 100, false);
    stage(&ctx, index, 150, "old");
    publish(index);
    for (int i = 0; i < 3; i++) {
        stage(&ctx, index, 120, "new");
        index_stage_removals(index, &(int64_t){ 150 }, 1);
        index_unstage(index);
        assert_int_equal(total(index, "old"), 150);
        assert_int_equal(total(index, "new"), 0);
    }
    stage(&ctx, index, 120, "new");
    publish(index);
    assert_int_equal(total(index, "old"), 30);
    assert_int_equal(total(index, "new"), 120);
    index_close(&index);
    arena_free(&ctx.arena);
}

static void test_too_many_at_once(void **state) {
    (void) state;
    struct ctx ctx = test_ctx();
    struct index *index = new_index(&ctx, 10, false);
    stage(&ctx, index, 90, "some");
    struct index_row row = { .doc = 100, .tags = STR("some") };
    assert_int_equal(index_stage(&ctx, index, &row, 1), E_LIMIT);
    index_unstage(index);
    stage(&ctx, index, 90, "some");
    publish(index);
    assert_int_equal(total(index, "some"), 90);
    stage(&ctx, index, 90, "other");
    publish(index);
    assert_int_equal(total(index, "some"), 0);
    assert_int_equal(total(index, "other"), 90);
    index_close(&index);
    arena_free(&ctx.arena);
}

/* The files are written by the index's own threads. */
static void test_checkpoint_soon(void **state) {
    (void) state;
    struct ctx ctx = test_ctx();
    struct index *index = new_index(&ctx, 50, true);
    struct index_stats stats;
    for (int64_t seq = 2; seq < 12; seq++) {
        stage(&ctx, index, 120, seq % 2 ? "odd" : "even");
        publish(index);
        while (!index_checkpoint_soon(index, seq))
            ;
        do
            index_stats(index, &stats);
        while (stats.seq < seq);
        assert_int_equal(stats.tail_rows, 0);
    }
    index_close(&index);
    struct index_options o = { .folder = folder, .kind = INDEX_PEOPLE, .identity = 7 };
    assert_int_equal(index_open(&ctx, &o, &index), OK);
    index_stats(index, &stats);
    assert_int_equal(stats.seq, 11);
    assert_int_equal(total(index, "odd"), 120);
    assert_int_equal(total(index, "even"), 0);
    index_close(&index);
    arena_free(&ctx.arena);
}

/* --- many threads --- */

enum { ALL = 700, ROUNDS = 60, READERS = 3 };

struct reader {
    struct index *index;
    const atomic_bool *stop;
    int64_t searches, halves;
};

static void *read_all_the_time(void *arg) {
    struct reader *r = arg;
    while (!atomic_load(r->stop)) {
        int64_t found = total(r->index, "even");
        r->halves += found != 0 && found != ALL;
        r->halves += total(r->index, "all") != ALL;
        r->searches++;
    }
    return NULL;
}

/* Every search finds all rows of a round or none, while tails fill up and files are made. */
static void test_seen_as_a_whole(void **state) {
    (void) state;
    struct ctx ctx = test_ctx();
    struct index *index = new_index(&ctx, 500, true);
    struct index_row rows[ALL];
    struct reader readers[READERS];
    pthread_t threads[READERS];
    atomic_bool stop = false;
    for (size_t i = 0; i < ALL; i++)
        rows[i] = (struct index_row){ .doc = (int64_t) i + 1, .tags = STR("all even") };
    assert_int_equal(index_put(&ctx, index, rows, ALL), OK);
    for (size_t i = 0; i < READERS; i++) {
        readers[i] = (struct reader){ index, &stop, 0, 0 };
        assert_int_equal(pthread_create(&threads[i], NULL, read_all_the_time, &readers[i]), 0);
    }
    for (int round = 0; round < ROUNDS; round++) {
        for (size_t i = 0; i < ALL; i++)
            rows[i].tags = round % 2 ? STR("all even") : STR("all odd");
        assert_int_equal(index_put(&ctx, index, rows, ALL), OK);
        if (round % 10 == 0)
            (void) index_checkpoint_soon(index, round + 2); /* false: not this time */
    }
    atomic_store(&stop, true);
    for (size_t i = 0; i < READERS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_int_equal(readers[i].halves, 0);
        assert_true(readers[i].searches > 0);
    }
    index_close(&index);
    arena_free(&ctx.arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_staged_is_not_seen), cmocka_unit_test(test_unstage),
        cmocka_unit_test(test_too_many_at_once),   cmocka_unit_test(test_checkpoint_soon),
        cmocka_unit_test(test_seen_as_a_whole),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
