/* Struct -> JSON by field table. A row per field type says whether the member holds
 * something and how it is written. */
#include "base/check.h"
#include "base/clock.h"
#include "json/writer.h"

/* EMPTY is for lists and maps only. */
enum presence { ABSENT, EMPTY, PRESENT };

struct kind {
    enum presence (*presence)(const void *member);
    void (*write)(struct json_writer *w, const struct field *field, const void *member);
};

/* All lists are a pointer and a count; the element type is the only difference. */
static struct list any_list(const void *member) {
    _Static_assert(sizeof(struct strs) == sizeof(struct list), "lists differ");
    _Static_assert(sizeof(struct ints) == sizeof(struct list), "lists differ");
    _Static_assert(sizeof(struct counts) == sizeof(struct list), "lists differ");
    struct list list;
    memcpy(&list, member, sizeof list);
    return list;
}

static enum presence text_presence(const void *member) {
    return str_is_set(*(const struct str *) member) ? PRESENT : ABSENT;
}

static enum presence int_presence(const void *member) {
    return ((const struct opt_int *) member)->set ? PRESENT : ABSENT;
}

static enum presence bool_presence(const void *member) {
    return *(const enum tri *) member == UNSET ? ABSENT : PRESENT;
}

static enum presence list_presence(const void *member) {
    struct list list = any_list(member);
    if (list.n)
        return PRESENT;
    return list.p ? EMPTY : ABSENT;
}

/* The member is a pointer to some struct. */
static const void *pointee(const void *member) {
    const void *p;
    memcpy(&p, member, sizeof p);
    return p;
}

static enum presence object_presence(const void *member) {
    return pointee(member) ? PRESENT : ABSENT;
}

static void write_text(struct json_writer *w, const struct field *field, const void *member) {
    (void) field;
    json_str(w, *(const struct str *) member);
}

static void write_int(struct json_writer *w, const struct field *field, const void *member) {
    int64_t value = ((const struct opt_int *) member)->v;
    if (field->flags & FIELD_HALVES)
        json_halves(w, value);
    else
        json_int(w, value);
}

static void write_time(struct json_writer *w, const struct field *field, const void *member) {
    char text[TIME_TEXT_MAX];
    int64_t ms = ((const struct opt_int *) member)->v;
    size_t n = time_text(ms, field->type == FIELD_TIME_MS, text);
    json_str(w, (struct str){ text, n });
}

static void write_bool(struct json_writer *w, const struct field *field, const void *member) {
    (void) field;
    json_bool(w, *(const enum tri *) member == YES);
}

static void write_strs(struct json_writer *w, const struct field *field, const void *member) {
    (void) field;
    const struct strs *list = member;
    json_begin_array(w);
    for (size_t i = 0; i < list->n; i++)
        json_str(w, list->p[i]);
    json_end_array(w);
}

static void write_ints(struct json_writer *w, const struct field *field, const void *member) {
    (void) field;
    const struct ints *list = member;
    json_begin_array(w);
    for (size_t i = 0; i < list->n; i++)
        json_int(w, list->p[i]);
    json_end_array(w);
}

static void write_counts(struct json_writer *w, const struct field *field, const void *member) {
    (void) field;
    const struct counts *map = member;
    json_begin_object(w);
    for (size_t i = 0; i < map->n; i++) {
        json_key(w, map->p[i].key);
        json_int(w, map->p[i].n);
    }
    json_end_object(w);
}

static void write_object(struct json_writer *w, const struct field *field, const void *member) {
    json_fields(w, field->of, pointee(member));
}

static void write_list(struct json_writer *w, const struct field *field, const void *member) {
    const struct list *list = member;
    json_begin_array(w);
    for (size_t i = 0; i < list->n; i++)
        json_fields(w, field->of, (const char *) list->p + i * field->of->size);
    json_end_array(w);
}

static void write_json(struct json_writer *w, const struct field *field, const void *member) {
    (void) field;
    json_raw(w, *(const struct str *) member);
}

