#include "sequence/progress.h"

#include "base/check.h"
#include "base/vec.h"
#include "json/writer.h"
#include "sequence/excluded.h"
#include "store/reply_claims.h"
#include "store/events.h"
#include "store/messages.h"
#include "store/sequences.h"
#include "store/services.h"
#include "store/tasks.h"

/* A member of an event's data is a word or a time. */
enum { DATA_MAX_BYTES = 4096 };

#define NEVER ((struct opt_int){ 0 })
#define BIT(status) (1u << (status))
#define LIVE (BIT(LEAD_PENDING) | BIT(LEAD_ACTIVE) | BIT(LEAD_WAITING_TASK) | BIT(LEAD_PAUSED))

static bool is_in(const struct lead_plan *lead, unsigned statuses) {
    return statuses & BIT(lead_status_of(lead));
}

static struct opt_int now(const struct ctx *ctx) {
    return opt_int(ctx_now(ctx));
}

void lead_wake_planner(const struct ctx *ctx) {
    if (ctx->services && ctx->services->wake_sequences)
        ctx->services->wake_sequences();
}

/* --- shared steps --- */

static struct str event_data(struct ctx *ctx, struct str reason, struct opt_int until) {
    struct buf text = buf_in(ctx->arena, DATA_MAX_BYTES);
    struct json_writer w = json_writer(&text);
    json_begin_object(&w);
    if (str_is_set(reason)) {
        json_key(&w, STR("reason"));
        json_str(&w, reason);
    }
    if (until.set) {
        json_key(&w, STR("until"));
        json_str(&w, time_iso(ctx->arena, until.v));
    }
    json_end_object(&w);
    return buf_text(&text);
}

static enum rc record(struct ctx *ctx, const struct lead_plan *lead, enum event_kind kind,
                      struct str data) {
    const struct event event = { .kind = kind, .lead_id = lead->id, .stage_id = lead->stage_id,
                                 .data = data };
    return event_record(ctx, &event);
}

/* What was begun for its stage, as far as it can be taken back. */
static enum rc take_back(struct ctx *ctx, const struct lead_plan *lead) {
    if (!str_is_set(lead->stage_id)) /* it stands between two, or behind the last */
        return OK;
    struct str reason = str_is_set(lead->reason) ? lead->reason : lead->status;
    enum rc rc = messages_cancel_lead(ctx, lead->id, reason);
    return rc == OK ? tasks_cancel_lead(ctx, lead->id) : rc;
}

static void plan_now(struct ctx *ctx, struct lead_plan *lead) {
    lead_set_wait(lead, WAIT_PLAN, now(ctx));
    lead->urgency = opt_int(0);
    lead->paused_until = NEVER;
}

enum rc lead_ended_problem(struct ctx *ctx, const struct lead_plan *lead) {
    return problem(ctx, E_CONFLICT, "conflict", "The lead has come to an end: it is %.*s",
                   STR_FMT(lead->status));
}

/* What replies held of it. */
static enum rc decided(struct ctx *ctx, const struct lead_plan *lead) {
    struct str id = lead->id;
    return reply_claims_drop(ctx, CLAIM_LEAD, (struct strs){ &id, 1 });
}

/* --- what came of a stage --- */

static void set_ended(struct ctx *ctx, struct lead_plan *lead, enum lead_status status, struct str reason) {
    lead_set_status(lead, status, reason);
    lead->waits_for = STR_NONE;
    lead->next_at = lead->paused_until = NEVER;
    lead->ended_at = now(ctx);
}

static enum rc error_lead(struct ctx *ctx, struct lead_plan *lead, struct str reason) {
    set_ended(ctx, lead, LEAD_ERRORED, reason);
    enum rc rc = take_back(ctx, lead);
    if (rc == OK)
        rc = lead_plan_write(ctx, lead);
    return rc == OK ? record(ctx, lead, EVENT_LEAD_ERRORED, event_data(ctx, reason, NEVER))
                    : rc;
}

struct finish_work {
    struct str lead_id, stage_id;
    const struct stage_outcome *outcome;
};

static enum rc finish_in_transaction(struct ctx *ctx, void *arg) {
    const struct finish_work *w = arg;
    const struct stage_outcome *o = w->outcome;
    struct lead_plan lead = { .id = STR_NONE };
    bool passed = false, failed = o->result == STAGE_FAILED;
    enum rc rc = failed ? OK
                        : lead_plan_pass(ctx,
                                         &(struct lead_passing){ w->lead_id, w->stage_id,
                                                                 o->result == STAGE_SKIPPED && !o->overdue },
                                         &passed);
    if (rc != OK || passed)
        return rc;
    rc = lead_plan_lock(ctx, w->lead_id, &lead);
    if (rc != OK || !failed || !is_in(&lead, LIVE) || !str_eq(lead.stage_id, w->stage_id))
        return rc;
    return error_lead(ctx, &lead, o->reason);
}

