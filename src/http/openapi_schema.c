#include "http/openapi_schema.h"

#include "base/check.h"

enum { REF_MAX_BYTES = 512 };

void openapi_member(struct json_writer *w, const char *name, const char *value) {
    json_key(w, str_of(name));
    json_str(w, str_of(value));
}

static void int_member(struct json_writer *w, const char *name, int64_t value) {
    json_key(w, str_of(name));
    json_int(w, value);
}

static void ref_member(struct json_writer *w, const char *section, const char *name) {
    struct buf b = buf_on_heap(REF_MAX_BYTES);
    buf_printf(&b, "#/components/%s/%s", section, name);
    json_key(w, STR("$ref"));
    json_str(w, buf_text(&b));
    buf_done(&b);
}

void openapi_ref(struct json_writer *w, const char *section, const char *name) {
    json_begin_object(w);
    ref_member(w, section, name);
    json_end_object(w);
}

/* How a field type is said in JSON Schema. */
struct shape {
    const char *type;   /* NULL: any */
    const char *format; /* or NULL */
    const char *min, *max;
    const char *item;   /* type of the elements, or NULL */
    bool text_example;  /* the example is the text itself */
};

static const struct shape shapes[] = {
    [FIELD_STR] = { "string", NULL, "minLength", "maxLength", NULL, true },
    [FIELD_ID] = { "string", NULL, "minLength", "maxLength", NULL, true },
    [FIELD_ENUM] = { "string", NULL, "minLength", "maxLength", NULL, true },
    [FIELD_INT] = { "integer", NULL, "minimum", "maximum", NULL, false },
    [FIELD_TIME] = { "string", "date-time", NULL, NULL, NULL, true },
    [FIELD_TIME_MS] = { "string", "date-time", NULL, NULL, NULL, true },
    [FIELD_DATE] = { "string", "date", NULL, NULL, NULL, true },
    [FIELD_BOOL] = { "boolean", NULL, NULL, NULL, NULL, false },
    [FIELD_STRS] = { "array", NULL, "minItems", "maxItems", "string", false },
    [FIELD_INTS] = { "array", NULL, "minItems", "maxItems", "integer", false },
    [FIELD_COUNTS] = { "object", NULL, "minProperties", "maxProperties", NULL, false },
    [FIELD_OBJECT] = { "object", NULL, NULL, NULL, NULL, false },
    [FIELD_LIST] = { "array", NULL, "minItems", "maxItems", NULL, false },
    [FIELD_JSON] = { NULL, NULL, NULL, NULL, NULL, false },
};

/* "type": "string", or ["string", "null"] */
static void write_type(struct json_writer *w, const char *type, bool nullable) {
    json_key(w, STR("type"));
    if (!nullable) {
        json_str(w, str_of(type));
        return;
    }
    json_begin_array(w);
    json_str(w, str_of(type));
    json_str(w, STR("null"));
    json_end_array(w);
}

static void write_bounds(struct json_writer *w, const struct field *field,
                         const struct shape *shape) {
    bool is_number = field->type == FIELD_INT; /* elsewhere 0 is no bound worth a word */
    if (shape->min && field_has_min(field) && (field->min != 0 || is_number))
        int_member(w, shape->min, field->min);
    if (shape->max && field_has_max(field))
        int_member(w, shape->max, field->max);
}

static void write_items(struct json_writer *w, const struct field *field,
                        const struct shape *shape) {
    json_key(w, STR("items"));
    json_begin_object(w);
    if (field->values)
        ref_member(w, "schemas", field->values->name);
    else if (field->of)
        ref_member(w, "schemas", field->of->name);
    else
        openapi_member(w, "type", shape->item);
    if (field->item_max)
        int_member(w, "maxLength", field->item_max);
    json_end_object(w);
}

