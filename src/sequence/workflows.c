/* A run is a row that is put there before anything is done, so that of two that come at the same
 * time one finds it; its actions are done one after the other, each noting what it got and gave. */
#include "sequence/workflows.h"

#include <stdatomic.h>

#include "base/check.h"
#include "base/vec.h"
#include "data/labels.h"
#include "data/text.h"
#include "json/members.h"
#include "sequence/progress.h"
#include "sequence/workflow_private.h"
#include "store/services.h"

/* Conditions look at the beginning of a text: each workflow has its own copy in lower case. */
enum { INPUT_MAX_BYTES = 64 * 1024, STEP_MAX_BYTES = 128 * 1024, LOOKED_AT_MAX_BYTES = 16 * 1024 };

static struct {
    _Atomic int64_t done, failed;
} stats;

/* --- which replies --- */

static bool starts(const struct workflow *w, struct str label) {
    if (!str_is_set(label))
        return strs_have(w->labels, STR("unlabeled"));
    return strs_have(w->labels, label) || strs_have(w->labels, STR("any"));
}

static bool allows(struct strs values, struct str value) {
    return !values.n || (str_is_set(value) && strs_have(values, value));
}

static bool is_below(struct str host, struct str domain) {
    return str_ends_nocase(host, domain)
           && (host.n == domain.n || host.p[host.n - domain.n - 1] == '.');
}

static bool is_from(struct strs domains, struct str address) {
    struct str host = str_sub(address, str_find_last(address, '@') + 1, address.n);
    bool found = !domains.n;
    for (size_t i = 0; !found && host.n && i < domains.n; i++)
        found = is_below(host, domains.p[i]);
    return found;
}

static bool says(struct arena *arena, struct strs parts, const struct stored_reply *r) {
    bool found = false;
    if (!parts.n)
        return true;
    struct str text = text_lower(arena, str_sub(r->last_message, 0, LOOKED_AT_MAX_BYTES));
    struct str subject = text_lower(arena, str_sub(r->subject, 0, LOOKED_AT_MAX_BYTES));
    for (size_t i = 0; !found && i < parts.n; i++) {
        struct str part = text_lower(arena, parts.p[i]);
        found = str_contains(text, part) || str_contains(subject, part);
    }
    return found;
}

bool workflow_matches(struct arena *arena, const struct workflow *workflow, const struct stored_reply *r,
                      bool is_first) {
    const struct workflow_conditions *c = workflow->conditions;
    if (!starts(workflow, r->label))
        return false;
    if (!c)
        return true;
    return (c->first_reply != YES || is_first) && allows(c->sequence_ids, r->sequence_id)
           && allows(c->user_ids, r->user_id) && allows(c->mailbox_ids, r->mailbox_id)
           && is_from(c->sender_domains, r->from_address) && says(arena, c->text_contains, r);
}

/* --- one action --- */

/* What is the action's own trouble; the rest is the database's, and the reply's transaction ends. */
static bool is_its_own(enum rc rc) {
    return rc != E_DB && rc != E_IO && rc != E_TIMEOUT;
}

static struct str reason_of(const struct acting *a, enum rc rc) {
    if (str_is_set(a->error))
        return a->error;
    return a->ctx->problems ? a->ctx->problems->detail : str_of(rc_text(rc));
}

/* Of an example most show only what they would work with. */
static enum rc act(struct acting *a, const struct workflow_kind *kind, bool *ret_performed) {
    enum rc rc = kind->prepare(a);
    *ret_performed = rc == OK && (!a->is_example || kind->is_really_tried);
    return *ret_performed ? kind->perform(a) : rc;
}

static enum rc take_step(struct acting *a, struct workflow_step *ret_step) {
    bool performed = false;
    struct buf input = buf_in(a->ctx->arena, STEP_MAX_BYTES), output = buf_in(a->ctx->arena, STEP_MAX_BYTES);
    a->input = json_writer(&input);
    a->output = json_writer(&output);
    a->error = a->value = STR_NONE;
    a->at = (struct opt_int){ 0 };
    json_begin_object(&a->input);
    json_begin_object(&a->output);
    enum rc rc = act(a, workflow_kind(workflow_action_type(a->action)), &performed);
    json_end_object(&a->input);
    json_end_object(&a->output);
    if (rc != OK && !is_its_own(rc))
        return rc;
    enum workflow_result result = rc != OK ? WORKFLOW_FAILED : performed ? WORKFLOW_DONE : WORKFLOW_SHOWN;
    *ret_step = (struct workflow_step){ .type = a->action->type, .status = workflow_result_word(result),
                                        .input = buf_text(&input),
                                        .output = result == WORKFLOW_DONE ? buf_text(&output) : STR_NONE,
                                        .error = rc != OK ? reason_of(a, rc) : STR_NONE };
    if (rc != OK)
        ctx_clear_error(a->ctx);
    return OK;
}

