/* Daemons of libmicrohttpd and what they call. One listener, or two with TLS: then the
 * plain one only sends clients on. The library's threads poll with epoll; a connection
 * belongs to one of them. Framing, limits of size and refusals are http/gate.c,
 * deadlines http/watch.c, a request's life http/exchange.c. */
#include "http/server.h"

#include <errno.h>
#include <fcntl.h>
#include <gnutls/gnutls.h>
#include <microhttpd.h>
#include <netdb.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/mem.h"
#include "http/exchange.h"
#include "http/gate.h"

/* Memory of a connection inside the library: a head of HTTP_HEAD_MAX_BYTES, the table of
 * its headers (64 bytes an entry) and the answer's headers, so that the library never
 * has to refuse for want of it. It clears all of it after every request: with 48 KB that
 * was a sixth of the time that a small request takes. */
enum { POOL_BYTES = 16 * 1024 };
_Static_assert(HTTP_HEAD_MAX_BYTES + 64 * HTTP_HEADERS_MAX + 4 * 1024 <= POOL_BYTES,
               "a request that the gate lets through must fit");

/* TLS 1.2 and 1.3 with forward secrecy and authenticated encryption only. */
static const char tls_priorities[] =
    "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:-KX-ALL:+ECDHE-ECDSA:+ECDHE-RSA:"
    "-CIPHER-ALL:+AES-128-GCM:+AES-256-GCM:+CHACHA20-POLY1305:%SERVER_PRECEDENCE";

struct listener {
    struct server *server;
    struct MHD_Daemon *daemon;
    int fd; /* the library's once it runs; -1: no longer listening */
    int port;
    bool tls;
    bool redirect;
};

struct server {
    struct server_app app;
    struct gate gate;
    struct listener plain, tls;
    gnutls_datum_t ticket_key; /* sessions are resumed without server state */
    _Atomic int answering;     /* threads inside exchange_answer for a suspended exchange */
    pthread_t starter;
    struct buf trouble; /* what the library said to it while starting */
};

struct connection {
    struct gate_connection gate; /* first: see watch_entry */
    struct listener *listener;
    bool served;
    struct exchange exchange;
};

/* --- connections --- */

static void open_connection(struct listener *l, struct MHD_Connection *library, void **ret_state) {
    struct connection *c = MEM_NEW(struct connection);
    c->listener = l;
    c->gate.tls = l->tls;
    c->gate.redirect = l->redirect;
    exchange_init(&c->exchange, &l->server->answering);
    int fd = MHD_get_connection_info(library, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
    const struct sockaddr *peer =
        MHD_get_connection_info(library, MHD_CONNECTION_INFO_CLIENT_ADDRESS)->client_addr;
    c->served = gate_open(&l->server->gate, &c->gate, fd, peer);
    c->exchange.message.peer = str_of(c->gate.peer);
    c->exchange.message.tls = l->tls;
    *ret_state = c;
    if (l->tls) {
        gnutls_session_t session =
            MHD_get_connection_info(library, MHD_CONNECTION_INFO_GNUTLS_SESSION)->tls_session;
        (void) gnutls_session_ticket_enable_server(session, &l->server->ticket_key);
    }
}

static void on_connection(void *cls, struct MHD_Connection *library, void **state,
                          enum MHD_ConnectionNotificationCode code) {
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        open_connection(cls, library, state);
        return;
    }
    struct connection *c = *state;
    gate_close(&c->gate);
    exchange_free(&c->exchange);
    mem_free(c);
}

