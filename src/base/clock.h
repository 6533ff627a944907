/* Time. Code that decides by the time of day takes a struct clock, so that tests
 * can set it; deadlines use the monotonic clock directly.
 * Everything is UTC milliseconds since 1970-01-01. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/rc.h"
#include "base/str.h"

struct clock {
    int64_t (*now_ms)(const struct clock *clock);
};

/* The machine's real-time clock. */
extern const struct clock clock_system;

static inline int64_t clock_now(const struct clock *clock) {
    return clock->now_ms(clock);
}

/* Milliseconds and microseconds that never go back; only differences mean something. */
int64_t monotonic_ms(void);
int64_t monotonic_us(void);

/* ISO 8601 with `Z`: "2025-08-29T14:54:16Z"; with milliseconds: "…16.145Z".
 * Years 1 to 9999. */
struct str time_iso(struct arena *arena, int64_t ms);
struct str time_iso_ms(struct arena *arena, int64_t ms);

/* The same text without an arena, for writers of many times: writes at most
 * TIME_TEXT_MAX bytes, no NUL, and returns how many. */
enum { TIME_TEXT_MAX = 24 };
size_t time_text(int64_t ms, bool with_ms, char ret_text[TIME_TEXT_MAX]);

/* "2025-08-29", "2025-08-29T14:54:16Z", fractions and ±hh:mm offsets (RFC 3339,
 * section 5.6; a date alone means midnight UTC). E_INVALID otherwise. */
MUST_USE enum rc time_parse(struct str text, int64_t *ret_ms);

/* A day of the Gregorian calendar, and days since 1970-01-01. The month is 1 to 12; the day
 * may be beyond the month's end and counts on then. */
struct calendar_day {
    int64_t year;
    int month, day;
};
int64_t days_from_calendar(struct calendar_day date);
struct calendar_day calendar_from_days(int64_t days);

#define SECOND_MS ((int64_t) 1000)
#define MINUTE_MS (60 * SECOND_MS)
#define HOUR_MS   (60 * MINUTE_MS)
#define DAY_MS    (24 * HOUR_MS)

#endif
