/* What is true of a mailbox's queue and of a message whoever sends it, and whatever breaks
 * meanwhile: who holds the queue, how much is sent on a day, and what was in doubt. */
#include "sequence_world.h"

#include "base/clock.h"
#include "reply/inbound.h"
#include "sequence/delivery.h"
#include "sequence/inbox_message.h"
#include "sequence/planner.h"
#include "sequence/planner_private.h"
#include "sequence/progress.h"
#include "store/inboxes.h"
#include "store/mailbox_queues.h"

#define LEASE_MS QUEUE_LEASE_MS
#define DOCUMENT                                                                             \
    "{\"name\":\"Mail\",\"stages\":[{\"type\":\"email\",\"variants\":[{\"subject\":\"S\",\"text\":\"One\"}]}," \
    "{\"type\":\"email\",\"variants\":[{\"text\":\"Two\"}],\"delay_days\":90}],\"settings\":{\"new_lead_share\":100}}"

static void plan_all(struct ctx *ctx) {
    int64_t n = 1;
    struct str account = ctx->account_id;
    ctx->account_id = STR_NONE;
    while (n)
        assert_ok(ctx, planner_step(ctx, 10, &n));
    ctx->account_id = account;
}

static int64_t number(struct ctx *ctx, const char *sql) {
    struct query *query = ARENA_NEW(ctx->arena, struct query);
    int64_t n = -1;
    *query = (struct query){ "number", sql, NULL };
    assert_ok(ctx, db_get_int(ctx, query, DB_NO_ARGS, &n));
    return n;
}

static struct ctx *begin(void **state, struct world *w, int leads) {
    world_start(state, w);
    assert_ok(w->ctx, test_db_exec(w->ctx, "UPDATE mailboxes SET gap_min_s = 0, gap_max_s = 0"));
    world_sequence(w, DOCUMENT);
    for (int i = 0; i < leads; i++)
        (void) world_lead(w, arena_printf(w->ctx->arena, "l%d@x.example", i).p, "{}");
    plan_all(w->ctx);
    return w->ctx;
}

/* --- who holds it --- */

static struct queue_lease lease_of(struct ctx *ctx, const char *owner) {
    return (struct queue_lease){ str_of(owner), ctx_now(ctx), LEASE_MS };
}

static enum rc take(struct ctx *ctx, const char *owner, struct mailbox_queue *queue) {
    const struct queue_lease lease = lease_of(ctx, owner);
    enum rc rc = mailbox_queue_take(ctx, &lease, queue);
    ctx_clear_error(ctx);
    return rc;
}

static void renew(struct ctx *ctx, struct mailbox_queue *held, size_t n) {
    assert_ok(ctx, mailbox_queues_renew(ctx, &(struct list){ held, n }, ctx_now(ctx) + LEASE_MS));
}

static enum rc wake(struct ctx *ctx, void *arg) {
    return mailbox_queue_wake(ctx, *(const struct str *) arg, 0);
}

/* The connection breaks while the taking is committed: the server has done it, and nobody knows. */
static void test_taken_by_nobody(void **state) {
    struct world w;
    struct mailbox_queue held, lost, other;
    struct ctx *ctx = begin(state, &w, 1);
    world_mailbox(&w, "held@a.example", 0);
    assert_ok(ctx, db_transact(ctx, wake, &w.mailbox.id));
    assert_ok(ctx, take(ctx, "one", &held));
    assert_ok(ctx, take(ctx, "one", &lost));
    test_clock.ms += LEASE_MS - 1;
    renew(ctx, &held, 1);
    assert_int_equal(take(ctx, "other", &other), E_NOT_FOUND);
    test_clock.ms += 1;
    assert_ok(ctx, take(ctx, "other", &other));
    assert_true(str_eq(other.mailbox_id, lost.mailbox_id));
    world_done(&w);
}

