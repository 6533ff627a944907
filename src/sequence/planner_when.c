/* When a stage is due: delays first, then for emails the calendars of both sides. */
#include "base/check.h"
#include "sequence/hours.h"
#include "sequence/pace.h"
#include "sequence/planner_private.h"
#include "sequence/stage_kinds.h"
#include "store/account_settings.h"

bool stage_is_mail(const struct sequence_stage *stage) {
    return stage->automatic == YES && stage_kind_of(stage->type)->flags & STAGE_IS_EMAIL;
}

bool stage_is_first_mail(const struct sequence *sequence, const struct sequence_stage *stage) {
    const struct sequence_stage *all = sequence->stages.p;
    if (str_eq(sequence->kind, STR("reply_sequence"))) /* somebody who has answered is not new */
        return false;
    for (size_t i = 0; i < sequence->stages.n; i++)
        if (stage_is_mail(&all[i]))
            return str_eq(all[i].id, stage->id);
    return false;
}

/* --- calendars --- */

const struct zone *planning_zone(const struct planning *p, struct str name) {
    struct zone *zone = str_is_set(name) ? map_get(p->zones, name) : NULL;
    if (zone || !str_is_set(name) || zone_open(name, &zone) != OK)
        return zone;
    (void) map_put(p->zones, arena_str(p->zones->arena, name), zone); /* it was not there */
    return zone;
}

void planning_zones_close(struct map *zones) {
    struct str name;
    void *value;
    for (size_t at = 0; map_next(zones, &at, &name, &value);) {
        struct zone *zone = value;
        zone_close(&zone);
    }
}

static enum rc account_zone(struct planning *p, struct str *ret_name) {
    struct account_settings *settings = map_get(&p->accounts, p->ctx->account_id);
    enum rc rc = OK;
    if (!settings) {
        settings = ARENA_NEW(p->ctx->arena, struct account_settings);
        rc = account_settings_get(p->ctx, settings);
        if (rc == OK)
            (void) map_put(&p->accounts, p->ctx->account_id, settings); /* it was not there */
    }
    if (rc == OK)
        *ret_name = settings->time_zone;
    return rc;
}

/* The lead's where it is known and wanted, else the sequence's, else the account's. */
static enum rc zone_of(const struct planned *planned, const struct zone **ret_zone) {
    const struct sequence_settings *settings = planned->s->settings;
    const struct zone *zone = NULL;
    struct str name = settings->time_zone;
    if (settings->lead_time_zone == YES)
        zone = planning_zone(planned->p, planned->lead->time_zone);
    enum rc rc = zone || str_is_set(name) ? OK : account_zone(planned->p, &name);
    if (rc == OK && !zone)
        zone = planning_zone(planned->p, name);
    if (rc == OK && !zone)
        return fail(planned->p->ctx, E_IO, "there is no time zone %.*s any more", STR_FMT(name));
    *ret_zone = zone;
    return rc;
}

enum rc mail_opening(const struct planned *planned, int64_t at_ms, struct opening *ret_opening) {
    struct planning *p = planned->p;
    const struct sequence_settings *settings = planned->s->settings;
    const struct mailbox *mailbox = NULL;
    const struct zone *zone = NULL;
    struct calendar both[2];
    size_t n = 1;
    enum rc rc = planning_mailbox(p, planned->lead->mailbox_id, &mailbox);
    if (rc == OK)
        rc = zone_of(planned, &zone);
    if (rc != OK)
        return rc;
    both[0] = calendar_of(p->ctx->arena, zone, settings->windows, settings->holidays);
    const struct zone *own = mailbox ? planning_zone(p, mailbox->time_zone) : NULL;
    if (own && mailbox->working_hours.n)
        both[n++] = calendar_of(p->ctx->arena, own, mailbox->working_hours, (struct strs){ 0 });
    struct opening o = { 0, 0 };
    rc = calendars_next(both, n, pace_calendar(p->ctx, at_ms), &o);
    if (rc == OK)
        *ret_opening = (struct opening){ pace_instant(p->ctx, o.from_ms),
                                         pace_instant(p->ctx, o.to_ms) };
    return rc;
}

/* --- plans --- */

void put_off(const struct planned *planned, enum lead_wait wait, int64_t next_at) {
    lead_set_wait(planned->lead, wait, opt_int(next_at));
}

/* High before normal before low; of one priority those who have been written to come first. */
static int64_t urgency_of(const struct planned *planned) {
    static const struct {
        struct str priority;
        int64_t urgency;
    } levels[] = { { { "high", 4 }, 1 }, { { "normal", 6 }, 3 }, { { "low", 3 }, 5 } };
    int64_t urgency = LEAD_URGENCY_MAX - 1;
    for (size_t i = 0; i < LENGTH(levels); i++)
        if (str_eq(planned->stage->priority, levels[i].priority))
            urgency = levels[i].urgency;
    return urgency + !str_is_set(planned->lead->done_stage_id);
}

static int64_t due_by_delay(const struct planned *planned) {
    const struct lead_plan *lead = planned->lead;
    const struct sequence_stage *stage = planned->stage;
    int64_t from = lead->counts_from.set ? lead->counts_from.v
                   : lead->next_at.set   ? lead->next_at.v
                                         : planned->p->now;
    return from
           + pace_span(planned->p->ctx, stage->delay_days.v * DAY_MS + stage->delay_hours.v * HOUR_MS);
}

enum rc plan_stage(const struct planned *planned) {
    struct planning *p = planned->p;
    struct lead_plan *lead = planned->lead;
    struct opt_int start = planned->s->settings->start_at;
    bool again = str_eq(lead->stage_id, planned->stage->id) && lead->due_at.set;
    int64_t due = again ? lead->due_at.v : due_by_delay(planned);
    enum lead_wait wait = start.set && start.v > due ? WAIT_START : WAIT_DELAY;
    if (wait == WAIT_START)
        due = start.v;
    int64_t at = due > p->now ? due : p->now;
    struct opening opening = { at, INT64_MAX };
    enum rc rc = stage_is_mail(planned->stage) ? mail_opening(planned, at, &opening) : OK;
    if (rc == E_NOT_FOUND) /* looked at again when it is due */
        opening.from_ms = at;
    else if (rc != OK)
        return rc;
    lead->stage_id = planned->stage->id;
    lead->due_at = opt_int(due);
    lead->urgency = opt_int(urgency_of(planned));
    put_off(planned, opening.from_ms > at ? WAIT_WINDOW : wait, opening.from_ms);
    return OK;
}
