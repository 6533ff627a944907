/* Links in messages: what was signed is read back, nothing else is; links within HTML. */
#include "test.h"

#include <unistd.h>

#include "sequence/links.h"

#define ACCOUNT "0198f652-73a2-7d41-914e-e511382bb808"
#define MESSAGE "0198f652-73a2-7d41-914e-0123456789ab"

static struct secrets *secrets;
static struct ctx ctx;

static struct str token_of(struct str link) {
    struct str before = str_sub(link, 0, str_find(link, '?'));
    return str_sub(before, str_find_last(before, '/') + 1, before.n);
}

static void test_round_trip(void **state) {
    (void) state;
    static const struct {
        enum link_kind kind;
        const char *url, *begins, *ends;
    } cases[] = {
        { LINK_UNSUBSCRIBE, NULL, "https://o.example/unsubscribe/", "" },
        { LINK_OPEN, NULL, "https://o.example/t/o/", "" },
        { LINK_CLICK, "https://a.example/?x=1&y=\xc3\xbc", "https://o.example/t/c/",
          "?to=https%3A%2F%2Fa.example%2F%3Fx%3D1%26y%3D%C3%BC" },
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct link_to to = { STR(ACCOUNT), STR(MESSAGE), str_of(cases[i].url) }, read = { .url = to.url };
        struct str link = link_write(secrets, ctx.arena, STR("https://o.example"), cases[i].kind, &to);
        assert_true(str_starts(link, str_of(cases[i].begins)) && str_ends(link, str_of(cases[i].ends)));
        for (enum link_kind kind = LINK_UNSUBSCRIBE; kind <= LINK_CONSENT; kind++)
            assert_int_equal(link_read(secrets, ctx.arena, kind, token_of(link), &read),
                             kind == cases[i].kind ? OK : E_INVALID);
        assert_str(read.account_id, ACCOUNT);
        assert_str(read.id, MESSAGE);
        assert_str(read.url, cases[i].url);
    }
}

static void test_forged(void **state) {
    (void) state;
    struct link_to to = { STR(ACCOUNT), STR(MESSAGE), STR("https://a.example/") }, other = { .url = STR("https://b.example/") };
    struct link_to read = to;
    struct str link = link_write(secrets, ctx.arena, STR(""), LINK_CLICK, &to), token = token_of(link);
    assert_int_equal(link_read(secrets, ctx.arena, LINK_CLICK, token, &other), E_INVALID);
    assert_int_equal(link_read(secrets, ctx.arena, LINK_CLICK, str_sub(token, 0, token.n - 1), &read),
                     E_INVALID);
    for (size_t i = 0; i < token.n; i++) {
        struct str changed = arena_str(ctx.arena, token);
        char *p = (char *) (uintptr_t) changed.p;
        p[i] = p[i] == 'A' ? 'B' : 'A';
        assert_int_equal(link_read(secrets, ctx.arena, LINK_CLICK, changed, &read), E_INVALID);
    }
}

/* %s stands where a link of ours is, whose target is the second text. */
static void test_html(void **state) {
    (void) state;
    static const struct {
        const char *html, *after, *to;
    } cases[] = {
        { "<a href=\"https://a.example/\">x</a>", "<a href=\"%\">x</a>", "https%3A%2F%2Fa.example%2F" },
        { "<A class=x\n HREF = 'http://a.example/?a=1&amp;b=2' >x</A>", "<A class=x\n HREF = '%' >x</A>",
          "http%3A%2F%2Fa.example%2F%3Fa%3D1%26b%3D2" },
        { "<a href=https://a.example/x>x", "<a href=%>x", "https%3A%2F%2Fa.example%2Fx" },
        { "<a title=\"a>b\" href=\"https://a.example/\">", "<a title=\"a>b\" href=\"%\">", "https%3A%2F%2Fa.example%2F" },
        { "<a href=\"mailto:a@b.example\">", NULL, NULL },
        { "<a href=\"https://o.example/unsubscribe/x\">", NULL, NULL },
        { "<a href=\"/here\"><area href=\"https://a.example/\"><a", NULL, NULL },
        { "<a href=\"https://a.example/", NULL, NULL },
        { "<a data-href=\"https://a.example/\">1 < 2 <a>", NULL, NULL },
        { "<a href><a href=><a =href>", NULL, NULL },
    };
    struct link_style style = { secrets, ctx.arena, STR("https://o.example"), STR(ACCOUNT), STR(MESSAGE) };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct buf out = buf_in(ctx.arena, 10000);
        links_track(&style, str_of(cases[i].html), &out);
        struct str got = buf_text(&out), wanted = str_of(cases[i].after ? cases[i].after : cases[i].html);
        size_t mark = str_find(wanted, '%');
        if (!cases[i].after) {
            assert_str(got, cases[i].html);
            continue;
        }
        struct str behind = str_sub(wanted, mark + 1, wanted.n);
        if (!str_starts(got, str_sub(wanted, 0, mark)) || !str_ends(got, behind))
            fail_case("%s became %.*s", cases[i].html, STR_FMT(got));
        struct str link = str_sub(got, mark, got.n - behind.n);
        assert_true(str_starts(link, STR("https://o.example/t/c/")));
        assert_true(str_ends(link, arena_printf(ctx.arena, "?to=%s", cases[i].to)));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_forged),
        cmocka_unit_test(test_html),
    };
    ctx = test_ctx();
    struct str path = arena_printf(ctx.arena, "/tmp/test-links-%d", (int) getpid());
    enum rc rc = secrets_load(&ctx, path.p, &secrets);
    (void) unlink(path.p);
    int failed = rc == OK ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
    secrets_free(&secrets);
    arena_free(&ctx.arena);
    return failed;
}
