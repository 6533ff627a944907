#include "sequence/reply_effects.h"

#include "base/check.h"
#include "data/labels.h"
#include "data/urls.h"
#include "json/writer.h"
#include "sequence/day.h"
#include "sequence/pace.h"
#include "sequence/reply_claims.h"
#include "sequence/threads.h"
#include "store/message_threads.h"
#include "store/sequences.h"

enum { DATA_MAX_BYTES = 4 * 1024 * 1024, SOFT_BOUNCES_MAX = 3 };
#define SOFT_BOUNCES_FOR_MS (30 * DAY_MS)

/* One reply and what its sequence says. */
struct effecting {
    struct ctx *ctx;
    struct stored_reply *reply;
    struct sequence_settings settings;
    struct lead_plan lead;
    enum event_kind told; /* is recorded already */
};

/* --- the history --- */

static void add_bounce(struct json_writer *w, const struct stored_reply *r) {
    json_put_str(w, "reason", r->bounce ? r->bounce->diagnostic : STR_NONE);
    json_put_str(w, "class", r->bounce_class);
}

static void add_message(struct json_writer *w, const struct stored_reply *r, struct opt_int sent_at) {
    struct str label = r->label;
    json_put_str(w, "from", r->from_address);
    json_put_strs(w, "to", r->to_addresses);
    json_put_strs(w, "cc", r->cc_addresses);
    json_put_strs(w, "bcc", (struct strs){ 0 });
    json_key(w, STR("names"));
    json_begin_object(w);
    if (str_is_set(r->from_address) && !str_is_empty(r->from_name)) {
        json_key(w, r->from_address);
        json_str(w, r->from_name);
    }
    json_end_object(w);
    json_put_str(w, "subject", r->subject);
    json_put_str(w, "body", r->body);
    json_put_str(w, "snippet", r->snippet);
    json_put_str(w, "last_message", r->last_message);
    json_put_strs(w, "labels", (struct strs){ &label, str_is_set(label) ? 1 : 0 });
    if (sent_at.set) {
        json_key(w, STR("sent_at"));
        json_int(w, sent_at.v);
    }
    json_put_str(w, "return_date", r->return_on);
}

static enum rc record(const struct effecting *e, enum event_kind kind) {
    const struct stored_reply *r = e->reply;
    if (kind == e->told)
        return OK;
    struct message answered = { .id = STR_NONE };
    struct buf b = buf_in(e->ctx->arena, DATA_MAX_BYTES);
    struct json_writer w = json_writer(&b);
    bool is_bounce = kind == EVENT_EMAIL_BOUNCED;
    enum rc rc = is_bounce ? OK : message_get(e->ctx, r->message_id, &answered);
    if (rc != OK)
        return rc;
    json_begin_object(&w);
    if (is_bounce)
        add_bounce(&w, r);
    else
        add_message(&w, r, answered.sent_at);
    json_end_object(&w);
    rc = buf_result(&b);
    const struct event event
        = { .kind = kind, .at = r->dated_at, .lead_id = r->lead_id, .stage_id = r->stage_id,
            .sequence_id = r->sequence_id, .mailbox_id = r->mailbox_id, .user_id = r->user_id,
            .contact_id = r->contact_id, .message_id = r->message_id, .reply_id = r->id,
            .data = buf_text(&b) };
    return rc == OK ? event_record(e->ctx, &event) : fail(e->ctx, rc, "a reply's event");
}

/* --- steps --- */

static struct claimant by_label(const struct effecting *e) {
    return (struct claimant){ e->ctx, e->reply->id, CLAIM_BY_LABEL };
}

static enum rc end_lead(struct effecting *e, enum lead_status status, struct str reason) {
    const struct claimant by = by_label(e);
    struct str before = e->lead.status;
    enum rc rc = reply_claim_end(&by, &e->lead, status, reason);
    if (rc == OK && !str_eq(e->lead.status, before)) {
        e->reply->effects->lead_was = before;
        e->reply->effects->lead_ended = e->lead.status;
    }
    return rc;
}

/* Who wrote, which nobody kept where the reply names somebody who was removed: then the lead, which
 * has no address left if that is who it was. */
