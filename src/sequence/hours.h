/* Calendars (sequence/window.h) from what is stored: windows as texts, holidays as dates. */
#ifndef SEQUENCE_HOURS_H
#define SEQUENCE_HOURS_H

#include "base/arena.h"
#include "sequence/window.h"
#include "store/mailbox_settings.h"

/* E_INVALID when it is not a day with two times, the first before the second. */
MUST_USE enum rc window_of_hours(const struct working_hours *hours, struct window *ret_window);

/* "2025-12-25" as days since 1970-01-01; E_INVALID otherwise. */
MUST_USE enum rc day_of_date(struct str date, int64_t *ret_day);

/* What is stored has been judged: what still does not fit is left out. `hours` is a list of
 * struct working_hours; an empty one is open at any time. The zone stays the caller's; the
 * rest is on the arena. */
struct calendar calendar_of(struct arena *arena, const struct zone *zone, struct list hours,
                            struct strs holidays);

#endif