static void test_renewed(void **state) {
    struct world w;
    struct mailbox_queue held, other;
    struct ctx *ctx = begin(state, &w, 1);
    assert_ok(ctx, take(ctx, "held", &held));
    for (int i = 0; i < 3; i++) {
        test_clock.ms += LEASE_MS - 1;
        renew(ctx, &held, 1);
        assert_int_equal(take(ctx, "other", &other), E_NOT_FOUND);
    }
    test_clock.ms += LEASE_MS;
    assert_ok(ctx, take(ctx, "other", &other));
    test_clock.ms += LEASE_MS - 1;
    renew(ctx, &held, 1); /* comes late: that extends nothing */
    test_clock.ms += 1;
    assert_ok(ctx, take(ctx, "third", &other));
    world_done(&w);
}

/* One step of whoever took the queue under that name. */
static struct delivery_step step_as(struct ctx *ctx, const struct mailbox_queue *queue, struct delivery_step step) {
    struct map zones = map_in(ctx->arena);
    const struct delivery d = { ctx, queue->owner, queue->mailbox_id, &zones, NULL };
    step.is_connected = true;
    assert_ok(ctx, delivery_step(&d, &step));
    planning_zones_close(&zones);
    return step;
}

static struct message send_all(struct ctx *ctx, const struct mailbox_queue *queue, enum fate fate, int *sent) {
    const struct delivery_outcome outcome = { fate, STR("said"), 0, false };
    struct delivery_step step = step_as(ctx, queue, (struct delivery_step){ .goes_on = true, .recovers = true });
    struct message last = { .id = STR_NONE };
    while (step.ret_has_next) {
        last = step.ret_next;
        ++*sent;
        step = step_as(ctx, queue, (struct delivery_step){ .done = &last, .outcome = &outcome, .goes_on = true });
    }
    return last;
}

/* --- how much is sent on a day --- */

/* The mailbox sends 3 a day. Whoever sends dies with every other message: it is on its way then. */
static void test_handed_over(void **state) {
    struct world w;
    struct mailbox_queue queue;
    struct ctx *ctx = begin(state, &w, 5);
    assert_ok(ctx, test_db_exec(ctx, "UPDATE mailboxes SET daily_email_limit = 3"));
    for (int i = 0; i < 5; i++) {
        const char *owner = arena_printf(ctx->arena, "o%d", i).p;
        if (take(ctx, owner, &queue) != OK)
            break;
        (void) step_as(ctx, &queue, (struct delivery_step){ .goes_on = true, .recovers = true });
        test_clock.ms += LEASE_MS;
    }
    assert_int_equal(number(ctx, "SELECT count(*) FROM messages WHERE counted_at IS NOT NULL"), 3);
    assert_int_equal(number(ctx, "SELECT count(*) FROM messages WHERE state = 'queued'"), 2);
    assert_int_equal(number(ctx, "SELECT count(*) FROM messages WHERE state = 'uncertain'"), 3);
    world_done(&w);
}

/* What was refused for the moment gives its place back. */
static void test_given_back(void **state) {
    struct world w;
    struct mailbox_queue queue;
    struct ctx *ctx = begin(state, &w, 5);
    int sent = 0;
    assert_ok(ctx, test_db_exec(ctx, "UPDATE mailboxes SET daily_email_limit = 3"));
    assert_ok(ctx, take(ctx, "one", &queue));
    (void) send_all(ctx, &queue, FATE_RETRY, &sent);
    assert_int_equal(sent, 5); /* each of them found a place */
    assert_int_equal(number(ctx, "SELECT count(*) FROM messages WHERE state = 'retry_wait'"), 5);
    test_clock.ms += HOUR_MS;
    assert_ok(ctx, take(ctx, "two", &queue));
    (void) send_all(ctx, &queue, FATE_SENT, &sent);
    assert_int_equal(sent, 5 + 3);
    test_clock.ms += 3 * DAY_MS; /* Monday has places again */
    assert_ok(ctx, take(ctx, "three", &queue));
    (void) send_all(ctx, &queue, FATE_SENT, &sent);
    assert_int_equal(sent, 5 + 5);
    world_done(&w);
}

