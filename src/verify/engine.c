/* The engine's life and its loop. One thread holds everything that happens on the network:
 * epoll, timers, the DNS library; each turn ends with what has become possible (addresses to
 * begin, connections to open). Nothing in it blocks: the cache has a thread of its own.
 *
 * An address goes: queue → form and lists → cache → domain (once for all its addresses) →
 * route, the ordered MX hosts of the domain → a dialogue, when the route's site allows one →
 * verdict. See item.c, domain.c, site.c, dialogue.c. */
#include "verify/engine.h"

#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <sodium.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/check.h"
#include "base/mem.h"
#include "verify/item.h"
#include "verify/site.h"

enum {
    EVENTS_MAX = 256,
    SWEEP_AT = 50000,    /* domains in memory */
    GOODBYE_MS = 1000,
    DNS_TRIES = 2,
};

/* In epoll's data: dialogues as pointers, which are even; descriptors as 2 * fd + 1. */
enum { WAKE_MARK = 1 };

int64_t engine_scaled(const struct verify_engine *e, int64_t ms) {
    double scaled = (double) ms * e->options.retry_scale;
    return scaled < 1 ? 1 : (int64_t) scaled;
}

void engine_wake(struct verify_engine *e) {
    const uint64_t one = 1;
    (void) !write(e->wake, &one, sizeof one); /* full means that it is awake */
}

static void wake(void *arg) {
    engine_wake(arg);
}

/* --- descriptors --- */

static void watch(struct verify_engine *e, int fd, uint64_t data, uint32_t events) {
    struct epoll_event event = { .events = events, .data.u64 = data };
    if (epoll_ctl(e->epoll, EPOLL_CTL_MOD, fd, &event) != 0 && errno == ENOENT)
        ASSERT(epoll_ctl(e->epoll, EPOLL_CTL_ADD, fd, &event) == 0);
}

void engine_watch(struct verify_engine *e, int fd, void *object, bool for_writing) {
    watch(e, fd, (uint64_t) (uintptr_t) object,
          EPOLLIN | EPOLLRDHUP | (for_writing ? (uint32_t) EPOLLOUT : 0));
}

void engine_unwatch(struct verify_engine *e, int fd) {
    (void) epoll_ctl(e->epoll, EPOLL_CTL_DEL, fd, NULL); /* not there is as good */
}

static void watch_dns(void *arg, int fd, bool for_reading, bool for_writing) {
    struct verify_engine *e = arg;
    if (!for_reading && !for_writing) {
        engine_unwatch(e, fd);
        return;
    }
    watch(e, fd, (uint64_t) fd * 2 + 1,
          (for_reading ? (uint32_t) EPOLLIN : 0) | (for_writing ? (uint32_t) EPOLLOUT : 0));
}

/* --- the loop --- */

static void handle(struct verify_engine *e, const struct epoll_event *event) {
    uint32_t events = event->events;
    bool broken = events & (EPOLLERR | EPOLLHUP | EPOLLRDHUP);
    bool readable = (events & EPOLLIN) || broken, writable = (events & EPOLLOUT) || broken;
    uint64_t data = event->data.u64;
    if (data == (uint64_t) e->wake * 2 + WAKE_MARK) {
        uint64_t count;
        (void) !read(e->wake, &count, sizeof count); /* its value says nothing */
    } else if (data & 1) {
        dns_ready(e->dns, (int) (data / 2), readable, writable);
    } else {
        dialogue_ready(e, (struct dialogue *) (uintptr_t) data, readable, writable);
    }
    arena_reset(e->scratch);
}

static void show_stats(struct verify_engine *e) {
    pthread_mutex_lock(&e->lock);
    struct verify_stats own = e->stats, *shown = &e->shown;
    own.queued = shown->queued;
    own.submitted = shown->submitted;
    own.bytes = shown->bytes;
    own.active = (int64_t) (e->active + e->waiting);
    own.waiting = (int64_t) e->waiting;
    own.connections = (int64_t) e->connections;
    *shown = own;
    pthread_mutex_unlock(&e->lock);
}

static void turn(struct verify_engine *e, int64_t most_ms) {
    struct epoll_event events[EVENTS_MAX];
    int64_t now = monotonic_ms(), next = timers_next(&e->timers, now + most_ms);
    int64_t wait = next <= now ? 0 : next - now < most_ms ? next - now : most_ms;
    wait = dns_wait_ms(e->dns, wait);
    int n = epoll_wait(e->epoll, events, EVENTS_MAX, (int) wait);
    e->now_ms = monotonic_ms();
    for (int i = 0; i < n; i++)
        handle(e, &events[i]);
    dns_tick(e->dns);
    timers_run(&e->timers, e->now_ms, e);
    if (e->memo)
        memo_deliver(e->memo, e);
    if (!e->ending) {
        engine_admit(e);
        sites_pump(e);
    }
    dialogues_bury(e);
    arena_reset(e->scratch);
    if (e->domains.count > e->sweep_at)
        engine_sweep(e);
    show_stats(e);
}