static struct connection *connection_of(struct MHD_Connection *library) {
    return MHD_get_connection_info(library, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
}

/* --- requests --- */

/* To the same path on the TLS listener; 308 keeps a method with a body. */
static void redirect(struct server *s, struct exchange *e) {
    struct arena *arena = arena_new();
    struct str host = exchange_header(e, MHD_HTTP_HEADER_HOST);
    size_t port = str_starts(host, STR("[")) ? str_find(host, ']') + 1 : str_find(host, ':');
    host = str_sub(host, 0, port);
    struct http_answer answer;
    if (str_is_empty(host)) {
        answer = s->app.refused(s->app.data, arena, 400, "Host is missing");
    } else {
        struct buf to = buf_in(arena, HTTP_HEAD_MAX_BYTES);
        buf_printf(&to, "https://%.*s", STR_FMT(host));
        if (s->tls.port != 443)
            buf_printf(&to, ":%d", s->tls.port);
        buf_str(&to, e->message.target);
        struct http_header *location = ARENA_NEW(arena, struct http_header);
        *location = (struct http_header){ MHD_HTTP_HEADER_LOCATION, buf_text(&to) };
        bool get = str_eq(e->message.method, STR("GET"));
        answer = (struct http_answer){ .status = get ? 301 : 308,
                                       .headers = location,
                                       .n_headers = 1 };
    }
    exchange_answer(e, &answer);
    arena_free(&arena);
}

static enum MHD_Result queue(struct connection *c) {
    struct exchange *e = &c->exchange;
    struct gate *gate = c->gate.gate;
    bool last = atomic_load_explicit(&gate->draining, memory_order_relaxed);
    if (last)
        (void) MHD_add_response_header(e->response, MHD_HTTP_HEADER_CONNECTION, "close");
    gate_answering(&c->gate, e->out.n, last);
    return exchange_queue(e);
}

static enum MHD_Result run(struct connection *c) {
    struct exchange *e = &c->exchange;
    struct server *s = c->listener->server;
    e->message.body = buf_text(&e->body);
    atomic_store_explicit(&e->state, EXCHANGE_RUNNING, memory_order_relaxed);
    if (c->listener->redirect) {
        redirect(s, e);
    } else {
        e->handled = true;
        s->app.handle(s->app.data, e);
    }
    if (e->suspended)
        return MHD_YES; /* the library calls again when it is resumed */
    ASSERT(atomic_load(&e->state) == EXCHANGE_ANSWERED);
    return queue(c);
}

static void take_piece(struct connection *c, const char *piece, size_t n) {
    struct exchange *e = &c->exchange;
    const struct server_app *app = &c->listener->server->app;
    if (!e->has_begun_body) {
        e->has_begun_body = true;
        e->drops_body = c->listener->redirect
                        || (app->wants_body && !app->wants_body(app->data, e));
    }
    if (!e->drops_body)
        buf_bytes(&e->body, piece, n);
}

/* Called for the head, for each piece of the body, and at the end. The parameters are
 * the library's.
 * NOLINTNEXTLINE(readability-function-size) */
static enum MHD_Result on_request(void *cls, struct MHD_Connection *library, const char *url,
                                  const char *method, const char *version, const char *piece,
                                  size_t *piece_n, void **state) {
    (void) cls, (void) version;
    struct connection *c = connection_of(library);
    struct exchange *e = &c->exchange;
    if (!c->served)
        return MHD_NO;
    if (!*state) {
        *state = e;
        exchange_begin(e, library, method, url);
        return MHD_YES;
    }
    if (*piece_n > 0) {
        take_piece(c, piece, *piece_n);
        *piece_n = 0;
        return MHD_YES;
    }
    switch (atomic_load(&e->state)) {
    case EXCHANGE_READING:
        return run(c);
    case EXCHANGE_ANSWERED:
        return queue(c);
    default: /* cut off by server_stop */
        return MHD_NO;
    }
}

static void on_completed(void *cls, struct MHD_Connection *library, void **state,
                         enum MHD_RequestTerminationCode how) {
    (void) cls;
    struct exchange *e = *state;
    if (!e)
        return;
    struct connection *c = connection_of(library);
    struct server *s = c->listener->server;
    if (e->handled)
        s->app.done(s->app.data, e);
    exchange_end(e);
    *state = NULL;
    if (how == MHD_REQUEST_TERMINATED_COMPLETED_OK)
        gate_answered(&c->gate);
}

/* The gate took the '?' away so that the library leaves the target whole. */
static size_t on_unescape(void *cls, struct MHD_Connection *library, char *target) {
    (void) cls, (void) library;
    size_t n = strlen(target);
    framing_restore_target(target, n);
    return n;
}

/* --- the library's own words --- */

/* Nearly all are about clients that went away. */
static void on_log(void *cls, const char *format, va_list args) PRINTF_LIKE(2, 0);
static void on_log(void *cls, const char *format, va_list args) {
    struct server *s = cls;
    bool starting = pthread_equal(pthread_self(), s->starter);
    if (!starting && !log_enabled(LOG_DEBUG))
        return;
    struct arena *arena = arena_new();
    struct str text = str_trim(arena_vprintf(arena, format, args));
    log_debug(NULL, "libmicrohttpd", LOG_S("text", text));
    if (starting) {
        buf_clear(&s->trouble);
        buf_str(&s->trouble, text);
    }
    arena_free(&arena);
}

static void on_panic(void *cls, const char *file, unsigned int line, const char *reason) {
    (void) cls;
    log_error(NULL, "libmicrohttpd gave up", LOG_C("file", file), LOG_I("line", line),
              LOG_C("reason", reason));
    log_flush();
    abort();
}

/* --- starting --- */

/* A listening socket; the addresses of `name` are tried in turn. Returns it or -1 with
 * errno and the failed call's name. */
static int listen_on(const struct addrinfo *addresses, const char **ret_call) {
    int on = 1;
    int failed = 0;
    *ret_call = "socket";
    for (const struct addrinfo *a = addresses; a; a = a->ai_next) {
        int fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (fd < 0) {
            failed = errno;
            continue;
        }
        (void) setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
        *ret_call = "bind";
        bool bound = bind(fd, a->ai_addr, a->ai_addrlen) == 0;
        if (bound)
            *ret_call = "listen";
        if (bound && listen(fd, SOMAXCONN) == 0)
            return fd;
        failed = errno;
        (void) close(fd);
    }
    errno = failed;
    return -1;
}

static int port_of(int fd) {
    struct sockaddr_storage address = { 0 };
    socklen_t n = sizeof address;
    ASSERT(getsockname(fd, (struct sockaddr *) &address, &n) == 0);
    char port[8];
    ASSERT(getnameinfo((struct sockaddr *) &address, n, NULL, 0, port, sizeof port,
                       NI_NUMERICSERV) == 0);
    int64_t number = 0;
    ASSERT(str_to_i64(str_of(port), &number) == OK);
    return (int) number;
}

static enum rc open_listener(struct ctx *ctx, struct listener *l, const char *name) {
    struct str whole = str_of(name);
    size_t colon = str_find_last(whole, ':');
    struct str host = str_sub(whole, 0, colon);
    if (str_starts(host, STR("[")) && str_ends(host, STR("]")))
        host = str_sub(host, 1, host.n - 1);
    if (colon == whole.n)
        return fail(ctx, E_INVALID, "listen address %s has no port", name);
    struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE };
    struct addrinfo *addresses = NULL;
    int failed = getaddrinfo(host.n ? arena_cstr(ctx->arena, host) : NULL,
                             arena_cstr(ctx->arena, str_sub(whole, colon + 1, whole.n)), &hints,
                             &addresses);
    if (failed)
        return fail(ctx, E_INVALID, "listen address %s: %s", name, gai_strerror(failed));
    const char *call;
    l->fd = listen_on(addresses, &call);
    freeaddrinfo(addresses);
    if (l->fd < 0)
        return fail(ctx, E_IO, "%s %s: %s", call, name, strerror(errno));
    l->port = port_of(l->fd);
    return OK;
}

