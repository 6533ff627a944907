/* What a label did is taken back with it, and only that: not what another reply holds as well, nor
 * what a person has decided before or since. On both engines. */
#include "leads.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#include "base/vec.h"
#include "json/reader.h"
#include "net/mime.h"
#include "sequence/reply_claims.h"
#include "sequence/reply_label.h"
#include "sequence/task_actions.h"
#include "sequence/workflow_edit.h"
#include "store/contacts.h"
#include "store/exclusions.h"

#define MESSAGE(lead)                                                                              \
    "INSERT INTO messages (account_id, id, lead_id, sequence_id, stage_id, user_id, mailbox_id, state, " \
    "message_id, priority, is_first, due_at, next_at, attempts, looks, opens, clicks, created_at, "  \
    "updated_at) SELECT id, 'm-" lead "', '" lead "', 's1', 'g1', 'u1', 'm1', 'sent', '" lead "@me', 1, 1, " \
    "1, 1, 1, 0, 0, 0, 1, 1 FROM accounts"

static struct ctx *begin(void **state, const char *settings) {
    struct ctx *ctx = leads_start(state);
    mime_start();
    LEADS_EXEC(ctx, MESSAGE("l1"), MESSAGE("l2"),
               "INSERT INTO account_settings (account_id, time_zone, recently_contacted_days, "
               "sequence_lead_limit) SELECT id, 'UTC', 30, 1000 FROM accounts",
               "UPDATE sequence_leads SET status = 'active'",
               arena_printf(ctx->arena, "UPDATE sequences SET settings = '%s'", settings).p);
    return ctx;
}

/* --- replies --- */

static const char *source = "";

static enum rc settle_work(struct ctx *ctx, void *arg) {
    struct stored_reply *r = arg;
    bool known;
    enum rc rc = reply_insert(ctx, r, str_of(source), &known);
    return rc == OK ? reply_label_settle(ctx, r, EVENT_KINDS) : rc;
}

static int made;

static struct str arrives(struct ctx *ctx, const char *lead, const char *label, const char *return_on) {
    test_clock.ms++;
    struct stored_reply r = { .kind = STR("person"), .matched_by = STR("in_reply_to"), .mailbox_id = STR("m1"),
                              .user_id = STR("u1"), .message_id = arena_printf(ctx->arena, "m-%s", lead),
                              .lead_id = str_of(lead), .sequence_id = STR("s1"), .stage_id = STR("g1"),
                              .contact_id = STR("c1"), .from_address = STR("ann@x.example"),
                              .subject = STR("Re: First"), .dated_at = opt_int(START_MS),
                              .label = str_of(label), .return_on = str_of(return_on),
                              .header_id = arena_printf(ctx->arena, "h%d@x.example", ++made) };
    assert_ok(ctx, db_transact(ctx, settle_work, &r));
    return r.id;
}

static struct stored_reply relabel_until(struct ctx *ctx, struct str id, const char *label, const char *return_on) {
    const struct reply_relabel relabel = { .label = str_of(label), .return_on = str_of(return_on) };
    struct stored_reply now;
    test_clock.ms++;
    assert_ok(ctx, reply_relabel(ctx, id, &relabel, &now));
    return now;
}

static void relabel(struct ctx *ctx, struct str id, const char *label) {
    (void) relabel_until(ctx, id, label, NULL);
}

static void assert_until(struct ctx *ctx, const char *lead, int64_t day) {
    assert_int_equal(lead_now(ctx, lead).paused_until.v, day * DAY_MS);
}

/* --- exclusions --- */

static struct str ann = { "ann@x.example", 13 };

static bool is_excluded(struct ctx *ctx) {
    struct strs found = { 0 };
    assert_ok(ctx, exclusions_among(ctx, EXCLUDED_EMAIL, (struct strs){ &ann, 1 }, &found));
    return found.n;
}

static void exclude_by_hand(struct ctx *ctx) {
    const struct new_exclusions added
        = { EXCLUDED_EMAIL, { &ann, 1 }, STR(EXCLUSION_OWN_SOURCE), .reason = STR("api") };
    struct strs results = { 0 };
    assert_ok(ctx, exclusions_add(ctx, &added, &results));
}

static void include_by_hand(struct ctx *ctx) {
    struct strs results = { 0 };
    assert_ok(ctx, exclusions_delete(ctx, EXCLUDED_EMAIL, (struct strs){ &ann, 1 }, &results));
}