static bool is_stopping(struct verify_engine *e) {
    pthread_mutex_lock(&e->lock);
    bool stopping = e->stopping;
    pthread_mutex_unlock(&e->lock);
    return stopping;
}

static void end_dialogues(struct verify_engine *e, bool politely) {
    struct dialogue *d = e->dialogues;
    size_t n = e->connections;
    for (size_t i = 0; i < n; i++) {
        struct dialogue *next = dialogue_next(d);
        dialogue_end(e, d, politely);
        d = next;
    }
}

static void *run(void *arg) {
    struct verify_engine *e = arg;
    sigset_t all;
    sigfillset(&all); /* signals are for the main thread; SIGPIPE comes from TLS */
    pthread_sigmask(SIG_BLOCK, &all, NULL);
    while (!is_stopping(e))
        turn(e, MINUTE_MS);
    e->ending = true;
    end_dialogues(e, true);
    for (int64_t until = monotonic_ms() + GOODBYE_MS; e->connections && monotonic_ms() < until;)
        turn(e, 50);
    end_dialogues(e, false);
    dialogues_bury(e);
    return NULL;
}

/* --- what is idle --- */

typedef bool is_idle(const struct verify_engine *e, const void *object);
typedef void forget(struct verify_engine *e, void *object);

static void sweep_map(struct verify_engine *e, struct map *map, is_idle *idle, forget *forget_one) {
    struct map kept = map_in(NULL);
    size_t at = 0;
    struct str key;
    void *object;
    while (map_next(map, &at, &key, &object)) {
        if (idle(e, object))
            forget_one(e, object);
        else
            map_put(&kept, key, object);
    }
    map_done(map);
    *map = kept;
}

static bool domain_is_idle(const struct verify_engine *e, const void *object) {
    const struct domain *domain = object;
    return !domain->is_asking && !domain->items && domain->expires_ms <= e->now_ms + HOUR_MS;
}

static void forget_domain(struct verify_engine *e, void *object) {
    domain_free(e, object);
}

static bool route_is_idle(const struct verify_engine *e, const void *object) {
    const struct route *route = object;
    (void) e;
    return !route->domains && !route->dialogues && !route->waiting;
}

static void forget_route(struct verify_engine *e, void *object) {
    route_free(e, object);
}

static bool site_is_idle(const struct verify_engine *e, const void *object) {
    const struct site *site = object;
    (void) e;
    return !site->routes && !site->level && site->is_known;
}

static void forget_site(struct verify_engine *e, void *object) {
    site_free(e, object);
}

static bool host_is_idle(const struct verify_engine *e, const void *object) {
    const struct host *host = object;
    return !host->is_asking && host->expires_ms <= e->now_ms + HOUR_MS;
}

static void forget_host(struct verify_engine *e, void *object) {
    (void) e;
    mem_free(object);
}

void engine_sweep(struct verify_engine *e) {
    sweep_map(e, &e->domains, domain_is_idle, forget_domain);
    sweep_map(e, &e->routes, route_is_idle, forget_route);
    sweep_map(e, &e->sites, site_is_idle, forget_site);
    sweep_map(e, &e->hosts, host_is_idle, forget_host);
    e->sweep_at = e->domains.count * 2 > SWEEP_AT ? e->domains.count * 2 : SWEEP_AT;
}

static bool everything(const struct verify_engine *e, const void *object) {
    (void) e;
    (void) object;
    return true;
}

/* --- life --- */

static int64_t or_default(int64_t value, int64_t fallback) {
    return value ? value : fallback;
}

static struct strs copy_texts(struct arena *arena, struct strs from) {
    struct strs to = { .p = ARENA_ARRAY(arena, from.n + 1, struct str), .n = from.n };
    for (size_t i = 0; i < from.n; i++)
        to.p[i] = arena_str(arena, from.p[i]);
    return to;
}

static void copy_options(struct verify_engine *e, const struct verify_options *from) {
    struct verify_options *o = &e->options;
    *o = *from;
    o->dns_servers = copy_texts(e->arena, from->dns_servers);
    o->helo = arena_str(e->arena, from->helo);
    o->mail_from = arena_str(e->arena, from->mail_from);
    o->retry_scale = from->retry_scale > 0 ? from->retry_scale : 1;
    o->smtp_port = or_default(o->smtp_port, 25);
    o->dns_timeout_ms = or_default(o->dns_timeout_ms, 2000);
    o->connect_ms = or_default(o->connect_ms, 15 * SECOND_MS);
    o->reply_ms = or_default(o->reply_ms, 45 * SECOND_MS);
    o->dialogue_ms = or_default(o->dialogue_ms, 5 * MINUTE_MS);
    o->address_ms = or_default(o->address_ms, 2 * HOUR_MS);
    o->connections_max = or_default(o->connections_max, 1000);
    o->site_connections = or_default(o->site_connections, 10);
    o->site_connects_per_minute = or_default(o->site_connects_per_minute, 100);
    o->site_recipients = or_default(o->site_recipients, 50);
    o->active_max = or_default(o->active_max, 20000);
    o->queue_max = or_default(o->queue_max, 100000);
    e->probes = o->probe && o->helo.n && o->mail_from.n;
    e->clock = o->clock ? o->clock : &clock_system;
}

