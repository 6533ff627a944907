/* Who is told of an event, in which order, and that only its holder says what came of it. */
#include "engagement.h"

#include <unistd.h>

#include "store/events.h"
#include "store/secrets.h"
#include "store/services.h"
#include "store/webhook_deliveries.h"
#include "store/webhook_queues.h"
#include "store/webhooks.h"

static struct services services = { .webhooks = { .addresses = { .allow_private = true } } };

static struct ctx *start(void **state) {
    struct ctx *ctx = engagement_start(state);
    struct secrets *secrets = NULL;
    const char *path = arena_printf(ctx->arena, "/tmp/outrider-webhooks-%d.key", (int) getpid()).p;
    assert_ok(ctx, secrets_load(ctx, path, &secrets));
    assert_int_equal(unlink(path), 0);
    services.secrets = secrets;
    ctx->services = &services;
    return ctx;
}

static void stop(struct ctx *ctx) {
    struct secrets *secrets = (struct secrets *) (uintptr_t) services.secrets;
    secrets_free(&secrets);
    services.secrets = NULL;
    ctx->services = NULL;
}

static struct webhook add(struct ctx *ctx, const char *activity, enum tri replied_only) {
    struct webhook made = { .id = STR_NONE };
    struct str one = str_of(activity);
    const struct webhook_settings settings = { .url = STR("http://x.example/"), .replied_only = replied_only,
                                               .activities = { &one, activity[0] ? 1 : 0 } };
    assert_ok(ctx, webhook_create(ctx, &settings, &made));
    return made;
}

static enum rc record_work(struct ctx *ctx, void *arg) {
    return event_record(ctx, arg);
}

static void record(struct ctx *ctx, struct event event) {
    assert_ok(ctx, db_transact(ctx, record_work, &event));
}

static size_t told(struct ctx *ctx, const struct webhook *w, const char *state) {
    const struct webhook_delivery_filter filter = { w->id, str_of(state) };
    struct page_of page = { 0 };
    assert_ok(ctx, webhook_deliveries_list(ctx, &filter, &(struct page){ .size = 100 }, &page));
    return page.items.n;
}

#define REPLY                                                                                     \
    "{\"from\":\"ann@x.example\",\"to\":[\"u@x.example\"],\"subject\":\"Re\",\"body\":\"Yes\",\"labels\":[\"interested\"]}"

static void test_who_wants_it(void **state) {
    struct ctx *ctx = start(state);
    struct webhook sent = add(ctx, "email_sent", NO), replies = add(ctx, "email_reply", NO);
    struct webhook in_reply_sequence = add(ctx, "reply_sequence_reply", NO), tasks = add(ctx, "task", NO);
    struct webhook linkedin = add(ctx, "linkedin", NO), replied = add(ctx, "email_sent", YES), calls = add(ctx, "call", NO);
    record(ctx, (struct event){ .kind = EVENT_EMAIL_SENT, .lead_id = STR("l1") });
    record(ctx, (struct event){ .kind = EVENT_TASK_COMPLETED, .type = STR("custom_task"), .lead_id = STR("l1") });
    record(ctx, (struct event){ .kind = EVENT_TASK_COMPLETED, .type = STR("linkedin_visit"), .lead_id = STR("l1") });
    record(ctx, (struct event){ .kind = EVENT_TASK_COMPLETED, .type = STR("phone_call"), .lead_id = STR("l1") });
    record(ctx, (struct event){ .kind = EVENT_TASK_COMPLETED, .type = STR("custom_task"), .user_id = STR("u1") });
    record(ctx, (struct event){ .kind = EVENT_EMAIL_OPENED, .lead_id = STR("l1") });
    assert_int_equal(told(ctx, &sent, "pending"), 1);
    assert_int_equal(told(ctx, &tasks, "pending"), 1);
    assert_int_equal(told(ctx, &linkedin, "pending"), 1);
    assert_int_equal(told(ctx, &calls, "pending"), 0);
    assert_int_equal(told(ctx, &replied, "pending"), 0);
    record(ctx, (struct event){ .kind = EVENT_EMAIL_REPLIED, .lead_id = STR("l1"), .data = STR(REPLY) });
    record(ctx, (struct event){ .kind = EVENT_EMAIL_SENT, .lead_id = STR("l1") });
    record(ctx, (struct event){ .kind = EVENT_EMAIL_SENT, .lead_id = STR("l2") });
    assert_int_equal(told(ctx, &replies, "pending"), 1);
    assert_int_equal(told(ctx, &replied, "pending"), 1); /* of l1, since it has replied */
    assert_int_equal(told(ctx, &sent, "pending"), 3);
    assert_ok(ctx, test_db_exec(ctx, "UPDATE sequences SET kind = 'reply_sequence'"));
    record(ctx, (struct event){ .kind = EVENT_EMAIL_REPLIED, .lead_id = STR("l1"), .data = STR(REPLY) });
    assert_int_equal(told(ctx, &replies, "pending"), 1);
    assert_int_equal(told(ctx, &in_reply_sequence, "pending"), 1);
    stop(ctx);
}

