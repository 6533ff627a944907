/* JSON that people edit. */
#ifndef JSON_PRETTY_H
#define JSON_PRETTY_H

#include "base/buf.h"

/* Appends `json` with two spaces for each level, members in their order, and a line break
 * at the end. E_INVALID when it is not JSON; E_TOO_LARGE when out's maximum is reached. */
MUST_USE enum rc json_pretty(struct arena *arena, struct str json, struct buf *out);

#endif
