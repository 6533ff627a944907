/* What the files of sequence/planner*.c share; private to them. */
#ifndef SEQUENCE_PLANNER_PRIVATE_H
#define SEQUENCE_PLANNER_PRIVATE_H

#include "base/map.h"
#include "sequence/window.h"
#include "store/lead_plans.h"
#include "store/mailboxes.h"
#include "store/sequences.h"

/* One batch: what its leads share is read once. */
struct planning {
    struct ctx *ctx; /* its account is that of the lead that is looked at */
    int64_t now;
    struct list due; /* all that are looked at together */
    struct map sequences, mailboxes, accounts, loads; /* by id */
    struct map senders;     /* by account: of the users of the batch */
    struct map exclusions;  /* by account: why addresses of the batch are excluded */
    struct map wakes;       /* by mailbox, struct queue_wake: what was written for it */
    bool has_jobs;        /* some were enqueued */
    int64_t until_ms;     /* on the monotonic clock: leads that are not looked at by then wait */
    struct map *zones;    /* outlive the transaction, which may run again */
    struct list changed;  /* of struct lead_plan: to be written */
};

/* What is planned. */
struct planned {
    struct planning *p;
    struct lead_plan *lead;
    const struct sequence *s;
    const struct sequence_stage *stage;
};

/* Read once for the batch. NULL with *ret_rc OK: there is no such mailbox (any more). */
MUST_USE enum rc planning_sequence(struct planning *p, struct str id,
                                   const struct sequence **ret_sequence);
MUST_USE enum rc planning_mailbox(struct planning *p, struct str id,
                                  const struct mailbox **ret_mailbox);

/* Of the users of the batch in the account, with each mailbox (store/senders.h). */
MUST_USE enum rc planning_senders(struct planning *p, const struct list **ret_senders);

/* True when the stage is an email that is sent without anybody. */
bool stage_is_mail(const struct sequence_stage *stage);
/* True when it is the first of them in its sequence: then the lead is a new one. */
bool stage_is_first_mail(const struct sequence *sequence, const struct sequence_stage *stage);

/* When the mailbox may send to the lead, at `at_ms` or later: the sequence's windows and the
 * mailbox's hours. E_NOT_FOUND when that never comes. Real instants. */
MUST_USE enum rc mail_opening(const struct planned *planned, int64_t at_ms,
                              struct opening *ret_opening);

/* Says when the lead's stage is due, by delays and windows, and what it waits for till then. */
MUST_USE enum rc plan_stage(const struct planned *planned);
/* Puts it off. */
void put_off(const struct planned *planned, enum lead_wait wait, int64_t next_at);

/* A change of the lead by the state machine. */
MUST_USE enum rc planned_end(const struct planned *planned, enum lead_status status,
                             struct str reason);

/* Writes the message of the stage, or puts the lead off until it may be sent. */
MUST_USE enum rc begin_mail(const struct planned *planned);

/* Zones are opened once for several batches. */
const struct zone *planning_zone(const struct planning *p, struct str name);
void planning_zones_close(struct map *zones);

#endif
