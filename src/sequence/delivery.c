/* Outcomes. Each fate has a row that says where the message goes; what it does besides is a
 * function of the row. */
#include "sequence/delivery.h"

#include "base/check.h"
#include "base/clock.h"
#include "base/vec.h"
#include "json/writer.h"
#include "sequence/delivery_private.h"
#include "sequence/pace.h"
#include "sequence/progress.h"
#include "store/bounced_addresses.h"
#include "store/exclusions.h"
#include "store/mailbox_state.h"
#include "store/sequences.h"

enum { DATA_MAX_BYTES = 2 * 1024 * 1024, LOOKS = 3 };

static const int64_t retry_ms[] = { 15 * MINUTE_MS, HOUR_MS, 4 * HOUR_MS, DAY_MS };
/* Since the one before: three looks within a quarter of an hour. */
static const int64_t look_ms[LOOKS] = { MINUTE_MS, 4 * MINUTE_MS, 10 * MINUTE_MS };
#define LOOK_AGAIN_MS (5 * MINUTE_MS)
#define REST_MAX_MS   (60 * MINUTE_MS)

/* --- the history --- */

static struct str reason_data(struct ctx *ctx, const char *class, struct str words) {
    struct buf b = buf_in(ctx->arena, DATA_MAX_BYTES);
    struct json_writer w = json_writer(&b);
    json_begin_object(&w);
    json_put_str(&w, "reason", words);
    if (class)
        json_put_str(&w, "class", str_of(class));
    json_end_object(&w);
    return buf_text(&b);
}

static enum rc record_sent(struct ctx *ctx, const struct message *m, struct str from) {
    struct mailbox mailbox = { .email = from };
    struct str to = m->recipient;
    struct buf b = buf_in(ctx->arena, DATA_MAX_BYTES);
    struct json_writer w = json_writer(&b);
    enum rc rc = str_is_set(from) ? OK : mailbox_get(ctx, m->mailbox_id, &mailbox);
    if (rc != OK && rc != E_NOT_FOUND)
        return rc;
    json_begin_object(&w);
    json_put_str(&w, "from", mailbox_writes_from(&mailbox));
    json_put_strs(&w, "to", (struct strs){ &to, str_is_set(to) ? 1 : 0 });
    json_put_strs(&w, "cc", (struct strs){ 0 });
    json_put_strs(&w, "bcc", (struct strs){ 0 });
    json_put_str(&w, "subject", m->subject);
    json_put_str(&w, "body", m->body);
    json_end_object(&w);
    rc = buf_result(&b);
    return rc == OK ? message_record(ctx, m, EVENT_EMAIL_SENT, buf_text(&b))
                    : fail(ctx, rc, "a message's event");
}

/* --- leads --- */

static enum rc finish(struct ctx *ctx, const struct message *m, enum stage_result result, const char *reason) {
    const struct stage_outcome outcome = { .result = result, .overdue = true, .reason = str_of(reason) };
    enum rc rc = lead_stage_finished(ctx, m->lead_id, m->stage_id, &outcome);
    return rc == E_NOT_FOUND ? OK : rc; /* its sequence was deleted */
}

static enum rc bounce_lead(struct ctx *ctx, const struct message *m, struct str words) {
    struct sequence_settings settings;
    struct strs results;
    struct str email = m->recipient;
    enum rc rc = message_record(ctx, m, EVENT_EMAIL_BOUNCED, reason_data(ctx, "hard", words));
    if (rc == OK)
        rc = bounced_address_note(ctx, email);
    if (rc == OK)
        rc = sequence_settings_read(ctx, m->sequence_id, &settings);
    if (rc == E_NOT_FOUND)
        return OK;
    if (rc != OK)
        return rc;
    if (settings.stop_on_bounce == NO)
        return finish(ctx, m, STAGE_SKIPPED, NULL);
    const struct new_exclusions excluded = { EXCLUDED_EMAIL, { &email, str_is_set(email) ? 1 : 0 },
                                             STR(EXCLUSION_OWN_SOURCE), .reason = STR("bounced") };
    if (excluded.values.n)
        rc = exclusions_add(ctx, &excluded, &results);
    if (rc == OK)
        rc = lead_end(ctx, m->lead_id, LEAD_BOUNCED, STR("no_such_address"));
    return rc == E_NOT_FOUND ? OK : rc;
}

