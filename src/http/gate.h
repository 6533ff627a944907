/* The gate between libmicrohttpd and the socket. The library is linked statically and
 * its reads are wrapped (Makefile: --wrap), so that every byte of a connection passes
 * the framing state machine before the library sees it. What is good is handed on
 * unchanged, except that '?' in targets is '#' (framing_read). At the first bad byte
 * the library gets the complete messages before it and nothing more; when they are
 * answered, the gate sends the refusal itself, stops sending, and drops what still
 * comes until the client closes or LINGER_MS is over (closing at once would reset the
 * connection and take the answer away from a client that is still writing).
 *
 * The gate also keeps the connection's deadline up to date (http/watch.h).
 *
 * Life cycle: gate_open in the library's connection notice, gate_close in its
 * counterpart. Thread rule: a connection belongs to the library's thread that runs it. */
#ifndef HTTP_GATE_H
#define HTTP_GATE_H

#include <netinet/in.h>
#include <sys/socket.h>

#include "http/framing.h"
#include "http/server.h"
#include "http/watch.h"

/* One per server. */
struct gate {
    const struct server_app *app;
    struct watch *watch;
    int64_t head_ms, body_ms, idle_ms;
    int64_t connections_max;
    _Atomic int64_t open, total, refused; /* counters of server_stats */
    _Atomic bool draining;
};

struct gate_connection {
    struct watch_entry watch; /* first, so that an entry is its connection */
    struct gate *gate;
    struct framing framing;
    void *session;            /* gnutls_session_t once its handshake is over */
    int64_t since_ms;         /* begin of the part being read */
    int64_t deadline_ms;      /* of that part */
    enum framing_part part;
    int pending;              /* complete messages that are not answered yet */
    bool tls;
    bool redirect;            /* of a listener that answers for itself: app->body_max is not asked */
    bool last;                /* the library closes behind the answer it is sending */
    bool lingering;           /* refused, waiting for the client to close */
    char peer[INET6_ADDRSTRLEN];
};

/* `c` is zeroed but for tls and redirect. False when the connection must not be served:
 * its socket is shut down already, and gate_close is still to be called. */
bool gate_open(struct gate *gate, struct gate_connection *c, int fd, const struct sockaddr *peer);
void gate_close(struct gate_connection *c);

/* The library begins to send an answer with a body of `n` bytes; `last`: then closes. */
void gate_answering(struct gate_connection *c, size_t n, bool last);
/* It has been sent. */
void gate_answered(struct gate_connection *c);

#endif
