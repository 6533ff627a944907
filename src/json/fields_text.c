/* One field from text: query parameters, form values, CSV cells. */
#include "base/check.h"
#include "base/utf8.h"
#include "base/vec.h"
#include "json/check.h"
#include "json/reader.h"

/* Each returns a reason, or stores the value. */
typedef struct str set_function(struct arena *arena, const struct field *field, struct str text,
                                void *member);

static struct str set_text(struct arena *arena, const struct field *field, struct str text,
                           void *member) {
    struct str reason = check_text(arena, field, text);
    if (!str_is_set(reason))
        *(struct str *) member = text;
    return reason;
}

static struct str set_date(struct arena *arena, const struct field *field, struct str text,
                           void *member) {
    struct str reason = check_date(arena, field, text);
    if (!str_is_set(reason))
        *(struct str *) member = text;
    return reason;
}

static struct str set_time(struct arena *arena, const struct field *field, struct str text,
                           void *member) {
    int64_t ms = 0;
    struct str reason = check_time(arena, field, text, &ms);
    if (!str_is_set(reason))
        *(struct opt_int *) member = opt_int(ms);
    return reason;
}

static struct str set_int(struct arena *arena, const struct field *field, struct str text,
                          void *member) {
    int64_t value;
    if (str_to_i64(text, &value) != OK)
        return wrong_type(arena, field);
    struct str reason = check_int(arena, field, value);
    if (!str_is_set(reason))
        *(struct opt_int *) member = opt_int(value);
    return reason;
}

static struct str set_bool(struct arena *arena, const struct field *field, struct str text,
                           void *member) {
    static const struct {
        struct str text;
        enum tri value;
    } words[] = {
        { { "true", 4 }, YES }, { { "1", 1 }, YES }, { { "false", 5 }, NO }, { { "0", 1 }, NO },
    };
    for (size_t i = 0; i < LENGTH(words); i++)
        if (str_eq_nocase(words[i].text, text)) {
            *(enum tri *) member = words[i].value;
            return STR_NONE;
        }
    return wrong_type(arena, field);
}

/* One more element; only the upper limit can be judged before the last one. */
static struct str add_str(struct arena *arena, const struct field *field, struct str text,
                          void *member) {
    struct strs *list = member;
    struct str reason = check_item(arena, field, text);
    if (!str_is_set(reason) && field->max > 0 && list->n >= (size_t) field->max)
        reason = check_items(arena, field, list->n + 1);
    if (!str_is_set(reason))
        strs_add(arena, list, text);
    return reason;
}

static struct str add_int(struct arena *arena, const struct field *field, struct str text,
                          void *member) {
    struct ints *list = member;
    int64_t value;
    if (str_to_i64(text, &value) != OK)
        return wrong_type(arena, field);
    if (field->max > 0 && list->n >= (size_t) field->max)
        return check_items(arena, field, list->n + 1);
    ints_add(arena, list, value);
    return STR_NONE;
}

static struct str set_json(struct arena *arena, const struct field *field, struct str text,
                           void *member) {
    json_t *value;
    struct json_position at;
    if (json_parse(arena, text, &value, &at) != OK)
        return wrong_type(arena, field);
    return set_text(arena, field, text, member);
}

static struct str cannot_be_text(struct arena *arena, const struct field *field, struct str text,
                                 void *member) {
    (void) text;
    (void) member;
    return wrong_type(arena, field);
}

static set_function *const setters[] = {
    [FIELD_STR] = set_text,       [FIELD_ID] = set_text,           [FIELD_ENUM] = set_text,
    [FIELD_INT] = set_int,        [FIELD_TIME] = set_time,         [FIELD_TIME_MS] = set_time,
    [FIELD_DATE] = set_date,      [FIELD_BOOL] = set_bool,         [FIELD_STRS] = add_str,
    [FIELD_INTS] = add_int,       [FIELD_COUNTS] = cannot_be_text, [FIELD_OBJECT] = cannot_be_text,
    [FIELD_LIST] = cannot_be_text, [FIELD_JSON] = set_json,
};

enum rc field_from_text(struct arena *arena, const struct field *field, struct str text,
                        void *object, struct str *ret_reason) {
    ASSERT(!(field->flags & FIELD_CONSTANT));
    struct str reason;
    if (!utf8_is_valid(text) || str_find(text, '\0') < text.n)
        reason = arena_printf(arena, "%s must be UTF-8 text without NUL", field->name);
    else
        reason = setters[field->type](arena, field, text, (char *) object + field->offset);
    if (!str_is_set(reason))
        return OK;
    *ret_reason = reason;
    return E_INVALID;
}
