/* Places as people write them, to city, region and country. A region is the level below
 * the country: state, province, Land. What is known comes out in its one English form
 * ("München, Bayern" -> Munich, Bavaria, DE); what is not known stays as it came, and
 * nothing is filled in that does not follow for certain.
 *
 * Pure functions, any thread; results live in the arena or are static. The tables are
 * countries.def, regions.def and cities.def. */
#ifndef DATA_PLACES_H
#define DATA_PLACES_H

#include "base/arena.h"
#include "base/field.h"
#include "base/str.h"

/* Absent: not known. */
struct place {
    struct str city;
    struct str region;       /* full name: "Washington", not "WA" */
    struct str country;      /* ISO 3166-1 alpha-2 in capitals; XK for Kosovo */
    struct str country_name; /* "United States"; set without `country` when it is no
                                country that we know */
};

/* One text, the smallest part first: "Saint Paul, Minnesota", "Berlin, DE", "SF Bay Area".
 * The other order ("Germany, Berlin") is understood when only that makes sense. Of several
 * places with semicolons between them the first counts. Texts that say that there is no
 * place ("none", "Remote") give an empty place. */
void place_parse(struct arena *arena, struct str text, struct place *ret_place);

/* The same from separate columns; any may be absent. "WA" is Washington, or Western
 * Australia when the city or country says so. */
void place_parse_cells(struct arena *arena, struct str city, struct str region,
                       struct str country, struct place *ret_place);

/* "San Francisco, California, United States"; absent when nothing is known. */
struct str place_text(struct arena *arena, const struct place *place);

/* What a search for `text` can mean, each reading a struct place of *readings whose set
 * members must all match: "Minnesota" is a region of US; "Paris" a city; "Georgia" a
 * region of US or a country. A place that is not known is a city of that name. Empty for
 * an empty text. */
void place_parse_query(struct arena *arena, struct str text, struct list *readings);

/* English name of an alpha-2 code in capitals, or absent. */
struct str country_name(struct str alpha2);

/* Alpha-2 code of a country's name in any of its forms, or of an alpha-2 or alpha-3 code
 * in either case; absent when it is none. */
struct str country_code(struct arena *arena, struct str text);

#endif
