/* A mailbox's connections: its servers, its secret, a token that is still good. What comes of
 * a login goes into the mailbox's state (store/mailbox_state.h); what the network does not. */
#ifndef SEQUENCE_MAILBOX_LOGIN_H
#define SEQUENCE_MAILBOX_LOGIN_H

#include "net/imap.h"
#include "net/resolver.h"
#include "net/smtp_client.h"
#include "store/mailboxes.h"

/* The secret, with an access token that is good for five minutes at least where the mailbox
 * has tokens. One process of all refreshes it, the others wait for what it gets; a refresh
 * token that was replaced is stored before the new ones are used. E_DENIED: the provider
 * refuses it for good (the mailbox then needs reconnection); E_UNSUPPORTED: no client is
 * configured; E_TIMEOUT, E_IO: the provider cannot be asked now. *ret_reason in words. */
MUST_USE enum rc mailbox_credentials(struct ctx *ctx, const struct mailbox *mailbox,
                                     struct mailbox_secret *ret_secret, struct str *ret_reason);

/* Logs in, and notes a refusal or a success. As smtp_open and imap_open, on ctx->arena. */
MUST_USE enum rc mailbox_smtp(struct ctx *ctx, const struct mailbox *mailbox,
                              const struct mailbox_secret *secret, struct smtp_client **ret_client,
                              struct smtp_result *ret_result);
MUST_USE enum rc mailbox_imap(struct ctx *ctx, const struct mailbox *mailbox,
                              const struct mailbox_secret *secret, struct imap **ret_imap,
                              struct str *ret_reason);

/* How questions to the DNS are asked. */
struct resolver mailbox_resolver(const struct ctx *ctx);

#endif
