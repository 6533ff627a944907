/* What a field's row demands of a value, shared by the two ways in: JSON values
 * (fields_read.c) and texts (fields_text.c). Private to json/.
 *
 * A reason is a sentence for people that begins with the field's name; absent means
 * that the value fits. */
#ifndef JSON_CHECK_H
#define JSON_CHECK_H

#include "base/arena.h"
#include "base/field.h"

/* Length in characters and membership in the closed list: for FIELD_STR, FIELD_ID,
 * FIELD_ENUM and FIELD_JSON. */
struct str check_text(struct arena *arena, const struct field *field, struct str text);
/* An element of FIELD_STRS. */
struct str check_item(struct arena *arena, const struct field *field, struct str text);
struct str check_int(struct arena *arena, const struct field *field, int64_t value);
/* The number of items of a list or map. */
struct str check_items(struct arena *arena, const struct field *field, size_t n);

/* ISO 8601 text to milliseconds; *ret_ms is untouched when a reason is returned. */
struct str check_time(struct arena *arena, const struct field *field, struct str text,
                      int64_t *ret_ms);
/* "2025-08-29", nothing else. */
struct str check_date(struct arena *arena, const struct field *field, struct str text);

/* "age must be an integer": the value is of another type than the field. */
struct str wrong_type(struct arena *arena, const struct field *field);

#endif
