/* How fast the days of sequences pass: sequence.clock_scale times as fast as real ones, for
 * tests. Everything that is stored and shown is real time. What people write of days and
 * hours (delays, windows, holidays, budgets, gaps, retries) is judged on another clock, that
 * of the calendars, which ran with the real one until the installation's first account was
 * made and runs faster since. With a scale of 1, and without services, both are the same. */
#ifndef SEQUENCE_PACE_H
#define SEQUENCE_PACE_H

#include "base/ctx.h"

/* How long a delay lasts: milliseconds as people mean them to real ones. */
int64_t pace_span(const struct ctx *ctx, int64_t ms);

/* What the calendars show at a real instant: for window.h and budget.h. */
int64_t pace_calendar(const struct ctx *ctx, int64_t at_ms);

/* The first real instant at which the calendars show that, or later. INT64_MAX, never, stays. */
int64_t pace_instant(const struct ctx *ctx, int64_t calendar_ms);

#endif
