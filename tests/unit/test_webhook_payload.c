/* The documented bodies: tests/data/webhooks has each with the event that it tells. */
#include "test.h"

#include <glob.h>
#include <jansson.h>

#include "webhook/payload.h"

#define FOLDER "tests/data/webhooks/"

static struct str dump(struct arena *arena, const json_t *value) {
    char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
    struct str copy = arena_printf(arena, "%s", text);
    free(text);
    return copy;
}

static struct str text_of(struct arena *arena, const json_t *event, const char *name) {
    const json_t *value = json_object_get(event, name);
    if (!json_is_string(value))
        return STR_NONE;
    return arena_printf(arena, "%s", json_string_value(value));
}

static struct webhook_event event_of(struct arena *arena, const json_t *e) {
    return (struct webhook_event){
        .id = text_of(arena, e, "id"), .kind = text_of(arena, e, "kind"),
        .contact_id = text_of(arena, e, "contact_id"), .at = opt_int(json_integer_value(json_object_get(e, "at"))),
        .data = dump(arena, json_object_get(e, "data")), .snapshot = dump(arena, json_object_get(e, "snapshot")),
    };
}

static void check_sample(const char *path) {
    struct ctx ctx = test_ctx();
    json_error_t error;
    json_t *sample = json_load_file(path, 0, &error), *made = NULL;
    struct str body = STR_NONE;
    assert_non_null(sample);
    struct webhook_event event = event_of(ctx.arena, json_object_get(sample, "event"));
    if (webhook_payload(&ctx, &event, &body) != OK)
        print_error("%s: %.*s\n", path, STR_FMT(ctx.err.text));
    made = json_loadb(body.p, body.n, 0, &error);
    assert_non_null(made);
    /* Dumped in their order: names, types, order, nulls and texts must be the same. */
    struct str expected = dump(ctx.arena, json_object_get(sample, "body"));
    assert_string_equal(arena_cstr(ctx.arena, dump(ctx.arena, made)), arena_cstr(ctx.arena, expected));
    json_decref(sample);
    json_decref(made);
    arena_free(&ctx.arena);
}

static void test_documented_samples(void **state) {
    glob_t found;
    (void) state;
    assert_int_equal(glob(FOLDER "*.json", 0, NULL, &found), 0);
    assert_int_equal(found.gl_pathc, 12);
    for (size_t i = 0; i < found.gl_pathc; i++)
        check_sample(found.gl_pathv[i]);
    globfree(&found);
}

static enum rc payload(struct ctx *ctx, const char *kind, const char *data, const char *snapshot, struct str *ret_body) {
    const struct webhook_event event = { .id = STR("0198f652-73a2-7d41-914e-e511382bb808"), .kind = str_of(kind),
                                         .at = opt_int(0), .data = str_of(data), .snapshot = str_of(snapshot) };
    return webhook_payload(ctx, &event, ret_body);
}

#define SNAPSHOT                                                                                  \
    "{\"email\":\"a@b.example\",\"linkedin_url\":null,\"dynamic_fields\":{\"shoe\":\"42\",\"title\":\"CEO\"}," \
    "\"user\":{\"id\":null,\"first_name\":\"U\",\"last_name\":\"V\",\"email\":\"u@v.example\"},"       \
    "\"sequence\":{\"id\":\"s\",\"name\":\"S\",\"kind\":\"sequence\",\"start_at\":0,\"end_at\":null}," \
    "\"stage\":{\"id\":\"g\",\"index\":1,\"type\":\"email\",\"automatic\":0}}"

static void test_what_is_not_known(void **state) {
    struct ctx ctx = test_ctx();
    struct str body = STR_NONE;
    (void) state;
    assert_int_equal(payload(&ctx, "email_sent", "{}", NULL, &body), E_NOT_FOUND);
    assert_int_equal(payload(&ctx, "email_opened", "{}", SNAPSHOT, &body), E_UNSUPPORTED);
    assert_int_equal(payload(&ctx, "task_completed", "{\"type\":\"phone_call\"}", SNAPSHOT, &body), E_UNSUPPORTED);
    assert_int_equal(payload(&ctx, "email_sent", "[]", SNAPSHOT, &body), E_DB);
    ctx_clear_error(&ctx);
    /* By hand: from the user, to the lead, what the task said. */
    assert_int_equal(payload(&ctx, "task_completed", "{\"type\":\"email\",\"subject\":\"Hi\",\"description\":\"Text\"}",
                             SNAPSHOT, &body), OK);
    assert_true(str_starts(body, STR("{\"from\":\"u@v.example\",\"to\":[\"a@b.example\"],\"cc\":[],\"bcc\":[],"
                                     "\"date\":\"1970-01-01T00:00:00Z\",\"subject\":\"Hi\",\"body\":\"Text\",")));
    assert_true(str_contains(body, STR("\"linkedin_url\":null")));
    assert_true(str_contains(body, STR("\"end_date\":null")));
    /* Unknown usual fields are null, others follow them. */
    assert_true(str_contains(body, STR("\"first_name\":null,\"last_name\":null")));
    assert_true(str_contains(body, STR("\"company_email_domain\":\"b.example\",\"title\":\"CEO\"")));
    assert_true(str_contains(body, STR("\"linkedin_url\":null,\"shoe\":\"42\",\"sender\"")));
    assert_true(str_contains(body, STR("\"automatic\":false")));
    arena_free(&ctx.arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_documented_samples),
        cmocka_unit_test(test_what_is_not_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
