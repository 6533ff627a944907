/* Files of the index that are damaged: refused, or read with the same answers; and the
 * crash at each step of writing them. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "file_steps.h"
#include "index_model.h"
#include "search/index_build.h"
#include "search/segment_check.h"
#include "segment_forge.h"

/* --- a crash at the n-th step: the calls that change files, in place of the C library's --- */

static int steps_left = -1; /* negative: no crash */

static void step(void) {
    if (steps_left == 0)
        _exit(77);
    if (steps_left > 0)
        steps_left--;
}

static int disk_room = -1; /* bytes; negative: enough */

ssize_t write(int fd, const void *p, size_t n) {
    step();
    if (disk_room >= 0) {
        disk_room = (size_t) disk_room > n ? disk_room - (int) n : 0;
        if (disk_room == 0) {
            errno = ENOSPC;
            return -1;
        }
    }
    if (steps_left == 0 && n > 1) /* the last write is cut short */
        return syscall(SYS_write, fd, p, n / 2);
    return syscall(SYS_write, fd, p, n);
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

int unlinkat(int at, const char *path, int flags) {
    step();
    return (int) syscall(SYS_unlinkat, at, path, flags);
}

/* --- damage --- */

static void write_file(const char *path, struct str text) {
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text.p, text.n), text.n);
    close(fd);
}

static struct str read_whole(struct ctx *ctx, const char *path) {
    struct str whole;
    assert_int_equal(file_read(ctx, path, 1 << 20, &whole), OK);
    assert_true(whole.n > 0);
    return whole;
}

/* The two files of an index. */
struct files {
    const char *paths[2];
    struct str texts[2];
};

/* A damaged byte is refused by the opening, or by the search that reads it: a search that
 * answers answers right. What says that it is damaged is not opened again. */
static void check_flipped(struct model *m, const struct files *files) {
    struct ctx ctx = test_ctx();
    struct index_options o = options(m->kind);
    struct index *index = NULL;
    enum rc rc = index_open(&ctx, &o, &index);
    assert_true(rc == OK || rc == E_INVALID || rc == E_CONFLICT);
    if (rc == OK) {
        model_check_random(m, index, 2);
        bool is_damaged = index_is_damaged(index);
        index_close(&index);
        if (is_damaged) {
            assert_int_equal(index_open(&ctx, &o, &index), E_NOT_FOUND);
            for (size_t i = 0; i < LENGTH(files->paths); i++)
                write_file(files->paths[i], files->texts[i]);
        }
    }
    arena_free(&ctx.arena);
}

/* No byte is without a checksum. */
static bool is_refused(const char *path) {
    struct ctx ctx = test_ctx();
    struct segment *s = NULL;
    bool is_segment = strstr(path, ".seg");
    bool refused = !is_segment || segment_open(&ctx, model_folder, 1, &s) != OK
                   || segment_check(s, NULL) == E_INVALID;
    segment_close(&s);
    arena_free(&ctx.arena);
    return refused;
}

static void flip_each_byte(struct ctx *ctx, struct model *m) {
    struct files files
        = { .paths = { segment_path(ctx->arena, model_folder, 1).p,
                       arena_printf(ctx->arena, "%s/manifest", model_folder).p } };
    for (size_t i = 0; i < LENGTH(files.paths); i++)
        files.texts[i] = read_whole(ctx, files.paths[i]);
    m->may_be_damaged = true;
    for (size_t f = 0; f < LENGTH(files.paths); f++) {
        for (size_t i = 0; i < files.texts[f].n; i++) {
            char *byte = (char *) (uintptr_t) &files.texts[f].p[i], before = *byte;
            *byte = (char) (before ^ (1 << i % 8));
            write_file(files.paths[f], files.texts[f]);
            *byte = before;
            if (!is_refused(files.paths[f]))
                fail_case("byte %zu of file %zu", i, f);
            check_flipped(m, &files);
            write_file(files.paths[f], files.texts[f]);
        }
    }
    m->may_be_damaged = false;
    check_answers(ctx, m, 2);
}

