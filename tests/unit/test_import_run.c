/* Whole imports from a file, on both engines. */
#include "db.h"

#include <fcntl.h>

#include "base/buf.h"
#include "base/limits.h"
#include "import/run.h"
#include "store/migrations.h"
#include "store/secrets.h"
#include "store/services.h"

static int file_of(struct str text) {
    char name[] = "/tmp/outrider-import-XXXXXX";
    int fd = mkstemp(name);
    assert_true(fd >= 0);
    assert_int_equal(unlink(name), 0);
    assert_int_equal(write(fd, text.p, text.n), (ssize_t) text.n);
    assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
    return fd;
}

static void migrate(struct test_db *t) {
    int applied;
    assert_ok(&t->ctx, db_migrate(&t->ctx, migrations, migrations_count, false, &applied));
}

static struct import_summary run_import(struct test_db *t, struct str csv,
                                        struct import_options options) {
    struct ctx *ctx = &t->ctx;
    struct secrets *secrets;
    const char *folder = t->options.data_dir ? t->options.data_dir : "/tmp";
    const char *path = arena_printf(ctx->arena, "%s/import-%d.key", folder, (int) getpid()).p;
    assert_ok(ctx, secrets_load(ctx, path, &secrets));
    (void) unlink(path);
    ctx->services = &(struct services){ .secrets = secrets };
    int fd = file_of(csv);
    struct import_summary summary;
    assert_ok(ctx, import_run(ctx, fd, &options, &summary));
    ctx->services = NULL;
    secrets_free(&secrets);
    (void) close(fd);
    return summary;
}

static struct import_summary import(struct test_db *t, struct str csv) {
    struct import_options options = { .kind = IMPORT_PEOPLE, .format = READER_CSV };
    return run_import(t, csv, options);
}

/* Rows of one file that are the same are merged, wherever they stand; namesakes with
 * addresses of their own are not. */
static void test_same_rows(void **state) {
    struct test_db *t = *state;
    migrate(t);
    static const struct {
        const char *csv;
        int imported, updated, unchanged;
    } cases[] = {
        { "Name,Company,Title\nAnn A,One,CEO\nAnn A,One,CEO\n", 1, 0, 1 },
        { "Name,Company,Title\nAnn B,One,CEO\nAnn B,Two,CEO\n", 2, 0, 0 },
        { "Name,Company,Email\nAnn C,One,a@one.example\nAnn C,One,b@one.example\n", 2, 0, 0 },
        { "Name,Company,Email\nAnn D,One,d@one.example\nAnn D,One,\n", 1, 0, 1 },
        { "Name,Company,Email\nAnn E,One,\nAnn E,One,e@one.example\n", 1, 1, 0 },
        { "Name,Company,Email,LinkedIn URL\nAnn F,One,f@one.example,\n"
          "Ann F,One,,https://www.linkedin.com/in/ann-f\n", 1, 1, 0 },
        { "Name,Company,Email,LinkedIn URL\n"
          "Ann G,One,g@one.example,https://www.linkedin.com/in/ann-g\n"
          "Ann G,One,g2@one.example,https://www.linkedin.com/in/ann-g2\n"
          "Ann G,One,,https://www.linkedin.com/in/ann-g\n", 2, 0, 1 },
        { "Name,Company,LinkedIn URL\nAnn H,One,https://www.linkedin.com/in/ann-h\n"
          "Ann H,One,https://www.linkedin.com/in/ann-h2\nAnn H,One,\n", 2, 0, 1 },
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct import_summary s = import(t, str_of(cases[i].csv));
        if (s.imported != cases[i].imported || s.updated != cases[i].updated
            || s.unchanged != cases[i].unchanged || s.rejected != 0)
            fail_case("case %zu: %d new, %d updated, %d unchanged, %d rejected", i,
                      (int) s.imported, (int) s.updated, (int) s.unchanged, (int) s.rejected);
    }
}

/* What the caller's memory has to hold depends on the columns, not on the rows. */
static void test_memory(void **state) {
    struct test_db *t = *state;
    migrate(t);
    enum { SMALL = 3, LARGE = 1200 };
    static const int sizes[] = { SMALL, LARGE };
    size_t used[LENGTH(sizes)];
    for (size_t k = 0; k < LENGTH(sizes); k++) {
        struct buf csv = buf_in(t->ctx.arena, 1024 * 1024);
        buf_str(&csv, STR("Name,Company,Favourite Colour,City\n"));
        for (int i = 0; i < sizes[k]; i++)
            buf_printf(&csv, "Person %d,Company %d,Green,Berlin\n", i, i % 7);
        size_t before = arena_used(t->ctx.arena);
        struct import_summary s = import(t, buf_text(&csv));
        used[k] = arena_used(t->ctx.arena) - before;
        assert_int_equal(s.imported + s.unchanged, sizes[k]);
    }
    assert_int_equal(used[0], used[1]);
}

