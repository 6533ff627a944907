/* Where mail servers are and how much they are asked: hosts with their addresses, routes (the
 * ordered MX hosts of domains), sites (all routes of one operator, which share limits and
 * breaker). Private to src/verify, the loop's thread. Steps in site.c and host.c. */
#ifndef VERIFY_SITE_H
#define VERIFY_SITE_H

#include "verify/item.h"
#include "verify/ring.h"

enum { ROUTE_HOSTS_MAX = 16, HOST_ADDRESSES_MAX = 4 };

enum host_state {
    HOST_UNASKED,
    HOST_KNOWN,
    HOST_NOT_PUBLIC, /* all its addresses are private or reserved */
    HOST_NONE,       /* no address, or no such name */
    HOST_FAILED,     /* the DNS gave no answer */
};

struct host {
    enum host_state state;
    bool is_asking;
    int64_t expires_ms;
    struct sockaddr_storage addresses[HOST_ADDRESSES_MAX];
    size_t n;
    struct dialogue *waiting; /* for the addresses */
    struct str name;          /* behind the struct */
};

struct host *host_of(struct verify_engine *e, struct str name);
/* True when its state is known; otherwise dialogue_host_known is called for `d` later. */
bool host_want(struct verify_engine *e, struct host *host, struct dialogue *d);

/* Addresses that wait for a route, of one queue. */
struct lane {
    struct lane *next; /* ring */
    const struct verify_queue *queue;
    struct items items;
};

struct route {
    struct site *site;
    struct ring turn;                      /* among the site's routes with somebody waiting */
    struct lane *lane;                     /* the one whose turn was last; NULL: none */
    size_t waiting, dialogues;
    size_t domains;                        /* that use it */
    unsigned char first_host;              /* the first that answered, while that is fresh */
    int64_t first_until_ms, down_until_ms;
    enum probe_state down_as;
    enum host_state hosts_as;              /* HOST_KNOWN unless no host has a usable address */
    struct str key;                        /* behind the struct: hosts, separated by spaces */
    struct str hosts[ROUTE_HOSTS_MAX];     /* point into the key */
    unsigned char n_hosts;
};

struct site {
    enum provider provider;
    struct ring turn;          /* among the engine's runnable sites */
    struct ring *ready;        /* route whose turn is next */
    bool hurries;              /* somebody with few addresses waits: before the others */
    size_t connections, limit, usual_limit, calm;
    size_t routes;
    double tokens;             /* connects that may be made now */
    int64_t tokens_at_ms, open_until_ms;
    int level, strikes;        /* breaker: times in a row it opened; blocks since the last answer */
    size_t source;             /* index of the address that connections leave from */
    bool one_recipient, needs_tls, null_sender, greylists, is_known;
    struct timer timer;        /* when it may go on */
    struct str key;            /* behind the struct */
};

/* `hosts` in order of preference, separated by single spaces. */
struct route *route_of(struct verify_engine *e, struct str hosts);
void route_free(struct verify_engine *e, struct route *route);
/* Behind what waits for the route; *first: before it. */
void route_add(struct verify_engine *e, struct route *route, struct item *item, bool first);
/* The next that a dialogue with host number `host` may ask for; NULL: none, or not now. */
struct item *route_take(struct verify_engine *e, struct route *route, unsigned host);
/* How to treat all that wait: as told by `judge`. */
void route_flush(struct verify_engine *e, struct route *route,
                 void (*judge)(struct verify_engine *e, struct item *item));
/* No host can be talked to: all that wait try again later, or end. */
void route_down(struct verify_engine *e, struct route *route, enum probe_state as);

void site_free(struct verify_engine *e, struct site *site);
/* Looks whether it can open a connection; called when something changed. Before all others when
 * it hurries. */
void site_touch(struct verify_engine *e, struct site *site);
/* Opens what limits allow, site after site. */
void sites_pump(struct verify_engine *e);
/* A server refuses us: another source address, or nothing for a while. True when the one
 * that was refused may try again. */
bool site_blocked(struct verify_engine *e, struct site *site);
/* A server is overloaded or slows us down. */
void site_busy(struct verify_engine *e, struct site *site);
/* A server said something about a recipient. */
void site_answered(struct verify_engine *e, struct site *site);
bool site_is_open(const struct verify_engine *e, const struct site *site);
/* Remembers what was learned about it. */
void site_store(struct verify_engine *e, const struct site *site);

/* Forgets domains, routes, sites and hosts that nothing uses and that are out of date. */
void engine_sweep(struct verify_engine *e);

/* --- dialogue.c --- */

/* One connection for the route, beginning with `item`. */
void dialogue_start(struct verify_engine *e, struct route *route, struct item *item);
void dialogue_host_known(struct verify_engine *e, struct dialogue *d);
/* Says goodbye, or just closes; for the end of the engine. */
void dialogue_end(struct verify_engine *e, struct dialogue *d, bool politely);
struct dialogue *dialogue_next(struct dialogue *d);
/* The descriptor is ready. */
void dialogue_ready(struct verify_engine *e, struct dialogue *d, bool readable, bool writable);
void dialogues_bury(struct verify_engine *e);

#endif
