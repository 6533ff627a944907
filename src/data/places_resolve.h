/* How well a reading of a place fits the tables; shared by parsing and searching. */
#ifndef DATA_PLACES_RESOLVE_H
#define DATA_PLACES_RESOLVE_H

#include "base/arena.h"
#include "data/places.h"

/* The parts of a place with their levels assigned; any may be absent. */
struct place_parts {
    struct str city, region, country;
};

/* The place that the parts name, and how sure that is: the sum of what the tables know,
 * 0 when they know none of it; negative when a part is not of its level. */
int place_resolve(struct arena *arena, const struct place_parts *parts, struct place *ret_place);

/* "Greater Boston Area" -> "Boston": the words that make a metropolitan area of a city. */
struct str place_core_name(struct arena *arena, struct str name);

#endif
