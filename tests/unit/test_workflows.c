/* Which replies start which workflows, in which order and how often; what each action does, what
 * its run says of it, and that one that fails keeps nothing else back. On both engines. */
#include "leads.h"

#include "base/vec.h"
#include "json/reader.h"
#include "sequence/workflow_edit.h"
#include "sequence/workflows.h"
#include "store/contacts.h"
#include "store/reply_addresses.h"
#include "store/webhooks.h"

#define LEAD_LIST                                                                             \
    "INSERT INTO lead_lists (account_id, id, name, type, status, owner_id, shared, visible, " \
    "reveal_phone_numbers, validate_email, enrich, total, created_at, updated_at) "           \
    "SELECT id, 'll', 'Later', 'email', 'enriched', 'u1', 0, 1, 0, 0, 0, 0, 1, 1 FROM accounts"

static void fill(struct ctx *ctx) {
    LEADS_EXEC(ctx, "DELETE FROM workflows", "DELETE FROM workflow_runs", "DELETE FROM replies",
               "DELETE FROM reply_sources", "DELETE FROM reply_addresses", "DELETE FROM mailboxes", "DELETE FROM lead_lists",
               "DELETE FROM lead_list_entries", "DELETE FROM account_settings");
    leads_fill(ctx);
    LEADS_EXEC(ctx, LEADS_MAILBOX, LEAD_LIST, "UPDATE sequence_stages SET type = 'custom_task'",
               "INSERT INTO account_settings (account_id, time_zone, recently_contacted_days, "
               "sequence_lead_limit) SELECT id, 'Europe/Berlin', 30, 1000 FROM accounts",
               "UPDATE sequence_leads SET status = 'active', data = "
               "'{\"first_name\":\"Ann\",\"company_name\":\"Bell\",\"company_domain\":\"x.example\"}'",
               LEADS_SECOND_SEQUENCE);
}

static struct services services;
static struct secrets *secrets;

static struct ctx *start(void **state) {
    struct ctx *ctx = account_start(state);
    leads_secrets(ctx, &services, &secrets);
    fill(ctx);
    return ctx;
}

/* --- workflows --- */

static enum rc create(struct ctx *ctx, const char *json, struct workflow *ret_workflow) {
    struct workflow_definition definition;
    struct json_position at;
    json_t *root;
    assert_int_equal(json_parse(ctx->arena, str_of(json), &root, &at), OK);
    enum rc rc = json_read_fields(ctx, &workflow_create_fields, root, STR(""), &definition);
    return rc == OK ? workflow_create(ctx, &definition, ret_workflow) : rc;
}

static struct str draft(struct ctx *ctx, const char *json) {
    struct workflow made;
    assert_ok(ctx, create(ctx, json, &made));
    return made.id;
}

static struct str enabled(struct ctx *ctx, const char *json) {
    struct workflow now;
    struct str id = draft(ctx, json);
    assert_ok(ctx, workflow_enable(ctx, id, true, &now));
    return id;
}

static struct list runs_of(struct ctx *ctx, struct str workflow_id) {
    const struct workflow_run_filter filter = { .workflow_id = workflow_id };
    struct page_of page;
    assert_ok(ctx, workflow_runs_list(ctx, &filter, &(struct page){ .size = 100 }, &page));
    return page.items;
}

static const struct workflow_run *only_run(struct ctx *ctx, struct str workflow_id) {
    struct list runs = runs_of(ctx, workflow_id);
    assert_int_equal(runs.n, 1);
    return runs.p;
}

static const struct workflow_step *only_step(struct ctx *ctx, struct str workflow_id) {
    const struct workflow_run *run = only_run(ctx, workflow_id);
    assert_int_equal(run->actions.n, 1);
    return run->actions.p;
}

#define assert_text(actual, expected) assert_string_equal(arena_cstr(ctx->arena, (actual)), (expected))

/* --- replies --- */

/* Stored, labelled and given to the workflows, as whoever labels replies does. */
static enum rc reply_work(struct ctx *ctx, void *arg) {
    struct stored_reply *r = arg;
    bool known;
    struct strs addresses = { 0 };
    enum rc rc = reply_insert(ctx, r, STR("source"), &known);
    if (r->referred)
        strs_add(ctx->arena, &addresses, r->referred->email);
    if (rc == OK)
        rc = reply_addresses_store(ctx, r->id, addresses);
    if (rc == OK)
        rc = reply_label_store(ctx, r);
    return rc == OK ? workflows_run(ctx, r) : rc;
}

static int replies_made;

