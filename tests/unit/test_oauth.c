/* What a provider's page is asked with (RFC 6749, section 4.1.1), and RFC 7636's example. */
#include "test.h"

#include "sequence/oauth.h"

static struct ctx ctx;

static void test_challenge(void **state) {
    (void) state;
    assert_str(oauth_challenge(ctx.arena, STR("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")),
               "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"); /* appendix B */
}

static void test_verifier(void **state) {
    (void) state;
    struct str one = oauth_verifier(ctx.arena), other = oauth_verifier(ctx.arena);
    assert_in_range(one.n, 43, 128);
    for (size_t i = 0; i < one.n; i++)
        assert_true(ascii_is_alnum(one.p[i]));
    assert_false(str_eq(one, other));
}

static void test_consent_url(void **state) {
    (void) state;
    static const struct {
        const char *auth, *page, *wanted;
    } cases[] = {
        { "oauth_google", "https://a.example/auth",
          "https://a.example/auth?response_type=code&code_challenge_method=S256&client_id=a%26b"
          "&redirect_uri=https%3A%2F%2Fo.example%2Foauth%2Fcallback&scope=https%3A%2F%2Fmail.google.com%2F&state=S"
          "&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&login_hint=ann%2Bx%40a.example"
          "&access_type=offline&prompt=consent" },
        { "oauth_microsoft", "https://b.example/auth?p=1",
          "https://b.example/auth?p=1&response_type=code&code_challenge_method=S256&client_id=a%26b"
          "&redirect_uri=https%3A%2F%2Fo.example%2Foauth%2Fcallback"
          "&scope=https%3A%2F%2Foutlook.office.com%2FSMTP.Send%20https%3A%2F%2Foutlook.office.com%2F"
          "IMAP.AccessAsUser.All%20offline_access&state=S"
          "&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&login_hint=ann%2Bx%40a.example"
          "&response_mode=query" },
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        const struct oauth_client client = { .client_id = STR("a&b"), .consent_url = str_of(cases[i].page) };
        const struct oauth_question question = {
            .auth = str_of(cases[i].auth), .redirect_uri = STR("https://o.example/oauth/callback"),
            .state = STR("S"), .verifier = STR("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"),
            .email = STR("ann+x@a.example"),
        };
        assert_str(oauth_consent_url(ctx.arena, &client, &question), cases[i].wanted);
    }
}

static void test_client(void **state) {
    (void) state;
    struct services services = { .oauth_microsoft = { .client_id = STR("m") } };
    struct str reason = STR_NONE;
    ctx.services = &services;
    assert_ptr_equal(oauth_client_of(&ctx, STR("oauth_microsoft"), &reason), &services.oauth_microsoft);
    assert_null(oauth_client_of(&ctx, STR("oauth_google"), &reason));
    assert_str(reason, "no client is configured: oauth.google_client_id");
    ctx.services = NULL;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_challenge),
        cmocka_unit_test(test_verifier),
        cmocka_unit_test(test_consent_url),
        cmocka_unit_test(test_client),
    };
    ctx = test_ctx();
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    arena_free(&ctx.arena);
    return failed;
}
