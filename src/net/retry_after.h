/* Retry-After (RFC 9110, section 10.2.3): seconds, or a date. */
#ifndef NET_RETRY_AFTER_H
#define NET_RETRY_AFTER_H

#include <stdint.h>

#include "base/str.h"

/* More is told as this. */
#define RETRY_AFTER_MAX_MS (INT64_C(366) * 24 * 60 * 60 * 1000)

/* How long to wait from `now_ms` (since 1970): whole seconds, parts of one as a whole. E_INVALID
 * for anything that is neither, for a negative number and for a date that is past. */
MUST_USE enum rc retry_after_read(struct str text, int64_t now_ms, int64_t *ret_wait_ms);

#endif
