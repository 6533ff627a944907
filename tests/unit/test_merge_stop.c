/* A server that is stopped, or killed, while its index merges files: at every step of the
 * merge. Searches go on meanwhile; afterwards the index is as it was, or merged. */
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "file_steps.h"
#include "index_model.h"
#include "search/index_build.h"
#include "search/index_own.h"

enum { ROWS = 120, FILES = 4 };

/* --- a step of another thread: the calls that change files, in place of the C library's --- */

static atomic_int steps_left = -1; /* of the merge; negative: nothing happens */
static bool is_killed;
static _Thread_local bool is_test;
static sem_t reached;
static _Atomic(struct index *) stopped; /* the merge goes on when this index stops */

static void step(void) {
    if (is_test || atomic_fetch_sub(&steps_left, 1) != 0)
        return;
    if (is_killed)
        (void) raise(SIGKILL);
    (void) sem_post(&reached);
    for (struct index *index = NULL; !index || !atomic_load(&index->stopping); (void) sched_yield())
        index = atomic_load(&stopped);
}

ssize_t write(int fd, const void *p, size_t n) {
    step();
    return syscall(SYS_write, fd, p, n);
}

/* The first step: the file that is to be written has been made. */
off_t lseek(int fd, off_t at, int whence) {
    step();
    return syscall(SYS_lseek, fd, at, whence);
}

/* --- an index that has files to merge --- */

static struct index *open_index(struct ctx *ctx, bool merges) {
    struct index_options o = { model_folder, INDEX_PEOPLE, 7, 100, merges, NULL };
    struct index *index = NULL;
    assert_int_equal(index_open(ctx, &o, &index), OK);
    return index;
}

static struct index_builder *new_builder(struct ctx *ctx) {
    struct index_options o = { model_folder, INDEX_PEOPLE, 7, 100, false, NULL };
    struct index_builder *builder = NULL;
    assert_int_equal(index_builder_new(ctx, &o, &builder), OK);
    return builder;
}

static void make_files(struct ctx *ctx, struct model *m) {
    struct index_builder *builder = new_builder(ctx);
    assert_int_equal(index_builder_finish(ctx, &builder, 1), OK);
    struct index *index = open_index(ctx, false);
    for (int64_t doc = 1; doc <= ROWS; doc++) {
        struct index_row row = model_put(m, doc);
        assert_int_equal(index_put(ctx, index, &row, 1), OK);
        if (doc % (ROWS / FILES) == 0)
            assert_int_equal(index_checkpoint(ctx, index, 1 + doc), OK);
    }
    index_close(&index);
}

/* What is on disk: the same rows; returns in how many files. */
static int64_t check_files(struct ctx *ctx, struct model *m) {
    struct index *index = open_index(ctx, false);
    struct index_stats stats;
    index_stats(index, &stats);
    assert_int_equal(stats.rows, ROWS);
    model_check_random(m, index, 30);
    index_close(&index);
    return stats.segments;
}

/* --- stopped --- */

/* Waits until the merge is at the step, or over; false when it is over. */
static bool is_at_step(struct index *index) {
    struct index_stats stats = { 0 };
    bool here = false;
    for (; !here && stats.merges == 0; (void) sched_yield()) {
        here = sem_trywait(&reached) == 0;
        index_stats(index, &stats);
    }
    return here;
}

static bool stop_at(struct ctx *ctx, struct model *m, int at) {
    atomic_store(&stopped, NULL);
    atomic_store(&steps_left, at);
    struct index *index = open_index(ctx, true);
    bool here = is_at_step(index);
    model_check_random(m, index, 30);
    atomic_store(&stopped, index);
    index_close(&index);
    atomic_store(&steps_left, -1);
    return here;
}

static void test_stopped_at_every_step(void **state) {
    (void) state;
    int given_up = 0, done = 0;
    bool here = true;
    assert_int_equal(sem_init(&reached, 0, 0), 0);
    for (int at = 0; here; at++) {
        struct ctx ctx = test_ctx();
        struct model m = model_new(INDEX_PEOPLE, ROWS, 5);
        make_files(&ctx, &m);
        here = stop_at(&ctx, &m, at);
        int64_t files = check_files(&ctx, &m);
        given_up += files == FILES;
        done += files == 1;
        assert_true(files == FILES || files == 1);
        model_free(&m);
        arena_free(&ctx.arena);
    }
    assert_true(given_up > 0 && done > 0); /* both were met */
}

/* --- killed --- */

static void live(int at) {
    struct ctx ctx = test_ctx();
    struct index_stats stats = { 0 };
    is_killed = true;
    atomic_store(&steps_left, at);
    struct index *index = open_index(&ctx, true);
    for (; stats.merges == 0; (void) sched_yield())
        index_stats(index, &stats);
    index_close(&index); /* the manifest may still be to be written */
    _exit(0);
}

static void test_killed_at_every_step(void **state) {
    (void) state;
    int status = SIGKILL, kills = 0;
    for (int at = 0; status == SIGKILL; at++) {
        struct ctx ctx = test_ctx();
        struct model m = model_new(INDEX_PEOPLE, ROWS, 6);
        make_files(&ctx, &m);
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            is_test = true;
            live(at);
        }
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFSIGNALED(status) ? WTERMSIG(status) == SIGKILL : WEXITSTATUS(status) == 0);
        status = WIFSIGNALED(status) ? SIGKILL : 0;
        kills += status == SIGKILL;
        int64_t files = check_files(&ctx, &m);
        assert_true(files == FILES || files == 1);
        model_free(&m);
        arena_free(&ctx.arena);
    }
    assert_true(kills > 5);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stopped_at_every_step),
        cmocka_unit_test(test_killed_at_every_step),
    };
    is_test = true;
    return cmocka_run_group_tests(tests, model_folder_make, model_folder_remove);
}
