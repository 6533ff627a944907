#include "json/members.h"

#include <jansson.h>

#include "base/vec.h"
#include "json/reader.h"

static struct json_member member_of(struct str name, json_t *value) {
    if (json_is_string(value))
        return (struct json_member){ name, JSON_MEMBER_TEXT,
                                     { json_string_value(value), json_string_length(value) } };
    return (struct json_member){ name, json_is_null(value) ? JSON_MEMBER_NULL : JSON_MEMBER_OTHER,
                                 STR_NONE };
}

enum rc json_members(struct arena *arena, struct str json, struct list *ret_members) {
    json_t *root;
    struct json_position at;
    struct list members = { 0 };
    if (json_parse(arena, json, &root, &at) != OK || !json_is_object(root))
        return E_INVALID;
    for (void *i = json_object_iter(root); i; i = json_object_iter_next(root, i))
        *(struct json_member *) list_add(arena, &members, sizeof(struct json_member))
            = member_of(str_of(json_object_iter_key(i)), json_object_iter_value(i));
    *ret_members = members;
    return OK;
}