/* The same day in another zone began at another time: 14:54 UTC is 23:54 in Tokyo. */
static void test_another_zone(void **state) {
    struct world w;
    struct mailbox_queue queue;
    struct ctx *ctx = begin(state, &w, 5);
    int sent = 0;
    assert_ok(ctx, test_db_exec(ctx, "UPDATE mailboxes SET daily_email_limit = 3"));
    assert_ok(ctx, test_db_exec(ctx, "UPDATE messages SET state = 'sent', counted_at = 1756422000000 " /* 23:00 UTC */
                                     "WHERE recipient < 'l2'"));
    assert_ok(ctx, take(ctx, "one", &queue));
    (void) step_as(ctx, &queue, (struct delivery_step){ .goes_on = true });
    assert_int_equal(number(ctx, "SELECT day_sent FROM mailbox_queues"), 1);
    assert_ok(ctx, test_db_exec(ctx, "UPDATE mailboxes SET time_zone = 'Asia/Tokyo'"));
    test_clock.ms += LEASE_MS;
    assert_ok(ctx, take(ctx, "two", &queue));
    (void) send_all(ctx, &queue, FATE_SENT, &sent);
    assert_int_equal(sent, 0);
    world_done(&w);
}

/* --- what was in doubt --- */

/* A message that was begun and is found nowhere: it waits to be sent once more. */
static struct message requeue(struct ctx *ctx, struct mailbox_queue *queue) {
    const struct delivery_outcome no_answer = { FATE_UNKNOWN, STR("no answer"), 0, false };
    struct map zones = map_in(ctx->arena);
    struct delivery_step step;
    assert_ok(ctx, take(ctx, "doubts", queue));
    step = step_as(ctx, queue, (struct delivery_step){ .goes_on = true });
    assert_true(step.ret_has_next);
    struct message m = step.ret_next;
    (void) step_as(ctx, queue, (struct delivery_step){ .done = &m, .outcome = &no_answer });
    const struct delivery d = { ctx, queue->owner, queue->mailbox_id, &zones, NULL };
    for (int i = 0; i < 3; i++) {
        test_clock.ms += HOUR_MS / 4;
        assert_ok(ctx, delivery_looked(&d, &m, LOOK_NOT_THERE, STR("not there")));
    }
    assert_ok(ctx, message_get(ctx, m.id, &m));
    assert_str(m.state, "queued");
    return m;
}

static enum rc prove(struct ctx *ctx, void *arg) {
    return delivery_proven(ctx, *(const struct str *) arg);
}

static const char *state_of(struct ctx *ctx, const struct message *m) {
    struct message now = { .id = STR_NONE };
    assert_ok(ctx, message_get(ctx, m->id, &now));
    return arena_cstr(ctx->arena, now.state);
}

/* What may have gone out keeps its place in the day, whatever becomes of it. */
static void test_doubt_counts(void **state) {
    static const char counted[] = "SELECT count(*) FROM messages WHERE counted_at IS NOT NULL";
    struct world w;
    struct mailbox_queue queue;
    struct ctx *ctx = begin(state, &w, 1);
    struct message m = requeue(ctx, &queue);
    assert_int_equal(number(ctx, counted), 1);
    int sent = 0;
    assert_ok(ctx, take(ctx, "again", &queue));
    (void) send_all(ctx, &queue, FATE_RETRY, &sent);
    assert_string_equal(state_of(ctx, &m), "retry_wait");
    assert_int_equal(number(ctx, counted), 1);
    assert_ok(ctx, db_transact(ctx, prove, &m.id));
    assert_string_equal(state_of(ctx, &m), "sent");
    assert_int_equal(number(ctx, counted), 1);
    world_done(&w);
}

/* Taken back before it was sent once more: what comes next is the same bytes, and still known to be
 * in doubt. */
