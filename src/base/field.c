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

void field_copy(const struct field *field, void *to, const void *from) {
    if (!(field->flags & FIELD_CONSTANT))
        memcpy((char *) to + field->offset, (const char *) from + field->offset,
               member_size(field));
}

const struct field *field_find(const struct fields *fields, struct str name) {
    for (size_t i = 0; i < fields->n; i++)
        if (str_eq(str_of(fields->rows[i].name), name))
            return &fields->rows[i];
    return NULL;
}