/* What is absent in `with` is as usual. */
static struct stored_reply reply(struct ctx *ctx, struct stored_reply with) {
    struct stored_reply r = with;
    r.kind = str_is_set(with.kind) ? with.kind : STR("person");
    r.matched_by = STR("in_reply_to");
    r.mailbox_id = STR("m1");
    r.user_id = STR("u1");
    r.message_id = STR("message");
    r.stage_id = STR("g1");
    r.sequence_id = str_is_set(with.sequence_id) ? with.sequence_id : STR("s1");
    r.lead_id = str_is_set(with.lead_id) ? with.lead_id : STR("l1");
    r.contact_id = str_eq(r.lead_id, STR("l2")) ? STR("c2") : STR("c1");
    r.from_address = str_is_set(with.from_address) ? with.from_address : STR("ann@x.example");
    r.subject = STR("Re: First");
    r.dated_at = opt_int(START_MS);
    r.header_id = arena_printf(ctx->arena, "r%d@x.example", ++replies_made);
    assert_ok(ctx, db_transact(ctx, reply_work, &r));
    return r;
}
#define LABELED(word, ...) (struct stored_reply){ .label = STR(word), __VA_ARGS__ }

/* --- which replies --- */

#define TASK "\"actions\":[{\"type\":\"create_task\",\"subject\":\"Look\"}]"

static void test_matching(void **state) {
    static const struct {
        const char *labels, *conditions;
        struct stored_reply reply;
        bool later, expected;
    } cases[] = {
#define R(word, ...) { .label = { word, sizeof word - 1 }, __VA_ARGS__ }
#define TEXT(member, word) .member = { word, sizeof word - 1 }
        { "[\"ooo\"]", "{}", R("ooo"), false, true },
        { "[\"ooo\"]", "{}", R("interested"), false, false },
        { "[\"ooo\",\"interested\"]", "{}", R("interested"), false, true },
        { "[\"any\"]", "{}", R("hard_no"), false, true },
        { "[\"any\"]", "{}", { .label = { NULL, 0 } }, false, false },
        { "[\"unlabeled\"]", "{}", { .label = { NULL, 0 } }, false, true },
        { "[\"unlabeled\"]", "{}", R("ooo"), false, false },
        { "[\"any\"]", "{\"sequence_ids\":[\"s1\",\"s2\"]}", R("ooo", TEXT(sequence_id, "s2")), false, true },
        { "[\"any\"]", "{\"sequence_ids\":[\"s1\"]}", R("ooo", TEXT(sequence_id, "s2")), false, false },
        { "[\"any\"]", "{\"user_ids\":[\"u1\"]}", R("ooo", TEXT(user_id, "u1")), false, true },
        { "[\"any\"]", "{\"user_ids\":[\"u1\"]}", R("ooo", TEXT(user_id, "u9")), false, false },
        { "[\"any\"]", "{\"mailbox_ids\":[\"m1\"]}", R("ooo", TEXT(mailbox_id, "m2")), false, false },
        { "[\"any\"]", "{\"sender_domains\":[\"X.example\"]}", R("ooo", TEXT(from_address, "a@x.example")),
          false, true },
        { "[\"any\"]", "{\"sender_domains\":[\"x.example\"]}", R("ooo", TEXT(from_address, "a@mail.x.example")),
          false, true },
        { "[\"any\"]", "{\"sender_domains\":[\"x.example\"]}", R("ooo", TEXT(from_address, "a@yx.example")),
          false, false },
        { "[\"any\"]", "{\"sender_domains\":[\"x.example\"]}", { .label = { "ooo", 3 } }, false, false },
        { "[\"any\"]", "{\"text_contains\":[\"price\",\"caf\xc3\x89\"]}",
          R("ooo", TEXT(last_message, "The Caf\xc3\xa9 is closed")), false, true },
        { "[\"any\"]", "{\"text_contains\":[\"price\"]}",
          R("ooo", TEXT(last_message, "no"), TEXT(subject, "Re: PRICES")), false, true },
        { "[\"any\"]", "{\"text_contains\":[\"price\"]}", R("ooo", TEXT(last_message, "no")), false, false },
        { "[\"any\"]", "{\"first_reply\":true}", R("ooo"), false, true },
        { "[\"any\"]", "{\"first_reply\":true}", R("ooo"), true, false },
        { "[\"any\"]", "{\"first_reply\":false}", R("ooo"), true, true },
        { "[\"any\"]", "{\"first_reply\":true,\"user_ids\":[\"u1\"]}", R("ooo", TEXT(user_id, "u9")), false,
          false },
    };
    struct ctx *ctx = start(state);
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct workflow made;
        const char *json = arena_printf(ctx->arena, "{\"name\":\"w%zu\",\"labels\":%s,\"conditions\":%s," TASK "}",
                                        i, cases[i].labels, cases[i].conditions)
                               .p;
        LEADS_EXEC(ctx, "DELETE FROM workflows");
        assert_ok(ctx, create(ctx, json, &made));
        if (workflow_matches(ctx->arena, &made, &cases[i].reply, !cases[i].later) != cases[i].expected)
            fail_case("case %zu: %s %s", i, cases[i].labels, cases[i].conditions);
    }
}

