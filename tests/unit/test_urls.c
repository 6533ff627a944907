#include "test.h"

#include "base/buf.h"
#include "data/urls.h"

static void test_split(void **state) {
    (void) state;
    static const struct {
        const char *text, *scheme, *host, *path;
    } cases[] = {
        { "https://user:pw@Acme.com:8080/a/b?c#d", "https", "Acme.com", "/a/b" },
        { "acme.com", NULL, "acme.com", "" },
        { " <http://acme.com/> ", "http", "acme.com", "/" },
        { "//acme.com?x=/y", NULL, "acme.com", "" },
        { "http://[::1]:80/x", "http", "[::1]:80", "/x" },
        { "acme.com:", NULL, "acme.com", "" },
        { "acme .com", NULL, NULL, NULL },
        { "acme.com:http", NULL, NULL, NULL },
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct url url;
        enum rc rc = url_split(str_of(cases[i].text), &url);
        assert_int_equal(rc, cases[i].host ? OK : E_INVALID);
        if (rc != OK)
            continue;
        assert_str(url.scheme, cases[i].scheme);
        assert_str(url.host, cases[i].host);
        assert_str(url.path, cases[i].path);
    }
}

static void test_linkedin(void **state) {
    (void) state;
    static const struct {
        const char *text, *url, *key;
    } cases[] = {
#define LI "https://www.linkedin.com/"
        { "https://www.linkedin.com/in/amyklobuchar", LI "in/amyklobuchar", "in/amyklobuchar" },
        { "http://linkedin.com/in/amyklobuchar/", LI "in/amyklobuchar", "in/amyklobuchar" },
        { "linkedin.com/in/AmyKlobuchar", LI "in/amyklobuchar", "in/amyklobuchar" },
        { "www.linkedin.com/in/amyklobuchar?trk=people", LI "in/amyklobuchar", "in/amyklobuchar" },
        { "https://de.linkedin.com/in/max-muster-12a34b/en", LI "in/max-muster-12a34b",
          "in/max-muster-12a34b" },
        { "https://www.linkedin.com/in/max-muster/en-us/#about", LI "in/max-muster",
          "in/max-muster" },
        { "https://m.linkedin.com/in/x1", LI "in/x1", "in/x1" },
        { "https://www.linkedin.com/mwlite/in/x1", LI "in/x1", "in/x1" },
        { "https://www.linkedin.com/comm/in/x1?lipi=urn", LI "in/x1", "in/x1" },
        { "HTTPS://WWW.LINKEDIN.COM/IN/X1/", LI "in/x1", "in/x1" },
        { "//www.linkedin.com//in//x1", LI "in/x1", "in/x1" },
        { "https://www.linkedin.com:443/in/x1/details/experience/", LI "in/x1", "in/x1" },
        { "https://www.linkedin.com./in/x1", LI "in/x1", "in/x1" },
        { "  <https://linkedin.com/in/x1> ", LI "in/x1", "in/x1" },
        { "https://fr.linkedin.com/in/jos%C3%A9-p%c3%a9rez-1a2", LI "in/jos%C3%A9-p%C3%A9rez-1a2",
          "in/jos\xC3\xA9-p\xC3\xA9rez-1a2" },
        { "https://fr.linkedin.com/in/JOS\xC3\x89", LI "in/jos%C3%A9", "in/jos\xC3\xA9" },
        { "https://fr.linkedin.com/in/jose\xCC\x81", LI "in/jos%C3%A9", "in/jos\xC3\xA9" },
        { "https://www.linkedin.com/in/%E7%8E%8B-%E4%BC%9F-1", LI "in/%E7%8E%8B-%E4%BC%9F-1",
          "in/\xE7\x8E\x8B-\xE4\xBC\x9F-1" },
        /* an opaque id keeps its case */
        { "https://www.linkedin.com/in/ACwAAAcvlYQBx3nXiAlXtNAKYGS6",
          LI "in/ACwAAAcvlYQBx3nXiAlXtNAKYGS6", "in/ACwAAAcvlYQBx3nXiAlXtNAKYGS6" },
        { "http://www.linkedin.com/pub/john-doe/1a/2b3/C4D", LI "in/john-doe-c4d2b31a",
          "in/john-doe-c4d2b31a" },
        { "http://uk.linkedin.com/pub/john-doe/5/7b/1", LI "in/john-doe-00107b5",
          "in/john-doe-00107b5" },
        { "http://uk.linkedin.com/pub/john-doe", LI "in/john-doe", "in/john-doe" },
        { "https://www.linkedin.com/company/Acme-Inc./about/", LI "company/acme-inc.",
          "company/acme-inc." },
        { "linkedin.com/company/1035", LI "company/1035", "company/1035" },
        { "https://www.linkedin.com/school/mit/", LI "school/mit", "company/mit" },
        { "https://www.linkedin.com/showcase/azure", LI "showcase/azure", "company/azure" },
        { "https://www.linkedin.com/company/a%26b", LI "company/a%26b", "company/a&b" },
        /* name no person and no company */
        { "https://www.klobuchar.senate.gov", NULL, NULL },
        { "https://www.linkedin.com/sales/lead/ACwAAAcvlYQB,NAME_SEARCH,x", NULL, NULL },
        { "https://www.linkedin.com/sales/people/ACwAAAcvlYQB", NULL, NULL },
        { "https://www.linkedin.com/talent/profile/AEMAAA", NULL, NULL },
        { "https://www.linkedin.com/pub/dir/John/Doe", NULL, NULL },
        { "https://www.linkedin.com/feed/update/urn:li:activity:1", NULL, NULL },
        { "https://www.linkedin.com/jobs/view/1", NULL, NULL },
        { "https://www.linkedin.com/in/", NULL, NULL },
        { "https://www.linkedin.com/in/?x=1", NULL, NULL },
        { "https://www.linkedin.com/in/me/", NULL, NULL },
        { "https://www.linkedin.com/company/unavailable/", NULL, NULL },
        { "https://www.linkedin.com/in/---", NULL, NULL },
        { "https://www.linkedin.com/in/a%2Fb", NULL, NULL },
        { "https://www.linkedin.com/in/a b", NULL, NULL },
        { "https://www.linkedin.com/", NULL, NULL },
        { "https://www.linkedin.com.evil.com/in/x1", NULL, NULL },
        { "https://evillinkedin.com/in/x1", NULL, NULL },
        { "https://evil.com/www.linkedin.com/in/x1", NULL, NULL },
        { "https://linkedin.com@evil.com/in/x1", NULL, NULL },
        { "https://lnkd.in/abc", NULL, NULL },
        { "in/x1", NULL, NULL },
        { "", NULL, NULL },
    };
    struct arena *arena = arena_new();
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct linkedin page = { 0 };
        enum rc rc = linkedin_parse(arena, str_of(cases[i].text), &page);
        if (rc != (cases[i].url ? OK : E_INVALID))
            print_error("case %s\n", cases[i].text);
        assert_int_equal(rc, cases[i].url ? OK : E_INVALID);
        assert_str(page.url, cases[i].url);
        assert_str(page.key, cases[i].key);
        if (rc != OK)
            continue;
        assert_int_equal(page.kind == LINKEDIN_PERSON, str_starts(page.key, STR("in/")));
        struct linkedin again; /* the canonical form is its own */
        assert_int_equal(linkedin_parse(arena, page.url, &again), OK);
        assert_str(again.url, cases[i].url);
        assert_str(again.key, cases[i].key);
    }
    arena_free(&arena);
}

