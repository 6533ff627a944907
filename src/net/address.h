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

#endif
