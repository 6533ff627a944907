/* Automatic emails: one is written when its mailbox can send it on this day, so what is queued
 * is what will go out, and what is more urgent meanwhile comes before what was only planned. */
#include "base/check.h"
#include "base/log.h"
#include "sequence/budget.h"
#include "sequence/compose.h"
#include "sequence/delivery.h"
#include "sequence/mail_provider.h"
#include "sequence/pace.h"
#include "sequence/planner_private.h"
#include "sequence/progress.h"
#include "store/mailbox_load.h"
#include "store/mailbox_queues.h"
#include "store/mailbox_state.h"
#include "store/messages.h"
#include "store/services.h"

/* Looked at again after this, in the days of the calendars. */
#define MAILBOX_LOOK_MS (15 * MINUTE_MS)
#define NEVER_OPENS_LOOK_MS DAY_MS
enum { GATHER_MAX_MS = 500 };

enum rc planned_end(const struct planned *planned, enum lead_status status, struct str reason) {
    return lead_end_held(planned->p->ctx, planned->lead, status, reason);
}

/* --- how much the mailbox sends on this day --- */

/* On the calendars. A mailbox without a zone that exists has the days of UTC. */
static enum rc day_of(const struct planned *planned, const struct mailbox *mailbox,
                      const struct zone **ret_zone, struct budget_day *ret_day) {
    struct planning *p = planned->p;
    const struct zone *zone = planning_zone(p, mailbox->time_zone);
    if (!zone)
        zone = planning_zone(p, STR("UTC"));
    if (!zone)
        return fail(p->ctx, E_IO, "there is no time zone UTC");
    *ret_zone = zone;
    *ret_day = budget_day(zone, pace_calendar(p->ctx, p->now));
    return OK;
}

/* Read once for the batch, which adds to it. */
static enum rc load_of(struct planning *p, const struct mailbox *mailbox, int64_t from_ms,
                       struct mailbox_load **ret_load) {
    struct mailbox_load *load = map_get(&p->loads, mailbox->id);
    enum rc rc = OK;
    if (!load) {
        load = ARENA_NEW(p->ctx->arena, struct mailbox_load);
        rc = mailbox_load_since(p->ctx, mailbox->id, from_ms, load);
        if (rc == OK)
            (void) map_put(&p->loads, mailbox->id, load); /* it was not there */
    }
    *ret_load = load;
    return rc;
}

/* Takes one of the mailbox's day, or puts the lead off until the next day. */
static enum rc take_budget(const struct planned *planned, const struct mailbox *mailbox,
                           bool *ret_waits) {
    struct planning *p = planned->p;
    const struct zone *zone = NULL;
    struct budget_day day = { 0, 0, 0 };
    struct mailbox_load *load = NULL;
    struct opening o = { 0, 0 };
    enum rc rc = day_of(planned, mailbox, &zone, &day);
    if (rc == OK)
        rc = load_of(p, mailbox, pace_instant(p->ctx, day.from_ms), &load);
    if (rc != OK)
        return rc;
    struct budget_limits limits = mailbox_limits(mailbox);
    limits.ramp_since = pace_calendar(p->ctx, limits.ramp_since);
    int64_t limit = budget_limit(&limits, zone, pace_calendar(p->ctx, p->now));
    int64_t share = (limit * planned->s->settings->new_lead_share.v + 99) / 100;
    bool first = stage_is_first_mail(planned->s, planned->stage), full = load->messages.v >= limit;
    *ret_waits = full || (first && load->first.v >= share);
    if (!*ret_waits) {
        load->messages.v++;
        load->first.v += first;
        return OK;
    }
    rc = mail_opening(planned, pace_instant(p->ctx, day.to_ms), &o);
    if (rc == E_NOT_FOUND)
        o.from_ms = p->now + pace_span(p->ctx, NEVER_OPENS_LOOK_MS);
    else if (rc != OK)
        return rc;
    put_off(planned, full ? WAIT_BUDGET : WAIT_SHARE, o.from_ms);
    return OK;
}

/* --- the message --- */

/* The mailbox as it was read may be old: when it works again, those that wait for it are told in
 * a transaction that has its row. So the row is read again under its lock, which the other one
 * is never waited for with: then the lead stays due. */
static enum rc wait_for_mailbox(const struct planned *planned, const struct mailbox *mailbox) {
    struct planning *p = planned->p;
    struct str status = STR_NONE;
    enum rc rc = mailbox ? mailbox_status_shared(p->ctx, mailbox->id, &status) : OK;
    if (mailbox && (rc == E_NOT_FOUND || (rc == OK && str_eq(status, STR("active")))))
        return OK;
    if (rc == OK)
        put_off(planned, WAIT_MAILBOX, p->now + pace_span(p->ctx, MAILBOX_LOOK_MS));
    return rc;
}

/* True: it is not written now. */
static enum rc mail_waits(const struct planned *planned, bool *ret_waits) {
    struct planning *p = planned->p;
    const struct mailbox *mailbox = NULL;
    struct opening o = { 0, 0 };
    int64_t late = pace_span(p->ctx, planned->s->settings->max_lateness_hours.v * HOUR_MS);
    bool is_late = p->now - planned->lead->next_at.v > late;
    *ret_waits = true;
    enum rc rc = planning_mailbox(p, planned->lead->mailbox_id, &mailbox);
    if (rc != OK)
        return rc;
    if (!mailbox || !str_eq(mailbox->status, STR("active")))
        return wait_for_mailbox(planned, mailbox);
    rc = mail_opening(planned, p->now, &o);
    if (rc == OK && is_late && o.from_ms <= p->now)
        rc = mail_opening(planned, o.to_ms, &o);
    if (rc == E_NOT_FOUND)
        put_off(planned, WAIT_WINDOW, p->now + pace_span(p->ctx, NEVER_OPENS_LOOK_MS));
    else if (rc == OK && o.from_ms > p->now)
        put_off(planned, is_late ? WAIT_LATE : WAIT_WINDOW, o.from_ms);
    else if (rc == OK)
        return take_budget(planned, mailbox, ret_waits);
    return rc == E_NOT_FOUND ? OK : rc;
}

