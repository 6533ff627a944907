/* Tasks as rows: one open one for a lead's stage, which statuses follow which, what lists
 * filter, what a removal leaves. */
#include "engagement.h"

#include "base/clock.h"
#include "store/contacts.h"
#include "store/events.h"
#include "store/tasks.h"

#define assert_text(actual, expected) assert_string_equal(arena_cstr(ctx->arena, (actual)), (expected))

struct made {
    struct new_task task;
    struct str id;
};

static enum rc create_work(struct ctx *ctx, void *arg) {
    struct made *made = arg;
    return task_create(ctx, &made->task, &made->id);
}

static struct task make(struct ctx *ctx, struct new_task task) {
    struct made made = { task, STR_NONE };
    struct task found;
    assert_ok(ctx, db_transact(ctx, create_work, &made));
    assert_ok(ctx, task_get(ctx, made.id, &found));
    return found;
}

static struct new_task call_of(const char *lead) {
    return (struct new_task){ .type = STR("phone_call"), .due_at = START_MS + 5,
                              .priority = STR("high"), .lead_id = str_of(lead),
                              .stage_id = STR("g2"), .notes = STR("Ask for Zoë") };
}

static struct new_task by_hand(void) {
    return (struct new_task){ .user_id = STR("u2"), .type = STR("custom_task"),
                              .due_at = START_MS + 10, .subject = STR("Send a card") };
}

struct change {
    struct task task;
    struct task_change change;
};

static enum rc change_work(struct ctx *ctx, void *arg) {
    const struct change *c = arg;
    return task_set_status(ctx, &c->task, &c->change);
}

static enum rc change(struct ctx *ctx, const struct task *task, enum task_status from,
                      enum task_status to) {
    struct change c = { *task, { from, to, STR_NONE } };
    return db_transact(ctx, change_work, &c);
}

static enum rc cancel_work(struct ctx *ctx, void *arg) {
    return tasks_cancel_lead(ctx, *(struct str *) arg);
}

static size_t events_named(struct ctx *ctx, const char *lead, enum event_kind kind) {
    struct list events;
    size_t n = 0;
    assert_ok(ctx, events_of_lead(ctx, str_of(lead), &events));
    const struct recorded_event *e = events.p;
    for (size_t i = 0; i < events.n; i++)
        n += str_eq(e[i].kind, event_kind_name(kind));
    return n;
}

static void test_a_stage_has_one_open_task(void **state) {
    struct ctx *ctx = engagement_start(state);
    struct task first = make(ctx, call_of("l1")), again = make(ctx, call_of("l1"));
    assert_true(str_eq(first.id, again.id));
    assert_text(first.status, "scheduled");
    assert_text(first.user_id, "u1");
    assert_text(first.user_email, "ulla@me.example");
    assert_text(first.sequence_key, "s1");
    assert_text(first.sequence_name, "First");
    assert_text(first.contact->name, "Ann Aa");
    assert_text(first.contact->email, "ann@x.example");
    assert_int_equal(first.due_on.v, START_MS + 5);
    assert_false(first.finished_on.set);
    assert_int_equal(events_named(ctx, "l1", EVENT_TASK_CREATED), 1);
    assert_ok(ctx, change(ctx, &first, TASK_SCHEDULED, TASK_CANCELED));
    assert_false(str_eq(make(ctx, call_of("l1")).id, first.id));
}

static void test_no_task_for_a_lead_that_is_not_there(void **state) {
    struct ctx *ctx = engagement_start(state);
    struct made made = { call_of("nobody"), STR_NONE };
    assert_rc(ctx, db_transact(ctx, create_work, &made), E_NOT_FOUND);
}

static void test_a_status_changes_once(void **state) {
    static const struct {
        enum task_status from, to;
        enum rc rc;
    } cases[] = {
        { TASK_IN_PROGRESS, TASK_COMPLETED, E_CONFLICT }, { TASK_SCHEDULED, TASK_IN_PROGRESS, OK },
        { TASK_SCHEDULED, TASK_COMPLETED, E_CONFLICT },   { TASK_IN_PROGRESS, TASK_COMPLETED, OK },
        { TASK_SCHEDULED, TASK_SKIPPED, E_CONFLICT },
    };
    struct ctx *ctx = engagement_start(state);
    struct task task = make(ctx, call_of("l1"));
    for (size_t i = 0; i < LENGTH(cases); i++) {
        assert_rc(ctx, change(ctx, &task, cases[i].from, cases[i].to), cases[i].rc);
        ctx_clear_error(ctx);
    }
    assert_ok(ctx, task_get(ctx, task.id, &task));
    assert_text(task.status, "completed");
    assert_int_equal(task.finished_on.v, START_MS);
    assert_int_equal(events_named(ctx, "l1", EVENT_TASK_COMPLETED), 1);
}

static void test_linkedin_done_is_an_event_of_its_own(void **state) {
    struct ctx *ctx = engagement_start(state);
    struct new_task visit = call_of("l1");
    visit.type = STR("linkedin_visit");
    struct task task = make(ctx, visit);
    assert_ok(ctx, change(ctx, &task, TASK_SCHEDULED, TASK_COMPLETED));
    assert_int_equal(events_named(ctx, "l1", EVENT_TASK_COMPLETED), 1);
    assert_int_equal(events_named(ctx, "l1", EVENT_LINKEDIN_DONE), 1);
}

