/* Time zones by their IANA names, over the system's time zone data (package tzdata), read
 * by GLib. Local time is a number like an instant: milliseconds since 1970-01-01 00:00 as
 * the clock on the wall there shows it.
 *
 * Right to the end of 2036. Debian's tables end with 2037, and GLib 2.74 reads the rules
 * behind them wrongly where summer time is the standard (Europe/Dublin).
 *
 * Life cycle: zone_open, zone_close. Thread rule: a zone is immutable and may be shared. */
#ifndef DATA_ZONES_H
#define DATA_ZONES_H

#include <stdbool.h>

#include "base/clock.h"
#include "base/rc.h"
#include "base/str.h"

struct zone;

enum { ZONE_NAME_MAX_BYTES = 64 };

/* "Europe/Lisbon", "UTC". E_NOT_FOUND for anything else, also for the forms that a TZ
 * variable may have besides ("EST5EDT", "+02:00", a file). */
MUST_USE enum rc zone_open(struct str name, struct zone **ret_zone);
/* Nulls it; accepts NULL. */
void zone_close(struct zone **zone);

bool zone_exists(struct str name);

/* What the clock shows there at an instant. */
int64_t zone_local_ms(const struct zone *zone, int64_t utc_ms);

/* The instant at which the clock shows this: the first of two when it is set back, and
 * the end of the gap when it is set forward over it (02:30 becomes 03:00). */
int64_t zone_utc_ms(const struct zone *zone, int64_t local_ms);

#endif
