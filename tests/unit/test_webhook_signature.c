/* Against the published vectors of Standard Webhooks. */
#include "test.h"

#include <jansson.h>
#include <unistd.h>

#include "shared_data.h"
#include "store/webhook_secrets.h"
#include "webhook/signature.h"

static json_t *vectors(void) {
    json_error_t error;
    int fd = open_shared_data(SHARED_DATA "corpora/standard_webhooks_vectors.json");
    json_t *root = json_loadfd(fd, 0, &error);
    assert_non_null(root);
    close(fd);
    return root;
}

static struct str member(const json_t *object, const char *name) {
    return str_of(json_string_value(json_object_get(object, name)));
}

static struct str signature_of(struct arena *arena, struct str secret, const struct webhook_signed *what) {
    struct str key = STR_NONE;
    struct buf b = buf_in(arena, 1000);
    assert_int_equal(webhook_secret_key(arena, secret, &key), OK);
    webhook_sign(&b, what, key);
    return buf_text(&b);
}

static void test_published_signature(void **state) {
    struct arena *arena = arena_new();
    json_t *root = vectors();
    const json_t *v = json_array_get(json_object_get(root, "sign"), 0);
    const struct webhook_signed what = { member(v, "id"), member(v, "body"),
                                         json_integer_value(json_object_get(v, "timestamp")) };
    struct str made = signature_of(arena, member(v, "secret"), &what);
    (void) state;
    assert_string_equal(arena_cstr(arena, made), member(v, "signature").p);
    /* Without its prefix it is the same secret. */
    struct str bare = str_sub(member(v, "secret"), 6, member(v, "secret").n);
    assert_true(str_eq(signature_of(arena, bare, &what), made));
    json_decref(root);
    arena_free(&arena);
}

static void test_bad_secrets(void **state) {
    struct arena *arena = arena_new();
    json_t *root = vectors();
    const json_t *bad = json_object_get(root, "bad_secrets");
    static const char *const more[] = { "whsec_AAAA", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS", "x y",
                                        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw=" };
    struct str key = STR_NONE;
    (void) state;
    for (size_t i = 0; i < json_array_size(bad); i++)
        assert_int_equal(webhook_secret_key(arena, str_of(json_string_value(json_array_get(bad, i))), &key), E_INVALID);
    for (size_t i = 0; i < LENGTH(more); i++)
        assert_int_equal(webhook_secret_key(arena, str_of(more[i]), &key), E_INVALID);
    json_decref(root);
    arena_free(&arena);
}

static void test_new_secrets_differ_and_sign_side_by_side(void **state) {
    struct arena *arena = arena_new();
    struct str one = webhook_secret_new(arena), two = webhook_secret_new(arena), key = STR_NONE;
    const struct webhook_signed what = { STR("i"), STR("{}"), 1 };
    struct buf b = buf_in(arena, 1000);
    (void) state;
    assert_false(str_eq(one, two));
    assert_int_equal(webhook_secret_key(arena, one, &key), OK);
    assert_int_equal(key.n, 32);
    webhook_sign(&b, &what, key);
    assert_int_equal(webhook_secret_key(arena, two, &key), OK);
    webhook_sign(&b, &what, key);
    struct str both = arena_printf(arena, "%.*s %.*s", STR_FMT(signature_of(arena, one, &what)),
                                   STR_FMT(signature_of(arena, two, &what)));
    assert_true(str_eq(buf_text(&b), both));
    arena_free(&arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_published_signature),
        cmocka_unit_test(test_bad_secrets),
        cmocka_unit_test(test_new_secrets_differ_and_sign_side_by_side),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