static const struct kind kinds[] = {
    [FIELD_STR] = { text_presence, write_text },
    [FIELD_ID] = { text_presence, write_text },
    [FIELD_ENUM] = { text_presence, write_text },
    [FIELD_INT] = { int_presence, write_int },
    [FIELD_TIME] = { int_presence, write_time },
    [FIELD_TIME_MS] = { int_presence, write_time },
    [FIELD_DATE] = { text_presence, write_text },
    [FIELD_BOOL] = { bool_presence, write_bool },
    [FIELD_STRS] = { list_presence, write_strs },
    [FIELD_INTS] = { list_presence, write_ints },
    [FIELD_COUNTS] = { list_presence, write_counts },
    [FIELD_OBJECT] = { object_presence, write_object },
    [FIELD_LIST] = { list_presence, write_list },
    [FIELD_JSON] = { text_presence, write_json },
};

static bool is_list(const struct field *field) {
    return kinds[field->type].presence == list_presence;
}

/* What stands in the JSON: the value, null, or nothing at all. */
enum shown { LEFT_OUT, AS_NULL, AS_VALUE };

static enum shown shown_as(const struct field *field, enum presence presence) {
    bool kept = field->flags & (FIELD_ALWAYS | FIELD_REQUIRED);
    bool nullable = field->flags & FIELD_NULLABLE;
    if (presence == PRESENT)
        return AS_VALUE;
    if (presence == EMPTY)
        return kept || nullable || field->flags & FIELD_EMPTY ? AS_VALUE : LEFT_OUT;
    if (nullable)
        return AS_NULL;
    return kept && is_list(field) ? AS_VALUE : LEFT_OUT;
}

/* The name, when something follows it. */
static enum shown begin_member(struct json_writer *w, const struct field *field,
                               enum presence presence) {
    enum shown shown = shown_as(field, presence);
    if (shown != LEFT_OUT)
        json_key(w, str_of(field->name));
    if (shown == AS_NULL)
        json_write_null(w);
    return shown;
}

static void write_constant(struct json_writer *w, const struct field *field) {
    json_key(w, str_of(field->name));
    json_str(w, str_of(field->example));
}

void json_member(struct json_writer *w, const struct field *field, const void *member) {
    if (field->flags & FIELD_CONSTANT)
        write_constant(w, field);
    else if (begin_member(w, field, kinds[field->type].presence(member)) == AS_VALUE)
        kinds[field->type].write(w, field, member);
}

void json_member_text(struct json_writer *w, const struct field *field, struct str json) {
    struct str empty = field->type == FIELD_COUNTS ? STR("{}") : STR("[]");
    if (!str_is_set(json))
        json = STR_NONE;
    enum presence presence = json.p ? PRESENT : ABSENT;
    if (is_list(field) && str_eq(json, empty))
        presence = EMPTY;
    if (begin_member(w, field, presence) == AS_VALUE)
        json_raw(w, json.p ? json : empty);
}

void json_fields(struct json_writer *w, const struct fields *fields, const void *object) {
    json_begin_object(w);
    for (size_t i = 0; i < fields->n; i++)
        if (!(fields->rows[i].flags & FIELD_HIDDEN))
            json_member(w, &fields->rows[i], (const char *) object + fields->rows[i].offset);
    json_end_object(w);
}

struct str json_list(struct arena *arena, const struct fields *fields, const struct list *list) {
    static const struct field row = { .name = "", .type = FIELD_LIST };
    struct field of = row;
    of.of = fields;
    struct buf out = buf_in(arena, SIZE_MAX / 2);
    struct json_writer w = json_writer(&out);
    write_list(&w, &of, list);
    return buf_text(&out);
}

void json_field_value(struct json_writer *w, const struct field *field, const void *object) {
    const void *member = (const char *) object + field->offset;
    if (field->flags & FIELD_CONSTANT)
        json_str(w, str_of(field->example));
    else if (kinds[field->type].presence(member) == ABSENT)
        json_write_null(w);
    else
        kinds[field->type].write(w, field, member);
}