static enum rc disable_gone(struct ctx *ctx, void *arg) {
    const struct webhook *w = arg;
    return webhook_disable(ctx, w->id, WEBHOOK_GONE);
}

static void test_disabled_ones(void **state) {
    struct ctx *ctx = start(state);
    struct webhook by_user = add(ctx, "email_sent", NO), gone = add(ctx, "email_sent", NO);
    const struct webhook_settings off = { .enabled = NO }, on = { .enabled = YES };
    int64_t n = 0;
    record(ctx, (struct event){ .kind = EVENT_EMAIL_SENT, .lead_id = STR("l1") });
    assert_ok(ctx, webhook_change(ctx, by_user.id, &off, &by_user));
    assert_ok(ctx, db_transact(ctx, disable_gone, &gone));
    record(ctx, (struct event){ .kind = EVENT_EMAIL_SENT, .lead_id = STR("l1") });
    assert_int_equal(told(ctx, &by_user, "failed"), 1); /* what waited; nothing since */
    assert_int_equal(told(ctx, &gone, "failed"), 2);    /* what came since is kept */
    assert_rc(ctx, webhook_deliveries_replay(ctx, gone.id, 0, &n), E_CONFLICT);
    ctx_clear_error(ctx);
    assert_ok(ctx, webhook_change(ctx, gone.id, &on, &gone));
    assert_ok(ctx, webhook_deliveries_replay(ctx, gone.id, 0, &n));
    assert_int_equal(n, 2);
    assert_int_equal(told(ctx, &gone, "pending"), 2);
    stop(ctx);
}

/* --- holders --- */

static struct list take(struct ctx *ctx, const char *owner, int64_t now, int64_t until) {
    const struct webhook_lease lease = { str_of(owner), now, until };
    struct list taken = { 0 };
    assert_ok(ctx, webhook_queues_take(ctx, &lease, 10, &taken));
    return taken;
}

static struct list due(struct ctx *ctx, const struct list *queues, int64_t now) {
    struct list found = { 0 };
    assert_ok(ctx, webhook_due_list(ctx, queues, now, 10, &found));
    return found;
}

static size_t put(struct ctx *ctx, const char *owner, const struct webhook_queue *q, const struct webhook_due *d,
                  const char *state, int64_t next_at) {
    const struct webhook_result result
        = { .account_id = d->account_id, .endpoint_id = d->endpoint_id, .id = d->id, .order_key = d->order_key,
            .fence = q->fence.v, .state = str_of(state), .attempts = 1, .tries = 1, .next_at = next_at,
            .at = START_MS, .duration = 1, .status = opt_int(204), .request_head = STR("POST /") };
    const struct webhook_record what = { str_of(owner), &result, 1, q, 1 };
    struct list mine = { 0 };
    assert_ok(ctx, webhook_record(ctx, &what, &mine));
    return mine.n;
}

