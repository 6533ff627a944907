/* Who may be written to now. What was true when a message was written may have changed since,
 * so everything that could speak against it is looked at in the transaction that claims it:
 * removal, the lead, exclusions, the sequence, windows, the mailbox with its budget and gap. */
#include "base/check.h"
#include "base/clock.h"
#include "data/enums.h"
#include "sequence/budget.h"
#include "sequence/delivery_private.h"
#include "sequence/excluded.h"
#include "sequence/mail_provider.h"
#include "sequence/pace.h"
#include "sequence/planner_private.h"
#include "sequence/progress.h"
#include "store/account_settings.h"
#include "store/mailbox_state.h"
#include "store/removals.h"
#include "store/sequences.h"

/* So many are looked at in one transaction; then others get the writer. */
enum { CANDIDATES = 50 };
#define SEQUENCE_LOOK_MS (DAY_MS)     /* of a message whose sequence is paused: it is told when that ends */
#define BUSY_LOOK_MS     (SECOND_MS)  /* somebody changes the sequence just now */
#define MAILBOX_LOOK_MS  (MINUTE_MS)  /* of a mailbox that cannot send */

enum verdict { VERDICT_SEND, VERDICT_CANCEL, VERDICT_LATER };

/* One candidate. */
struct checking {
    const struct delivery *d;
    struct ctx *ctx;
    const struct mailbox *mailbox;
    const struct message *m;
    struct lead_plan lead;
    struct sequence_row sequence;
    enum verdict verdict;
    struct str reason;
    int64_t at; /* VERDICT_LATER: until then */
};

static enum rc cancel(struct checking *c, struct str reason) {
    c->verdict = VERDICT_CANCEL;
    c->reason = reason;
    return OK;
}

static enum rc later(struct checking *c, struct str reason, int64_t at) {
    c->verdict = VERDICT_LATER;
    c->reason = reason;
    c->at = at;
    return OK;
}

/* --- checks, in this order; each may end the matter --- */

static enum rc check_removal(struct checking *c) {
    bool removed = false;
    if (!str_is_set(c->m->recipient))
        return cancel(c, STR("legal"));
    enum rc rc = removal_exists(c->ctx, REMOVAL_EMAIL, c->m->recipient, &removed);
    return rc == OK && removed ? cancel(c, STR("legal")) : rc;
}

/* The planner waits for the message as long as the lead stands at its stage. */
static enum rc check_lead(struct checking *c) {
    enum rc rc = lead_plan_lock(c->ctx, c->m->lead_id, &c->lead);
    if (rc == E_NOT_FOUND)
        return cancel(c, STR("lead_gone"));
    if (rc != OK)
        return rc;
    enum lead_status status = lead_status_of(&c->lead);
    if (status != LEAD_PENDING && status != LEAD_ACTIVE)
        return cancel(c, c->lead.status);
    return str_eq(c->lead.stage_id, c->m->stage_id) ? OK : cancel(c, STR("stage_over"));
}

static enum rc check_exclusion(struct checking *c) {
    struct str reason = STR_NONE;
    if (c->lead.ignores_exclusions == YES)
        return OK;
    enum rc rc = excluded_reason(c->ctx, c->m->recipient, &reason);
    if (rc != OK || !str_is_set(reason))
        return rc;
    rc = lead_end(c->ctx, c->m->lead_id, LEAD_REMOVED, reason);
    return rc == OK ? cancel(c, reason) : rc;
}

static enum rc check_sequence(struct checking *c) {
    int64_t now = ctx_now(c->ctx);
    enum rc rc = sequence_row_shared(c->ctx, c->m->sequence_id, &c->sequence);
    if (rc == E_NOT_FOUND)
        return later(c, STR("sequence_busy"), now + BUSY_LOOK_MS);
    if (rc != OK)
        return rc;
    enum sequence_status status = sequence_row_status(&c->sequence);
    if (status == SEQUENCE_ACTIVE)
        return OK;
    if (status == SEQUENCE_ARCHIVING || status == SEQUENCE_ARCHIVED)
        return cancel(c, STR("sequence_archived"));
    return later(c, STR(MESSAGE_PARKED), now + pace_span(c->ctx, SEQUENCE_LOOK_MS));
}

/* Settings may be long; most often they are those of the message before. */
struct known_settings {
    struct str text; /* as it is stored */
    struct sequence_settings of;
};

static enum rc read_known(struct ctx *ctx, struct map *all, struct str id, struct known_settings *known) {
    struct arena *arena = ctx->arena;
    ctx->arena = all->arena;
    enum rc rc = sequence_settings_read(ctx, id, &known->of);
    ctx->arena = arena;
    return rc;
}