/* --- leads --- */

static void test_two_replies(void **state) {
    struct ctx *ctx = begin(state, "{}");
    struct str first = arrives(ctx, "l1", "interested", NULL), second = arrives(ctx, "l1", "not_interested", NULL);
    assert_lead(ctx, "l1", "replied interested - -");
    (void) relabel_until(ctx, first, "ooo", "1970-01-08");
    assert_lead(ctx, "l1", "replied not_interested - -"); /* the other one ended it as well */
    (void) relabel_until(ctx, second, "ooo", "1970-01-05");
    assert_lead(ctx, "l1", "paused out_of_office - pause");
    assert_until(ctx, "l1", 7);
    relabel(ctx, first, "interested");
    assert_lead(ctx, "l1", "replied interested - -");
    (void) relabel_until(ctx, first, "ooo", "1970-01-03");
    assert_until(ctx, "l1", 4); /* the second one's day */
}

static void test_two_absences(void **state) {
    struct ctx *ctx = begin(state, "{\"stop_on_reply\":false}");
    struct str longer = arrives(ctx, "l1", "ooo", "1970-01-20"), shorter = arrives(ctx, "l1", "ooo", "1970-01-10");
    assert_until(ctx, "l1", 19);
    relabel(ctx, longer, "interested");
    assert_lead(ctx, "l1", "paused out_of_office - pause");
    assert_until(ctx, "l1", 9);
    relabel(ctx, shorter, "interested");
    assert_lead(ctx, "l1", "pending - - plan");
}

/* What a note of absence means is the sequence's to say. */
static void test_absences_by_setting(void **state) {
    static const struct {
        const char *settings, *lead;
    } cases[] = {
        { "{\"out_of_office\":\"pause\"}", "paused out_of_office - pause" },
        { "{\"out_of_office\":\"stop\"}", "replied ooo - -" },
        { "{\"out_of_office\":\"ignore\"}", "active - - plan" },
    };
    struct ctx *ctx = begin(state, "{}");
    for (size_t i = 0; i < LENGTH(cases); i++) {
        LEADS_EXEC(ctx, "UPDATE sequence_leads SET status = 'active', reason = NULL, waits_for = 'plan', paused_until = NULL, ended_at = NULL",
                   "DELETE FROM reply_claims",
                   arena_printf(ctx->arena, "UPDATE sequences SET settings = '%s'", cases[i].settings).p);
        (void) arrives(ctx, "l1", "ooo", "1970-01-20");
        assert_lead(ctx, "l1", cases[i].lead);
    }
}

static void test_what_a_person_decides(void **state) {
    static const int64_t day = 30;
    struct ctx *ctx = begin(state, "{\"stop_on_reply\":false}");
    struct str id = arrives(ctx, "l1", "ooo", "1970-01-08");
    assert_ok(ctx, lead_pause(ctx, STR("l1"), STR("manual"), opt_int(day * DAY_MS)));
    relabel(ctx, id, "interested");
    assert_lead(ctx, "l1", "paused manual - pause");
    assert_until(ctx, "l1", day);
    id = arrives(ctx, "l2", "ooo", "1970-01-08");
    assert_ok(ctx, lead_remove(ctx, STR("l2")));
    relabel(ctx, id, "interested");
    assert_lead(ctx, "l2", "removed manual - -");
}

/* The pause that was resumed is no longer the reply's, so the next one is the person's. */
static void test_resumed_and_paused(void **state) {
    struct ctx *ctx = begin(state, "{\"stop_on_reply\":false}");
    struct str id = arrives(ctx, "l1", "ooo", "1970-01-08");
    assert_ok(ctx, lead_resume(ctx, STR("l1")));
    assert_ok(ctx, lead_pause(ctx, STR("l1"), STR("out_of_office"), (struct opt_int){ 0 }));
    relabel(ctx, id, "interested");
    assert_lead(ctx, "l1", "paused out_of_office - pause");
}

