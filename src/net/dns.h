/* Asynchronous DNS for one event loop, over c-ares: questions go in, each answer comes back
 * by a call from dns_ready or dns_tick. It remembers nothing; caches belong to the caller.
 *
 * Life cycle: dns_new, dns_ask, dns_ready when a descriptor is ready, dns_tick when the time
 * of dns_wait_ms is over, dns_free.
 * Thread rule: all of it in the loop's thread. */
#ifndef NET_DNS_H
#define NET_DNS_H

#include "base/field.h"
#include "net/dns_answer.h"

struct dns;

struct dns_options {
    struct strs servers;   /* ip:port, [ip6]:port; none: those of the machine */
    int64_t timeout_ms;    /* of the first try at each server; later ones take longer */
    int tries;             /* at each server */
    /* The descriptor is to be watched for these from now on; neither: no longer. */
    void (*watch)(void *arg, int fd, bool for_reading, bool for_writing);
    void *arg;
};

/* E_INVALID when a server is no address, E_IO when the library does not start. The caller
 * owns it. */
MUST_USE enum rc dns_new(const struct dns_options *options, struct dns **ret_dns);

/* Open questions are answered with DNS_FAILED. Sets *dns to NULL; accepts NULL. */
void dns_free(struct dns **dns);

/* Asks for `name` (ASCII, without final dot), following aliases. `done` is called exactly
 * once, perhaps before this returns; the answer lives until it returns. */
typedef void dns_done(void *arg, const struct dns_answer *answer);
void dns_ask(struct dns *dns, struct str name, enum dns_type type, dns_done *done, void *arg);

void dns_ready(struct dns *dns, int fd, bool readable, bool writable);
/* How long until dns_tick wants to be called, at most `most`. */
int64_t dns_wait_ms(struct dns *dns, int64_t most);
void dns_tick(struct dns *dns);

#endif
