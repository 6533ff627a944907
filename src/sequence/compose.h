/* From a stage and a lead to a message that waits to be sent: texts with their values, MIME,
 * the headers of the thread, the links of the sequence's settings. What is stored is what is
 * sent, but for Date.
 *
 *   Message-ID    keyed hash of lead and stage @ the sender's domain: the same however often
 *                 it is written, and nobody can guess it
 *   References,   when the stage has no subject of its own: of the last message that the lead
 *   In-Reply-To   got; the subject is then "Re: " and the thread's
 *   List-Unsubscribe, List-Unsubscribe-Post (RFC 2369, RFC 8058)
 *   X-Outrider-Id the message's id, for relays that replace the Message-ID */
#ifndef SEQUENCE_COMPOSE_H
#define SEQUENCE_COMPOSE_H

#include "base/ctx.h"
#include "store/sequence_leads.h"
#include "store/sequences.h"

struct composing {
    const struct sequence_lead *lead; /* with id, contact, address, data, user and mailbox */
    const struct sequence *sequence;  /* as sequence_get gives it */
    const struct sequence_stage *stage; /* one of its stages: an email */
    const struct list *senders; /* of the lead's user (store/senders.h); NULL: they are read */
    int64_t due_at;             /* it is sent then or later */
};

/* Writes the message and stores it as queued. Inside db_transact; the caller tells its mailbox's
 * queue in the same transaction, and then sender_wake.
 * E_CONFLICT: the lead has this message already, sent or on its way, or it was canceled after it
 * may have been sent: then other words would come on top of the first. E_NOT_FOUND: a field
 * has no value. E_UNSUPPORTED: the lead has no address, the mailbox is not there any more, or
 * the stage says nothing. E_TOO_LARGE. The reason is in ctx->err. */
MUST_USE enum rc message_compose(struct ctx *ctx, const struct composing *what);

#endif
