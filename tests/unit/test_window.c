/* Windows, holidays and clocks that change, with times that a person can check. */
#include "test.h"

#include "sequence/window.h"

static int64_t ms_of(const char *iso) {
    int64_t ms = 0;
    assert_int_equal(time_parse(str_of(iso), &ms), OK);
    return ms;
}

static struct zone *zone_of(const char *name) {
    struct zone *zone = NULL;
    assert_int_equal(zone_open(str_of(name), &zone), OK);
    return zone;
}

enum { MON, TUE, WED, THU, FRI, SAT, SUN };

/* 2026-03-29 and 2026-10-25 are Sundays on which Europe's clocks change, at 01:00 UTC. */
static const struct {
    const char *zone;
    struct window windows[2]; /* an empty one ends them */
    const char *at, *from, *to; /* NULL: never opens */
} cases[] = {
    { "UTC", { { MON, 540, 1020 } }, "2026-03-02T10:00:00Z", "2026-03-02T10:00:00Z", "2026-03-02T17:00:00Z" },
    { "UTC", { { MON, 540, 1020 } }, "2026-03-02T08:00:00Z", "2026-03-02T09:00:00Z", "2026-03-02T17:00:00Z" },
    { "UTC", { { MON, 540, 1020 } }, "2026-03-02T17:00:00Z", "2026-03-09T09:00:00Z", "2026-03-09T17:00:00Z" },
    { "UTC", { { MON, 540, 1020 } }, "2026-03-02T16:59:59.999Z", "2026-03-02T16:59:59.999Z", "2026-03-02T17:00:00Z" },
    { "UTC", { { TUE, 540, 600 }, { MON, 0, 1440 } }, "2026-03-02T00:00:00Z", "2026-03-02T00:00:00Z", "2026-03-03T00:00:00Z" },
    { "America/New_York", { { FRI, 540, 1020 } }, "2026-01-02T20:00:00Z", "2026-01-02T20:00:00Z", "2026-01-02T22:00:00Z" },
    { "America/New_York", { { FRI, 540, 1020 } }, "2026-07-03T08:00:00Z", "2026-07-03T13:00:00Z", "2026-07-03T21:00:00Z" },
    /* 02:30 does not exist on that day: it becomes 03:00. */
    { "Europe/Berlin", { { SUN, 150, 240 } }, "2026-03-28T12:00:00Z", "2026-03-29T01:00:00Z", "2026-03-29T02:00:00Z" },
    /* All of it is jumped over. */
    { "Europe/Berlin", { { SUN, 120, 180 } }, "2026-03-28T12:00:00Z", "2026-04-05T00:00:00Z", "2026-04-05T01:00:00Z" },
    /* Begins with the first 02:30, ends with 03:30, which there is only one of. */
    { "Europe/Berlin", { { SUN, 150, 210 } }, "2026-10-24T12:00:00Z", "2026-10-25T00:30:00Z", "2026-10-25T02:30:00Z" },
    /* A day that never was: Samoa went over the date line on 2011-12-30, a Friday. */
    { "Pacific/Apia", { { FRI, 540, 1020 } }, "2011-12-30T12:00:00Z", "2012-01-05T19:00:00Z", "2012-01-06T03:00:00Z" },
    { "UTC", { { 0, 0, 0 } }, "2026-03-02T10:00:00Z", NULL, NULL },
};

static size_t count(const struct window *windows) {
    size_t n = 0;
    while (n < 2 && windows[n].to > 0)
        n++;
    return n;
}

static void test_next(void **state) {
    (void) state;
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct zone *zone = zone_of(cases[i].zone);
        struct calendar c = { zone, cases[i].windows, count(cases[i].windows), NULL, 0 };
        struct opening o = { 0, 0 };
        enum rc rc = calendar_next(&c, ms_of(cases[i].at), &o);
        bool right = cases[i].from ? rc == OK && o.from_ms == ms_of(cases[i].from)
                                         && o.to_ms == ms_of(cases[i].to)
                                   : rc == E_NOT_FOUND;
        if (!right)
            fail_case("%s after %s: got %s %lld %lld", cases[i].zone, cases[i].at, rc_name(rc),
                      (long long) o.from_ms, (long long) o.to_ms);
        zone_close(&zone);
        assert_null(zone);
    }
}

static int64_t day_of(const char *date) {
    return ms_of(date) / DAY_MS;
}

