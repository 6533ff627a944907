/* What a domain's DNS says about who sends in its name: SPF (RFC 7208), DKIM (RFC 6376),
 * DMARC (RFC 7489). Enough to tell a person what is missing; nothing is verified. */
#ifndef SEQUENCE_MAIL_DNS_H
#define SEQUENCE_MAIL_DNS_H

#include "net/resolver.h"
#include "sequence/mail_provider.h"
#include "store/mailboxes.h"

/* `provider` may be NULL: then only that there is a usable record counts. */
struct mailbox_check mail_check_spf(const struct resolver *resolver, struct arena *arena,
                                    struct str domain, const struct mail_provider *provider);

/* `message` is one that the mailbox sent and received (absent: none): its signature says
 * which selector; else the provider's usual ones are looked for. */
struct mailbox_check mail_check_dkim(const struct resolver *resolver, struct arena *arena,
                                     struct str domain, const struct mail_provider *provider,
                                     struct str message);

struct mailbox_check mail_check_dmarc(const struct resolver *resolver, struct arena *arena,
                                      struct str domain);

/* The value of tag `name` in "v=DKIM1; k=rsa; p=…", without white space around; absent
 * without it. */
struct str mail_tag(struct str record, struct str name);

/* Selector of the first DKIM-Signature of `message` whose domain is `domain` or above it;
 * absent without one. A slice of the message. */
struct str mail_dkim_selector(struct str message, struct str domain);

#endif