/* Many long rows fit in memory too: a batch is written early. */
static void test_long_rows(void **state) {
    struct test_db *t = *state;
    migrate(t);
    struct buf csv = buf_on_heap(64 * 1024 * 1024);
    buf_str(&csv, STR("Name,About\n"));
    for (int i = 0; i < 200; i++) {
        buf_printf(&csv, "Person %d,", i);
        for (int k = 0; k < 15000; k++)
            buf_str(&csv, STR("lorem "));
        buf_str(&csv, STR("ipsum\n"));
    }
    assert_int_equal(import(t, buf_text(&csv)).imported, 200);
    buf_done(&csv);
}

static bool has_statistics(struct test_db *t) {
    static const struct query sampled = {
        "sampled", "SELECT count(*) FROM sqlite_schema WHERE name = 'sqlite_stat1'",
        "SELECT count(*) FROM pg_stats WHERE schemaname = current_schema() AND tablename = 'people'"
    };
    int64_t n;
    assert_ok(&t->ctx, db_get_int(&t->ctx, &sampled, DB_NO_ARGS, &n));
    return n > 0;
}

/* The planner knows about many new rows as soon as they are there. */
static void test_statistics(void **state) {
    struct test_db *t = *state;
    migrate(t);
    static const struct {
        int rows;
        bool dry_run, known;
    } cases[] = { { 10, false, false }, { 1100, true, false }, { 1100, false, true } };
    for (size_t k = 0; k < LENGTH(cases); k++) {
        struct buf csv = buf_in(t->ctx.arena, 1024 * 1024);
        buf_str(&csv, STR("Name,Company\n"));
        for (int i = 0; i < cases[k].rows; i++)
            buf_printf(&csv, "Person %d,Company %d\n", i, i % 7);
        struct import_options options = { .kind = IMPORT_PEOPLE, .format = READER_CSV,
                                          .dry_run = cases[k].dry_run };
        (void) run_import(t, buf_text(&csv), options);
        if (has_statistics(t) != cases[k].known)
            fail_case("case %zu", k);
    }
}

/* fields_bytes is what bounds a page: rows take no more than it says when they are read,
 * also those that are made of many small things. */
static void test_bytes_of_rows(void **state) {
    struct test_db *t = *state;
    migrate(t);
    static const struct {
        const char *header, *before, *element, *after;
        size_t most; /* elements of a row that is small enough */
    } cases[] = {
        { "Overview", "", "word ", "", 15000 },
        { "Keywords", "", "a;", "", 1000 },
        { "Keywords", "", "seventeen letters;", "", 500 },
        { "SIC Codes", "", "7;", "", 1000 },
        { "locations", "[{\"\"city\"\":\"\"Bonn\"\"}", ",{\"\"city\"\":\"\"Rome\"\"}", "]", 100 },
        { "department_headcount", "{\"\"Sales\"\":1", ",\"\"Legal\"\":2", "}", 1 },
        { "Something Else", "", "word ", "", 15000 },
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct buf csv = buf_on_heap(1024 * 1024);
        buf_printf(&csv, "Company,Domain,%s\nRow %zu,row%zu.example,\"%s", cases[i].header, i, i,
                   cases[i].before);
        for (size_t k = 0; k < cases[i].most; k++)
            buf_str(&csv, str_of(cases[i].element));
        buf_printf(&csv, "%s\"\n", cases[i].after);
        struct import_options options = { .kind = IMPORT_COMPANIES, .format = READER_CSV };
        assert_int_equal(run_import(t, buf_text(&csv), options).imported, 1);
        buf_done(&csv);
        struct ctx ctx = t->ctx;
        ctx.arena = arena_new();
        struct list rows = { 0 };
        assert_ok(&ctx, companies_after(&ctx, (int64_t) i, 1, &rows));
        assert_int_equal(rows.n, 1);
        size_t used = arena_used(ctx.arena), bytes = fields_bytes(&company_fields, rows.p);
        if (used > bytes || used < bytes / 4 || bytes > STORED_ROW_MAX_BYTES)
            fail_case("%s: %zu bytes on the arena, %zu by the fields", cases[i].header, used, bytes);
        arena_free(&ctx.arena);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        BOTH_ENGINES(test_same_rows),
        BOTH_ENGINES(test_memory),
        BOTH_ENGINES(test_long_rows),
        BOTH_ENGINES(test_statistics),
        BOTH_ENGINES(test_bytes_of_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
