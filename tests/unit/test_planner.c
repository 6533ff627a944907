/* When the planner begins what, and what a lead waits for until then. The clock begins on
 * Thursday, 1970-01-01, at 00:16:40 UTC. */
#include "leads.h"

#include "sequence/pace.h"
#include "store/sequences.h"
#include "store/services.h"

#define TASKS "SELECT count(*) FROM tasks"
#define MAILBOX(status, zone, hours)                                                          \
    "INSERT INTO mailboxes (account_id, id, user_id, email, email_provider, status, reason, auth, " \
    "smtp_host, smtp_port, smtp_security, smtp_user, imap_host, imap_port, imap_security, "   \
    "imap_user, secret_version, refresh_lease_until, aliases, time_zone, working_hours, "     \
    "daily_email_limit, ramp_start, ramp_step, gap_min_s, gap_max_s, auth_failures, created_at, " \
    "updated_at) SELECT id, 'm1', 'u1', 'ulla@me.example', 'other', '" status "', 'ready', "  \
    "'password', 'h', 1, 'tls', 'u', 'h', 1, 'tls', 'u', 1, 0, '[]', '" zone "', '" hours     \
    "', 50, 0, 0, 60, 60, 0, 1, 1 FROM accounts"
#define SETTINGS(json) "UPDATE sequences SET settings = '" json "'"

static void finish(struct ctx *ctx, const char *stage) {
    const struct stage_outcome done = { STAGE_DONE, false, STR_NONE };
    assert_ok(ctx, lead_stage_finished(ctx, STR("l1"), str_of(stage), &done));
}

/* A lead through all its stages: each begins at its time, not before, and once. */
static void test_all_stages(void **state) {
    struct ctx *ctx = leads_start(state);
    assert_int_equal(plan_all(ctx), 4); /* each lead is planned, then begun */
    assert_lead(ctx, "l1", "waiting_task - g1 task");
    assert_int_equal(count_rows(ctx, TASKS " WHERE stage_id = 'g1' AND status = 'scheduled' AND user_id = 'u1' "
                                          "AND due_at = 1000000"), 2);
    test_clock.ms += 5 * HOUR_MS;
    assert_int_equal(plan_all(ctx), 0);
    finish(ctx, "g1");
    plan_all(ctx);
    assert_lead(ctx, "l1", "active - g2 delay");
    test_clock.ms += DAY_MS - 1;
    assert_int_equal(plan_all(ctx), 0);
    test_clock.ms++;
    assert_int_equal(plan_all(ctx), 1);
    assert_lead(ctx, "l1", "waiting_task - g2 task");
    finish(ctx, "g2");
    test_clock.ms += 2 * HOUR_MS;
    plan_all(ctx); /* planned two hours late: due two hours after the end of the stage before */
    assert_lead(ctx, "l1", "waiting_task - g3 task");
    finish(ctx, "g3");
    plan_all(ctx);
    assert_lead(ctx, "l1", "completed - - -");
    assert_true(lead_now(ctx, "l1").ended_at.set);
    assert_int_equal(count_rows(ctx, TASKS " WHERE lead_id = 'l1'"), 3);
    assert_int_equal(count_rows(ctx, "SELECT count(*) FROM events WHERE kind = 'lead_completed' AND lead_id = 'l1'"), 1);
}

static void test_start(void **state) {
    struct ctx *ctx = leads_start(state);
    LEADS_EXEC(ctx, SETTINGS("{\"start_at\":\"1970-01-05T00:00:00Z\"}"));
    plan_all(ctx);
    assert_lead(ctx, "l1", "pending - g1 start");
    assert_int_equal(lead_now(ctx, "l1").next_at.v, 4 * DAY_MS);
    test_clock.ms = 4 * DAY_MS;
    plan_all(ctx);
    assert_lead(ctx, "l1", "waiting_task - g1 task");
}

static enum rc begin_work(struct ctx *ctx, void *arg) {
    (void) arg;
    return lead_plans_begin(ctx, STR("s1"));
}

