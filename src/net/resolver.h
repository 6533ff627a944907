/* One question to the DNS, answered before the call returns. For threads that have time;
 * many at once are net/dns.h. */
#ifndef NET_RESOLVER_H
#define NET_RESOLVER_H

#include "base/field.h"
#include "net/dns_answer.h"

struct resolver {
    struct strs servers;     /* ip:port; none: those of the machine */
    int64_t timeout_ms;      /* of the first try */
    int tries;
    bool (*stopping)(void);  /* asked a few times a second; NULL: never */
};

/* The answer on `arena`; DNS_FAILED also when the question could not be asked or the
 * program stops. `name` in ASCII, without final dot. */
struct dns_answer resolver_ask(const struct resolver *resolver, struct arena *arena,
                               struct str name, enum dns_type type);

#endif