/* What was so before comes back, with its reason and day. */
static void test_what_was_before(void **state) {
    static const struct {
        const char *row, *expected;
    } cases[] = {
        { "status = 'paused', reason = 'manual', paused_until = 900000000000, waits_for = 'pause'",
          "paused manual - pause" },
        { "status = 'errored', reason = 'refused', waits_for = NULL, next_at = NULL", "errored refused - -" },
        { "status = 'completed', reason = NULL, waits_for = NULL, next_at = NULL", "completed - - -" },
        { "status = 'active', reason = NULL, done_stage_id = 'g1'", "active - - plan" },
    };
    struct ctx *ctx = begin(state, "{}");
    for (size_t i = 0; i < LENGTH(cases); i++) {
        LEADS_EXEC(ctx, "DELETE FROM reply_claims",
                   arena_printf(ctx->arena, "UPDATE sequence_leads SET %s WHERE id = 'l1'", cases[i].row).p);
        struct str id = arrives(ctx, "l1", "interested", NULL);
        assert_lead(ctx, "l1", "replied interested - -");
        LEADS_EXEC(ctx, "UPDATE sequences SET settings = '{\"stop_on_reply\":false}'");
        relabel(ctx, id, "not_interested");
        if (strcmp(lead_text_of(ctx, "l1"), cases[i].expected) != 0)
            fail_case("%s: %s", cases[i].row, lead_text_of(ctx, "l1"));
        LEADS_EXEC(ctx, "UPDATE sequences SET settings = '{}'");
    }
}

static void test_colleagues(void **state) {
    struct ctx *ctx = begin(state, "{\"stop_on_domain_reply\":true}");
    LEADS_EXEC(ctx, "UPDATE sequence_leads SET domain = 'x.example', email_domain = 'example.x.', email = 'bob@x.example' WHERE id = 'l2'");
    struct str id = arrives(ctx, "l1", "interested", NULL);
    assert_lead(ctx, "l2", "replied domain_reply - -");
    (void) relabel_until(ctx, id, "ooo", "1970-01-08");
    assert_lead(ctx, "l2", "pending - - plan");
    relabel(ctx, id, "interested");
    struct str own = arrives(ctx, "l2", "interested", NULL);
    (void) relabel_until(ctx, id, "ooo", "1970-01-08");
    assert_lead(ctx, "l2", "replied interested - -");
    assert_true(str_is_set(own));
}

/* --- exclusions --- */

static void test_two_refusals(void **state) {
    struct ctx *ctx = begin(state, "{}");
    struct str first = arrives(ctx, "l1", "hard_no", NULL), second = arrives(ctx, "l1", "hard_no", NULL);
    relabel(ctx, first, "interested");
    assert_true(is_excluded(ctx));
    relabel(ctx, second, "interested");
    assert_false(is_excluded(ctx));
}

static void test_excluded_by_hand(void **state) {
    struct ctx *ctx = begin(state, "{}");
    exclude_by_hand(ctx); /* before */
    struct str id = arrives(ctx, "l1", "hard_no", NULL);
    relabel(ctx, id, "interested");
    assert_true(is_excluded(ctx));
    include_by_hand(ctx);
    relabel(ctx, id, "hard_no");
    exclude_by_hand(ctx); /* since */
    relabel(ctx, id, "interested");
    assert_true(is_excluded(ctx));
    include_by_hand(ctx);
    relabel(ctx, id, "hard_no");
    include_by_hand(ctx);
    exclude_by_hand(ctx); /* taken back and decided anew */
    relabel(ctx, id, "interested");
    assert_true(is_excluded(ctx));
}

/* --- two at the same time --- */

struct refusal {
    struct db *db;
    struct str account_id, reply_id;
    pthread_t thread;
    _Atomic bool has_ended;
};

static enum rc refuse(struct ctx *ctx, void *arg) {
    struct refusal *r = arg;
    const struct claimant by = { ctx, r->reply_id, CLAIM_BY_LABEL };
    struct str result = STR_NONE;
    return reply_claim_exclusion(&by, EXCLUDED_EMAIL, ann, STR("reply"), &result);
}

static void *refuse_main(void *arg) {
    struct refusal *r = arg;
    struct ctx ctx = test_db_ctx(r->db);
    ctx.clock = &test_clock.clock;
    ctx.account_id = r->account_id;
    assert_ok(&ctx, db_transact(&ctx, refuse, r));
    test_db_ctx_done(&ctx);
    atomic_store(&r->has_ended, true);
    return NULL;
}

struct refusals {
    struct refusal first, second;
};

