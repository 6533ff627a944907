/* Replies: reading them, what they mean, how long they ask to wait. The corpora are in
 * test_validation_corpora; here are the forms, the traps and the order of the rules. */
#include "test.h"

#include "base/buf.h"
#include "verify/reply.h"

static void test_parse(void **state) {
    (void) state;
    static const struct {
        const char *lines;
        int code, class, subject, detail;
        const char *text;
    } cases[] = {
        { "250 2.1.5 OK\r\n", 250, 2, 1, 5, "OK" },
        { "250 OK", 250, 0, 0, 0, "OK" },
        { "250\r\n", 250, 0, 0, 0, "" },
        { "250-\r\n250 \r\n", 250, 0, 0, 0, "" },
        { "550-5.1.1 line one\r\n550 5.1.1 line two\r\n", 550, 5, 1, 1, "line one line two" },
        { "550-line one\n550 5.1.1 line two\n", 550, 5, 1, 1, "line one line two" },
        { "550-5.1.1 one\r\n550 5.7.1 two\r\n", 550, 5, 1, 1, "one two" },
        { "550 5.7.1.100 is listed", 550, 0, 0, 0, "5.7.1.100 is listed" },
        { "550 IP 5.7.1.100 is listed", 550, 0, 0, 0, "IP 5.7.1.100 is listed" },
        { "550 5.7.606 Access denied", 550, 5, 7, 606, "Access denied" },
        { "550 5.1.1<bob@acme.com> unknown", 550, 5, 1, 1, "<bob@acme.com> unknown" },
        { "550 5.1.1: unknown", 550, 5, 1, 1, ": unknown" },
        { "550 5.1 unknown", 550, 0, 0, 0, "5.1 unknown" },
        { "550 5.1.1234 x", 550, 0, 0, 0, "5.1.1234 x" },
        { "550 #5.1.0 Address rejected.", 550, 0, 0, 0, "#5.1.0 Address rejected." },
        { "550 4.2.2 odd", 550, 0, 0, 0, "4.2.2 odd" },
        { "450   4.2.1\t slow \x01 down  ", 450, 4, 2, 1, "slow   down" },
        { "550 \xC3\xA9t\xE9", 550, 0, 0, 0, "\xC3\xA9t?" },
        { "554-a\r\n550 b\r\n", 550, 0, 0, 0, "a b" },
    };
    struct arena *arena = arena_new();
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct reply r;
        if (reply_parse(arena, str_of(cases[i].lines), &r) != OK)
            fail_case("%s: refused", cases[i].lines);
        if (r.code != cases[i].code || r.class != cases[i].class || r.subject != cases[i].subject
            || r.detail != cases[i].detail)
            fail_case("%s: %d %d.%d.%d", cases[i].lines, r.code, r.class, r.subject, r.detail);
        assert_str(r.text, cases[i].text);
    }
    arena_free(&arena);
}

static void test_no_reply(void **state) {
    (void) state;
    static const char *const cases[] = {
        "", "\r\n", "25 OK", "hello", "2500 OK", "199 x", "600 x", "abc OK", "250OK",
        "250-OK\r\nnonsense\r\n", "250-OK\r\n550 no\r\n", "HTTP/1.1 400 Bad Request\r\n",
        "250 OK\r\n\r\n250 OK\r\n",
    };
    struct arena *arena = arena_new();
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct reply r = { .code = 1 };
        if (reply_parse(arena, str_of(cases[i]), &r) != E_PROTO || r.code != 1)
            fail_case("%s: taken", cases[i]);
    }
    arena_free(&arena);
}

static enum reply_meaning meaning_of(struct arena *arena, const char *lines,
                                     enum reply_stage stage, enum provider provider) {
    struct reply reply;
    assert_int_equal(reply_parse(arena, str_of(lines), &reply), OK);
    return reply_classify(&reply, stage, provider);
}

