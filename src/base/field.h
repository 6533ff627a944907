/* Field tables: one per resource, the single declaration of what it is made of.
 * Read by db/rows.c (row -> struct), json/fields.c (struct -> JSON, JSON -> struct
 * with validation), http/openapi.c (schema) and data/import.c (CSV). See
 * docs/architecture.md, "Tables as data".
 *
 * A table describes a C struct. The member's C type follows from the field's type:
 *
 *   FIELD_STR, FIELD_ID, FIELD_ENUM  struct str          absent: p == NULL
 *   FIELD_INT                        struct opt_int      absent: !set
 *   FIELD_TIME, FIELD_TIME_MS        struct opt_int      ms since 1970; ISO 8601 in JSON
 *   FIELD_DATE                       struct str          "2025-08-29"
 *   FIELD_BOOL                       enum tri            absent: UNSET
 *   FIELD_STRS                       struct strs         absent: p == NULL and n == 0
 *   FIELD_INTS                       struct ints
 *   FIELD_COUNTS                     struct counts       JSON object, text -> integer
 *   FIELD_OBJECT                     pointer to struct   absent: NULL
 *   FIELD_LIST                       struct list         of structs described by `of`
 *   FIELD_JSON                       struct str          JSON text, passed through; with
 *                                                        `of` that of a list of those
 *
 * Everything hangs on one arena. The FIELD macro checks the member's type when the
 * table is compiled. */
#ifndef BASE_FIELD_H
#define BASE_FIELD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

struct opt_int {
    int64_t v;
    bool set;
};

static inline struct opt_int opt_int(int64_t v) {
    return (struct opt_int){ v, true };
}

enum tri { UNSET, NO, YES };

static inline enum tri tri_of(bool b) {
    return b ? YES : NO;
}

struct strs {
    struct str *p;
    size_t n;
};

struct ints {
    int64_t *p;
    size_t n;
};

struct count {
    struct str key;
    int64_t n;
};

struct counts {
    struct count *p;
    size_t n;
};

/* An array of structs, or of whatever the user of the list says. */
struct list {
    void *p;
    size_t n;
};

enum field_type {
    FIELD_STR,
    FIELD_ID,
    FIELD_ENUM,
    FIELD_INT,
    FIELD_TIME,
    FIELD_TIME_MS,
    FIELD_DATE,
    FIELD_BOOL,
    FIELD_STRS,
    FIELD_INTS,
    FIELD_COUNTS,
    FIELD_OBJECT,
    FIELD_LIST,
    FIELD_JSON,
};

/* Flags. An absent value is left out of the JSON unless NULLABLE says null. */
#define FIELD_REQUIRED  0x01u /* in a request: missing is the problem `missing_field`;
                                 in an answer: always there (OpenAPI `required`) */
#define FIELD_NULLABLE  0x02u /* null in JSON when absent; null accepted in requests */
#define FIELD_ALWAYS    0x04u /* an empty list or map is written as [] or {} instead of left out */
#define FIELD_EMPTY     0x40u /* an empty list that is there is written, an absent one is not */
#define FIELD_CONSTANT  0x08u /* always the text in `example` ("object": "person"); no member */
#define FIELD_HIDDEN    0x10u /* column only: never in JSON */
#define FIELD_HALVES    0x20u /* FIELD_INT that counts halves, in answers: 25 is 12.5 in JSON */

/* A closed list of texts: for FIELD_ENUM the value, for FIELD_STRS each element. */
struct enum_values {
    const char *name; /* schema name in the OpenAPI document, as that of struct fields */
    const struct str *values;
    size_t n;
};

struct fields;

struct field {
    const char *name; /* in JSON, and of the column in query results */
    enum field_type type;
    unsigned flags;
    size_t offset;
    int64_t min, max;   /* both 0: no bound; max below min: no upper bound.
                           Text: characters; number: value; list or map: items */
    int64_t item_max;   /* FIELD_STRS: characters of an element; 0: no bound */
    const struct enum_values *values;
    const struct fields *of; /* FIELD_OBJECT, FIELD_LIST, FIELD_JSON */
    const char *example;     /* of texts and times the text itself, else JSON text */
    const char *doc;         /* one sentence */
};

