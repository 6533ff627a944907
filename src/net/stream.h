/* A non-blocking TCP connection that may change over to TLS (STARTTLS), over OpenSSL. One
 * thread at a time.
 *
 * Certificates are judged with a struct stream_trust only. Without one nothing confidential
 * is to be sent: most servers that take mail from anybody have no certificate that could be
 * judged (RFC 7435). */
#ifndef NET_STREAM_H
#define NET_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

#include "base/rc.h"

struct ssl_st;

struct stream {
    int fd; /* -1: closed */
    struct ssl_st *tls;
    bool wants_write; /* what was tried last goes on when it can be written */
};

struct stream_to {
    const struct sockaddr *to, *from; /* `from` NULL: any own address */
};

/* Begins to connect. E_IO when it cannot even begin (no route, no such own address). */
MUST_USE enum rc stream_connect(struct stream *s, const struct stream_to *to);

/* Once it can be written: OK when connected, otherwise E_IO. */
MUST_USE enum rc stream_connected(struct stream *s);

enum stream_result { STREAM_DONE, STREAM_AGAIN, STREAM_CLOSED };

/* Some bytes, *ret_n of at most `n`. */
enum stream_result stream_read(struct stream *s, char *p, size_t n, size_t *ret_n);
enum stream_result stream_send(struct stream *s, const char *p, size_t n, size_t *ret_n);

/* Begins TLS as a client or goes on with it; `host` for SNI. */
enum stream_result stream_start_tls(struct stream *s, const char *host);

/* Whom to believe: the machine's authorities, and those in `ca_file` (PEM; NULL: none more).
 * Immutable, shared by threads; the caller owns it. E_INVALID when the file cannot be used. */
struct stream_trust;
MUST_USE enum rc stream_trust_new(const char *ca_file, struct stream_trust **ret_trust);
/* Nulls *trust. Accepts NULL. No stream that began with it is open any more. */
void stream_trust_free(struct stream_trust **trust);

/* As stream_start_tls, TLS 1.2 or newer, with a certificate that is for `host` (a name or
 * an IP address). When it is closed and *ret_fault is set, then because of that. */
enum stream_result stream_start_trusted_tls(struct stream *s, const struct stream_trust *trust,
                                            const char *host, const char **ret_fault);

/* Accepts a closed one. */
void stream_close(struct stream *s);

#endif
