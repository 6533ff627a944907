/* JSON -> struct by field table: a row per field type names the function that checks
 * a value and stores it. Where a value is in the document is kept as a chain on the
 * stack and becomes a pointer (RFC 6901) only when something is wrong with it. */
#include <jansson.h>

#include "base/buf.h"
#include "base/limits.h"
#include "base/vec.h"
#include "json/check.h"
#include "json/reader.h"

/* One step into the document; `outer` NULL is the root that was given. */
struct place {
    const struct place *outer;
    struct str name; /* absent: an element of a list */
    size_t index;
};

struct reading {
    struct ctx *ctx;
    struct str at;            /* pointer of the root */
    size_t room;              /* bytes of structs that may still be made */
    bool stored;              /* our own column: types count, limits do not, nothing is reported */
    bool failed;
};

/* A pointer can hold a client's own names (maps), so it has an end. */
enum { POINTER_MAX_BYTES = 4096 };

/* RFC 6901, section 3: "~" and "/" inside a name are "~0" and "~1". */
static void put_name(struct buf *b, struct str name) {
    for (size_t i = 0; i < name.n; i++) {
        if (name.p[i] == '~')
            buf_str(b, STR("~0"));
        else if (name.p[i] == '/')
            buf_str(b, STR("~1"));
        else
            buf_char(b, name.p[i]);
    }
}

static void put_place(struct buf *b, const struct place *place) {
    if (!place)
        return;
    put_place(b, place->outer);
    buf_char(b, '/');
    if (str_is_set(place->name))
        put_name(b, place->name);
    else
        buf_i64(b, (int64_t) place->index);
}

/* More problems would not be kept; going on would only fill the arena. */
static bool is_full(const struct reading *r) {
    return r->failed && (r->stored || r->ctx->problem_count >= PROBLEMS_MAX);
}

static void refuse(struct reading *r, const struct place *place, const char *code,
                   struct str reason) {
    r->failed = true;
    if (r->stored)
        return;
    struct buf b = buf_in(r->ctx->arena, POINTER_MAX_BYTES);
    buf_str(&b, r->at);
    put_place(&b, place);
    (void) bad_field(r->ctx, buf_text(&b), code, "%.*s", STR_FMT(reason)); /* counted in failed */
}

static void refuse_type(struct reading *r, const struct place *place, const struct field *field) {
    refuse(r, place, "unsupported_value", wrong_type(r->ctx->arena, field));
}

/* True when there is no reason against the value, or the value is our own. */
static bool accepted(struct reading *r, const struct place *place, struct str reason) {
    if (r->stored || !str_is_set(reason))
        return true;
    refuse(r, place, "unsupported_value", reason);
    return false;
}

static struct str text_of(const json_t *value) {
    return (struct str){ json_string_value(value), json_string_length(value) };
}

static void take_text(struct reading *r, const struct field *field, json_t *value,
                      const struct place *place, void *member) {
    if (!json_is_string(value)) {
        refuse_type(r, place, field);
        return;
    }
    struct str text = text_of(value);
    if (r->stored || accepted(r, place, check_text(r->ctx->arena, field, text)))
        *(struct str *) member = text;
}

static void take_date(struct reading *r, const struct field *field, json_t *value,
                      const struct place *place, void *member) {
    struct str text = text_of(value);
    if (!json_is_string(value))
        refuse_type(r, place, field);
    else if (accepted(r, place, check_date(r->ctx->arena, field, text)))
        *(struct str *) member = text;
}

static void take_time(struct reading *r, const struct field *field, json_t *value,
                      const struct place *place, void *member) {
    int64_t ms = 0;
    struct str reason = json_is_string(value)
                            ? check_time(r->ctx->arena, field, text_of(value), &ms)
                            : wrong_type(r->ctx->arena, field);
    if (str_is_set(reason))
        refuse(r, place, "unsupported_value", reason);
    else
        *(struct opt_int *) member = opt_int(ms);
}

static void take_int(struct reading *r, const struct field *field, json_t *value,
                     const struct place *place, void *member) {
    if (!json_is_integer(value))
        refuse_type(r, place, field);
    else if (accepted(r, place, check_int(r->ctx->arena, field, json_integer_value(value))))
        *(struct opt_int *) member = opt_int(json_integer_value(value));
}

