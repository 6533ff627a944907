/* Politeness. A site is everything that one operator runs: the routes to a known provider, or
 * one set of MX hosts. Its limits: connections at once, connects a minute (a bucket of
 * tokens), one source address at a time. Its breaker: a block moves it to the next source
 * address; when there is none left it opens for ten minutes, twice as long each time, and
 * lets one connection through to see. Within a site routes take turns, and within a route
 * the queues. Sites take turns as well, but those where a queue with few addresses waits go
 * first, and some connections are kept for them: a thousand slow dialogues of a large job may
 * take minutes. */
#include <math.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/log.h"
#include "base/mem.h"
#include "verify/site.h"

enum {
    ITEMS_PER_DIALOGUE = 8,           /* waiting for a route, before it gets one more */
    BREAKER_FIRST_MS = 10 * 60 * 1000,
    BREAKER_LEVELS = 5,
    STRIKES_OF_PROVIDER = 3,          /* one customer's filter is not the provider's */
    CALM_FOR_MORE = 20,               /* answers after which a slowed site gets one more */
    SLOW_MS = 60 * 1000,
    ROUTE_DOWN_MS = 4 * 60 * 1000,    /* shorter than the first delay of a retry */
    HOSTS_AS_MS = 60 * 60 * 1000,
    FEW = 64,                         /* open addresses of a queue that goes first */
    KEPT_FOR_FEW = 16,                /* one connection of so many */
    STARTS_OF_A_TURN = 64,
};

static const int64_t site_life_ms = 30 * DAY_MS;

static struct route *route_at(struct ring *turn) {
    return (struct route *) (void *) ((char *) turn - offsetof(struct route, turn));
}

static struct site *site_at(struct ring *turn) {
    return (struct site *) (void *) ((char *) turn - offsetof(struct site, turn));
}

/* --- sites --- */

static void read_flags(struct verify_engine *e, struct site *site, struct str value) {
    struct str word;
    int64_t number = 0, now = clock_now(e->clock);
    while (str_word(&value, &word)) {
        site->one_recipient |= str_eq(word, STR("one"));
        site->needs_tls |= str_eq(word, STR("tls"));
        site->null_sender |= str_eq(word, STR("null"));
        site->greylists |= str_eq(word, STR("grey"));
        if (str_starts(word, STR("level="))
            && str_to_i64(str_sub(word, 6, word.n), &number) == OK && number >= 0)
            site->level = number < BREAKER_LEVELS ? (int) number : BREAKER_LEVELS;
        if (str_starts(word, STR("until=")) && str_to_i64(str_sub(word, 6, word.n), &number) == OK
            && number > now && number - now < DAY_MS)
            site->open_until_ms = e->now_ms + (number - now);
    }
}

static void site_found(void *arg, void *object, const struct verify_cache_entry *entry) {
    struct site *site = object;
    site->is_known = true;
    if (str_is_set(entry->value))
        read_flags(arg, site, entry->value);
    site_touch(arg, site);
}

void site_store(struct verify_engine *e, const struct site *site) {
    if (!e->memo || site->key.n > VERIFY_CACHE_KEY_MAX_BYTES)
        return;
    int64_t now = clock_now(e->clock);
    struct str value = arena_printf(
        e->scratch, "seen%s%s%s%s level=%d until=%lld", site->one_recipient ? " one" : "",
        site->needs_tls ? " tls" : "", site->null_sender ? " null" : "",
        site->greylists ? " grey" : "", site->level,
        (long long) (site->open_until_ms > e->now_ms ? now + site->open_until_ms - e->now_ms : 0));
    struct verify_cache_entry entry = { CACHE_SITE, site->key, value, now + site_life_ms };
    memo_store(e->memo, &entry);
}

static size_t usual_limit(const struct verify_engine *e, enum provider provider) {
    int of_provider = provider_facts(provider)->connections;
    int64_t usual = e->options.site_connections;
    return (size_t) (of_provider && of_provider < usual ? of_provider : usual);
}

