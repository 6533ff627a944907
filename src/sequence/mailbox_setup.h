/* Connecting a mailbox from what a person knows: an address and a password. */
#ifndef SEQUENCE_MAILBOX_SETUP_H
#define SEQUENCE_MAILBOX_SETUP_H

#include "store/mailboxes.h"

struct mailbox_setup {
    MAILBOX_SETTINGS;
    struct str email, user_id, user_email, auth;
    struct str password, imap_password, refresh_token;
    enum tri check; /* NO: active at once, without a test; else a test decides */
};
extern const struct fields mailbox_setup_fields;

/* Judges everything but the secret: finds the user, fills in what follows from the address.
 * `settings` is room for what *ret_connect then points to. E_INVALID with problems. */
MUST_USE enum rc mailbox_setup_judge(struct ctx *ctx, const struct mailbox_setup *setup,
                                     struct mailbox_settings *settings,
                                     struct mailbox_connect *ret_connect);

/* Connects, or connects anew. The user is named by id or by address; hosts and ports that
 * are not given come from the address (sequence/mail_provider.h). With `enqueue` a job tests
 * the mailbox, unless `check` is NO; otherwise that is left to the caller. E_INVALID with
 * problems; otherwise the mailbox as it is then. Transacts itself. */
MUST_USE enum rc mailbox_setup(struct ctx *ctx, const struct mailbox_setup *setup,
                               bool enqueue, struct mailbox *ret_mailbox);

/* Gives the mailbox tokens of new, for `auth` as it has it; its settings stay, and a job tests it.
 * E_NOT_FOUND; E_CONFLICT with a problem where it logs in otherwise. Transacts itself. */
MUST_USE enum rc mailbox_reconnect(struct ctx *ctx, struct str id, struct str auth,
                                   struct str refresh_token, struct mailbox *ret_mailbox);

#endif
