/* Where a server's reply ends (RFC 5321, section 4.2), told from bytes that come in pieces,
 * and what an EHLO reply offers. Strict where servers that misbehave cost memory or
 * confusion: length of a line, number of lines, one code for all lines; lenient with the end
 * of a line (bare LF). Pure functions, any thread. */
#ifndef NET_SMTP_REPLY_H
#define NET_SMTP_REPLY_H

#include <stdbool.h>

#include "base/str.h"

enum {
    SMTP_LINE_MAX_BYTES = 2048, /* with its end; the standard has 512 */
    SMTP_LINES_MAX = 100,
    SMTP_REPLY_MAX_BYTES = 16 * 1024,
};

enum smtp_scan {
    SMTP_MORE,   /* no whole reply yet */
    SMTP_WHOLE,  /* *ret_n bytes are one reply */
    SMTP_BROKEN, /* this is not SMTP, whatever follows */
};

/* Looks at the beginning of `bytes`, which may hold more than one reply. */
enum smtp_scan smtp_reply_scan(struct str bytes, size_t *ret_n);

/* The code of a whole reply. */
int smtp_reply_code(struct str reply);

/* Whether a line of a whole EHLO reply begins with `keyword` (any case; RFC 5321, 4.1.1.1).
 * The first line, which greets, does not count. */
bool smtp_reply_offers(struct str reply, struct str keyword);
/* What stands behind the keyword on such a line ("PLAIN LOGIN"); absent without one. */
struct str smtp_reply_parameters(struct str reply, struct str keyword);

#endif
