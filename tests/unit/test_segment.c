/* Files of the index that are damaged: refused, or read with the same answers; and the
 * crash at each step of writing them. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "index_model.h"
#include "search/checksum.h"
#include "search/index_build.h"
#include "search/segment.h"

/* --- a crash at the n-th step: the calls that change files, in place of the C library's --- */

static int steps_left = -1; /* negative: no crash */

static void step(void) {
    if (steps_left == 0)
        _exit(77);
    if (steps_left > 0)
        steps_left--;
}

ssize_t write(int fd, const void *p, size_t n) {
    step();
    if (steps_left == 0 && n > 1) /* the last write is cut short */
        return syscall(SYS_write, fd, p, n / 2);
    return syscall(SYS_write, fd, p, n);
}

ssize_t pwrite(int fd, const void *p, size_t n, off_t at) {
    step();
    return syscall(SYS_pwrite64, fd, p, n, at);
}

/* A process that ends loses nothing that it wrote, synced or not. */
int fsync(int fd) {
    (void) fd;
    step();
    return 0;
}

int rename(const char *from, const char *to) {
    step();
    return (int) syscall(SYS_rename, from, to);
}

int unlink(const char *path) {
    step();
    return (int) syscall(SYS_unlink, path);
}

static struct index_options options(enum index_kind kind) {
    return (struct index_options){ model_folder, kind, 7, 100, false, NULL };
}

static void build(struct ctx *ctx, struct model *m, size_t rows) {
    struct index_builder *builder = NULL;
    struct index_options o = options(m->kind);
    assert_int_equal(index_builder_new(ctx, &o, &builder), OK);
    for (size_t doc = 1; doc <= rows; doc++) {
        struct index_row row = model_put(m, (int64_t) doc);
        assert_int_equal(index_builder_add(ctx, builder, &row, 1), OK);
    }
    assert_int_equal(index_builder_finish(ctx, &builder, 1), OK);
}

static void check_answers(struct ctx *ctx, struct model *m, int queries) {
    struct index *index = NULL;
    struct index_options o = options(m->kind);
    assert_int_equal(index_open(ctx, &o, &index), OK);
    model_check_random(m, index, queries);
    index_close(&index);
}

/* --- damage --- */

static void flip_each_byte(struct ctx *ctx, struct model *m, const char *path) {
    struct str whole;
    assert_int_equal(file_read(ctx, path, 1 << 20, &whole), OK);
    int fd = open(path, O_RDWR);
    assert_true(fd >= 0 && whole.n > 0);
    struct index_options o = options(m->kind);
    size_t refused = 0;
    for (size_t i = 0; i < whole.n; i++) {
        struct ctx each = test_ctx();
        struct index *index = NULL;
        char flipped = (char) (whole.p[i] ^ (1 << i % 8));
        assert_int_equal(pwrite(fd, &flipped, 1, (off_t) i), 1);
        enum rc rc = index_open(&each, &o, &index);
        if (rc == OK) {
            model_check_random(m, index, 2);
            index_close(&index);
        }
        refused += rc != OK;
        assert_true(rc == OK || rc == E_INVALID || rc == E_CONFLICT);
        assert_int_equal(pwrite(fd, &whole.p[i], 1, (off_t) i), 1);
        arena_free(&each.arena);
    }
    close(fd);
    assert_int_equal(refused, whole.n); /* no byte is without a checksum */
    check_answers(ctx, m, 2);
}

static void test_flipped_bytes(void **state) {
    (void) state;
    static const enum index_kind kinds[] = { INDEX_PEOPLE, INDEX_COMPANIES };
    for (size_t i = 0; i < LENGTH(kinds); i++) {
        struct ctx ctx = test_ctx();
        struct model m = model_new(kinds[i], 20, 11);
        build(&ctx, &m, 20);
        flip_each_byte(&ctx, &m, segment_path(ctx.arena, model_folder, 1).p);
        flip_each_byte(&ctx, &m, arena_printf(ctx.arena, "%s/manifest", model_folder).p);
        model_free(&m);
        arena_free(&ctx.arena);
    }
}

/* A byte that changed together with the checksums: what the structure is checked for. The
 * answers may be wrong then, but nothing is read outside of the file. */
static void test_forged_bytes(void **state) {
    (void) state;
    struct ctx ctx = test_ctx();
    struct model m = model_new(INDEX_COMPANIES, 12, 12);
    build(&ctx, &m, 12);
    struct str whole;
    assert_int_equal(file_read(&ctx, segment_path(ctx.arena, model_folder, 1).p, 1 << 20, &whole), OK);
    size_t read = 0, refused = 0;
    for (size_t i = 0; i < whole.n * 3; i++) {
        unsigned char *bytes = aligned_alloc(SEGMENT_ALIGN, (whole.n + 63) / 64 * 64);
        memcpy(bytes, whole.p, whole.n);
        static const unsigned char changes[] = { 0x01, 0x80, 0xff };
        bytes[i / 3] ^= changes[i % 3];
        struct segment_header *h = (struct segment_header *) (void *) bytes;
        h->body = checksum(0, bytes + sizeof *h, whole.n - sizeof *h);
        h->header = checksum(0, h, offsetof(struct segment_header, header));
        struct segment *s = NULL;
        if (segment_read(bytes, whole.n, &s) == OK)
            read++;
        else
            refused++;
        segment_close(&s);
        free(bytes);
    }
    assert_true(read > 0 && refused > read);
    model_free(&m);
    arena_free(&ctx.arena);
}

