/* What befalls leads: each function on a lead in each state, on both engines. */
#include "leads.h"

#include "base/vec.h"
#include "store/exclusions.h"

#define OPEN_TASKS "SELECT count(*) FROM tasks WHERE status = 'scheduled'"

static void set_lead(struct ctx *ctx, const char *set) {
    assert_ok(ctx, test_db_exec(ctx, arena_printf(ctx->arena, "UPDATE sequence_leads SET %s WHERE id = 'l1'",
                                                  set).p));
}

static void finish(struct ctx *ctx, const char *stage, struct stage_outcome outcome) {
    assert_ok(ctx, lead_stage_finished(ctx, STR("l1"), str_of(stage), &outcome));
}

/* The lead waits for the task of its first stage, an hour after it was due. */
static void begin_first(struct ctx *ctx) {
    leads_fill(ctx);
    plan_all(ctx);
    assert_lead(ctx, "l1", "waiting_task - g1 task");
    test_clock.ms = START_MS + HOUR_MS;
}

static void test_stage_finished(void **state) {
    static const struct {
        const char *name;
        struct stage_outcome outcome;
        const char *lead;
        int64_t next_at; /* 0: never */
    } cases[] = {
        { "done", { STAGE_DONE, false, { NULL, 0 } }, "active - g2 delay",
          START_MS + HOUR_MS + DAY_MS },
        { "done late", { STAGE_DONE, true, { NULL, 0 } }, "active - g2 delay",
          START_MS + HOUR_MS + DAY_MS },
        { "skipped in time", { STAGE_SKIPPED, false, { NULL, 0 } }, "active - g2 delay",
          START_MS + DAY_MS },
        { "skipped late", { STAGE_SKIPPED, true, { NULL, 0 } }, "active - g2 delay",
          START_MS + HOUR_MS + DAY_MS },
        { "failed", { STAGE_FAILED, false, { "no_profile", 10 } }, "errored no_profile g1 -", 0 },
    };
    struct ctx *ctx = leads_start(state);
    for (size_t i = 0; i < LENGTH(cases); i++) {
        begin_first(ctx);
        finish(ctx, "g1", cases[i].outcome);
        plan_all(ctx);
        struct lead_plan lead = lead_now(ctx, "l1");
        if (strcmp(lead_text_of(ctx, "l1"), cases[i].lead) != 0
            || lead.next_at.set != (cases[i].next_at != 0) || lead.next_at.v != cases[i].next_at)
            fail_case("%s: %s at %lld", cases[i].name, lead_text_of(ctx, "l1"),
                      (long long) lead.next_at.v);
    }
}

/* Whoever tells late, or twice, changes nothing. */
static void test_stage_finished_once(void **state) {
    struct ctx *ctx = leads_start(state);
    begin_first(ctx);
    finish(ctx, "g2", (struct stage_outcome){ STAGE_DONE, false, STR_NONE });
    assert_lead(ctx, "l1", "waiting_task - g1 task");
    finish(ctx, "g1", (struct stage_outcome){ STAGE_DONE, false, STR_NONE });
    plan_all(ctx);
    int64_t next = lead_now(ctx, "l1").next_at.v;
    test_clock.ms += HOUR_MS;
    finish(ctx, "g1", (struct stage_outcome){ STAGE_DONE, false, STR_NONE });
    plan_all(ctx);
    assert_int_equal(lead_now(ctx, "l1").next_at.v, next);
    assert_ok(ctx, lead_end(ctx, STR("l1"), LEAD_REPLIED, STR_NONE));
    finish(ctx, "g2", (struct stage_outcome){ STAGE_FAILED, false, STR("x") });
    assert_lead(ctx, "l1", "replied - g2 -");
    assert_rc(ctx, lead_stage_finished(ctx, STR("nobody"), STR("g1"),
                                  &(struct stage_outcome){ STAGE_DONE, false, STR_NONE }),
              E_NOT_FOUND);
}