/* The first one's transaction stays open until the second one waits for it. */
static enum rc refuse_beside(struct ctx *ctx, void *arg) {
    static const struct query waiting
        = { "waiting", "SELECT 0",
            "SELECT count(*) FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY (pg_blocking_pids(pid))" };
    struct refusals *r = arg;
    int64_t n = 0;
    enum rc rc = refuse(ctx, &r->first);
    assert_int_equal(pthread_create(&r->second.thread, NULL, refuse_main, &r->second), 0);
    while (!n && !atomic_load(&r->second.has_ended)) {
        assert_ok(ctx, db_get_int(ctx, &waiting, DB_NO_ARGS, &n));
        sched_yield();
    }
    return rc;
}

static void test_refusals_at_the_same_time(void **state) {
    struct ctx *ctx = begin(state, "{}");
    struct refusals r = { .second = { .db = ((struct test_db *) *state)->db, .account_id = ctx->account_id } };
    r.first.reply_id = arrives(ctx, "l1", "interested", NULL);
    r.second.reply_id = arrives(ctx, "l2", "interested", NULL);
    assert_ok(ctx, db_transact(ctx, refuse_beside, &r));
    assert_int_equal(pthread_join(r.second.thread, NULL), 0);
    relabel(ctx, r.first.reply_id, "not_interested");
    assert_true(is_excluded(ctx));
    relabel(ctx, r.second.reply_id, "not_interested");
    assert_false(is_excluded(ctx));
}

/* --- in which order --- */

static enum rc claim_work(struct ctx *ctx, void *arg) {
    static const struct {
        enum claim_kind kind;
        const char *subject;
    } rows[] = { { CLAIM_DOMAIN, "x.example" }, { CLAIM_LEAD, "l2" }, { CLAIM_LEAD, "l1" } };
    for (size_t i = 0; i < LENGTH(rows); i++) {
        const struct reply_claim claim = { .kind = claim_kind_word(rows[i].kind), .subject = str_of(rows[i].subject),
                                           .reply_id = *(const struct str *) arg, .status = STR("replied"),
                                           .cause = claim_cause_word(CLAIM_BY_WORKFLOW) };
        test_clock.ms++;
        assert_ok(ctx, reply_claim_put(ctx, &claim));
    }
    return OK;
}

/* As leads are locked elsewhere: by id, whenever they were claimed. */
static void test_order_of_one_replys(void **state) {
    static const char *const expected[] = { "l1", "l1", "l2", "x.example" };
    struct ctx *ctx = begin(state, "{}");
    struct str id = arrives(ctx, "l1", "interested", NULL);
    struct list claims = { 0 };
    assert_ok(ctx, db_transact(ctx, claim_work, &id));
    assert_ok(ctx, reply_claims_of(ctx, id, &claims));
    const struct reply_claim *c = claims.p;
    assert_int_equal(claims.n, LENGTH(expected));
    for (size_t i = 0; i < claims.n; i++)
        assert_true(str_eq(c[i].subject, str_of(expected[i])));
}

/* --- workflows --- */

static void enable(struct ctx *ctx, const char *json) {
    struct workflow_definition definition;
    struct workflow flow;
    struct json_position at;
    json_t *root;
    assert_int_equal(json_parse(ctx->arena, str_of(json), &root, &at), OK);
    assert_ok(ctx, json_read_fields(ctx, &workflow_create_fields, root, STR(""), &definition));
    assert_ok(ctx, workflow_create(ctx, &definition, &flow));
    assert_ok(ctx, workflow_enable(ctx, flow.id, true, &flow));
}

static void test_workflows(void **state) {
    struct ctx *ctx = begin(state, "{}");
    enable(ctx, "{\"name\":\"Later\",\"labels\":[\"asked_to_circle_back_later\"],\"actions\":["
                "{\"type\":\"pause\",\"days\":5},{\"type\":\"exclude_email\"}]}");
    struct str id = arrives(ctx, "l1", "asked_to_circle_back_later", NULL);
    assert_lead(ctx, "l1", "paused workflow - pause");
    assert_true(is_excluded(ctx));
    relabel(ctx, id, "asked_to_circle_back_later"); /* confirmed */
    assert_lead(ctx, "l1", "paused workflow - pause");
    relabel(ctx, id, "interested");
    assert_lead(ctx, "l1", "replied interested - -");
    assert_false(is_excluded(ctx));
}

