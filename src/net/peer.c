/* Waiting is done in slices, so that a stop is noticed. Deadlines are points in time: a
 * server that drips bytes does not move them. */
#include "net/peer.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/mem.h"
#include "net/address.h"

enum { SLICE_MS = 200, READ_BYTES = 16 * 1024, IN_MAX_BYTES = 256 * 1024 * 1024,
       KEPT_BYTES = 64 * 1024 /* of hundreds of connections that wait for long */ };

struct peer {
    struct stream stream;
    struct buf in;
    size_t taken; /* bytes at the beginning of `in` that are done with */
    const struct stream_trust *trust;
    int64_t connect_ms;
    bool (*stopping)(void);
    char *host; /* NUL-terminated */
};

/* Until the descriptor is ready or the time is over. */
static enum rc wait_until(const struct peer *peer, bool for_writing, int64_t until_ms) {
    for (;;) {
        int64_t left = until_ms - monotonic_ms();
        if (peer->stopping && peer->stopping())
            return E_CANCELED;
        if (left <= 0)
            return E_TIMEOUT;
        struct pollfd fd = { .fd = peer->stream.fd, .events = for_writing ? POLLOUT : POLLIN };
        int n = poll(&fd, 1, left < SLICE_MS ? (int) left : SLICE_MS);
        if (n > 0)
            return OK;
        if (n < 0 && errno != EINTR)
            return E_IO;
    }
}

/* --- connecting --- */

static enum rc connect_to(struct peer *peer, const struct sockaddr *address) {
    struct stream_to to = { .to = address };
    enum rc rc = stream_connect(&peer->stream, &to);
    if (rc == OK)
        rc = wait_until(peer, true, monotonic_ms() + peer->connect_ms);
    if (rc == OK)
        rc = stream_connected(&peer->stream);
    if (rc != OK)
        stream_close(&peer->stream);
    return rc;
}

static enum rc try_addresses(struct peer *peer, const struct peer_options *options,
                             const struct addrinfo *found) {
    enum rc rc = E_UNSUPPORTED;
    for (const struct addrinfo *a = found; a; a = a->ai_next) {
        if (!options->allow_private && !address_is_public(a->ai_addr))
            continue;
        rc = connect_to(peer, a->ai_addr);
        if (rc == OK || rc == E_CANCELED)
            break;
    }
    return rc;
}

static enum rc resolve(struct arena *arena, const struct peer *peer, int port, struct addrinfo **ret_found) {
    const struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV };
    int error = getaddrinfo(peer->host, arena_printf(arena, "%d", port).p, &hints, ret_found);
    return error == 0 ? OK : error == EAI_AGAIN ? E_TIMEOUT : E_NOT_FOUND;
}

static struct str reason_of(struct arena *arena, enum rc rc, const char *host) {
    switch (rc) {
    case E_NOT_FOUND: return arena_printf(arena, "there is no host %s", host);
    case E_UNSUPPORTED: return arena_printf(arena, "%s has no public address", host);
    case E_TIMEOUT: return arena_printf(arena, "%s did not answer in time", host);
    case E_CANCELED: return STR("the program stops");
    default: return arena_printf(arena, "%s refused the connection", host);
    }
}

enum rc peer_open(const struct peer_options *options, struct arena *arena,
                  struct peer **ret_peer, struct str *ret_reason) {
    struct peer *peer = MEM_NEW(struct peer);
    struct addrinfo *found = NULL;
    *peer = (struct peer){
        .stream = { .fd = -1 },
        .in = buf_on_heap(IN_MAX_BYTES),
        .trust = options->trust,
        .connect_ms = options->connect_ms,
        .stopping = options->stopping,
        .host = mem_strdup(arena_cstr(arena, options->host)),
    };
    enum rc rc = resolve(arena, peer, options->port, &found);
    if (rc == OK)
        rc = try_addresses(peer, options, found);
    if (found)
        freeaddrinfo(found);
    if (rc != OK)
        *ret_reason = reason_of(arena, rc, peer->host);
    else if (options->security == PEER_TLS)
        rc = peer_start_tls(peer, arena, ret_reason);
    if (rc != OK) {
        peer_close(&peer);
        return rc;
    }
    *ret_peer = peer;
    return OK;
}