/* --- outcomes of sending --- */

/* What is recorded of one message; its state was read in this transaction. */
struct recording {
    struct ctx *ctx;
    const struct message *m;
    const struct delivery_outcome *outcome;
    enum message_state from;
    struct str sender; /* what the mailbox writes from, if it is known */
};

bool delivery_was_in_doubt(const struct message *message) {
    return message->looks.v > 0;
}

/* One that was in doubt keeps its place in the mailbox's day: it may have gone out. */
static enum rc put(const struct recording *r, struct message_move move) {
    move.from = r->from;
    move.uncount = move.uncount && !delivery_was_in_doubt(r->m);
    return message_move(r->ctx, r->m->id, &move);
}

static enum rc sent(const struct recording *r) {
    const struct message_move move = { .from = r->from, .to = MESSAGE_SENT, .reply = r->outcome->words,
                                       .sent_at = opt_int(ctx_now(r->ctx)) };
    struct message now = { .id = STR_NONE };
    enum rc rc = message_move_sent(r->ctx, r->m->id, &move, &now);
    if (rc == OK)
        rc = record_sent(r->ctx, &now, r->sender);
    const struct lead_passing passing = { now.lead_id, now.stage_id, false };
    return rc == OK ? lead_plan_pass_later(r->ctx, &passing) : rc;
}

static enum rc failed(const struct recording *r) {
    const char *reason = fate_name(r->outcome->fate);
    enum rc rc = put(r, (struct message_move){ .to = MESSAGE_FAILED, .reason = str_of(reason),
                                               .detail = r->outcome->words, .uncount = true });
    if (rc == OK && r->outcome->fate == FATE_ADDRESS)
        return bounce_lead(r->ctx, r->m, r->outcome->words);
    if (rc == OK)
        rc = message_record(r->ctx, r->m, EVENT_EMAIL_FAILED,
                            reason_data(r->ctx, NULL, r->outcome->words));
    return rc == OK ? finish(r->ctx, r->m, STAGE_FAILED, reason) : rc;
}

static enum rc retry(const struct recording *r) {
    size_t attempt = (size_t) r->m->attempts.v;
    if (attempt >= LENGTH(retry_ms))
        return failed(r);
    int64_t at = ctx_now(r->ctx) + pace_span(r->ctx, retry_ms[attempt]);
    return put(r, (struct message_move){ .to = MESSAGE_RETRY_WAIT, .reason = str_of(fate_name(r->outcome->fate)),
                                         .detail = r->outcome->words, .next_at = opt_int(at),
                                         .attempts = opt_int(r->m->attempts.v + 1), .uncount = true });
}

/* Not the message's fault: it waits with its mailbox. */
static enum rc back(const struct recording *r) {
    return put(r, (struct message_move){ .to = MESSAGE_QUEUED, .reason = str_of(fate_name(r->outcome->fate)),
                                         .detail = r->outcome->words, .uncount = true });
}

static enum rc throttled(const struct recording *r) {
    enum rc rc = back(r);
    int64_t until = ctx_now(r->ctx) + pace_span(r->ctx, r->outcome->wait_ms);
    if (rc == OK)
        rc = mailbox_throttle(r->ctx, r->m->mailbox_id, until, r->outcome->words);
    return rc;
}

static enum rc unknown(const struct recording *r) {
    int64_t at = ctx_now(r->ctx) + pace_span(r->ctx, look_ms[0]);
    return put(r, (struct message_move){ .to = MESSAGE_UNCERTAIN, .reason = str_of(fate_name(r->outcome->fate)),
                                         .detail = r->outcome->words, .next_at = opt_int(at),
                                         .looks = opt_int(0) });
}

static enum rc (*const outcomes[FATES])(const struct recording *) = {
    [FATE_SENT] = sent,           [FATE_RETRY] = retry,         [FATE_ADDRESS] = failed,
    [FATE_REFUSED] = failed,      [FATE_IMPOSSIBLE] = failed,   [FATE_THROTTLED] = throttled,
    [FATE_NETWORK] = back,        [FATE_LOGIN] = back,          [FATE_UNKNOWN] = unknown,
};

