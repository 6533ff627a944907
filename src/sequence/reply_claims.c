#include "sequence/reply_claims.h"

#include "base/check.h"
#include "store/tasks.h"

/* --- which counts --- */

/* The higher one; of ends of the same rank the older one. */
static const int ranks[] = { [LEAD_PAUSED] = 1, [LEAD_ERRORED] = 2, [LEAD_REPLIED] = 3, [LEAD_BOUNCED] = 3,
                             [LEAD_REMOVED] = 3, [LEAD_UNSUBSCRIBED] = 4 };

static enum lead_status status_in(struct str word) {
    return lead_status_of(&(struct lead_plan){ .status = word });
}

static int rank_of(const struct reply_claim *claim) {
    enum lead_status status = status_in(claim->status);
    ASSERT(status < LENGTH(ranks) && ranks[status]);
    return ranks[status];
}

static bool is_by(const struct reply_claim *claim, enum claim_cause cause) {
    return str_eq(claim->cause, claim_cause_word(cause));
}

static bool is_overruled(const struct list *claims, const struct reply_claim *claim) {
    const struct reply_claim *c = claims->p;
    for (size_t i = 0; i < claims->n; i++)
        if (is_by(claim, CLAIM_BY_LABEL) && is_by(&c[i], CLAIM_BY_WORKFLOW) && str_eq(c[i].reply_id, claim->reply_id))
            return true;
    return false;
}

static bool is_stronger(const struct reply_claim *claim, const struct reply_claim *than) {
    int rank = rank_of(claim), other = rank_of(than);
    return rank != other ? rank > other : rank == ranks[LEAD_PAUSED] && claim->until.v > than->until.v;
}

/* NULL: there is none. */
static const struct reply_claim *strongest(const struct list *claims) {
    const struct reply_claim *c = claims->p, *best = NULL;
    for (size_t i = 0; i < claims->n; i++)
        if (!is_overruled(claims, &c[i]) && (!best || is_stronger(&c[i], best)))
            best = &c[i];
    return best;
}

/* Whether the lead is what it is by these. */
static bool hold(const struct list *claims, const struct lead_plan *lead) {
    const struct reply_claim *best = strongest(claims);
    return best && str_eq(best->status, lead->status);
}

static bool is_over(struct ctx *ctx, enum lead_status status, struct opt_int until) {
    return status == LEAD_PAUSED && until.set && until.v <= ctx_now(ctx);
}

/* What the lead is to be: by the claims that there are, else what it was before. */
static struct lead_turn turn_of(struct ctx *ctx, const struct list *claims, const struct reply_claim *before) {
    const struct reply_claim *best = strongest(claims);
    if (best && !is_over(ctx, status_in(best->status), best->until))
        return (struct lead_turn){ status_in(best->status), best->reason, best->until };
    enum lead_status was = status_in(before->was_status);
    return is_over(ctx, was, before->was_until)
               ? (struct lead_turn){ LEAD_ACTIVE, STR_NONE, { 0 } }
               : (struct lead_turn){ was, before->was_reason, before->was_until };
}

/* --- leads --- */

struct claiming {
    const struct claimant *by;
    struct lead_plan *lead;
    struct list claims; /* that are there */
    bool is_held;       /* the lead is what it is by them */
    struct reply_claim claim;
};

/* Claims by which the lead is no longer what it is are of the past. */
static enum rc begin(const struct claimant *by, struct lead_plan *lead, struct claiming *ret_claiming) {
    struct claiming *c = ret_claiming;
    *c = (struct claiming){ .by = by, .lead = lead };
    enum rc rc = reply_claims_on(by->ctx, CLAIM_LEAD, lead->id, &c->claims);
    c->is_held = rc == OK && hold(&c->claims, lead);
    c->claim = (struct reply_claim){ .kind = claim_kind_word(CLAIM_LEAD), .subject = lead->id,
                                     .reply_id = by->reply_id, .cause = claim_cause_word(by->cause),
                                     .was_status = lead->status, .was_reason = lead->reason,
                                     .was_until = lead->paused_until };
    if (c->is_held) {
        const struct reply_claim *first = c->claims.p;
        c->claim.was_status = first->was_status;
        c->claim.was_reason = first->was_reason;
        c->claim.was_until = first->was_until;
    }
    struct str id = lead->id;
    return rc == OK && !c->is_held && c->claims.n
               ? reply_claims_drop(by->ctx, CLAIM_LEAD, (struct strs){ &id, 1 })
               : rc;
}

