/* Streaming JSON writer (RFC 8259) onto a struct buf: puts commas and colons itself,
 * escapes every text. Errors are the buffer's sticky one. Nesting that does not match
 * is a programming error and asserts. */
#ifndef JSON_WRITER_H
#define JSON_WRITER_H

#include "base/buf.h"
#include "base/field.h"

struct json_writer {
    struct buf *out;
    uint64_t objects; /* a bit per open level, the innermost lowest: an object, not an array */
    unsigned depth;   /* at most 64 */
    bool comma;       /* the next value or name is preceded by one */
    bool named;       /* a name was written, its value was not */
};

static inline struct json_writer json_writer(struct buf *out) {
    return (struct json_writer){ .out = out };
}

void json_begin_object(struct json_writer *w);
void json_end_object(struct json_writer *w);
void json_begin_array(struct json_writer *w);
void json_end_array(struct json_writer *w);
/* Inside an object: the name; exactly one value follows. */
void json_key(struct json_writer *w, struct str name);

void json_str(struct json_writer *w, struct str value); /* absent: null */
void json_int(struct json_writer *w, int64_t value);
/* Half of `halves`, which is not negative: "12.5", "3". */
void json_halves(struct json_writer *w, int64_t halves);
void json_bool(struct json_writer *w, bool value);
/* Inside an object: a name with its text, or with its texts as an array. */
void json_put_str(struct json_writer *w, const char *name, struct str value);
void json_put_strs(struct json_writer *w, const char *name, struct strs values);
void json_write_null(struct json_writer *w); /* json_null is jansson's */
/* JSON text that is known to be valid (FIELD_JSON columns). Absent or empty: null. */
void json_raw(struct json_writer *w, struct str json);

/* The struct at `object` as a JSON object, in the order of the table. Absent values
 * are left out, or null with FIELD_NULLABLE; a list that is FIELD_ALWAYS or
 * FIELD_REQUIRED is [] ({} for a map) when it is absent or empty, but null when it is
 * absent and nullable. */
void json_fields(struct json_writer *w, const struct fields *fields, const void *object);

/* One field of such an object, whose value is at `member`. */
void json_member(struct json_writer *w, const struct field *field, const void *member);

/* The same when the value is there as JSON text that is known to be valid: of a list, a map,
 * FIELD_OBJECT or FIELD_JSON. Absent: the value is. */
void json_member_text(struct json_writer *w, const struct field *field, struct str json);

/* The structs of the list as a JSON array, on the arena. */
struct str json_list(struct arena *arena, const struct fields *fields, const struct list *list);

/* The value of one field, without its name; null when it is absent. */
void json_field_value(struct json_writer *w, const struct field *field, const void *object);

#endif
