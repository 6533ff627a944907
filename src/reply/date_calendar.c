#include "reply/date_calendar.h"

int64_t day_of(int64_t year, int month, int day) {
    return days_from_calendar((struct calendar_day){ year, month, day });
}

int weekday_of_day(int64_t day) {
    return (int) (((day + 3) % 7 + 7) % 7) + 1; /* 1970-01-01 was a Thursday */
}

int days_in_month(int64_t year, int month) {
    return (int) (month == 12 ? 31 : day_of(year, month + 1, 1) - day_of(year, month, 1));
}

int64_t add_months(int64_t day, int months) {
    struct calendar_day date = calendar_from_days(day);
    int64_t count = date.year * 12 + date.month - 1 + months;
    int64_t year = count / 12;
    int month = (int) (count % 12) + 1, last = days_in_month(year, month);
    return day_of(year, month, date.day < last ? date.day : last);
}

/* Months of the units that are made of months, else 0. */
static int months_of(enum date_unit unit) {
    static const int months[] = { [UNIT_MONTH] = 1, [UNIT_QUARTER] = 3, [UNIT_HALF] = 6, [UNIT_YEAR] = 12 };
    return months[unit];
}

int64_t unit_start(int64_t day, enum date_unit unit) {
    if (unit == UNIT_DAY)
        return day;
    if (unit == UNIT_WEEK)
        return day - weekday_of_day(day) + 1;
    if (unit == UNIT_WEEKEND)
        return day - weekday_of_day(day) + 6;
    struct calendar_day date = calendar_from_days(day);
    return day_of(date.year, (date.month - 1) / months_of(unit) * months_of(unit) + 1, 1);
}

int64_t unit_after(int64_t day, enum date_unit unit, int n) {
    int64_t start = unit_start(day, unit);
    int months = months_of(unit);
    return months ? add_months(start, n * months) : start + n * (unit == UNIT_DAY ? 1 : 7);
}

int64_t iso_week(int64_t year, int week) {
    /* January 4th is always in the first week (ISO 8601, 2.2.10). */
    return unit_start(day_of(year, 1, 4), UNIT_WEEK) + 7 * (week - 1);
}

/* Gregorian Easter by the algorithm of Meeus, Jones and Butcher. */
static int64_t easter_of(int64_t year) {
    int64_t a = year % 19, b = year / 100, c = year % 100;
    int64_t h = (19 * a + b - b / 4 - (b - (b + 8) / 25 + 1) / 3 + 15) % 30;
    int64_t l = (32 + 2 * (b % 4) + 2 * (c / 4) - h - c % 4) % 7;
    int64_t m = (a + 11 * h + 22 * l) / 451;
    int64_t days = h + l - 7 * m + 114;
    return day_of(year, (int) (days / 31), (int) (days % 31) + 1);
}

int64_t holiday_of(int64_t year, enum date_holiday holiday) {
    switch (holiday) {
    case CHRISTMAS:
        return day_of(year, 12, 25);
    case NEW_YEAR:
        return day_of(year, 1, 1);
    case EPIPHANY:
        return day_of(year, 1, 6);
    case EASTER:
        return easter_of(year);
    case PENTECOST:
        return easter_of(year) + 49;
    case THANKSGIVING:
        break;
    }
    int64_t first = day_of(year, 11, 1);
    return first + (4 - weekday_of_day(first) + 7) % 7 + 21; /* the fourth Thursday */
}