static void test_flipped_bytes(void **state) {
    (void) state;
    static const enum index_kind kinds[] = { INDEX_PEOPLE, INDEX_COMPANIES };
    for (size_t i = 0; i < LENGTH(kinds); i++) {
        struct ctx ctx = test_ctx();
        struct model m = model_new(kinds[i], 20, 11);
        build(&ctx, &m, 20);
        flip_each_byte(&ctx, &m);
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
        forge_checksums(bytes, whole.n);
        struct segment *s = NULL;
        if (segment_read(bytes, whole.n, &s) == OK && segment_check(s, NULL) == OK)
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

/* --- a full disk --- */

/* What is in the folder. */
static int count_files(void) {
    int n = 0;
    DIR *dir = opendir(model_folder);
    assert_non_null(dir);
    for (struct dirent *entry; (entry = readdir(dir));)
        n += entry->d_name[0] != '.';
    closedir(dir);
    return n;
}

/* A merge that fails leaves no file, and the index as it was. */
static void test_full_disk(void **state) {
    (void) state;
    struct ctx ctx = test_ctx();
    struct model m = model_new(INDEX_PEOPLE, 300, 14);
    struct index_options o = options(INDEX_PEOPLE);
    struct index *index = NULL;
    build(&ctx, &m, 300);
    assert_int_equal(index_open(&ctx, &o, &index), OK);
    for (int64_t s = 1; s <= 5; s++) {
        for (int64_t doc = 1; doc <= 50; doc++) {
            struct index_row row = model_put(&m, doc + s * 50 - 50);
            assert_int_equal(index_put(&ctx, index, &row, 1), OK);
        }
        assert_int_equal(index_checkpoint(&ctx, index, s + 1), OK);
    }
    int files = count_files();
    assert_true(files > 4);
    for (disk_room = 0; disk_room < 4000; disk_room += 700) {
        int room = disk_room;
        assert_int_equal(index_merge(&ctx, index), E_IO);
        disk_room = room;
        ctx_clear_error(&ctx);
        assert_int_equal(count_files(), files);
        model_check_random(&m, index, 2);
    }
    disk_room = -1;
    assert_int_equal(index_merge(&ctx, index), OK);
    assert_true(count_files() < files);
    model_check_random(&m, index, 2);
    index_close(&index);
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

/* --- beginnings --- */

/* Terms that have their first eight bytes in common, and others; thousands of each. */
static void build_words(struct ctx *ctx, struct model *m) {
    static const char *const heads[] = { "b", "ncommon", "ncommonword", "ncommonword_of_all", "z" };
    for (size_t doc = 1; doc <= m->docs; doc++) {
        struct str tag = arena_printf(ctx->arena, "%s%zu", heads[doc % LENGTH(heads)], doc);
        (void) model_set(m, (int64_t) doc, 0, tag.p);
    }
    struct index_builder *builder = NULL;
    struct index_options o = options(m->kind);
    assert_int_equal(index_builder_new(ctx, &o, &builder), OK);
    assert_int_equal(index_builder_add(ctx, builder, m->rows + 1, m->docs), OK);
    assert_int_equal(index_builder_finish(ctx, &builder, 1), OK);
}

static int64_t count_by_hand(const struct model *m, struct str beginning) {
    int64_t n = 0;
    for (size_t doc = 1; doc <= m->docs; doc++)
        n += str_starts(m->rows[doc].tags, beginning);
    return n;
}

/* How many of the rows have the token, by a search. */
static int64_t count_token(struct ctx *ctx, struct index *index, struct str token) {
    struct index_query q = { .where = expr_token(ctx->arena, token), .limit = 1 };
    struct index_hits hits;
    assert_int_equal(index_search(index, ctx->arena, &q, &hits), OK);
    return hits.total;
}

static struct index *open_words(struct ctx *ctx, struct model *m) {
    struct index *index = NULL;
    struct index_options o = options(m->kind);
    assert_int_equal(model_folder_remove(NULL), 0);
    build_words(ctx, m);
    assert_int_equal(index_open(ctx, &o, &index), OK);
    return index;
}

/* Every term is found, and nothing that is not there: before, after and between terms with the
 * same beginning, and with one letter less or more. */
static void test_each_term(void **state) {
    static const char *const absent[]
        = { "",        "0",        "a",         "b",     "b0", "b99999", "c", "ncommo",
            "ncommon", "ncommon0", "ncommonw", "ncommonword", "ncommonword_", "ncommonword_of_all",
            "nd",      "z",        "zz",        "_",     "\xff\xff" };
    (void) state;
    struct ctx ctx = test_ctx();
    struct model m = model_new(INDEX_PEOPLE, 4000, 1);
    struct index *index = open_words(&ctx, &m);
    for (size_t i = 0; i < LENGTH(absent); i++)
        assert_int_equal(count_token(&ctx, index, str_of(absent[i])), 0);
    for (size_t doc = 1; doc <= m.docs; doc++) {
        struct str tag = m.rows[doc].tags;
        assert_int_equal(count_token(&ctx, index, tag), 1);
        assert_int_equal(count_token(&ctx, index, arena_printf(ctx.arena, "%.*s_", STR_FMT(tag))), 0);
    }
    index_close(&index);
    model_free(&m);
    arena_free(&ctx.arena);
}

/* Read ahead or not, in parts or whole, the answers are the same; all of it is read then. */
static void test_read_ahead(void **state) {
    (void) state;
    assert_int_equal(model_folder_remove(NULL), 0);
    struct ctx ctx = test_ctx();
    struct model m = model_new(INDEX_PEOPLE, 4000, 1);
    build_words(&ctx, &m);
    for (int all = 0; all < 2; all++) {
        struct segment *s = NULL;
        struct postings postings;
        assert_int_equal(segment_open(&ctx, model_folder, 1, &s), OK);
        assert_false(segment_is_read(s));
        segment_read_ahead(s, all, NULL);
        assert_int_equal(segment_is_read(s), all);
        for (size_t doc = 1; doc <= m.docs; doc++)
            assert_true(s->source.calls->find(&s->source, m.rows[doc].tags, &postings));
        segment_close(&s);
    }
    model_free(&m);
    arena_free(&ctx.arena);
}

/* Those between which a search for terms divides, and those before, between and after all. */
static void test_beginnings(void **state) {
    static const char *const wanted[]
        = { "b",           "a",            "c",           "n",         "ncommon",      "ncommon1",
            "ncommon12",   "ncommonw",     "ncommonx",    "ncommonwo", "ncommonword1", "ncommonword_",
            "ncommonword_of_all", "ncommonword_of_all39", "ncommonword_of_all9999", "nd", "z", "z1", "zz",
            "0", "_" };
    (void) state;
    struct ctx ctx = test_ctx();
    struct model m = model_new(INDEX_PEOPLE, 4000, 1);
    struct index *index = open_words(&ctx, &m);
    for (size_t i = 0; i < LENGTH(wanted) + m.docs / 50; i++) {
        struct str beginning = i < LENGTH(wanted) ? str_of(wanted[i])
                                                  : m.rows[(i - LENGTH(wanted)) * 50 + 1].tags;
        struct index_query q = { .where = expr_prefix(ctx.arena, beginning), .limit = 1 };
        struct index_hits hits;
        assert_int_equal(index_search(index, ctx.arena, &q, &hits), OK);
        assert_int_equal(hits.total, count_by_hand(&m, beginning));
    }
    index_close(&index);
    model_free(&m);
    arena_free(&ctx.arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_beginnings),
        cmocka_unit_test(test_each_term),
        cmocka_unit_test(test_read_ahead),
        cmocka_unit_test(test_flipped_bytes),
        cmocka_unit_test(test_forged_bytes),
        cmocka_unit_test(test_truncated),
        cmocka_unit_test(test_full_disk),
        cmocka_unit_test(test_crashes),
        cmocka_unit_test(test_crashes_of_a_build),
    };
    return cmocka_run_group_tests(tests, model_folder_make, model_folder_remove);
}
