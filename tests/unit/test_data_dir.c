#include "test.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/data_dir.h"

static int make_directory(void **state) {
    static char path[] = "/tmp/outrider-data-dir-XXXXXX";
    memcpy(path + sizeof path - 7, "XXXXXX", 6);
    *state = mkdtemp(path);
    return *state ? 0 : -1;
}

static const char *inside(struct ctx *ctx, void *directory, const char *name) {
    return arena_printf(ctx->arena, "%s/%s", (char *) directory, name).p;
}

static int remove_directory(void **state) {
    struct ctx ctx = test_ctx();
    (void) unlink(inside(&ctx, *state, "use.lock"));
    (void) unlink(inside(&ctx, *state, "serve.lock"));
    arena_free(&ctx.arena);
    return rmdir(*state);
}

/* Who may come while somebody is there. Locks of flock(2) belong to the open file, so
 * one process can play both. */
static void test_who_may_use_it(void **state) {
    static const struct {
        enum data_dir_use first, second;
        enum rc rc;
    } cases[] = {
        { DATA_DIR_COMMAND, DATA_DIR_COMMAND, OK },
        { DATA_DIR_COMMAND, DATA_DIR_SERVER, OK },
        { DATA_DIR_COMMAND, DATA_DIR_ALONE, E_CONFLICT },
        { DATA_DIR_SERVER, DATA_DIR_COMMAND, OK },
        { DATA_DIR_SERVER, DATA_DIR_SERVER, E_CONFLICT },
        { DATA_DIR_SERVER, DATA_DIR_ALONE, E_CONFLICT },
        { DATA_DIR_ALONE, DATA_DIR_COMMAND, E_CONFLICT },
        { DATA_DIR_ALONE, DATA_DIR_SERVER, E_CONFLICT },
        { DATA_DIR_ALONE, DATA_DIR_ALONE, E_CONFLICT },
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct ctx ctx = test_ctx();
        struct data_dir_lock first = DATA_DIR_UNLOCKED, second = DATA_DIR_UNLOCKED;
        assert_int_equal(data_dir_take(&ctx, *state, cases[i].first, &first), OK);
        enum rc rc = data_dir_take(&ctx, *state, cases[i].second, &second);
        if (rc != cases[i].rc)
            print_error("case %zu\n", i);
        assert_int_equal(rc, cases[i].rc);
        if (rc != OK) {
            assert_true(str_contains(ctx.err.text, str_of(*state)));
            assert_int_equal(second.use_fd, -1);
            assert_int_equal(second.server_fd, -1);
        }
        data_dir_release(&second);
        data_dir_release(&first);
        data_dir_release(&first);
        assert_int_equal(data_dir_take(&ctx, *state, DATA_DIR_ALONE, &first), OK);
        data_dir_release(&first);
        arena_free(&ctx.arena);
    }
}

/* A refused server must leave nothing locked: the one that runs is not disturbed, and
 * when it ends the directory is free. */
static void test_a_refusal_holds_nothing(void **state) {
    struct ctx ctx = test_ctx();
    struct data_dir_lock first, second = DATA_DIR_UNLOCKED;
    assert_int_equal(data_dir_take(&ctx, *state, DATA_DIR_SERVER, &first), OK);
    assert_int_equal(data_dir_take(&ctx, *state, DATA_DIR_SERVER, &second), E_CONFLICT);
    data_dir_release(&first);
    assert_int_equal(data_dir_take(&ctx, *state, DATA_DIR_ALONE, &second), OK);
    data_dir_release(&second);
    arena_free(&ctx.arena);
}

static void test_making(void **state) {
    struct ctx ctx = test_ctx();
    const char *path = inside(&ctx, *state, "var");
    struct stat info;
    for (int i = 0; i < 2; i++)
        assert_int_equal(data_dir_make(&ctx, path), OK);
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0700);
    assert_int_equal(rmdir(path), 0);
    assert_int_equal(data_dir_make(&ctx, inside(&ctx, *state, "none/var")), E_IO);
    ctx_clear_error(&ctx);
    assert_int_equal(data_dir_make(&ctx, "/dev/null"), E_IO);
    assert_true(str_contains(ctx.err.text, STR("/dev/null")));
    ctx_clear_error(&ctx);
    struct data_dir_lock lock = DATA_DIR_UNLOCKED;
    assert_int_equal(data_dir_take(&ctx, path, DATA_DIR_COMMAND, &lock), E_IO);
    arena_free(&ctx.arena);
}

int main(void) {
#define IN_DIRECTORY(test) cmocka_unit_test_setup_teardown(test, make_directory, remove_directory)
    const struct CMUnitTest tests[] = {
        IN_DIRECTORY(test_who_may_use_it),
        IN_DIRECTORY(test_a_refusal_holds_nothing),
        IN_DIRECTORY(test_making),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
