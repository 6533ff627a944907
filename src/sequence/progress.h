/* The state machine of a lead in a sequence: what came of a stage, and what befalls the lead.
 * Each function changes the lead, takes back what was planned for it where that no longer
 * holds (open tasks, messages that are not being sent) and records the event, all in one
 * transaction; none looks at the clock beyond that. What happens next, and when, is the
 * planner's (sequence/planner.h), which they wake.
 *
 * Whoever ends, pauses, resumes or retries a lead has decided anew: what replies held of it
 * (sequence/reply_claims.h) is theirs no longer. Functions named _held leave that to the caller.
 *
 * All transact themselves unless they are inside db_transact; then the caller calls
 * lead_wake_planner once it is committed, or leaves it to the next tick. E_NOT_FOUND when the
 * account has no such lead. */
#ifndef SEQUENCE_PROGRESS_H
#define SEQUENCE_PROGRESS_H

#include "store/lead_plans.h"

enum stage_result {
    STAGE_DONE,
    STAGE_SKIPPED,
    STAGE_FAILED, /* the lead is errored, and somebody may retry it */
};

struct stage_outcome {
    enum stage_result result;
    bool overdue;      /* of a skipped one: the delay of the next counts from now, else from when
                          this one was due */
    struct str reason; /* of a failed one: a word that the API shows */
};

/* The stage that the lead stands at came to its end. OK, and nothing happens, when the lead
 * does not stand there (any more) or has come to an end itself. A paused lead stays paused
 * and goes on behind the stage. */
MUST_USE enum rc lead_stage_finished(struct ctx *ctx, struct str lead_id, struct str stage_id,
                                     const struct stage_outcome *outcome);

/* Ends it: LEAD_COMPLETED, REPLIED, BOUNCED, UNSUBSCRIBED, REMOVED or ERRORED. OK, and nothing
 * happens, where that means nothing any more (the table in progress.c): a lead that was
 * removed cannot reply. `reason` may be absent. */
MUST_USE enum rc lead_end(struct ctx *ctx, struct str lead_id, enum lead_status status,
                          struct str reason);

/* The same for a lead that the caller has locked, and writes afterwards. Inside db_transact. */
MUST_USE enum rc lead_end_held(struct ctx *ctx, struct lead_plan *lead, enum lead_status status,
                               struct str reason);

/* LEAD_REMOVED of several that the caller has locked (list of struct lead_plan, at most
 * EVENT_LEADS_MAX) and that an exclusion is about, but for those that go on in spite of
 * exclusions; written, set-based. *ret_removed: how many. Inside db_transact. */
MUST_USE enum rc leads_remove_excluded(struct ctx *ctx, struct list *leads, struct str reason,
                                       size_t *ret_removed);

/* The same for every lead of the account with that address (normal form). */
MUST_USE enum rc leads_end_address(struct ctx *ctx, struct str email, enum lead_status status,
                                   struct str reason);

/* Holds it until `until_ms`, or until somebody resumes it when that is absent. One that is
 * paused gets the new reason and time. What was begun for its stage is taken back and begun
 * anew when it goes on. E_CONFLICT with a problem when it has come to an end. */
MUST_USE enum rc lead_pause(struct ctx *ctx, struct str lead_id, struct str reason,
                            struct opt_int until_ms);
/* OK also when it is not paused. E_CONFLICT with a problem when it has come to an end. */
MUST_USE enum rc lead_resume(struct ctx *ctx, struct str lead_id);
/* Out of the sequence, at somebody's wish. OK also when it has been removed. */
MUST_USE enum rc lead_remove(struct ctx *ctx, struct str lead_id);

struct lead_retry {
    enum tri ignore_exclusion_list; /* absent: as when it was added */
};
/* Goes on at the stage where it stopped: one that was removed, bounced or errored. OK also
 * when it has not come to an end. E_CONFLICT with a problem when it cannot (removed for
 * privacy, its sequence archived), or when the cause persists (excluded). */
MUST_USE enum rc lead_retry(struct ctx *ctx, struct str lead_id, const struct lead_retry *retry);

/* What a lead is to be: ended, paused (until somebody resumes it where no time is said), or going
 * on, which any other status means: at the stage where it stopped. */
struct lead_turn {
    enum lead_status status;
    struct str reason;
    struct opt_int until_ms;
};
/* Makes a lead that the caller has locked that, whatever it is, and writes it: for what replies hold
 * (sequence/reply_claims.h). Inside db_transact. */
MUST_USE enum rc lead_turn_held(struct ctx *ctx, struct lead_plan *lead, const struct lead_turn *to);
/* Whether lead_end would do anything. */
bool lead_can_end(const struct lead_plan *lead, enum lead_status status);
bool lead_has_ended(const struct lead_plan *lead);
/* E_CONFLICT, with a problem that says so. */
enum rc lead_ended_problem(struct ctx *ctx, const struct lead_plan *lead);

/* Some lead may be due: after a commit. */
void lead_wake_planner(const struct ctx *ctx);

#endif