enum rc lead_stage_finished(struct ctx *ctx, struct str lead_id, struct str stage_id,
                            const struct stage_outcome *outcome) {
    struct finish_work work = { lead_id, stage_id, outcome };
    return db_transact(ctx, finish_in_transaction, &work);
}

/* --- what befalls a lead --- */

/* Each end, whom it befalls, and the event that tells it. */
static const struct lead_ending {
    enum lead_status to;
    unsigned from;
    enum event_kind kind;
} endings[] = {
    { LEAD_COMPLETED, LIVE, EVENT_LEAD_COMPLETED },
    { LEAD_REPLIED, LIVE | BIT(LEAD_COMPLETED) | BIT(LEAD_ERRORED), EVENT_LEAD_REPLIED },
    { LEAD_BOUNCED, LIVE | BIT(LEAD_COMPLETED) | BIT(LEAD_ERRORED), EVENT_LEAD_BOUNCED },
    { LEAD_UNSUBSCRIBED,
      LIVE | BIT(LEAD_COMPLETED) | BIT(LEAD_REPLIED) | BIT(LEAD_BOUNCED) | BIT(LEAD_ERRORED),
      EVENT_LEAD_UNSUBSCRIBED },
    { LEAD_REMOVED, LIVE | BIT(LEAD_ERRORED), EVENT_LEAD_REMOVED },
    { LEAD_ERRORED, LIVE, EVENT_LEAD_ERRORED },
};

static const struct lead_ending *ending_to(enum lead_status status) {
    for (size_t i = 0; i < LENGTH(endings); i++)
        if (endings[i].to == status)
            return &endings[i];
    return NULL;
}

bool lead_can_end(const struct lead_plan *lead, enum lead_status status) {
    const struct lead_ending *ending = ending_to(status);
    return ending && is_in(lead, ending->from);
}

bool lead_has_ended(const struct lead_plan *lead) {
    return !is_in(lead, LIVE);
}

enum rc lead_end_held(struct ctx *ctx, struct lead_plan *lead, enum lead_status status, struct str reason) {
    const struct lead_ending *ending = ending_to(status);
    ASSERT(ending);
    if (!is_in(lead, ending->from))
        return OK;
    set_ended(ctx, lead, status, reason);
    enum rc rc = take_back(ctx, lead);
    return rc == OK ? record(ctx, lead, ending->kind, event_data(ctx, reason, NEVER)) : rc;
}

enum rc leads_remove_excluded(struct ctx *ctx, struct list *leads, struct str reason, size_t *ret_removed) {
    const struct lead_ending *ending = ending_to(LEAD_REMOVED);
    struct lead_plan *lead = leads->p;
    struct strs ids = { 0 };
    for (size_t i = 0; i < leads->n; i++)
        if (is_in(&lead[i], ending->from) && lead[i].ignores_exclusions != YES) {
            set_ended(ctx, &lead[i], LEAD_REMOVED, reason);
            strs_add(ctx->arena, &ids, lead[i].id);
        }
    *ret_removed = ids.n;
    if (ids.n == 0)
        return OK;
    enum rc rc = messages_cancel_leads(ctx, ids, reason);
    if (rc == OK)
        rc = tasks_cancel_leads(ctx, ids);
    if (rc == OK)
        rc = lead_plans_write(ctx, leads);
    return rc == OK ? events_record_leads(ctx, ending->kind, ids, event_data(ctx, reason, NEVER)) : rc;
}

struct end_work {
    struct str lead_id;
    enum lead_status status;
    struct str reason;
};

static enum rc end_in_transaction(struct ctx *ctx, void *arg) {
    const struct end_work *w = arg;
    struct lead_plan lead = { .id = STR_NONE };
    enum rc rc = lead_plan_lock(ctx, w->lead_id, &lead);
    if (rc != OK)
        return rc;
    struct str before = lead.status;
    rc = decided(ctx, &lead);
    if (rc == OK)
        rc = lead_end_held(ctx, &lead, w->status, w->reason);
    return rc == OK && !str_eq(before, lead.status) ? lead_plan_write(ctx, &lead) : rc;
}

