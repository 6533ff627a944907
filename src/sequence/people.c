#include "sequence/people.h"

void people_add_field(struct arena *arena, struct map *values, struct str name, struct str value) {
    if (str_is_empty(str_trim(value)))
        return;
    struct str *kept = ARENA_NEW(arena, struct str);
    *kept = value;
    (void) map_put(values, name, kept); /* the last one counts */
}

static struct str full_name(struct arena *arena, const struct sender *sender) {
    return str_is_set(sender->display_name) && sender->display_name.n
               ? sender->display_name
               : arena_printf(arena, "%.*s %.*s", STR_FMT(sender->first_name),
                              STR_FMT(sender->last_name));
}

void people_add_sender(struct arena *arena, const struct sender *sender, struct map *values,
                       struct map *html) {
    struct str email = str_is_set(sender->from_address) ? sender->from_address
                                                         : sender->user_email;
    people_add_field(arena, values, STR("sender.first_name"), sender->first_name);
    people_add_field(arena, values, STR("sender.last_name"), sender->last_name);
    people_add_field(arena, values, STR("sender.name"), full_name(arena, sender));
    people_add_field(arena, values, STR("sender.email"), email);
    people_add_field(arena, values, STR("sender.signature"), sender->signature);
    people_add_field(arena, html, STR("sender.signature"), sender->signature_html);
}
