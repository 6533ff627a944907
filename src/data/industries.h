/* Industries under other names to the API's list (enum_industries, data/enums.h).
 * Pure functions, any thread; results are static. */
#ifndef DATA_INDUSTRIES_H
#define DATA_INDUSTRIES_H

#include "base/arena.h"
#include "base/str.h"

/* The API's name, in any case and spelling, a GICS name ("Application Software"), one of
 * LinkedIn's former names ("Computer Software"), or a common word ("Maschinenbau"). Of
 * several with semicolons between them the first that is known. Absent when none is: the
 * caller keeps the text as extra data. */
struct str industry_parse(struct arena *arena, struct str text);

/* By a code of the Standard Industrial Classification or of NAICS; longer codes than the
 * tables have fall under their beginning ("7372" is under "737"), text behind the code is
 * passed over ("7372 - Prepackaged software"). Absent for codes that are not known. */
struct str industry_of_sic(struct str code);
struct str industry_of_naics(struct str code);

#endif