static inline bool field_has_min(const struct field *field) {
    return field->min != 0 || field->max != 0;
}
static inline bool field_has_max(const struct field *field) {
    return field_has_min(field) && field->max >= field->min;
}

/* As what it is described: where it is not what the C type says. */
static inline enum field_type field_shape(const struct field *field) {
    return field->type == FIELD_JSON && field->of ? FIELD_LIST : field->type;
}

struct fields {
    const char *name; /* schema name in the OpenAPI document: letters and digits, "PhoneNumber" */
    size_t size;      /* of the struct */
    const struct field *rows;
    size_t n;
    const char *doc;
};

/* Evaluates to the offset, and does not compile when the member's type is wrong. */
#define FIELD_OFFSET(type_name, member, c_type)                                   \
    (offsetof(type_name, member)                                                  \
     + 0 * sizeof(struct { _Static_assert(                                        \
           _Generic(((type_name *) 0)->member, c_type: 1, default: 0),            \
           "member type does not fit the field type"); int unused; }))

/* Rows are written with these; further members follow by name:
 *   F_STR(struct person, name, .max = 200, .doc = "Full name"), */
#define F_ROW(t, m, kind, c_type, ...) \
    { .name = #m, .type = (kind), .offset = FIELD_OFFSET(t, m, c_type), __VA_ARGS__ }
#define F_STR(t, m, ...)     F_ROW(t, m, FIELD_STR, struct str, __VA_ARGS__)
#define F_ID(t, m, ...)      F_ROW(t, m, FIELD_ID, struct str, __VA_ARGS__)
#define F_ENUM(t, m, ...)    F_ROW(t, m, FIELD_ENUM, struct str, __VA_ARGS__)
#define F_DATE(t, m, ...)    F_ROW(t, m, FIELD_DATE, struct str, __VA_ARGS__)
#define F_JSON(t, m, ...)    F_ROW(t, m, FIELD_JSON, struct str, __VA_ARGS__)
#define F_INT(t, m, ...)     F_ROW(t, m, FIELD_INT, struct opt_int, __VA_ARGS__)
#define F_TIME(t, m, ...)    F_ROW(t, m, FIELD_TIME, struct opt_int, __VA_ARGS__)
#define F_TIME_MS(t, m, ...) F_ROW(t, m, FIELD_TIME_MS, struct opt_int, __VA_ARGS__)
#define F_BOOL(t, m, ...)    F_ROW(t, m, FIELD_BOOL, enum tri, __VA_ARGS__)
#define F_STRS(t, m, ...)    F_ROW(t, m, FIELD_STRS, struct strs, __VA_ARGS__)
#define F_INTS(t, m, ...)    F_ROW(t, m, FIELD_INTS, struct ints, __VA_ARGS__)
#define F_COUNTS(t, m, ...)  F_ROW(t, m, FIELD_COUNTS, struct counts, __VA_ARGS__)
/* `pointee` is the struct that the member points to; give .of its table. */
#define F_OBJECT(t, m, pointee, ...) F_ROW(t, m, FIELD_OBJECT, pointee *, __VA_ARGS__)
#define F_LIST(t, m, ...)    F_ROW(t, m, FIELD_LIST, struct list, __VA_ARGS__)
/* A constant such as "object": "person". */
#define F_OBJECT_NAME(text) \
    { .name = "object", .type = FIELD_STR, .flags = FIELD_CONSTANT, .example = (text) }

/* Whether the member has a value; a constant always has. */
bool field_is_set(const struct field *field, const void *object);

/* The same, but an empty list that is there counts: in a change it empties what was. */
bool field_is_given(const struct field *field, const void *object);

/* Copies the member from one struct of the table to another; what it points to is
 * shared. Constants are left alone. */
void field_copy(const struct field *field, void *to, const void *from);

/* About the bytes that the values of `object` take on an arena when they are read from the
 * database, and at least those of their JSON without escapes; what FIELD_OBJECT points to
 * is not counted. */
size_t fields_bytes(const struct fields *fields, const void *object);

/* The row of this name, or NULL. */
const struct field *field_find(const struct fields *fields, struct str name);

#define FIELDS(schema, t, table, ...) \
    { .name = (schema), .size = sizeof(t), .rows = (table), .n = LENGTH(table), __VA_ARGS__ }

#endif
