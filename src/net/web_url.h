/* Web addresses that somebody gives us to send something to, as libcurl will read them: what
 * judges and what connects are the same parser, so that no spelling of a host means one thing
 * to one and another to the other. */
#ifndef NET_WEB_URL_H
#define NET_WEB_URL_H

#include "base/arena.h"
#include "net/address.h"

/* http or https, with a host that is a name or an address in any spelling (0x7f.1 is
 * 127.0.0.1), no user or password, no fragment. E_INVALID with words for people in *ret_reason,
 * also when the host is an address that `rules` do not allow; where a name leads is judged
 * when it is connected to (net/http_multi.h). *ret_url is the normal form. */
MUST_USE enum rc web_url_read(struct arena *arena, struct str text, const struct address_rules *rules,
                              struct str *ret_url, struct str *ret_reason);

/* "host" or "host:port", and the path with query, of what web_url_read has returned. */
void web_url_split(struct arena *arena, struct str url, struct str *ret_host, struct str *ret_path);

#endif
