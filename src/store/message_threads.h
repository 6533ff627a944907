/* To which message something that came in belongs: those that were sent, or may have been.
 * Scoped to the account of ctx; anywhere. */
#ifndef STORE_MESSAGE_THREADS_H
#define STORE_MESSAGE_THREADS_H

#include "store/messages.h"

enum { THREAD_CANDIDATES = 50 };

/* The newest whose Message-ID (without < and >) is one of these. E_NOT_FOUND. */
MUST_USE enum rc message_named(struct ctx *ctx, struct strs message_ids,
                               struct message *ret_message);

/* The newest THREAD_CANDIDATES from the mailbox to an address (normal form), or to anybody at
 * a company's domain (email_company_domain). List of struct message, newest first. */
MUST_USE enum rc messages_to(struct ctx *ctx, struct str mailbox_id, struct str address,
                             struct list *ret_messages);
MUST_USE enum rc messages_to_domain(struct ctx *ctx, struct str mailbox_id, struct str domain,
                                    struct list *ret_messages);

#endif
