#include "import/merge.h"

#include "json/unite.h"

static struct str *text_member(const struct field *field, void *object) {
    return (struct str *) (void *) ((char *) object + field->offset);
}

void merge_row(struct arena *arena, const struct fields *fields, enum merge how, void *to,
               const void *from) {
    for (size_t i = 0; i < fields->n; i++) {
        const struct field *field = &fields->rows[i];
        struct str name = str_of(field->name);
        if (str_eq(name, STR("id")) || str_eq(name, STR("doc")) || !field_is_set(field, from))
            continue;
        bool known = field_is_set(field, to);
        if (str_eq(name, STR("extra")) && known) {
            struct str old = *text_member(field, to);
            field_copy(field, to, from);
            struct str new = *text_member(field, to);
            *text_member(field, to)
                = how == MERGE_REPLACE ? json_unite(arena, old, new) : json_unite(arena, new, old);
        } else if (!known || how == MERGE_REPLACE) {
            field_copy(field, to, from);
        }
    }
}
