/* The members of a JSON object whose names are the client's own (a lead's data), from the
 * text that a FIELD_JSON holds. */
#ifndef JSON_MEMBERS_H
#define JSON_MEMBERS_H

#include "base/arena.h"
#include "base/field.h"

enum json_member_type { JSON_MEMBER_TEXT, JSON_MEMBER_NULL, JSON_MEMBER_OTHER };

struct json_member {
    struct str name;
    enum json_member_type type;
    struct str text; /* of JSON_MEMBER_TEXT */
};

/* List of struct json_member in the order of the object, on the arena. E_INVALID when
 * `json` is no object. */
MUST_USE enum rc json_members(struct arena *arena, struct str json, struct list *ret_members);

#endif
