/* Connecting a mailbox from what a person knows: an address and a password. */
#ifndef SEQUENCE_MAILBOX_SETUP_H
#define SEQUENCE_MAILBOX_SETUP_H

#include "store/mailboxes.h"

struct mailbox_setup {
    MAILBOX_SETTINGS;
    struct str email, user_id, user_email, auth;
    struct str password, imap_password, refresh_token;
};
extern const struct fields mailbox_setup_fields;

/* Connects, or connects anew. The user is named by id or by address. E_INVALID with
 * problems; otherwise the mailbox as it is then. Transacts itself. */
MUST_USE enum rc mailbox_setup(struct ctx *ctx, const struct mailbox_setup *setup,
                               struct mailbox *ret_mailbox);

#endif