/* The stage came to its end before. */
static void pass_stage(const struct planned *planned) {
    struct lead_plan *lead = planned->lead;
    lead->done_stage_id = lead->stage_id;
    lead->stage_id = STR_NONE;
    lead->due_at = (struct opt_int){ 0 };
    lead->counts_from = opt_int(planned->p->now);
    lead->urgency = opt_int(0);
    lead_set_wait(lead, WAIT_PLAN, opt_int(planned->p->now));
}

/* What keeps a message from being written is the lead's own: the others go on. */
static enum rc cannot_be_written(const struct planned *planned, enum rc rc) {
    static const struct {
        enum rc rc;
        struct str reason;
    } reasons[] = { { E_NOT_FOUND, { "missing_data", 12 } },
                    { E_UNSUPPORTED, { "no_address", 10 } },
                    { E_INVALID, { "bad_template", 12 } },
                    { E_TOO_LARGE, { "too_large", 9 } } };
    struct ctx *ctx = planned->p->ctx;
    for (size_t i = 0; i < LENGTH(reasons); i++)
        if (reasons[i].rc == rc) {
            log_warn(ctx, "a message could not be written, the lead stops",
                     LOG_S("lead", planned->lead->id), LOG_S("error", ctx->err.text));
            ctx_clear_error(ctx);
            return planned_end(planned, LEAD_ERRORED, reasons[i].reason);
        }
    return rc;
}

/* What is written for a mailbox gathers for a moment, so that it sends several in a turn. */
static int64_t gather_ms(const struct ctx *ctx) {
    int64_t tick = ctx->services ? ctx->services->sequence.tick_ms : 0;
    return tick < 2 * GATHER_MAX_MS ? tick / 2 : GATHER_MAX_MS;
}

static void wake_mailbox(const struct planned *planned, struct str mailbox_id) {
    struct planning *p = planned->p;
    if (map_get(&p->wakes, mailbox_id))
        return;
    struct queue_wake *wake = ARENA_NEW(p->ctx->arena, struct queue_wake);
    *wake = (struct queue_wake){ planned->lead->account_id, mailbox_id, p->now + gather_ms(p->ctx) };
    (void) map_put(&p->wakes, mailbox_id, wake); /* it was not there */
}

/* There is one already: on its way, when the lead was paused after it was too late to take it
 * back; or sent, or let be. One that was in doubt and then taken back goes on as it was, so that the
 * same bytes come twice at worst, and whoever has them can still say so. */
static enum rc take_up_message(const struct planned *planned, bool *ret_over) {
    struct message m = { .id = STR_NONE };
    struct ctx *ctx = planned->p->ctx;
    const struct message_move again = { .from = MESSAGE_CANCELED, .to = MESSAGE_QUEUED, .reason = STR("not_found"),
                                        .next_at = opt_int(planned->p->now) };
    ctx_clear_error(ctx);
    enum rc rc = message_of_stage(ctx, planned->lead->id, planned->stage->id, &m);
    if (rc != OK)
        return rc;
    bool is_canceled = message_state_of(&m) == MESSAGE_CANCELED;
    *ret_over = message_state_of(&m) == MESSAGE_SENT || (is_canceled && str_eq(m.reason, STR(DELIVERY_DECIDED)));
    if (*ret_over || !is_canceled)
        return OK;
    wake_mailbox(planned, m.mailbox_id);
    return message_move(ctx, m.id, &again);
}

static enum rc write_message(const struct planned *planned) {
    struct planning *p = planned->p;
    const struct lead_plan *lead = planned->lead;
    const struct sequence_lead whom = { .id = lead->id, .contact_id = lead->contact_id, .email = lead->email,
                                        .linkedin_url = lead->linkedin_url, .data = lead->data,
                                        .user_id = lead->user_id, .mailbox_id = lead->mailbox_id,
                                        .reply_id = lead->reply_id };
    struct composing what = { .lead = &whom, .sequence = planned->s, .stage = planned->stage, .due_at = p->now };
    enum rc rc = planning_senders(p, &what.senders);
    if (rc == OK)
        rc = message_compose(p->ctx, &what);
    if (rc == OK)
        wake_mailbox(planned, lead->mailbox_id);
    return rc;
}

enum rc begin_mail(const struct planned *planned) {
    struct lead_plan *lead = planned->lead;
    bool waits = false, over = false;
    enum rc rc = mail_waits(planned, &waits);
    if (rc != OK || waits)
        return rc;
    rc = write_message(planned);
    if (rc == E_CONFLICT)
        rc = take_up_message(planned, &over);
    if (rc != OK)
        return cannot_be_written(planned, rc);
    lead_set_status(lead, LEAD_ACTIVE, STR_NONE);
    if (over)
        pass_stage(planned);
    else
        lead_set_wait(lead, WAIT_MESSAGE, (struct opt_int){ 0 });
    return OK;
}
