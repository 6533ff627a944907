/* Providers by address and by MX, tags of DNS records, and whose signature a message bears. */
#include "sequence/mail_dns.h"
#include "test.h"

static const struct {
    const char *domain, *name;
} domains[] = {
    { "gmail.com", "google" }, { "googlemail.com", "google" }, { "web.de", "web.de" }, { "me.com", "icloud" },
    { "mail.gmail.com", NULL }, { "notgmail.com", NULL }, { "com", NULL }, { "", NULL }, { "acme.example", NULL },
};

static const struct {
    const char *host, *name;
} hosts[] = {
    { "aspmx.l.google.com", "google" }, { "ALT1.ASPMX.L.GOOGLE.COM", "google" }, { "google.com", "google" },
    { "evilgoogle.com", NULL }, { "google.com.evil.example", NULL }, { "x.mail.protection.outlook.com", "microsoft365" },
    { "x.olc.protection.outlook.com", "outlook" }, { "mx.zoho.eu", "zoho.eu" }, { "mx.zoho.com", "zoho" },
    { "mx00.ionos.de", "ionos" }, { "", NULL }, { "mx.acme.example", NULL },
};

static void expect(const struct mail_provider *found, const char *name, const char *of) {
    bool same = found && name ? strcmp(found->name, name) == 0 : !found && !name;
    if (!same)
        test_fail("%s: %s", of, found ? found->name : "none");
}

static void test_providers(void **state) {
    (void) state;
    for (size_t i = 0; i < LENGTH(domains); i++)
        expect(mail_provider_of_domain(str_of(domains[i].domain)), domains[i].name, domains[i].domain);
    for (size_t i = 0; i < LENGTH(hosts); i++)
        expect(mail_provider_of_mx(str_of(hosts[i].host)), hosts[i].name, hosts[i].host);
    expect(mail_provider_of_server(STR("imap.gmail.com")), "google", "imap.gmail.com");
    expect(mail_provider_of_server(STR("")), NULL, "no server");
}

static const struct {
    const char *record, *name, *value;
} tags[] = {
    { "v=DKIM1; k=rsa; p=abc=", "p", "abc=" }, { "v=DKIM1;p=", "p", "" }, { "p = x ; d=y", "P", "x" },
    { "v=DKIM1", "p", NULL },                  { "xp=1", "p", NULL },     { "", "p", NULL },
};

static void test_tags(void **state) {
    (void) state;
    for (size_t i = 0; i < LENGTH(tags); i++) {
        struct str value = mail_tag(str_of(tags[i].record), str_of(tags[i].name));
        if (!str_eq(value, str_of(tags[i].value)) || str_is_set(value) != (tags[i].value != NULL))
            test_fail("%s: %.*s", tags[i].record, STR_FMT(value));
    }
}

static const struct {
    const char *message, *selector;
} signatures[] = {
    { "DKIM-Signature: v=1; d=acme.example; s=one; b=x\r\n\r\n", "one" },
    { "From: a\r\ndkim-signature: v=1;\r\n\ts=two;\r\n d=acme.example\r\nTo: b\r\n\r\n", "two" },
    { "DKIM-Signature: d=other.example; s=x\r\nDKIM-Signature: d=example; s=up\r\n\r\n", "up" },
    { "DKIM-Signature: d=cme.example; s=x\r\n\r\n", NULL },
    { "DKIM-Signature: d=acme.example\r\n\r\n", NULL },
    { "DKIM-Signature: d=acme.example; s=\r\n\r\n", NULL },
    { "From: a\r\n\r\nDKIM-Signature: d=acme.example; s=body\r\n", NULL },
    { "DKIM-Signature: d=acme.example; s=one", "one" },
    { "no colon\r\nDKIM-Signature: d=acme.example; s=one\n\n", "one" },
    { "", NULL },
};

static void test_signatures(void **state) {
    (void) state;
    for (size_t i = 0; i < LENGTH(signatures); i++) {
        struct str selector = mail_dkim_selector(str_of(signatures[i].message), STR("acme.example"));
        if (!str_eq(selector, str_of(signatures[i].selector)))
            test_fail("case %zu: %.*s", i, STR_FMT(selector));
    }
}

static void test_limits(void **state) {
    (void) state;
    struct mailbox mailbox = { .smtp_host = STR("mail.gmx.net"), .daily_email_limit = opt_int(500) };
    struct budget_limits limits = mailbox_limits(&mailbox);
    assert_int_equal(limits.daily, 500);
    assert_int_equal(limits.provider, 100);
    mailbox.smtp_host = STR("smtp.acme.example");
    mailbox.throttled_until = opt_int(7);
    limits = mailbox_limits(&mailbox);
    assert_int_equal(limits.provider, 0);
    assert_int_equal(limits.throttled_until_ms, 7);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_providers),
        cmocka_unit_test(test_tags),
        cmocka_unit_test(test_signatures),
        cmocka_unit_test(test_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
