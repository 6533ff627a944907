/* How the wrapped calls find their connection: a table indexed by descriptor, written
 * by gate_open and gate_close, read without a lock. Descriptors that are not there
 * (everything else in this process that calls recv) pass straight through.
 *
 * libmicrohttpd polls edge-triggered and forgets that a socket is readable when a read
 * was short, so the gate must not count on being asked again for bytes that it held
 * back. It needs none: a refusal behind good messages is sent from gate_answered. */
#include "http/gate.h"

#include <arpa/inet.h>
#include <errno.h>
#include <gnutls/gnutls.h>
#include <microhttpd.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"

enum {
    LINGER_MS = 2000,
    ANSWER_MS = 30000,     /* to take an answer, plus the time of its bytes */
    BYTES_PER_SECOND = 16 * 1024,
    DISCARD_BYTES = 64 * 1024 * 1024, /* at most, in one go */
    OVER_MAX = 64,         /* so many above the maximum are told so instead of dropped */
};

ssize_t __real_recv(int fd, void *buffer, size_t n, int flags);
ssize_t __wrap_recv(int fd, void *buffer, size_t n, int flags);
ssize_t __real_gnutls_record_recv(gnutls_session_t session, void *buffer, size_t n);
ssize_t __wrap_gnutls_record_recv(gnutls_session_t session, void *buffer, size_t n);

/* --- the table --- */

/* More descriptors than Linux gives out by default (fs.nr_open). Pages that no
 * descriptor needs are never touched. */
enum { SLOTS = 1 << 20 };
static _Atomic(struct gate_connection *) slots[SLOTS];

static struct gate_connection *find(int fd) {
    if (fd < 0 || fd >= SLOTS)
        return NULL;
    return atomic_load_explicit(&slots[fd], memory_order_acquire);
}

/* --- refusing --- */

static struct str http_date(struct arena *arena) {
    static const char days[] = "SunMonTueWedThuFriSat";
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    int64_t now = clock_now(&clock_system);
    struct str iso = time_iso(arena, now); /* 2025-08-29T14:54:16Z */
    int month = (iso.p[5] - '0') * 10 + iso.p[6] - '0';
    return arena_printf(arena, "%.3s, %.2s %.3s %.4s %.8s GMT", days + (now / DAY_MS + 4) % 7 * 3,
                        iso.p + 8, months + (month - 1) * 3, iso.p, iso.p + 11);
}

/* RFC 9112, section 4, in one write. */
static struct str refusal_text(struct arena *arena, const struct http_answer *answer) {
    struct buf b = buf_in(arena, HTTP_BODY_MAX_BYTES);
    buf_printf(&b, "HTTP/1.1 %d %s\r\nDate: %.*s\r\nConnection: close\r\nContent-Length: %zu\r\n",
               answer->status, MHD_get_reason_phrase_for((unsigned) answer->status),
               STR_FMT(http_date(arena)), answer->body.n);
    if (answer->content_type)
        buf_printf(&b, "Content-Type: %s\r\n", answer->content_type);
    for (size_t i = 0; i < answer->n_headers; i++)
        buf_printf(&b, "%s: %.*s\r\n", answer->headers[i].name, STR_FMT(answer->headers[i].value));
    buf_str(&b, STR("\r\n"));
    buf_str(&b, answer->body);
    return buf_text(&b);
}

/* Nothing else is being sent, so the socket takes a short answer whole; when it does
 * not, the client did not read the answers before, and loses this one. */
static void send_text(struct gate_connection *c, struct str text) {
    if (c->session) {
        (void) gnutls_record_send(c->session, text.p, text.n);
        (void) gnutls_bye(c->session, GNUTLS_SHUT_WR);
    } else {
        (void) send(c->watch.fd, text.p, text.n, MSG_NOSIGNAL | MSG_DONTWAIT);
    }
}

static void linger(struct gate_connection *c) {
    c->lingering = true;
    (void) shutdown(c->watch.fd, SHUT_WR); /* fails when the peer is gone already */
    watch_set(&c->watch, WATCH_CLOSING, monotonic_ms() + LINGER_MS);
}