static void test_drafts_and_deleted_ones_do_nothing(void **state) {
    struct ctx *ctx = start(state);
    struct workflow now;
    struct str a = draft(ctx, "{\"name\":\"a\",\"labels\":[\"any\"]," TASK "}");
    struct str b = enabled(ctx, "{\"name\":\"b\",\"labels\":[\"any\"]," TASK "}");
    struct str c = enabled(ctx, "{\"name\":\"c\",\"labels\":[\"any\"]," TASK "}");
    assert_ok(ctx, workflow_enable(ctx, b, false, &now));
    assert_text(now.status, "draft");
    assert_ok(ctx, workflow_remove(ctx, c));
    assert_rc(ctx, workflow_get(ctx, c, &now), E_NOT_FOUND);
    (void) reply(ctx, LABELED("ooo"));
    assert_int_equal(runs_of(ctx, a).n + runs_of(ctx, b).n + runs_of(ctx, c).n, 0);
}

static void test_order(void **state) {
    struct ctx *ctx = start(state);
    struct str ids[3];
    struct list all;
    for (int i = 0; i < 3; i++)
        ids[i] = enabled(ctx, arena_printf(ctx->arena, "{\"name\":\"w%d\",\"labels\":[\"any\"],\"actions\":"
                                                       "[{\"type\":\"create_task\",\"subject\":\"task %d\"}]}",
                                           i, i)
                                  .p);
    struct str turned[] = { ids[2], ids[0], ids[1] };
    assert_ok(ctx, workflows_reorder(ctx, (struct strs){ turned, 3 }, &all));
    assert_int_equal(all.n, 3);
    for (size_t i = 0; i < 3; i++) {
        assert_true(str_eq(((const struct workflow *) all.p)[i].id, turned[i]));
        assert_int_equal(((const struct workflow *) all.p)[i].position.v, i + 1);
    }
    struct str twice[] = { ids[0], ids[0], ids[1] };
    assert_rc(ctx, workflows_reorder(ctx, (struct strs){ turned, 2 }, &all), E_INVALID);
    assert_rc(ctx, workflows_reorder(ctx, (struct strs){ twice, 3 }, &all), E_INVALID);
    (void) reply(ctx, LABELED("ooo"));
    static const struct query subjects
        = { "subjects", "SELECT subject FROM tasks WHERE lead_id IS NULL ORDER BY id", NULL };
    struct db_rows *rows;
    assert_ok(ctx, db_query(ctx, &subjects, DB_NO_ARGS, &rows));
    const char *expected[] = { "task 2", "task 0", "task 1" };
    for (size_t i = 0; i < 3; i++) {
        assert_true(db_next(rows));
        assert_text(db_text(rows, 0), expected[i]);
    }
    assert_ok(ctx, db_rows_close(rows));
}

/* --- how often --- */

static enum rc again_work(struct ctx *ctx, void *arg) {
    return workflows_run(ctx, arg);
}

static void test_once_per_lead(void **state) {
    struct ctx *ctx = start(state);
    struct str id = enabled(ctx, "{\"name\":\"once\",\"labels\":[\"any\"]," TASK "}");
    (void) reply(ctx, LABELED("ooo"));
    (void) reply(ctx, LABELED("interested"));
    assert_int_equal(runs_of(ctx, id).n, 1);
    (void) reply(ctx, LABELED("ooo", .lead_id = STR("l2")));
    assert_int_equal(runs_of(ctx, id).n, 2);
    assert_int_equal(count_rows(ctx, "SELECT count(*) FROM tasks WHERE lead_id IS NULL"), 2);
}

static void test_every_time(void **state) {
    struct ctx *ctx = start(state);
    struct str id = enabled(ctx, "{\"name\":\"every\",\"repeat\":\"every_time\",\"labels\":[\"any\"]," TASK "}");
    struct stored_reply first = reply(ctx, LABELED("ooo"));
    assert_ok(ctx, db_transact(ctx, again_work, &first)); /* the same reply, labelled again */
    assert_int_equal(runs_of(ctx, id).n, 1);
    for (int i = 0; i < WORKFLOW_RUNS_A_DAY + 2; i++)
        (void) reply(ctx, LABELED("ooo"));
    assert_int_equal(runs_of(ctx, id).n, WORKFLOW_RUNS_A_DAY);
    test_clock.ms += DAY_MS + 1;
    (void) reply(ctx, LABELED("ooo"));
    assert_int_equal(runs_of(ctx, id).n, WORKFLOW_RUNS_A_DAY + 1);
}

