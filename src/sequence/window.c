/* Days are walked on the wall clock of the zone: each window of a day is two local times,
 * which the zone turns into instants. That is right on days of 23 and 25 hours too. */
#include "sequence/window.h"

/* 1970-01-01 was a Thursday. */
static int weekday_of(int64_t day) {
    return (int) (((day + 3) % WEEK_DAYS + WEEK_DAYS) % WEEK_DAYS);
}

static int64_t day_of(int64_t local_ms) {
    return local_ms / DAY_MS - (local_ms % DAY_MS < 0);
}

static bool is_holiday(const struct calendar *c, int64_t day) {
    for (size_t i = 0; i < c->n_holidays; i++)
        if (c->holidays[i] == day)
            return true;
    return false;
}

static int64_t instant(const struct calendar *c, int64_t day, int minute) {
    return zone_utc_ms(c->zone, day * DAY_MS + minute * MINUTE_MS);
}

/* The earliest opening of that day that ends after `at_ms`. */
static bool opens_on(const struct calendar *c, int64_t day, int64_t at_ms,
                     struct opening *ret_opening) {
    bool found = false;
    if (is_holiday(c, day))
        return false;
    for (size_t i = 0; i < c->n_windows; i++) {
        const struct window *w = &c->windows[i];
        if (w->weekday != weekday_of(day))
            continue;
        struct opening o = { instant(c, day, w->from), instant(c, day, w->to) };
        o.from_ms = o.from_ms < at_ms ? at_ms : o.from_ms;
        if (o.from_ms < o.to_ms && (!found || o.from_ms < ret_opening->from_ms)) {
            *ret_opening = o;
            found = true;
        }
    }
    return found;
}

enum rc calendar_next(const struct calendar *calendar, int64_t at_ms,
                      struct opening *ret_opening) {
    int64_t today = day_of(zone_local_ms(calendar->zone, at_ms));
    struct opening o;
    /* From yesterday: its last window may end on a clock that was set back over midnight. */
    for (int64_t day = today - 1; day <= today + CALENDAR_HORIZON_DAYS; day++)
        if (opens_on(calendar, day, at_ms, &o)) {
            *ret_opening = o;
            return OK;
        }
    return E_NOT_FOUND;
}

enum rc calendars_next(const struct calendar *calendars, size_t n, int64_t at_ms,
                       struct opening *ret_opening) {
    int64_t at = at_ms, end = at_ms + CALENDAR_HORIZON_DAYS * DAY_MS;
    struct opening all = { at_ms, INT64_MAX };
    size_t agreed = 0;
    for (size_t i = 0; agreed < n && at < end; i = (i + 1) % n) {
        struct opening o;
        enum rc rc = calendar_next(&calendars[i], at, &o);
        if (rc != OK)
            return rc;
        bool later = o.from_ms > at;
        agreed = later ? 1 : agreed + 1;
        all.to_ms = later || o.to_ms < all.to_ms ? o.to_ms : all.to_ms;
        at = o.from_ms;
    }
    if (agreed < n)
        return E_NOT_FOUND;
    *ret_opening = (struct opening){ at, all.to_ms };
    return OK;
}

enum rc minute_parse(struct str text, int *ret_minute) {
    int digits[4], k = 0;
    if (text.n != 5 || text.p[2] != ':')
        return E_INVALID;
    for (size_t i = 0; i < text.n; i++) {
        if (i != 2 && !ascii_is_digit(text.p[i]))
            return E_INVALID;
        if (i != 2)
            digits[k++] = text.p[i] - '0';
    }
    int hours = digits[0] * 10 + digits[1], minutes = digits[2] * 10 + digits[3];
    if (minutes > 59 || hours * 60 + minutes > DAY_MINUTES)
        return E_INVALID;
    *ret_minute = hours * 60 + minutes;
    return OK;
}
