/* What holds because a reply has its label, so that it can be taken back with the label, and nothing
 * else with it. Each end, pause and exclusion by a reply, and what its workflows made, is a row (store/reply_claims.h), also where
 * another reply had done the same before; of what several hold the strongest counts: an end before
 * a pause, the later day of two. What a person decides drops the rows, and what was so before the
 * first reply is restored when the last row goes. Inside db_transact; the caller calls
 * lead_wake_planner afterwards. */
#ifndef SEQUENCE_REPLY_CLAIMS_H
#define SEQUENCE_REPLY_CLAIMS_H

#include "sequence/progress.h"
#include "store/exclusions.h"
#include "store/reply_claims.h"

/* Because of what something is claimed. */
struct claimant {
    struct ctx *ctx;
    struct str reply_id;
    enum claim_cause cause; /* what its workflows say counts before what its label says */
};

/* The lead is locked by the caller, and as it is now afterwards. As lead_end: OK, and nothing is
 * claimed, where that means nothing any more. */
MUST_USE enum rc reply_claim_end(const struct claimant *by, struct lead_plan *lead, enum lead_status status,
                                 struct str reason);
/* The same: it rests until then at least. One that somebody paused for longer stays as it is.
 * E_CONFLICT with a problem when it has come to an end, but not by this reply alone. */
MUST_USE enum rc reply_claim_pause(const struct claimant *by, struct lead_plan *lead, struct str reason,
                                   int64_t until_ms);
/* Excludes a value (in normal form). *ret_result as that of exclusions_add. What is excluded
 * already, and not by replies, is not claimed. */
MUST_USE enum rc reply_claim_exclusion(const struct claimant *by, enum exclusion_kind kind, struct str value,
                                       struct str reason, struct str *ret_result);

/* What its workflows made is there: a lead that they added (CLAIM_ADDED_LEAD) or a task. It goes with the
 * label while nobody has touched it and no other reply holds it: the task is canceled, the lead removed, with
 * the reason `relabeled`, unless something of its sequence is done already. */
MUST_USE enum rc reply_claim_made(const struct claimant *by, enum claim_kind kind, struct str id);
#define REPLY_CLAIM_LOST "relabeled"

/* Takes back what the reply holds and nobody else does: by its label, and by its workflows as well
 * where that is wanted. */
MUST_USE enum rc reply_claims_release(struct ctx *ctx, struct str reply_id, bool with_workflows);

#endif
