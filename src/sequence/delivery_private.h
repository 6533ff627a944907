/* What delivery.c and claim.c share; private to them. Inside db_transact. */
#ifndef SEQUENCE_DELIVERY_PRIVATE_H
#define SEQUENCE_DELIVERY_PRIVATE_H

#include "sequence/delivery.h"

/* Records what came of a message that was being sent. `sender`: what its mailbox writes from, if it is
 * known. */
MUST_USE enum rc delivery_record(struct ctx *ctx, const struct message *message,
                                 const struct delivery_outcome *outcome, struct str sender);

/* What another process left behind in a queue that is held; *ret_look as in delivery_step. */
MUST_USE enum rc delivery_recover(const struct delivery *d, struct list *ret_look);

/* The server could not be reached once more: when the mailbox tries again. */
void delivery_rest(struct ctx *ctx, struct mailbox_queue *queue);

#endif
