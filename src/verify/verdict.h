/* From what was found out about an address to one of the four results. The rules are the
 * tables in verdict.c, first match wins. Whatever is about us and not about the recipient
 * (blocks, policy, a sender that is not liked) is `unknown`, never `undeliverable`;
 * catch_all is true only with proof, that is, when a random name was accepted.
 *
 * Pure functions, any thread. */
#ifndef VERIFY_VERDICT_H
#define VERIFY_VERDICT_H

#include "base/str.h"
#include "verify/address.h"
#include "verify/provider.h"
#include "verify/reply.h"

/* In the order of the API's words: deliverable, risky, unknown, undeliverable. */
enum verify_result { RESULT_DELIVERABLE, RESULT_RISKY, RESULT_UNKNOWN, RESULT_UNDELIVERABLE };

enum reason {
#define REASON(name, result, word, detail, sentence) REASON_##name,
#include "verify/reasons.def"
#undef REASON
};

struct verdict {
    enum verify_result result;
    bool catch_all;
    enum reason reason;
};

struct reason_facts {
    enum verify_result result;
    const char *word;     /* "low_deliverability": the field `reason` */
    const char *detail;   /* "mailbox_full" */
    const char *sentence; /* "the mailbox is full" */
};

/* "deliverable" */
const char *verify_result_name(enum verify_result result);

/* Never NULL. */
const struct reason_facts *reason_facts(enum reason reason);

/* What the DNS said about the domain. */
enum domain_state {
    DOMAIN_UNASKED,
    DOMAIN_HAS_MX,
    DOMAIN_IMPLICIT_MX, /* no MX, but A or AAAA (RFC 5321, 5.1) */
    DOMAIN_NXDOMAIN,
    DOMAIN_NULL_MX,     /* "MX 0 ." alone (RFC 7505) */
    DOMAIN_NO_SERVER,   /* exists, with neither MX nor address */
    DOMAIN_NOT_PUBLIC,  /* every server resolves, and only to addresses that are not global */
    DOMAIN_FAILED,      /* SERVFAIL, REFUSED, no answer: nothing is known */
};

/* How the dialogue with the mail servers ended. */
enum probe_state {
    PROBE_NONE,       /* not tried, or switched off */
    PROBE_ANSWERED,   /* `reply` holds what the last answer means */
    PROBE_NO_CONNECT, /* refused or unreachable at every MX */
    PROBE_TIMEOUT,
    PROBE_BROKEN,     /* no SMTP was spoken, or the connection was dropped */
};

/* Whether the domain takes every name. */
enum catch_all {
    CATCH_ALL_UNTESTED,
    CATCH_ALL_NO,      /* a random name was refused as unknown: proof */
    CATCH_ALL_YES,     /* a random name was accepted: proof */
    CATCH_ALL_UNCLEAR, /* deferred, blocked, or answered with something else */
};

/* What is known; zero means nothing. Callers fill in what they have learned. */
struct findings {
    enum address_fault fault;
    const struct address *address; /* NULL when there is a fault */
    bool is_special_use, is_disposable;
    enum domain_state domain;
    enum probe_state probe;
    enum reply_meaning reply; /* with PROBE_ANSWERED; after all retries */
    bool every_mx;            /* every MX host of the domain gave such a reply */
    bool bare_rejects;        /* setting: REPLY_BARE means that the mailbox is unknown */
    enum catch_all catch_all;
    enum provider provider;
};

struct verdict verdict_of(const struct findings *findings);

#endif
