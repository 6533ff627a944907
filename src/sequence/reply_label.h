/* The label of a reply: found in its text, or given by a person, with what follows from it. */
#ifndef SEQUENCE_REPLY_LABEL_H
#define SEQUENCE_REPLY_LABEL_H

#include "data/labels.h"
#include "reply/inbound.h"
#include "store/events.h"
#include "store/messages.h"
#include "store/replies.h"

/* Sets label, confidence, evidence, dates and referred person of a reply to `message`, as far
 * as its words say. Only what people write, and notes of absence, gets a label. */
void reply_label_find(struct ctx *ctx, const struct inbound *inbound, const struct message *message,
                      struct stored_reply *reply);

/* Does what follows from the reply (sequence/reply_effects.h), stores its label and runs the
 * workflows. `told`: the event that tells of it already; EVENT_KINDS: none. Inside
 * db_transact. */
MUST_USE enum rc reply_label_settle(struct ctx *ctx, struct stored_reply *reply,
                                    enum event_kind told);

/* What somebody says of it who may know better. */
struct reply_relabel {
    struct str label;        /* absent: none fits */
    struct str return_on, follow_up_on; /* absent: as they are */
    enum label_source by;
    struct opt_int confidence; /* of 1000 */
};
/* Takes back what followed from the old label (sequence/reply_claims.h), and does what follows from the
 * new one; who only agrees changes nothing but who said it. `reply` was
 * locked (reply_lock) by the caller, who wakes the workflows (workflows_wake) behind the
 * transaction. Inside db_transact. */
MUST_USE enum rc reply_label_change(struct ctx *ctx, const struct reply_relabel *relabel,
                                    struct stored_reply *reply);

/* The same by id and for a person, who is certain.
 * Transacts itself. E_NOT_FOUND; E_INVALID with problems; E_CONFLICT with a problem for what
 * has no label: bounces and what machines wrote. */
MUST_USE enum rc reply_relabel(struct ctx *ctx, struct str id, const struct reply_relabel *relabel,
                               struct stored_reply *ret_reply);

#endif