/* A schema that stands elsewhere; null is an alternative to it. */
static void write_shared(struct json_writer *w, const char *name, bool nullable) {
    if (!nullable) {
        ref_member(w, "schemas", name);
        return;
    }
    json_key(w, STR("anyOf"));
    json_begin_array(w);
    openapi_ref(w, "schemas", name);
    json_begin_object(w);
    openapi_member(w, "type", "null");
    json_end_object(w);
    json_end_array(w);
}

static void write_own(struct json_writer *w, const struct field *field, bool nullable) {
    const struct shape *shape = &shapes[field_shape(field)];
    if (shape->type)
        write_type(w, field->flags & FIELD_HALVES ? "number" : shape->type, nullable);
    if (shape->format)
        openapi_member(w, "format", shape->format);
    write_bounds(w, field, shape);
    if (!strcmp(shape->type ? shape->type : "", "array"))
        write_items(w, field, shape);
    if (field->type == FIELD_COUNTS) {
        json_key(w, STR("additionalProperties"));
        json_begin_object(w);
        openapi_member(w, "type", "integer");
        json_end_object(w);
    }
}

static void write_example(struct json_writer *w, const struct field *field) {
    json_key(w, STR("examples"));
    json_begin_array(w);
    if (shapes[field_shape(field)].text_example)
        json_str(w, str_of(field->example));
    else
        json_raw(w, str_of(field->example));
    json_end_array(w);
}

static void write_constant(struct json_writer *w, const struct field *field) {
    openapi_member(w, "type", "string");
    openapi_member(w, "const", field->example);
}

void openapi_field(struct json_writer *w, const struct field *field) {
    bool nullable = field->flags & FIELD_NULLABLE;
    bool constant = field->flags & FIELD_CONSTANT;
    json_begin_object(w);
    if (constant)
        write_constant(w, field);
    else if (field->type == FIELD_OBJECT)
        write_shared(w, field->of->name, nullable);
    else if (field->type == FIELD_ENUM && field->values)
        write_shared(w, field->values->name, nullable);
    else
        write_own(w, field, nullable);
    if (field->doc)
        openapi_member(w, "description", field->doc);
    if (field->example && !constant)
        write_example(w, field);
    json_end_object(w);
}

static void write_required(struct json_writer *w, const struct fields *fields) {
    size_t n = 0;
    for (size_t i = 0; i < fields->n; i++)
        n += (fields->rows[i].flags & FIELD_REQUIRED) != 0;
    if (n == 0)
        return;
    json_key(w, STR("required"));
    json_begin_array(w);
    for (size_t i = 0; i < fields->n; i++)
        if (fields->rows[i].flags & FIELD_REQUIRED)
            json_str(w, str_of(fields->rows[i].name));
    json_end_array(w);
}

static void write_schema(struct json_writer *w, const struct fields *fields) {
    json_key(w, str_of(fields->name));
    json_begin_object(w);
    openapi_member(w, "type", "object");
    if (fields->doc)
        openapi_member(w, "description", fields->doc);
    write_required(w, fields);
    json_key(w, STR("properties"));
    json_begin_object(w);
    for (size_t i = 0; i < fields->n; i++) {
        if (fields->rows[i].flags & FIELD_HIDDEN)
            continue;
        json_key(w, str_of(fields->rows[i].name));
        openapi_field(w, &fields->rows[i]);
    }
    json_end_object(w);
    json_end_object(w);
}

static void write_enum(struct json_writer *w, const struct enum_values *values) {
    json_key(w, str_of(values->name));
    json_begin_object(w);
    openapi_member(w, "type", "string");
    json_key(w, STR("enum"));
    json_begin_array(w);
    for (size_t i = 0; i < values->n; i++)
        json_str(w, values->values[i]);
    json_end_array(w);
    json_end_object(w);
}

void openapi_schemas(struct json_writer *w, const struct vocabulary *v) {
    for (size_t i = 0; i < v->schemas.n; i++)
        write_schema(w, schema_at(v, i));
    for (size_t i = 0; i < v->enums.n; i++)
        write_enum(w, enum_at(v, i));
}
