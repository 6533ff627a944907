/* Router and the decoding of paths and queries. */
#include "test.h"

#include "base/buf.h"
#include "http/router.h"
#include "http/url.h"

static enum rc nothing(struct request *r) {
    (void) r;
    return OK;
}

static const struct route rows[] = {
    { GET, "/users", .handle = nothing },
    { GET, "/contacts/{id}", .handle = nothing },
    { GET, "/contacts/email/{email}", .handle = nothing },
    { POST, "/sequences/{id}/leads", .handle = nothing },
    { GET, "/excluded-emails", .handle = nothing },
    { POST, "/excluded-emails", .handle = nothing },
    { DELETE, "/excluded-emails", .handle = nothing },
};
static const struct route_table table = ROUTE_TABLE(rows);
static const struct route_table *const tables[] = { &table };

static void test_find(void **state) {
    (void) state;
    static const struct {
        const char *method, *path;
        enum rc rc;
        const char *route, *id, *decoded;
        unsigned allowed;
    } cases[] = {
        { "GET", "/users", OK, "/users", NULL, "/users", 1u << GET },
        { "HEAD", "/users", OK, "/users", NULL, "/users", 1u << GET },
        { "POST", "/users", E_UNSUPPORTED, NULL, NULL, "/users", 1u << GET },
        { "BREW", "/users", E_UNSUPPORTED, NULL, NULL, "/users", 1u << GET },
        { "get", "/users", E_UNSUPPORTED, NULL, NULL, "/users", 1u << GET },
        { "GET", "/users/", E_NOT_FOUND, NULL, NULL, "/users/", 0 },
        { "GET", "/", E_NOT_FOUND, NULL, NULL, "/", 0 },
        { "GET", "/user", E_NOT_FOUND, NULL, NULL, "/user", 0 },
        { "GET", "//users", E_NOT_FOUND, NULL, NULL, "//users", 0 },
        { "GET", "/%75sers", OK, "/users", NULL, "/users", 1u << GET },
        { "GET", "/contacts/7", OK, "/contacts/{id}", "7", "/contacts/7", 1u << GET },
        { "GET", "/contacts/", E_NOT_FOUND, NULL, NULL, "/contacts/", 0 },
        { "GET", "/contacts", E_NOT_FOUND, NULL, NULL, "/contacts", 0 },
        { "GET", "/contacts/a%2Fb", OK, "/contacts/{id}", "a/b", "/contacts/a/b", 1u << GET },
        { "GET", "/contacts/a+b", OK, "/contacts/{id}", "a+b", "/contacts/a+b", 1u << GET },
        { "GET", "/contacts/email/a%40b.c", OK, "/contacts/email/{email}", "a@b.c",
          "/contacts/email/a@b.c", 1u << GET },
        { "GET", "/contacts/email", E_NOT_FOUND, NULL, NULL, "/contacts/email", 0 },
        { "GET", "/contacts/%zz", E_INVALID, NULL, NULL, "/contacts/%zz", 0 },
        { "GET", "/contacts/%4", E_INVALID, NULL, NULL, "/contacts/%4", 0 },
        { "GET", "/contacts/%ff", E_INVALID, NULL, NULL, "/contacts/%ff", 0 },
        { "GET", "/contacts/a%00b", E_INVALID, NULL, NULL, "/contacts/a%00b", 0 },
        { "GET", "users", E_INVALID, NULL, NULL, "users", 0 },
        { "POST", "/sequences/9/leads", OK, "/sequences/{id}/leads", "9", "/sequences/9/leads",
          1u << POST },
        { "PUT", "/excluded-emails", E_UNSUPPORTED, NULL, NULL, "/excluded-emails",
          1u << GET | 1u << POST | 1u << DELETE },
    };
    struct ctx ctx = test_ctx();
    struct router *router;
    assert_int_equal(router_new(&ctx, tables, 1, &router), OK);
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct routed routed;
        print_message("%s %s\n", cases[i].method, cases[i].path);
        enum rc rc = router_find(router, ctx.arena, method_of(str_of(cases[i].method)),
                                 str_of(cases[i].path), &routed);
        assert_int_equal(rc, cases[i].rc);
        assert_int_equal(routed.allowed, cases[i].allowed);
        if (rc != E_INVALID)
            assert_str(routed.path, cases[i].rc == OK || routed.allowed ? cases[i].decoded
                                                                        : cases[i].path);
        if (rc != OK) {
            assert_null(routed.route);
            continue;
        }
        assert_string_equal(routed.route->path, cases[i].route);
        assert_str(routed.id, cases[i].id);
        size_t n;
        assert_ptr_equal(router_routes(router, &n)[routed.position], routed.route);
    }
    router_free(&router);
    arena_free(&ctx.arena);
}