static enum rc settings_of(struct checking *c, const struct sequence_settings **ret_settings) {
    struct map *all = c->d->settings, own = map_in(c->ctx->arena);
    struct str id = c->m->sequence_id, text = c->sequence.settings;
    enum rc rc = OK;
    if (!all)
        all = &own;
    struct known_settings *known = map_get(all, id);
    if (!known) {
        known = ARENA_NEW(all->arena, struct known_settings);
        (void) map_put(all, arena_str(all->arena, id), known); /* it was not there */
    }
    if (!str_eq(known->text, text)) {
        rc = read_known(c->ctx, all, id, known);
        known->text = rc == OK ? arena_str(all->arena, text) : STR_NONE;
    }
    *ret_settings = &known->of;
    return rc;
}

static enum rc check_window(struct checking *c) {
    const struct sequence_settings *settings = NULL;
    struct arena *arena = c->ctx->arena;
    struct planning p = { .ctx = c->ctx, .now = ctx_now(c->ctx), .sequences = map_in(arena),
                          .mailboxes = map_in(arena), .accounts = map_in(arena), .zones = c->d->zones };
    struct mailbox mailbox = *c->mailbox;
    struct account_settings account = account_settings_usual();
    struct opening o = { 0, 0 };
    enum rc rc = settings_of(c, &settings);
    if (rc != OK)
        return rc;
    struct sequence_settings copy = *settings;
    const struct sequence s = { .settings = &copy };
    const struct planned planned = { &p, &c->lead, &s, NULL };
    if (str_is_set(c->sequence.account_zone))
        account.time_zone = c->sequence.account_zone;
    (void) map_put(&p.accounts, c->ctx->account_id, &account); /* nothing was there, */
    (void) map_put(&p.mailboxes, mailbox.id, &mailbox);        /* nor there */
    c->lead.mailbox_id = c->m->mailbox_id;
    rc = mail_opening(&planned, p.now, &o);
    if (rc == E_NOT_FOUND)
        return later(c, STR("window"), p.now + pace_span(c->ctx, DAY_MS));
    return rc == OK && o.from_ms > p.now ? later(c, STR("window"), o.from_ms) : rc;
}

static enum rc (*const checks[])(struct checking *)
    = { check_removal, check_lead, check_exclusion, check_sequence, check_window };

static enum rc apply(struct checking *c) {
    enum message_state state = message_state_of(c->m);
    if (c->verdict == VERDICT_CANCEL)
        return message_move(c->ctx, c->m->id,
                            &(struct message_move){ .from = state, .to = MESSAGE_CANCELED, .reason = c->reason });
    return message_move(c->ctx, c->m->id,
                        &(struct message_move){ .from = state, .to = state, .reason = c->reason,
                                                .next_at = opt_int(c->at) });
}

static enum rc judge(struct checking *c) {
    enum rc rc = OK;
    for (size_t i = 0; rc == OK && c->verdict == VERDICT_SEND && i < LENGTH(checks); i++)
        rc = checks[i](c);
    if (rc != OK || c->verdict == VERDICT_SEND)
        return rc;
    rc = apply(c);
    return rc == E_CONFLICT ? OK : rc; /* ending the lead has canceled it already */
}

/* --- the mailbox --- */

struct claiming {
    const struct delivery *d;
    struct delivery_step *step;
    struct mailbox_queue queue;
    bool is_held; /* the queue is ours */
    bool is_gone; /* the mailbox is */
    bool begins;  /* what is claimed is marked as being sent */
    struct mailbox mailbox;
    struct budget_day day; /* of the calendars */
};

static enum rc read_mailbox(struct ctx *ctx, struct claiming *w) {
    enum rc rc = mailbox_get(ctx, w->d->mailbox_id, &w->mailbox);
    w->is_gone = rc == E_NOT_FOUND;
    return w->is_gone ? OK : rc;
}

/* Of the day so far. The queue's row has it from the message before, which was counted with it; only
 * whoever holds the row counts more, so that can only be too much: where some were given back. Who
 * may send no more by that counts anew, and so does another day, or the same of another zone. */
static enum rc count_sent(struct ctx *ctx, struct claiming *w, const struct budget_limits *limits,
                          const struct zone *zone) {
    int64_t from = pace_instant(ctx, w->day.from_ms);
    bool is_known = w->queue.day_from.v == from
                    && budget_left(limits, zone, pace_calendar(ctx, ctx_now(ctx)), w->queue.day_sent.v) > 0;
    w->queue.day_from = opt_int(from);
    return is_known ? OK : mailbox_sent_since(ctx, w->mailbox.id, from, &w->queue.day_sent.v);
}

