#include "data/places_index.h"

#include <pthread.h>

#include "base/arena.h"
#include "base/check.h"
#include "base/map.h"
#include "data/text.h"

static const struct country_row countries[] = {
#define COUNTRY(alpha2, alpha3, name, others) { STR(alpha2), STR(alpha3), STR(name), STR(others) },
#include "data/countries.def"
#undef COUNTRY
};

static const struct region_row regions[] = {
#define REGION(country, name, code, others) { STR(country), STR(name), STR(code), STR(others) },
#include "data/regions.def"
#undef REGION
};

static const struct city_row cities[] = {
#define CITY(name, region, country, others) \
    { STR(name), STR(region), STR(country), STR(others), false },
#define CITY_SHARED(name, region, country, others) \
    { STR(name), STR(region), STR(country), STR(others), true },
#include "data/cities.def"
#undef CITY
#undef CITY_SHARED
};

/* Lives as long as the process. */
static struct {
    struct arena *arena;
    struct map country_names, country_codes; /* -> struct country_row */
    struct map regions, cities;              /* -> struct place_match */
} tables;

/* The first name wins: rows are in the order of their codes, and no two countries share
 * a name (test_places.c). */
static void add_country(struct map *map, struct str name, const struct country_row *row) {
    struct str key = text_fold(tables.arena, name);
    if (key.n && !map_get(map, key))
        (void) map_put(map, key, (void *) (uintptr_t) row);
}

/* Behind the matches that are there, so that the order of the table counts. */
static void add_match(struct map *map, struct str name, struct place_match match) {
    struct str key = text_fold(tables.arena, name);
    if (!key.n)
        return;
    struct place_match *added = ARENA_NEW(tables.arena, struct place_match);
    *added = match;
    struct place_match *last = map_get(map, key);
    if (!last) {
        (void) map_put(map, key, added);
        return;
    }
    while (last->next && last->row != match.row)
        last = (struct place_match *) (uintptr_t) last->next;
    if (last->row != match.row)
        last->next = added;
}

static void build_countries(void) {
    tables.country_names = map_in(tables.arena);
    tables.country_codes = map_in(tables.arena);
    for (size_t i = 0; i < LENGTH(countries); i++) {
        const struct country_row *row = &countries[i];
        add_country(&tables.country_codes, row->alpha2, row);
        add_country(&tables.country_names, row->name, row);
        struct str others = row->others;
        for (struct str name; str_cut(&others, '|', &name);)
            add_country(&tables.country_names, name, row);
    }
    for (size_t i = 0; i < LENGTH(countries); i++) /* behind all names */
        add_country(&tables.country_names, countries[i].alpha3, &countries[i]);
}

static void build_regions(void) {
    tables.regions = map_in(tables.arena);
    for (size_t i = 0; i < LENGTH(regions); i++) {
        const struct region_row *row = &regions[i];
        add_match(&tables.regions, row->name, (struct place_match){ .row = row });
        struct str others = row->others;
        for (struct str name; str_cut(&others, '|', &name);)
            add_match(&tables.regions, name, (struct place_match){ .row = row });
        add_match(&tables.regions, row->code, (struct place_match){ .row = row, .is_code = true });
    }
}

static void build_cities(void) {
    tables.cities = map_in(tables.arena);
    for (size_t i = 0; i < LENGTH(cities); i++) {
        const struct city_row *row = &cities[i];
        add_match(&tables.cities, row->name,
                  (struct place_match){ .row = row, .is_certain = !row->shared });
        struct str others = row->others;
        for (struct str name; str_cut(&others, '|', &name);)
            add_match(&tables.cities, name,
                      (struct place_match){ .row = row, .is_certain = true });
    }
}

static void build(void) {
    tables.arena = arena_new();
    build_countries();
    build_regions();
    build_cities();
}

static void prepare(void) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    ASSERT(pthread_once(&once, build) == 0);
}

const struct country_row *country_by_name(struct str folded) {
    prepare();
    return map_get(&tables.country_names, folded);
}

const struct country_row *country_by_alpha2(struct str folded) {
    prepare();
    return map_get(&tables.country_codes, folded);
}

const struct place_match *regions_by_name(struct str folded) {
    prepare();
    return map_get(&tables.regions, folded);
}

const struct place_match *cities_by_name(struct str folded) {
    prepare();
    return map_get(&tables.cities, folded);
}

const struct region_row *region_of_city(const struct city_row *city) {
    if (!city->region.n)
        return NULL;
    for (size_t i = 0; i < LENGTH(regions); i++)
        if (str_eq(regions[i].name, city->region) && str_eq(regions[i].country, city->country))
            return &regions[i];
    return NULL;
}