/* Every end from every state; what it does not befall stays. */
static void test_ends(void **state) {
    static const char *const befalls[][2] = {
        { "completed", "pending active waiting_task paused" },
        { "replied", "pending active waiting_task paused completed errored" },
        { "bounced", "pending active waiting_task paused completed errored" },
        { "unsubscribed", "pending active waiting_task paused completed replied bounced errored" },
        { "removed", "pending active waiting_task paused errored" },
        { "errored", "pending active waiting_task paused" },
    };
    struct ctx *ctx = leads_start(state);
    for (int to = LEAD_COMPLETED; to <= LEAD_ERRORED; to++)
        for (int from = LEAD_PENDING; from <= LEAD_ERRORED; from++) {
            begin_first(ctx);
            struct str before = enum_lead_statuses.values[from], after = enum_lead_statuses.values[to];
            set_lead(ctx, arena_printf(ctx->arena, "status = '%.*s', reason = 'before'", STR_FMT(before)).p);
            assert_ok(ctx, lead_end(ctx, STR("l1"), (enum lead_status) to, STR("after")));
            struct lead_plan lead = lead_now(ctx, "l1");
            struct str froms = str_of(befalls[to - LEAD_COMPLETED][1]), word;
            bool expected = false;
            while (str_word(&froms, &word))
                expected = expected || str_eq(word, before);
            int64_t open = count_rows(ctx, OPEN_TASKS " AND lead_id = 'l1'");
            if (str_eq(lead.reason, STR("after")) != expected
                || (expected && (!str_eq(lead.status, after) || lead.next_at.set || !lead.ended_at.set
                                 || open)))
                fail_case("%.*s -> %.*s: %.*s", STR_FMT(before), STR_FMT(after), STR_FMT(lead.status));
        }
}

static void test_everywhere(void **state) {
    struct ctx *ctx = leads_start(state);
    LEADS_EXEC(ctx, "UPDATE sequence_leads SET email = 'ann@x.example', sequence_id = 's2' WHERE id = 'l2'");
    assert_ok(ctx, leads_end_address(ctx, STR("ann@x.example"), LEAD_UNSUBSCRIBED, STR("link")));
    assert_lead(ctx, "l1", "unsubscribed link - -");
    assert_lead(ctx, "l2", "unsubscribed link - -");
    assert_int_equal(count_rows(ctx, "SELECT count(*) FROM events WHERE kind = 'lead_unsubscribed'"), 2);
}

/* --- pauses --- */

static void test_pause(void **state) {
    struct ctx *ctx = leads_start(state);
    begin_first(ctx);
    assert_ok(ctx, lead_pause(ctx, STR("l1"), STR("manual"), (struct opt_int){ 0 }));
    assert_lead(ctx, "l1", "paused manual g1 pause");
    assert_int_equal(count_rows(ctx, OPEN_TASKS " AND lead_id = 'l1'"), 0);
    test_clock.ms += 100 * DAY_MS;
    assert_int_equal(plan_all(ctx), 0);
    assert_ok(ctx, lead_resume(ctx, STR("l1")));
    assert_ok(ctx, lead_resume(ctx, STR("l1"))); /* asking twice is no mistake */
    plan_all(ctx);
    assert_lead(ctx, "l1", "waiting_task - g1 task");
    assert_int_equal(count_rows(ctx, OPEN_TASKS " AND lead_id = 'l1'"), 1);
}

static void test_pause_until(void **state) {
    struct ctx *ctx = leads_start(state);
    begin_first(ctx);
    assert_ok(ctx, lead_pause(ctx, STR("l1"), STR("out_of_office"), opt_int(test_clock.ms + DAY_MS)));
    test_clock.ms += DAY_MS - 1;
    assert_int_equal(plan_all(ctx), 0);
    assert_lead(ctx, "l1", "paused out_of_office g1 pause");
    test_clock.ms += 1;
    plan_all(ctx);
    assert_lead(ctx, "l1", "waiting_task - g1 task");
    assert_false(lead_now(ctx, "l1").paused_until.set);
}

