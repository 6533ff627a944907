#include "test.h"

#include "http/errors.h"

static struct str body(const struct ctx *ctx, enum rc rc, int status) {
    struct buf out = buf_in(ctx->arena, 10000);
    struct json_writer w = json_writer(&out);
    errors_write(&w, ctx, rc, status);
    assert_int_equal(buf_result(&out), OK);
    return buf_text(&out);
}

static void test_every_result_has_a_status(void **state) {
    (void) state;
    static const struct {
        enum rc rc;
        int status;
        const char *code;
    } cases[] = {
        { E_NOT_FOUND, 404, "not_found" }, { E_INVALID, 400, "malformed_request" },
        { E_CONFLICT, 409, "conflict" }, { E_LIMIT, 429, "rate_limited" },
        { E_TOO_LARGE, 413, "content_too_large" }, { E_TIMEOUT, 408, "request_timeout" },
        { E_IO, 500, "internal_server_error" }, { E_PROTO, 500, "internal_server_error" },
        { E_DB, 500, "internal_server_error" }, { E_DENIED, 403, "forbidden" },
        { E_CREDITS, 402, "insufficient_credits" },
        { E_REMOVED, 451, "unavailable_for_legal_reasons" },
        { E_CANCELED, 503, "service_unavailable" }, { E_UNSUPPORTED, 400, "unsupported_value" },
    };
    assert_int_equal(LENGTH(cases), RC_COUNT - 1);
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct ctx ctx = test_ctx();
        int status = errors_status(&ctx, cases[i].rc);
        assert_int_equal(status, cases[i].status);
        const struct error_code *row = error_find(cases[i].code);
        assert_non_null(row);
        struct str expected = arena_printf(
            ctx.arena,
            "{\"object\":\"error\",\"_errors\":[{\"status\":\"%d\",\"code\":\"%s\","
            "\"title\":\"%s\",\"detail\":\"%s\"}]}",
            status, row->code, row->title, row->detail);
        assert_str(body(&ctx, cases[i].rc, status), expected.p);
        arena_free(&ctx.arena);
    }
}

static void test_problems_are_listed_with_their_source(void **state) {
    (void) state;
    struct ctx ctx = test_ctx();
    ctx.request_id = STR("r1");
    (void) bad_field(&ctx, STR("/emails"), "unsupported_value",
                     "Number of emails exceeds 100000 limit");
    (void) bad_parameter(&ctx, "page[size]", "unsupported_value", "too \"large\"");
    (void) bad_header(&ctx, "Idempotency-Key", "idempotency_key_in_use", "%s", "");
    (void) problem(&ctx, E_NOT_FOUND, "person_not_found", "Nobody");
    assert_int_equal(errors_status(&ctx, E_INVALID), 400);
    assert_str(body(&ctx, E_INVALID, 400),
               "{\"object\":\"error\",\"_errors\":["
               "{\"id\":\"r1-1\",\"status\":\"400\",\"code\":\"unsupported_value\","
               "\"title\":\"Unsupported Value\",\"detail\":\"Number of emails exceeds 100000 limit\","
               "\"source\":{\"pointer\":\"/emails\"}},"
               "{\"id\":\"r1-2\",\"status\":\"400\",\"code\":\"unsupported_value\","
               "\"title\":\"Unsupported Value\",\"detail\":\"too \\\"large\\\"\","
               "\"source\":{\"parameter\":\"page[size]\"}},"
               "{\"id\":\"r1-3\",\"status\":\"409\",\"code\":\"idempotency_key_in_use\","
               "\"title\":\"Idempotency Key In Use\","
               "\"detail\":\"A request with this Idempotency-Key is still running.\","
               "\"source\":{\"header\":\"Idempotency-Key\"}},"
               "{\"id\":\"r1-4\",\"status\":\"404\",\"code\":\"person_not_found\","
               "\"title\":\"Person Not Found\",\"detail\":\"Nobody\"}]}");
    arena_free(&ctx.arena);
}

static void test_failures_of_ours_reveal_nothing(void **state) {
    (void) state;
    struct ctx ctx = test_ctx();
    (void) bad_field(&ctx, STR("/a"), "unsupported_value", "found before");
    (void) fail(&ctx, E_DB, "relation secret_table does not exist");
    assert_int_equal(errors_status(&ctx, E_DB), 500);
    struct str text = body(&ctx, E_DB, 500);
    assert_true(str_contains(text, STR("Something went wrong.")));
    assert_false(str_contains(text, STR("secret_table")));
    assert_false(str_contains(text, STR("found before")));
    arena_free(&ctx.arena);
}

static void test_a_status_alone_names_its_code(void **state) {
    (void) state;
    static const struct {
        int status;
        const char *code;
    } cases[] = {
        { 400, "malformed_request" }, { 404, "not_found" }, { 405, "method_not_allowed" },
        { 408, "request_timeout" }, { 409, "conflict" }, { 413, "content_too_large" },
        { 414, "uri_too_long" }, { 415, "unsupported_media_type" },
        { 431, "header_fields_too_large" }, { 503, "service_unavailable" },
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct ctx ctx = test_ctx();
        struct str text = body(&ctx, E_INVALID, cases[i].status);
        struct str code = arena_printf(ctx.arena, "\"status\":\"%d\",\"code\":\"%s\"",
                                       cases[i].status, cases[i].code);
        assert_true(str_contains(text, code));
        arena_free(&ctx.arena);
    }
    assert_null(error_of_status(418));
    assert_null(error_find("nothing"));
}

static void test_codes_are_unique(void **state) {
    (void) state;
    size_t n;
    const struct error_code *codes = error_codes(&n);
    for (size_t i = 0; i < n; i++) {
        assert_ptr_equal(error_find(codes[i].code), &codes[i]);
        assert_true(codes[i].status >= 400 && codes[i].status <= 599);
        assert_true(*codes[i].title && *codes[i].detail);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_result_has_a_status),
        cmocka_unit_test(test_problems_are_listed_with_their_source),
        cmocka_unit_test(test_failures_of_ours_reveal_nothing),
        cmocka_unit_test(test_a_status_alone_names_its_code),
        cmocka_unit_test(test_codes_are_unique),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
