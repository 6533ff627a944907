/* What mime_write makes of odd input; what becomes of real messages is test_compose. */
#include "test.h"

#include "net/mime.h"

static struct ctx ctx;

static struct mime_message usual(void) {
    return (struct mime_message){ .from = { STR("A"), STR("a@b.example") },
                                  .to = { STR_NONE, STR("c@d.example") },
                                  .subject = STR("S"),
                                  .message_id = STR("1@b.example"),
                                  .text = STR("T") };
}

static void test_refused(void **state) {
    (void) state;
    static const char *const addresses[] = { "a@b.example\r\nBcc: x@y.example", "a b@c.example", "a", "",
                                             "a@b.example,c@d.example", "<a@b.example>", "a@b.example\n" };
    struct str source;
    for (size_t i = 0; i < LENGTH(addresses); i++) {
        struct mime_message m = usual();
        m.to.address = str_of(addresses[i]);
        if (mime_write(ctx.arena, &m, &source) != E_INVALID)
            fail_case("to %s", addresses[i]);
        m = usual();
        m.from.address = str_of(addresses[i]);
        assert_int_equal(mime_write(ctx.arena, &m, &source), E_INVALID);
    }
    static const char *const values[] = { "a\r\nBcc: x@y.example", "\xc3\xbc", "a\tb" };
    for (size_t i = 0; i < LENGTH(values); i++) {
        struct mime_message m = usual();
        struct mime_header h = { "X-Outrider-Id", str_of(values[i]) };
        m.headers = &h;
        m.n_headers = 1;
        assert_int_equal(mime_write(ctx.arena, &m, &source), E_INVALID);
    }
}

static void test_not_utf8(void **state) {
    (void) state;
    const struct str bad = STR("=?utf-8?q?x?=\xff\xff\xff\xff");
    const struct mime_file file = { bad, STR("text/plain"), STR("C") };
    struct str source;
    struct mime_message m[6];
    for (size_t i = 0; i < LENGTH(m); i++)
        m[i] = usual();
    m[0].subject = m[1].text = m[2].html = m[3].from.name = m[4].to.name = bad;
    m[5].files = (struct list){ (void *) (uintptr_t) &file, 1 };
    for (size_t i = 0; i < LENGTH(m); i++)
        if (mime_write(ctx.arena, &m[i], &source) != E_INVALID)
            fail_case("case %zu", i);
}

/* Line breaks in names and subjects make no header. */
static void test_injection(void **state) {
    (void) state;
    struct str source;
    struct mime_message m = usual();
    m.from.name = STR("A\r\nBcc: x@y.example");
    m.to.name = STR("B\nBcc: x@y.example");
    m.subject = STR("S\r\nBcc: x@y.example\n\nbody");
    struct mime_file file = { STR("a\r\nBcc: x@y.example"), STR("text/\r\nBcc: x"), STR("x") };
    m.files = (struct list){ &file, 1 };
    assert_int_equal(mime_write(ctx.arena, &m, &source), OK);
    assert_false(str_contains(source, STR("\nBcc")));
}

/* A body that looks like a boundary, a dot, and a long line arrive as they are: see the
 * encodings. */
static void test_long_lines(void **state) {
    (void) state;
    struct str source;
    struct mime_message m = usual();
    char *text = arena_alloc(ctx.arena, 5001);
    memset(text, 'x', 5000);
    m.text = (struct str){ text, 5000 };
    struct mime_header h = { "X-Long", { text, 900 } };
    m.headers = &h;
    m.n_headers = 1;
    assert_int_equal(mime_write(ctx.arena, &m, &source), OK);
    struct str rest = source, line;
    while (rest.n && str_cut(&rest, '\n', &line))
        assert_true(line.n <= 999);
    assert_true(str_contains(source, arena_printf(ctx.arena, "X-Long: %.900s\r\n", text)));
}

static void test_too_large(void **state) {
    (void) state;
    struct str source;
    struct mime_message m = usual();
    struct mime_file file = { STR("a"), STR("text/plain"), { arena_alloc(ctx.arena, 13 * 1024 * 1024), 13 * 1024 * 1024 } };
    m.files = (struct list){ &file, 1 };
    assert_int_equal(mime_write(ctx.arena, &m, &source), E_TOO_LARGE);
}

static void test_date(void **state) {
    (void) state;
    assert_str(mime_date(ctx.arena, INT64_C(1756479256000)), "Fri, 29 Aug 2025 14:54:16 +0000");
    assert_str(mime_date(ctx.arena, 0), "Thu, 01 Jan 1970 00:00:00 +0000");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_not_utf8),
        cmocka_unit_test(test_injection), cmocka_unit_test(test_long_lines),
        cmocka_unit_test(test_too_large), cmocka_unit_test(test_date),
    };
    ctx = test_ctx();
    mime_start();
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    arena_free(&ctx.arena);
    return failed;
}
