/* What a search for a place can mean. A name alone can be of several levels, and then all
 * of them are searched for; more than one level says which, as in an import. */
#include "base/check.h"
#include "base/vec.h"
#include "data/places.h"
#include "data/places_index.h"
#include "data/places_resolve.h"
#include "data/text.h"

static void add_reading(struct arena *arena, struct list *readings, struct place reading) {
    struct place *added = list_add(arena, readings, sizeof *added);
    *added = reading;
    if (str_is_set(reading.country))
        added->country_name = country_name(reading.country);
}

static void add_country_reading(struct arena *arena, struct str folded, struct list *readings) {
    const struct country_row *row = country_by_name(folded);
    if (!row)
        row = country_by_alpha2(folded);
    if (row)
        add_reading(arena, readings, (struct place){ .country = row->alpha2 });
}

static void add_region_readings(struct arena *arena, struct str folded, struct list *readings) {
    for (const struct place_match *m = regions_by_name(folded); m; m = m->next) {
        const struct region_row *row = m->row;
        bool is_known_alone = !m->is_code || str_eq(row->country, STR("US"))
                              || str_eq(row->country, STR("CA"))
                              || str_eq(row->country, STR("AU"));
        if (is_known_alone)
            add_reading(arena, readings,
                        (struct place){ .region = row->name, .country = row->country });
    }
}

static bool has_city_reading(const struct list *readings, struct str city) {
    const struct place *place = readings->p;
    for (size_t i = 0; i < readings->n; i++)
        if (str_eq(place[i].city, city))
            return true;
    return false;
}

/* Places of one name are not told apart: whoever searches for Paris gets all of them. */
static void add_city_readings(struct arena *arena, struct str folded, struct list *readings) {
    for (const struct place_match *m = cities_by_name(folded); m; m = m->next) {
        struct str name = ((const struct city_row *) m->row)->name;
        if (!has_city_reading(readings, name))
            add_reading(arena, readings, (struct place){ .city = name });
    }
}

/* "Saint Joseph" and "St. Joseph" are one city and may stand in either form in the data. */
static void add_spellings(struct arena *arena, struct str text, struct list *readings) {
    static const struct {
        struct str folded, other;
    } words[] = {
        { STR("saint "), STR("St. ") }, { STR("st "), STR("Saint ") },
        { STR("fort "), STR("Ft. ") },  { STR("ft "), STR("Fort ") },
        { STR("mount "), STR("Mt. ") }, { STR("mt "), STR("Mount ") },
    };
    struct str folded = text_fold(arena, text);
    for (size_t i = 0; i < LENGTH(words); i++) {
        size_t space = str_find(text, ' ');
        if (!str_starts(folded, words[i].folded) || space == text.n)
            continue;
        struct str rest = str_sub(text, space + 1, text.n);
        add_reading(arena, readings,
                    (struct place){ .city = arena_printf(arena, "%.*s%.*s",
                                                         STR_FMT(words[i].other), STR_FMT(rest)) });
    }
}

void place_parse_query(struct arena *arena, struct str text, struct list *readings) {
    struct str clean = text_clean(arena, text);
    struct str folded = text_fold(arena, clean);
    if (!folded.n)
        return;
    size_t before = readings->n;
    add_country_reading(arena, folded, readings);
    add_region_readings(arena, folded, readings);
    add_city_readings(arena, text_fold(arena, place_core_name(arena, clean)), readings);
    if (readings->n > before)
        return;
    struct place place;
    place_parse(arena, clean, &place);
    if (str_is_set(place.city) || str_is_set(place.region) || str_is_set(place.country))
        add_reading(arena, readings, place);
    else
        add_reading(arena, readings, (struct place){ .city = clean });
    if (!str_is_set(place.region) && !str_is_set(place.country))
        add_spellings(arena, clean, readings);
}
