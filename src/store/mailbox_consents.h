/* Consents in a browser that wait for the provider's answer (sequence/mailbox_consent.h).
 * Each is good for one answer. */
#ifndef STORE_MAILBOX_CONSENTS_H
#define STORE_MAILBOX_CONSENTS_H

#include "base/ctx.h"
#include "base/field.h"

struct mailbox_consent {
    struct str id;         /* a UUID */
    struct str mailbox_id; /* absent: the setup is of a whole mailbox */
    struct str setup;      /* JSON of what to connect */
    struct str verifier;   /* in clear here, sealed in the row */
    struct opt_int expires_at;
};

/* Keeps it for the account; what is too old is forgotten, of all accounts. Transacts itself. */
MUST_USE enum rc mailbox_consent_add(struct ctx *ctx, const struct mailbox_consent *consent);

/* Gives it out and forgets it. E_NOT_FOUND when the account has none such, or it is too old.
 * Transacts itself. */
MUST_USE enum rc mailbox_consent_take(struct ctx *ctx, struct str id,
                                      struct mailbox_consent *ret_consent);

#endif