static struct site *site_of(struct verify_engine *e, enum provider provider, struct str hosts) {
    struct str key = provider == PROVIDER_OTHER
                         ? hosts
                         : arena_printf(e->scratch, "provider:%s", provider_facts(provider)->name);
    struct site *site = map_get(&e->sites, key);
    if (site)
        return site;
    site = mem_alloc(sizeof *site + key.n + 1);
    memcpy(site + 1, key.p, key.n);
    *site = (struct site){
        .key = { (const char *) (site + 1), key.n },
        .provider = provider,
        .limit = usual_limit(e, provider),
        .usual_limit = usual_limit(e, provider),
        .one_recipient = provider_facts(provider)->one_recipient,
        .source = e->n_sources ? str_hash(key) % e->n_sources : 0,
        .tokens_at_ms = e->now_ms,
        .is_known = !e->memo || key.n > VERIFY_CACHE_KEY_MAX_BYTES,
    };
    site->tokens = (double) site->limit;
    map_put(&e->sites, site->key, site);
    if (!site->is_known) {
        struct verify_cache_entry entry = { .kind = CACHE_SITE, .key = site->key };
        memo_look_up(e->memo, &entry, site_found, site);
    }
    return site;
}

void site_free(struct verify_engine *e, struct site *site) {
    ring_leave(&e->runnable, &site->turn);
    timer_stop(&e->timers, &site->timer);
    mem_free(site);
}

static void site_due(void *arg, struct timer *timer) {
    site_touch(arg, (struct site *) (void *) ((char *) timer - offsetof(struct site, timer)));
}

bool site_is_open(const struct verify_engine *e, const struct site *site) {
    return site->open_until_ms > e->now_ms;
}

void site_touch(struct verify_engine *e, struct site *site) {
    if (!site->ready || !site->is_known)
        return;
    if (site->hurries)
        ring_leave(&e->runnable, &site->turn);
    ring_add(&e->runnable, &site->turn);
    if (site->hurries)
        e->runnable = &site->turn;
}

static void refill(struct verify_engine *e, struct site *site) {
    double a_minute = (double) e->options.site_connects_per_minute;
    double most = (double) site->usual_limit;
    site->tokens += (double) (e->now_ms - site->tokens_at_ms) * a_minute / (double) MINUTE_MS;
    site->tokens = site->tokens < most ? site->tokens : most;
    site->tokens_at_ms = e->now_ms;
}

static bool source_is_spent(struct verify_engine *e, const struct site *site) {
    int64_t today = clock_now(e->clock) / DAY_MS, most = e->options.source_per_day;
    if (!most || !e->n_sources)
        return false;
    struct source *source = &e->sources[site->source];
    if (source->day != today)
        *source = (struct source){ .address = source->address, .day = today };
    return source->used >= most;
}

/* Whether another connection is allowed now; when only time is missing, the timer is set. */
static bool may_connect(struct verify_engine *e, struct site *site) {
    int64_t at = 0;
    if (site->connections >= site->limit || (site->level && site->connections))
        return false;
    if (!e->probes)
        return true;
    if (site_is_open(e, site))
        at = site->open_until_ms;
    else if (source_is_spent(e, site))
        at = e->now_ms + HOUR_MS;
    else if (e->options.site_connects_per_minute > 0) {
        refill(e, site);
        double missing = 1 - site->tokens;
        if (missing > 0)
            at = e->now_ms
                 + (int64_t) ceil(missing * (double) MINUTE_MS
                                  / (double) e->options.site_connects_per_minute);
    }
    if (at)
        timer_set(&e->timers, &site->timer, at, site_due);
    return !at;
}

/* The next route in turn that is worth another connection; NULL: none. */
static struct route *next_route(struct site *site) {
    struct ring *first = site->ready;
    while (site->ready) {
        struct route *route = route_at(site->ready);
        if (!route->waiting) {
            if (&route->turn == first)
                first = first->next;
            ring_leave(&site->ready, &route->turn);
            continue;
        }
        site->ready = route->turn.next;
        if (route->dialogues < 1 + route->waiting / ITEMS_PER_DIALOGUE)
            return route;
        if (site->ready == first)
            return NULL;
    }
    return NULL;
}