static void test_canceled_after_doubt(void **state) {
    struct world w;
    struct mailbox_queue queue;
    struct ctx *ctx = begin(state, &w, 1);
    struct message before = requeue(ctx, &queue), after = { .id = STR_NONE };
    struct str source = STR_NONE, now = STR_NONE;
    assert_ok(ctx, message_source(ctx, before.id, &source));
    assert_ok(ctx, lead_pause(ctx, before.lead_id, STR("manual"), (struct opt_int){ 0 }));
    assert_string_equal(state_of(ctx, &before), "canceled");
    assert_ok(ctx, test_db_exec(ctx, "UPDATE sequence_variants SET plain = 'Other words'"));
    assert_ok(ctx, lead_resume(ctx, before.lead_id));
    test_clock.ms += 1;
    plan_all(ctx);
    assert_ok(ctx, message_get(ctx, before.id, &after));
    assert_str(after.state, "queued");
    assert_int_equal(after.dated_at.v, before.dated_at.v);
    assert_ok(ctx, message_source(ctx, before.id, &now));
    assert_true(str_eq(source, now));
    assert_true(number(ctx, "SELECT wake_at FROM mailbox_queues") <= ctx_now(ctx) + SECOND_MS);
    assert_ok(ctx, db_transact(ctx, prove, &before.id));
    assert_string_equal(state_of(ctx, &before), "sent");
    world_done(&w);
}

/* Somebody's answer comes in, as the mailbox's reader takes it. */
static void receive_answer(struct world *w, const struct message *m) {
    struct ctx *ctx = w->ctx;
    const struct inbox_lease lease = { STR("reader"), ctx_now(ctx), LEASE_MS };
    const struct inbox_place place = { lease.owner, STR("INBOX"), { opt_int(1), opt_int(2) } };
    struct inbox inbox;
    struct inbound in;
    enum inbox_interest interest = INBOX_OTHER;
    struct str source = arena_printf(ctx->arena, "From: %.*s\r\nSubject: Hello\r\nMessage-ID: <1@x.example>\r\n"
                                                 "In-Reply-To: <%.*s>\r\n\r\nYes.\r\n",
                                     STR_FMT(m->recipient), STR_FMT(m->message_id));
    inbound_read(ctx->arena, source, &in);
    assert_ok(ctx, inbox_interest(ctx, &w->mailbox, &in, &interest));
    assert_int_equal(interest, INBOX_THREAD);
    assert_ok(ctx, inbox_take(ctx, &lease, &inbox));
    assert_ok(ctx, inbox_receive(ctx, &w->mailbox, &in, source, &place));
}

/* Somebody answers it while the lead is paused: it is not sent once more. */
static void test_proven_after_it_was_canceled(void **state) {
    struct world w;
    struct mailbox_queue queue;
    struct ctx *ctx = begin(state, &w, 1);
    struct message m = requeue(ctx, &queue);
    assert_ok(ctx, lead_pause(ctx, m.lead_id, STR("manual"), (struct opt_int){ 0 }));
    assert_ok(ctx, db_transact(ctx, prove, &m.id));
    assert_string_equal(state_of(ctx, &m), "sent");
    assert_ok(ctx, lead_resume(ctx, m.lead_id));
    plan_all(ctx);
    assert_string_equal(state_of(ctx, &m), "sent");
    assert_int_equal(number(ctx, "SELECT count(*) FROM events WHERE kind = 'email_sent'"), 1);
    world_done(&w);
}

/* What proves it is found by its name when it comes in, and is an answer like any other. */
static void test_answered_after_it_was_canceled(void **state) {
    struct world w;
    struct mailbox_queue queue;
    struct ctx *ctx = begin(state, &w, 1);
    struct message m = requeue(ctx, &queue);
    assert_ok(ctx, lead_pause(ctx, m.lead_id, STR("manual"), (struct opt_int){ 0 }));
    receive_answer(&w, &m);
    assert_string_equal(state_of(ctx, &m), "sent");
    assert_int_equal(number(ctx, "SELECT count(*) FROM events WHERE kind = 'email_sent'"), 1);
    assert_int_equal(number(ctx, "SELECT count(*) FROM replies"), 1);
    world_done(&w);
}