enum rc lead_end(struct ctx *ctx, struct str lead_id, enum lead_status status,
                 struct str reason) {
    struct end_work work = { lead_id, status, reason };
    return db_transact(ctx, end_in_transaction, &work);
}

struct end_address_work {
    struct str email;
    enum lead_status status;
    struct str reason;
};

static enum rc end_address_in_transaction(struct ctx *ctx, void *arg) {
    const struct end_address_work *w = arg;
    struct strs ids = { 0 };
    enum rc rc = leads_of_address(ctx, w->email, &ids);
    for (size_t i = 0; rc == OK && i < ids.n; i++)
        rc = lead_end(ctx, ids.p[i], w->status, w->reason);
    return rc;
}

enum rc leads_end_address(struct ctx *ctx, struct str email, enum lead_status status,
                          struct str reason) {
    struct end_address_work work = { email, status, reason };
    return db_transact(ctx, end_address_in_transaction, &work);
}

/* --- what people do --- */

struct pause_work {
    struct str lead_id, reason;
    struct opt_int until;
};

static enum rc pause_held(struct ctx *ctx, struct lead_plan *lead, struct str reason, struct opt_int until) {
    lead_set_status(lead, LEAD_PAUSED, reason);
    lead_set_wait(lead, WAIT_PAUSE, until);
    lead->paused_until = until;
    lead->urgency = opt_int(0);
    enum rc rc = take_back(ctx, lead);
    if (rc == OK)
        rc = lead_plan_write(ctx, lead);
    return rc == OK ? record(ctx, lead, EVENT_LEAD_PAUSED, event_data(ctx, reason, until)) : rc;
}

static enum rc pause_in_transaction(struct ctx *ctx, void *arg) {
    const struct pause_work *w = arg;
    struct lead_plan lead;
    enum rc rc = lead_plan_lock(ctx, w->lead_id, &lead);
    if (rc != OK)
        return rc;
    if (lead_has_ended(&lead))
        return lead_ended_problem(ctx, &lead);
    rc = decided(ctx, &lead);
    return rc == OK ? pause_held(ctx, &lead, w->reason, w->until) : rc;
}

enum rc lead_pause(struct ctx *ctx, struct str lead_id, struct str reason,
                   struct opt_int until_ms) {
    struct pause_work work = { lead_id, reason, until_ms };
    return db_transact(ctx, pause_in_transaction, &work);
}

static void go_on(struct ctx *ctx, struct lead_plan *lead) {
    bool fresh = !str_is_set(lead->done_stage_id) && !str_is_set(lead->stage_id);
    lead_set_status(lead, fresh ? LEAD_PENDING : LEAD_ACTIVE, STR_NONE);
    lead->ended_at = NEVER;
    plan_now(ctx, lead);
}

static enum rc resume_in_transaction(struct ctx *ctx, void *arg) {
    const struct str *lead_id = arg;
    struct lead_plan lead;
    enum rc rc = lead_plan_lock(ctx, *lead_id, &lead);
    if (rc != OK)
        return rc;
    if (lead_has_ended(&lead))
        return lead_ended_problem(ctx, &lead);
    rc = decided(ctx, &lead);
    if (rc != OK || lead_status_of(&lead) != LEAD_PAUSED)
        return rc;
    go_on(ctx, &lead);
    rc = lead_plan_write(ctx, &lead);
    return rc == OK ? record(ctx, &lead, EVENT_LEAD_RESUMED, STR_NONE) : rc;
}

enum rc lead_resume(struct ctx *ctx, struct str lead_id) {
    enum rc rc = db_transact(ctx, resume_in_transaction, &lead_id);
    if (rc == OK)
        lead_wake_planner(ctx);
    return rc;
}

static enum rc remove_in_transaction(struct ctx *ctx, void *arg) {
    const struct str *lead_id = arg;
    struct lead_plan lead;
    enum rc rc = lead_plan_lock(ctx, *lead_id, &lead);
    if (rc != OK || lead_status_of(&lead) == LEAD_REMOVED)
        return rc;
    if (!lead_can_end(&lead, LEAD_REMOVED))
        return lead_ended_problem(ctx, &lead);
    return lead_end(ctx, lead.id, LEAD_REMOVED, STR("manual"));
}

enum rc lead_remove(struct ctx *ctx, struct str lead_id) {
    return db_transact(ctx, remove_in_transaction, &lead_id);
}

/* --- whatever it is --- */

