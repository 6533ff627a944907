/* Who reads a mailbox, when next, and how far its folders are read: a row for each mailbox
 * that was ever active. One thread of one process reads a mailbox at a time; it holds the row
 * by lease. All times are on the machines' clocks. Inside db_transact unless it says
 * otherwise. */
#ifndef STORE_INBOXES_H
#define STORE_INBOXES_H

#include "base/ctx.h"
#include "base/field.h"

struct inbox {
    struct str account_id, mailbox_id;
    struct opt_int failures; /* times in a row that it could not be read */
    struct str server;       /* of IMAP, host:port, as it is taken; absent when the mailbox is gone */
};

struct inbox_lease {
    struct str owner;
    int64_t now_ms, lease_ms;
};

/* The mailbox is to be read now. */
MUST_USE enum rc inbox_wake(struct ctx *ctx, struct str mailbox_id);

/* Something has changed about the mailbox: whoever reads it now looks whether it may. */
MUST_USE enum rc inbox_call(struct ctx *ctx, struct str mailbox_id);

/* Leases one of any account that is due. E_NOT_FOUND when there is none. Transacts itself. */
MUST_USE enum rc inbox_take(struct ctx *ctx, const struct inbox_lease *lease,
                            struct inbox *ret_inbox);
/* Locks the row if it is still the owner's; E_CANCELED otherwise. */
MUST_USE enum rc inbox_hold(struct ctx *ctx, struct str mailbox_id, struct str owner);
/* Says that the owner is there, until the lease ends, and extends its leases of these mailboxes. One that
 * somebody changes just now is left out until the next time. Transacts itself. */
MUST_USE enum rc inboxes_renew(struct ctx *ctx, const struct inbox_lease *lease,
                               struct strs mailbox_ids);
/* How many of the mailboxes that are read or due one process is to have, of all that are there. Anywhere. */
MUST_USE enum rc inboxes_share(struct ctx *ctx, int64_t now_ms, int64_t *ret_share);
/* The owner is there no more. Transacts itself. */
MUST_USE enum rc inboxes_leave(struct ctx *ctx, const struct inbox_lease *lease);
/* Gives it back: it is read again at `wake_at` (INT64_MAX: when somebody wakes it).
 * Transacts itself. */
MUST_USE enum rc inbox_give_back(struct ctx *ctx, const struct inbox *inbox, struct str owner,
                                 int64_t wake_at);
/* Ids of the owner's mailboxes that were called or woken since it took them or asked last.
 * Transacts itself. */
MUST_USE enum rc inboxes_called(struct ctx *ctx, const struct inbox_lease *lease,
                                struct strs *ret_mailbox_ids);
/* Ends all leases at once: at the start of the only process of a database. Transacts itself. */
MUST_USE enum rc inboxes_release(struct ctx *ctx);

struct folder_position {
    struct opt_int uid_validity, uid_next;
};
/* Anywhere. E_NOT_FOUND: it was never read. */
MUST_USE enum rc folder_position_get(struct ctx *ctx, struct str mailbox_id, struct str folder,
                                     struct folder_position *ret_position);
MUST_USE enum rc folder_position_set(struct ctx *ctx, struct str mailbox_id, struct str folder,
                                     const struct folder_position *position);

#endif
