/* Which message of ours something that came in belongs to. The rules are tried in this order,
 * and the one that matched is kept with the reply. */
#ifndef SEQUENCE_THREADS_H
#define SEQUENCE_THREADS_H

#include "reply/inbound.h"
#include "store/mailboxes.h"
#include "store/messages.h"

enum thread_rule {
    THREAD_IN_REPLY_TO,
    THREAD_REFERENCES,
    THREAD_OWN_HEADER,     /* MESSAGE_ID_HEADER, which some programs copy */
    THREAD_REPORT,         /* a report has the message, or its headers */
    THREAD_REPORT_ADDRESS, /* a report only says to whom it was */
    THREAD_SENDER_SUBJECT, /* somebody we wrote to, about the same */
    THREAD_SENDER,         /* somebody we wrote to */
    THREAD_DOMAIN_SUBJECT, /* a colleague of somebody we wrote to, about the same */
};

struct thread {
    enum thread_rule rule;
    struct message message;
};

/* "in_reply_to" */
struct str thread_rule_name(enum thread_rule rule);
/* Whether only who got the message can have written what was matched so: by its id, which nobody
 * can guess, or by what it said to whom. Everything else, senders too, anybody can write. */
bool thread_rule_proves(struct str rule_name);

/* True when what came in names this very message, so that somebody has had it; else it only comes
 * from somebody whom that was sent to, or is about them. */
bool thread_names(const struct inbound *inbound, const struct message *message);

/* E_NOT_FOUND: it belongs to nothing that the mailbox's account has sent. */
MUST_USE enum rc thread_find(struct ctx *ctx, const struct mailbox *mailbox,
                             const struct inbound *inbound, struct thread *ret_thread);

#endif
