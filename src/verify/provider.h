/* Who runs a mail server, told by its host name, and what its answers are worth. Facts from
 * manuals and published rules; they are data (providers.def), because they change.
 *
 * Pure functions over constant tables, any thread. */
#ifndef VERIFY_PROVIDER_H
#define VERIFY_PROVIDER_H

#include "base/str.h"

enum provider {
    PROVIDER_OTHER,
#define PROVIDER(name, ...) PROVIDER_##name,
#include "verify/providers.def"
#undef PROVIDER
};

/* What 250 to RCPT says about a mailbox, once random names were refused or not tried. */
enum provider_trust {
    TRUST_TESTED,     /* only beside refused random names (everybody else) */
    TRUST_YES,        /* also when the random names gave no clear answer */
    TRUST_AFTER_DATA, /* nothing: it refuses mailboxes only after DATA */
};

struct provider_facts {
    const char *name;     /* "google" */
    enum provider_trust trust;
    bool one_recipient;   /* each recipient wants its own transaction */
    bool is_gateway;      /* filters mail for others; often accepts everything */
    int connections;      /* at once, for one MX site; 0: the usual limit */
    int per_connection;   /* recipients in one connection; 0: the usual limit */
};

/* By the suffix of the MX host's name, ASCII case ignored, final dot allowed. */
enum provider provider_of_host(struct str mx_host);

/* Never NULL. */
const struct provider_facts *provider_facts(enum provider provider);

#endif