/* A sequence that does not run keeps its leads from being looked at over and over. */
static void test_sequence_at_rest(void **state) {
    struct ctx *ctx = leads_start(state);
    LEADS_EXEC(ctx, "UPDATE sequences SET status = 'paused'");
    assert_int_equal(plan_all(ctx), 2);
    assert_lead(ctx, "l1", "pending - - sequence");
    test_clock.ms += DAY_MS;
    assert_int_equal(plan_all(ctx), 0);
    LEADS_EXEC(ctx, "UPDATE sequences SET status = 'active'");
    assert_ok(ctx, db_transact(ctx, begin_work, NULL));
    plan_all(ctx);
    assert_lead(ctx, "l1", "waiting_task - g1 task");
    assert_int_equal(count_rows(ctx, TASKS " WHERE due_at = 87400000"), 2);
}

static void test_excluded(void **state) {
    struct ctx *ctx = leads_start(state);
    LEADS_EXEC(ctx, "INSERT INTO exclusions (account_id, kind, value, source, excluded_reason, date_added) "
                    "SELECT id, 'email', 'ann@x.example', 'amplemarket', '', 1 FROM accounts",
               "INSERT INTO exclusions (account_id, kind, value, source, excluded_reason, date_added) "
               "SELECT id, 'domain', 'y.example', 'amplemarket', '', 1 FROM accounts",
               "UPDATE sequence_leads SET email = 'bob@mail.y.example' WHERE id = 'l2'");
    plan_all(ctx);
    assert_lead(ctx, "l1", "removed excluded_email g1 -");
    assert_lead(ctx, "l2", "removed excluded_domain g1 -");
    assert_int_equal(count_rows(ctx, TASKS), 0);
    assert_ok(ctx, lead_retry(ctx, STR("l1"), &(struct lead_retry){ YES }));
    plan_all(ctx);
    assert_lead(ctx, "l1", "waiting_task - g1 task");
}

/* High before low; of one priority those who have been written to come first. */
static void test_order(void **state) {
    static const struct {
        const char *priority, *done;
        int64_t urgency;
    } cases[] = { { "high", "'g1'", 1 }, { "high", "NULL", 2 }, { "normal", "'g1'", 3 },
                  { "normal", "NULL", 4 }, { "low", "'g1'", 5 }, { "low", "NULL", 6 } };
    struct ctx *ctx = leads_start(state);
    for (size_t i = 0; i < LENGTH(cases); i++) {
        int64_t n;
        leads_fill(ctx);
        LEADS_EXEC(ctx, arena_printf(ctx->arena, "UPDATE sequence_stages SET priority = '%s'",
                                     cases[i].priority).p,
                   arena_printf(ctx->arena, "UPDATE sequence_leads SET done_stage_id = %s", cases[i].done).p);
        assert_ok(ctx, planner_step(ctx, 10, &n));
        if (lead_now(ctx, "l1").urgency.v != cases[i].urgency)
            fail_case("%s, %s: %lld", cases[i].priority, cases[i].done,
                      (long long) lead_now(ctx, "l1").urgency.v);
    }
}

/* --- emails --- */

static void email_first(struct ctx *ctx, const char *mailbox) {
    leads_fill(ctx);
    LEADS_EXEC(ctx, "DELETE FROM mailboxes", mailbox,
               "UPDATE sequence_stages SET type = 'email', automatic = 1 WHERE id = 'g1'");
}

#define H(day, hour) ((day) * DAY_MS + (hour) * HOUR_MS)

struct first_work {
    struct lead_plan leads[5];
};

static enum rc first_in_transaction(struct ctx *ctx, void *arg) {
    struct first_work *w = arg;
    struct sequence s;
    enum rc rc = sequence_get(ctx, STR("s1"), &s);
    return rc == OK ? planner_first(ctx, &s, &(struct list){ w->leads, LENGTH(w->leads) }) : rc;
}

/* Where l1 would stand if it were added now, and after it somebody in Tokyo, its like, somebody in a
 * zone that does not exist and somebody in Tokyo whom nobody writes to. */
static struct first_work first_plans(struct ctx *ctx) {
    struct lead_plan lead = lead_now(ctx, "l1");
    const struct lead_plan added = { .mailbox_id = lead.mailbox_id, .time_zone = lead.time_zone };
    struct first_work w = { { added, added, added, added, added } };
    w.leads[1].time_zone = w.leads[4].time_zone = STR("Asia/Tokyo");
    w.leads[3].time_zone = STR("Mars/Olympus");
    w.leads[4].mailbox_id = STR_NONE;
    assert_ok(ctx, db_transact(ctx, first_in_transaction, &w));
    return w;
}

