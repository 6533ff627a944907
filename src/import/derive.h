/* What follows from a row's own values: keys for matching, and what the title, the
 * number of employees or the revenue tell. Called before matching and again on the
 * merged row. Values that were given are kept: nothing derived replaces them. */
#ifndef IMPORT_DERIVE_H
#define IMPORT_DERIVE_H

#include "base/arena.h"
#include "store/people.h"

/* name_key, first and last name when only the whole is known (or the other way round),
 * title_key, seniority, departments, job_functions, location text. */
void derive_person(struct arena *arena, struct person *person);

/* Takes away what derive_company gives again, so that it does not stand in the way of what
 * an import says or of what follows from that. The name_key stays. */
void forget_derived(struct arena *arena, struct company *company);

/* name_key, a name when only the domain is known, size, estimated_revenue,
 * industry by SIC and NAICS codes, location text. */
void derive_company(struct arena *arena, struct company *company);

#endif