/* A workflow does not lift what another reply ended, nor shorten what a person said. */
static void test_workflows_of_several(void **state) {
    struct ctx *ctx = begin(state, "{}");
    enable(ctx, "{\"name\":\"Later\",\"labels\":[\"asked_to_circle_back_later\"],\"repeat\":\"every_time\","
                "\"actions\":[{\"type\":\"pause\",\"days\":5}]}");
    (void) arrives(ctx, "l1", "interested", NULL);
    (void) arrives(ctx, "l1", "asked_to_circle_back_later", NULL);
    assert_lead(ctx, "l1", "replied interested - -");
    LEADS_EXEC(ctx, "UPDATE sequences SET settings = '{\"stop_on_reply\":false}'");
    assert_ok(ctx, lead_pause(ctx, STR("l2"), STR("manual"), (struct opt_int){ 0 }));
    struct str id = arrives(ctx, "l2", "asked_to_circle_back_later", NULL);
    assert_lead(ctx, "l2", "paused manual - pause");
    relabel(ctx, id, "interested");
    assert_lead(ctx, "l2", "paused manual - pause");
}

/* --- what workflows made --- */

static struct services services;
static struct secrets *secrets;

static struct ctx *begin_made(void **state, const char *action) {
    struct ctx *ctx = begin(state, "{}");
    leads_secrets(ctx, &services, &secrets);
    LEADS_EXEC(ctx, LEADS_MAILBOX, LEADS_SECOND_SEQUENCE);
    enable(ctx, arena_printf(ctx->arena, "{\"name\":\"Made\",\"labels\":[\"introduction\"],\"actions\":[%s]}", action).p);
    return ctx;
}

#define MAKES_TASK "{\"type\":\"create_task\",\"subject\":\"Ring\"}"
#define ADDS_LEAD "{\"type\":\"add_to_sequence\",\"sequence_id\":\"s2\"}"
#define TASKS "SELECT count(*) FROM tasks WHERE subject = 'Ring' AND status = "
#define ADDED "SELECT count(*) FROM sequence_leads WHERE sequence_id = 's2' AND status = "

static struct str only_id(struct ctx *ctx, const struct query *query) {
    struct str id = STR_NONE;
    assert_ok(ctx, db_get_text(ctx, query, DB_NO_ARGS, &id));
    return id;
}

static struct str made_task(struct ctx *ctx) {
    static const struct query task = { "task", "SELECT id FROM tasks WHERE subject = 'Ring'", NULL };
    return only_id(ctx, &task);
}

static struct str added_lead(struct ctx *ctx) {
    static const struct query lead = { "lead", "SELECT id FROM sequence_leads WHERE sequence_id = 's2'", NULL };
    return only_id(ctx, &lead);
}

static void complete_task(struct ctx *ctx) {
    struct task task;
    assert_ok(ctx, task_complete(ctx, made_task(ctx), &(struct task_end){ .set_lead_to_completed = UNSET }, &task));
}

static void put_off_task(struct ctx *ctx) {
    struct task task;
    assert_ok(ctx, task_alter(ctx, made_task(ctx), &(struct task_changes){ .due_on = opt_int(START_MS + DAY_MS) }, &task));
}

static void do_stage(struct ctx *ctx) {
    LEADS_EXEC(ctx, "UPDATE sequence_leads SET done_stage_id = 'g9', status = 'active' WHERE sequence_id = 's2'");
}

static void pause_added(struct ctx *ctx) {
    assert_ok(ctx, lead_pause(ctx, added_lead(ctx), STR("manual"), (struct opt_int){ 0 }));
}

static void resume_added(struct ctx *ctx) {
    pause_added(ctx);
    assert_ok(ctx, lead_resume(ctx, added_lead(ctx)));
}