static struct str writer(const struct effecting *e) {
    return str_is_set(e->reply->from_address) ? e->reply->from_address : e->lead.email;
}

static enum rc exclude(struct effecting *e, struct str email, struct str reason) {
    const struct claimant by = by_label(e);
    struct str result = STR_NONE;
    enum rc rc = str_is_set(email) ? reply_claim_exclusion(&by, EXCLUDED_EMAIL, email, reason, &result) : OK;
    if (rc == OK && str_eq(result, exclusion_success))
        e->reply->effects->excluded_email = email;
    return rc;
}

static enum rc end_colleague(struct effecting *e, struct str id) {
    const struct claimant by = by_label(e);
    struct lead_plan lead = { .id = STR_NONE };
    enum rc rc = lead_plan_lock(e->ctx, id, &lead);
    if (rc != OK)
        return rc == E_NOT_FOUND ? OK : rc; /* its sequence was deleted just now */
    return reply_claim_end(&by, &lead, LEAD_REPLIED, STR("domain_reply"));
}

/* Colleagues in the same sequence. */
static enum rc end_colleagues(struct effecting *e) {
    struct strs ids = { 0 };
    struct str domain = email_company_domain(e->ctx->arena, e->lead.email);
    if (!str_is_set(domain))
        return OK;
    enum rc rc = leads_of_domain(e->ctx, e->lead.sequence_id, domain, &ids);
    for (size_t i = 0; rc == OK && i < ids.n; i++)
        if (!str_eq(ids.p[i], e->lead.id))
            rc = end_colleague(e, ids.p[i]);
    return rc;
}

/* --- what came --- */

static enum rc replied(struct effecting *e) {
    enum rc rc = record(e, EVENT_EMAIL_REPLIED);
    if (rc == OK && e->settings.stop_on_reply != NO)
        rc = end_lead(e, LEAD_REPLIED, e->reply->label);
    if (rc == OK && e->settings.stop_on_domain_reply == YES)
        rc = end_colleagues(e);
    if (rc == OK && str_eq(e->reply->label, label_name(LABEL_HARD_NO)))
        rc = exclude(e, writer(e), e->reply->label);
    return rc;
}

static enum rc pause_until(struct effecting *e) {
    struct ctx *ctx = e->ctx;
    const struct claimant by = by_label(e);
    int64_t now = ctx_now(ctx), until = 0;
    enum rc rc = OK;
    if (str_is_set(e->reply->return_on))
        rc = day_begins(ctx, e->reply->return_on, &until);
    else
        until = now + pace_span(ctx, e->settings.out_of_office_days.v * DAY_MS);
    if (rc != OK || until <= now)
        return rc;
    rc = reply_claim_pause(&by, &e->lead, STR("out_of_office"), until);
    if (rc == OK && e->lead.paused_until.set && e->lead.paused_until.v == until)
        e->reply->effects->lead_paused = YES;
    if (rc != E_CONFLICT)
        return rc;
    ctx_clear_error(ctx); /* it has come to an end before */
    return OK;
}

static enum rc out_of_office(struct effecting *e) {
    enum rc rc = record(e, EVENT_EMAIL_OUT_OF_OFFICE);
    if (rc != OK || str_eq(e->settings.out_of_office, STR("ignore")))
        return rc;
    if (str_eq(e->settings.out_of_office, STR("stop")))
        return end_lead(e, LEAD_REPLIED, label_name(LABEL_OOO));
    return pause_until(e);
}

static enum rc unsubscribed(struct effecting *e) {
    enum rc rc = record(e, EVENT_EMAIL_UNSUBSCRIBED);
    if (rc == OK)
        rc = exclude(e, writer(e), STR("unsubscribed"));
    return rc == OK ? end_lead(e, LEAD_UNSUBSCRIBED, STR("unsubscribed")) : rc;
}

bool reply_unsubscribes(const struct stored_reply *reply) {
    return str_eq_nocase(str_trim(reply->subject), STR(REPLY_UNSUBSCRIBE_SUBJECT));
}

static enum rc person(struct effecting *e) {
    if (reply_unsubscribes(e->reply))
        return unsubscribed(e);
    return str_eq(e->reply->label, label_name(LABEL_OOO)) ? out_of_office(e) : replied(e);
}