static void test_a_lead_that_leaves_cancels_its_tasks(void **state) {
    struct ctx *ctx = engagement_start(state);
    struct task gone = make(ctx, call_of("l1")), kept = make(ctx, call_of("l2"));
    struct str lead = STR("l1");
    assert_ok(ctx, db_transact(ctx, cancel_work, &lead));
    assert_ok(ctx, db_transact(ctx, cancel_work, &lead));
    assert_ok(ctx, task_get(ctx, gone.id, &gone));
    assert_ok(ctx, task_get(ctx, kept.id, &kept));
    assert_text(gone.status, "canceled");
    assert_text(kept.status, "scheduled");
    assert_int_equal(events_named(ctx, "l1", EVENT_TASK_CANCELED), 1);
}

static void record_open(struct ctx *ctx) {
    assert_ok(ctx, test_db_exec(ctx, "INSERT INTO events (account_id, id, kind, at, lead_id, data) "
                                     "SELECT id, 'e1', 'email_opened', 1, 'l1', '{}' FROM accounts"));
}

/* l1 is in Tokyo, l2's zone is unknown: the account's, UTC. It is 00:16 UTC, 09:16 in Tokyo. */
static void test_filters(void **state) {
#define HOURS(a, b) .contact_local_time_from = { (a), true }, .contact_local_time_to = { (b), true }
    static const struct {
        const char *what;
        struct task_filter filter;
        const char *found; /* c: the call of l1, d: that of l2, h: the one by hand */
    } cases[] = {
        { "all", { .automatic = UNSET }, "cdh" },
        { "user", { .user_id = { "u1", 2 } }, "cd" },
        { "other user", { .user_id = { "u2", 2 } }, "h" },
        { "type", { .type = { "custom_task", 11 } }, "h" },
        { "status", { .status = { "completed", 9 } }, "" },
        { "sequence", { .sequence_key = { "s1", 2 } }, "cd" },
        { "automatic", { .automatic = YES }, "" },
        { "manual", { .automatic = NO }, "cdh" },
        { "notes in another case", { .keyword = { "ZO\xc3\x8b", 4 } }, "cd" },
        { "name of the contact", { .keyword = { "ann", 3 } }, "c" },
        { "name of the sequence", { .keyword = { "FIRST", 5 } }, "cd" },
        { "subject", { .keyword = { "card", 4 } }, "h" },
        { "nothing", { .keyword = { "100%", 4 } }, "" },
        { "due before", { .due_before = { START_MS + 10, true } }, "cd" },
        { "due after", { .due_after = { START_MS + 10, true } }, "h" },
        { "contact", { .contact_id = { "c2", 2 } }, "d" },
        { "opens", { .message_opens = { 1, true } }, "c" },
        { "no opens asked", { .message_opens = { 0, true } }, "cdh" },
        { "morning", { .user_id = { "u1", 2 }, HOURS(9, 17) }, "c" },
        { "that hour", { HOURS(9, 9) }, "c" },
        { "night", { HOURS(0, 0) }, "dh" },
        { "over midnight", { HOURS(22, 3) }, "dh" },
        { "from", { .contact_local_time_from = { 1, true } }, "c" },
        { "to", { .contact_local_time_to = { 9, true } }, "cdh" },
    };
    struct ctx *ctx = engagement_start(state);
    struct task tasks[] = { make(ctx, call_of("l1")), make(ctx, call_of("l2")),
                            make(ctx, by_hand()) };
    record_open(ctx);
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct page_of page;
        char found[4] = "";
        assert_ok(ctx, tasks_list(ctx, &cases[i].filter, &(struct page){ .size = 10 }, &page));
        const struct task *t = page.items.p;
        for (size_t k = 0; k < page.items.n && k < 3; k++)
            for (size_t m = 0; m < 3; m++)
                if (str_eq(t[k].id, tasks[m].id))
                    found[k] = "cdh"[m];
        if (strcmp(found, cases[i].found) != 0)
            fail_case("%s: %s, not %s", cases[i].what, found, cases[i].found);
    }
}

static enum rc forget_work(struct ctx *ctx, void *arg) {
    (void) arg;
    return contacts_forget(ctx, STR("ann@x.example"), STR_NONE);
}

static void test_a_removal_empties_tasks(void **state) {
    struct ctx *ctx = engagement_start(state);
    struct task gone = make(ctx, call_of("l1")), kept = make(ctx, call_of("l2"));
    assert_ok(ctx, db_transact(ctx, forget_work, NULL));
    assert_ok(ctx, task_get(ctx, gone.id, &gone));
    assert_ok(ctx, task_get(ctx, kept.id, &kept));
    assert_text(gone.status, "canceled");
    assert_false(str_is_set(gone.notes));
    assert_null(gone.contact);
    assert_text(kept.status, "scheduled");
    assert_true(str_is_set(kept.notes));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        BOTH_ENGINES(test_a_stage_has_one_open_task),
        BOTH_ENGINES(test_no_task_for_a_lead_that_is_not_there),
        BOTH_ENGINES(test_a_status_changes_once),
        BOTH_ENGINES(test_linkedin_done_is_an_event_of_its_own),
        BOTH_ENGINES(test_a_lead_that_leaves_cancels_its_tasks),
        BOTH_ENGINES(test_filters),
        BOTH_ENGINES(test_a_removal_empties_tasks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
