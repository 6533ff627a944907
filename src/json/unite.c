#include "json/unite.h"

#include <jansson.h>

#include "base/limits.h"
#include "json/reader.h"
#include "json/writer.h"

/* Twice a row of the import: what was known and what came. */
#define UNITED_MAX_BYTES (2 * IMPORT_ROW_MAX_BYTES)
_Static_assert(2 * STORED_ROW_MAX_BYTES <= UNITED_MAX_BYTES, "two stored objects always unite");

/* An import unites the extra data of many rows: the arena gets the text and nothing of how
 * it grew. */
static struct str on_arena(struct arena *arena, struct buf *text) {
    struct str kept = buf_result(text) == OK ? arena_str(arena, buf_text(text)) : STR_NONE;
    buf_done(text);
    return kept;
}

struct str json_unite(struct arena *arena, struct str first, struct str second) {
    json_t *a, *b;
    struct json_position at;
    if (json_parse(arena, first, &a, &at) != OK || json_parse(arena, second, &b, &at) != OK)
        return second;
    if (json_object_update(a, b) != 0)
        return second;
    struct buf out = buf_on_heap(UNITED_MAX_BYTES);
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
    return on_arena(arena, &out);
}

static int append(const char *p, size_t n, void *arg) {
    buf_bytes(arg, p, n);
    return 0;
}

static struct str member_text(struct arena *arena, const json_t *value) {
    if (json_is_string(value))
        return (struct str){ json_string_value(value), json_string_length(value) };
    struct buf text = buf_in(arena, UNITED_MAX_BYTES);
    if (json_dump_callback(value, append, &text, JSON_COMPACT | JSON_ENCODE_ANY) != 0)
        return STR_NONE;
    return buf_text(&text);
}

struct str json_flatten(struct arena *arena, struct str text) {
    json_t *root;
    struct json_position at;
    if (json_parse(arena, text, &root, &at) != OK || !json_is_object(root))
        return STR_NONE;
    struct buf out = buf_on_heap(UNITED_MAX_BYTES);
    struct json_writer w = json_writer(&out);
    const char *key;
    json_t *value;
    json_begin_object(&w);
    json_object_foreach(root, key, value) {
        if (json_is_null(value))
            continue;
        json_key(&w, str_of(key));
        json_str(&w, member_text(arena, value));
    }
    json_end_object(&w);
    struct str flat = on_arena(arena, &out);
    return flat.n > strlen("{}") ? flat : STR_NONE;
}