static void refuse(struct gate_connection *c, int status, const char *reason) {
    const struct server_app *app = c->gate->app;
    struct arena *arena = arena_new();
    struct http_answer answer = app->refused(app->data, arena, status, reason);
    send_text(c, refusal_text(arena, &answer));
    arena_free(&arena);
    atomic_fetch_add(&c->gate->refused, 1);
    log_info(NULL, "request refused", LOG_I("status", status), LOG_C("reason", reason),
             LOG_C("peer", c->peer));
    linger(c);
}

/* --- deadlines --- */

static int64_t time_of(uint64_t bytes) {
    return (int64_t) (bytes / BYTES_PER_SECOND) * SECOND_MS;
}

/* While a message is being answered the client owes nothing: the library does not even
 * read. What it began to send meanwhile counts from the answer's end. */
static void schedule(struct gate_connection *c, int64_t now) {
    if (c->pending > 0) {
        watch_set(&c->watch, WATCH_NONE, 0);
        return;
    }
    enum framing_part part = framing_part(&c->framing);
    if (part != c->part || part == FRAMING_BETWEEN)
        c->since_ms = now;
    c->part = part;
    const struct gate *g = c->gate;
    switch (part) {
    case FRAMING_BETWEEN:
        c->deadline_ms = atomic_load_explicit(&g->draining, memory_order_relaxed)
                             ? now
                             : now + g->idle_ms;
        break;
    case FRAMING_IN_HEAD:
        c->deadline_ms = c->since_ms + g->head_ms;
        break;
    case FRAMING_IN_BODY:
        c->deadline_ms = c->since_ms + g->body_ms + time_of(c->framing.body_n);
        break;
    }
    watch_set(&c->watch, part == FRAMING_BETWEEN ? WATCH_IDLE : WATCH_READING, c->deadline_ms);
}

static bool is_late(const struct gate_connection *c, int64_t now) {
    return c->pending == 0 && c->part != FRAMING_BETWEEN && now >= c->deadline_ms;
}

/* --- reading --- */

static ssize_t again(const struct gate_connection *c) {
    if (c->tls)
        return GNUTLS_E_AGAIN;
    errno = EAGAIN;
    return -1;
}

/* Below TLS: nobody will read it. All that is there, because the library will not ask
 * again for what was left, and the client would wait for ever to send the rest. 0 when the
 * client has closed or reset, or sends on and on. */
static ssize_t discard(struct gate_connection *c) {
    char waste[64 * 1024];
    for (size_t n = 0; n < DISCARD_BYTES;) {
        ssize_t got = __real_recv(c->watch.fd, waste, sizeof waste, MSG_DONTWAIT);
        if (got < 0 && errno == EAGAIN)
            return again(c);
        if (got <= 0)
            return 0;
        n += (size_t) got;
    }
    return 0;
}

static enum framing_event limit_body(struct gate_connection *c) {
    if (!framing_has_body(&c->framing))
        return FRAMING_HEAD;
    const struct server_app *app = c->gate->app;
    struct http_message head = {
        .method = framing_method(&c->framing),
        .target = framing_target(&c->framing),
        .peer = str_of(c->peer),
        .tls = c->tls,
    };
    return framing_limit_body(&c->framing, c->redirect ? HTTP_BODY_MAX_BYTES
                                                       : app->body_max(app->data, &head));
}

/* Follows the bytes; *ret_whole is where the last complete message among them ends. */
static enum framing_event follow(struct gate_connection *c, char *bytes, size_t n,
                                 size_t *ret_whole) {
    enum framing_event event;
    *ret_whole = 0;
    size_t used = 0;
    do {
        size_t step;
        event = framing_read(&c->framing, bytes + used, n - used, &step);
        used += step;
        if (event == FRAMING_HEAD)
            event = limit_body(c);
        if (event == FRAMING_MESSAGE) {
            c->pending++;
            c->part = FRAMING_BETWEEN;
            *ret_whole = used;
        }
    } while (event != FRAMING_MORE && event != FRAMING_REFUSED);
    return event;
}

/* How many of the bytes the library gets. */
static ssize_t judge(struct gate_connection *c, char *bytes, size_t n, int64_t now) {
    size_t whole;
    bool refused = follow(c, bytes, n, &whole) == FRAMING_REFUSED;
    if (refused && c->pending == 0) {
        refuse(c, c->framing.status, c->framing.reason);
        return discard(c);
    }
    schedule(c, now);
    if (!refused && !framing_closed(&c->framing))
        return (ssize_t) n;
    return whole > 0 ? (ssize_t) whole : again(c);
}

