/* What a mailbox may send on a day of its own: limits, ramp-up, throttling, days of 23 and
 * 25 hours, and the gaps between messages. */
#include "test.h"

#include "base/clock.h"
#include "sequence/budget.h"

static int64_t at(const char *text) {
    int64_t ms = 0;
    assert_int_equal(time_parse(str_of(text), &ms), OK);
    return ms;
}

static const struct {
    const char *zone, *at, *from, *to;
} days[] = {
    { "UTC", "2026-03-10T00:00:00Z", "2026-03-10T00:00:00Z", "2026-03-11T00:00:00Z" },
    { "UTC", "2026-03-10T23:59:59.999Z", "2026-03-10T00:00:00Z", "2026-03-11T00:00:00Z" },
    { "Europe/Berlin", "2026-01-31T23:00:00Z", "2026-01-31T23:00:00Z", "2026-02-01T23:00:00Z" },
    { "Europe/Berlin", "2026-03-29T12:00:00Z", "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z" }, /* 23 h */
    { "Europe/Berlin", "2026-10-25T00:30:00Z", "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z" }, /* 25 h */
    { "America/New_York", "2026-03-08T04:59:59Z", "2026-03-07T05:00:00Z", "2026-03-08T05:00:00Z" },
    { "America/New_York", "2026-03-08T05:00:00Z", "2026-03-08T05:00:00Z", "2026-03-09T04:00:00Z" },
    { "Asia/Kolkata", "2026-03-10T18:30:00Z", "2026-03-10T18:30:00Z", "2026-03-11T18:30:00Z" },
    { "Asia/Beirut", "2026-03-28T23:00:00Z", "2026-03-28T22:00:00Z", "2026-03-29T21:00:00Z" }, /* no midnight */
    { "Pacific/Kiritimati", "1969-12-31T11:00:00Z", "1969-12-31T10:40:00Z", "1970-01-01T10:40:00Z" },
};

static void test_days(void **state) {
    (void) state;
    for (size_t i = 0; i < LENGTH(days); i++) {
        struct zone *zone;
        assert_int_equal(zone_open(str_of(days[i].zone), &zone), OK);
        struct budget_day day = budget_day(zone, at(days[i].at));
        if (day.from_ms != at(days[i].from) || day.to_ms != at(days[i].to))
            test_fail("%s at %s: %lld to %lld", days[i].zone, days[i].at, (long long) day.from_ms,
                      (long long) day.to_ms);
        zone_close(&zone);
    }
}

/* In Berlin, on a ramp that began at noon of the 25th of March: 10, 15, 20, … */
#define SINCE "2026-03-25T11:00:00Z"
static const struct {
    int64_t daily, provider, ramp_start, ramp_step;
    const char *throttled_until, *at;
    int64_t sent, limit, left;
    const char *next; /* NULL: never */
} cases[] = {
    { 50, 0, 0, 0, NULL, "2026-03-27T08:00:00Z", 0, 50, 50, "2026-03-27T08:00:00Z" },
    { 50, 0, 0, 0, NULL, "2026-03-27T08:00:00Z", 49, 50, 1, "2026-03-27T08:00:00Z" },
    { 50, 0, 0, 0, NULL, "2026-03-27T08:00:00Z", 50, 50, 0, "2026-03-27T23:00:00Z" },
    { 50, 0, 0, 0, NULL, "2026-03-27T08:00:00Z", 80, 50, 0, "2026-03-27T23:00:00Z" },
    { 50, 20, 0, 0, NULL, "2026-03-27T08:00:00Z", 5, 20, 15, "2026-03-27T08:00:00Z" },
    { 50, 100, 0, 0, NULL, "2026-03-27T08:00:00Z", 5, 50, 45, "2026-03-27T08:00:00Z" },
    { 0, 0, 0, 0, NULL, "2026-03-27T08:00:00Z", 0, 0, 0, NULL },
    { 50, 0, 10, 5, NULL, "2026-03-25T22:59:59Z", 0, 10, 10, "2026-03-25T22:59:59Z" },
    { 50, 0, 10, 5, NULL, "2026-03-25T23:00:00Z", 0, 15, 15, "2026-03-25T23:00:00Z" },
    { 50, 0, 10, 5, NULL, "2026-03-29T12:00:00Z", 30, 30, 0, "2026-03-29T22:00:00Z" }, /* 23 hours */
    { 50, 0, 10, 5, NULL, "2026-03-30T12:00:00Z", 0, 35, 35, "2026-03-30T12:00:00Z" },
    { 50, 0, 10, 5, NULL, "2027-03-25T12:00:00Z", 0, 50, 50, "2027-03-25T12:00:00Z" },
    { 50, 0, 10, 5, NULL, "2026-03-20T12:00:00Z", 0, 0, 0, "2026-03-24T23:00:00Z" },
    { 50, 0, 10, 0, NULL, "2026-05-25T12:00:00Z", 3, 10, 7, "2026-05-25T12:00:00Z" },
    { 50, 0, 0, 0, "2026-03-27T10:00:00Z", "2026-03-27T08:00:00Z", 5, 50, 0, "2026-03-27T10:00:00Z" },
    { 50, 0, 0, 0, "2026-03-27T10:00:00Z", "2026-03-27T10:00:00Z", 5, 50, 45, "2026-03-27T10:00:00Z" },
    { 50, 0, 0, 0, "2026-03-27T10:00:00Z", "2026-03-27T08:00:00Z", 50, 50, 0, "2026-03-27T23:00:00Z" },
    { 50, 0, 0, 0, "2026-03-29T10:00:00Z", "2026-03-27T08:00:00Z", 50, 50, 0, "2026-03-29T10:00:00Z" },
    { 50, 0, 0, 0, NULL, "2026-10-25T00:30:00Z", 50, 50, 0, "2026-10-25T23:00:00Z" }, /* 25 hours */
};