/* --- a run --- */

static struct str run_input(struct ctx *ctx, const struct stored_reply *r) {
    struct buf text = buf_in(ctx->arena, INPUT_MAX_BYTES);
    struct json_writer w = json_writer(&text);
    json_begin_object(&w);
    json_put_str(&w, "label", r->label);
    json_put_str(&w, "kind", r->kind);
    json_put_str(&w, "from", r->from_address);
    json_put_str(&w, "subject", r->subject);
    json_put_str(&w, "snippet", r->snippet);
    json_put_str(&w, "return_date", r->return_on);
    json_put_str(&w, "follow_up_date", r->follow_up_on);
    json_key(&w, STR("referred"));
    if (r->referred)
        json_fields(&w, &referred_person_fields, r->referred);
    else
        json_write_null(&w);
    json_end_object(&w);
    return buf_result(&text) == OK ? buf_text(&text) : STR_NONE;
}

static struct workflow_run run_of(struct ctx *ctx, const struct workflow *w, const struct stored_reply *r) {
    return (struct workflow_run){ .workflow_id = w->id, .reply_id = r->id, .lead_id = r->lead_id,
                                  .contact_id = r->contact_id, .label = r->label,
                                  .status = workflow_result_word(WORKFLOW_DONE),
                                  .input = run_input(ctx, r) };
}

static enum rc do_actions(struct acting *a, struct workflow_run *run) {
    const struct workflow_action *actions = a->workflow->actions.p;
    if (a->is_example)
        run->status = workflow_result_word(WORKFLOW_SHOWN);
    for (size_t i = 0; i < a->workflow->actions.n; i++) {
        struct workflow_step *step = list_add(a->ctx->arena, &run->actions, sizeof *step);
        a->action = &actions[i];
        enum rc rc = take_step(a, step);
        if (rc != OK)
            return rc;
        if (str_eq(step->status, workflow_result_word(WORKFLOW_FAILED)))
            run->status = step->status;
    }
    bool failed = str_eq(run->status, workflow_result_word(WORKFLOW_FAILED));
    atomic_fetch_add(failed ? &stats.failed : &stats.done, 1);
    return workflow_run_end(a->ctx, run);
}

/* The lead as it is now. */
static enum rc find_lead(struct acting *a) {
    enum rc rc = lead_get(a->ctx, a->reply->lead_id, &a->lead);
    if (rc == OK && str_is_set(a->lead.data) && json_members(a->ctx->arena, a->lead.data, &a->data) != OK)
        a->data.n = 0; /* removed: nothing is left of it */
    return rc;
}

static enum rc run_one(struct acting *a, enum workflow_run_limit limit) {
    struct workflow_run run = run_of(a->ctx, a->workflow, a->reply);
    bool goes = false;
    enum rc rc = workflow_run_allowed(a->ctx, &run, limit, &goes);
    if (rc == OK && goes)
        rc = workflow_run_begin(a->ctx, &run, limit, &goes);
    return rc == OK && goes ? do_actions(a, &run) : rc;
}

static enum workflow_run_limit limit_of(const struct workflow *w) {
    return str_eq(w->repeat, STR("every_time")) ? WORKFLOW_RUN_EVERY : WORKFLOW_RUN_ONCE;
}

static enum rc run_all(struct ctx *ctx, void *arg) {
    const struct stored_reply *reply = arg;
    struct acting a = { .ctx = ctx, .reply = reply };
    struct list workflows = { 0 };
    bool has_earlier = false;
    enum rc rc = workflows_enabled(ctx, &workflows);
    if (rc != OK || !workflows.n)
        return rc;
    rc = workflow_has_earlier_reply(ctx, reply->lead_id, reply->id, &has_earlier);
    if (rc == OK)
        rc = find_lead(&a);
    const struct workflow *w = workflows.p;
    for (size_t i = 0; rc == OK && i < workflows.n; i++) {
        a.workflow = &w[i];
        if (workflow_matches(ctx->arena, &w[i], reply, !has_earlier))
            rc = run_one(&a, limit_of(&w[i]));
    }
    return rc == E_NOT_FOUND ? OK : rc; /* its lead was deleted with its sequence */
}

enum rc workflows_run(struct ctx *ctx, const struct stored_reply *reply) {
    struct stored_reply given = *reply;
    return db_transact(ctx, run_all, &given);
}

void workflows_wake(const struct ctx *ctx) {
    lead_wake_planner(ctx);
    if (ctx->services && ctx->services->wake_jobs)
        ctx->services->wake_jobs();
}