static ssize_t read_bytes(struct gate_connection *c, void *buffer, size_t n) {
    if (c->tls)
        return __real_gnutls_record_recv(c->session, buffer, n);
    return __real_recv(c->watch.fd, buffer, n, 0);
}

static ssize_t receive(struct gate_connection *c, void *buffer, size_t n) {
    if (c->lingering)
        return discard(c);
    if (c->framing.status)
        return again(c); /* its turn comes in gate_answered */
    int64_t now = monotonic_ms();
    if (is_late(c, now)) {
        refuse(c, 408, "The request took too long");
        return discard(c);
    }
    ssize_t got = read_bytes(c, buffer, n);
    return got > 0 ? judge(c, buffer, (size_t) got, now) : got;
}

ssize_t __wrap_recv(int fd, void *buffer, size_t n, int flags) {
    struct gate_connection *c = find(fd);
    if (!c || c->tls)
        return __real_recv(fd, buffer, n, flags);
    return receive(c, buffer, n);
}

ssize_t __wrap_gnutls_record_recv(gnutls_session_t session, void *buffer, size_t n) {
    struct gate_connection *c = find(gnutls_transport_get_int(session));
    if (!c || !c->tls)
        return __real_gnutls_record_recv(session, buffer, n);
    c->session = session;
    return receive(c, buffer, n);
}

/* --- exported --- */

static void name_peer(struct gate_connection *c, const struct sockaddr *peer) {
    const void *address = &((const struct sockaddr_in *) (const void *) peer)->sin_addr;
    int family = peer->sa_family;
    if (family == AF_INET6) {
        const struct in6_addr *six = &((const struct sockaddr_in6 *) (const void *) peer)->sin6_addr;
        bool mapped = IN6_IS_ADDR_V4MAPPED(six);
        address = mapped ? six->s6_addr + 12 : six->s6_addr;
        family = mapped ? AF_INET : AF_INET6;
    }
    if (!inet_ntop(family, address, c->peer, sizeof c->peer))
        c->peer[0] = '\0';
}

bool gate_open(struct gate *gate, struct gate_connection *c, int fd, const struct sockaddr *peer) {
    c->gate = gate;
    c->watch.fd = fd;
    name_peer(c, peer);
    framing_init(&c->framing);
    int64_t open = atomic_fetch_add(&gate->open, 1) + 1;
    atomic_fetch_add(&gate->total, 1);
    int64_t now = monotonic_ms();
    schedule(c, now);
    if (c->tls) /* the handshake counts as a head */
        watch_set(&c->watch, WATCH_CLOSING, now + gate->head_ms);
    watch_add(gate->watch, &c->watch);
    bool fits = fd < SLOTS;
    if (fits)
        atomic_store_explicit(&slots[fd], c, memory_order_release);
    if (fits && open <= gate->connections_max)
        return true;
    if (fits && !c->tls && open <= gate->connections_max + OVER_MAX)
        refuse(c, 503, "There are too many connections");
    else
        (void) shutdown(fd, SHUT_RDWR); /* fails when the peer is gone already */
    return false;
}

void gate_close(struct gate_connection *c) {
    int fd = c->watch.fd;
    if (fd < SLOTS)
        atomic_store_explicit(&slots[fd], NULL, memory_order_release);
    framing_done(&c->framing);
    atomic_fetch_sub(&c->gate->open, 1);
    watch_remove(c->gate->watch, &c->watch);
}

void gate_answering(struct gate_connection *c, size_t n, bool last) {
    c->last = last;
    watch_set(&c->watch, WATCH_CLOSING, monotonic_ms() + ANSWER_MS + time_of(n));
}

void gate_answered(struct gate_connection *c) {
    ASSERT(c->pending > 0);
    c->pending--;
    if (c->pending == 0 && c->framing.status && !c->last && !c->lingering)
        refuse(c, c->framing.status, c->framing.reason);
    else if (!c->lingering)
        schedule(c, monotonic_ms());
}