static enum rc settle(struct claiming *c, struct lead_turn wanted) {
    struct ctx *ctx = c->by->ctx;
    struct list all = { 0 };
    c->claim.status = enum_lead_statuses.values[wanted.status];
    c->claim.reason = wanted.reason;
    c->claim.until = wanted.until_ms;
    enum rc rc = reply_claim_put(ctx, &c->claim);
    if (rc == OK)
        rc = reply_claims_on(ctx, CLAIM_LEAD, c->lead->id, &all);
    if (rc != OK)
        return rc;
    struct lead_turn to = turn_of(ctx, &all, &c->claim);
    return lead_turn_held(ctx, c->lead, &to);
}

enum rc reply_claim_end(const struct claimant *by, struct lead_plan *lead, enum lead_status status,
                        struct str reason) {
    struct claiming c;
    enum rc rc = begin(by, lead, &c);
    if (rc != OK || (!c.is_held && !lead_can_end(lead, status)))
        return rc;
    return settle(&c, (struct lead_turn){ status, reason, { 0 } });
}

static bool is_ended_by_others(const struct claiming *c) {
    const struct reply_claim *claim = c->claims.p;
    for (size_t i = 0; i < c->claims.n; i++)
        if (rank_of(&claim[i]) > ranks[LEAD_PAUSED] && !str_eq(claim[i].reply_id, c->by->reply_id)
            && !is_overruled(&c->claims, &claim[i]))
            return true;
    return false;
}

static bool rests_longer(const struct lead_plan *lead, int64_t until_ms) {
    return lead_status_of(lead) == LEAD_PAUSED && (!lead->paused_until.set || lead->paused_until.v >= until_ms);
}

/* What a label says also holds where it does not show yet: another reply may lose its own. */
enum rc reply_claim_pause(const struct claimant *by, struct lead_plan *lead, struct str reason,
                          int64_t until_ms) {
    struct claiming c;
    enum rc rc = begin(by, lead, &c);
    if (rc != OK || (!c.is_held && rests_longer(lead, until_ms)))
        return rc;
    bool is_refused = c.is_held ? by->cause == CLAIM_BY_WORKFLOW && is_ended_by_others(&c) : lead_has_ended(lead);
    return is_refused ? lead_ended_problem(by->ctx, lead)
                      : settle(&c, (struct lead_turn){ LEAD_PAUSED, reason, opt_int(until_ms) });
}

/* --- exclusions --- */

static const enum claim_kind kind_of_exclusion[]
    = { [EXCLUDED_DOMAIN] = CLAIM_DOMAIN, [EXCLUDED_EMAIL] = CLAIM_EMAIL };

/* Claims first, so that one that is being taken back just now is waited for. And once more where the
 * value was excluded already without any: another reply may have been doing it meanwhile. */
static enum rc add_claimed(const struct claimant *by, const struct new_exclusions *added, struct str *ret_result,
                           bool *ret_is_claimed) {
    enum rc rc = OK;
    *ret_is_claimed = false;
    for (int i = 0; rc == OK && i < 2 && !*ret_is_claimed; i++) {
        struct list claims = { 0 };
        struct strs results = { 0 };
        rc = reply_claims_on(by->ctx, kind_of_exclusion[added->kind], added->values.p[0], &claims);
        if (rc == OK)
            rc = exclusions_add(by->ctx, added, &results);
        *ret_result = rc == OK && results.n ? results.p[0] : STR_NONE;
        *ret_is_claimed = claims.n || str_eq(*ret_result, exclusion_success);
    }
    return rc;
}

enum rc reply_claim_exclusion(const struct claimant *by, enum exclusion_kind kind, struct str value,
                              struct str reason, struct str *ret_result) {
    bool is_claimed = false;
    const struct new_exclusions added
        = { kind, { &value, 1 }, STR(EXCLUSION_OWN_SOURCE), reason, .for_reply = true };
    const struct reply_claim claim = { .kind = claim_kind_word(kind_of_exclusion[kind]), .subject = value,
                                       .reply_id = by->reply_id, .cause = claim_cause_word(by->cause) };
    enum rc rc = add_claimed(by, &added, ret_result, &is_claimed);
    return rc == OK && is_claimed ? reply_claim_put(by->ctx, &claim) : rc;
}

/* --- what workflows made --- */

enum rc reply_claim_made(const struct claimant *by, enum claim_kind kind, struct str id) {
    const struct reply_claim claim = { .kind = claim_kind_word(kind), .subject = id, .reply_id = by->reply_id,
                                       .cause = claim_cause_word(by->cause) };
    return reply_claim_put(by->ctx, &claim);
}

