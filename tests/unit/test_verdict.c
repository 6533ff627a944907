/* Verdicts: the table of stages, and what must hold for every combination. */
#include "test.h"

#include "verify/verdict.h"

static const struct address plain = { .text = STR("bob@acme.com"), .local = STR("bob"),
                                      .domain = STR("acme.com") };

#define ANSWERED .address = &plain, .domain = DOMAIN_HAS_MX, .probe = PROBE_ANSWERED

static void test_table(void **state) {
    (void) state;
    static const struct {
        struct findings f;
        enum verify_result result;
        bool catch_all;
        enum reason reason;
    } cases[] = {
#define CASE(result, catch_all, reason, ...) \
    { { __VA_ARGS__ }, RESULT_##result, catch_all, REASON_##reason }
        CASE(UNDELIVERABLE, false, SYNTAX, .fault = FAULT_DOTS),
        CASE(UNKNOWN, false, NOT_CHECKED, .address = &plain),
        CASE(UNKNOWN, false, NOT_PROBED, .address = &plain, .domain = DOMAIN_HAS_MX),
        CASE(UNKNOWN, false, NOT_PROBED, .address = &plain, .domain = DOMAIN_IMPLICIT_MX),
        CASE(UNDELIVERABLE, false, NO_DOMAIN, .address = &plain, .domain = DOMAIN_NXDOMAIN),
        CASE(UNDELIVERABLE, false, NULL_MX, .address = &plain, .domain = DOMAIN_NULL_MX),
        CASE(UNDELIVERABLE, false, NO_SERVER, .address = &plain, .domain = DOMAIN_NO_SERVER),
        CASE(UNDELIVERABLE, false, NOT_PUBLIC, .address = &plain, .domain = DOMAIN_NOT_PUBLIC),
        CASE(UNKNOWN, false, DNS_FAILED, .address = &plain, .domain = DOMAIN_FAILED),
        CASE(UNDELIVERABLE, false, SPECIAL_USE, .address = &plain, .is_special_use = true,
             .domain = DOMAIN_HAS_MX),
        /* disposable: behind a domain that is not there, before all else */
        CASE(RISKY, false, DISPOSABLE, .address = &plain, .is_disposable = true),
        CASE(UNDELIVERABLE, false, NO_DOMAIN, .address = &plain, .is_disposable = true,
             .domain = DOMAIN_NXDOMAIN),
        CASE(RISKY, false, DISPOSABLE, .address = &plain, .is_disposable = true,
             .domain = DOMAIN_FAILED),
        CASE(RISKY, true, DISPOSABLE, ANSWERED, .is_disposable = true, .catch_all = CATCH_ALL_YES),
        /* accepted */
        CASE(DELIVERABLE, false, ACCEPTED, ANSWERED, .catch_all = CATCH_ALL_NO),
        CASE(RISKY, true, CATCH_ALL, ANSWERED, .catch_all = CATCH_ALL_YES),
        CASE(UNKNOWN, false, UNCERTAIN, ANSWERED, .catch_all = CATCH_ALL_UNCLEAR),
        CASE(UNKNOWN, false, UNCERTAIN, ANSWERED),
        CASE(DELIVERABLE, false, ACCEPTED, ANSWERED, .catch_all = CATCH_ALL_UNCLEAR,
             .provider = PROVIDER_GOOGLE),
        CASE(RISKY, true, CATCH_ALL, ANSWERED, .catch_all = CATCH_ALL_YES,
             .provider = PROVIDER_GOOGLE),
        CASE(RISKY, false, AFTER_DATA, ANSWERED, .provider = PROVIDER_YAHOO),
        CASE(RISKY, false, AFTER_DATA, ANSWERED, .catch_all = CATCH_ALL_YES,
             .provider = PROVIDER_YAHOO),
        CASE(RISKY, false, AFTER_DATA, ANSWERED, .catch_all = CATCH_ALL_NO,
             .provider = PROVIDER_YAHOO),
        CASE(DELIVERABLE, false, ACCEPTED, ANSWERED, .reply = REPLY_MAILBOX_BUSY,
             .catch_all = CATCH_ALL_NO),
        CASE(UNKNOWN, false, CANNOT_VERIFY, ANSWERED, .reply = REPLY_CANNOT_VERIFY,
             .catch_all = CATCH_ALL_NO),
        /* refused */
        CASE(UNDELIVERABLE, false, USER_UNKNOWN, ANSWERED, .reply = REPLY_USER_UNKNOWN),
        CASE(UNDELIVERABLE, false, DISABLED, ANSWERED, .reply = REPLY_DISABLED),
        CASE(RISKY, false, FULL, ANSWERED, .reply = REPLY_FULL),
        CASE(UNDELIVERABLE, false, NULL_MX, ANSWERED, .reply = REPLY_NO_MAIL),
        CASE(UNKNOWN, false, POLICY, ANSWERED, .reply = REPLY_RELAY_DENIED),
        CASE(UNDELIVERABLE, false, RELAY_DENIED, ANSWERED, .reply = REPLY_RELAY_DENIED,
             .every_mx = true),
        CASE(UNKNOWN, false, BLOCKED, ANSWERED, .reply = REPLY_BLOCKED, .every_mx = true),
        CASE(UNKNOWN, false, POLICY, ANSWERED, .reply = REPLY_POLICY),
        CASE(UNKNOWN, false, GREYLISTED, ANSWERED, .reply = REPLY_GREYLISTED),
        CASE(UNKNOWN, false, BUSY, ANSWERED, .reply = REPLY_BUSY),
        CASE(UNKNOWN, false, BUSY, ANSWERED, .reply = REPLY_MANY_RECIPIENTS),
        CASE(UNKNOWN, false, NO_UTF8, ANSWERED, .reply = REPLY_NEEDS_UTF8),
        CASE(UNKNOWN, false, PROTOCOL, ANSWERED, .reply = REPLY_PROTOCOL),
        CASE(UNKNOWN, false, UNMATCHED, ANSWERED, .reply = REPLY_UNMATCHED),
        CASE(UNKNOWN, false, UNMATCHED, ANSWERED, .reply = REPLY_BARE),
        CASE(UNDELIVERABLE, false, USER_UNKNOWN, ANSWERED, .reply = REPLY_BARE,
             .bare_rejects = true),
        CASE(UNKNOWN, false, UNMATCHED, ANSWERED, .reply = REPLY_UNMATCHED, .bare_rejects = true),
        CASE(UNKNOWN, false, NO_CONNECT, .address = &plain, .domain = DOMAIN_HAS_MX,
             .probe = PROBE_NO_CONNECT),
        CASE(UNKNOWN, false, TIMEOUT, .address = &plain, .domain = DOMAIN_HAS_MX,
             .probe = PROBE_TIMEOUT),
        CASE(UNKNOWN, false, PROTOCOL, .address = &plain, .domain = DOMAIN_HAS_MX,
             .probe = PROBE_BROKEN),
#undef CASE
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct verdict v = verdict_of(&cases[i].f);
        if (v.result != cases[i].result || v.catch_all != cases[i].catch_all
            || v.reason != cases[i].reason)
            fail_case("case %zu: %s, %s", i, verify_result_name(v.result),
                      reason_facts(v.reason)->detail);
    }
}

/* Of every combination: catch_all needs an accepted random name and is never a verdict of
 * certainty; deliverable needs an accepting reply; a refusal that is about us is unknown. */
static void check_one(const struct findings *f) {
    struct verdict v = verdict_of(f);
    const struct reason_facts *facts = reason_facts(v.reason);
    assert_int_equal(v.result, facts->result);
    if (v.catch_all)
        assert_true(f->catch_all == CATCH_ALL_YES && v.result == RESULT_RISKY);
    if (v.result == RESULT_DELIVERABLE)
        assert_true(f->probe == PROBE_ANSWERED && f->catch_all != CATCH_ALL_YES
                    && (f->reply == REPLY_ACCEPTED || f->reply == REPLY_MAILBOX_BUSY));
    bool about_us = f->reply == REPLY_BLOCKED || f->reply == REPLY_POLICY
                    || f->reply == REPLY_PROTOCOL || f->reply == REPLY_GREYLISTED;
    if (f->domain == DOMAIN_HAS_MX && f->probe == PROBE_ANSWERED && about_us && !f->is_disposable)
        assert_int_equal(v.result, RESULT_UNKNOWN);
    assert_true(v.reason != REASON_INTERNAL);
}

static void test_every_combination(void **state) {
    (void) state;
    enum { REPLIES = REPLY_UNMATCHED + 1, PROBES = PROBE_BROKEN + 1, DOMAINS = DOMAIN_FAILED + 1,
           CATCH_ALLS = CATCH_ALL_UNCLEAR + 1, PROVIDERS = PROVIDER_IMPROVMX + 1 };
    for (unsigned n = 0; n < REPLIES * PROBES * DOMAINS * CATCH_ALLS * PROVIDERS * 8u; n++) {
        unsigned rest = n;
        struct findings f = { .address = &plain };
        f.reply = (enum reply_meaning) (rest % REPLIES), rest /= REPLIES;
        f.probe = (enum probe_state) (rest % PROBES), rest /= PROBES;
        f.domain = (enum domain_state) (rest % DOMAINS), rest /= DOMAINS;
        f.catch_all = (enum catch_all) (rest % CATCH_ALLS), rest /= CATCH_ALLS;
        f.provider = (enum provider) (rest % PROVIDERS), rest /= PROVIDERS;
        f.is_disposable = rest & 1;
        f.every_mx = rest & 2;
        f.bare_rejects = rest & 4;
        check_one(&f);
    }
}

static void test_names(void **state) {
    (void) state;
    assert_string_equal(verify_result_name(RESULT_DELIVERABLE), "deliverable");
    assert_string_equal(verify_result_name(RESULT_UNDELIVERABLE), "undeliverable");
    assert_string_equal(verify_result_name((enum verify_result) 9), "unknown");
    assert_string_equal(reason_facts(REASON_FULL)->word, "low_deliverability");
    assert_string_equal(reason_facts(REASON_FULL)->detail, "mailbox_full");
    assert_string_equal(reason_facts((enum reason) 99)->detail, "internal");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_every_combination),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