static void test_meaning(void **state) {
    (void) state;
    static const struct {
        const char *lines;
        enum provider provider;
        enum reply_meaning meaning;
    } cases[] = {
        { "250 OK", PROVIDER_OTHER, REPLY_ACCEPTED },
        { "251 will forward", PROVIDER_OTHER, REPLY_ACCEPTED },
        { "252 cannot say", PROVIDER_OTHER, REPLY_CANNOT_VERIFY },
        { "354 go ahead", PROVIDER_OTHER, REPLY_PROTOCOL },
        /* a filter's name in a link is no block; a block list in one is */
        { "550 5.7.1 see https://community.mimecast.com/docs/blocked User unknown", PROVIDER_OTHER,
          REPLY_USER_UNKNOWN },
        { "553 5.1.3 http://www.spamhaus.org/query/bl?ip=192.0.2.1", PROVIDER_OTHER,
          REPLY_BLOCKED },
        { "550 5.1.1 Learn more at https://support.google.com/mail/?p=NoSuchUser", PROVIDER_GOOGLE,
          REPLY_USER_UNKNOWN },
        /* nor are the words of an address */
        { "550 5.1.1 <spam.blocked@acme.com>: User unknown", PROVIDER_OTHER, REPLY_USER_UNKNOWN },
        { "550 <user-unknown@acme.com>: sender address rejected", PROVIDER_OTHER, REPLY_BLOCKED },
        { "550 IP 5.7.1.100 is blacklisted", PROVIDER_OTHER, REPLY_BLOCKED },
        /* full beats the number for unknown */
        { "552 5.1.1 recipient overquota", PROVIDER_OTHER, REPLY_FULL },
        { "452 4.2.2 x", PROVIDER_OTHER, REPLY_FULL },
        { "452 4.3.1 Insufficient system storage", PROVIDER_OTHER, REPLY_BUSY },
        { "550 5.7.1 daily sending quota exceeded", PROVIDER_OTHER, REPLY_BLOCKED },
        /* the sender is not the recipient */
        { "550 5.1.8 Sender address rejected: Domain not found", PROVIDER_OTHER, REPLY_BLOCKED },
        { "550 5.1.0 <@acme.com>: Sender address rejected: User unknown in local table",
          PROVIDER_OTHER, REPLY_BLOCKED },
        { "550 5.1.7 Invalid address", PROVIDER_OTHER, REPLY_BLOCKED },
        { "550 5.7.26 unknown user", PROVIDER_OTHER, REPLY_BLOCKED },
        { "550 Your account has been blocked", PROVIDER_OTHER, REPLY_BLOCKED },
        { "550 Too many unknown users, go away", PROVIDER_OTHER, REPLY_BLOCKED },
        /* directories of Exchange Online */
        { "550 5.4.1 [bob@acme.com]: Recipient address rejected: Access denied", PROVIDER_MICROSOFT,
          REPLY_USER_UNKNOWN },
        { "550 5.4.1 Recipient address rejected: Access denied", PROVIDER_OTHER, REPLY_BLOCKED },
        { "550 5.4.1 All recipient addresses rejected", PROVIDER_OTHER, REPLY_POLICY },
        { "550 5.7.606 Access denied, banned sending IP [192.0.2.1]", PROVIDER_MICROSOFT,
          REPLY_BLOCKED },
        { "550 5.1.10 RESOLVER.ADR.RecipientNotFound; not found", PROVIDER_OTHER,
          REPLY_USER_UNKNOWN },
        { "550 5.1.10 x", PROVIDER_OTHER, REPLY_NO_MAIL },
        { "556 5.1.10 Recipient address has null MX", PROVIDER_OTHER, REPLY_NO_MAIL },
        /* 5.7.1 needs its text */
        { "550 5.7.1 No such user!", PROVIDER_YANDEX, REPLY_USER_UNKNOWN },
        { "550 5.7.1 x", PROVIDER_OTHER, REPLY_BLOCKED },
        { "525 5.7.13 x", PROVIDER_OTHER, REPLY_DISABLED },
        { "550 5.7.1 RESOLVER.RST.AuthRequired; authentication required", PROVIDER_OTHER,
          REPLY_POLICY },
        /* it exists and gets too much */
        { "450 4.2.1 The user you are trying to contact is receiving mail too quickly",
          PROVIDER_GOOGLE, REPLY_MAILBOX_BUSY },
        { "550 5.2.1 The user you are trying to contact is receiving mail at a rate that prevents",
          PROVIDER_GOOGLE, REPLY_MAILBOX_BUSY },
        { "550 5.2.1 The account is disabled", PROVIDER_GOOGLE, REPLY_DISABLED },
        /* later */
        { "451 4.7.1 Greylisting in action, please come back later", PROVIDER_OTHER,
          REPLY_GREYLISTED },
        { "450 4.2.0 try again", PROVIDER_OTHER, REPLY_GREYLISTED },
        { "450 x", PROVIDER_OTHER, REPLY_GREYLISTED },
        { "451 4.3.0 x", PROVIDER_OTHER, REPLY_BUSY },
        { "421 4.4.5 Server busy", PROVIDER_GOOGLE, REPLY_BUSY },
        { "450 4.1.1 <bob@acme.com>: Recipient address rejected: unverified address",
          PROVIDER_OTHER, REPLY_GREYLISTED },
        { "450 4.1.1 User unknown in virtual alias table", PROVIDER_OTHER, REPLY_USER_UNKNOWN },
        { "421 4.7.0 [TSS04] temporarily deferred", PROVIDER_YAHOO, REPLY_BLOCKED },
        { "452 4.5.3 x", PROVIDER_OTHER, REPLY_MANY_RECIPIENTS },
        /* other ways */
        { "530 5.7.0 Must issue a STARTTLS command first", PROVIDER_OTHER, REPLY_NEEDS_TLS },
        { "530 5.7.1 Authentication required", PROVIDER_OTHER, REPLY_POLICY },
        { "550 5.6.7 x", PROVIDER_OTHER, REPLY_NEEDS_UTF8 },
        { "553 5.6.7 SMTPUTF8 required", PROVIDER_OTHER, REPLY_NEEDS_UTF8 },
        { "554 5.7.1 <bob@acme.com>: Relay access denied", PROVIDER_OTHER, REPLY_RELAY_DENIED },
        { "503 5.5.1 Bad sequence", PROVIDER_OTHER, REPLY_PROTOCOL },
        { "550 Utilisateur inconnu", PROVIDER_OTHER, REPLY_USER_UNKNOWN },
        { "550 Bo\xC3\xAEte du destinataire pleine", PROVIDER_OTHER, REPLY_FULL },
        /* words that stand behind 550 whatever the reason */
        { "550-Requested action not taken: mailbox unavailable\r\n"
          "550 Reject due to policy restrictions.\r\n", PROVIDER_GMX, REPLY_POLICY },
        { "550-Requested action not taken: mailbox unavailable\r\n"
          "550 invalid DNS MX or A/AAAA resource record\r\n", PROVIDER_GMX, REPLY_BLOCKED },
        { "550 Requested action not taken: mailbox unavailable", PROVIDER_GMX,
          REPLY_USER_UNKNOWN },
        { "521 5.2.1 :  AOL will not accept delivery of this message.", PROVIDER_OTHER,
          REPLY_POLICY },
        { "550 #5.1.0 Address rejected.", PROVIDER_CISCO, REPLY_USER_UNKNOWN },
        /* nothing that a rule knows */
        { "550 no", PROVIDER_OTHER, REPLY_BARE },
        { "554", PROVIDER_OTHER, REPLY_BARE },
        { "550 5.2.0 hm", PROVIDER_OTHER, REPLY_UNMATCHED },
        { "599 5.9.9 hm", PROVIDER_OTHER, REPLY_UNMATCHED },
    };
    struct arena *arena = arena_new();
    for (size_t i = 0; i < LENGTH(cases); i++) {
        enum reply_meaning meaning
            = meaning_of(arena, cases[i].lines, STAGE_RCPT, cases[i].provider);
        if (meaning != cases[i].meaning)
            fail_case("%s: %s, expected %s", cases[i].lines, reply_meaning_facts(meaning)->name,
                      reply_meaning_facts(cases[i].meaning)->name);
    }
    arena_free(&arena);
}