enum rc delivery_record(struct ctx *ctx, const struct message *m, const struct delivery_outcome *outcome,
                        struct str sender) {
    struct message now = { .id = STR_NONE };
    struct recording r = { ctx, m, outcome, MESSAGE_SENDING, sender };
    enum rc rc = outcome->fate == FATE_SENT ? sent(&r) : E_CONFLICT; /* as most often */
    if (rc != E_CONFLICT)
        return rc;
    rc = message_get(ctx, m->id, &now);
    if (rc != OK)
        return rc == E_NOT_FOUND ? OK : rc;
    enum message_state state = message_state_of(&now);
    r.m = &now;
    r.from = state;
    if (state == MESSAGE_SENDING)
        return outcomes[outcome->fate](&r);
    /* Somebody took the mailbox over and is in doubt; we are not. */
    bool in_doubt = state == MESSAGE_UNCERTAIN || state == MESSAGE_HELD;
    return in_doubt && outcome->fate == FATE_SENT ? sent(&r) : OK;
}

void delivery_rest(struct ctx *ctx, struct mailbox_queue *queue) {
    int64_t failures = queue->failures.v, rest = MINUTE_MS;
    for (; failures > 0 && rest < REST_MAX_MS; failures--)
        rest *= 2;
    queue->failures = opt_int(queue->failures.v + 1);
    queue->free_at = opt_int(ctx_now(ctx) + pace_span(ctx, rest < REST_MAX_MS ? rest : REST_MAX_MS));
}

/* --- what another process left --- */

static enum rc recover_one(struct ctx *ctx, const struct message *m, struct list *look) {
    static const struct delivery_outcome lost = { FATE_UNKNOWN, { "the process that sent it ended", 30 }, 0, false };
    if (message_state_of(m) == MESSAGE_SENDING)
        return delivery_record(ctx, m, &lost, STR_NONE);
    if (message_state_of(m) == MESSAGE_CLAIMED) {
        struct recording r = { ctx, m, NULL, MESSAGE_CLAIMED, STR_NONE };
        return put(&r, (struct message_move){ .to = MESSAGE_QUEUED });
    }
    if (m->next_at.v <= ctx_now(ctx))
        *(struct message *) list_add(ctx->arena, look, sizeof *m) = *m;
    return OK;
}

enum rc delivery_recover(const struct delivery *d, struct list *ret_look) {
    struct list open = { 0 };
    enum rc rc = mailbox_open_messages(d->ctx, d->mailbox_id, &open);
    const struct message *m = open.p;
    for (size_t i = 0; rc == OK && i < open.n; i++)
        rc = recover_one(d->ctx, &m[i], ret_look);
    return rc;
}

/* --- looking for what is uncertain --- */

struct looking {
    const struct delivery *d;
    struct str id, words;
    enum delivery_look look;
};

static enum rc not_found(const struct recording *r, const struct looking *w) {
    int64_t looks = r->m->looks.v + 1, now = ctx_now(r->ctx);
    struct message_move again = { .to = MESSAGE_UNCERTAIN, .reason = STR("not_found"), .detail = w->words,
                                  .looks = opt_int(looks) };
    if (looks < LOOKS) {
        again.next_at = opt_int(now + pace_span(r->ctx, look_ms[looks]));
        return put(r, again);
    }
    if (w->look == LOOK_NOT_THERE)
        return put(r, (struct message_move){ .to = MESSAGE_QUEUED, .reason = STR("not_found"), .detail = w->words,
                                             .next_at = opt_int(now), .looks = opt_int(looks) });
    return put(r, (struct message_move){ .to = MESSAGE_HELD, .reason = STR("no_copies"), .detail = w->words,
                                         .looks = opt_int(looks) });
}

static enum rc looked_work(struct ctx *ctx, void *arg) {
    const struct looking *w = arg;
    struct message m = { .id = STR_NONE };
    const struct delivery_outcome found = { FATE_SENT, w->words, 0, false };
    enum rc rc = message_get(ctx, w->id, &m);
    if (rc != OK || message_state_of(&m) != MESSAGE_UNCERTAIN)
        return rc;
    struct recording r = { ctx, &m, &found, MESSAGE_UNCERTAIN, STR_NONE };
    if (w->look == LOOK_FOUND)
        return sent(&r);
    if (w->look != LOOK_FAILED)
        return not_found(&r, w);
    return put(&r, (struct message_move){ .to = MESSAGE_UNCERTAIN, .reason = STR("cannot_look"), .detail = w->words,
                                          .next_at = opt_int(ctx_now(ctx) + pace_span(ctx, LOOK_AGAIN_MS)) });
}

