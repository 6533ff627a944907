/* Leads of sequences as people see them: where each stands, when something happens next, and
 * why nothing happens now. Scoped to the account of ctx. */
#ifndef STORE_LEAD_STATES_H
#define STORE_LEAD_STATES_H

#include "store/lead_plans.h"
#include "store/pages.h"

struct lead_state {
    struct str id, sequence_id, contact_id, email, linkedin_url, user_id, mailbox_id, reply_id;
    struct str status, reason;
    struct str stage_id, stage_type;
    struct opt_int stage_number, stages; /* from 1; how many there are */
    struct opt_int due_at, next_at, paused_until, ended_at, created_at, updated_at;
    struct str waits_for; /* enum_lead_waits; absent when it has come to an end */
    struct str waits_because; /* the same in words */
    struct str message_id, message_state;
    /* not shown: what waits_for is made of */
    struct str sequence_status, mailbox_status, message_reason;
    enum tri ignores_exclusions;
    struct opt_int message_next_at;
};
extern const struct fields lead_state_fields;

/* Filters of a list; an absent one does not filter. */
struct lead_filter {
    struct str status;
    struct str email; /* the whole address, in any case */
};

/* One page of the sequence, oldest first; the cursor is the id. List of struct lead_state. */
MUST_USE enum rc lead_states_list(struct ctx *ctx, struct str sequence_id,
                                  const struct lead_filter *filter, const struct page *page,
                                  struct page_of *ret_page);

/* Shows another reason why nothing happens. */
void lead_state_waits(struct lead_state *lead, enum lead_wait wait);

/* E_NOT_FOUND when the account has no such lead. */
MUST_USE enum rc lead_state_get(struct ctx *ctx, struct str id, struct lead_state *ret_lead);

/* How many leads of the sequence have each status. */
MUST_USE enum rc lead_states_count(struct ctx *ctx, struct str sequence_id,
                                   struct counts *ret_counts);

#endif
