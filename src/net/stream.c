#include "net/stream.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <unistd.h>

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

void stream_close(struct stream *s) {
    if (s->tls)
        SSL_free(s->tls);
    if (s->fd >= 0)
        (void) close(s->fd); /* nothing more is expected from it */
    *s = (struct stream){ .fd = -1 };
}
