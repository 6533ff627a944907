/* JSON text to a tree (over jansson: strict RFC 8259, duplicate names refused), and
 * from the tree to structs by field table, with validation.
 *
 * Limits: JSON_DEPTH_MAX and JSON_ELEMENTS_MAX of base/limits.h, checked before the
 * tree is built. The tree lives as long as the arena. */
#ifndef JSON_READER_H
#define JSON_READER_H

#include "base/ctx.h"
#include "base/field.h"

typedef struct json_t json_t; /* jansson's */

struct json_position {
    size_t line, column; /* from 1 */
    size_t offset;       /* in bytes, from 0 */
    struct str message;  /* what was expected, for people */
};

/* Parses all of `text`. E_INVALID with *ret_at when it is not JSON, E_TOO_LARGE when
 * a limit is passed (*ret_at says which). */
MUST_USE enum rc json_parse(struct arena *arena, struct str text, json_t **ret_root,
                            struct json_position *ret_at);

/* Reads the object `root` into the struct that `fields` describes (zeroed first).
 * Unknown members are passed over. Every member that does not fit is reported with
 * bad_field: `missing_field` for a FIELD_REQUIRED one that is absent, else
 * `unsupported_value`, with the pointer of the wrong element ("/person_seniorities/2").
 * `at` is the pointer of `root` itself, "" for a body. E_INVALID when anything was
 * reported. Texts are borrowed from the tree. A null for a member that is not
 * nullable counts as absent; 3.0 and "3" are not integers; a list that is there but
 * empty has a pointer, an absent one has none. Text with U+0000 does not parse. */
MUST_USE enum rc json_read_fields(struct ctx *ctx, const struct fields *fields, json_t *root,
                                  struct str at, void *ret_struct);

/* One field from text: query parameters, form values, CSV cells. Lists take one
 * element; booleans true/false/1/0. E_INVALID without a report when it does not fit;
 * *ret_reason then says why. */
MUST_USE enum rc field_from_text(struct arena *arena, const struct field *field, struct str text,
                                 void *object, struct str *ret_reason);

/* Parses the JSON text of a database column into the field's member. Limits and closed
 * lists are not checked; null leaves the member as it is. E_DB when the text is not
 * JSON or of another type. */
MUST_USE enum rc field_from_json(struct ctx *ctx, const struct field *field, struct str json,
                                 void *object);

#endif
