#include "base/field.h"

/* How large the member is; its type follows from the field's. */
static size_t member_size(const struct field *field) {
    switch (field->type) {
    case FIELD_INT:
    case FIELD_TIME:
    case FIELD_TIME_MS: return sizeof(struct opt_int);
    case FIELD_BOOL: return sizeof(enum tri);
    case FIELD_OBJECT: return sizeof(void *);
    case FIELD_STRS:
    case FIELD_INTS:
    case FIELD_COUNTS:
    case FIELD_LIST: return sizeof(struct list);
    case FIELD_STR:
    case FIELD_ID:
    case FIELD_ENUM:
    case FIELD_DATE:
    case FIELD_JSON: break;
    }
    return sizeof(struct str);
}

_Static_assert(sizeof(struct strs) == sizeof(struct list), "lists are alike");
_Static_assert(sizeof(struct ints) == sizeof(struct list), "lists are alike");
_Static_assert(sizeof(struct counts) == sizeof(struct list), "lists are alike");

bool field_is_set(const struct field *field, const void *object) {
    union {
        struct opt_int number;
        struct list list;
        struct str text;
        enum tri tri;
        void *pointer;
    } member;
    if (field->flags & FIELD_CONSTANT)
        return true;
    memcpy(&member, (const char *) object + field->offset, member_size(field));
    switch (field->type) {
    case FIELD_INT:
    case FIELD_TIME:
    case FIELD_TIME_MS: return member.number.set;
    case FIELD_BOOL: return member.tri != UNSET;
    case FIELD_OBJECT: return member.pointer != NULL;
    case FIELD_STRS:
    case FIELD_INTS:
    case FIELD_COUNTS:
    case FIELD_LIST: return member.list.n > 0;
    default: return member.text.p != NULL;
    }
}

bool field_is_given(const struct field *field, const void *object) {
    struct list list;
    if (field->type != FIELD_STRS && field->type != FIELD_INTS && field->type != FIELD_COUNTS
        && field->type != FIELD_LIST)
        return field_is_set(field, object);
    memcpy(&list, (const char *) object + field->offset, sizeof list);
    return list.p != NULL;
}

void field_copy(const struct field *field, void *to, const void *from) {
    if (!(field->flags & FIELD_CONSTANT))
        memcpy((char *) to + field->offset, (const char *) from + field->offset,
               member_size(field));
}

/* What an element takes beside its text, which is there twice: as JSON and as value. */
enum { TEXT_BYTES = 32, ELEMENT_BYTES = 80, NUMBER_BYTES = 40, COUNT_BYTES = 120 };

static size_t list_bytes(const struct field *field, const struct list *list) {
    const struct str *texts = list->p;
    const struct count *counts = list->p;
    size_t bytes = 0;
    for (size_t i = 0; i < list->n; i++)
        switch (field->type) {
        case FIELD_STRS: bytes += ELEMENT_BYTES + 2 * texts[i].n; break;
        case FIELD_COUNTS: bytes += COUNT_BYTES + 2 * counts[i].key.n; break;
        case FIELD_LIST:
            bytes += 2 * fields_bytes(field->of, (const char *) list->p + i * field->of->size);
            break;
        default: bytes += NUMBER_BYTES; break;
        }
    return bytes;
}

size_t fields_bytes(const struct fields *fields, const void *object) {
    size_t bytes = 2 * fields->size; /* a growing array leaves as much behind */
    for (size_t i = 0; i < fields->n; i++) {
        const struct field *field = &fields->rows[i];
        const void *member = (const char *) object + field->offset;
        if ((field->flags & FIELD_CONSTANT) || !field_is_set(field, object))
            continue;
        switch (field->type) {
        case FIELD_STRS:
        case FIELD_INTS:
        case FIELD_COUNTS:
        case FIELD_LIST: bytes += list_bytes(field, member); break;
        case FIELD_INT:
        case FIELD_TIME:
        case FIELD_TIME_MS:
        case FIELD_BOOL:
        case FIELD_OBJECT: break;
        default: bytes += TEXT_BYTES + ((const struct str *) member)->n; break;
        }
    }
    return bytes;
}

const struct field *field_find(const struct fields *fields, struct str name) {
    for (size_t i = 0; i < fields->n; i++)
        if (str_eq(str_of(fields->rows[i].name), name))
            return &fields->rows[i];
    return NULL;
}