/* Tasks and leads that nobody has touched are lost with the label, and there again with it. */
static void test_what_workflows_made(void **state) {
    static const struct {
        const char *action;
        void (*touch)(struct ctx *);
        const char *first, *lost, *again; /* each counts one */
    } cases[] = {
        { MAKES_TASK, NULL, TASKS "'scheduled'", TASKS "'canceled'", TASKS "'scheduled'" },
        { MAKES_TASK, complete_task, TASKS "'scheduled'", TASKS "'completed'", TASKS "'scheduled'" },
        { ADDS_LEAD, NULL, ADDED "'pending'", ADDED "'removed' AND reason = 'relabeled'", ADDED "'pending'" },
        { ADDS_LEAD, do_stage, ADDED "'pending'", ADDED "'active'", ADDED "'active'" },
        { ADDS_LEAD, pause_added, ADDED "'pending'", ADDED "'paused'", ADDED "'paused'" },
        { ADDS_LEAD, resume_added, ADDED "'pending'", ADDED "'pending'", ADDED "'pending'" },
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct ctx *ctx = i ? &((struct test_db *) *state)->ctx : begin_made(state, cases[i].action);
        if (i) {
            LEADS_EXEC(ctx, "DELETE FROM workflows", "DELETE FROM workflow_runs", "DELETE FROM reply_claims",
                       "DELETE FROM messages", "DELETE FROM mailboxes", "DELETE FROM account_settings");
            leads_fill(ctx);
            LEADS_EXEC(ctx, MESSAGE("l1"), LEADS_MAILBOX, LEADS_SECOND_SEQUENCE);
            enable(ctx, arena_printf(ctx->arena, "{\"name\":\"Made\",\"labels\":[\"introduction\"],\"actions\":[%s]}",
                                     cases[i].action)
                            .p);
        }
        struct str id = arrives(ctx, "l1", "introduction", NULL);
        assert_int_equal(count_rows(ctx, cases[i].first), 1);
        test_clock.ms++;
        if (cases[i].touch)
            cases[i].touch(ctx);
        relabel(ctx, id, "interested");
        assert_int_equal(count_rows(ctx, cases[i].lost), 1);
        relabel(ctx, id, "introduction");
        assert_int_equal(count_rows(ctx, cases[i].again), 1);
    }
}

/* What a person has put off is theirs: with the label again there are two. */
static void test_a_task_that_was_put_off(void **state) {
    struct ctx *ctx = begin_made(state, MAKES_TASK);
    struct str id = arrives(ctx, "l1", "introduction", NULL);
    test_clock.ms++;
    put_off_task(ctx);
    relabel(ctx, id, "interested");
    assert_int_equal(count_rows(ctx, TASKS "'scheduled'"), 1);
    relabel(ctx, id, "introduction");
    assert_int_equal(count_rows(ctx, TASKS "'scheduled'"), 2);
}

/* A lead that two replies wanted goes with the second one; one that a person has touched, with neither. */
static void test_a_lead_that_two_replies_added(void **state) {
    struct ctx *ctx = begin_made(state, MAKES_TASK);
    enable(ctx, "{\"name\":\"Add\",\"labels\":[\"interested\"],\"repeat\":\"every_time\",\"actions\":[" ADDS_LEAD "]}");
    struct str first = arrives(ctx, "l1", "interested", NULL), second = arrives(ctx, "l1", "interested", NULL);
    assert_int_equal(count_rows(ctx, "SELECT count(*) FROM workflow_runs WHERE status = 'done'"), 2);
    relabel(ctx, first, "not_interested");
    assert_int_equal(count_rows(ctx, ADDED "'pending'"), 1);
    relabel(ctx, second, "not_interested");
    assert_int_equal(count_rows(ctx, ADDED "'removed' AND reason = 'relabeled'"), 1);
    relabel(ctx, first, "interested");
    relabel(ctx, second, "interested");
    relabel(ctx, second, "not_interested");
    assert_int_equal(count_rows(ctx, ADDED "'pending'"), 1);
    resume_added(ctx);
    relabel(ctx, second, "interested"); /* finds what is a person's now */
    assert_int_equal(count_rows(ctx, "SELECT count(*) FROM workflow_runs WHERE status = 'failed'"), 1);
    relabel(ctx, second, "not_interested");
    relabel(ctx, first, "not_interested");
    assert_int_equal(count_rows(ctx, ADDED "'pending'"), 1);
}

