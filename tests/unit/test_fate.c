/* What servers' answers mean for a message. */
#include "test.h"

#include "base/clock.h"
#include "sequence/fate.h"

static const struct {
    enum smtp_step step;
    int code;
    enum rc rc;
    bool is_unknown;
    const char *reply;
    const char *fate;
} cases[] = {
    { SMTP_DOT, 250, OK, false, "250 2.0.0 taken", "sent" },
    { SMTP_DOT, 0, E_IO, true, "", "no_answer" },
    { SMTP_DOT, 0, E_TIMEOUT, true, "", "no_answer" },
    { SMTP_CONNECT, 0, E_IO, false, "", "network" },
    { SMTP_CONNECT, 0, E_NOT_FOUND, false, "", "network" },
    { SMTP_STARTTLS, 0, E_PROTO, false, "", "network" },
    { SMTP_GREETING, 554, E_INVALID, false, "554 no", "network" },
    { SMTP_AUTH, 535, E_DENIED, false, "535 5.7.8 no", "login" },
    { SMTP_MAIL, 530, E_INVALID, false, "530 5.7.0 log in first", "login" },
    { SMTP_MAIL, 421, E_LIMIT, false, "421 4.4.2 idle", "network" },
    { SMTP_DATA, 0, E_IO, false, "", "network" },
    { SMTP_DATA, 0, E_CANCELED, false, "", "network" },
    { SMTP_RCPT, 550, E_INVALID, false, "550 5.1.1 User unknown", "no_such_address" },
    { SMTP_RCPT, 550, E_INVALID, false, "550 no such user here", "no_such_address" },
    { SMTP_RCPT, 452, E_LIMIT, false, "452 4.2.2 mailbox full", "retry" },
    { SMTP_RCPT, 552, E_INVALID, false, "552 5.2.2 mailbox full", "retry" },
    { SMTP_RCPT, 450, E_LIMIT, false, "450 4.7.1 Greylisted for 300 seconds", "retry" },
    { SMTP_DOT, 451, E_LIMIT, false, "451 4.3.0 later", "retry" },
    { SMTP_MAIL, 550, E_INVALID, false, "550 5.4.5 Daily user sending quota exceeded", "refused" },
    { SMTP_MAIL, 450, E_LIMIT, false, "450 4.7.0 rate limit", "throttled" },
    { SMTP_DATA, 451, E_LIMIT, false, "451 4.7.1 Too many messages", "throttled" },
    { SMTP_DOT, 554, E_INVALID, false, "554 5.7.1 looks like spam", "refused" },
    { SMTP_MAIL, 0, E_UNSUPPORTED, false, "", "impossible" },
    { SMTP_MAIL, 0, E_TOO_LARGE, false, "", "impossible" },
};

static void test_fates(void **state) {
    (void) state;
    struct ctx ctx = test_ctx();
    for (size_t i = 0; i < LENGTH(cases); i++) {
        const struct smtp_result result
            = { .rc = cases[i].rc, .step = cases[i].step, .code = cases[i].code, .is_unknown = cases[i].is_unknown,
                .reply = arena_printf(ctx.arena, "%s\r\n", cases[i].reply), .reason = STR("why") };
        const char *fate = fate_name(fate_of(ctx.arena, &result));
        if (strcmp(fate, cases[i].fate) != 0)
            fail_case("%s at %s: %s", cases[i].reply, smtp_step_name(cases[i].step), fate);
    }
    arena_free(&ctx.arena);
}

static void test_words(void **state) {
    (void) state;
    struct ctx ctx = test_ctx();
    struct smtp_result result = { .step = SMTP_RCPT, .code = 550, .reply = STR("550-5.1.1 no\r\n550 5.1.1 such user\r\n") };
    assert_str(fate_words(ctx.arena, &result), "rcpt: 550 5.1.1 no such user");
    result = (struct smtp_result){ .step = SMTP_CONNECT, .reason = STR("no route") };
    assert_str(fate_words(ctx.arena, &result), "connect: no route");
    result.reason = arena_printf(ctx.arena, "%0600d", 1);
    assert_int_equal(fate_words(ctx.arena, &result).n, 500);
    result = (struct smtp_result){ .code = 450, .reply = STR("450 4.7.0 try again in 5 minutes\r\n") };
    assert_int_equal(fate_wait_ms(ctx.arena, &result), 5 * MINUTE_MS);
    result.reply = STR("450 4.7.0 slow down\r\n");
    assert_int_equal(fate_wait_ms(ctx.arena, &result), HOUR_MS);
    arena_free(&ctx.arena);
}

int main(void) {
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_fates), cmocka_unit_test(test_words) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