static bool same_place(const struct lead_plan *a, const struct lead_plan *b) {
    return str_eq(a->stage_id, b->stage_id) && str_eq(a->waits_for, b->waits_for) && a->due_at.v == b->due_at.v
           && a->next_at.v == b->next_at.v && a->urgency.v == b->urgency.v;
}

static void test_windows(void **state) {
    static const struct {
        const char *name, *mailbox, *settings, *lead;
        int64_t next_at;
    } cases[] = {
        { "the usual hours of the account's zone", MAILBOX("active", "UTC", "[]"), SETTINGS("{}"),
          "data = '{}'", H(0, 9) },
        { "the sequence's zone", MAILBOX("active", "UTC", "[]"),
          SETTINGS("{\"time_zone\":\"Asia/Tokyo\"}"), "data = '{}'", START_MS },
        { "the lead's zone", MAILBOX("active", "UTC", "[]"), SETTINGS("{\"time_zone\":\"UTC\"}"),
          "data = '{\"time_zone\":\"America/New_York\"}'", H(0, 14) },
        { "not the lead's zone", MAILBOX("active", "UTC", "[]"),
          SETTINGS("{\"lead_time_zone\":false}"),
          "data = '{\"time_zone\":\"America/New_York\"}'", H(0, 9) },
        { "a zone that does not exist", MAILBOX("active", "UTC", "[]"), SETTINGS("{}"),
          "data = '{\"time_zone\":\"Mars/Olympus\"}'", H(0, 9) },
        { "holidays and a weekend", MAILBOX("active", "UTC", "[]"),
          SETTINGS("{\"holidays\":[\"1970-01-01\",\"1970-01-02\"]}"), "data = '{}'", H(4, 9) },
        { "the mailbox's hours in its zone",
          MAILBOX("active", "Europe/Berlin", "[{\"day\":\"friday\",\"from\":\"13:00\",\"to\":\"14:00\"}]"),
          SETTINGS("{}"), "data = '{}'", H(1, 12) },
    };
    struct ctx *ctx = leads_start(state);
    for (size_t i = 0; i < LENGTH(cases); i++) {
        int64_t n;
        email_first(ctx, cases[i].mailbox);
        LEADS_EXEC(ctx, cases[i].settings,
                   arena_printf(ctx->arena, "UPDATE sequence_leads SET %s", cases[i].lead).p);
        struct first_work first = first_plans(ctx);
        assert_ok(ctx, planner_step(ctx, 10, &n));
        struct lead_plan lead = lead_now(ctx, "l1");
        if (!same_place(&first.leads[0], &lead) || !same_place(&first.leads[2], &lead))
            fail_case("%s: added, it would stand elsewhere", cases[i].name);
        bool waits = cases[i].next_at > START_MS;
        if (lead.next_at.v != cases[i].next_at || lead.due_at.v != START_MS
            || lead_waits_for(&lead, WAIT_WINDOW) != waits)
            fail_case("%s: %s at %lld", cases[i].name, lead_text_of(ctx, "l1"),
                      (long long) lead.next_at.v);
    }
}

/* Leads that are added together stand each where its own zone says. */
static void test_first_of_several(void **state) {
    struct ctx *ctx = leads_start(state);
    email_first(ctx, MAILBOX("active", "UTC", "[]"));
    struct first_work first = first_plans(ctx);
    assert_int_equal(first.leads[0].next_at.v, H(0, 9));
    assert_int_equal(first.leads[1].next_at.v, START_MS);
    assert_int_equal(first.leads[3].next_at.v, H(0, 9));
    assert_int_equal(first.leads[4].next_at.v, START_MS);
    LEADS_EXEC(ctx, SETTINGS("{\"lead_time_zone\":false}"));
    first = first_plans(ctx);
    for (size_t i = 0; i < LENGTH(first.leads); i++)
        assert_int_equal(first.leads[i].next_at.v, H(0, 9));
    email_first(ctx, MAILBOX("active", "Europe/Berlin", "[{\"day\":\"friday\",\"from\":\"13:00\",\"to\":\"14:00\"}]"));
    LEADS_EXEC(ctx, SETTINGS("{\"lead_time_zone\":false}"));
    first = first_plans(ctx);
    assert_int_equal(first.leads[3].next_at.v, H(1, 12));
    assert_int_equal(first.leads[4].next_at.v, H(0, 9)); /* no mailbox's hours */
    LEADS_EXEC(ctx, "DELETE FROM sequence_stages");
    first = first_plans(ctx);
    assert_true(lead_waits_for(&first.leads[0], WAIT_PLAN)); /* the planner ends it */
    assert_int_equal(first.leads[0].next_at.v, START_MS);
}

