/* Calendar arithmetic on the proleptic Gregorian calendar. Years are counted from
 * March, so that the leap day is the last of the year and a month's first day
 * is a linear expression. */
#include "base/clock.h"

#include <time.h>

static int64_t read_clock_us(clockid_t id) {
    struct timespec t;
    (void) clock_gettime(id, &t); /* cannot fail for these two clocks */
    return (int64_t) t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static int64_t system_now(const struct clock *clock) {
    (void) clock;
    return read_clock_us(CLOCK_REALTIME) / 1000;
}

const struct clock clock_system = { system_now };

int64_t monotonic_us(void) {
    return read_clock_us(CLOCK_MONOTONIC);
}

int64_t monotonic_ms(void) {
    return monotonic_us() / 1000;
}

int64_t days_from_calendar(struct calendar_day d) {
    int64_t y = d.month <= 2 ? d.year - 1 : d.year;
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t year_of_era = y - era * 400;
    int64_t month_from_march = (d.month + 9) % 12;
    int64_t day_of_year = (153 * month_from_march + 2) / 5 + d.day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468;
}

struct calendar_day calendar_from_days(int64_t days) {
    days += 719468;
    int64_t era = (days >= 0 ? days : days - 146096) / 146097;
    int64_t day_of_era = days - era * 146097;
    int64_t year_of_era
        = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t month_from_march = (5 * day_of_year + 2) / 153;
    struct calendar_day d;
    d.day = (int) (day_of_year - (153 * month_from_march + 2) / 5 + 1);
    d.month = (int) (month_from_march < 10 ? month_from_march + 3 : month_from_march - 9);
    d.year = year_of_era + era * 400 + (d.month <= 2);
    return d;
}

/* Digits by hand: answers hold hundreds of times, and printf costs more than all else
 * in writing one. Returns the place behind the last digit. */
static char *put_number(char *at, int64_t value, int digits) {
    for (int i = digits - 1; i >= 0; i--, value /= 10)
        at[i] = (char) ('0' + value % 10);
    return at + digits;
}

static char *put_part(char *at, int64_t value, int digits, char behind) {
    at = put_number(at, value, digits);
    *at = behind;
    return at + 1;
}

size_t time_text(int64_t ms, bool with_ms, char ret_text[TIME_TEXT_MAX]) {
    int64_t days = ms / DAY_MS - (ms % DAY_MS < 0);
    int64_t rest = ms - days * DAY_MS;
    struct calendar_day d = calendar_from_days(days);
    char *at = put_part(ret_text, d.year, 4, '-');
    at = put_part(at, d.month, 2, '-');
    at = put_part(at, d.day, 2, 'T');
    at = put_part(at, rest / HOUR_MS, 2, ':');
    at = put_part(at, rest / MINUTE_MS % 60, 2, ':');
    at = put_part(at, rest / SECOND_MS % 60, 2, with_ms ? '.' : 'Z');
    if (with_ms)
        at = put_part(at, rest % 1000, 3, 'Z');
    return (size_t) (at - ret_text);
}

static struct str format_time(struct arena *arena, int64_t ms, bool with_ms) {
    char text[TIME_TEXT_MAX];
    size_t n = time_text(ms, with_ms, text);
    return arena_str(arena, (struct str){ text, n });
}

struct str time_iso(struct arena *arena, int64_t ms) {
    return format_time(arena, ms, false);
}

struct str time_iso_ms(struct arena *arena, int64_t ms) {
    return format_time(arena, ms, true);
}

/* Consumes exactly `digits` digits. */
static bool take_number(struct str *s, size_t digits, int *ret_value) {
    if (s->n < digits)
        return false;
    int value = 0;
    for (size_t i = 0; i < digits; i++) {
        if (!ascii_is_digit(s->p[i]))
            return false;
        value = value * 10 + (s->p[i] - '0');
    }
    *s = str_sub(*s, digits, s->n);
    *ret_value = value;
    return true;
}

static bool take_char(struct str *s, char c) {
    if (s->n == 0 || s->p[0] != c)
        return false;
    *s = str_sub(*s, 1, s->n);
    return true;
}

static bool take_date(struct str *s, struct calendar_day *ret_date) {
    static const int month_days[] = { 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    int year, month, day;
    if (!take_number(s, 4, &year) || !take_char(s, '-') || !take_number(s, 2, &month)
        || !take_char(s, '-') || !take_number(s, 2, &day))
        return false;
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    if (year < 1 || month < 1 || month > 12 || day < 1 || day > month_days[month - 1]
        || (month == 2 && day == 29 && !leap))
        return false;
    *ret_date = (struct calendar_day){ year, month, day };
    return true;
}

/* A fraction of any length, kept to milliseconds. */
static bool take_fraction(struct str *s, int64_t *ret_ms) {
    *ret_ms = 0;
    if (!take_char(s, '.'))
        return true;
    int64_t unit = 100;
    size_t n = 0;
    for (; n < s->n && ascii_is_digit(s->p[n]); n++, unit /= 10)
        *ret_ms += (s->p[n] - '0') * unit;
    *s = str_sub(*s, n, s->n);
    return n > 0;
}

static bool take_offset(struct str *s, int64_t *ret_ms) {
    *ret_ms = 0;
    if (take_char(s, 'Z') || take_char(s, 'z'))
        return true;
    int64_t sign = take_char(s, '-') ? -1 : 1;
    if (sign == 1 && !take_char(s, '+'))
        return false;
    int hour, minute;
    if (!take_number(s, 2, &hour) || !take_char(s, ':') || !take_number(s, 2, &minute)
        || hour > 23 || minute > 59)
        return false;
    *ret_ms = sign * (hour * HOUR_MS + minute * MINUTE_MS);
    return true;
}

static bool take_time_of_day(struct str *s, int64_t *ret_ms) {
    int hour, minute, second;
    int64_t fraction;
    if (!take_number(s, 2, &hour) || !take_char(s, ':') || !take_number(s, 2, &minute)
        || !take_char(s, ':') || !take_number(s, 2, &second) || !take_fraction(s, &fraction))
        return false;
    if (hour > 23 || minute > 59 || second > 60) /* 60: a leap second */
        return false;
    *ret_ms = hour * HOUR_MS + minute * MINUTE_MS + second * SECOND_MS + fraction;
    return true;
}

enum rc time_parse(struct str text, int64_t *ret_ms) {
    struct calendar_day date;
    int64_t of_day = 0, offset = 0;
    if (!take_date(&text, &date))
        return E_INVALID;
    if (text.n) {
        if (!take_char(&text, 'T') && !take_char(&text, 't') && !take_char(&text, ' '))
            return E_INVALID;
        if (!take_time_of_day(&text, &of_day) || !take_offset(&text, &offset) || text.n)
            return E_INVALID;
    }
    *ret_ms = days_from_calendar(date) * DAY_MS + of_day - offset;
    return OK;
}