void workflow_stats(struct workflow_stats *ret_stats) {
    *ret_stats = (struct workflow_stats){ atomic_load(&stats.done), atomic_load(&stats.failed) };
}

/* --- tests --- */

#define T struct workflow_test
static const struct field test_rows[] = {
    F_ID(T, reply_id, .max = 100, .doc = "A reply: everything is really done, once more if need be."),
    F_ENUM(T, label, .values = &enum_labels, .example = "ooo",
           .doc = "Without a reply: an example with this label. Webhooks are told; nothing else is done."),
};
#undef T
const struct fields workflow_test_fields
    = FIELDS("WorkflowTest", struct workflow_test, test_rows, .doc = "What to try a workflow with.");

static const char example_data[] = "{\"first_name\":\"John\",\"last_name\":\"Doe\",\"title\":\"Founder & CEO\","
                                   "\"company_name\":\"Acme\",\"company_domain\":\"acme.example\"}";

/* A reply that has all that its label may come with. */
static void make_example(struct ctx *ctx, struct str label, struct stored_reply *r, struct acting *a) {
    static struct referred_person jane = { .email = { "jane.roe@acme.example", 21 },
                                           .first_name = { "Jane", 4 }, .last_name = { "Roe", 3 },
                                           .title = { "Head of Purchasing", 18 },
                                           .company_name = { "Acme", 4 },
                                           .company_domain = { "acme.example", 12 } };
    struct str day = str_sub(time_iso(ctx->arena, ctx_now(ctx) + 7 * DAY_MS), 0, 10);
    enum label_info info = label_row(label_of(label))->info;
    *r = (struct stored_reply){ .label = label, .kind = STR("person"),
                                .from_address = STR("john.doe@acme.example"), .from_name = STR("John Doe"),
                                .subject = STR("Re: An example"), .snippet = STR("This is an example."),
                                .last_message = STR("This is an example."), .body = STR("This is an example."),
                                .dated_at = opt_int(ctx_now(ctx)) };
    r->return_on = info == LABEL_INFO_RETURN_DATE ? day : STR_NONE;
    r->follow_up_on = info == LABEL_INFO_FOLLOW_UP_DATE ? day : STR_NONE;
    r->referred = info == LABEL_INFO_THIRD_PARTY ? &jane : NULL;
    a->lead = (struct sequence_lead){ .email = r->from_address, .data = str_of(example_data) };
    if (json_members(ctx->arena, a->lead.data, &a->data) != OK)
        a->data.n = 0; /* the text above is an object */
}

struct try_work {
    struct str id;
    const struct workflow_test *test;
    struct str run_id;
};

static enum rc read_reply(struct ctx *ctx, struct str id, struct stored_reply *r, struct acting *a) {
    enum rc rc = reply_lock(ctx, id, r);
    if (rc == OK)
        rc = find_lead(a);
    return rc == E_NOT_FOUND
               ? bad_field(ctx, STR("/reply_id"), "unsupported_value", "The account has no such reply.")
               : rc;
}

static enum rc try_in_transaction(struct ctx *ctx, void *arg) {
    struct try_work *w = arg;
    struct workflow workflow = { .id = STR_NONE };
    struct stored_reply reply = { .id = STR_NONE };
    struct acting a = { .ctx = ctx, .workflow = &workflow, .reply = &reply };
    bool is_fresh = false;
    enum rc rc = workflow_get(ctx, w->id, &workflow);
    a.is_example = !str_is_set(w->test->reply_id);
    if (rc == OK && a.is_example)
        make_example(ctx, w->test->label, &reply, &a);
    else if (rc == OK)
        rc = read_reply(ctx, w->test->reply_id, &reply, &a);
    if (rc != OK)
        return rc;
    struct workflow_run run = run_of(ctx, &workflow, &reply);
    rc = workflow_run_begin(ctx, &run, WORKFLOW_RUN_TEST, &is_fresh);
    w->run_id = run.id;
    return rc == OK ? do_actions(&a, &run) : rc;
}

enum rc workflow_try(struct ctx *ctx, struct str id, const struct workflow_test *test,
                     struct workflow_run *ret_run) {
    struct try_work work = { .id = id, .test = test };
    if (str_is_set(test->reply_id) == str_is_set(test->label))
        return bad_field(ctx, STR("/reply_id"), "missing_field", "Give a reply, or a label for an example.");
    enum rc rc = db_transact(ctx, try_in_transaction, &work);
    if (rc != OK)
        return rc;
    workflows_wake(ctx);
    return workflow_run_get(ctx, work.run_id, ret_run);
}