/* They are stored all the same, and the planner looks at those whose zone cannot be had. */
static void test_first_without_a_zone(void **state) {
    struct ctx *ctx = leads_start(state);
    email_first(ctx, MAILBOX("active", "UTC", "[]"));
    LEADS_EXEC(ctx, SETTINGS("{\"time_zone\":\"Mars/Base\"}"));
    struct first_work first = first_plans(ctx);
    for (size_t i = 0; i < LENGTH(first.leads); i++) {
        bool own = i == 1 || i == 4;
        assert_true(lead_waits_for(&first.leads[i], own ? WAIT_DELAY : WAIT_PLAN));
        assert_int_equal(str_is_set(first.leads[i].stage_id), own);
        assert_int_equal(first.leads[i].next_at.v, START_MS);
    }
    assert_int_equal(ctx->err.rc, OK);
}

static void test_mailbox_that_cannot_send(void **state) {
    struct ctx *ctx = leads_start(state);
    email_first(ctx, MAILBOX("needs_reconnection", "UTC", "[]"));
    test_clock.ms = H(0, 10);
    plan_all(ctx);
    assert_lead(ctx, "l1", "pending - g1 mailbox");
    assert_int_equal(lead_now(ctx, "l1").next_at.v, H(0, 10) + 15 * MINUTE_MS);
}

/* After an outage of days nothing goes out at once: the next window is waited for. */
static void test_late(void **state) {
    struct ctx *ctx = leads_start(state);
    email_first(ctx, MAILBOX("active", "UTC", "[]"));
    int64_t n;
    assert_ok(ctx, planner_step(ctx, 10, &n)); /* for Thursday, 09:00 */
    test_clock.ms = H(4, 10);
    assert_ok(ctx, planner_step(ctx, 10, &n));
    assert_lead(ctx, "l1", "pending - g1 late");
    assert_int_equal(lead_now(ctx, "l1").next_at.v, H(5, 9));
}

/* --- the clock of tests --- */

static void test_pace(void **state) {
    struct services services = { .sequence = { .clock_scale = 1000, .clock_since = START_MS } };
    struct ctx *ctx = leads_start(state);
    ctx->services = &services;
    assert_int_equal(pace_span(ctx, DAY_MS), DAY_MS / 1000);
    assert_int_equal(pace_calendar(ctx, START_MS + 5), START_MS + 5000);
    assert_int_equal(pace_instant(ctx, START_MS + 5001), START_MS + 6);
    assert_int_equal(pace_instant(ctx, INT64_MAX), INT64_MAX);
    plan_all(ctx);
    finish(ctx, "g1");
    plan_all(ctx);
    assert_int_equal(lead_now(ctx, "l1").next_at.v, START_MS + DAY_MS / 1000);
    email_first(ctx, MAILBOX("active", "UTC", "[]"));
    int64_t n;
    assert_ok(ctx, planner_step(ctx, 10, &n));
    assert_int_equal(lead_now(ctx, "l1").next_at.v, START_MS + (H(0, 9) - START_MS) / 1000);
    ctx->services = NULL;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        BOTH_ENGINES(test_all_stages),   BOTH_ENGINES(test_start),
        BOTH_ENGINES(test_sequence_at_rest), BOTH_ENGINES(test_excluded),
        BOTH_ENGINES(test_order),        BOTH_ENGINES(test_windows),
        BOTH_ENGINES(test_first_of_several), BOTH_ENGINES(test_first_without_a_zone),
        BOTH_ENGINES(test_mailbox_that_cannot_send), BOTH_ENGINES(test_late),
        BOTH_ENGINES(test_pace),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