/* When the mailbox may send again, at `now` or later. */
static enum rc mailbox_free_at(struct ctx *ctx, struct claiming *w, int64_t now, int64_t *ret_at) {
    int64_t calendar = pace_calendar(ctx, now);
    const struct zone *zone = NULL;
    struct planning p = { .ctx = ctx, .zones = w->d->zones };
    if (!str_eq(w->mailbox.status, STR("active"))) {
        *ret_at = now + pace_span(ctx, MAILBOX_LOOK_MS);
        return OK;
    }
    zone = planning_zone(&p, w->mailbox.time_zone);
    if (!zone)
        return fail(ctx, E_IO, "there is no time zone %.*s any more", STR_FMT(w->mailbox.time_zone));
    w->day = budget_day(zone, calendar);
    struct budget_limits limits = mailbox_limits(&w->mailbox);
    limits.ramp_since = pace_calendar(ctx, limits.ramp_since);
    limits.throttled_until_ms
        = limits.throttled_until_ms ? pace_calendar(ctx, limits.throttled_until_ms) : 0;
    enum rc rc = count_sent(ctx, w, &limits, zone);
    if (rc != OK)
        return rc;
    int64_t at = budget_next(&limits, zone, calendar, w->queue.day_sent.v);
    at = at == calendar ? now : pace_instant(ctx, at);
    *ret_at = w->queue.free_at.v > at ? w->queue.free_at.v : at;
    return OK;
}

static struct message_move begin_move(struct ctx *ctx, const struct message *m, enum message_state from) {
    int64_t now = ctx_now(ctx);
    return (struct message_move){ .from = from, .to = MESSAGE_SENDING, .counted_at = opt_int(now),
                                  .dated_at = m->dated_at.set ? m->dated_at : opt_int(now) };
}

static enum rc take(struct ctx *ctx, struct claiming *w, struct message *m) {
    enum message_state from = message_state_of(m);
    int64_t gap = budget_gap_ms(w->mailbox.id, w->day.number, ++w->queue.day_sent.v, w->mailbox.gap_min_s.v,
                                w->mailbox.gap_max_s.v);
    struct message_move move = w->begins
                                   ? begin_move(ctx, m, from)
                                   : (struct message_move){ .from = from, .to = MESSAGE_CLAIMED };
    w->queue.free_at = opt_int(ctx_now(ctx) + pace_span(ctx, gap));
    enum rc rc = w->begins ? message_move_sending(ctx, m->id, &move, &m->source)
                           : message_move(ctx, m->id, &move);
    if (rc == OK)
        rc = mailbox_queue_set(ctx, &w->queue);
    if (rc != OK)
        return rc;
    m->state = message_states.values[move.to];
    if (move.dated_at.set)
        m->dated_at = move.dated_at;
    w->step->ret_next = *m;
    w->step->ret_from = w->mailbox.email;
    w->step->ret_has_next = true;
    w->step->ret_begun = w->begins;
    return OK;
}

/* A mailbox that was deleted: its messages go to nobody. */
static enum rc drop(struct ctx *ctx, const struct message *m) {
    static const struct stage_outcome gone = { .result = STAGE_FAILED, .reason = { "mailbox_deleted", 15 } };
    struct message_move move
        = { .from = message_state_of(m), .to = MESSAGE_CANCELED, .reason = STR("mailbox_deleted") };
    enum rc rc = message_move(ctx, m->id, &move);
    if (rc == OK)
        rc = lead_stage_finished(ctx, m->lead_id, m->stage_id, &gone);
    return rc == E_NOT_FOUND ? OK : rc;
}

/* E_NOT_FOUND: nothing may be sent before *ret_at. */
static enum rc find_next(struct ctx *ctx, struct claiming *w, int64_t *ret_at) {
    int64_t now = ctx_now(ctx);
    *ret_at = now;
    enum rc rc = w->is_gone ? OK : mailbox_free_at(ctx, w, now, ret_at);
    if (rc != OK)
        return rc;
    if (*ret_at > now)
        return E_NOT_FOUND;
    for (int i = 0; i < CANDIDATES; i++) {
        struct message m = { .id = STR_NONE };
        rc = mailbox_next_message(ctx, w->d->mailbox_id, now, &m);
        if (rc != OK)
            return rc;
        struct checking c = { .d = w->d, .ctx = ctx, .mailbox = &w->mailbox, .m = &m };
        rc = w->is_gone ? drop(ctx, &m) : judge(&c);
        if (rc == OK && !w->is_gone && c.verdict == VERDICT_SEND)
            return take(ctx, w, &m);
        if (rc != OK)
            return rc;
    }
    return E_NOT_FOUND; /* others may be behind those: at once again */
}

