/* What mailboxes.c and mailbox_state.c share; private to them. All inside db_transact. */
#ifndef STORE_MAILBOX_ROWS_H
#define STORE_MAILBOX_ROWS_H

#include "store/mailbox_state.h"

/* As mailbox_get, and nobody else changes the row until the transaction ends. */
MUST_USE enum rc mailbox_get_to_change(struct ctx *ctx, struct str id, struct mailbox *ret_mailbox);

/* Applies an event that is possible in every state, also to a deleted one. */
MUST_USE enum rc mailbox_state_set(struct ctx *ctx, struct str id, enum mailbox_event event);

/* The secret as the row of `id` holds it. */
struct str mailbox_secret_seal(struct ctx *ctx, struct str id, const struct mailbox_secret *secret);

#endif
