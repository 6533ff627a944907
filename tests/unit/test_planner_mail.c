/* Which emails the planner writes on a day: what the mailbox can send, and of that the share
 * of new leads. The day is a Friday. */
#include "sequence_world.h"

#include "sequence/planner.h"
#include "sequence/progress.h"
#include "store/mailbox_state.h"

#define MONDAY_9_MS INT64_C(1756717200000) /* 1 September 2025, 09:00 UTC */
#define DOCUMENT(settings)                                                                    \
    "{\"name\":\"Mail\",\"stages\":["                                                         \
    "{\"type\":\"email\",\"variants\":[{\"subject\":\"S\",\"text\":\"One\"}]},"                \
    "{\"type\":\"email\",\"variants\":[{\"text\":\"Two\"}]}],\"settings\":{" settings "}}"

static void plan_all(struct ctx *ctx) {
    int64_t n = 1;
    struct str account = ctx->account_id;
    ctx->account_id = STR_NONE;
    while (n)
        assert_ok(ctx, planner_step(ctx, 4, &n));
    ctx->account_id = account;
}

static int64_t count(struct ctx *ctx, const char *sql) {
    struct query *query = ARENA_NEW(ctx->arena, struct query);
    int64_t n = -1;
    *query = (struct query){ "count", sql, NULL };
    assert_ok(ctx, db_get_int(ctx, query, DB_NO_ARGS, &n));
    return n;
}
#define LEADS "SELECT count(*) FROM sequence_leads WHERE "

static void fill(struct world *w, const char *document, int leads) {
    world_sequence(w, document);
    for (int i = 0; i < leads; i++)
        (void) world_lead(w, arena_printf(w->ctx->arena, "l%d@x.example", i).p, "{}");
}

static void test_budget(void **state) {
    struct world w;
    world_start(state, &w);
    struct ctx *ctx = w.ctx;
    fill(&w, DOCUMENT("\"new_lead_share\":100"), 8); /* the mailbox sends 5 a day */
    plan_all(ctx);
    assert_int_equal(count(ctx, "SELECT count(*) FROM messages WHERE state = 'queued'"), 5);
    assert_int_equal(count(ctx, LEADS "status = 'active' AND waits_for = 'message'"), 5);
    assert_int_equal(count(ctx, LEADS "status = 'pending' AND waits_for = 'budget'"), 3);
    assert_int_equal(count(ctx, LEADS "next_at = 1756717200000"), 3);
    test_clock.ms = MONDAY_9_MS; /* what is queued still counts */
    plan_all(ctx);
    assert_int_equal(count(ctx, LEADS "waits_for = 'budget'"), 3);
    world_done(&w);
}

/* Follow-ups have what new leads leave, and come first. */
static void test_share(void **state) {
    struct world w;
    world_start(state, &w);
    struct ctx *ctx = w.ctx;
    fill(&w, DOCUMENT("\"new_lead_share\":30"), 8); /* 2 of 5 */
    plan_all(ctx);
    assert_int_equal(count(ctx, LEADS "waits_for = 'message'"), 2);
    assert_int_equal(count(ctx, LEADS "waits_for = 'share'"), 6);
    assert_ok(ctx, test_db_exec(ctx, "UPDATE messages SET state = 'sent', counted_at = next_at"));
    assert_ok(ctx, test_db_exec(ctx, "UPDATE sequence_leads SET waits_for = 'plan', next_at = 1756479256000, "
                                     "done_stage_id = stage_id, stage_id = NULL, due_at = NULL, urgency = 0 "
                                     "WHERE waits_for = 'message'"));
    plan_all(ctx);
    assert_int_equal(count(ctx, "SELECT count(*) FROM messages WHERE state = 'queued' AND refers_to IS NOT NULL"), 2);
    assert_int_equal(count(ctx, LEADS "waits_for = 'share'"), 6);
    world_done(&w);
}