static void test_reversed(void **state) {
    (void) state;
    static const char *const cases[][2] = {
        { "com", "com." }, { "acme.com", "com.acme." }, { "a.mail.acme.co.uk", "uk.co.acme.mail.a." },
    };
    struct arena *arena = arena_new();
    for (size_t i = 0; i < LENGTH(cases); i++)
        assert_str(domain_reversed(arena, str_of(cases[i][0])), cases[i][1]);
    arena_free(&arena);
}

static void test_domains(void **state) {
    (void) state;
    static const struct {
        const char *text, *host, *registrable;
        bool is_free;
    } cases[] = {
        { "acme.com", "acme.com", "acme.com", false },
        { "https://www.Acme.COM/about?x#y", "acme.com", "acme.com", false },
        { "http://user@shop.acme.co.uk:8080/", "shop.acme.co.uk", "acme.co.uk", false },
        { "acme.com.", "acme.com", "acme.com", false },
        { "www.acme.com", "acme.com", "acme.com", false },
        { "www.de", "www.de", "www.de", false },
        { "www.klobuchar.senate.gov", "klobuchar.senate.gov", "senate.gov", false },
        { "bob@mail.acme.de", "mail.acme.de", "acme.de", false },
        { "mailto:bob@acme.de", "acme.de", "acme.de", false },
        { "https://acme.github.io/", "acme.github.io", "acme.github.io", false },
        { "m\xC3\xBCller.de", "xn--mller-kva.de", "xn--mller-kva.de", false },
        { "M\xC3\x9CLLER.de", "xn--mller-kva.de", "xn--mller-kva.de", false },
        /* UTS #46, non-transitional: the sharp s is kept */
        { "fa\xC3\x9F.de", "xn--fa-hia.de", "xn--fa-hia.de", false },
        { "xn--mller-kva.de", "xn--mller-kva.de", "xn--mller-kva.de", false },
        { "\xE4\xBE\x8B\xE5\xAD\x90.\xE4\xB8\xAD\xE5\x9B\xBD", "xn--fsqu00a.xn--fiqs8s",
          "xn--fsqu00a.xn--fiqs8s", false },
        { "acme\xE3\x80\x82" "com", "acme.com", "acme.com", false },
        { "corp.example", "corp.example", "corp.example", false },
        { "gmail.com", "gmail.com", "gmail.com", true },
        { "bob@GMAIL.com", "gmail.com", "gmail.com", true },
        { "yahoo.co.uk", "yahoo.co.uk", "yahoo.co.uk", true },
        { "smtp.web.de", "smtp.web.de", "web.de", true },
        { "google.com", "google.com", "google.com", false },
        { "co.uk", NULL, NULL, false },
        { "https://com/", NULL, NULL, false },
        { "localhost", NULL, NULL, false },
        { "192.168.0.1", NULL, NULL, false },
        { "http://[::1]/", NULL, NULL, false },
        { "-acme.com", NULL, NULL, false },
        { "ac_me.com", NULL, NULL, false },
        { "acme..com", NULL, NULL, false },
        { "Acme Inc.", NULL, NULL, false },
        { "n/a", NULL, NULL, false },
        { "xn--zz.com", NULL, NULL, false },
        { "", NULL, NULL, false },
    };
    struct arena *arena = arena_new();
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct domain domain = { 0 };
        enum rc rc = domain_parse(arena, str_of(cases[i].text), &domain);
        assert_str(domain.host, cases[i].host);
        assert_str(domain.registrable, cases[i].registrable);
        if (rc != (cases[i].host ? OK : E_INVALID))
            print_error("case %s\n", cases[i].text);
        assert_int_equal(rc, cases[i].host ? OK : E_INVALID);
        if (rc == OK)
            assert_int_equal(domain_is_free_mail(&domain), cases[i].is_free);
    }
    arena_free(&arena);
}

