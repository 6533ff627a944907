/* Who sends from a mailbox, and when there is something to do for it: a row for each mailbox
 * that ever had a message. One thread of one process sends from a mailbox at a time; it holds the
 * row by lease, under a name that nobody else has and that it has for this one time: what comes
 * from whoever held it before is not taken. Leases are on the machines' clocks, `now_ms` is on
 * that of ctx, which a test may let run faster. Inside db_transact unless it says otherwise. */
#ifndef STORE_MAILBOX_QUEUES_H
#define STORE_MAILBOX_QUEUES_H

#include "store/messages.h"

struct mailbox_queue {
    struct str account_id, mailbox_id, owner;
    struct opt_int wake_at, free_at, failures;
    struct opt_int day_from, day_sent; /* what it has sent since then, or may have: not less than that */
};

/* As long as a mailbox waits when a process was killed; a process that lives renews it. */
enum { QUEUE_LEASE_MS = 30 * 1000 };

/* Something is to be done at `at_ms`, perhaps earlier than what was known. */
MUST_USE enum rc mailbox_queue_wake(struct ctx *ctx, struct str mailbox_id, int64_t at_ms);
/* The same for mailboxes of any accounts (list of struct queue_wake, each mailbox once). From
 * here to the end of the transaction nobody sends from them, so it comes last. */
struct queue_wake {
    struct str account_id, mailbox_id;
    int64_t at_ms;
};
MUST_USE enum rc mailbox_queues_wake(struct ctx *ctx, const struct list *wakes);

/* Leases one queue of any account that is due: the one that has waited longest. E_NOT_FOUND
 * when there is none. Transacts itself unless it is inside of one. */
struct queue_lease {
    struct str owner; /* of this one taking, as a UUID is */
    int64_t real_ms, lease_ms;
};
MUST_USE enum rc mailbox_queue_take(struct ctx *ctx, const struct queue_lease *lease,
                                    struct mailbox_queue *ret_queue);
/* The row, locked, if it is still the owner's; E_CANCELED otherwise. */
MUST_USE enum rc mailbox_queue_hold(struct ctx *ctx, struct str mailbox_id, struct str owner,
                                    struct mailbox_queue *ret_queue);
/* Extends the leases of these (list of struct mailbox_queue) but those that somebody else has by
 * now, and those that somebody extends just now. Of others nobody knows any more: one that was
 * taken while its connection broke ends by itself. Transacts itself when there are any. */
MUST_USE enum rc mailbox_queues_renew(struct ctx *ctx, const struct list *queues, int64_t until_ms);
/* Stores free_at, failures and what was sent, and extends the lease. */
MUST_USE enum rc mailbox_queue_set(struct ctx *ctx, const struct mailbox_queue *queue);
/* Gives it back, with free_at and failures, until something is to be sent, but not before
 * `not_before`, or to be looked for. */
MUST_USE enum rc mailbox_queue_give_back(struct ctx *ctx, const struct mailbox_queue *queue,
                                         int64_t not_before);
/* Ends all leases at once: at the start of the only process of a database. Transacts itself. */
MUST_USE enum rc mailbox_queues_release(struct ctx *ctx);

/* When the next queue is due that nobody holds; INT64_MAX when there is none. */
MUST_USE enum rc mailbox_queues_next(struct ctx *ctx, int64_t *ret_at);

/* --- what a mailbox has to do --- */

/* The first message that may be sent now: high priority before low, then by time. E_NOT_FOUND. */
MUST_USE enum rc mailbox_next_message(struct ctx *ctx, struct str mailbox_id, int64_t now_ms,
                                      struct message *ret_message);
/* Those that were claimed, are being sent or are in doubt. List of struct message. */
MUST_USE enum rc mailbox_open_messages(struct ctx *ctx, struct str mailbox_id, struct list *ret_messages);
/* How many messages the mailbox has sent, or may have, since `from_ms`. */
MUST_USE enum rc mailbox_sent_since(struct ctx *ctx, struct str mailbox_id, int64_t from_ms,
                                    int64_t *ret_n);
/* Message-IDs of the last few that the mailbox has sent, newest first. */
MUST_USE enum rc mailbox_last_sent(struct ctx *ctx, struct str mailbox_id, struct strs *ret_message_ids);

#endif