static enum rc read_file(struct ctx *ctx, const char *name, const char **ret_text) {
    FILE *file = fopen(name, "re");
    if (!file)
        return fail(ctx, E_IO, "open %s: %s", name, strerror(errno));
    struct buf text = buf_in(ctx->arena, HTTP_BODY_MAX_BYTES);
    size_t got;
    do {
        char piece[4096];
        got = fread(piece, 1, sizeof piece, file);
        buf_bytes(&text, piece, got);
    } while (got > 0 && !text.failed);
    bool bad = ferror(file) || text.failed;
    (void) fclose(file); /* was only read */
    buf_char(&text, '\0');
    if (bad || text.failed)
        return fail(ctx, E_IO, "read %s: not a readable PEM file", name);
    *ret_text = text.p;
    return OK;
}

/* The options of a daemon, as the library's table. */
enum { OPTIONS_MAX = 16 };
struct option_list {
    struct MHD_OptionItem items[OPTIONS_MAX];
    size_t n;
};

static void add_option(struct option_list *list, enum MHD_OPTION option, intptr_t value,
                       const void *pointer) {
    ASSERT(list->n + 1 < OPTIONS_MAX);
    list->items[list->n++] =
        (struct MHD_OptionItem){ .option = option, .value = value, .ptr_value = (void *) pointer };
}

