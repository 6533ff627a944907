/* Which addresses the server may talk to on behalf of somebody who only gave a URL or
 * a domain (webhooks, providers, probes): public ones. Everything in the registries of
 * special-purpose addresses is refused (RFC 6890), and everything that wraps an IPv4
 * address in IPv6, but for mapped addresses (RFC 4291, section 2.5.5.2), which are
 * judged as what they are. Deny by default. */
#ifndef NET_ADDRESS_H
#define NET_ADDRESS_H

#include <stdbool.h>
#include <sys/socket.h>

#include "base/str.h"

/* False for anything that is not a globally reachable unicast address, and for every
 * family but IPv4 and IPv6. */
bool address_is_public(const struct sockaddr *address);

/* The same for text ("192.0.2.1", "2001:db8::1"); false when it is no address. */
bool address_text_is_public(struct str text);

/* A network in the form "10.1.0.0/16", "2001:db8::/32", or one address. */
struct address_network {
    unsigned char bytes[16]; /* IPv4 as mapped (RFC 4291, section 2.5.5.2) */
    unsigned bits;           /* of these, from the left */
};
/* E_INVALID for anything else, also with bits set behind the prefix. */
MUST_USE enum rc address_network_read(struct str text, struct address_network *ret_network);

enum { ADDRESS_NETWORKS_MAX = 32 };

/* What an operator allows beside public addresses. */
struct address_rules {
    bool allow_private; /* everything */
    struct address_network networks[ADDRESS_NETWORKS_MAX];
    size_t n;
};
bool address_is_allowed(const struct address_rules *rules, const struct sockaddr *address);
/* False when it is no address. */
bool address_text_is_allowed(const struct address_rules *rules, struct str text);

#endif