static void test_truncated(void **state) {
    (void) state;
    struct ctx ctx = test_ctx();
    struct model m = model_new(INDEX_PEOPLE, 20, 13);
    build(&ctx, &m, 20);
    static const char *const names[] = { "0000000000000001.seg", "manifest" };
    for (size_t i = 0; i < LENGTH(names); i++) {
        struct str path = arena_printf(ctx.arena, "%s/%s", model_folder, names[i]);
        struct stat info;
        assert_int_equal(stat(path.p, &info), 0);
        for (off_t size = info.st_size - 1; size >= 0; size -= 1 + size / 40) {
            struct ctx each = test_ctx();
            struct index *index = NULL;
            struct index_options o = options(INDEX_PEOPLE);
            assert_int_equal(truncate(path.p, size), 0);
            enum rc rc = index_open(&each, &o, &index);
            assert_true(rc == E_INVALID || rc == E_CONFLICT);
            arena_free(&each.arena);
        }
        build(&ctx, &m, 20);
    }
    assert_int_equal(unlink(segment_path(ctx.arena, model_folder, 1).p), 0);
    struct index *index = NULL;
    struct index_options o = options(INDEX_PEOPLE);
    assert_int_equal(index_open(&ctx, &o, &index), E_INVALID);
    model_free(&m);
    arena_free(&ctx.arena);
}

/* --- crashes --- */

/* The whole feed: change number s is the same however often it is told. */
static void tell(struct ctx *ctx, struct model *m, struct index *index, int64_t s) {
    struct model change = { .kind = m->kind, .random = (uint64_t) s * 1000 };
    int64_t doc = 1 + (int64_t) model_below(&change.random, (uint32_t) m->docs);
    bool remove = model_below(&change.random, 4) == 0;
    if (remove) {
        model_forget(m, doc);
        if (index)
            index_remove(index, &doc, 1);
        return;
    }
    struct index_row row = model_row(&change, doc);
    model_forget(m, doc);
    m->rows[doc] = row;
    if (index)
        assert_int_equal(index_put(ctx, index, &row, 1), OK);
}

enum { CHANGES = 260, CHECKPOINT_EVERY = 50 };

/* Follows the feed from where the folder is; dies at step number `at`. */
static void follow_and_die(int at) {
    struct ctx ctx = test_ctx();
    struct model m = model_new(INDEX_PEOPLE, 300, 1);
    struct index_options o = options(INDEX_PEOPLE);
    struct index *index = NULL;
    struct index_stats stats;
    steps_left = at;
    if (index_open(&ctx, &o, &index) != OK)
        _exit(3);
    index_stats(index, &stats);
    for (int64_t s = stats.seq + 1; s <= CHANGES; s++) {
        tell(&ctx, &m, index, s);
        if (s % CHECKPOINT_EVERY == 0 && index_checkpoint(&ctx, index, s) != OK)
            _exit(4);
        if (s % (CHECKPOINT_EVERY * 2) == 0 && index_merge(&ctx, index) != OK)
            _exit(5);
    }
    _exit(0);
}

static int status_of_child(int at) {
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0)
        follow_and_die(at);
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void check_after_crash(void) {
    struct ctx ctx = test_ctx();
    struct model m = model_new(INDEX_PEOPLE, 300, 2);
    struct index_options o = options(INDEX_PEOPLE);
    struct index *index = NULL;
    struct index_stats stats;
    assert_int_equal(index_open(&ctx, &o, &index), OK);
    index_stats(index, &stats);
    assert_true(stats.seq == 1 || stats.seq % CHECKPOINT_EVERY == 0);
    for (int64_t s = 2; s <= CHANGES; s++)
        tell(&ctx, &m, s > stats.seq ? index : NULL, s);
    model_check_random(&m, index, 3);
    index_close(&index);
    model_free(&m);
    arena_free(&ctx.arena);
}

/* At every step of a life with checkpoints and merges; every other time the life that goes
 * on from there dies too. */
static void test_crashes(void **state) {
    (void) state;
    struct ctx ctx = test_ctx();
    struct model m = model_new(INDEX_PEOPLE, 300, 3);
    int at = 0, status = 77;
    for (; status == 77; at++) {
        build(&ctx, &m, 0);
        status = status_of_child(at);
        assert_true(status == 77 || status == 0);
        if (at % 2)
            (void) status_of_child(at / 2);
        check_after_crash();
    }
    assert_true(at > 40); /* there were so many steps */
    model_free(&m);
    arena_free(&ctx.arena);
}

/* A build that is killed leaves nothing that could be taken for an index. */
static void test_crashes_of_a_build(void **state) {
    (void) state;
    int status = 77;
    assert_int_equal(model_folder_remove(NULL), 0);
    for (int at = 0; status == 77; at++) {
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            struct ctx ctx = test_ctx();
            struct model m = model_new(INDEX_PEOPLE, 300, 4);
            steps_left = at;
            build(&ctx, &m, 300);
            _exit(0);
        }
        assert_int_equal(waitpid(child, &status, 0), child);
        status = WEXITSTATUS(status);
        struct ctx ctx = test_ctx();
        struct index_options o = options(INDEX_PEOPLE);
        struct index *index = NULL;
        enum rc rc = index_open(&ctx, &o, &index);
        struct index_stats stats = { .rows = 300 };
        if (rc == OK)
            index_stats(index, &stats);
        assert_true(rc == OK || rc == E_NOT_FOUND);
        assert_int_equal(stats.rows, 300);
        index_close(&index);
        arena_free(&ctx.arena);
    }
    assert_int_equal(status, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_flipped_bytes),
        cmocka_unit_test(test_forged_bytes),
        cmocka_unit_test(test_truncated),
        cmocka_unit_test(test_crashes),
        cmocka_unit_test(test_crashes_of_a_build),
    };
    return cmocka_run_group_tests(tests, model_folder_make, model_folder_remove);
}
