/* How much a mailbox may send, and when next. Pure functions of settings, what was sent, and
 * an instant; the mailbox's day is that of its time zone, with 23 or 25 hours where the clock
 * is set. */
#ifndef SEQUENCE_BUDGET_H
#define SEQUENCE_BUDGET_H

#include <stdint.h>

#include "data/zones.h"

/* What bounds a day; all in messages. */
struct budget_limits {
    int64_t daily;       /* what people set */
    int64_t provider;    /* what the provider takes; 0: not known */
    int64_t ramp_start;  /* on the first day of the ramp-up; 0: no ramp */
    int64_t ramp_step;   /* more on each day after it */
    int64_t ramp_since;  /* instant of the first day; before it nothing is sent */
    int64_t throttled_until_ms; /* the provider wants less until then; 0: does not */
};

/* The mailbox's own day: instants [from, to). */
struct budget_day {
    int64_t number; /* days since 1970-01-01 as the calendar there shows it */
    int64_t from_ms, to_ms;
};
struct budget_day budget_day(const struct zone *zone, int64_t at_ms);

/* The limit of the day of `at_ms`: the smallest of all. */
int64_t budget_limit(const struct budget_limits *limits, const struct zone *zone, int64_t at_ms);

/* What is left of it: `sent` counts everything that the mailbox sent since the day's from_ms.
 * Nothing while it is throttled. */
int64_t budget_left(const struct budget_limits *limits, const struct zone *zone, int64_t at_ms,
                    int64_t sent);

/* When there is something left again: `at_ms` itself when there is now, the end of the
 * throttling, or the beginning of the first day with a limit; INT64_MAX when there is none
 * (a limit of 0). */
int64_t budget_next(const struct budget_limits *limits, const struct zone *zone, int64_t at_ms,
                    int64_t sent);

/* The gap to keep after the message number `n` of the day `day`: between the two, drawn once
 * for all (the same arguments give the same gap), evenly. `mailbox` is its id. */
int64_t budget_gap_ms(struct str mailbox, int64_t day, int64_t n, int64_t min_s, int64_t max_s);

#endif
