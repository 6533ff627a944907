/* Addresses of MX hosts: A, and AAAA only for hosts that have none, because reverse names for
 * IPv6 are rarer than IPv6. What must not be reached is sorted out here, once. */
#include <arpa/inet.h>
#include <netinet/in.h>

#include "base/mem.h"
#include "net/address.h"
#include "verify/dialogue.h"
#include "verify/site.h"

enum {
    HOST_TTL_MIN_MS = 5 * 60 * 1000,
    HOST_TTL_MAX_MS = 24 * 60 * 60 * 1000,
    HOST_RETRY_MS = 30 * 1000, /* after a failure of the DNS */
};

struct asking {
    struct verify_engine *e;
    struct host *host;
    bool any; /* some address, if a private one */
};

struct host *host_of(struct verify_engine *e, struct str name) {
    struct host *host = map_get(&e->hosts, name);
    if (host)
        return host;
    host = mem_alloc(sizeof *host + name.n + 1);
    memcpy(host + 1, name.p, name.n);
    host->name = (struct str){ (const char *) (host + 1), name.n };
    map_put(&e->hosts, host->name, host);
    return host;
}

static int64_t life_ms(uint32_t ttl_s) {
    int64_t ms = (int64_t) ttl_s * 1000;
    return ms < HOST_TTL_MIN_MS ? HOST_TTL_MIN_MS : ms > HOST_TTL_MAX_MS ? HOST_TTL_MAX_MS : ms;
}

static void set_state(struct asking *asking, enum host_state state, int64_t life) {
    struct verify_engine *e = asking->e;
    struct host *host = asking->host;
    host->state = state;
    host->expires_ms = e->now_ms + life;
    host->is_asking = false;
    mem_free(asking);
    struct dialogue *waiting = host->waiting;
    host->waiting = NULL;
    while (waiting) {
        struct dialogue *d = waiting;
        waiting = d->next_waiting;
        d->next_waiting = NULL;
        dialogue_host_known(e, d);
    }
}

static void add_address(struct asking *asking, const struct dns_record *record, bool is_ip6) {
    struct host *host = asking->host;
    struct sockaddr_storage address = { .ss_family = is_ip6 ? AF_INET6 : AF_INET };
    in_port_t port = htons((uint16_t) asking->e->options.smtp_port);
    if (is_ip6) {
        struct sockaddr_in6 *to = (struct sockaddr_in6 *) &address;
        to->sin6_addr = record->ip6;
        to->sin6_port = port;
    } else {
        struct sockaddr_in *to = (struct sockaddr_in *) &address;
        to->sin_addr = record->ip4;
        to->sin_port = port;
    }
    asking->any = true;
    if (host->n < HOST_ADDRESSES_MAX
        && (asking->e->options.allow_private || address_is_public((struct sockaddr *) &address)))
        host->addresses[host->n++] = address;
}

static void conclude(struct asking *asking, const struct dns_answer *answer) {
    if (asking->host->n)
        set_state(asking, HOST_KNOWN, life_ms(answer->ttl_s));
    else if (asking->any)
        set_state(asking, HOST_NOT_PUBLIC, life_ms(answer->ttl_s));
    else if (answer->state == DNS_FAILED || answer->state == DNS_TIMED_OUT)
        set_state(asking, HOST_FAILED, engine_scaled(asking->e, HOST_RETRY_MS));
    else
        set_state(asking, HOST_NONE, life_ms(answer->ttl_s));
}

static void got_ip6(void *arg, const struct dns_answer *answer) {
    struct asking *asking = arg;
    for (size_t i = 0; i < answer->n; i++)
        add_address(asking, &answer->records[i], true);
    conclude(asking, answer);
}

static void got_ip4(void *arg, const struct dns_answer *answer) {
    struct asking *asking = arg;
    for (size_t i = 0; i < answer->n; i++)
        add_address(asking, &answer->records[i], false);
    if (answer->state != DNS_NONE) {
        conclude(asking, answer);
        return;
    }
    asking->e->stats.dns_queries++;
    dns_ask(asking->e->dns, asking->host->name, DNS_AAAA, got_ip6, asking);
}

bool host_want(struct verify_engine *e, struct host *host, struct dialogue *d) {
    if (!host->is_asking && host->state != HOST_UNASKED && host->expires_ms > e->now_ms)
        return true;
    d->next_waiting = host->waiting;
    host->waiting = d;
    if (host->is_asking)
        return false;
    struct asking *asking = MEM_NEW(struct asking);
    *asking = (struct asking){ .e = e, .host = host };
    host->is_asking = true;
    host->n = 0;
    e->stats.dns_queries++;
    dns_ask(e->dns, host->name, DNS_A, got_ip4, asking);
    return false;
}
