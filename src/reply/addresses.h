/* Email addresses in a text.
 *
 * Pure, any thread; results live in the arena. Any bytes are accepted. */
#ifndef REPLY_ADDRESSES_H
#define REPLY_ADDRESSES_H

#include <stdbool.h>

#include "base/field.h"
#include "data/urls.h"

/* The first address in a run without white space; false for none. */
bool address_in(struct arena *arena, struct str run, struct email *ret_email);

/* Adds the addresses of a text in normal form, each once, until *addresses has `max`. Where it is not
 * certain with which character one begins or ends ("'ann@x.example'"), both. */
void addresses_add(struct arena *arena, struct str text, size_t max, struct strs *addresses);

#endif