enum rc delivery_looked(const struct delivery *d, const struct message *message, enum delivery_look look,
                        struct str words) {
    struct looking work = { d, message->id, words, look };
    return db_transact(d->ctx, looked_work, &work);
}

/* Of one that waits to be sent again too, or would have: nobody has its Message-ID but who got it. */
static bool can_be_proven(const struct message *m) {
    enum message_state state = message_state_of(m);
    bool is_again = m->dated_at.set
                    && (state == MESSAGE_QUEUED || state == MESSAGE_RETRY_WAIT || state == MESSAGE_CLAIMED
                        || state == MESSAGE_CANCELED);
    return is_again || state == MESSAGE_UNCERTAIN || state == MESSAGE_HELD;
}

/* Whoever claims a message holds its lead meanwhile: what is read then stays so, and one that is
 * claimed is begun only if it is claimed still. */
static enum rc hold_message(struct ctx *ctx, struct str id, struct message *m) {
    struct lead_plan lead = { .id = STR_NONE };
    enum rc rc = message_get(ctx, id, m);
    if (rc == OK)
        rc = lead_plan_lock(ctx, m->lead_id, &lead);
    return rc == OK || rc == E_NOT_FOUND ? message_get(ctx, id, m) : rc;
}

enum rc delivery_proven(struct ctx *ctx, struct str message_id) {
    static const struct delivery_outcome named = { FATE_SENT, { "something that came back names it", 33 }, 0, false };
    struct message m = { .id = STR_NONE };
    enum rc rc = hold_message(ctx, message_id, &m);
    if (rc != OK || !can_be_proven(&m))
        return rc;
    struct recording r = { ctx, &m, &named, message_state_of(&m), STR_NONE };
    rc = sent(&r);
    if (rc == E_CONFLICT) { /* somebody else found out just now */
        ctx_clear_error(ctx);
        rc = OK;
    }
    return rc;
}

/* --- people --- */

struct deciding {
    struct str id;
    enum delivery_decision decision;
    struct message *message;
};

static enum rc decide_work(struct ctx *ctx, void *arg) {
    const struct deciding *w = arg;
    static const struct delivery_outcome told = { FATE_SENT, { "somebody said that it arrived", 29 }, 0, false };
    struct message m = { .id = STR_NONE };
    enum rc rc = message_get(ctx, w->id, &m);
    if (rc != OK)
        return rc;
    enum message_state state = message_state_of(&m);
    if (state != MESSAGE_UNCERTAIN && state != MESSAGE_HELD)
        return problem(ctx, E_CONFLICT, "conflict", "The message is %.*s: there is nothing to decide",
                       STR_FMT(m.state));
    struct recording r = { ctx, &m, &told, state, STR_NONE };
    struct opt_int looks = opt_int(m.looks.v > 0 ? m.looks.v : 1); /* somebody has looked */
    if (w->decision == DECIDE_SENT)
        rc = sent(&r);
    else if (w->decision == DECIDE_RESEND)
        rc = put(&r, (struct message_move){ .to = MESSAGE_QUEUED, .reason = STR(DELIVERY_DECIDED),
                                            .next_at = opt_int(ctx_now(ctx)), .looks = looks });
    else
        rc = put(&r, (struct message_move){ .to = MESSAGE_CANCELED, .reason = STR(DELIVERY_DECIDED), .looks = looks });
    if (rc == OK && w->decision == DECIDE_RESEND)
        rc = mailbox_queue_wake(ctx, m.mailbox_id, ctx_now(ctx));
    if (rc == OK && w->decision == DECIDE_DROP)
        rc = finish(ctx, &m, STAGE_SKIPPED, NULL);
    return rc == OK ? message_get(ctx, w->id, w->message) : rc;
}

enum rc delivery_decide(struct ctx *ctx, struct str message_id, enum delivery_decision decision,
                        struct message *ret_message) {
    struct message m = { .id = STR_NONE };
    struct deciding work = { message_id, decision, &m };
    enum rc rc = db_transact(ctx, decide_work, &work);
    if (rc == OK)
        *ret_message = m;
    return rc;
}