static void take_bool(struct reading *r, const struct field *field, json_t *value,
                      const struct place *place, void *member) {
    if (json_is_boolean(value))
        *(enum tri *) member = tri_of(json_is_true(value));
    else
        refuse_type(r, place, field);
}

static void *take_room(struct reading *r, const struct field *field, const struct place *place,
                       size_t n, size_t size) {
    if (n <= r->room / size) {
        r->room -= n * size;
        return vec_room(r->ctx->arena, n, size);
    }
    refuse(r, place, "unsupported_value",
           arena_printf(r->ctx->arena, "%s is too large", field->name));
    return NULL;
}

/* Memory for `n` items of `size` bytes, or NULL with a report. A list beyond its limit
 * is reported once, not once per element. Never NULL for none: an empty list that is
 * there differs from an absent one by its pointer. */
static void *room_for(struct reading *r, const struct field *field, const struct place *place,
                      size_t n, size_t size) {
    bool fits = accepted(r, place, check_items(r->ctx->arena, field, n));
    return fits ? take_room(r, field, place, n, size) : NULL;
}

static void *room_for_list(struct reading *r, const struct field *field, const json_t *value,
                           const struct place *place, size_t size) {
    if (json_is_array(value))
        return room_for(r, field, place, json_array_size(value), size);
    refuse_type(r, place, field);
    return NULL;
}

static void take_strs(struct reading *r, const struct field *field, json_t *value,
                      const struct place *place, void *member) {
    struct strs list = { room_for_list(r, field, value, place, sizeof *list.p), 0 };
    struct place at = { .outer = place };
    for (; list.p && at.index < json_array_size(value) && !is_full(r); at.index++) {
        json_t *element = json_array_get(value, at.index);
        struct str text = text_of(element);
        if (!json_is_string(element))
            refuse_type(r, &at, field);
        else if (r->stored || accepted(r, &at, check_item(r->ctx->arena, field, text)))
            list.p[list.n++] = text;
    }
    *(struct strs *) member = list;
}

static void take_ints(struct reading *r, const struct field *field, json_t *value,
                      const struct place *place, void *member) {
    struct ints list = { room_for_list(r, field, value, place, sizeof *list.p), 0 };
    struct place at = { .outer = place };
    for (; list.p && at.index < json_array_size(value) && !is_full(r); at.index++) {
        json_t *element = json_array_get(value, at.index);
        if (json_is_integer(element))
            list.p[list.n++] = json_integer_value(element);
        else
            refuse_type(r, &at, field);
    }
    *(struct ints *) member = list;
}

static void take_counts(struct reading *r, const struct field *field, json_t *value,
                        const struct place *place, void *member) {
    if (!json_is_object(value)) {
        refuse_type(r, place, field);
        return;
    }
    struct counts map = { room_for(r, field, place, json_object_size(value), sizeof *map.p), 0 };
    void *at = map.p ? json_object_iter(value) : NULL;
    for (; at && !is_full(r); at = json_object_iter_next(value, at)) {
        struct str key = str_of(json_object_iter_key(at));
        json_t *element = json_object_iter_value(at);
        if (json_is_integer(element))
            map.p[map.n++] = (struct count){ key, json_integer_value(element) };
        else
            refuse_type(r, &(struct place){ .outer = place, .name = key }, field);
    }
    *(struct counts *) member = map;
}

static void read_struct(struct reading *r, const struct fields *fields, json_t *object,
                        const struct place *place, void *ret_struct);

static void take_object(struct reading *r, const struct field *field, json_t *value,
                        const struct place *place, void *member) {
    if (!json_is_object(value)) {
        refuse_type(r, place, field);
        return;
    }
    void *object = take_room(r, field, place, 1, field->of->size);
    if (object)
        read_struct(r, field->of, value, place, object);
    memcpy(member, &object, sizeof object); /* the member points to some struct */
}

