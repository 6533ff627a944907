/* The life of a message between its queue and what came of it: who may send it now, and what
 * each outcome does to the message, its lead, its mailbox and the history. Everything here is
 * transactions; the conversation with the server is between them (sequence/sender.h).
 *
 *   queued, retry_wait -> claimed   all that could speak against it is looked at again
 *   claimed -> sending              before the first byte; from then on its fate may be unknown
 *   sending -> sent, retry_wait, failed, queued, uncertain
 *   uncertain -> sent, queued, held (sequence/uncertain.h)
 *   uncertain, held -> sent         something that came in names it (sequence/inbox_message.h);
 *   queued, retry_wait, claimed,    the same of one that was begun before
 *   canceled
 *   canceled -> queued              one that was in doubt, whose lead goes on (sequence/planner_mail.c)
 *
 * A sequence that pauses or ends waits for those that are claimed or sending. */
#ifndef SEQUENCE_DELIVERY_H
#define SEQUENCE_DELIVERY_H

#include "base/map.h"
#include "sequence/fate.h"
#include "store/mailbox_queues.h"
#include "store/mailboxes.h"

/* A mailbox whose queue somebody holds; its account is that of ctx. */
struct delivery {
    struct ctx *ctx;
    struct str owner, mailbox_id;
    struct map *zones; /* name to struct zone *; the caller's, who closes them */
    struct map *settings; /* of sequences, by id, as claim.c keeps them; the caller's; NULL: not kept */
};

struct delivery_outcome {
    enum fate fate;
    struct str words;   /* what the server said */
    int64_t wait_ms;    /* FATE_THROTTLED */
    bool was_kept;      /* FATE_NETWORK on a connection that had been used: no reason to rest */
};

/* The mailbox's settings that a connection was made with. */
struct delivery_login {
    int64_t updated_at, secret_version;
};

struct delivery_step {
    const struct message *done; /* what was sent since the last step; NULL: nothing */
    const struct delivery_outcome *outcome;
    bool is_connected; /* the next one is claimed and marked as being sent at once … */
    const struct delivery_login *login; /* … unless the mailbox has others now; NULL: any */
    bool goes_on;      /* false: gives the queue back */
    bool recovers;     /* first takes up what another process left behind: what it had claimed is
                          queued again, what it was sending is uncertain */
    /* Uncertain ones that are to be looked for now (list of struct message): then the queue is
     * still held, and nothing was claimed. */
    struct list ret_look;
    /* What comes next; without it the queue was given back, but for ret_look. */
    bool ret_has_next, ret_begun; /* begun: it is marked as being sent */
    struct message ret_next;
    struct str ret_from; /* the mailbox's address */
    /* Where the queue is given back: takes the next one that is due, of any account, for this
     * owner; NULL: does not. Without one ret_queue has no mailbox. */
    const struct queue_lease *lease;
    struct mailbox_queue ret_queue;
};

/* Records the outcome, and claims what is to be sent next; both or nothing. Records also when
 * the lease was lost meanwhile: what happened has happened. */
MUST_USE enum rc delivery_step(const struct delivery *d, struct delivery_step *step);

/* claimed -> sending; *ret_begun is false when it was canceled meanwhile. */
MUST_USE enum rc delivery_begin(const struct delivery *d, const struct message *message, bool *ret_begun);

/* A connection could not be made, or not for now (FATE_NETWORK, FATE_LOGIN): what was claimed is
 * queued again, and the mailbox rests for 1, 2, 4 … 60 minutes. Gives the queue back. */
MUST_USE enum rc delivery_unreachable(const struct delivery *d, const struct message *message,
                                      const struct delivery_outcome *outcome);

/* What came of looking for an uncertain one. */
enum delivery_look {
    LOOK_FOUND,      /* it was sent */
    LOOK_NOT_THERE,  /* and the server files what it sends */
    LOOK_NO_COPIES,  /* not there, but the server may not file what it sends */
    LOOK_FAILED,     /* could not look */
};
MUST_USE enum rc delivery_looked(const struct delivery *d, const struct message *message,
                                 enum delivery_look look, struct str words);

/* Something that came in names the message: one that is uncertain or held was sent, and one that
 * waits to be sent once more, which whoever claimed it sees; others stay as they are. Inside
 * db_transact, before what that something means for the lead. */
MUST_USE enum rc delivery_proven(struct ctx *ctx, struct str message_id);

/* Whether it arrived was not known once, and then it was to be sent again or let be. */
bool delivery_was_in_doubt(const struct message *message);

/* --- people --- */

/* The reason of what a person decided about: one that was canceled so is let be. */
#define DELIVERY_DECIDED "decided"
enum delivery_decision { DECIDE_SENT, DECIDE_RESEND, DECIDE_DROP };
/* Of a message that is uncertain or held: it arrived; send it again; let it be and go on with
 * the next stage. Transacts itself. E_NOT_FOUND; E_CONFLICT with a problem in other states. */
MUST_USE enum rc delivery_decide(struct ctx *ctx, struct str message_id, enum delivery_decision decision,
                                 struct message *ret_message);

#endif