/* One that was taken back before anybody saw it has not been sent, whoever says so. */
static void test_never_begun(void **state) {
    struct world w;
    struct ctx *ctx = begin(state, &w, 1);
    struct strs ids = { 0 };
    struct str id = STR_NONE;
    assert_ok(ctx, leads_of_address(ctx, STR("l0@x.example"), &ids));
    assert_ok(ctx, lead_pause(ctx, ids.p[0], STR("manual"), (struct opt_int){ 0 }));
    struct message m = { .id = STR_NONE };
    assert_ok(ctx, message_of_stage(ctx, ids.p[0], world_stage(&w, 0)->id, &m));
    id = m.id;
    assert_ok(ctx, db_transact(ctx, prove, &id));
    assert_string_equal(state_of(ctx, &m), "canceled");
    world_done(&w);
}

/* Somebody decides to let it be, after the lead had come to an end: who goes on with the lead goes
 * on behind it. */
static void test_let_be(void **state) {
    struct world w;
    struct mailbox_queue queue;
    struct ctx *ctx = begin(state, &w, 1);
    const struct delivery_outcome no_answer = { FATE_UNKNOWN, STR("no answer"), 0, false };
    assert_ok(ctx, take(ctx, "doubts", &queue));
    struct delivery_step step = step_as(ctx, &queue, (struct delivery_step){ .goes_on = true });
    struct message m = step.ret_next;
    (void) step_as(ctx, &queue, (struct delivery_step){ .done = &m, .outcome = &no_answer });
    assert_ok(ctx, lead_remove(ctx, m.lead_id));
    assert_ok(ctx, delivery_decide(ctx, m.id, DECIDE_DROP, &m));
    assert_str(m.state, "canceled");
    assert_ok(ctx, lead_retry(ctx, m.lead_id, &(struct lead_retry){ .ignore_exclusion_list = UNSET }));
    test_clock.ms += 1;
    plan_all(ctx);
    assert_string_equal(state_of(ctx, &m), "canceled");
    assert_int_equal(number(ctx, "SELECT count(*) FROM sequence_leads WHERE done_stage_id IS NOT NULL "
                                 "AND waits_for = 'delay'"), 1);
    world_done(&w);
}

/* The same of one that somebody wanted to be sent again, and that was taken back then. */
static void test_decided_then_canceled(void **state) {
    struct world w;
    struct mailbox_queue queue;
    struct ctx *ctx = begin(state, &w, 1);
    const struct delivery_outcome no_answer = { FATE_UNKNOWN, STR("no answer"), 0, false };
    assert_ok(ctx, take(ctx, "doubts", &queue));
    struct delivery_step step = step_as(ctx, &queue, (struct delivery_step){ .goes_on = true });
    struct message m = step.ret_next;
    (void) step_as(ctx, &queue, (struct delivery_step){ .done = &m, .outcome = &no_answer });
    assert_ok(ctx, delivery_decide(ctx, m.id, DECIDE_RESEND, &m));
    assert_str(m.state, "queued");
    int64_t dated_at = m.dated_at.v;
    assert_ok(ctx, lead_pause(ctx, m.lead_id, STR("manual"), (struct opt_int){ 0 }));
    assert_ok(ctx, lead_resume(ctx, m.lead_id));
    test_clock.ms += 1;
    plan_all(ctx);
    assert_ok(ctx, message_get(ctx, m.id, &m));
    assert_str(m.state, "queued");
    assert_int_equal(m.dated_at.v, dated_at);
    world_done(&w);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        BOTH_ENGINES(test_taken_by_nobody),
        BOTH_ENGINES(test_renewed),
        BOTH_ENGINES(test_handed_over),
        BOTH_ENGINES(test_given_back),
        BOTH_ENGINES(test_another_zone),
        BOTH_ENGINES(test_doubt_counts),
        BOTH_ENGINES(test_canceled_after_doubt),
        BOTH_ENGINES(test_proven_after_it_was_canceled),
        BOTH_ENGINES(test_answered_after_it_was_canceled),
        BOTH_ENGINES(test_never_begun),
        BOTH_ENGINES(test_let_be),
        BOTH_ENGINES(test_decided_then_canceled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
