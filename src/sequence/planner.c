#include "sequence/planner.h"

#include "base/check.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/vec.h"
#include "sequence/connector.h"
#include "sequence/excluded.h"
#include "sequence/lead_text.h"
#include "sequence/planner_private.h"
#include "sequence/progress.h"
#include "store/mailbox_queues.h"
#include "store/senders.h"
#include "store/services.h"
#include "store/tasks.h"

/* Then the rest of a batch stays due: nobody waits longer for the writer or for one of its leads. */
enum { STEP_MS = 200 };

/* --- what leads of a batch share --- */

enum rc planning_sequence(struct planning *p, struct str id,
                          const struct sequence **ret_sequence) {
    struct sequence *s = map_get(&p->sequences, id);
    enum rc rc = OK;
    if (!s) {
        s = ARENA_NEW(p->ctx->arena, struct sequence);
        rc = sequence_get(p->ctx, id, s);
        if (rc == OK)
            (void) map_put(&p->sequences, id, s); /* it was not there */
    }
    *ret_sequence = s;
    return rc;
}

enum rc planning_mailbox(struct planning *p, struct str id, const struct mailbox **ret_mailbox) {
    struct mailbox *mailbox = str_is_set(id) ? map_get(&p->mailboxes, id) : NULL;
    enum rc rc = OK;
    if (!mailbox && str_is_set(id)) {
        mailbox = ARENA_NEW(p->ctx->arena, struct mailbox);
        rc = mailbox_get(p->ctx, id, mailbox);
        if (rc == OK)
            (void) map_put(&p->mailboxes, id, mailbox); /* it was not there */
        else
            mailbox = NULL;
    }
    *ret_mailbox = mailbox;
    return rc == E_NOT_FOUND ? OK : rc;
}

/* Asked once for all users of an account. */
enum rc planning_senders(struct planning *p, const struct list **ret_senders) {
    struct str account = p->ctx->account_id;
    const struct lead_plan *lead = p->due.p;
    struct list *senders = map_get(&p->senders, account);
    struct strs users = { 0 };
    enum rc rc = OK;
    if (!senders) {
        senders = ARENA_NEW(p->ctx->arena, struct list);
        for (size_t i = 0; i < p->due.n; i++)
            if (str_eq(lead[i].account_id, account) && !strs_have(users, lead[i].user_id))
                strs_add(p->ctx->arena, &users, lead[i].user_id);
        rc = senders_of_users(p->ctx, users, senders);
        if (rc == OK)
            (void) map_put(&p->senders, account, senders); /* it was not there */
    }
    *ret_senders = senders;
    return rc;
}

/* Asked once for all addresses of an account. */
static enum rc exclusion_of(struct planning *p, const struct lead_plan *lead, struct str *ret_reason) {
    struct map *reasons = map_get(&p->exclusions, lead->account_id);
    const struct lead_plan *other = p->due.p;
    struct strs emails = { 0 };
    enum rc rc = OK;
    if (!reasons) {
        reasons = ARENA_NEW(p->ctx->arena, struct map);
        for (size_t i = 0; i < p->due.n; i++)
            if (str_eq(other[i].account_id, lead->account_id) && str_is_set(other[i].email))
                strs_add(p->ctx->arena, &emails, other[i].email);
        rc = excluded_among(p->ctx, emails, reasons);
        if (rc == OK)
            (void) map_put(&p->exclusions, lead->account_id, reasons); /* it was not there */
    }
    const struct str *reason = rc == OK && str_is_set(lead->email) ? map_get(reasons, lead->email) : NULL;
    *ret_reason = reason ? *reason : STR_NONE;
    return rc;
}

/* --- a lead whose sequence does not run --- */

/* What was read may be old: a sequence becomes active, and takes those that wait for it, in a
 * transaction that has its row. So the row is read again under its lock, which the other one
 * is never waited for with: then the lead stays due. */
static enum rc park(struct planning *p, struct lead_plan *lead) {
    struct sequence_row row = { .status = STR_NONE };
    enum rc rc = sequence_row_shared(p->ctx, lead->sequence_id, &row);
    if (rc == E_NOT_FOUND || (rc == OK && sequence_row_status(&row) == SEQUENCE_ACTIVE))
        return OK;
    if (rc == OK)
        lead_set_wait(lead, WAIT_SEQUENCE, (struct opt_int){ 0 });
    return rc;
}

