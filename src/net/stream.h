/* A non-blocking TCP connection that may change over to TLS (STARTTLS), over OpenSSL.
 * Certificates are not judged: nothing confidential is sent, and most mail servers have none
 * that could be (RFC 7435). One thread at a time. */
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

/* Accepts a closed one. */
void stream_close(struct stream *s);

#endif