static enum rc give_back(struct ctx *ctx, struct claiming *w, int64_t not_before) {
    enum rc rc = mailbox_queue_give_back(ctx, &w->queue, not_before);
    if (rc == OK && w->step && w->step->lease)
        rc = mailbox_queue_take(ctx, w->step->lease, &w->step->ret_queue);
    return rc == E_NOT_FOUND ? OK : rc;
}

static enum rc go_on(struct ctx *ctx, struct claiming *w) {
    int64_t at = 0;
    enum rc rc = E_NOT_FOUND;
    if (w->step->goes_on)
        rc = find_next(ctx, w, &at);
    else
        at = w->queue.free_at.v;
    return rc == E_NOT_FOUND ? give_back(ctx, w, at) : rc;
}

static void note_outcome(struct ctx *ctx, struct claiming *w) {
    const struct delivery_outcome *o = w->step->outcome;
    if (!o->was_kept && (o->fate == FATE_NETWORK || o->fate == FATE_LOGIN))
        delivery_rest(ctx, &w->queue);
    else
        w->queue.failures = opt_int(0);
}

static bool is_current(const struct delivery_login *login, const struct mailbox *mailbox) {
    return !login
           || (login->updated_at == mailbox->updated_at.v && login->secret_version == mailbox->secret_version.v);
}

static enum rc step_work(struct ctx *ctx, void *arg) {
    struct claiming *w = arg;
    struct delivery_step *step = w->step;
    step->ret_has_next = step->ret_begun = false;
    step->ret_look = (struct list){ 0 };
    step->ret_queue = (struct mailbox_queue){ .mailbox_id = STR_NONE };
    enum rc rc = mailbox_queue_hold(ctx, w->d->mailbox_id, w->d->owner, &w->queue);
    w->is_held = rc == OK;
    if (rc == E_CANCELED)
        rc = OK;
    if (rc == OK)
        rc = read_mailbox(ctx, w);
    if (rc == OK && step->done)
        rc = delivery_record(ctx, step->done, step->outcome, mailbox_writes_from(&w->mailbox));
    if (rc == OK && step->done && step->outcome->fate != FATE_SENT) /* which may be the mailbox's */
        rc = read_mailbox(ctx, w);
    if (rc == OK && w->is_held && step->recovers)
        rc = delivery_recover(w->d, &step->ret_look);
    if (rc != OK || !w->is_held || step->ret_look.n)
        return rc;
    if (step->done)
        note_outcome(ctx, w);
    w->begins = step->is_connected && is_current(step->login, &w->mailbox);
    return go_on(ctx, w);
}

enum rc delivery_step(const struct delivery *d, struct delivery_step *step) {
    struct claiming work = { .d = d, .step = step };
    return db_transact(d->ctx, step_work, &work);
}

/* --- around the connection --- */

struct beginning {
    const struct delivery *d;
    const struct message *m;
    bool begun;
};

static enum rc begin_work(struct ctx *ctx, void *arg) {
    struct beginning *w = arg;
    struct mailbox_queue queue;
    struct message_move move = begin_move(ctx, w->m, MESSAGE_CLAIMED);
    enum rc rc = mailbox_queue_hold(ctx, w->d->mailbox_id, w->d->owner, &queue);
    if (rc == OK)
        rc = message_move(ctx, w->m->id, &move);
    w->begun = rc == OK;
    return rc == E_CONFLICT ? OK : rc; /* it was canceled */
}

enum rc delivery_begin(const struct delivery *d, const struct message *message, bool *ret_begun) {
    struct beginning work = { d, message, false };
    enum rc rc = db_transact(d->ctx, begin_work, &work);
    *ret_begun = rc == OK && work.begun;
    return rc;
}

struct unreachable {
    const struct delivery *d;
    const struct message *m;
    const struct delivery_outcome *outcome;
};

static enum rc unreachable_work(struct ctx *ctx, void *arg) {
    const struct unreachable *w = arg;
    struct claiming c = { .d = w->d };
    struct message_move move = { .from = MESSAGE_CLAIMED, .to = MESSAGE_QUEUED,
                                 .reason = str_of(fate_name(w->outcome->fate)), .detail = w->outcome->words };
    enum rc rc = mailbox_queue_hold(ctx, w->d->mailbox_id, w->d->owner, &c.queue);
    if (rc != OK)
        return rc;
    rc = message_move(ctx, w->m->id, &move);
    if (rc == E_CONFLICT) /* it was canceled */
        rc = OK;
    delivery_rest(ctx, &c.queue);
    return rc == OK ? give_back(ctx, &c, c.queue.free_at.v) : rc;
}

enum rc delivery_unreachable(const struct delivery *d, const struct message *message,
                             const struct delivery_outcome *outcome) {
    struct unreachable work = { d, message, outcome };
    return db_transact(d->ctx, unreachable_work, &work);
}