static void take_list(struct reading *r, const struct field *field, json_t *value,
                      const struct place *place, void *member) {
    size_t size = field->of->size;
    struct list list = { room_for_list(r, field, value, place, size), 0 };
    struct place at = { .outer = place };
    for (; list.p && at.index < json_array_size(value) && !is_full(r); at.index++) {
        json_t *element = json_array_get(value, at.index);
        if (json_is_object(element))
            read_struct(r, field->of, element, &at, (char *) list.p + size * list.n++);
        else
            refuse_type(r, &at, field);
    }
    *(struct list *) member = list;
}

static int append_dump(const char *text, size_t n, void *b) {
    buf_bytes(b, text, n);
    return 0;
}

static void take_json(struct reading *r, const struct field *field, json_t *value,
                      const struct place *place, void *member) {
    struct buf b = buf_on_heap(JSON_MEMBER_MAX_BYTES);
    int failed = json_dump_callback(value, append_dump, &b, JSON_COMPACT | JSON_ENCODE_ANY);
    struct str text = arena_str(r->ctx->arena, buf_text(&b));
    if (failed || buf_result(&b) != OK)
        refuse(r, place, "unsupported_value",
               arena_printf(r->ctx->arena, "%s is too large", field->name));
    else if (accepted(r, place, check_text(r->ctx->arena, field, text)))
        *(struct str *) member = text;
    buf_done(&b);
}

typedef void take_function(struct reading *r, const struct field *field, json_t *value,
                           const struct place *place, void *member);

static take_function *const takers[] = {
    [FIELD_STR] = take_text,       [FIELD_ID] = take_text,     [FIELD_ENUM] = take_text,
    [FIELD_INT] = take_int,        [FIELD_TIME] = take_time,   [FIELD_TIME_MS] = take_time,
    [FIELD_DATE] = take_date,      [FIELD_BOOL] = take_bool,   [FIELD_STRS] = take_strs,
    [FIELD_INTS] = take_ints,      [FIELD_COUNTS] = take_counts, [FIELD_OBJECT] = take_object,
    [FIELD_LIST] = take_list,      [FIELD_JSON] = take_json,
};

static void read_member(struct reading *r, const struct field *field, json_t *value,
                        const struct place *outer, void *ret_struct) {
    struct place place = { .outer = outer, .name = str_of(field->name) };
    bool null_counts = json_is_null(value) && (field->flags & FIELD_NULLABLE);
    if (value && !json_is_null(value))
        takers[field->type](r, field, value, &place, (char *) ret_struct + field->offset);
    else if ((field->flags & FIELD_REQUIRED) && !null_counts && !r->stored)
        refuse(r, &place, "missing_field",
               arena_printf(r->ctx->arena, "Missing field from request: %s", field->name));
}

static void read_struct(struct reading *r, const struct fields *fields, json_t *object,
                        const struct place *place, void *ret_struct) {
    memset(ret_struct, 0, fields->size);
    for (size_t i = 0; i < fields->n && !is_full(r); i++) {
        const struct field *field = &fields->rows[i];
        if (!(field->flags & (FIELD_CONSTANT | FIELD_HIDDEN)))
            read_member(r, field, json_object_get(object, field->name), place, ret_struct);
    }
}

enum rc json_read_fields(struct ctx *ctx, const struct fields *fields, json_t *root,
                         struct str at, void *ret_struct) {
    struct reading r = { .ctx = ctx, .at = at, .room = JSON_STRUCTS_MAX_BYTES };
    if (json_is_object(root))
        read_struct(&r, fields, root, NULL, ret_struct);
    else
        refuse(&r, NULL, "unsupported_value", STR("A JSON object is expected"));
    return r.failed ? E_INVALID : OK;
}

enum rc field_from_json(struct ctx *ctx, const struct field *field, struct str json,
                        void *object) {
    struct reading r = { .ctx = ctx, .room = JSON_STRUCTS_MAX_BYTES, .stored = true };
    json_t *value;
    struct json_position at;
    if (json_parse(ctx->arena, json, &value, &at) != OK)
        return fail(ctx, E_DB, "column %s is not JSON at byte %zu: %.*s", field->name, at.offset,
                    STR_FMT(at.message));
    if (!json_is_null(value))
        takers[field->type](&r, field, value, NULL, (char *) object + field->offset);
    return r.failed ? fail(ctx, E_DB, "column %s does not fit its field", field->name) : OK;
}
