/* A client for tests of HTTP: plain or TLS, blocking, with a limit that only a hang
 * reaches. Everything that is not as it should be fails the test. */
#ifndef TESTS_HTTP_CLIENT_H
#define TESTS_HTTP_CLIENT_H

#include "test.h"

#include <arpa/inet.h>
#include <errno.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"

enum { HANG_MS = 20000, TEXT_MAX = 1 << 22 };

#define CONTINUE "HTTP/1.1 100 Continue\r\n\r\n"

struct client {
    int fd;
    gnutls_session_t session; /* NULL: plain */
    gnutls_certificate_credentials_t credentials;
    struct buf in; /* all that came */
    bool ended;    /* the server closed */
    int64_t limit_ms;
};

static inline void client_open(struct client *c, int port) {
    *c = (struct client){ .fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0),
                          .in = buf_on_heap(TEXT_MAX),
                          .limit_ms = monotonic_ms() + HANG_MS };
    struct sockaddr_in to = { .sin_family = AF_INET,
                              .sin_port = htons((uint16_t) port),
                              .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int on = 1;
    struct timeval limit = { .tv_sec = HANG_MS / 1000 };
    assert_int_equal(connect(c->fd, (struct sockaddr *) &to, sizeof to), 0);
    assert_int_equal(setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on), 0);
    assert_int_equal(setsockopt(c->fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit), 0);
}

static inline int client_handshake(struct client *c, const char *priorities) {
    assert_int_equal(gnutls_certificate_allocate_credentials(&c->credentials), 0);
    assert_int_equal(gnutls_init(&c->session, GNUTLS_CLIENT | GNUTLS_NO_SIGNAL), 0);
    assert_int_equal(gnutls_priority_set_direct(c->session, priorities, NULL), 0);
    gnutls_credentials_set(c->session, GNUTLS_CRD_CERTIFICATE, c->credentials);
    gnutls_transport_set_int(c->session, c->fd);
    gnutls_handshake_set_timeout(c->session, HANG_MS);
    int rc;
    do
        rc = gnutls_handshake(c->session);
    while (rc < 0 && !gnutls_error_is_fatal(rc));
    return rc;
}

static inline void client_open_tls(struct client *c, int port) {
    client_open(c, port);
    assert_int_equal(client_handshake(c, "NORMAL"), 0);
}

static inline void client_close(struct client *c) {
    if (c->session) {
        gnutls_deinit(c->session);
        gnutls_certificate_free_credentials(c->credentials);
    }
    assert_int_equal(close(c->fd), 0);
    buf_done(&c->in);
}

/* The server may have closed already: then the answer says so. */
static inline bool client_send(struct client *c, struct str text) {
    if (c->session)
        return gnutls_record_send(c->session, text.p, text.n) == (ssize_t) text.n;
    return send(c->fd, text.p, text.n, MSG_NOSIGNAL) == (ssize_t) text.n;
}

static inline void client_read(struct client *c) {
    char piece[16384];
    ssize_t got = c->session ? gnutls_record_recv(c->session, piece, sizeof piece)
                             : recv(c->fd, piece, sizeof piece, 0);
    /* TLS says so, too, when it has read something that is no data of ours */
    bool nothing = c->session ? got == GNUTLS_E_AGAIN : got < 0 && errno == EAGAIN;
    if (nothing) {
        bool hang = monotonic_ms() > c->limit_ms;
        if (hang)
            print_error("no answer; so far: %.*s\n", STR_FMT(buf_text(&c->in)));
        assert_false(hang);
    } else if (got > 0) {
        buf_bytes(&c->in, piece, (size_t) got);
    } else {
        c->ended = true;
    }
}

/* All that comes until the server closes. */
static inline struct str client_read_all(struct client *c) {
    while (!c->ended)
        client_read(c);
    return buf_text(&c->in);
}

struct reply {
    int status;
    struct str head, body;
};

/* Takes a whole reply off the front of *text, passing over a 100; false when there is
 * none. */