static void test_holidays(void **state) {
    (void) state;
    struct zone *zone = zone_of("Asia/Tokyo");
    const struct window windows[] = { { MON, 540, 1020 }, { WED, 540, 1020 } };
    const int64_t holidays[] = { day_of("2026-03-04"), day_of("2026-03-02"), day_of("2026-03-09") };
    struct calendar c = { zone, windows, 2, holidays, 3 };
    struct opening o;
    assert_int_equal(calendar_next(&c, ms_of("2026-03-01T12:00:00Z"), &o), OK);
    assert_int_equal(o.from_ms, ms_of("2026-03-11T00:00:00Z")); /* Wednesday, 09:00 in Tokyo */
    zone_close(&zone);
}

/* All days of the horizon are holidays. */
static void test_impossible(void **state) {
    (void) state;
    struct zone *zone = zone_of("Europe/Lisbon");
    const struct window window = { MON, 540, 1020 };
    int64_t holidays[CALENDAR_HORIZON_DAYS + 8];
    for (size_t i = 0; i < LENGTH(holidays); i++)
        holidays[i] = day_of("2026-03-01") - 3 + (int64_t) i;
    struct calendar c = { zone, &window, 1, holidays, LENGTH(holidays) };
    struct opening o;
    assert_int_equal(calendar_next(&c, ms_of("2026-03-01"), &o), E_NOT_FOUND);
    c.n_holidays = 300;
    assert_int_equal(calendar_next(&c, ms_of("2026-03-01"), &o), OK);
    zone_close(&zone);
}

static void test_both(void **state) {
    (void) state;
    struct zone *lisbon = zone_of("Europe/Lisbon"), *auckland = zone_of("Pacific/Auckland");
    const struct window day[] = { { MON, 540, 1020 } }, night[] = { { MON, 1200, 1440 } };
    const struct window early[] = { { TUE, 0, 360 } };
    struct calendar meet[] = { { lisbon, day, 1, NULL, 0 }, { auckland, night, 1, NULL, 0 } };
    struct calendar never[] = { { lisbon, day, 1, NULL, 0 }, { auckland, early, 0, NULL, 0 } };
    struct opening o;
    /* 20:00 to 24:00 in Auckland is 07:00 to 11:00 UTC in July, when it is one hour later in
     * Lisbon. */
    assert_int_equal(calendars_next(meet, 2, ms_of("2026-07-06T00:00:00Z"), &o), OK);
    assert_int_equal(o.from_ms, ms_of("2026-07-06T08:00:00Z"));
    assert_int_equal(o.to_ms, ms_of("2026-07-06T12:00:00Z"));
    assert_int_equal(calendars_next(meet, 1, ms_of("2026-07-06T00:00:00Z"), &o), OK);
    assert_int_equal(o.to_ms, ms_of("2026-07-06T16:00:00Z"));
    assert_int_equal(calendars_next(never, 2, ms_of("2026-07-06T00:00:00Z"), &o), E_NOT_FOUND);
    /* Each opens, but never together: the night in Auckland's Tuesday is Lisbon's Monday
     * afternoon, its Monday is not. */
    const struct window monday_night[] = { { MON, 0, 360 } };
    struct calendar apart[] = { { lisbon, day, 1, NULL, 0 }, { auckland, monday_night, 1, NULL, 0 } };
    assert_int_equal(calendars_next(apart, 2, ms_of("2026-07-06T00:00:00Z"), &o), E_NOT_FOUND);
    zone_close(&lisbon);
    zone_close(&auckland);
}

static void test_minutes(void **state) {
    (void) state;
    static const struct {
        const char *text;
        int minute; /* -1: refused */
    } texts[] = { { "00:00", 0 },  { "09:30", 570 }, { "23:59", 1439 }, { "24:00", 1440 },
                  { "24:01", -1 }, { "12:60", -1 },  { "9:30", -1 },    { "09:3", -1 },
                  { "", -1 },      { "-1:00", -1 },  { "09-30", -1 },   { "09:300", -1 } };
    for (size_t i = 0; i < LENGTH(texts); i++) {
        int minute = -1;
        enum rc rc = minute_parse(str_of(texts[i].text), &minute);
        if (minute != texts[i].minute || (rc == OK) != (texts[i].minute >= 0))
            fail_case("%s: got %s %d", texts[i].text, rc_name(rc), minute);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_next),  cmocka_unit_test(test_holidays), cmocka_unit_test(test_impossible),
        cmocka_unit_test(test_both),  cmocka_unit_test(test_minutes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
