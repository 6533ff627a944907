#include "net/stream.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <unistd.h>

#include "base/mem.h"

static SSL_CTX *shared_ctx;
static pthread_once_t shared_once = PTHREAD_ONCE_INIT;

/* For the life of the process: a context is expensive and has nothing of a connection's. */
static void make_ctx(void) {
    shared_ctx = SSL_CTX_new(TLS_client_method());
    if (!shared_ctx)
        return;
    SSL_CTX_set_verify(shared_ctx, SSL_VERIFY_NONE, NULL);
    SSL_CTX_set_mode(shared_ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER
                                     | SSL_MODE_RELEASE_BUFFERS);
    (void) SSL_CTX_set_min_proto_version(shared_ctx, TLS1_VERSION); /* old mail servers */
    SSL_CTX_set_security_level(shared_ctx, 0); /* weak TLS beats none, RFC 7435 */
}

static socklen_t length_of(const struct sockaddr *address) {
    return address->sa_family == AF_INET6 ? (socklen_t) sizeof(struct sockaddr_in6)
                                          : (socklen_t) sizeof(struct sockaddr_in);
}

enum rc stream_connect(struct stream *s, const struct stream_to *to) {
    const int on = 1;
    *s = (struct stream){
        .fd = socket(to->to->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0),
    };
    if (s->fd < 0)
        return E_IO;
    /* neither is vital: without them it is slower */
    (void) setsockopt(s->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    (void) setsockopt(s->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    bool begun = (!to->from || bind(s->fd, to->from, length_of(to->from)) == 0)
                 && (connect(s->fd, to->to, length_of(to->to)) == 0 || errno == EINPROGRESS);
    if (!begun)
        stream_close(s);
    return begun ? OK : E_IO;
}

enum rc stream_connected(struct stream *s) {
    int error = 0;
    socklen_t n = sizeof error;
    return getsockopt(s->fd, SOL_SOCKET, SO_ERROR, &error, &n) == 0 && error == 0 ? OK : E_IO;
}

static enum stream_result tls_result(struct stream *s, int result) {
    int error = SSL_get_error(s->tls, result);
    ERR_clear_error(); /* of this thread; the next call must not find it */
    if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE)
        return STREAM_CLOSED;
    s->wants_write = error == SSL_ERROR_WANT_WRITE;
    return STREAM_AGAIN;
}

static enum stream_result plain_result(ssize_t n, size_t *ret_n) {
    if (n > 0) {
        *ret_n = (size_t) n;
        return STREAM_DONE;
    }
    return n < 0 && (errno == EAGAIN || errno == EINTR) ? STREAM_AGAIN : STREAM_CLOSED;
}

enum stream_result stream_read(struct stream *s, char *p, size_t n, size_t *ret_n) {
    s->wants_write = false;
    if (!s->tls)
        return plain_result(recv(s->fd, p, n, 0), ret_n);
    int result = SSL_read_ex(s->tls, p, n, ret_n);
    return result == 1 ? STREAM_DONE : tls_result(s, result);
}

enum stream_result stream_send(struct stream *s, const char *p, size_t n, size_t *ret_n) {
    s->wants_write = false;
    if (s->tls) {
        int result = SSL_write_ex(s->tls, p, n, ret_n);
        return result == 1 ? STREAM_DONE : tls_result(s, result);
    }
    enum stream_result result = plain_result(send(s->fd, p, n, MSG_NOSIGNAL), ret_n);
    s->wants_write = result == STREAM_AGAIN;
    return result;
}

enum stream_result stream_start_tls(struct stream *s, const char *host) {
    s->wants_write = false;
    (void) pthread_once(&shared_once, make_ctx); /* fails for an invalid control only */
    if (!s->tls) {
        s->tls = shared_ctx ? SSL_new(shared_ctx) : NULL;
        if (!s->tls || SSL_set_fd(s->tls, s->fd) != 1)
            return STREAM_CLOSED;
        (void) SSL_set_tlsext_host_name(s->tls, host); /* without it most servers answer as well */
    }
    int result = SSL_connect(s->tls);
    return result == 1 ? STREAM_DONE : tls_result(s, result);
}

/* --- judged certificates --- */

struct stream_trust {
    SSL_CTX *ctx;
};

enum rc stream_trust_new(const char *ca_file, struct stream_trust **ret_trust) {
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    bool made = ctx && SSL_CTX_set_default_verify_paths(ctx) == 1
                && SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) == 1
                && (!ca_file || SSL_CTX_load_verify_locations(ctx, ca_file, NULL) == 1);
    ERR_clear_error(); /* of this thread; the next call must not find it */
    if (!made) {
        SSL_CTX_free(ctx);
        return E_INVALID;
    }
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    *ret_trust = MEM_NEW(struct stream_trust);
    (*ret_trust)->ctx = ctx;
    return OK;
}

void stream_trust_free(struct stream_trust **trust) {
    if (!*trust)
        return;
    SSL_CTX_free((*trust)->ctx);
    mem_free(*trust);
    *trust = NULL;
}

static bool expect_host(SSL *tls, const char *host) {
    if (X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(tls), host) == 1)
        return true;
    ERR_clear_error();
    return SSL_set1_host(tls, host) == 1 && SSL_set_tlsext_host_name(tls, host) == 1;
}

enum stream_result stream_start_trusted_tls(struct stream *s, const struct stream_trust *trust,
                                            const char *host, const char **ret_fault) {
    s->wants_write = false;
    *ret_fault = NULL;
    if (!s->tls) {
        s->tls = SSL_new(trust->ctx);
        if (!s->tls || SSL_set_fd(s->tls, s->fd) != 1 || !expect_host(s->tls, host))
            return STREAM_CLOSED;
    }
    int result = SSL_connect(s->tls);
    if (result == 1)
        return STREAM_DONE;
    enum stream_result told = tls_result(s, result);
    long verdict = SSL_get_verify_result(s->tls);
    if (told == STREAM_CLOSED && verdict != X509_V_OK)
        *ret_fault = X509_verify_cert_error_string(verdict);
    return told;
}

void stream_close(struct stream *s) {
    if (s->tls)
        SSL_free(s->tls);
    if (s->fd >= 0)
        (void) close(s->fd); /* nothing more is expected from it */
    *s = (struct stream){ .fd = -1 };
}
