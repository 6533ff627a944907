#include "test.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "store/secrets.h"

/* A directory of its own for each test, removed with what is in it. */
static int make_directory(void **state) {
    static char path[] = "/tmp/outrider-secrets-XXXXXX";
    memcpy(path + sizeof path - 7, "XXXXXX", 6);
    *state = mkdtemp(path);
    return *state ? 0 : -1;
}

static struct str file_in(struct ctx *ctx, void *directory, const char *name) {
    return arena_printf(ctx->arena, "%s/%s", (char *) directory, name);
}

static int remove_directory(void **state) {
    struct ctx ctx = test_ctx();
    (void) unlink(file_in(&ctx, *state, "secret.key").p);
    (void) unlink(file_in(&ctx, *state, "other.key").p);
    arena_free(&ctx.arena);
    return rmdir(*state); /* fails when a draft was left behind */
}

static void test_file_is_made_once_and_private(void **state) {
    struct ctx ctx = test_ctx();
    const char *path = file_in(&ctx, *state, "secret.key").p;
    struct secrets *first = NULL, *second = NULL, *other = NULL;
    assert_int_equal(secrets_load(&ctx, path, &first), OK);
    struct stat info;
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    assert_int_equal(info.st_nlink, 1);
    assert_int_equal(secrets_load(&ctx, path, &second), OK);
    assert_int_equal(secrets_load(&ctx, file_in(&ctx, *state, "other.key").p, &other), OK);
    struct str a = secrets_hash(first, ctx.arena, "email", STR("x@example.com"));
    struct str b = secrets_hash(second, ctx.arena, "email", STR("x@example.com"));
    struct str c = secrets_hash(other, ctx.arena, "email", STR("x@example.com"));
    assert_int_equal(a.n, SECRETS_HASH_BYTES);
    assert_true(str_eq(a, b));
    assert_false(str_eq(a, c));
    secrets_free(&first);
    secrets_free(&second);
    secrets_free(&other);
    assert_null(first);
    arena_free(&ctx.arena);
}

static void test_hash_depends_on_kind_and_value(void **state) {
    struct ctx ctx = test_ctx();
    struct secrets *secrets = NULL;
    assert_int_equal(secrets_load(&ctx, file_in(&ctx, *state, "secret.key").p, &secrets), OK);
    struct str base = secrets_hash(secrets, ctx.arena, "ab", STR("c"));
    assert_false(str_eq(base, secrets_hash(secrets, ctx.arena, "a", STR("bc"))));
    assert_false(str_eq(base, secrets_hash(secrets, ctx.arena, "ab", STR("d"))));
    assert_false(str_eq(base, secrets_hash(secrets, ctx.arena, "ab", STR(""))));
    secrets_free(&secrets);
    arena_free(&ctx.arena);
}

static void test_seal_and_open(void **state) {
    struct ctx ctx = test_ctx();
    struct secrets *secrets = NULL, *other = NULL;
    assert_int_equal(secrets_load(&ctx, file_in(&ctx, *state, "secret.key").p, &secrets), OK);
    assert_int_equal(secrets_load(&ctx, file_in(&ctx, *state, "other.key").p, &other), OK);
    struct str place = STR("mailbox:1"), plain = STR("correct horse");
    struct str sealed = secrets_seal(secrets, ctx.arena, place, plain), opened = STR_NONE;
    assert_int_equal(secrets_open(secrets, ctx.arena, place, sealed, &opened), OK);
    assert_str(opened, "correct horse");
    assert_false(str_contains(sealed, STR("horse")));
    assert_false(str_eq(sealed, secrets_seal(secrets, ctx.arena, place, plain)));

    struct str untouched = STR("untouched");
    assert_int_equal(secrets_open(secrets, ctx.arena, STR("mailbox:2"), sealed, &untouched),
                     E_INVALID);
    assert_int_equal(secrets_open(other, ctx.arena, place, sealed, &untouched), E_INVALID);
    for (size_t i = 0; i < sealed.n; i++) {
        char *changed = arena_alloc(ctx.arena, sealed.n);
        memcpy(changed, sealed.p, sealed.n);
        changed[i] = (char) (changed[i] ^ 1);
        assert_int_equal(secrets_open(secrets, ctx.arena, place, (struct str){ changed, sealed.n },
                                      &untouched), E_INVALID);
        assert_int_equal(secrets_open(secrets, ctx.arena, place, str_sub(sealed, 0, i),
                                      &untouched), E_INVALID);
    }
    assert_str(untouched, "untouched");

    struct str empty = secrets_seal(secrets, ctx.arena, place, STR(""));
    assert_int_equal(secrets_open(secrets, ctx.arena, place, empty, &opened), OK);
    assert_str(opened, "");
    secrets_free(&secrets);
    secrets_free(&other);
    arena_free(&ctx.arena);
}