static void test_free_mail_is_in_order(void **state) {
    (void) state;
    static const struct str providers[] = {
#define FREE_MAIL(domain) STR(domain),
#include "data/free_mail.def"
#undef FREE_MAIL
    };
    for (size_t i = 1; i < LENGTH(providers); i++)
        if (str_compare(providers[i - 1], providers[i]) >= 0)
            assert_str(providers[i], "behind the one before it");
    for (size_t i = 0; i < LENGTH(providers); i += 97) {
        struct domain domain = { providers[i], providers[i] };
        assert_true(domain_is_free_mail(&domain));
    }
}

static void test_emails(void **state) {
    (void) state;
#define L32 "abcdefghijklmnopqrstuvwxyz012345"
    static const struct {
        const char *text, *address, *registrable;
    } cases[] = {
        { "bob@acme.com", "bob@acme.com", "acme.com" },
        { " Bob.Smith+x@Mail.ACME.com ", "bob.smith+x@mail.acme.com", "acme.com" },
        { "<bob@acme.com>", "bob@acme.com", "acme.com" },
        { "Bob Smith <bob@acme.com>", "bob@acme.com", "acme.com" },
        { "mailto:bob@acme.com?subject=hi", "bob@acme.com", "acme.com" },
        { "bob@m\xC3\xBCller.de", "bob@xn--mller-kva.de", "xn--mller-kva.de" },
        { "jos\xC3\xA9@acme.com", "jos\xC3\xA9@acme.com", "acme.com" },
        { "bob\xE2\x80\x8B@acme.com", "bob@acme.com", "acme.com" }, /* zero width space */
        { "o'neil@www.acme.com", "o'neil@www.acme.com", "acme.com" },
        { "press@gov.uk", "press@gov.uk", "gov.uk" },
        { L32 L32 "@acme.com", L32 L32 "@acme.com", "acme.com" },
        { L32 L32 "x@acme.com", NULL, NULL },
        { "bob", NULL, NULL },
        { "@acme.com", NULL, NULL },
        { "bob@", NULL, NULL },
        { "bob@localhost", NULL, NULL },
        { "bob@acme", NULL, NULL },
        { ".bob@acme.com", NULL, NULL },
        { "bob.@acme.com", NULL, NULL },
        { "bo..b@acme.com", NULL, NULL },
        { "bo b@acme.com", NULL, NULL },
        { "\"bo b\"@acme.com", NULL, NULL },
        { "a@b@acme.com", NULL, NULL },
        { "bob@[127.0.0.1]", NULL, NULL },
        { "bob@acme.com, eve@acme.com", NULL, NULL },
        { "N/A", NULL, NULL },
        { "", NULL, NULL },
    };
    struct arena *arena = arena_new();
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct email email = { 0 };
        enum rc rc = email_parse(arena, str_of(cases[i].text), &email);
        assert_str(email.address, cases[i].address);
        assert_str(email.domain.registrable, cases[i].registrable);
        assert_int_equal(rc, cases[i].address ? OK : E_INVALID);
    }
    struct buf long_one = buf_in(arena, 1000);
    buf_str(&long_one, STR("bob@"));
    for (size_t i = 0; i < 125; i++)
        buf_str(&long_one, STR("a."));
    buf_str(&long_one, STR("de"));
    struct email email;
    assert_int_equal(email_parse(arena, buf_text(&long_one), &email), E_INVALID);
    arena_free(&arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_split),
        cmocka_unit_test(test_linkedin),
        cmocka_unit_test(test_domains),
        cmocka_unit_test(test_reversed),
        cmocka_unit_test(test_free_mail_is_in_order),
        cmocka_unit_test(test_emails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