static enum rc bounced_hard(struct effecting *e) {
    if (e->settings.stop_on_bounce == NO)
        return OK;
    enum rc rc = exclude(e, e->lead.email, STR("bounced"));
    return rc == OK ? end_lead(e, LEAD_BOUNCED, STR("no_such_address")) : rc;
}

static enum rc bounced(struct effecting *e) {
    int64_t n = 0;
    enum rc rc = record(e, EVENT_EMAIL_BOUNCED);
    if (rc != OK)
        return rc;
    if (str_eq(e->reply->bounce_class, enum_bounce_classes.values[BOUNCED_HARD]))
        return bounced_hard(e);
    if (!str_eq(e->reply->bounce_class, enum_bounce_classes.values[BOUNCED_SOFT]))
        return OK;
    rc = replies_soft_bounces(e->ctx, e->lead.id, ctx_now(e->ctx) - SOFT_BOUNCES_FOR_MS, &n);
    return rc == OK && n >= SOFT_BOUNCES_MAX ? end_lead(e, LEAD_ERRORED, STR("soft_bounces")) : rc;
}

static enum rc complained(struct effecting *e) {
    enum rc rc = record(e, EVENT_EMAIL_UNSUBSCRIBED);
    if (rc == OK)
        rc = exclude(e, e->lead.email, STR("complaint"));
    return rc == OK ? end_lead(e, LEAD_UNSUBSCRIBED, STR("complaint")) : rc;
}

/* By the words of reply/inbound_kinds.def; other kinds have no effect. */
static const struct effect {
    const char *kind;
    enum rc (*apply)(struct effecting *);
    enum event_kind event;
} effects[] = {
    { "person", person, EVENT_EMAIL_REPLIED },
    { "out_of_office", out_of_office, EVENT_EMAIL_OUT_OF_OFFICE },
    { "bounce", bounced, EVENT_EMAIL_BOUNCED },
    { "complaint", complained, EVENT_EMAIL_UNSUBSCRIBED },
};

/* Anybody can write a report about an address. */
static bool counts(const struct stored_reply *reply) {
    if (str_eq(reply->kind, str_of(inbound_kind_word(INBOUND_BOUNCE))))
        return str_is_set(reply->bounce_class);
    return !str_eq(reply->kind, str_of(inbound_kind_word(INBOUND_COMPLAINT)))
           || thread_rule_proves(reply->matched_by);
}

static const struct effect *effect_of(const struct stored_reply *reply) {
    for (size_t i = 0; i < LENGTH(effects); i++)
        if (str_eq(reply->kind, str_of(effects[i].kind)))
            return counts(reply) ? &effects[i] : NULL;
    return NULL;
}

enum event_kind reply_event(const struct stored_reply *reply) {
    const struct effect *effect = effect_of(reply);
    if (effect && effect->apply == person && reply_unsubscribes(reply))
        return EVENT_EMAIL_UNSUBSCRIBED;
    if (effect && effect->apply == person && str_eq(reply->label, label_name(LABEL_OOO)))
        return EVENT_EMAIL_OUT_OF_OFFICE;
    return effect ? effect->event : EVENT_KINDS;
}

static enum rc begin(struct ctx *ctx, struct stored_reply *reply, struct effecting *ret_effecting) {
    *ret_effecting = (struct effecting){ .ctx = ctx, .reply = reply };
    reply->effects = ARENA_NEW(ctx->arena, struct reply_effects);
    enum rc rc = lead_plan_lock(ctx, reply->lead_id, &ret_effecting->lead);
    return rc == OK ? sequence_settings_read(ctx, reply->sequence_id, &ret_effecting->settings) : rc;
}

enum rc reply_effects_apply(struct ctx *ctx, struct stored_reply *reply, enum event_kind told) {
    struct effecting e;
    const struct effect *effect = effect_of(reply);
    enum rc rc = begin(ctx, reply, &e);
    e.told = told;
    if (rc == OK && effect)
        rc = effect->apply(&e);
    return rc == E_NOT_FOUND ? OK : rc;
}