/* Who was replaced is there again, and who replaced them is not. */
static void test_who_was_replaced(void **state) {
#define JANE "SELECT count(*) FROM sequence_leads WHERE email = 'jane@example.com' AND status "
    struct ctx *ctx = begin_made(state, "{\"type\":\"exclude_email\"}");
    LEADS_EXEC(ctx, "UPDATE sequence_stages SET type = 'custom_task'");
    enable(ctx, "{\"name\":\"Replace\",\"labels\":[\"not_the_right_person\"],\"actions\":[{\"type\":\"replace_lead\"}]}");
    source = "From: Ann <ann@x.example>\r\nTo: ulla@me.example\r\nSubject: Re: First\r\n\r\n"
             "Please contact Jane Roe (jane@example.com), she handles this.\r\n";
    struct str id = arrives(ctx, "l1", "interested", NULL);
    for (int i = 0; i < 2; i++) {
        assert_lead(ctx, "l1", "replied interested - -");
        relabel(ctx, id, "not_the_right_person");
        assert_lead(ctx, "l1", "removed replaced - -");
        assert_int_equal(count_rows(ctx, JANE "IN ('pending', 'active')"), 1); /* at her first stage */
        relabel(ctx, id, "interested");
        assert_int_equal(count_rows(ctx, JANE "= 'removed'"), 1);
    }
    source = "";
}

/* Who is named twice has replaced them for as long as one of the replies says so. */
static void test_who_was_replaced_twice(void **state) {
    struct ctx *ctx = begin_made(state, "{\"type\":\"exclude_email\"}");
    LEADS_EXEC(ctx, "UPDATE sequence_stages SET type = 'custom_task'");
    enable(ctx, "{\"name\":\"Replace\",\"labels\":[\"not_the_right_person\"],\"repeat\":\"every_time\","
                "\"actions\":[{\"type\":\"replace_lead\"}]}");
    source = "From: Ann <ann@x.example>\r\nTo: ulla@me.example\r\nSubject: Re: First\r\n\r\n"
             "Please contact Jane Roe (jane@example.com), she handles this.\r\n";
    struct str ids[] = { arrives(ctx, "l1", "interested", NULL), arrives(ctx, "l1", "interested", NULL) };
    for (size_t i = 0; i < LENGTH(ids); i++)
        relabel(ctx, ids[i], "not_the_right_person");
    relabel(ctx, ids[0], "interested");
    assert_lead(ctx, "l1", "removed replaced - -");
    assert_int_equal(count_rows(ctx, JANE "IN ('pending', 'active')"), 1);
    relabel(ctx, ids[1], "interested");
    assert_lead(ctx, "l1", "replied interested - -");
    assert_int_equal(count_rows(ctx, JANE "= 'removed'"), 1);
    source = "";
}

/* A run counts as long as its reply has the label that it is about. */
static void test_there_and_back(void **state) {
#define RUNS "SELECT count(*) FROM workflow_runs r JOIN workflows w ON w.id = r.workflow_id WHERE w.name = "
    static const struct {
        const char *label, *name;
        int every, once, any, standing;
    } cases[] = {
        { "ooo", "a", 1, 1, 1, 3 },
        { "interested", "b", 1, 1, 2, 1 },
        { "ooo", "a", 2, 2, 3, 3 },
        { "ooo", "confirmed", 2, 2, 3, 3 },
    };
    struct ctx *ctx = begin(state, "{}");
#define FLOW(name, label, repeat)                                                                       \
    "{\"name\":\"" name "\",\"labels\":[\"" label "\"],\"repeat\":\"" repeat "\",\"actions\":[{\"type\":" \
    "\"create_task\",\"subject\":\"Look\"}]}"
    enable(ctx, FLOW("every", "ooo", "every_time"));
    enable(ctx, FLOW("once", "ooo", "once_per_lead"));
    enable(ctx, FLOW("any", "any", "once_per_lead"));
    struct str id = arrives(ctx, "l1", "ooo", NULL);
    for (size_t i = 0; i < LENGTH(cases); i++) {
        relabel(ctx, id, cases[i].label);
        assert_int_equal(count_rows(ctx, RUNS "'every'"), cases[i].every);
        assert_int_equal(count_rows(ctx, RUNS "'once'"), cases[i].once);
        assert_int_equal(count_rows(ctx, RUNS "'any'"), cases[i].any);
        assert_int_equal(count_rows(ctx, "SELECT count(*) FROM workflow_runs WHERE is_taken_back = 0"), cases[i].standing);
        assert_int_equal(count_rows(ctx, "SELECT count(*) FROM tasks WHERE subject = 'Look' AND status = 'scheduled'"),
                         cases[i].standing);
    }
    (void) arrives(ctx, "l1", "ooo", NULL); /* another reply: once is once */
    assert_int_equal(count_rows(ctx, RUNS "'every'"), 3);
    assert_int_equal(count_rows(ctx, RUNS "'once'"), 2);
    relabel(ctx, id, "interested"); /* "once" has never run for the lead, as it is now */
    (void) arrives(ctx, "l1", "ooo", NULL);
    assert_int_equal(count_rows(ctx, RUNS "'once'"), 3);
}

