/* Years, dates and truth as people write them. Pure functions, any thread. */
#ifndef DATA_DATES_H
#define DATA_DATES_H

#include <stdint.h>

#include "base/arena.h"
#include "base/field.h"
#include "base/rc.h"
#include "base/str.h"

/* The first number of exactly four digits, 1000 to 2100: "1902", "2013 (1888)", "founded in
 * 1999", "1999-05-01". E_INVALID when there is none. */
MUST_USE enum rc year_parse(struct str text, int64_t *ret_year);

/* To ISO 8601, as exact as it came: "2015-06-30", "2015-06" or "2015". Accepts ISO dates and
 * times, "30.06.2015", "06/30/2015" and "30/06/2015" where only one reading is possible,
 * "Jun 2015", "June 30, 2015", "30. Juni 2015", months in English, German, French, Spanish
 * and Portuguese. E_INVALID otherwise, also for days that do not exist and for "03/04/2015",
 * which can be March or April. */
MUST_USE enum rc date_parse(struct arena *arena, struct str text, struct str *ret_date);

/* yes, true, 1, x, ja, oui, sí, sim … and their opposites; UNSET for anything else. */
enum tri bool_parse(struct arena *arena, struct str text);

#endif
