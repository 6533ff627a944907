/* HTTP client over libcurl, blocking: one request, one answer, no redirects. For calls
 * to endpoints that an operator or a user configured. Every connection is checked
 * against net/address.h after the name was resolved, so that a name cannot lead to an
 * address that is refused. */
#ifndef NET_HTTP_CLIENT_H
#define NET_HTTP_CLIENT_H

#include "base/arena.h"
#include "base/rc.h"
#include "base/str.h"

struct http_call {
    struct str url;          /* http or https */
    struct str body;         /* absent: GET */
    const char *body_type;   /* "Content-Type: …" of it; NULL: JSON */
    const char *const *headers; /* "Name: value", ended by NULL; or NULL */
    long timeout_ms;         /* for the whole call */
    size_t answer_max;       /* bytes of body; more is E_TOO_LARGE */
    bool allow_private;      /* lets it reach loopback and private addresses */
    bool (*stopping)(void);  /* asked about once a second: true ends the call; or NULL */
};

struct http_reply {
    long status;
    struct str body;
};

/* OK for any status. E_INVALID: the URL cannot be used; E_DENIED: the address is not
 * public; E_TIMEOUT; E_CANCELED: `stopping` said so; E_TOO_LARGE; E_IO with *ret_reason (for the log). */
MUST_USE enum rc http_call(struct arena *arena, const struct http_call *call,
                           struct http_reply *ret_reply, struct str *ret_reason);

#endif