static inline bool cut_reply(struct str *text, bool has_body, struct reply *ret_reply) {
    if (str_starts(*text, STR(CONTINUE)))
        *text = str_sub(*text, sizeof CONTINUE - 1, text->n);
    size_t head_n = str_find_str(*text, STR("\r\n\r\n"));
    if (head_n == text->n)
        return false;
    struct str head = str_sub(*text, 0, head_n + 2);
    int64_t status = 0;
    int64_t length = 0;
    assert_true(str_starts(head, STR("HTTP/1.1 ")));
    assert_int_equal(str_to_i64(str_sub(head, 9, 12), &status), OK);
    size_t at = str_find_str(head, STR("\r\nContent-Length: "));
    if (at < head.n && has_body) {
        struct str value = str_sub(head, at + 18, head.n);
        assert_int_equal(str_to_i64(str_sub(value, 0, str_find(value, '\r')), &length), OK);
    }
    size_t whole = head_n + 4 + (size_t) length;
    if (text->n < whole)
        return false;
    *ret_reply = (struct reply){ (int) status, head, str_sub(*text, head_n + 4, whole) };
    *text = str_sub(*text, whole, text->n);
    return true;
}

/* Reads `n` replies, gives the last one; all before it were 200. */
static inline struct reply client_replies(struct client *c, int n) {
    struct reply reply = { 0 };
    for (;;) {
        struct str text = buf_text(&c->in);
        int i = 0;
        while (i < n && cut_reply(&text, true, &reply))
            if (++i < n)
                assert_int_equal(reply.status, 200);
        if (i == n)
            return reply;
        assert_false(c->ended);
        client_read(c);
    }
}

/* Waits for the server to ask for the body. */
static inline void client_continue(struct client *c) {
    while (!str_eq(buf_text(&c->in), STR(CONTINUE)) && !c->ended)
        client_read(c);
    assert_false(c->ended);
    buf_clear(&c->in);
}

static inline bool head_has(struct reply reply, const char *line) {
    return str_contains(reply.head, str_of(line));
}

static inline void write_pem(const char *name, gnutls_datum_t text) {
    FILE *file = fopen(name, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(text.data, 1, text.size, file), text.size);
    assert_int_equal(fclose(file), 0);
    gnutls_free(text.data);
}

/* A certificate for localhost that signs itself, good for an hour, and its key. */
static inline void write_certificate(const char *cert_file, const char *key_file) {
    gnutls_x509_privkey_t key;
    gnutls_x509_crt_t cert;
    gnutls_datum_t text;
    time_t now = clock_now(&clock_system) / SECOND_MS;
    assert_int_equal(gnutls_x509_privkey_init(&key), 0);
    assert_int_equal(gnutls_x509_privkey_generate(key, GNUTLS_PK_ECDSA,
                                                  GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0), 0);
    assert_int_equal(gnutls_x509_crt_init(&cert), 0);
    assert_int_equal(gnutls_x509_crt_set_key(cert, key), 0);
    assert_int_equal(gnutls_x509_crt_set_version(cert, 3), 0);
    assert_int_equal(gnutls_x509_crt_set_serial(cert, "\1", 1), 0);
    assert_int_equal(gnutls_x509_crt_set_activation_time(cert, now - 60), 0);
    assert_int_equal(gnutls_x509_crt_set_expiration_time(cert, now + 3600), 0);
    assert_int_equal(gnutls_x509_crt_set_dn(cert, "CN=localhost", NULL), 0);
    assert_int_equal(gnutls_x509_crt_sign2(cert, cert, key, GNUTLS_DIG_SHA256, 0), 0);
    assert_int_equal(gnutls_x509_crt_export2(cert, GNUTLS_X509_FMT_PEM, &text), 0);
    write_pem(cert_file, text);
    assert_int_equal(gnutls_x509_privkey_export2(key, GNUTLS_X509_FMT_PEM, &text), 0);
    write_pem(key_file, text);
    gnutls_x509_crt_deinit(cert);
    gnutls_x509_privkey_deinit(key);
}

#endif