static enum rc turn_to_end(struct ctx *ctx, struct lead_plan *lead, const struct lead_turn *to) {
    bool is_there = lead_status_of(lead) == to->status;
    if (is_there && str_eq(lead->reason, to->reason))
        return OK;
    if (is_there) {
        lead->reason = to->reason;
        return lead_plan_write(ctx, lead);
    }
    if (!lead_can_end(lead, to->status))
        go_on(ctx, lead);
    enum rc rc = lead_end_held(ctx, lead, to->status, to->reason);
    return rc == OK ? lead_plan_write(ctx, lead) : rc;
}

static bool rests_till(const struct lead_plan *lead, const struct lead_turn *to) {
    struct opt_int until = lead->paused_until;
    return lead_status_of(lead) == LEAD_PAUSED && str_eq(lead->reason, to->reason) && until.set == to->until_ms.set
           && (!until.set || until.v == to->until_ms.v);
}

/* One that had ended is told to go on first. */
static enum rc reopen(struct ctx *ctx, struct lead_plan *lead) {
    go_on(ctx, lead);
    enum rc rc = lead_plan_write(ctx, lead);
    return rc == OK ? record(ctx, lead, EVENT_LEAD_RETRIED, STR_NONE) : rc;
}

enum rc lead_turn_held(struct ctx *ctx, struct lead_plan *lead, const struct lead_turn *to) {
    if (ending_to(to->status))
        return turn_to_end(ctx, lead, to);
    enum rc rc = lead_has_ended(lead) ? reopen(ctx, lead) : OK;
    bool pauses = to->status == LEAD_PAUSED, rests = lead_status_of(lead) == LEAD_PAUSED;
    if (rc != OK || rests_till(lead, to) || (!pauses && !rests))
        return rc;
    if (pauses)
        return pause_held(ctx, lead, to->reason, to->until_ms);
    go_on(ctx, lead);
    rc = lead_plan_write(ctx, lead);
    return rc == OK ? record(ctx, lead, EVENT_LEAD_RESUMED, STR_NONE) : rc;
}

/* --- retry --- */

#define RETRYABLE (BIT(LEAD_REMOVED) | BIT(LEAD_BOUNCED) | BIT(LEAD_ERRORED))

struct retry_work {
    struct str lead_id;
    const struct lead_retry *retry;
};

static enum rc check_cause(struct ctx *ctx, const struct lead_plan *lead) {
    struct sequence s;
    struct str excluded = STR_NONE;
    if (str_eq(lead->reason, STR("legal")))
        return problem(ctx, E_CONFLICT, "conflict", "The person was removed for privacy");
    enum rc rc = sequence_head(ctx, lead->sequence_id, &s);
    if (rc != OK)
        return rc;
    enum sequence_status status = sequence_status_of(&s);
    if (status == SEQUENCE_ARCHIVING || status == SEQUENCE_ARCHIVED)
        return problem(ctx, E_CONFLICT, "conflict", "The sequence is archived");
    if (lead->ignores_exclusions != YES)
        rc = excluded_reason(ctx, lead->email, &excluded);
    if (rc == OK && str_is_set(excluded))
        return problem(ctx, E_CONFLICT, "conflict",
                       "%.*s is excluded; give ignore_exclusion_list, or take the exclusion back",
                       STR_FMT(lead->email));
    return rc;
}

static enum rc retry_in_transaction(struct ctx *ctx, void *arg) {
    const struct retry_work *w = arg;
    struct lead_plan lead;
    enum rc rc = lead_plan_lock(ctx, w->lead_id, &lead);
    if (rc != OK || is_in(&lead, LIVE))
        return rc;
    if (!is_in(&lead, RETRYABLE))
        return lead_ended_problem(ctx, &lead);
    if (w->retry->ignore_exclusion_list != UNSET)
        lead.ignores_exclusions = w->retry->ignore_exclusion_list;
    rc = check_cause(ctx, &lead);
    if (rc == OK)
        rc = decided(ctx, &lead);
    if (rc != OK)
        return rc;
    go_on(ctx, &lead);
    rc = lead_plan_write(ctx, &lead);
    return rc == OK ? record(ctx, &lead, EVENT_LEAD_RETRIED, STR_NONE) : rc;
}

enum rc lead_retry(struct ctx *ctx, struct str lead_id, const struct lead_retry *retry) {
    struct retry_work work = { lead_id, retry };
    enum rc rc = db_transact(ctx, retry_in_transaction, &work);
    if (rc == OK)
        lead_wake_planner(ctx);
    return rc;
}