/* Between two stages: the time that was planned stays when it is still to come. */
static void test_pause_keeps_times(void **state) {
    struct ctx *ctx = leads_start(state);
    begin_first(ctx);
    finish(ctx, "g1", (struct stage_outcome){ STAGE_DONE, false, STR_NONE });
    plan_all(ctx);
    int64_t due = lead_now(ctx, "l1").next_at.v;
    assert_ok(ctx, lead_pause(ctx, STR("l1"), STR("manual"), (struct opt_int){ 0 }));
    test_clock.ms += HOUR_MS;
    assert_ok(ctx, lead_resume(ctx, STR("l1")));
    plan_all(ctx);
    assert_lead(ctx, "l1", "active - g2 delay");
    assert_int_equal(lead_now(ctx, "l1").next_at.v, due);
}

/* What could not be taken back any more ends while the lead is paused. */
static void test_finished_while_paused(void **state) {
    struct ctx *ctx = leads_start(state);
    begin_first(ctx);
    assert_ok(ctx, lead_pause(ctx, STR("l1"), STR("manual"), opt_int(test_clock.ms + 3 * DAY_MS)));
    finish(ctx, "g1", (struct stage_outcome){ STAGE_DONE, false, STR_NONE });
    assert_lead(ctx, "l1", "paused manual - pause");
    test_clock.ms += 3 * DAY_MS;
    plan_all(ctx);
    assert_lead(ctx, "l1", "waiting_task - g2 task");
}

static void test_refused(void **state) {
    struct ctx *ctx = leads_start(state);
    assert_ok(ctx, lead_end(ctx, STR("l1"), LEAD_COMPLETED, STR_NONE));
    assert_rc(ctx, lead_pause(ctx, STR("l1"), STR("manual"), (struct opt_int){ 0 }), E_CONFLICT);
    assert_rc(ctx, lead_resume(ctx, STR("l1")), E_CONFLICT);
    assert_rc(ctx, lead_remove(ctx, STR("l1")), E_CONFLICT);
    assert_rc(ctx, lead_pause(ctx, STR("nobody"), STR("manual"), (struct opt_int){ 0 }), E_NOT_FOUND);
    ctx_clear_error(ctx);
    assert_ok(ctx, lead_remove(ctx, STR("l2")));
    assert_ok(ctx, lead_remove(ctx, STR("l2")));
    assert_lead(ctx, "l2", "removed manual - -");
}

/* --- retry --- */

static void exclude(struct ctx *ctx) {
    struct strs values = { 0 }, results;
    strs_add(ctx->arena, &values, STR("x.example"));
    const struct new_exclusions exclusions = { EXCLUDED_DOMAIN, values, STR("amplemarket"), .reason = STR("") };
    assert_ok(ctx, exclusions_add(ctx, &exclusions, &results));
}

static void test_retry(void **state) {
    static const struct {
        const char *lead, *sequence;
        bool excluded, ignores;
        enum rc rc;
        const char *after;
    } cases[] = {
        { "status = 'errored', reason = 'x', stage_id = 'g2', done_stage_id = 'g1', waits_for = NULL, "
          "next_at = NULL, ended_at = 5", "active", false, false, OK, "active - g2 plan" },
        { "status = 'removed', reason = 'manual', waits_for = NULL, next_at = NULL", "active", false,
          false, OK, "pending - - plan" },
        { "status = 'bounced', waits_for = NULL, next_at = NULL, done_stage_id = 'g1'", "active", false,
          false, OK, "active - - plan" },
        { "status = 'removed', reason = 'legal'", "active", false, false, E_CONFLICT, NULL },
        { "status = 'removed', reason = 'excluded_domain'", "active", true, false, E_CONFLICT, NULL },
        { "status = 'removed', reason = 'excluded_domain', waits_for = NULL", "active", true, true, OK,
          "pending - - plan" },
        { "status = 'removed', reason = 'sequence_archived'", "archived", false, false, E_CONFLICT, NULL },
        { "status = 'replied'", "active", false, false, E_CONFLICT, NULL },
        { "status = 'completed'", "active", false, false, E_CONFLICT, NULL },
        { "status = 'unsubscribed'", "active", false, false, E_CONFLICT, NULL },
        { "status = 'active', waits_for = 'task'", "active", false, false, OK, "active - - task" },
    };
    struct ctx *ctx = leads_start(state);
    for (size_t i = 0; i < LENGTH(cases); i++) {
        leads_fill(ctx);
        set_lead(ctx, cases[i].lead);
        LEADS_EXEC(ctx, arena_printf(ctx->arena, "UPDATE sequences SET status = '%s'", cases[i].sequence).p);
        if (cases[i].excluded)
            exclude(ctx);
        const struct lead_retry retry = { cases[i].ignores ? YES : UNSET };
        enum rc rc = lead_retry(ctx, STR("l1"), &retry);
        if (rc != cases[i].rc
            || (rc == OK && strcmp(lead_text_of(ctx, "l1"), cases[i].after) != 0))
            fail_case("%s: %s, %s", cases[i].lead, rc_name(rc), lead_text_of(ctx, "l1"));
        ctx_clear_error(ctx);
    }
}

