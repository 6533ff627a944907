/* When something may be done: windows on the days of a week, holidays, a time zone. Pure
 * functions of their arguments; no clock, no database. */
#ifndef SEQUENCE_WINDOW_H
#define SEQUENCE_WINDOW_H

#include <stdint.h>

#include "base/field.h"
#include "data/zones.h"

enum { WEEK_DAYS = 7, DAY_MINUTES = 24 * 60 };

/* Open from the first minute until before the second, on the wall clock of the zone. */
struct window {
    int weekday;  /* 0 is Monday */
    int from, to; /* minutes since midnight, 0 <= from < to <= DAY_MINUTES */
};

struct calendar {
    const struct zone *zone;
    const struct window *windows; /* in any order; may overlap */
    size_t n_windows;
    const int64_t *holidays; /* days since 1970-01-01 on which nothing is open */
    size_t n_holidays;
};

struct opening {
    int64_t from_ms, to_ms; /* instants; open in [from, to) */
};

/* The first opening that ends after `at_ms`, cut to begin at `at_ms` or later. What a clock
 * that is set forward jumps over is not open; a window that begins in the gap begins behind
 * it. E_NOT_FOUND when nothing opens within CALENDAR_HORIZON_DAYS: the calendar is
 * impossible. */
MUST_USE enum rc calendar_next(const struct calendar *calendar, int64_t at_ms,
                               struct opening *ret_opening);

/* The first time at or after `at_ms` when all `n` calendars are open, with the end of it. */
MUST_USE enum rc calendars_next(const struct calendar *calendars, size_t n, int64_t at_ms,
                                struct opening *ret_opening);

/* More than a year, so that a window of one day in the year's busiest week of holidays is
 * still found. */
enum { CALENDAR_HORIZON_DAYS = 400 };

/* "09:30", "24:00" to minutes since midnight; E_INVALID otherwise. */
MUST_USE enum rc minute_parse(struct str text, int *ret_minute);

#endif
