/* The tables of places, found by folded name. Built at first use, then immutable. */
#ifndef DATA_PLACES_INDEX_H
#define DATA_PLACES_INDEX_H

#include <stdbool.h>

#include "base/str.h"

struct country_row {
    struct str alpha2, alpha3, name, others; /* others: '|' between them */
};

struct region_row {
    struct str country, name, code, others;
};

struct city_row {
    struct str name, region, country, others;
    bool shared; /* the name alone does not say which place is meant */
};

/* Several rows can have one name. */
struct place_match {
    const void *row;
    bool is_code;    /* found by its code */
    bool is_certain; /* cities: no other place is called so */
    const struct place_match *next;
};

/* All of these take a text that was folded (data/text.h) and return NULL for none. */
const struct country_row *country_by_name(struct str folded); /* also alpha-3 */
const struct country_row *country_by_alpha2(struct str folded);
const struct place_match *regions_by_name(struct str folded); /* also codes */
const struct place_match *cities_by_name(struct str folded);

/* Of a city's region, which may be empty. */
const struct region_row *region_of_city(const struct city_row *city);

#endif