static bool has_room(const struct verify_engine *e, const struct site *site) {
    size_t most = (size_t) e->options.connections_max;
    return e->connections < (site->hurries ? most : most - most / KEPT_FOR_FEW);
}

void sites_pump(struct verify_engine *e) {
    for (int starts = 0; e->runnable && has_room(e, site_at(e->runnable)); starts++) {
        struct site *site = site_at(e->runnable);
        if (starts == STARTS_OF_A_TURN) {
            engine_wake(e); /* those who answer first, then more */
            return;
        }
        site->hurries = false;
        struct route *route = may_connect(e, site) ? next_route(site) : NULL;
        struct item *item = route ? route_take(e, route, ROUTE_HOSTS_MAX) : NULL;
        if (!item) {
            ring_leave(&e->runnable, &site->turn);
            continue;
        }
        e->runnable = site->turn.next;
        if (e->probes)
            site->tokens -= 1;
        dialogue_start(e, route, item);
    }
}

/* --- routes --- */

struct route *route_of(struct verify_engine *e, struct str hosts) {
    struct route *route = map_get(&e->routes, hosts);
    if (route)
        return route;
    route = mem_alloc(sizeof *route + hosts.n + 1);
    memcpy(route + 1, hosts.p, hosts.n);
    route->key = (struct str){ (const char *) (route + 1), hosts.n };
    struct str rest = route->key, host;
    while (route->n_hosts < ROUTE_HOSTS_MAX && str_word(&rest, &host))
        route->hosts[route->n_hosts++] = host;
    ASSERT(route->n_hosts > 0);
    route->hosts_as = HOST_KNOWN;
    route->site = site_of(e, provider_of_host(route->hosts[0]), route->key);
    route->site->routes++;
    map_put(&e->routes, route->key, route);
    return route;
}

/* Frees the lane behind route->lane. */
static void lane_drop(struct route *route) {
    struct lane *lane = route->lane->next;
    if (lane == route->lane)
        route->lane = NULL;
    else
        route->lane->next = lane->next;
    mem_free(lane);
}

void route_free(struct verify_engine *e, struct route *route) {
    (void) e;
    ring_leave(&route->site->ready, &route->turn);
    while (route->lane)
        lane_drop(route);
    route->site->routes--;
    mem_free(route);
}

static struct lane *lane_of(struct route *route, const struct verify_queue *queue) {
    struct lane *lane = route->lane;
    for (; lane && lane->queue != queue; lane = lane->next == route->lane ? NULL : lane->next)
        continue;
    if (lane)
        return lane;
    lane = MEM_NEW(struct lane);
    *lane = (struct lane){ .queue = queue, .items = { .route = route } };
    lane->next = route->lane ? route->lane->next : lane;
    if (route->lane)
        route->lane->next = lane;
    else
        route->lane = lane;
    return lane;
}

void route_add(struct verify_engine *e, struct route *route, struct item *item, bool first) {
    struct lane *lane = lane_of(route, item->queue);
    if (first)
        items_add_first(&lane->items, item);
    else
        items_add(&lane->items, item);
    ring_add(&route->site->ready, &route->turn);
    if (item->queue && item->queue->active <= FEW) {
        route->site->hurries = true;
        route->site->ready = &route->turn;
    }
    site_touch(e, route->site);
}

struct item *route_take(struct verify_engine *e, struct route *route, unsigned host) {
    if (site_is_open(e, route->site))
        return NULL;
    const struct lane *stop = NULL;
    while (route->lane) {
        struct lane *lane = route->lane->next;
        if (!lane->items.n) {
            lane_drop(route);
            continue;
        }
        if (lane == stop)
            return NULL;
        stop = stop ? stop : lane;
        route->lane = lane;
        struct item *item = lane->items.head;
        if (item->host_at > host)
            continue;
        items_leave(item);
        return item;
    }
    return NULL;
}

