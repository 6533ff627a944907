/* Result codes: the one enumeration that fallible functions return.
 * The list, with texts and whether a retry makes sense, is rc.def. */
#ifndef BASE_RC_H
#define BASE_RC_H

#include <stdbool.h>

enum rc {
#define RC(name, text, retry) name,
#include "base/rc.def"
#undef RC
    RC_COUNT
};

/* Put on every function that returns enum rc: an ignored failure is a defect. */
#define MUST_USE __attribute__((warn_unused_result))

/* printf-style checking: where the format is and where its arguments begin, from 1. */
#define PRINTF_LIKE(at, first) __attribute__((format(printf, at, first)))

/* English text of `rc`, static storage. */
const char *rc_text(enum rc rc);

/* The symbol's name ("E_TIMEOUT"), static storage; for logs. */
const char *rc_name(enum rc rc);

/* True when the same operation may succeed later without a change of input. */
bool rc_is_retryable(enum rc rc);

#endif