static void test_bad_files_are_refused(void **state) {
    static const char good[] = "outrider-key-1 "
                               "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\n";
    static const struct {
        const char *text;
        mode_t mode;
        enum rc rc;
    } cases[] = {
        { good, 0600, OK },
        { good, 0400, OK },
        { good, 0640, E_DENIED },
        { good, 0604, E_DENIED },
        { "", 0600, E_INVALID },
        { "outrider-key-1 00", 0600, E_INVALID },
        { "outrider-key-2 00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff", 0600,
          E_INVALID },
        { "outrider-key-1 zz112233445566778899aabbccddeeff00112233445566778899aabbccddeeff", 0600,
          E_INVALID },
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct ctx ctx = test_ctx();
        const char *path = file_in(&ctx, *state, "secret.key").p;
        assert_int_equal(file_create(&ctx, path, str_of(cases[i].text)), OK);
        assert_int_equal(chmod(path, cases[i].mode), 0);
        struct secrets *secrets = NULL;
        enum rc rc = secrets_load(&ctx, path, &secrets);
        if (rc != cases[i].rc)
            print_error("case %zu\n", i);
        assert_int_equal(rc, cases[i].rc);
        assert_int_equal(secrets != NULL, rc == OK);
        if (rc != OK) {
            assert_true(str_contains(ctx.err.text, str_of(path)));
            assert_false(str_contains(ctx.err.text, STR("2233")));
        }
        secrets_free(&secrets);
        assert_int_equal(unlink(path), 0);
        arena_free(&ctx.arena);
    }
}

/* Two processes that start at once must agree on one key. */
static void test_a_file_is_never_replaced(void **state) {
    struct ctx ctx = test_ctx();
    const char *path = file_in(&ctx, *state, "secret.key").p;
    struct str text = STR_NONE;
    assert_int_equal(file_create(&ctx, path, STR("first")), OK);
    assert_int_equal(file_create(&ctx, path, STR("second")), E_CONFLICT);
    assert_int_equal(file_read(&ctx, path, 5, &text), OK);
    assert_str(text, "first");
    assert_int_equal(file_read(&ctx, path, 4, &text), E_TOO_LARGE);
    ctx_clear_error(&ctx);
    assert_int_equal(file_read(&ctx, file_in(&ctx, *state, "none").p, 5, &text), E_NOT_FOUND);
    assert_true(str_contains(ctx.err.text, STR("none")));
    arena_free(&ctx.arena);
}

int main(void) {
#define IN_DIRECTORY(test) cmocka_unit_test_setup_teardown(test, make_directory, remove_directory)
    const struct CMUnitTest tests[] = {
        IN_DIRECTORY(test_file_is_made_once_and_private),
        IN_DIRECTORY(test_hash_depends_on_kind_and_value),
        IN_DIRECTORY(test_seal_and_open),
        IN_DIRECTORY(test_bad_files_are_refused),
        IN_DIRECTORY(test_a_file_is_never_replaced),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