static void test_budgets(void **state) {
    (void) state;
    struct zone *zone;
    assert_int_equal(zone_open(STR("Europe/Berlin"), &zone), OK);
    for (size_t i = 0; i < LENGTH(cases); i++) {
        const struct budget_limits limits = {
            .daily = cases[i].daily, .provider = cases[i].provider, .ramp_start = cases[i].ramp_start,
            .ramp_step = cases[i].ramp_step, .ramp_since = at(SINCE),
            .throttled_until_ms = cases[i].throttled_until ? at(cases[i].throttled_until) : 0,
        };
        int64_t now = at(cases[i].at), next = cases[i].next ? at(cases[i].next) : INT64_MAX;
        if (budget_limit(&limits, zone, now) != cases[i].limit
            || budget_left(&limits, zone, now, cases[i].sent) != cases[i].left
            || budget_next(&limits, zone, now, cases[i].sent) != next)
            test_fail("case %zu: %lld, %lld, %lld", i, (long long) budget_limit(&limits, zone, now),
                      (long long) budget_left(&limits, zone, now, cases[i].sent),
                      (long long) budget_next(&limits, zone, now, cases[i].sent));
    }
    zone_close(&zone);
}

/* What budget_next names is a time at which something is left, and just before it nothing. */
static void test_next_is_the_first(void **state) {
    (void) state;
    struct zone *zone;
    assert_int_equal(zone_open(STR("Europe/Berlin"), &zone), OK);
    const struct budget_limits limits = { .daily = 3, .ramp_start = 1, .ramp_step = 1, .ramp_since = at(SINCE) };
    for (int64_t now = at("2026-03-24T00:00:00Z"); now < at("2026-04-02T00:00:00Z"); now += 17 * MINUTE_MS)
        for (int64_t sent = 0; sent < 5; sent++) {
            int64_t next = budget_next(&limits, zone, now, sent);
            bool is_later = next > now;
            assert_true(next >= now);
            assert_true(budget_left(&limits, zone, next, is_later ? 0 : sent) > 0);
            if (is_later)
                assert_int_equal(budget_left(&limits, zone, now, sent), 0);
        }
    zone_close(&zone);
}

static void test_gaps(void **state) {
    (void) state;
    int64_t least = INT64_MAX, most = 0, sum = 0;
    const int64_t n = 20000;
    for (int64_t i = 0; i < n; i++) {
        int64_t gap = budget_gap_ms(STR("mailbox"), 20000 + i / 100, i % 100, 60, 240);
        least = gap < least ? gap : least;
        most = gap > most ? gap : most;
        sum += gap;
    }
    assert_true(least >= 60000 && least < 60500);
    assert_true(most <= 240000 && most > 239500);
    assert_in_range(sum / n, 148000, 152000);
    assert_int_equal(budget_gap_ms(STR("a"), 1, 2, 60, 240), budget_gap_ms(STR("a"), 1, 2, 60, 240));
    assert_int_not_equal(budget_gap_ms(STR("a"), 1, 2, 60, 240), budget_gap_ms(STR("b"), 1, 2, 60, 240));
    assert_int_not_equal(budget_gap_ms(STR("a"), 1, 2, 60, 240), budget_gap_ms(STR("a"), 2, 2, 60, 240));
    assert_int_not_equal(budget_gap_ms(STR("a"), 1, 2, 60, 240), budget_gap_ms(STR("a"), 1, 3, 60, 240));
    assert_int_equal(budget_gap_ms(STR("a"), 1, 2, 7, 7), 7000);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_days),
        cmocka_unit_test(test_budgets),
        cmocka_unit_test(test_next_is_the_first),
        cmocka_unit_test(test_gaps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