static void test_first_reply(void **state) {
    struct ctx *ctx = start(state);
    struct str id = enabled(ctx, "{\"name\":\"first\",\"repeat\":\"every_time\",\"labels\":[\"any\"],"
                                 "\"conditions\":{\"first_reply\":true}," TASK "}");
    (void) reply(ctx, LABELED("ooo", .kind = STR("bounce")));
    assert_int_equal(runs_of(ctx, id).n, 1);
    (void) reply(ctx, LABELED("ooo")); /* a bounce is no reply */
    assert_int_equal(runs_of(ctx, id).n, 2);
    (void) reply(ctx, LABELED("ooo"));
    assert_int_equal(runs_of(ctx, id).n, 2);
}

/* --- actions --- */

#define ONE(action) "{\"name\":\"w\",\"labels\":[\"any\"],\"actions\":[" action "]}"

static struct referred_person jane = { .email = { "jane@x.example", 14 }, .first_name = { "Jane", 4 },
                                       .last_name = { "Roe", 3 } };

static void test_actions(void **state) {
    static const struct {
        const char *action, *input; /* input: a part of it */
        const char *check;          /* counts 1 when it was done */
        const char *error;          /* or a part of why not */
        struct stored_reply reply;
        const char *before; /* a statement, or NULL */
    } cases[] = {
        { "{\"type\":\"exclude_email\",\"reason\":\"asked\"}", "{\"email\":\"ann@x.example\"}",
          "SELECT count(*) FROM exclusions WHERE kind = 'email' AND value = 'ann@x.example' "
          "AND excluded_reason = 'asked'",
          NULL, R("hard_no"), NULL },
        { "{\"type\":\"exclude_domain\"}", "{\"domain\":\"x.example\"}",
          "SELECT count(*) FROM exclusions WHERE kind = 'domain' AND value = 'x.example' "
          "AND excluded_reason = 'workflow'",
          NULL, R("hard_no"), NULL },
        { "{\"type\":\"exclude_domain\"}", "gmail.com", "SELECT 1 - count(*) FROM exclusions", "Anybody",
          R("hard_no"), "UPDATE sequence_leads SET email = 'ann@gmail.com' WHERE id = 'l1'" },
        { "{\"type\":\"exclude_email\"}", "{}", "SELECT 1 - count(*) FROM exclusions", "no address",
          R("hard_no"), "UPDATE sequence_leads SET email = NULL WHERE id = 'l1'" },
        /* midnight in Berlin, which was an hour ahead in January 1970 */
        { "{\"type\":\"pause\",\"until\":\"return_date\"}", "1970-01-07T23:00:00Z",
          "SELECT count(*) FROM sequence_leads WHERE id = 'l1' AND status = 'paused' "
          "AND reason = 'workflow' AND paused_until = 601200000",
          NULL, R("ooo", TEXT(return_on, "1970-01-08")), NULL },
        { "{\"type\":\"pause\",\"until\":\"any_date\"}", "1970-01-07T23:00:00Z",
          "SELECT count(*) FROM sequence_leads WHERE id = 'l1' AND paused_until = 601200000", NULL,
          R("ooo", TEXT(follow_up_on, "1970-01-08")), NULL },
        { "{\"type\":\"pause\",\"until\":\"follow_up_date\"}", "null",
          "SELECT count(*) FROM sequence_leads WHERE id = 'l1' AND status = 'active'", "names no date",
          R("ooo", TEXT(return_on, "1970-01-08")), NULL },
        { "{\"type\":\"pause\",\"until\":\"return_date\"}", "null",
          "SELECT count(*) FROM sequence_leads WHERE id = 'l1' AND status = 'active'", "is over",
          R("ooo", TEXT(return_on, "1970-01-01")), NULL },
        { "{\"type\":\"pause\",\"until\":\"return_date\",\"days\":2}", "1970-01-03T00:16:40Z",
          "SELECT count(*) FROM sequence_leads WHERE id = 'l1' AND paused_until = 173800000", NULL,
          R("ooo"), NULL },
        { "{\"type\":\"pause\",\"days\":2}", "1970-01-03T00:16:40Z",
          "SELECT count(*) FROM sequence_leads WHERE id = 'l1' AND status = 'replied'", "come to an end",
          R("ooo"), "UPDATE sequence_leads SET status = 'replied' WHERE id = 'l1'" },
        { "{\"type\":\"create_task\",\"subject\":\"Call\",\"task_type\":\"phone_call\",\"priority\":\"high\","
          "\"notes\":\"soon\",\"days\":2}",
          "\"subject\":\"Call\"",
          "SELECT count(*) FROM tasks WHERE subject = 'Call' AND type = 'phone_call' AND user_id = 'u1' "
          "AND priority = 'high' AND notes = 'soon' AND contact_id = 'c1' AND due_at = 173800000",
          NULL, R("ooo"), NULL },
        { "{\"type\":\"create_task\",\"subject\":\"Call\"}", "\"user_id\":\"u1\"", "SELECT 1 - count(*) FROM tasks",
          "no such active user", R("ooo"), "UPDATE users SET status = 'revoked'" },
        { "{\"type\":\"add_to_sequence\",\"sequence_id\":\"s2\"}", "\"sequence_id\":\"s2\"",
          "SELECT count(*) FROM sequence_leads WHERE sequence_id = 's2' AND email = 'ann@x.example' "
          "AND contact_id = 'c1' AND mailbox_id = 'm1' AND user_id = 'u1'",
          NULL, R("ooo"), "UPDATE contacts SET last_contacted_at = 999999" },
        { "{\"type\":\"add_to_sequence\",\"sequence_id\":\"s1\"}", "ann@x.example",
          "SELECT count(*) FROM sequence_leads WHERE email = 'ann@x.example'", "in the sequence already",
          R("ooo"), NULL },
        { "{\"type\":\"add_to_sequence\",\"sequence_id\":\"s2\"}", "ann@x.example",
          "SELECT count(*) FROM sequence_leads WHERE email = 'ann@x.example'", "excluded", R("ooo"),
          "INSERT INTO exclusions (account_id, kind, value, source, excluded_reason, date_added) "
          "SELECT id, 'email', 'ann@x.example', 'amplemarket', 'api', 1 FROM accounts" },
        { "{\"type\":\"add_to_sequence\",\"sequence_id\":\"s2\"}", "ann@x.example",
          "SELECT count(*) FROM sequence_leads WHERE email = 'ann@x.example'", "takes no leads", R("ooo"),
          "UPDATE sequences SET status = 'archived' WHERE id = 's2'" },
        { "{\"type\":\"add_to_sequence\",\"sequence_id\":\"s2\",\"whom\":\"referred\"}", "jane@x.example",
          "SELECT count(*) FROM sequence_leads WHERE sequence_id = 's2' AND email = 'jane@x.example'", NULL,
          R("introduction", .referred = &jane), NULL },
        { "{\"type\":\"add_to_lead_list\",\"lead_list_id\":\"ll\"}", "\"lead_list_id\":\"ll\"",
          "SELECT count(*) FROM lead_list_entries WHERE lead_list_id = 'll' AND email = 'ann@x.example' "
          "AND first_name = 'Ann' AND company_domain = 'x.example'",
          NULL, R("ooo"), NULL },
        { "{\"type\":\"add_to_lead_list\",\"lead_list_id\":\"ll\",\"whom\":\"referred\"}", "jane@x.example",
          "SELECT count(*) FROM lead_list_entries WHERE email = 'jane@x.example' AND last_name = 'Roe'", NULL,
          R("ooo", .referred = &jane), NULL },
        { "{\"type\":\"add_to_lead_list\",\"lead_list_id\":\"ll\"}", "ann@x.example",
          "SELECT 1 - count(*) FROM lead_list_entries", "was canceled", R("ooo"),
          "UPDATE lead_lists SET status = 'canceled'" },
        { "{\"type\":\"replace_lead\"}", "jane@x.example",
          "SELECT count(*) FROM sequence_leads a JOIN sequence_leads b ON b.id = 'l1' "
          "AND b.status = 'removed' AND b.reason = 'replaced' WHERE a.email = 'jane@x.example' "
          "AND a.sequence_id = 's1' AND a.mailbox_id = 'm1' AND a.user_id = 'u1' AND a.data = "
          "'{\"first_name\":\"Jane\",\"last_name\":\"Roe\",\"company_name\":\"Bell\","
          "\"company_domain\":\"x.example\"}'",
          NULL, R("not_the_right_person", .referred = &jane), NULL },
        { "{\"type\":\"replace_lead\"}", "s1",
          "SELECT count(*) FROM sequence_leads WHERE id = 'l1' AND status = 'active'", "names no address",
          R("not_the_right_person"), NULL },
        { "{\"type\":\"replace_lead\"}", "jane@x.example",
          "SELECT count(*) FROM sequence_leads WHERE id = 'l1' AND status = 'active'", "excluded",
          R("not_the_right_person", .referred = &jane),
          "INSERT INTO exclusions (account_id, kind, value, source, excluded_reason, date_added) "
          "SELECT id, 'domain', 'x.example', 'amplemarket', 'api', 1 FROM accounts" },
    };
    struct ctx *ctx = start(state);
    for (size_t i = 0; i < LENGTH(cases); i++) {
        fill(ctx);
        struct str id = enabled(ctx, arena_printf(ctx->arena, ONE("%s"), cases[i].action).p);
        if (cases[i].before)
            assert_ok(ctx, test_db_exec(ctx, cases[i].before));
        (void) reply(ctx, cases[i].reply);
        const struct workflow_run *run = only_run(ctx, id);
        const struct workflow_step *step = only_step(ctx, id);
        bool failed = cases[i].error;
        if (!str_eq(step->status, failed ? STR("failed") : STR("done")) || !str_eq(run->status, step->status)
            || !str_contains(step->input, str_of(cases[i].input))
            || (failed && !str_contains(step->error, str_of(cases[i].error)))
            || (!failed && str_is_set(step->error)) || count_rows(ctx, cases[i].check) != 1)
            fail_case("case %zu, %s: %.*s, input %.*s, error %.*s, check %lld", i, cases[i].action,
                      STR_FMT(step->status), STR_FMT(step->input), STR_FMT(step->error),
                      (long long) count_rows(ctx, cases[i].check));
    }
}