static void test_only_the_holder_says_what_came_of_it(void **state) {
    struct ctx *ctx = start(state);
    struct webhook w = add(ctx, "email_sent", NO);
    record(ctx, (struct event){ .kind = EVENT_EMAIL_SENT, .lead_id = STR("l1") });
    int64_t now = START_MS;
    struct list first = take(ctx, "one", now, now + 100);
    assert_int_equal(first.n, 1);
    assert_int_equal(take(ctx, "two", now, now + 100).n, 0);
    struct list found = due(ctx, &first, now);
    assert_int_equal(found.n, 1);
    /* The lease is over and another has it: what the first one says comes too late. */
    struct list second = take(ctx, "two", now + 100, now + 200);
    assert_int_equal(second.n, 1);
    assert_int_equal(put(ctx, "one", first.p, found.p, "delivered", now), 0);
    assert_int_equal(told(ctx, &w, "pending"), 1);
    assert_int_equal(put(ctx, "two", second.p, found.p, "delivered", now), 1);
    assert_int_equal(told(ctx, &w, "delivered"), 1);
    /* Given back and taken by the first again: its old fence does not open. */
    assert_ok(ctx, webhook_queues_give_back(ctx, STR("two"), &second));
    record(ctx, (struct event){ .kind = EVENT_EMAIL_SENT, .lead_id = STR("l1") });
    struct list third = take(ctx, "one", now, now + 100);
    assert_int_equal(third.n, 1);
    found = due(ctx, &third, now);
    assert_int_equal(put(ctx, "one", first.p, found.p, "delivered", now), 0);
    assert_int_equal(put(ctx, "one", third.p, found.p, "delivered", now), 1);
    assert_int_equal(take(ctx, "three", now + 500, now + 600).n, 0); /* nothing is due */
    stop(ctx);
}

static void test_what_is_about_one_lead_waits(void **state) {
    struct ctx *ctx = start(state);
    (void) add(ctx, "email_sent", NO);
    for (int i = 0; i < 3; i++)
        record(ctx, (struct event){ .kind = EVENT_EMAIL_SENT, .lead_id = i == 1 ? STR("l2") : STR("l1") });
    struct list queues = take(ctx, "one", START_MS, START_MS + 100);
    struct list found = due(ctx, &queues, START_MS);
    const struct webhook_due *d = found.p;
    assert_int_equal(found.n, 3);
    assert_false(str_is_set(d[0].behind));
    assert_false(str_is_set(d[1].behind));
    assert_true(str_eq(d[2].behind, d[0].id));
    /* The first is tried again later, and the third with it; the second is another lead's. */
    assert_int_equal(put(ctx, "one", queues.p, &d[0], "pending", START_MS + 1000), 1);
    struct list now = due(ctx, &queues, START_MS);
    assert_int_equal(now.n, 1);
    assert_true(str_eq(((const struct webhook_due *) now.p)->id, d[1].id));
    /* One that comes later is due, but behind: it is put off as well. */
    record(ctx, (struct event){ .kind = EVENT_EMAIL_SENT, .lead_id = STR("l1") });
    now = due(ctx, &queues, START_MS);
    assert_int_equal(now.n, 2);
    const struct webhook_due *late = (const struct webhook_due *) now.p + 1;
    assert_true(str_eq(late->behind, d[2].id));
    assert_int_equal(late->blocked_until.v, START_MS + 1000);
    struct list put_off = { (void *) (uintptr_t) late, 1 };
    assert_ok(ctx, webhook_due_postpone(ctx, &put_off));
    assert_int_equal(due(ctx, &queues, START_MS).n, 1);
    assert_int_equal(due(ctx, &queues, START_MS + 1000).n, 4);
    stop(ctx);
}

static void test_old_ones_are_forgotten(void **state) {
    struct ctx *ctx = start(state);
    struct webhook w = add(ctx, "email_sent", NO);
    record(ctx, (struct event){ .kind = EVENT_EMAIL_SENT, .lead_id = STR("l1") });
    record(ctx, (struct event){ .kind = EVENT_EMAIL_SENT, .lead_id = STR("l2") });
    struct list queues = take(ctx, "one", START_MS, START_MS + 100), found = due(ctx, &queues, START_MS);
    assert_int_equal(put(ctx, "one", queues.p, found.p, "delivered", START_MS), 1);
    assert_ok(ctx, webhook_deliveries_prune(ctx, START_MS, 100));
    assert_int_equal(told(ctx, &w, "delivered"), 1);
    assert_ok(ctx, webhook_deliveries_prune(ctx, START_MS + 1000, 100));
    assert_int_equal(told(ctx, &w, "delivered"), 0);
    assert_int_equal(told(ctx, &w, "pending"), 1); /* what waits stays, however old */
    stop(ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        BOTH_ENGINES(test_who_wants_it),
        BOTH_ENGINES(test_disabled_ones),
        BOTH_ENGINES(test_only_the_holder_says_what_came_of_it),
        BOTH_ENGINES(test_what_is_about_one_lead_waits),
        BOTH_ENGINES(test_old_ones_are_forgotten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
