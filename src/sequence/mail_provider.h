/* Which servers a mailbox has, by its address: providers that many use are a table
 * (mail_providers.def), found by the address's domain or by where the domain's mail goes;
 * of the others the domain itself may tell (RFC 6186, RFC 8314). What the DNS says is not
 * authenticated and a password goes there, so a server outside of the domain is believed
 * only when the table knows it; RFC 6186, section 6, would have a person asked. */
#ifndef SEQUENCE_MAIL_PROVIDER_H
#define SEQUENCE_MAIL_PROVIDER_H

#include "net/resolver.h"
#include "sequence/budget.h"
#include "store/mailboxes.h"

struct mail_provider {
    const char *name;
    struct str kind;     /* as email_provider: "google", "outlook", "other" */
    const char *domains, *mx; /* words */
    struct str smtp_host;
    int smtp_port;
    struct str imap_host;
    int limit;           /* messages a day; 0: not known */
    struct str spf;      /* domain that customers include; empty: not known */
    const char *selectors; /* of DKIM, words */
    const char *advice;  /* what to know when the login is refused; may be empty */
};

/* NULL when the table has none. `domain` in lower case. */
const struct mail_provider *mail_provider_of_domain(struct str domain);
const struct mail_provider *mail_provider_of_mx(struct str mx_host);
const struct mail_provider *mail_provider_of_server(struct str smtp_or_imap_host);

/* The provider of the domain, asking for its MX where the table does not have it. */
const struct mail_provider *mail_provider_find(const struct resolver *resolver, struct arena *arena,
                                               struct str domain);

/* Sets what is not set of hosts, ports, securities and email_provider, by the provider (NULL:
 * not in the table) or by the domain's SRV records. Hosts may stay absent. */
void mail_settings_fill(struct mailbox_settings *settings, const struct mail_provider *provider,
                        const struct resolver *resolver, struct arena *arena, struct str domain);

/* What bounds the mailbox's days (sequence/budget.h): its settings, its ramp-up, and what the
 * provider of its server takes. */
struct budget_limits mailbox_limits(const struct mailbox *mailbox);

#endif
