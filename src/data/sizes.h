/* Numbers as people write them: counts, amounts of money, sizes of companies.
 * Pure functions, any thread. */
#ifndef DATA_SIZES_H
#define DATA_SIZES_H

#include <stdint.h>

#include "base/arena.h"
#include "base/rc.h"
#include "base/str.h"

/* A whole number that is not negative: "1,234", "1.234", "1 234", "1'234", "5K", "1.2 Mio",
 * "~500", "500+", with or without a unit that is passed over ("500 employees"). A separator
 * with three digits behind it parts thousands, unless a word for a power of ten follows and
 * it is a point ("1.234 million"). E_INVALID for ranges and everything else. */
MUST_USE enum rc count_parse(struct arena *arena, struct str text, int64_t *ret_count);

/* The same for money, in whole units of its currency, which is not given back: "$1.2M",
 * "10 million", "1,5 Mrd. €", "USD 5bn", "R$ 10 milhões", "2 crore". E_INVALID for ranges
 * ("$1M-$10M"), negative amounts and words that are no money. */
MUST_USE enum rc money_parse(struct arena *arena, struct str text, int64_t *ret_amount);

/* The API's band ("51-200 employees", data/enums.h) of a number of employees; absent for 0
 * and below. */
struct str company_size_of(int64_t employees);

/* The band that a text means: a band in any spelling ("51 - 200", "51 to 200 employees",
 * "10,001+", "5K-10K", ">10000", "Self-employed") or a number. Absent when a range does not
 * lie within one band. */
struct str company_size_parse(struct arena *arena, struct str text);

#endif