void route_flush(struct verify_engine *e, struct route *route,
                 void (*judge)(struct verify_engine *e, struct item *item)) {
    struct items all = { 0 };
    while (route->lane) {
        struct items *items = &route->lane->next->items;
        while (items->n) {
            struct item *item = items->head;
            items_leave(item);
            items_add(&all, item);
        }
        lane_drop(route);
    }
    while (all.n) {
        struct item *item = all.head;
        items_leave(item);
        judge(e, item);
    }
}

static void judge_down(struct verify_engine *e, struct item *item) {
    struct route *route = item->domain->route;
    if (route->hosts_as != HOST_KNOWN) {
        item_finish(e, item);
        return;
    }
    item->probe = (unsigned char) route->down_as;
    item_retry(e, item, 0);
}

void route_down(struct verify_engine *e, struct route *route, enum probe_state as) {
    bool for_long = route->hosts_as != HOST_KNOWN;
    route->down_as = as;
    route->down_until_ms = e->now_ms + (for_long ? HOSTS_AS_MS : engine_scaled(e, ROUTE_DOWN_MS));
    route_flush(e, route, judge_down);
}

/* --- breaker --- */

static void judge_blocked(struct verify_engine *e, struct item *item) {
    if (item->phase == PHASE_TARGET) {
        item->probe = PROBE_ANSWERED;
        item->meaning = REPLY_BLOCKED;
    }
    item_finish(e, item);
}

static void flush_blocked(struct verify_engine *e, struct site *site) {
    while (site->ready) {
        struct route *route = route_at(site->ready);
        ring_leave(&site->ready, &route->turn);
        route_flush(e, route, judge_blocked);
    }
}

static void open_breaker(struct verify_engine *e, struct site *site) {
    int64_t life = engine_scaled(e, BREAKER_FIRST_MS) << (site->level < 4 ? site->level : 4);
    int64_t most = engine_scaled(e, 2 * HOUR_MS);
    site->level = site->level < BREAKER_LEVELS ? site->level + 1 : BREAKER_LEVELS;
    site->open_until_ms = e->now_ms + (life < most ? life : most);
    site->strikes = 0;
    log_warn(NULL, "mail servers refuse to talk to us, retrying later", LOG_S("site", site->key),
             LOG_I("times", site->level));
    site_store(e, site);
    if (site->level > 1)
        flush_blocked(e, site); /* a second refusal after a pause: they need not wait longer */
    timer_set(&e->timers, &site->timer, site->open_until_ms, site_due);
}

bool site_blocked(struct verify_engine *e, struct site *site) {
    int strikes = site->provider == PROVIDER_OTHER ? 1 : STRIKES_OF_PROVIDER;
    e->stats.blocks++;
    if (site_is_open(e, site))
        return site->level <= 1; /* another connection of the same time */
    if (++site->strikes < strikes && !site->level)
        return true;
    if (site->strikes < strikes + (int) e->n_sources - 1 && !site->level) {
        site->source = (site->source + 1) % e->n_sources;
        return true;
    }
    open_breaker(e, site);
    return site->level <= 1;
}

void site_busy(struct verify_engine *e, struct site *site) {
    site->limit = site->limit > 1 ? site->limit / 2 : 1;
    site->calm = 0;
    refill(e, site);
    double debt = -(double) e->options.site_connects_per_minute * (double) engine_scaled(e, SLOW_MS)
                  / (double) MINUTE_MS / (double) site->usual_limit;
    site->tokens = site->tokens < debt ? site->tokens : debt;
}

void site_answered(struct verify_engine *e, struct site *site) {
    site->strikes = 0;
    if (site->level) {
        site->level = 0;
        site_store(e, site);
        site_touch(e, site);
    }
    if (site->limit < site->usual_limit && ++site->calm >= CALM_FOR_MORE) {
        site->limit++;
        site->calm = 0;
        site_touch(e, site);
    }
}
