/* Days, months and feasts of the Gregorian calendar, in days since 1970-01-01. Pure. */
#ifndef REPLY_DATE_CALENDAR_H
#define REPLY_DATE_CALENDAR_H

#include "base/clock.h"
#include "reply/date_text.h"

int64_t day_of(int64_t year, int month, int day);
/* 1 to 7, Monday is 1. */
int weekday_of_day(int64_t day);
int days_in_month(int64_t year, int month);
/* `months` later, the same day or the last one of a shorter month. */
int64_t add_months(int64_t day, int months);
/* The first day of the unit of which `day` is one, of a week its Monday. */
int64_t unit_start(int64_t day, enum date_unit unit);
/* The first day of the n-th unit after that one. */
int64_t unit_after(int64_t day, enum date_unit unit, int n);
/* The Monday of an ISO 8601 week. */
int64_t iso_week(int64_t year, int week);
int64_t holiday_of(int64_t year, enum date_holiday holiday);

#endif
