/* What a DNS server answered (RFC 1035), read for the questions that mail asks: MX, A,
 * AAAA, SRV (RFC 2782) and TXT. Only records that belong to the question count, that is, to its name or to where
 * the aliases in the same answer lead (RFC 1034, 3.6.2); whatever else a server adds is
 * passed over. Pure functions, any thread. */
#ifndef NET_DNS_ANSWER_H
#define NET_DNS_ANSWER_H

#include <netinet/in.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/rc.h"
#include "base/str.h"

enum dns_type { DNS_A, DNS_AAAA, DNS_MX, DNS_SRV, DNS_TXT, DNS_TYPES };

enum {
    DNS_RECORDS_MAX = 64, /* of one answer; the rest is passed over */
    DNS_ALIASES_MAX = 8,
};

struct dns_record {
    unsigned preference;   /* MX, SRV: the lowest comes first */
    unsigned weight, port; /* SRV */
    struct str name;       /* MX, SRV: host in lower case without the final dot; "" is the root */
    struct str text;       /* TXT: its parts joined; any bytes */
    struct in_addr ip4;    /* A */
    struct in6_addr ip6;   /* AAAA */
};

enum dns_state {
    DNS_FOUND,     /* records */
    DNS_NONE,      /* the name exists, without records of the type */
    DNS_NO_NAME,   /* NXDOMAIN */
    DNS_FAILED,    /* SERVFAIL, REFUSED, or nothing that can be used */
    DNS_TIMED_OUT, /* no server answered */
};

struct dns_answer {
    enum dns_state state;
    uint32_t ttl_s;      /* the smallest of what was used; of nothing: by the SOA (RFC 2308) */
    struct str alias;    /* DNS_NONE: the last alias, when it leads out of the answer */
    const struct dns_record *records;
    size_t n;
};

/* The parts of a message that answers a question for `name` (ASCII, without final dot) and
 * `type`, on the arena. E_PROTO when it is no answer or its records cannot be read. The
 * caller has checked id and question. */
MUST_USE enum rc dns_answer_read(struct arena *arena, struct str message, struct str name,
                                 enum dns_type type, struct dns_answer *ret_answer);

#endif
