/* Connecting a mailbox by a consent in a browser, so that nobody handles a refresh token: who
 * connects it gets an address of the provider; there the mailbox's owner agrees, and the
 * provider sends the browser back to us with a code, which is exchanged for the token (RFC
 * 6749, section 4.1, with PKCE, RFC 7636).
 *
 * The state that goes along is signed, names the account and the consent, is good for one
 * answer and for CONSENT_MS. */
#ifndef SEQUENCE_MAILBOX_CONSENT_H
#define SEQUENCE_MAILBOX_CONSENT_H

#include "sequence/mailbox_setup.h"

#define CONSENT_PATH "/oauth/callback" /* behind http.public_url: the provider must know it */

/* struct mailbox_setup without its secrets. */
extern const struct fields mailbox_consent_setup_fields;

struct consent_link {
    struct str url;            /* for a browser */
    struct opt_int expires_at; /* until then the answer counts */
};
extern const struct fields consent_link_fields;

/* Begins a consent: of a new mailbox or one to connect anew, or of one that has tokens, with its
 * settings as they are when it ends. E_INVALID with problems; E_CONFLICT with one where the server's
 * own address is not known, or the mailbox has a password or no client to ask; E_NOT_FOUND. */
MUST_USE enum rc consent_begin(struct ctx *ctx, const struct mailbox_setup *setup,
                               struct consent_link *ret_link);
MUST_USE enum rc consent_begin_again(struct ctx *ctx, struct str mailbox_id,
                                     struct consent_link *ret_link);

/* What the browser brings (RFC 6749, sections 4.1.2 and 4.1.2.1). */
struct consent_answer {
    struct str state, code, error, error_description;
};

/* Ends the consent of the answer's state and connects the mailbox, whose test follows;
 * ctx->account_id becomes its account. *ret_reason says in words what is not OK:
 *   E_NOT_FOUND     no consent waits for this state, or not any more
 *   E_DENIED        nobody agreed, or the provider does not take its code
 *   E_INVALID       the mailbox cannot be connected as it was meant
 *   E_UNSUPPORTED, E_TIMEOUT, E_IO and the like: the provider gives no tokens
 * Asks the provider, so may take 20 seconds. */
MUST_USE enum rc consent_end(struct ctx *ctx, const struct consent_answer *answer,
                             struct mailbox *ret_mailbox, struct str *ret_reason);

#endif