static void test_what_fails_keeps_nothing_back(void **state) {
    struct ctx *ctx = start(state);
    struct str id = enabled(ctx, "{\"name\":\"w\",\"labels\":[\"any\"],\"actions\":["
                                 "{\"type\":\"exclude_email\"},"
                                 "{\"type\":\"replace_lead\"},"
                                 "{\"type\":\"create_task\",\"subject\":\"Look\"}]}");
    struct str next = enabled(ctx, "{\"name\":\"next\",\"labels\":[\"any\"]," TASK "}");
    (void) reply(ctx, LABELED("hard_no"));
    const struct workflow_run *run = only_run(ctx, id);
    const struct workflow_step *steps = run->actions.p;
    assert_int_equal(run->actions.n, 3);
    assert_text(run->status, "failed");
    assert_text(run->label, "hard_no");
    assert_text(steps[0].status, "done");
    assert_text(steps[0].output, "{\"result\":\"success\"}");
    assert_text(steps[1].status, "failed");
    assert_false(str_is_set(steps[1].output));
    assert_text(steps[2].status, "done");
    assert_text(only_run(ctx, next)->status, "done");
    assert_int_equal(count_rows(ctx, "SELECT count(*) FROM replies WHERE label = 'hard_no'"), 1);
}

/* --- what is refused --- */

