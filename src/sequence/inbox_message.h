/* One message that came into a mailbox: whose it is, what it says, what follows. */
#ifndef SEQUENCE_INBOX_MESSAGE_H
#define SEQUENCE_INBOX_MESSAGE_H

#include "sequence/threads.h"
#include "store/inboxes.h"

/* Where it was read. */
struct inbox_place {
    struct str owner;  /* of the mailbox's lease */
    struct str folder;
    struct folder_position next; /* behind it */
};

/* What is known by the headers alone. */
enum inbox_interest {
    INBOX_OTHER,   /* nothing of ours: it is not looked into */
    INBOX_THREAD,  /* belongs to a message of ours */
    INBOX_PERHAPS, /* its body may be about one: a report */
};
MUST_USE enum rc inbox_interest(struct ctx *ctx, const struct mailbox *mailbox,
                                const struct inbound *headers, enum inbox_interest *ret_interest);

/* Stores it if it belongs to a message of ours and is not known yet, with its label and all
 * that follows from it, and that the folder is read up to behind it: in one transaction.
 * E_CANCELED: the lease is somebody else's now, nothing happened. Then lead_wake_planner. */
MUST_USE enum rc inbox_receive(struct ctx *ctx, const struct mailbox *mailbox,
                               const struct inbound *inbound, struct str source,
                               const struct inbox_place *place);

#endif