/* --- what the new label carries --- */

#define FROM_ANN                                                                             \
    "From: Ann <ann@x.example>\r\nTo: ulla@me.example\r\nDate: Thu, 01 Jan 1970 00:16:40 +0000\r\n" \
    "Subject: Re: First\r\n\r\n"

/* What nobody looked for when the reply came in; what a person says goes before the text. */
static void test_what_a_new_label_carries(void **state) {
    struct ctx *ctx = begin(state, "{}");
    source = FROM_ANN "Please contact Jane Roe (jane@example.com), she handles this.\r\n";
    struct stored_reply now = relabel_until(ctx, arrives(ctx, "l1", "interested", NULL), "not_the_right_person", NULL);
    assert_non_null(now.referred);
    assert_string_equal(arena_cstr(ctx->arena, now.referred->email), "jane@example.com");
    source = FROM_ANN "This is not a good time. Please get back to me in two weeks.\r\n";
    now = relabel_until(ctx, arrives(ctx, "l1", "interested", NULL), "asked_to_circle_back_later", NULL);
    assert_string_equal(arena_cstr(ctx->arena, now.follow_up_on), "1970-01-15");
    source = FROM_ANN "I am out of the office until 12 January 1970.\r\n";
    now = relabel_until(ctx, arrives(ctx, "l2", "interested", NULL), "ooo", NULL);
    assert_string_equal(arena_cstr(ctx->arena, now.return_on), "1970-01-13");
    assert_until(ctx, "l2", 12);
    now = relabel_until(ctx, arrives(ctx, "l2", "interested", NULL), "ooo", "1970-01-20");
    assert_string_equal(arena_cstr(ctx->arena, now.return_on), "1970-01-20");
    source = "";
}

/* --- removals --- */

static enum rc forget_work(struct ctx *ctx, void *arg) {
    return contacts_forget(ctx, *(const struct str *) arg, STR_NONE);
}

static void test_removal(void **state) {
    struct ctx *ctx = begin(state, "{}");
    leads_secrets(ctx, &services, &secrets);
    (void) arrives(ctx, "l1", "hard_no", NULL);
    assert_int_equal(count_rows(ctx, "SELECT count(*) FROM reply_claims WHERE subject = 'ann@x.example'"), 1);
    assert_ok(ctx, db_transact(ctx, forget_work, &ann));
    assert_int_equal(count_rows(ctx, "SELECT count(*) FROM reply_claims WHERE subject = 'ann@x.example'"), 0);
    assert_true(is_excluded(ctx));
    assert_int_equal(count_rows(ctx, "SELECT count(*) FROM replies WHERE header_id LIKE 'hidden:%'"), 1);
    assert_int_equal(count_rows(ctx, "SELECT count(*) FROM replies"), 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        BOTH_ENGINES(test_two_replies),
        BOTH_ENGINES(test_two_absences),
        BOTH_ENGINES(test_absences_by_setting),
        BOTH_ENGINES(test_what_a_person_decides),
        BOTH_ENGINES(test_resumed_and_paused),
        BOTH_ENGINES(test_what_was_before),
        BOTH_ENGINES(test_colleagues),
        BOTH_ENGINES(test_two_refusals),
        BOTH_ENGINES(test_excluded_by_hand),
        /* SQLite has one writer at a time */
        { "test_refusals_at_the_same_time (postgresql)", test_refusals_at_the_same_time, test_db_setup_pg,
          test_db_teardown, NULL },
        BOTH_ENGINES(test_order_of_one_replys),
        BOTH_ENGINES(test_workflows),
        BOTH_ENGINES(test_workflows_of_several),
        BOTH_ENGINES(test_what_workflows_made),
        BOTH_ENGINES(test_a_task_that_was_put_off),
        BOTH_ENGINES(test_a_lead_that_two_replies_added),
        BOTH_ENGINES(test_who_was_replaced),
        BOTH_ENGINES(test_who_was_replaced_twice),
        BOTH_ENGINES(test_there_and_back),
        BOTH_ENGINES(test_what_a_new_label_carries),
        BOTH_ENGINES(test_removal),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    secrets_free(&secrets);
    return failed;
}