static void test_refused(void **state) {
    static const struct {
        const char *json, *where, *code;
    } cases[] = {
        { "{\"labels\":[\"ooo\"]," TASK "}", "/name", "missing_field" },
        { "{\"name\":\" \",\"labels\":[\"ooo\"]," TASK "}", "/name", "unsupported_value" },
        { "{\"name\":\"w\"," TASK "}", "/labels", "missing_field" },
        { "{\"name\":\"w\",\"labels\":[]," TASK "}", "/labels", "unsupported_value" },
        { "{\"name\":\"w\",\"labels\":[\"maybe\"]," TASK "}", "/labels/0", "unsupported_value" },
        { "{\"name\":\"w\",\"labels\":[\"ooo\"],\"actions\":[]}", "/actions", "unsupported_value" },
        { ONE("{\"type\":\"dance\"}"), "/actions/0/type", "unsupported_value" },
        { ONE("{\"type\":\"pause\"}"), "/actions/0/until", "missing_field" },
        { ONE("{\"type\":\"pause\",\"days\":0}"), "/actions/0/days", "unsupported_value" },
        { ONE("{\"type\":\"pause\",\"days\":366}"), "/actions/0/days", "unsupported_value" },
        { ONE("{\"type\":\"pause\",\"until\":\"monday\"}"), "/actions/0/until", "unsupported_value" },
        { ONE("{\"type\":\"pause\",\"days\":2,\"subject\":\"x\"}"), "/actions/0/subject", "unsupported_value" },
        { ONE("{\"type\":\"exclude_email\",\"days\":2}"), "/actions/0/days", "unsupported_value" },
        { ONE("{\"type\":\"create_task\"}"), "/actions/0/subject", "missing_field" },
        { ONE("{\"type\":\"create_task\",\"subject\":\"x\",\"user_id\":\"u9\"}"), "/actions/0/user_id",
          "unsupported_value" },
        { ONE("{\"type\":\"add_to_sequence\"}"), "/actions/0/sequence_id", "missing_field" },
        { ONE("{\"type\":\"exclude_email\"},{\"type\":\"add_to_sequence\",\"sequence_id\":\"s9\"}"),
          "/actions/1/sequence_id", "unsupported_value" },
        { ONE("{\"type\":\"add_to_lead_list\",\"lead_list_id\":\"l9\"}"), "/actions/0/lead_list_id",
          "unsupported_value" },
        { ONE("{\"type\":\"add_to_lead_list\",\"lead_list_id\":\"ll\",\"whom\":\"me\"}"), "/actions/0/whom",
          "unsupported_value" },
        { ONE("{\"type\":\"replace_lead\",\"whom\":\"lead\"}"), "/actions/0/whom", "unsupported_value" },
        { "{\"name\":\"w\",\"labels\":[\"ooo\"],\"conditions\":{\"sequence_ids\":[\"s1\",\"s9\"]}," TASK "}",
          "/conditions/sequence_ids/1", "unsupported_value" },
        { "{\"name\":\"w\",\"labels\":[\"ooo\"],\"conditions\":{\"user_ids\":[\"u9\"]}," TASK "}",
          "/conditions/user_ids/0", "unsupported_value" },
        { "{\"name\":\"w\",\"labels\":[\"ooo\"],\"conditions\":{\"mailbox_ids\":[\"m9\"]}," TASK "}",
          "/conditions/mailbox_ids/0", "unsupported_value" },
        { "{\"name\":\"w\",\"labels\":[\"ooo\"],\"conditions\":{\"sender_domains\":[\"no domain\"]}," TASK "}",
          "/conditions/sender_domains/0", "unsupported_value" },
        { "{\"name\":\"w\",\"labels\":[\"ooo\"],\"conditions\":{\"text_contains\":[\" \"]}," TASK "}",
          "/conditions/text_contains/0", "unsupported_value" },
        { "{\"name\":\"w\",\"labels\":[\"ooo\"],\"repeat\":\"never\"," TASK "}", "/repeat", "unsupported_value" },
    };
    struct ctx *ctx = start(state);
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct workflow made;
        ctx_clear_error(ctx);
        enum rc rc = create(ctx, cases[i].json, &made);
        const struct problem *p = ctx->problems;
        if (rc != E_INVALID || !p || p->next || !str_eq(p->where, str_of(cases[i].where))
            || strcmp(p->code, cases[i].code) != 0)
            fail_case("%s: %s, %.*s %s", cases[i].json, rc_name(rc), STR_FMT(p ? p->where : STR_NONE),
                      p ? p->code : "-");
    }
    assert_int_equal(count_rows(ctx, "SELECT count(*) FROM workflows"), 0);
}

