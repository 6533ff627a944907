#include "test.h"

#include "base/clock.h"
#include "webhook/schedule.h"

static void test_what_an_answer_means(void **state) {
    static const struct {
        enum rc rc;
        long status;
        int64_t tries;
        enum webhook_verdict expected;
    } cases[] = {
        { OK, 200, 1, WEBHOOK_TAKEN },      { OK, 204, 10, WEBHOOK_TAKEN },     { OK, 299, 1, WEBHOOK_TAKEN },
        { OK, 301, 1, WEBHOOK_AGAIN },      { OK, 400, 1, WEBHOOK_AGAIN },      { OK, 404, 9, WEBHOOK_AGAIN },
        { OK, 404, 10, WEBHOOK_GIVEN_UP },  { OK, 410, 1, WEBHOOK_IS_GONE },    { OK, 500, 1, WEBHOOK_AGAIN },
        { E_TIMEOUT, 0, 1, WEBHOOK_AGAIN }, { E_DENIED, 0, 1, WEBHOOK_AGAIN },  { E_IO, 0, 10, WEBHOOK_GIVEN_UP },
    };
    (void) state;
    for (size_t i = 0; i < LENGTH(cases); i++)
        assert_int_equal(webhook_judge(cases[i].rc, cases[i].status, cases[i].tries), cases[i].expected);
}

static void test_waits(void **state) {
    static const struct {
        struct webhook_wait wait;
        int64_t expected;
    } cases[] = {
        { { 1, OK, 500, { 0, false }, 0.5, 1 }, 5 * SECOND_MS },
        { { 1, OK, 500, { 0, false }, 0, 1 }, 4 * SECOND_MS },
        { { 1, OK, 500, { 0, false }, 1, 1 }, 6 * SECOND_MS },
        { { 2, OK, 500, { 0, false }, 0.5, 1 }, 5 * MINUTE_MS },
        { { 9, OK, 500, { 0, false }, 0.5, 1 }, 24 * HOUR_MS },
        { { 1, E_TIMEOUT, 0, { 0, false }, 0.5, 1 }, MINUTE_MS },
        { { 1, OK, 429, { 0, false }, 0.5, 1 }, MINUTE_MS },
        { { 1, OK, 503, { 20 * SECOND_MS, true }, 0.5, 1 }, 20 * SECOND_MS },
        { { 2, OK, 503, { 20 * SECOND_MS, true }, 0.5, 1 }, 5 * MINUTE_MS },
        { { 1, OK, 503, { 9 * DAY_MS, true }, 0.5, 1 }, DAY_MS },
        { { 1, OK, 503, { DAY_MS, true }, 0.5, 0.001 }, DAY_MS / 1000 },
    };
    int64_t all = 0;
    (void) state;
    for (size_t i = 0; i < LENGTH(cases); i++)
        assert_int_equal(webhook_wait_ms(&cases[i].wait), cases[i].expected);
    for (int64_t tries = 1; tries < WEBHOOK_TRIES; tries++)
        all += webhook_wait_ms(&(struct webhook_wait){ tries, OK, 500, { 0, false }, 0.5, 1 });
    assert_int_equal(all, ((75 * 60 + 35) * 60 + 5) * SECOND_MS);
}

static void test_disabled_by_duration_and_density(void **state) {
    struct webhook_queue q = { .url = STR_NONE };
    (void) state;
    assert_false(webhook_note(&q, true, 1, 1));
    assert_false(q.failing_since.set);
    assert_int_equal(q.delivered_at.v, 1);
    for (int i = 0; i < 100; i++)
        assert_false(webhook_note(&q, false, i, 1)); /* many, but not for long */
    assert_true(webhook_note(&q, false, WEBHOOK_FAILING_MS, 1));
    assert_true(webhook_note(&q, false, WEBHOOK_FAILING_MS / 10, 0.1));
    q = (struct webhook_queue){ .url = STR_NONE };
    for (int i = 0; i < WEBHOOK_FAILURES - 1; i++)
        assert_false(webhook_note(&q, false, i * DAY_MS, 1)); /* for long, but few */
    assert_true(webhook_note(&q, false, WEBHOOK_FAILURES * DAY_MS, 1));
    /* One success among many failures does not make it well; one in ten does. */
    assert_true(webhook_note(&q, true, WEBHOOK_FAILURES * DAY_MS, 1));
    assert_true(q.failing_since.set);
    for (int i = 0; i < 3; i++)
        (void) webhook_note(&q, true, WEBHOOK_FAILURES * DAY_MS, 1);
    assert_false(q.failing_since.set);
    assert_int_equal(q.failures.v, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_an_answer_means),
        cmocka_unit_test(test_waits),
        cmocka_unit_test(test_disabled_by_duration_and_density),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
