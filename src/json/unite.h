/* Flat JSON objects, as the extra data of imported rows are. */
#ifndef JSON_UNITE_H
#define JSON_UNITE_H

#include "base/arena.h"
#include "base/str.h"

/* An object with the members of both, texts only; those of `second` win. `second` alone
 * when either text is no JSON object. Absent when the result is larger than two rows of an
 * import. */
struct str json_unite(struct arena *arena, struct str first, struct str second);

/* The object in `text` with every member as text: numbers, lists and the like as their
 * JSON text, null left out. Absent when `text` is no JSON object, has no member, or is too
 * large. */
struct str json_flatten(struct arena *arena, struct str text);

#endif