/* Before RCPT nothing was said about a mailbox, whatever the words. */
static void test_before_recipient(void **state) {
    (void) state;
    static const struct {
        const char *lines;
        enum reply_stage stage;
        enum reply_meaning meaning;
    } cases[] = {
        { "220 mx.acme.com ESMTP", STAGE_CONNECT, REPLY_ACCEPTED },
        { "554 User unknown", STAGE_CONNECT, REPLY_BLOCKED },
        { "554 5.7.1 blocked", STAGE_CONNECT, REPLY_BLOCKED },
        { "421 too busy", STAGE_CONNECT, REPLY_BUSY },
        { "252 hm", STAGE_HELLO, REPLY_ACCEPTED },
        { "502 unknown command", STAGE_HELLO, REPLY_PROTOCOL },
        { "450 greylisted", STAGE_MAIL, REPLY_BUSY },
        { "530 Must issue a STARTTLS command first", STAGE_MAIL, REPLY_NEEDS_TLS },
        { "550 5.1.1 no such user", STAGE_MAIL, REPLY_BLOCKED },
        { "552 5.2.2 quota", STAGE_MAIL, REPLY_BUSY },
        { "550 SMTPUTF8 not supported", STAGE_MAIL, REPLY_NEEDS_UTF8 },
    };
    struct arena *arena = arena_new();
    for (size_t i = 0; i < LENGTH(cases); i++) {
        enum reply_meaning meaning
            = meaning_of(arena, cases[i].lines, cases[i].stage, PROVIDER_OTHER);
        if (meaning != cases[i].meaning)
            fail_case("%s: %s", cases[i].lines, reply_meaning_facts(meaning)->name);
    }
    arena_free(&arena);
}

