/* Messages: the emails of sequences as rows, one for a lead and a stage, and their bytes. What
 * is to be done with them, and when, is sequence/compose.h and sequence/sender.h. Scoped to
 * the account of ctx; what writes is called inside db_transact unless it says otherwise. */
#ifndef STORE_MESSAGES_H
#define STORE_MESSAGES_H

#include "base/ctx.h"
#include "base/field.h"
#include "store/events.h"
#include "store/pages.h"

enum message_state {
    MESSAGE_QUEUED,     /* written, waits for its time */
    MESSAGE_CLAIMED,    /* somebody is about to send it */
    MESSAGE_SENDING,    /* committed before its first byte is sent */
    MESSAGE_SENT,
    MESSAGE_RETRY_WAIT, /* refused for the moment */
    MESSAGE_FAILED,     /* refused for good, or too often */
    MESSAGE_UNCERTAIN,  /* whether it was taken is not known; it is looked for */
    MESSAGE_HELD,       /* the same, and a person decides */
    MESSAGE_CANCELED,   /* was not sent and will not be */
};
extern const struct enum_values message_states; /* in this order */

struct message {
    struct str id, lead_id, sequence_id, stage_id, variant_id, contact_id, user_id, mailbox_id;
    struct str state, reason, detail, recipient, subject, message_id, refers_to, reply;
    struct str body, source; /* as in struct new_message: where asked for, and kept still */
    struct opt_int priority, due_at, next_at, attempts, looks, dated_at, sent_at, opens, clicks,
        created_at, updated_at;
};
extern const struct fields message_fields;
enum message_state message_state_of(const struct message *message);

/* What message_queue stores. */
struct new_message {
    struct message of; /* id, lead, sequence, stage, variant, contact, user, mailbox, recipient,
                          subject, message_id, refers_to, priority, due_at */
    bool is_first;     /* of its lead's: one of the new leads of its mailbox's day */
    struct str source; /* its bytes but for Date */
    struct str body;   /* what it says, as plain text if there is one, else as HTML */
};

/* Stores it as queued; the caller tells its mailbox's queue (store/mailbox_queues.h). One of the lead
 * and stage that was canceled or failed is written anew and keeps its id, in *message then.
 * E_CONFLICT when one of them was sent or may be. */
MUST_USE enum rc message_queue(struct ctx *ctx, struct new_message *message);

/* E_NOT_FOUND when the account has no such message. */
MUST_USE enum rc message_get(struct ctx *ctx, struct str id, struct message *ret_message);
MUST_USE enum rc message_of_stage(struct ctx *ctx, struct str lead_id, struct str stage_id,
                                  struct message *ret_message);
/* The last one of the lead that was sent or may have been: what a follow-up refers to. */
MUST_USE enum rc message_before(struct ctx *ctx, struct str lead_id, struct message *ret_message);
/* Its bytes without Date; E_NOT_FOUND when they are kept no more. */
MUST_USE enum rc message_source(struct ctx *ctx, struct str id, struct str *ret_source);

/* Filters of a list; an absent one does not filter. */
struct message_filter {
    struct str sequence_id, lead_id, mailbox_id, state;
};
/* One page, oldest first; the cursor is the id. List of struct message. */
MUST_USE enum rc messages_list(struct ctx *ctx, const struct message_filter *filter,
                               const struct page *page, struct page_of *ret_page);

/* From one state to another. Absent: stays as it is. */
struct message_move {
    enum message_state from, to;
    struct str reason, detail, reply; /* reason and detail are of the new state: absent is none */
    struct opt_int next_at, attempts, looks, dated_at, counted_at, sent_at;
    bool uncount; /* it was not sent: gives its place in the mailbox's day back */
};
/* E_CONFLICT, with nothing changed, when it is in another state. */
MUST_USE enum rc message_move(struct ctx *ctx, struct str id, const struct message_move *move);
/* The same of one that is to be sent at once, with counted_at. Gives its source, if it is kept still. */
MUST_USE enum rc message_move_sending(struct ctx *ctx, struct str id, const struct message_move *move,
                                      struct str *ret_source);
/* The same of one that was sent; `move` counts and uncounts nothing. Gives the row as it is then,
 * with its body. */
MUST_USE enum rc message_move_sent(struct ctx *ctx, struct str id, const struct message_move *move,
                                   struct message *ret_message);

/* Records what happened to the message, with all that it belongs to. `data` as in
 * store/events.def; absent: {}. */
MUST_USE enum rc message_record(struct ctx *ctx, const struct message *message,
                                enum event_kind kind, struct str data);

/* Cancels those of the lead that are not being sent and are not in doubt. */
MUST_USE enum rc messages_cancel_lead(struct ctx *ctx, struct str lead_id, struct str reason);
/* The same of several leads. */
MUST_USE enum rc messages_cancel_leads(struct ctx *ctx, struct strs lead_ids, struct str reason);
/* The same of a sequence that was archived. */
MUST_USE enum rc messages_cancel_sequence(struct ctx *ctx, struct str sequence_id);

/* The reason of those that wait for their sequence to be active. */
#define MESSAGE_PARKED "sequence_paused"
/* It is: they are due, and their mailboxes' queues know. */
MUST_USE enum rc messages_unpark(struct ctx *ctx, struct str sequence_id);

/* Counts one more; *ret_counted is false beyond MESSAGE_COUNT_MAX, which no reader comes to. */
enum { MESSAGE_COUNT_MAX = 1000 };
enum message_count { MESSAGE_OPENS, MESSAGE_CLICKS };
MUST_USE enum rc message_count_one(struct ctx *ctx, struct str id, enum message_count what,
                                   bool *ret_counted);

/* Takes out of every account's messages to that address, or to leads with that profile (absent:
 * of nobody), all that names somebody, and cancels what waits. Before contacts and leads are
 * forgotten (store/contacts.h). For removals. */
MUST_USE enum rc messages_forget(struct ctx *ctx, struct str email, struct str linkedin_key);

/* Forgets up to `limit` sources of all accounts that were written before and whose message
 * has come to an end. Transacts itself. */
MUST_USE enum rc message_sources_prune(struct ctx *ctx, int64_t before, int64_t limit);

/* How many messages of all accounts are in each state that is no end, for /metrics: without
 * reading those that have come to theirs. A state without any is left out. */
MUST_USE enum rc messages_count(struct ctx *ctx, struct counts *ret_counts);

#endif
