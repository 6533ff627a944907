#include "json/unite.h"

#include <jansson.h>

#include "base/limits.h"
#include "json/reader.h"
#include "json/writer.h"

/* Twice a row of the import: what was known and what came. */
#define UNITED_MAX_BYTES (2 * IMPORT_ROW_MAX_BYTES)

struct str json_unite(struct arena *arena, struct str first, struct str second) {
    json_t *a, *b;
    struct json_position at;
    if (json_parse(arena, first, &a, &at) != OK || json_parse(arena, second, &b, &at) != OK)
        return second;
    if (json_object_update(a, b) != 0)
        return second;
    struct buf out = buf_in(arena, UNITED_MAX_BYTES);
    struct json_writer w = json_writer(&out);
    json_begin_object(&w);
    const char *key;
    json_t *value;
    json_object_foreach(a, key, value) {
        json_key(&w, str_of(key));
        json_str(&w, json_is_string(value)
                         ? (struct str){ json_string_value(value), json_string_length(value) }
                         : STR_NONE);
    }
    json_end_object(&w);
    return buf_result(&out) == OK ? buf_text(&out) : second;
}
