/* The values that templates are rendered with, from what is known of a lead and a sender. */
#ifndef SEQUENCE_PEOPLE_H
#define SEQUENCE_PEOPLE_H

#include "base/arena.h"
#include "base/map.h"
#include "store/senders.h"

/* Adds "sender.…" to `values`, and to `html` those that are HTML already. What the sender
 * has not filled in is left out. Values are on the arena or the sender's. */
void people_add_sender(struct arena *arena, const struct sender *sender, struct map *values,
                       struct map *html);

/* Adds a field of the lead, unless it is blank. */
void people_add_field(struct arena *arena, struct map *values, struct str name, struct str value);

#endif