/* Function pointers go through intptr_t in the library's interface. */
#define CALLBACK(function) ((intptr_t) (function))

static enum rc add_tls(struct ctx *ctx, struct option_list *list,
                       const struct server_options *options) {
    const char *cert = NULL;
    const char *key = NULL;
    if (!options->tls_cert || !options->tls_key)
        return fail(ctx, E_INVALID, "TLS needs a certificate and a key");
    enum rc rc = read_file(ctx, options->tls_cert, &cert);
    if (rc == OK)
        rc = read_file(ctx, options->tls_key, &key);
    if (rc != OK)
        return rc;
    add_option(list, MHD_OPTION_HTTPS_MEM_CERT, 0, cert);
    add_option(list, MHD_OPTION_HTTPS_MEM_KEY, 0, key);
    add_option(list, MHD_OPTION_HTTPS_PRIORITIES, 0, tls_priorities);
    return OK;
}

static enum rc start(struct ctx *ctx, struct listener *l, const struct server_options *options) {
    struct server *s = l->server;
    struct option_list list = { .n = 0 };
    long threads = options->threads > 0 ? options->threads : sysconf(_SC_NPROCESSORS_ONLN);
    if (l->redirect || threads < 1)
        threads = 1;
    if (threads > 1)
        add_option(&list, MHD_OPTION_THREAD_POOL_SIZE, threads, NULL);
    /* the gate counts and answers; the library would only stop accepting */
    add_option(&list, MHD_OPTION_CONNECTION_LIMIT, (s->gate.connections_max + 256) * threads, NULL);
    add_option(&list, MHD_OPTION_PER_IP_CONNECTION_LIMIT, options->connections_per_address, NULL);
    add_option(&list, MHD_OPTION_CONNECTION_MEMORY_LIMIT, POOL_BYTES, NULL);
    add_option(&list, MHD_OPTION_LISTEN_SOCKET, l->fd, NULL);
    add_option(&list, MHD_OPTION_STRICT_FOR_CLIENT, 1, NULL);
    add_option(&list, MHD_OPTION_NOTIFY_COMPLETED, CALLBACK(on_completed), l);
    add_option(&list, MHD_OPTION_NOTIFY_CONNECTION, CALLBACK(on_connection), l);
    add_option(&list, MHD_OPTION_UNESCAPE_CALLBACK, CALLBACK(on_unescape), NULL);
    unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_TURBO | MHD_ALLOW_SUSPEND_RESUME
                     | MHD_USE_ERROR_LOG;
    if (l->tls) {
        enum rc rc = add_tls(ctx, &list, options);
        if (rc != OK)
            return rc;
        flags |= MHD_USE_TLS;
    }
    add_option(&list, MHD_OPTION_END, 0, NULL);
    l->daemon = MHD_start_daemon(flags, 0, NULL, NULL, on_request, l, MHD_OPTION_EXTERNAL_LOGGER,
                                 on_log, s, MHD_OPTION_ARRAY, list.items, MHD_OPTION_END);
    if (l->daemon)
        return OK;
    l->fd = -1; /* the library has closed it */
    return fail(ctx, E_IO, "start HTTP: %.*s", STR_FMT(buf_text(&s->trouble)));
}

/* One descriptor per connection, and some for the rest of the program. */
static void allow_files(int64_t connections) {
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) != 0 || files.rlim_cur >= (rlim_t) connections + 256)
        return;
    files.rlim_cur = (rlim_t) connections + 256 < files.rlim_max ? (rlim_t) connections + 256
                                                                 : files.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &files) != 0)
        log_warn(NULL, "cannot raise the number of open files, ignoring",
                 LOG_I("wanted", connections + 256));
}

static int64_t tick_of(const struct server_options *o) {
    int least = o->head_ms < o->body_ms ? o->head_ms : o->body_ms;
    least = o->idle_ms < least ? o->idle_ms : least;
    int tick = least / 20;
    return tick < 5 ? 5 : tick > 250 ? 250 : tick;
}

