/* What a client says to log in (RFC 4616; XOAUTH2 as Google and Microsoft describe it), in
 * base64 as SMTP and IMAP send it. Pure functions; results on the arena. */
#ifndef NET_SASL_H
#define NET_SASL_H

#include "base/arena.h"
#include "base/str.h"

struct str sasl_base64(struct arena *arena, struct str bytes);
struct str sasl_plain(struct arena *arena, struct str user, struct str password);
struct str sasl_xoauth2(struct arena *arena, struct str user, struct str access_token);

#endif
