/* The levels decide together: the country narrows the regions, the city chooses between
 * regions of one name or code, and region and country choose between cities of one name.
 * The points were chosen so that what every reader understands wins:
 *
 *   country by name 10, by code 8          region by name 6, by code 5
 *   a region implies its country: 5 for the countries whose states are commonly written
 *   without it, else 3
 *   city 7, or 5 when the name is shared   (more than a region, because "Berlin, Germany"
 *   is the city; less for "New York, US", which can be either, and the state is sure) */
#include "data/places_resolve.h"

#include "base/check.h"
#include "data/places_index.h"
#include "data/text.h"

enum {
    COUNTRY_BY_NAME = 10,
    COUNTRY_BY_CODE = 8,
    REGION_BY_NAME = 6,
    REGION_BY_CODE = 5,
    IMPLIES_USUAL_COUNTRY = 5,
    IMPLIES_COUNTRY = 3,
    CITY_CERTAIN = 7,
    CITY_SHARED = 5,
    NOT_ITS_LEVEL = -100,
};

static const struct str usual_countries[] = { STR("US"), STR("CA"), STR("AU") };

static bool is_usual(struct str country) {
    for (size_t i = 0; i < LENGTH(usual_countries); i++)
        if (str_eq(country, usual_countries[i]))
            return true;
    return false;
}

struct finding {
    const struct country_row *country;
    const struct region_row *region;
    const struct city_row *city;
    int points;
};

static const struct country_row *find_country(struct arena *arena, struct str text, bool *is_code) {
    struct str folded = text_fold(arena, text);
    const struct country_row *by_name = country_by_name(folded);
    *is_code = !by_name || folded.n <= 3;
    return by_name ? by_name : country_by_alpha2(folded);
}

/* Cities of the name that lie in the country, and in the region where one is given. */
static bool has_city(const struct place_match *cities, const struct region_row *region) {
    for (const struct place_match *m = cities; m; m = m->next) {
        const struct city_row *city = m->row;
        if (str_eq(city->country, region->country) && str_eq(city->region, region->name))
            return true;
    }
    return false;
}

/* How well a region fits what else is known; -1: not at all. */
static int region_fit(const struct place_match *m, const struct finding *known,
                      const struct place_match *cities) {
    const struct region_row *region = m->row;
    if (known->country)
        return str_eq(known->country->alpha2, region->country) ? 1 : -1;
    if (has_city(cities, region))
        return 4;
    if (m->is_code && !is_usual(region->country))
        return -1;
    return str_eq(region->country, usual_countries[0]) ? 2 : 1;
}

/* The one that fits best; none when two fit equally well. */
static const struct place_match *choose_region(const struct place_match *regions,
                                               const struct finding *known,
                                               const struct place_match *cities) {
    const struct place_match *best = NULL;
    int best_fit = 0;
    bool tied = false;
    for (const struct place_match *m = regions; m; m = m->next) {
        int fit = region_fit(m, known, cities);
        tied = fit == best_fit || (tied && fit < best_fit);
        if (fit > best_fit) {
            best = m;
            best_fit = fit;
        }
    }
    return tied ? NULL : best;
}

static void find_region(struct arena *arena, struct str text, struct finding *found,
                        const struct place_match *cities) {
    const struct place_match *m =
        choose_region(regions_by_name(text_fold(arena, text)), found, cities);
    if (!m)
        return;
    found->region = m->row;
    found->points += m->is_code ? REGION_BY_CODE : REGION_BY_NAME;
    if (found->country)
        return;
    found->country = country_by_alpha2(text_fold(arena, found->region->country));
    found->points += is_usual(found->region->country) ? IMPLIES_USUAL_COUNTRY : IMPLIES_COUNTRY;
}

static bool city_fits(const struct place_match *m, const struct finding *known) {
    const struct city_row *city = m->row;
    if (known->country && !str_eq(city->country, known->country->alpha2))
        return false;
    if (known->region && !str_eq(city->region, known->region->name))
        return false;
    return known->country || m->is_certain;
}

/* `strict`: a region was named that is not known, so only the country can confirm. */
static void find_city(struct arena *arena, const struct place_match *cities, bool strict,
                      struct finding *found) {
    const struct place_match *best = NULL;
    size_t fitting = 0;
    for (const struct place_match *m = cities; m; m = m->next) {
        if (!city_fits(m, found) || (strict && !found->country))
            continue;
        fitting++;
        if (!best)
            best = m;
    }
    if (!best)
        return;
    const struct city_row *city = best->row;
    found->points += best->is_certain ? CITY_CERTAIN : CITY_SHARED;
    if (fitting > 1)
        return; /* Portland in the United States: the points, but not which */
    found->city = city;
    if (!found->region && !strict)
        found->region = region_of_city(city);
    if (!found->country)
        found->country = country_by_alpha2(text_fold(arena, city->country));
}

static struct str or_as_it_came(struct arena *arena, const struct str *known, struct str text) {
    struct str clean = known ? *known : text_clean(arena, text);
    return clean.n ? clean : STR_NONE;
}

int place_resolve(struct arena *arena, const struct place_parts *parts, struct place *ret_place) {
    struct finding found = { 0 };
    if (parts->country.n) {
        bool is_code;
        found.country = find_country(arena, parts->country, &is_code);
        found.points += !found.country ? NOT_ITS_LEVEL
                        : is_code      ? COUNTRY_BY_CODE
                                       : COUNTRY_BY_NAME;
    }
    struct str city_name = place_core_name(arena, parts->city);
    const struct place_match *cities = cities_by_name(text_fold(arena, city_name));
    if (parts->region.n)
        find_region(arena, parts->region, &found, cities);
    bool country_fits = !parts->country.n || found.country;
    if (country_fits)
        find_city(arena, cities, parts->region.n && !found.region, &found);
    *ret_place = (struct place){
        .city = or_as_it_came(arena, found.city ? &found.city->name : NULL, parts->city),
        .region = or_as_it_came(arena, found.region ? &found.region->name : NULL, parts->region),
        .country = found.country ? found.country->alpha2 : STR_NONE,
        .country_name = or_as_it_came(arena, found.country ? &found.country->name : NULL,
                                      parts->country),
    };
    return found.points;
}

struct str place_core_name(struct arena *arena, struct str name) {
    static const struct str before[] = { STR("Greater "), STR("Metro "), STR("Area of "),
                                         STR("Großraum "), STR("Grande "), STR("Gran ") };
    static const struct str behind[] = {
        STR(" Metropolitan Area"), STR(" Metropolitan Region"), STR(" Metropolitan"),
        STR(" Metro Area"), STR(" Metroplex"), STR(" Metro"), STR(" Area"), STR(" Urban Area"),
        STR(" und Umgebung"), STR(" y alrededores"), STR(" e Região"), STR(" et périphérie"),
    };
    if (cities_by_name(text_fold(arena, name)))
        return name;
    struct str core = name;
    for (size_t i = 0; i < LENGTH(behind); i++)
        if (str_ends_nocase(core, behind[i]))
            core = str_trim(str_sub(core, 0, core.n - behind[i].n));
    for (size_t i = 0; i < LENGTH(before); i++)
        if (str_starts_nocase(core, before[i]) && !cities_by_name(text_fold(arena, core)))
            core = str_trim(str_sub(core, before[i].n, core.n));
    return cities_by_name(text_fold(arena, core)) ? core : name;
}
