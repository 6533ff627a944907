/* A blocking connection to a server that is known by name, with deadlines: what the clients
 * for mail stand on. For threads that have one conversation each; thousands at once are
 * event loops (net/stream.h).
 *
 * Life cycle: peer_open, talk, peer_close. One thread at a time. */
#ifndef NET_PEER_H
#define NET_PEER_H

#include "base/buf.h"
#include "net/stream.h"

enum peer_security { PEER_TLS, PEER_STARTTLS, PEER_PLAIN };

struct peer_options {
    struct str host; /* a name or an address */
    int port;
    enum peer_security security;
    const struct stream_trust *trust; /* judges certificates; outlives the peer */
    bool allow_private;    /* loopback and private addresses as well (net/address.h) */
    int64_t connect_ms;    /* for connecting, and again for TLS */
    bool (*stopping)(void); /* asked a few times a second; NULL: never. True ends all waiting */
};

struct peer;

/* Connects to the first of the host's addresses that takes it, and agrees on TLS when the
 * security is PEER_TLS. E_NOT_FOUND: no such name; E_UNSUPPORTED: no public address; E_TIMEOUT;
 * E_CANCELED: stopping; E_PROTO: no TLS, or a certificate that is not the host's; E_IO.
 * *ret_reason says more, in words, on `arena`. */
MUST_USE enum rc peer_open(const struct peer_options *options, struct arena *arena,
                           struct peer **ret_peer, struct str *ret_reason);
/* Nulls *peer; accepts NULL. Says nothing to the server. */
void peer_close(struct peer **peer);

/* STARTTLS, after both sides agreed. What the server sent too early is an attack and
 * E_PROTO (CVE-2021-23993 and its kin). Otherwise as peer_open. */
MUST_USE enum rc peer_start_tls(struct peer *peer, struct arena *arena, struct str *ret_reason);
bool peer_is_secure(const struct peer *peer);
/* For watching only. */
int peer_fd(const struct peer *peer);

/* All of it, within `ms`. E_TIMEOUT, E_CANCELED, E_IO: then nothing more can be said. */
MUST_USE enum rc peer_send(struct peer *peer, struct str bytes, int64_t ms);

/* What came and was not taken yet. */
struct str peer_received(const struct peer *peer);
/* Forgets the first `n` bytes of it. */
void peer_take(struct peer *peer, size_t n);
/* Waits until more came than is there. E_TIMEOUT, E_CANCELED, E_IO (also: closed);
 * E_TOO_LARGE when `max` bytes are there already. */
MUST_USE enum rc peer_receive(struct peer *peer, int64_t ms, size_t max);

#endif