/* --- taking back --- */

static enum rc release_exclusion(struct ctx *ctx, const struct reply_claim *claim, enum exclusion_kind kind) {
    struct str value = claim->subject;
    struct strs results = { 0 };
    struct list rest = { 0 };
    bool was_held = false;
    enum rc rc = reply_claim_delete(ctx, claim, &was_held);
    if (rc == OK && was_held)
        rc = reply_claims_on(ctx, kind_of_exclusion[kind], value, &rest);
    return rc == OK && was_held && !rest.n ? exclusions_delete(ctx, kind, (struct strs){ &value, 1 }, &results) : rc;
}

static enum rc release_email(struct ctx *ctx, const struct reply_claim *claim) {
    return release_exclusion(ctx, claim, EXCLUDED_EMAIL);
}

static enum rc release_domain(struct ctx *ctx, const struct reply_claim *claim) {
    return release_exclusion(ctx, claim, EXCLUDED_DOMAIN);
}

static enum rc release_task(struct ctx *ctx, const struct reply_claim *claim) {
    static const struct task_change cancel = { TASK_SCHEDULED, TASK_CANCELED, { NULL, 0 } };
    struct task task = { .id = STR_NONE };
    bool was_held = false;
    enum rc found = task_lock(ctx, claim->subject, &task);
    enum rc rc = found == OK || found == E_NOT_FOUND ? reply_claim_delete(ctx, claim, &was_held) : found;
    bool is_untouched = found == OK && task_status_of(&task) == TASK_SCHEDULED && task.updated_at.v == task.created_at.v;
    return rc == OK && was_held && is_untouched ? task_set_status(ctx, &task, &cancel) : rc;
}

static enum rc release_added_lead(struct ctx *ctx, const struct reply_claim *claim) {
    struct lead_plan lead = { .id = STR_NONE };
    struct list rest = { 0 };
    bool was_held = false;
    enum rc found = lead_plan_lock(ctx, claim->subject, &lead);
    enum rc rc = found == OK || found == E_NOT_FOUND ? reply_claim_delete(ctx, claim, &was_held) : found;
    if (rc == OK && was_held)
        rc = reply_claims_on(ctx, CLAIM_ADDED_LEAD, claim->subject, &rest);
    bool is_untouched = found == OK && !str_is_set(lead.done_stage_id);
    return rc == OK && was_held && !rest.n && is_untouched ? lead_end(ctx, lead.id, LEAD_REMOVED, STR(REPLY_CLAIM_LOST)) : rc;
}

static enum rc release_lead(struct ctx *ctx, const struct reply_claim *claim) {
    struct lead_plan lead = { .id = STR_NONE };
    struct list all = { 0 }, rest = { 0 };
    bool was_held = false;
    enum rc rc = lead_plan_lock(ctx, claim->subject, &lead);
    if (rc == E_NOT_FOUND) /* with its sequence */
        return reply_claim_delete(ctx, claim, &was_held);
    if (rc == OK)
        rc = reply_claims_on(ctx, CLAIM_LEAD, lead.id, &all);
    if (rc == OK)
        rc = reply_claim_delete(ctx, claim, &was_held);
    if (rc == OK)
        rc = reply_claims_on(ctx, CLAIM_LEAD, lead.id, &rest);
    if (rc != OK || !was_held || !hold(&all, &lead))
        return rc;
    struct lead_turn to = turn_of(ctx, &rest, claim);
    return lead_turn_held(ctx, &lead, &to);
}

static enum rc (*const releases[CLAIM_KINDS])(struct ctx *, const struct reply_claim *) = {
    [CLAIM_LEAD] = release_lead,             [CLAIM_EMAIL] = release_email, [CLAIM_DOMAIN] = release_domain,
    [CLAIM_ADDED_LEAD] = release_added_lead, [CLAIM_TASK] = release_task,
};

enum rc reply_claims_release(struct ctx *ctx, struct str reply_id, bool with_workflows) {
    struct list claims = { 0 };
    enum rc rc = reply_claims_of(ctx, reply_id, &claims);
    const struct reply_claim *c = claims.p;
    for (size_t i = 0; rc == OK && i < claims.n; i++)
        if (with_workflows || is_by(&c[i], CLAIM_BY_LABEL))
            rc = releases[claim_kind_of(c[i].kind)](ctx, &c[i]);
    return rc;
}