static void test_names_are_taken_once(void **state) {
    struct ctx *ctx = start(state);
    struct workflow made;
    struct str first = draft(ctx, "{\"name\":\"w\",\"labels\":[\"ooo\"]," TASK "}");
    struct str second = draft(ctx, "{\"name\":\"v\",\"labels\":[\"ooo\"]," TASK "}");
    assert_rc(ctx, create(ctx, "{\"name\":\" w \",\"labels\":[\"ooo\"]," TASK "}", &made), E_CONFLICT);
    const struct workflow_definition named = { .name = STR("w") }, other = { .name = STR("u") };
    assert_rc(ctx, workflow_change(ctx, second, &named, &made), E_CONFLICT);
    assert_ok(ctx, workflow_change(ctx, first, &named, &made));
    assert_ok(ctx, workflow_change(ctx, second, &other, &made));
    assert_text(made.name, "u");
    assert_int_equal(made.actions.n, 1);
    assert_ok(ctx, workflow_remove(ctx, first));
    (void) draft(ctx, "{\"name\":\"w\",\"labels\":[\"ooo\"]," TASK "}");
    assert_rc(ctx, workflow_remove(ctx, first), E_NOT_FOUND);
}

/* --- tests --- */

static void test_trying_it_out(void **state) {
    struct ctx *ctx = start(state);
    struct workflow_run run;
    struct str id = draft(ctx, "{\"name\":\"w\",\"labels\":[\"ooo\"],\"actions\":[{\"type\":\"exclude_email\"},"
                               "{\"type\":\"replace_lead\"},{\"type\":\"pause\",\"until\":\"return_date\"}]}");
    assert_ok(ctx, workflow_try(ctx, id, &(struct workflow_test){ .label = STR("ooo") }, &run));
    const struct workflow_step *steps = run.actions.p;
    assert_int_equal(run.is_test, YES);
    assert_false(str_is_set(run.reply_id));
    assert_text(steps[0].status, "shown");
    assert_text(steps[0].input, "{\"email\":\"john.doe@acme.example\"}");
    assert_text(steps[1].status, "failed"); /* that label names nobody */
    assert_text(steps[2].status, "shown");
    assert_text(run.status, "failed");
    assert_int_equal(count_rows(ctx, "SELECT count(*) FROM exclusions"), 0);

    struct stored_reply r = reply(ctx, LABELED("interested"));
    for (int i = 0; i < 2; i++) {
        assert_ok(ctx, workflow_try(ctx, id, &(struct workflow_test){ .reply_id = r.id }, &run));
        steps = run.actions.p;
        assert_text(steps[0].status, "done");
        assert_text(steps[0].output, i ? "{\"result\":\"duplicated\"}" : "{\"result\":\"success\"}");
    }
    assert_int_equal(count_rows(ctx, "SELECT count(*) FROM exclusions"), 1);
    assert_rc(ctx, workflow_try(ctx, id, &(struct workflow_test){ .reply_id = STR("nobody") }, &run), E_INVALID);
    assert_rc(ctx, workflow_try(ctx, id, &(struct workflow_test){ .label = STR_NONE }, &run), E_INVALID);
    assert_rc(ctx, workflow_try(ctx, STR("nobody"), &(struct workflow_test){ .label = STR("ooo") }, &run),
              E_NOT_FOUND);
}