/* They go into command lines as they are. */
static const char *judge_texts(struct verify_engine *e) {
    struct address sender;
    struct str helo = e->options.helo;
    for (size_t i = 0; i < helo.n; i++)
        if (!ascii_is_alnum(helo.p[i]) && !memchr("-.[]:", helo.p[i], 5))
            return "the name for EHLO is no host name";
    if (e->options.mail_from.n
        && address_parse(e->arena, e->options.mail_from, &sender) != ADDRESS_OK)
        return "the sender is no email address";
    return NULL;
}

static const char *read_sources(struct verify_engine *e, struct strs texts) {
    if (texts.n > SOURCES_MAX)
        return "too many source addresses";
    for (size_t i = 0; i < texts.n; i++) {
        struct sockaddr_in *ip4 = (struct sockaddr_in *) &e->sources[i].address;
        struct sockaddr_in6 *ip6 = (struct sockaddr_in6 *) &e->sources[i].address;
        const char *text = arena_cstr(e->arena, texts.p[i]);
        if (inet_pton(AF_INET, text, &ip4->sin_addr) == 1)
            ip4->sin_family = AF_INET;
        else if (inet_pton(AF_INET6, text, &ip6->sin6_addr) == 1)
            ip6->sin6_family = AF_INET6;
        else
            return "a source address is no IP address";
        e->n_sources++;
    }
    return NULL;
}

static enum rc open_parts(struct verify_engine *e, const char **ret_reason) {
    struct dns_options dns = { .servers = e->options.dns_servers,
                               .timeout_ms = e->options.dns_timeout_ms,
                               .tries = DNS_TRIES,
                               .watch = watch_dns,
                               .arg = e };
    *ret_reason = "no descriptors or threads left";
    e->epoll = epoll_create1(EPOLL_CLOEXEC);
    e->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (e->epoll < 0 || e->wake < 0)
        return E_IO;
    watch(e, e->wake, (uint64_t) e->wake * 2 + WAKE_MARK, EPOLLIN);
    enum rc rc = dns_new(&dns, &e->dns);
    if (rc != OK) {
        *ret_reason = "a DNS server is no address";
        return rc;
    }
    if (e->options.cache && memo_new(e->options.cache, wake, e, &e->memo) != OK)
        return E_IO;
    return pthread_create(&e->thread, NULL, run, e) == 0 ? OK : E_IO;
}

static void free_parts(struct verify_engine *e) {
    e->ending = true;
    memo_free(&e->memo, e);
    dns_free(&e->dns);
    engine_admit(e); /* frees queues that were closed at the end */
    sweep_map(e, &e->domains, everything, forget_domain);
    sweep_map(e, &e->routes, everything, forget_route);
    sweep_map(e, &e->sites, everything, forget_site);
    sweep_map(e, &e->hosts, everything, forget_host);
    timers_done(&e->timers);
    if (e->epoll >= 0)
        (void) close(e->epoll);
    if (e->wake >= 0)
        (void) close(e->wake);
    for (size_t i = 0; i < UNMATCHED_KEPT; i++)
        mem_free((char *) (uintptr_t) e->unmatched[i].p);
    pthread_mutex_destroy(&e->lock);
    arena_free(&e->ends);
    arena_free(&e->scratch);
    arena_free(&e->arena);
    mem_free(e);
}

enum rc verify_engine_new(const struct verify_options *options, struct verify_engine **ret_engine,
                          const char **ret_reason) {
    struct verify_engine *e = MEM_NEW(struct verify_engine);
    e->arena = arena_new();
    e->scratch = arena_new();
    e->ends = arena_new();
    e->epoll = e->wake = -1;
    e->sweep_at = SWEEP_AT;
    e->now_ms = monotonic_ms();
    pthread_mutex_init(&e->lock, NULL);
    copy_options(e, options);
    if (options->cache)
        memcpy(e->secret, options->cache->secret, sizeof e->secret);
    else
        randombytes_buf(e->secret, sizeof e->secret);
    const char *reason = judge_texts(e);
    reason = reason ? reason : read_sources(e, options->source_addresses);
    enum rc rc = reason ? E_INVALID : open_parts(e, &reason);
    if (rc != OK) {
        *ret_reason = reason;
        free_parts(e);
        return rc;
    }
    *ret_engine = e;
    return OK;
}

void verify_engine_free(struct verify_engine **engine) {
    struct verify_engine *e = *engine;
    if (!e)
        return;
    pthread_mutex_lock(&e->lock);
    e->stopping = true;
    pthread_mutex_unlock(&e->lock);
    engine_wake(e);
    pthread_join(e->thread, NULL);
    free_parts(e);
    *engine = NULL;
}

bool verify_engine_probes(const struct verify_engine *engine) {
    return engine->probes;
}
