/* Any text as a place, as two cells and as a search: what is shown is UTF-8, and codes
 * are those of countries. */
#include "base/check.h"
#include "base/utf8.h"
#include "data/places.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct arena *arena = arena_new();
    struct str text = { (const char *) data, size };
    struct place place, again;
    place_parse(arena, text, &place);
    struct str shown = place_text(arena, &place);
    ASSERT(!str_is_set(shown) || utf8_is_valid(shown));
    ASSERT(!str_is_set(place.country) || str_is_set(country_name(place.country)));
    size_t cut = size / 2;
    place_parse_cells(arena, str_sub(text, 0, cut), str_sub(text, cut, size), STR_NONE, &again);
    struct list readings = { 0 };
    place_parse_query(arena, text, &readings);
    arena_free(&arena);
    return 0;
}