/* --- stages --- */

static const struct sequence_stage *stage_at(const struct sequence *s, size_t i) {
    return i < s->stages.n ? (const struct sequence_stage *) s->stages.p + i : NULL;
}

/* Index of the stage; the number of stages when there is none of that id. */
static size_t stage_index(const struct sequence *s, struct str id) {
    size_t i = 0;
    while (i < s->stages.n && !str_eq(stage_at(s, i)->id, id))
        i++;
    return i;
}

/* The stage that the lead stands at, or comes to; NULL behind the last one. */
static const struct sequence_stage *stage_of(const struct sequence *s,
                                             const struct lead_plan *lead) {
    if (str_is_set(lead->stage_id))
        return stage_at(s, stage_index(s, lead->stage_id));
    return stage_at(s, str_is_set(lead->done_stage_id) ? stage_index(s, lead->done_stage_id) + 1 : 0);
}

/* Told in the transaction of the task, and only once that is committed. */
static enum rc begin_action(const struct planned *planned, struct str task_id) {
    enum rc rc = job_enqueue(planned->p->ctx, LINKEDIN_ACTION_JOB, task_id, STR("{}"));
    planned->p->has_jobs = true;
    lead_set_status(planned->lead, LEAD_ACTIVE, STR_NONE);
    lead_set_wait(planned->lead, WAIT_ACTION, (struct opt_int){ 0 });
    return rc;
}

static enum rc begin_task(const struct planned *planned) {
    struct ctx *ctx = planned->p->ctx;
    struct lead_plan *lead = planned->lead;
    const struct sequence_stage *stage = planned->stage;
    struct rendered r;
    struct str id;
    enum rc rc = lead_text(ctx, lead, stage, &r);
    if (rc == E_NOT_FOUND || rc == E_TOO_LARGE) { /* the user sees the task without its text */
        log_warn(ctx, "the text of a task could not be written, going on without it",
                 LOG_S("lead", lead->id), LOG_S("stage", stage->id));
        ctx_clear_error(ctx);
        r = (struct rendered){ .subject = STR_NONE };
        rc = OK;
    }
    struct str text = str_is_set(r.text) ? r.text : r.html;
    bool is_action = stage_is_action(ctx, stage);
    const struct new_task task = { .type = stage->type, .automatic = is_action, .due_at = lead->due_at.v,
                                   .priority = stage->priority, .subject = r.subject,
                                   .text = text, .notes = stage->instructions,
                                   .lead_id = lead->id, .sequence_id = lead->sequence_id,
                                   .stage_id = stage->id };
    if (rc == OK)
        rc = task_create(ctx, &task, &id);
    if (rc != OK || is_action)
        return rc == OK ? begin_action(planned, id) : rc;
    lead_set_status(lead, LEAD_WAITING_TASK, STR_NONE);
    lead_set_wait(lead, WAIT_TASK, (struct opt_int){ 0 });
    return OK;
}

static enum rc begin_stage(const struct planned *planned) {
    return stage_is_mail(planned->stage) ? begin_mail(planned) : begin_task(planned);
}

/* --- one lead --- */

/* True: it is excluded, and was removed for that. */
static enum rc remove_excluded(const struct planned *planned, bool *ret_removed) {
    struct str reason = STR_NONE;
    enum rc rc = planned->lead->ignores_exclusions == YES
                     ? OK
                     : exclusion_of(planned->p, planned->lead, &reason);
    *ret_removed = rc == OK && str_is_set(reason);
    return *ret_removed ? planned_end(planned, LEAD_REMOVED, reason) : rc;
}

static enum rc look_at(struct planning *p, struct lead_plan *lead) {
    struct planned planned = { p, lead, NULL, NULL };
    bool removed = false;
    enum rc rc = planning_sequence(p, lead->sequence_id, &planned.s);
    if (rc != OK)
        return rc;
    if (lead_status_of(lead) == LEAD_PAUSED) { /* its time is over */
        lead_set_status(lead, LEAD_ACTIVE, STR_NONE);
        lead->paused_until = (struct opt_int){ 0 };
        lead_set_wait(lead, WAIT_PLAN, opt_int(p->now));
    }
    if (sequence_status_of(planned.s) != SEQUENCE_ACTIVE)
        return park(p, lead);
    planned.stage = stage_of(planned.s, lead);
    if (!planned.stage)
        return planned_end(&planned, LEAD_COMPLETED, STR_NONE);
    if (lead_waits_for(lead, WAIT_PLAN))
        return plan_stage(&planned);
    rc = remove_excluded(&planned, &removed);
    return rc == OK && !removed ? begin_stage(&planned) : rc;
}