void peer_close(struct peer **peer) {
    if (!*peer)
        return;
    stream_close(&(*peer)->stream);
    buf_done(&(*peer)->in);
    mem_free((*peer)->host);
    mem_free(*peer);
    *peer = NULL;
}

/* --- TLS --- */

enum rc peer_start_tls(struct peer *peer, struct arena *arena, struct str *ret_reason) {
    int64_t until = monotonic_ms() + peer->connect_ms;
    ASSERT(peer->trust && !peer->stream.tls);
    if (peer_received(peer).n) {
        *ret_reason = arena_printf(arena, "%s sent more than it should before TLS", peer->host);
        return E_PROTO;
    }
    for (;;) {
        const char *fault;
        enum stream_result result
            = stream_start_trusted_tls(&peer->stream, peer->trust, peer->host, &fault);
        if (result == STREAM_DONE)
            return OK;
        if (result == STREAM_CLOSED) {
            *ret_reason = fault ? arena_printf(arena, "the certificate of %s is refused: %s", peer->host, fault)
                                : arena_printf(arena, "%s does not agree on TLS", peer->host);
            return E_PROTO;
        }
        enum rc rc = wait_until(peer, peer->stream.wants_write, until);
        if (rc != OK) {
            *ret_reason = reason_of(arena, rc, peer->host);
            return rc;
        }
    }
}

bool peer_is_secure(const struct peer *peer) {
    return peer->stream.tls != NULL;
}

int peer_fd(const struct peer *peer) {
    return peer->stream.fd;
}

/* --- bytes --- */

enum rc peer_send(struct peer *peer, struct str bytes, int64_t ms) {
    int64_t until = monotonic_ms() + ms;
    while (bytes.n) {
        size_t n = 0;
        enum stream_result result = stream_send(&peer->stream, bytes.p, bytes.n, &n);
        if (result == STREAM_CLOSED)
            return E_IO;
        bytes = str_sub(bytes, n, bytes.n);
        enum rc rc = result == STREAM_AGAIN ? wait_until(peer, peer->stream.wants_write, until) : OK;
        if (rc != OK)
            return rc;
    }
    return OK;
}

struct str peer_received(const struct peer *peer) {
    return str_sub(buf_text(&peer->in), peer->taken, peer->in.n);
}

void peer_take(struct peer *peer, size_t n) {
    ASSERT(n <= peer->in.n - peer->taken);
    peer->taken += n;
    if (peer->taken < peer->in.n)
        return;
    if (peer->in.capacity > KEPT_BYTES)
        buf_done(&peer->in);
    else
        buf_clear(&peer->in);
    peer->taken = 0;
}

/* What is done with moves out when it is most of the buffer. */
static void make_room(struct peer *peer) {
    size_t left = peer->in.n - peer->taken;
    if (peer->taken < left)
        return;
    if (left)
        memmove(peer->in.p, peer->in.p + peer->taken, left);
    peer->in.n = left;
    peer->taken = 0;
}

enum rc peer_receive(struct peer *peer, int64_t ms, size_t max) {
    int64_t until = monotonic_ms() + ms;
    if (peer->in.n - peer->taken >= max)
        return E_TOO_LARGE;
    make_room(peer);
    for (;;) {
        size_t n = 0;
        char *space = buf_space(&peer->in, READ_BYTES);
        if (!space)
            return E_TOO_LARGE;
        enum stream_result result = stream_read(&peer->stream, space, READ_BYTES, &n);
        if (result == STREAM_CLOSED)
            return E_IO;
        if (result == STREAM_DONE) {
            buf_added(&peer->in, n);
            return OK;
        }
        enum rc rc = wait_until(peer, peer->stream.wants_write, until);
        if (rc != OK)
            return rc;
    }
}
