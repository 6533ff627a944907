/* Telephone numbers to E.164. Only country codes, prefixes and lengths are known
 * (phones.def), not which ranges are in use: whether a number is assigned is not asked.
 * Pure functions, any thread; results live in the arena. */
#ifndef DATA_PHONES_H
#define DATA_PHONES_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/rc.h"
#include "base/str.h"

struct phone {
    struct str number;     /* "+12022243441"; not international: cleaned, as it came */
    struct str extension;  /* digits; absent: none */
    bool is_international; /* number is E.164 */
};

/* "+49 (0)89 123-456", "0049 89 123456", "011 44 20 7946 0018", "(202) 224-3441 ext. 12",
 * "tel:+1-202-224-3441;ext=12". `country` (alpha-2, may be absent) says how to read a number
 * without country code. A number whose country is not known, or that has a wrong length for
 * it, is kept as it came. Of several numbers with commas or semicolons between them the
 * first counts. E_INVALID when it is no telephone number at all: letters, fewer than 4
 * digits or more than 20. */
MUST_USE enum rc phone_parse(struct arena *arena, struct str text, struct str country,
                             struct phone *ret_phone);

/* The API's word for what a number is: mobile, direct, office or landline. Of other words
 * the usual ones are understood, in either case; absent for the rest. */
struct str phone_type(struct str word);

#endif