/* --- exclusions --- */

struct remove_excluded_work {
    size_t removed;
};

static enum rc remove_excluded_work(struct ctx *ctx, void *arg) {
    struct remove_excluded_work *w = arg;
    struct str ids[] = { STR("l1"), STR("l2") };
    struct list leads = { 0 };
    enum rc rc = lead_plans_lock(ctx, (struct strs){ ids, LENGTH(ids) }, &leads);
    return rc == OK ? leads_remove_excluded(ctx, &leads, STR("excluded_domain"), &w->removed) : rc;
}

/* What a lead is when it is locked decides: somebody may have let it go on since it was found. */
static void test_remove_excluded(void **state) {
    static const struct {
        const char *lead, *after;
        size_t removed;
    } cases[] = {
        { "status = 'active'", "removed excluded_domain - -", 2 },
        { "status = 'errored', waits_for = NULL, next_at = NULL", "removed excluded_domain - -", 2 },
        { "ignores_exclusions = 1", "pending - - plan", 1 },
        { "status = 'replied', waits_for = NULL, next_at = NULL", "replied - - -", 1 },
    };
    struct ctx *ctx = leads_start(state);
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct remove_excluded_work work = { 0 };
        leads_fill(ctx);
        set_lead(ctx, cases[i].lead);
        assert_ok(ctx, db_transact(ctx, remove_excluded_work, &work));
        if (work.removed != cases[i].removed || strcmp(lead_text_of(ctx, "l1"), cases[i].after) != 0)
            fail_case("%s: %zu removed, %s", cases[i].lead, work.removed, lead_text_of(ctx, "l1"));
        assert_lead(ctx, "l2", "removed excluded_domain - -");
        assert_int_equal(count_rows(ctx, "SELECT count(*) FROM events WHERE kind = 'lead_removed'"), work.removed);
    }
}

static void test_events(void **state) {
    static const char *const kinds[] = { "lead_paused", "lead_resumed", "lead_errored",
                                         "lead_retried", "lead_removed" };
    struct ctx *ctx = leads_start(state);
    assert_ok(ctx, lead_pause(ctx, STR("l1"), STR("manual"), (struct opt_int){ 0 }));
    assert_ok(ctx, lead_resume(ctx, STR("l1")));
    assert_ok(ctx, lead_end(ctx, STR("l1"), LEAD_ERRORED, STR("x")));
    assert_ok(ctx, lead_retry(ctx, STR("l1"), &(struct lead_retry){ UNSET }));
    assert_ok(ctx, lead_remove(ctx, STR("l1")));
    for (size_t i = 0; i < LENGTH(kinds); i++)
        if (count_rows(ctx, arena_printf(ctx->arena, "SELECT count(*) FROM events WHERE lead_id = 'l1' "
                                                     "AND kind = '%s'", kinds[i]).p) != 1)
            fail_case("%s", kinds[i]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        BOTH_ENGINES(test_stage_finished),    BOTH_ENGINES(test_stage_finished_once),
        BOTH_ENGINES(test_ends),              BOTH_ENGINES(test_everywhere),
        BOTH_ENGINES(test_pause),             BOTH_ENGINES(test_pause_until),
        BOTH_ENGINES(test_pause_keeps_times), BOTH_ENGINES(test_finished_while_paused),
        BOTH_ENGINES(test_refused),           BOTH_ENGINES(test_retry),
        BOTH_ENGINES(test_remove_excluded),   BOTH_ENGINES(test_events),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