static void test_wait(void **state) {
    (void) state;
    static const struct {
        const char *text;
        int seconds;
    } cases[] = {
        { "450 Try again in 30 seconds", 30 },
        { "450 4.2.0 Retry in 5 minutes", 300 },
        { "450 Greylisted for 300 seconds", 300 },
        { "450 Wait 10 min", 600 },
        { "450 2 hr", 7200 },
        { "450 come back in 90s.", 90 },
        { "450 in 1 minute and 30 seconds", 60 },
        { "450 4.7.1 [192.0.2.1] see 2 pages, wait 15-minutes", 900 },
        { "450 in 90 days", 0 },
        { "450 in 400 hours", 86400 },
        { "450 in 99999999999999999999 hours", 86400 },
        { "450 try again later", 0 },
        { "450 id 12m34", 0 },
        { "450 0 seconds", 0 },
    };
    struct arena *arena = arena_new();
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct reply reply;
        assert_int_equal(reply_parse(arena, str_of(cases[i].text), &reply), OK);
        int seconds = reply_wait_seconds(&reply);
        if (seconds != cases[i].seconds)
            fail_case("%s: %d", cases[i].text, seconds);
    }
    arena_free(&arena);
}

/* A reply of any length is judged by its beginning. */
static void test_long(void **state) {
    (void) state;
    struct arena *arena = arena_new();
    struct buf b = buf_in(arena, 1 << 20);
    for (int i = 0; i < 5000; i++)
        buf_str(&b, STR("550-user unknown here\r\n"));
    buf_str(&b, STR("550 done\r\n"));
    struct reply reply;
    assert_int_equal(reply_parse(arena, buf_text(&b), &reply), OK);
    assert_true(reply.text.n <= REPLY_MAX_BYTES);
    assert_int_equal(reply_classify(&reply, STAGE_RCPT, PROVIDER_OTHER), REPLY_USER_UNKNOWN);
    arena_free(&arena);
}

static void test_providers(void **state) {
    (void) state;
    static const struct {
        const char *host;
        enum provider provider;
    } cases[] = {
        { "aspmx.l.google.com", PROVIDER_GOOGLE },
        { "ASPMX.L.GOOGLE.COM.", PROVIDER_GOOGLE },
        { "alt1.gmail-smtp-in.l.google.com", PROVIDER_GOOGLE },
        { "acme-com.mail.protection.outlook.com", PROVIDER_MICROSOFT },
        { "acme-com.a-v1.mx.microsoft", PROVIDER_MICROSOFT },
        { "outlook-com.olc.protection.outlook.com", PROVIDER_OUTLOOK },
        { "mta5.am0.yahoodns.net", PROVIDER_YAHOO },
        { "mx01.mail.icloud.com", PROVIDER_ICLOUD },
        { "mx0a-001.pphosted.com", PROVIDER_PROOFPOINT },
        { "eu-smtp-inbound-1.mimecast.com", PROVIDER_MIMECAST },
        { "mx1.acme.com", PROVIDER_OTHER },
        { "notgoogle.com", PROVIDER_OTHER },
        { "google.com.acme.com", PROVIDER_OTHER },
        { "", PROVIDER_OTHER },
        { ".", PROVIDER_OTHER },
    };
    for (size_t i = 0; i < LENGTH(cases); i++)
        if (provider_of_host(str_of(cases[i].host)) != cases[i].provider)
            fail_case("%s: %s", cases[i].host,
                      provider_facts(provider_of_host(str_of(cases[i].host)))->name);
    assert_true(provider_facts(PROVIDER_OUTLOOK)->one_recipient);
    assert_int_equal(provider_facts(PROVIDER_YAHOO)->trust, TRUST_AFTER_DATA);
    assert_int_equal(provider_facts(PROVIDER_GOOGLE)->connections, 5);
    assert_string_equal(provider_facts((enum provider) 999)->name, "other");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse),   cmocka_unit_test(test_no_reply),
        cmocka_unit_test(test_meaning), cmocka_unit_test(test_before_recipient),
        cmocka_unit_test(test_wait),    cmocka_unit_test(test_long),
        cmocka_unit_test(test_providers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