/* A lead that was paused when it was too late does not get the message twice. */
static void test_taken_up(void **state) {
    struct world w;
    world_start(state, &w);
    struct ctx *ctx = w.ctx;
    fill(&w, DOCUMENT("\"track_opens\":false"), 1);
    plan_all(ctx);
    struct strs ids;
    assert_ok(ctx, leads_of_address(ctx, STR("l0@x.example"), &ids));
    assert_ok(ctx, test_db_exec(ctx, "UPDATE messages SET state = 'sending'"));
    assert_ok(ctx, lead_pause(ctx, ids.p[0], STR("manual"), (struct opt_int){ 0 }));
    assert_ok(ctx, lead_resume(ctx, ids.p[0]));
    plan_all(ctx);
    assert_int_equal(count(ctx, LEADS "waits_for = 'message'"), 1);
    assert_int_equal(count(ctx, "SELECT count(*) FROM messages WHERE state = 'sending'"), 1);
    assert_ok(ctx, lead_pause(ctx, ids.p[0], STR("manual"), (struct opt_int){ 0 }));
    assert_ok(ctx, test_db_exec(ctx, "UPDATE messages SET state = 'queued'"));
    assert_ok(ctx, lead_remove(ctx, ids.p[0]));
    assert_int_equal(count(ctx, "SELECT count(*) FROM messages WHERE state = 'canceled'"), 1);
    world_done(&w);
}

/* What a lead lacks is its own matter: the others go on. */
static void test_cannot_be_written(void **state) {
    struct world w;
    world_start(state, &w);
    struct ctx *ctx = w.ctx;
    fill(&w, DOCUMENT("\"track_opens\":false"), 2);
    assert_ok(ctx, test_db_exec(ctx, "UPDATE sequence_leads SET email = NULL WHERE email = 'l0@x.example'"));
    plan_all(ctx);
    assert_int_equal(count(ctx, LEADS "status = 'errored' AND reason = 'no_address'"), 1);
    assert_int_equal(count(ctx, LEADS "waits_for = 'message'"), 1);
    world_done(&w);
}

struct resuming {
    struct world *w;
    struct db *db;
};

/* The planner runs while the mailbox is active already, which it cannot see yet. */
static enum rc resume_and_plan(struct ctx *ctx, void *arg) {
    const struct resuming *r = arg;
    struct ctx other = { .arena = ctx->arena, .clock = ctx->clock, .services = ctx->services };
    int64_t n = 0;
    enum rc rc = mailbox_event(ctx, r->w->mailbox.id, MAILBOX_RESUMED, STR_NONE);
    other.db = db_session_open(r->db);
    if (rc == OK)
        rc = planner_step(&other, 4, &n); /* plans */
    if (rc == OK)
        rc = planner_step(&other, 4, &n); /* begins */
    db_session_close(&other.db);
    return rc;
}

/* A lead that comes to its mail while its mailbox comes back is not left to wait for it. On
 * SQLite one of the two comes after the other. */
static void test_mailbox_comes_back(void **state) {
    struct world w;
    world_start(state, &w);
    struct ctx *ctx = w.ctx;
    struct resuming resuming = { &w, db_of(ctx->db) };
    fill(&w, DOCUMENT("\"new_lead_share\":100"), 2);
    assert_ok(ctx, mailbox_event(ctx, w.mailbox.id, MAILBOX_PAUSED, STR_NONE));
    if (db_engine(resuming.db) == DB_POSTGRES) {
        assert_ok(ctx, db_transact(ctx, resume_and_plan, &resuming));
    } else {
        plan_all(ctx);
        assert_int_equal(count(ctx, LEADS "waits_for = 'mailbox'"), 2);
        assert_ok(ctx, mailbox_event(ctx, w.mailbox.id, MAILBOX_RESUMED, STR_NONE));
    }
    plan_all(ctx);
    assert_int_equal(count(ctx, LEADS "waits_for = 'message'"), 2);
    world_done(&w);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        BOTH_ENGINES(test_budget),
        BOTH_ENGINES(test_share),
        BOTH_ENGINES(test_taken_up),
        BOTH_ENGINES(test_cannot_be_written),
        BOTH_ENGINES(test_mailbox_comes_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