static enum rc look_at_all(struct planning *p, const struct list *due) {
    struct lead_plan *lead = due->p;
    enum rc rc = OK;
    p->due = *due;
    p->exclusions = map_in(p->ctx->arena); /* they are asked of those, */
    p->senders = map_in(p->ctx->arena);    /* as are they */
    for (size_t i = 0; rc == OK && i < due->n && (i == 0 || monotonic_ms() < p->until_ms); i++) {
        p->ctx->account_id = lead[i].account_id;
        rc = look_at(p, &lead[i]);
        if (rc == OK)
            *(struct lead_plan *) list_add(p->ctx->arena, &p->changed, sizeof *lead) = lead[i];
    }
    return rc;
}

/* --- the transaction --- */

struct step_work {
    int64_t limit, n; /* n: of those that were read */
    int64_t looked_at;
    bool has_jobs;
    struct map zones;
};

/* Those to be planned. */
static enum rc plan_some(struct planning *p, struct step_work *w) {
    struct list due = { 0 };
    enum rc rc = lead_plans_due(p->ctx, 0, p->now, w->limit, &due);
    w->n = (int64_t) due.n;
    return rc == OK ? look_at_all(p, &due) : rc;
}

/* The most urgent of those to be begun, unless some of the next batch may be more urgent: those
 * that were planned just now, or are still to be. */
static enum rc begin_some(struct planning *p, struct step_work *w) {
    const struct lead_plan *planned = p->changed.p;
    struct list due = { 0 };
    enum rc rc = OK;
    bool any = w->n >= w->limit;
    for (size_t i = 0; !any && i < p->changed.n; i++)
        any = planned[i].next_at.set && planned[i].next_at.v <= p->now;
    for (int64_t urgency = 1; !any && rc == OK && !due.n && urgency <= LEAD_URGENCY_MAX; urgency++)
        rc = lead_plans_due(p->ctx, urgency, p->now, w->limit - w->n, &due);
    w->n += (int64_t) due.n;
    return rc == OK ? look_at_all(p, &due) : rc;
}

/* Last, because whoever sends from those mailboxes waits from here on. */
static enum rc wake_queues(struct planning *p) {
    struct list wakes = { 0 };
    struct str id;
    void *wake;
    for (size_t at = 0; map_next(&p->wakes, &at, &id, &wake);)
        *(struct queue_wake *) list_add(p->ctx->arena, &wakes, sizeof(struct queue_wake))
            = *(const struct queue_wake *) wake;
    return wakes.n ? mailbox_queues_wake(p->ctx, &wakes) : OK;
}

static enum rc step_in_transaction(struct ctx *ctx, void *arg) {
    struct step_work *w = arg;
    struct arena *arena = ctx->arena;
    struct str account = ctx->account_id;
    struct planning p = { .ctx = ctx, .now = ctx_now(ctx), .sequences = map_in(arena),
                          .mailboxes = map_in(arena), .accounts = map_in(arena),
                          .loads = map_in(arena), .wakes = map_in(arena), .zones = &w->zones,
                          .until_ms = monotonic_ms() + STEP_MS };
    enum rc rc = plan_some(&p, w);
    if (rc == OK)
        rc = begin_some(&p, w);
    ctx->account_id = account;
    if (rc == OK && p.changed.n)
        rc = lead_plans_write(ctx, &p.changed);
    if (rc == OK)
        rc = wake_queues(&p);
    w->has_jobs = p.has_jobs;
    w->looked_at = (int64_t) p.changed.n;
    return rc;
}

enum rc planner_step(struct ctx *ctx, int64_t limit, int64_t *ret_n) {
    struct step_work work = { .limit = limit, .zones = map_in(ctx->arena) };
    enum rc rc = db_transact(ctx, step_in_transaction, &work);
    planning_zones_close(&work.zones);
    if (rc == OK && work.has_jobs && ctx->services->wake_jobs)
        ctx->services->wake_jobs();
    *ret_n = rc == OK ? work.looked_at : 0;
    return rc;
}