/* A test is none of the times that count. */
static void test_tests_do_not_count(void **state) {
    struct ctx *ctx = start(state);
    struct workflow_run run;
    struct workflow now;
    struct str id = draft(ctx, "{\"name\":\"w\",\"labels\":[\"ooo\"]," TASK "}");
    struct stored_reply r = reply(ctx, LABELED("interested"));
    assert_ok(ctx, workflow_try(ctx, id, &(struct workflow_test){ .reply_id = r.id }, &run));
    assert_ok(ctx, workflow_enable(ctx, id, true, &now));
    (void) reply(ctx, LABELED("ooo"));
    assert_int_equal(runs_of(ctx, id).n, 2);
}

/* --- removals --- */

static struct str forgotten_email, forgotten_profile;

static enum rc forget_work(struct ctx *ctx, void *arg) {
    (void) arg;
    return contacts_forget(ctx, forgotten_email, forgotten_profile);
}

static void test_removals(void **state) {
    static const struct {
        struct str email, profile;
        const char *lead;
    } cases[] = { { { "ann@x.example", 13 }, { NULL, 0 }, "l1" },
                  { { "jane@x.example", 14 }, { NULL, 0 }, "l2" },
                  { { NULL, 0 }, { "in/jane", 7 }, "l2" } };
    struct ctx *ctx = start(state);
    struct str id = enabled(ctx, ONE("{\"type\":\"replace_lead\"},{\"type\":\"exclude_email\"}"));
    for (size_t i = 0; i < LENGTH(cases); i++) {
        LEADS_EXEC(ctx, "DELETE FROM workflow_runs", "DELETE FROM sequence_leads WHERE email = 'jane@x.example'");
        (void) reply(ctx, LABELED("not_the_right_person", .referred = &jane,
                                  .lead_id = str_of(cases[i].lead)));
        assert_true(str_contains(only_run(ctx, id)->input, STR("jane@x.example")));
        LEADS_EXEC(ctx, "UPDATE contacts SET linkedin_key = 'in/jane' WHERE email = 'jane@x.example'");
        forgotten_email = cases[i].email;
        forgotten_profile = cases[i].profile;
        assert_ok(ctx, db_transact(ctx, forget_work, NULL));
        const struct workflow_run *run = only_run(ctx, id);
        assert_false(str_is_set(run->input));
        assert_int_equal(run->actions.n, 0);
        assert_int_equal(count_rows(ctx, "SELECT count(*) FROM workflow_runs WHERE actions IS NOT NULL "
                                         "OR input IS NOT NULL"),
                         0);
    }
}

/* What a webhook is told of a reply names who was written to and whom the reply names. */
static void test_removals_of_what_was_told(void **state) {
    static const char *const cases[] = { "ann@x.example", "jane@x.example" };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct ctx *ctx = i ? &((struct test_db *) *state)->ctx : start(state);
        struct webhook webhook;
        const struct webhook_settings settings = { .url = STR("https://hooks.example.com/") };
        fill(ctx);
        assert_ok(ctx, webhook_create(ctx, &settings, &webhook));
        (void) enabled(ctx, arena_printf(ctx->arena, ONE("{\"type\":\"send_json\",\"webhook_id\":\"%.*s\"}"),
                                         STR_FMT(webhook.id))
                                .p);
        (void) reply(ctx, LABELED("not_the_right_person", .referred = &jane));
        assert_int_equal(count_rows(ctx, "SELECT count(*) FROM events WHERE kind = 'workflow_pushed' AND data LIKE "
                                         "'%jane@x.example%' AND data LIKE '%ann@x.example%'"),
                         1);
        assert_int_equal(count_rows(ctx, "SELECT count(*) FROM webhook_deliveries WHERE state = 'pending'"), i + 1);
        forgotten_email = str_of(cases[i]);
        forgotten_profile = STR_NONE;
        assert_ok(ctx, db_transact(ctx, forget_work, NULL));
        assert_int_equal(count_rows(ctx, "SELECT count(*) FROM events WHERE kind = 'workflow_pushed' AND data = '{}' "
                                         "AND snapshot IS NULL"),
                         1);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        BOTH_ENGINES(test_matching),
        BOTH_ENGINES(test_drafts_and_deleted_ones_do_nothing),
        BOTH_ENGINES(test_order),
        BOTH_ENGINES(test_once_per_lead),
        BOTH_ENGINES(test_every_time),
        BOTH_ENGINES(test_first_reply),
        BOTH_ENGINES(test_actions),
        BOTH_ENGINES(test_what_fails_keeps_nothing_back),
        BOTH_ENGINES(test_refused),
        BOTH_ENGINES(test_names_are_taken_once),
        BOTH_ENGINES(test_trying_it_out),
        BOTH_ENGINES(test_tests_do_not_count),
        BOTH_ENGINES(test_removals),
        BOTH_ENGINES(test_removals_of_what_was_told),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    secrets_free(&secrets);
    return failed;
}