static void test_bad_tables(void **state) {
    (void) state;
    static const struct route twice[] = { { GET, "/a/{id}", .handle = nothing }, { GET, "/a/{key}", .handle = nothing } };
    static const struct route no_slash[] = { { GET, "a", .handle = nothing } };
    static const struct route empty_segment[] = { { GET, "/a//b", .handle = nothing } };
    static const struct route two_ids[] = { { GET, "/a/{id}/{key}", .handle = nothing } };
    static const struct route_table bad[] = { ROUTE_TABLE(twice), ROUTE_TABLE(no_slash),
                                              ROUTE_TABLE(empty_segment), ROUTE_TABLE(two_ids) };
    for (size_t i = 0; i < LENGTH(bad); i++) {
        struct ctx ctx = test_ctx();
        struct router *router = NULL;
        const struct route_table *const one[] = { &bad[i] };
        assert_int_equal(router_new(&ctx, one, 1, &router), E_INVALID);
        assert_null(router);
        assert_true(ctx.err.text.n > 0);
        arena_free(&ctx.arena);
    }
}

static void test_pairs(void **state) {
    (void) state;
    static const struct {
        const char *query, *flat; /* name=value; of each pair */
    } cases[] = {
        { "", "" },
        { "a=1", "a=1;" },
        { "a=1&b=2", "a=1;b=2;" },
        { "&&a=1&", "a=1;" },
        { "a", "a=;" },
        { "a=", "a=;" },
        { "=1", "=1;" },
        { "a=b=c", "a=b=c;" },
    };
    struct ctx ctx = test_ctx();
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct buf b = buf_in(ctx.arena, 100);
        struct str rest = str_of(cases[i].query);
        for (struct str name, value; url_next_pair(&rest, &name, &value);)
            buf_printf(&b, "%.*s=%.*s;", STR_FMT(name), STR_FMT(value));
        assert_str(buf_text(&b), cases[i].flat);
    }
    struct str absent = STR_NONE, name, value;
    assert_false(url_next_pair(&absent, &name, &value));
    arena_free(&ctx.arena);
}

static void test_decode(void **state) {
    (void) state;
    static const struct {
        const char *text;
        bool plus;
        const char *decoded; /* NULL: E_INVALID */
    } cases[] = {
        { "", false, "" },          { "abc", true, "abc" },      { "a+b", true, "a b" },
        { "a+b", false, "a+b" },    { "%2B", true, "+" },        { "%41%6a", false, "Aj" },
        { "%e2%82%ac", true, "€" }, { "%E2%82", true, NULL },    { "%", true, NULL },
        { "%1", true, NULL },       { "a%1g", true, NULL },      { "%00", true, NULL },
        { "%25", false, "%" },      { "%252f", false, "%2f" },   { "\xff", false, NULL },
    };
    struct ctx ctx = test_ctx();
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct str decoded;
        enum rc rc = url_decode(ctx.arena, str_of(cases[i].text), cases[i].plus, &decoded);
        assert_int_equal(rc, cases[i].decoded ? OK : E_INVALID);
        if (rc == OK)
            assert_str(decoded, cases[i].decoded);
    }
    arena_free(&ctx.arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_find),
        cmocka_unit_test(test_bad_tables),
        cmocka_unit_test(test_pairs),
        cmocka_unit_test(test_decode),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