static struct server *make(const struct server_options *o, const struct server_app *app) {
    struct server *s = MEM_NEW(struct server);
    s->app = *app;
    s->plain = (struct listener){ .server = s, .fd = -1, .redirect = o->tls_listen != NULL };
    s->tls = (struct listener){ .server = o->tls_listen ? s : NULL, .fd = -1, .tls = true };
    s->starter = pthread_self();
    s->trouble = buf_on_heap(1024);
    s->gate.app = &s->app;
    s->gate.head_ms = o->head_ms;
    s->gate.body_ms = o->body_ms;
    s->gate.idle_ms = o->idle_ms;
    s->gate.connections_max = o->connections_max;
    s->gate.watch = watch_new(tick_of(o));
    return s;
}

enum rc server_new(struct ctx *ctx, const struct server_options *options,
                   const struct server_app *app, struct server **ret_server) {
    ASSERT(options->head_ms > 0 && options->body_ms > 0 && options->idle_ms > 0
           && options->connections_max > 0 && options->connections_per_address >= 0);
    allow_files(options->connections_max);
    MHD_set_panic_func(on_panic, NULL);
    struct server *s = make(options, app);
    enum rc rc = open_listener(ctx, &s->plain, options->listen);
    if (rc == OK && options->tls_listen) {
        ASSERT(gnutls_session_ticket_key_generate(&s->ticket_key) == GNUTLS_E_SUCCESS);
        rc = open_listener(ctx, &s->tls, options->tls_listen);
        if (rc == OK)
            rc = start(ctx, &s->tls, options);
    }
    if (rc == OK)
        rc = start(ctx, &s->plain, options);
    if (rc != OK) {
        (void) server_stop(s, 0);
        server_free(&s);
        return rc;
    }
    *ret_server = s;
    return OK;
}

int server_port(const struct server *s) {
    return s->plain.port;
}

int server_tls_port(const struct server *s) {
    return s->tls.port;
}

/* --- stopping --- */

/* Puts a socket that nobody can connect to in the place of the listening one, which the
 * kernel then closes and takes out of all epoll sets. MHD_quiesce_daemon is meant for
 * this, but both it and the library's threads take the socket out of the set, and
 * whoever comes second aborts the process (seen with 0.9.75). The library closes the
 * descriptor when it stops. */
static void stop_accepting(struct listener *l) {
    int nobody = l->daemon ? socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0) : -1;
    if (nobody >= 0) {
        (void) dup3(nobody, l->fd, O_CLOEXEC); /* both are open, so it cannot fail */
        (void) close(nobody);
    } else if (l->daemon) {
        (void) shutdown(l->fd, SHUT_RDWR); /* no descriptor left: the threads spin until the end */
    } else if (l->fd >= 0) {
        (void) close(l->fd); /* nothing was written to it */
    }
    l->fd = -1;
}

static void cut(struct watch_entry *entry) {
    struct connection *c = (struct connection *) (void *) entry;
    exchange_cut(&c->exchange);
}

bool server_stop(struct server *s, int deadline_ms) {
    int64_t until = monotonic_ms() + deadline_ms;
    atomic_store(&s->gate.draining, true);
    stop_accepting(&s->plain);
    stop_accepting(&s->tls);
    watch_end_idle(s->gate.watch);
    size_t left = watch_wait_empty(s->gate.watch, until);
    if (left > 0) /* the library cannot stop with suspended connections */
        watch_each(s->gate.watch, cut);
    while (atomic_load(&s->answering) > 0)
        (void) sched_yield();
    for (struct listener *l = &s->plain; l; l = l == &s->plain ? &s->tls : NULL) {
        if (l->daemon)
            MHD_stop_daemon(l->daemon);
        l->daemon = NULL;
    }
    return left == 0;
}

void server_free(struct server **server) {
    struct server *s = *server;
    if (!s)
        return;
    ASSERT(!s->plain.daemon && !s->tls.daemon);
    watch_free(&s->gate.watch);
    gnutls_free(s->ticket_key.data);
    buf_done(&s->trouble);
    mem_free(s);
    *server = NULL;
}

void server_stats(const struct server *s, struct server_stats *ret_stats) {
    *ret_stats = (struct server_stats){
        .connections_open = atomic_load(&s->gate.open),
        .connections_total = atomic_load(&s->gate.total),
        .refused_total = atomic_load(&s->gate.refused),
    };
}
