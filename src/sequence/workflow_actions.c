/* Each action is a row: what it needs, what it works with, what it does. They use the functions
 * that people's own requests use, so what those refuse is refused here for the same reasons. */
#include "base/check.h"
#include "base/clock.h"
#include "base/vec.h"
#include "data/urls.h"
#include "json/members.h"
#include "sequence/day.h"
#include "sequence/pace.h"
#include "sequence/reply_claims.h"
#include "sequence/task_actions.h"
#include "sequence/workflow_private.h"
#include "store/lead_lists.h"
#include "store/mailboxes.h"

enum { PERSON_DATA_MAX_BYTES = 64 * 1024 };

/* --- small things --- */

static void put_time(struct acting *a, const char *name, struct opt_int at) {
    json_put_str(&a->input, name, at.set ? time_iso(a->ctx->arena, at.v) : STR_NONE);
}

static enum rc cannot(struct acting *a, struct str why) {
    a->error = why;
    return E_UNSUPPORTED;
}

struct str acting_data(const struct acting *a, const char *name) {
    const struct json_member *m = a->data.p;
    for (size_t i = 0; i < a->data.n; i++)
        if (m[i].type == JSON_MEMBER_TEXT && str_eq(m[i].name, str_of(name)))
            return m[i].text;
    return STR_NONE;
}

static struct claimant by_workflow(const struct acting *a) {
    return (struct claimant){ a->ctx, a->reply->id, CLAIM_BY_WORKFLOW };
}

/* --- exclusions --- */

static enum rc prepare_email(struct acting *a) {
    if (str_is_empty(a->lead.email))
        return cannot(a, STR("The lead has no address"));
    a->value = a->lead.email;
    json_put_str(&a->input, "email", a->value);
    return OK;
}

/* Subdomains are excluded with it. */
static enum rc prepare_domain(struct acting *a) {
    struct email email;
    if (str_is_empty(a->lead.email) || email_parse(a->ctx->arena, a->lead.email, &email) != OK)
        return cannot(a, STR("The lead has no address"));
    a->value = email.domain.registrable;
    json_put_str(&a->input, "domain", a->value);
    if (domain_is_free_mail(&email.domain))
        return cannot(a, STR("Anybody gets an address at this domain"));
    return OK;
}

static enum rc exclude(struct acting *a, enum exclusion_kind kind) {
    const struct claimant by = by_workflow(a);
    struct str reason = a->action->reason, result = STR_NONE;
    enum rc rc = reply_claim_exclusion(&by, kind, a->value, str_is_set(reason) ? reason : STR("workflow"), &result);
    if (rc == OK)
        json_put_str(&a->output, "result", result);
    return rc;
}

static enum rc exclude_email(struct acting *a) {
    return exclude(a, EXCLUDED_EMAIL);
}

static enum rc exclude_domain(struct acting *a) {
    return exclude(a, EXCLUDED_DOMAIN);
}

/* --- dates --- */

static struct str date_of(const struct acting *a) {
    const struct stored_reply *r = a->reply;
    struct str until = a->action->until;
    if (str_eq(until, STR("return_date")))
        return r->return_on;
    if (str_eq(until, STR("follow_up_date")))
        return r->follow_up_on;
    return str_is_set(r->return_on) ? r->return_on : r->follow_up_on;
}

/* The date that the reply names, while it is to come; else so many days from now. */
static enum rc find_time(struct acting *a) {
    int64_t now = ctx_now(a->ctx), at = 0;
    struct str date = str_is_set(a->action->until) ? date_of(a) : STR_NONE;
    enum rc rc = str_is_set(date) ? day_begins(a->ctx, date, &at) : OK;
    if (rc != OK)
        return rc;
    if (at > now)
        a->at = opt_int(at);
    else if (a->action->days.set)
        a->at = opt_int(now + pace_span(a->ctx, a->action->days.v * DAY_MS));
    return OK;
}

static enum rc prepare_pause(struct acting *a) {
    enum rc rc = find_time(a);
    if (rc != OK)
        return rc;
    put_time(a, "until", a->at);
    if (!a->at.set)
        return cannot(a, str_is_set(date_of(a)) ? STR("The date that the reply names is over")
                                                : STR("The reply names no date"));
    return OK;
}

/* A lead that this reply has ended goes on, later. */
static enum rc pause_lead(struct acting *a) {
    const struct claimant by = by_workflow(a);
    struct lead_plan lead = { .id = STR_NONE };
    enum rc rc = lead_plan_lock(a->ctx, a->lead.id, &lead);
    return rc == OK ? reply_claim_pause(&by, &lead, STR("workflow"), a->at.v) : rc;
}

/* --- tasks --- */

static struct str task_user(const struct acting *a) {
    return str_is_set(a->action->user_id) ? a->action->user_id : a->reply->user_id;
}

static enum rc prepare_task(struct acting *a) {
    enum rc rc = find_time(a);
    json_put_str(&a->input, "user_id", task_user(a));
    json_put_str(&a->input, "subject", a->action->subject);
    put_time(a, "due_on", a->at);
    return rc;
}

static enum rc make_task(struct acting *a) {
    const struct task_input input = { .user_id = task_user(a),
                                      .type = a->action->task_type,
                                      .subject = a->action->subject,
                                      .notes = a->action->notes,
                                      .priority = a->action->priority,
                                      .contact_id = a->reply->contact_id,
                                      .due_on = a->at };
    struct task task = { .id = STR_NONE };
    enum rc rc = task_make(a->ctx, &input, &task);
    if (rc != OK)
        return rc;
    json_put_str(&a->output, "task_id", task.id);
    const struct claimant by = by_workflow(a);
    return reply_claim_made(&by, CLAIM_TASK, task.id);
}

/* --- who is added --- */

static void put_set(struct json_writer *w, const char *name, struct str value) {
    if (!str_is_empty(value))
        json_put_str(w, name, value);
}

struct referred_person acting_referred(const struct acting *a) {
    struct referred_person p = *a->reply->referred;
    struct str domain = acting_data(a, "company_domain");
    bool is_colleague = str_is_empty(p.company_domain) || str_eq_nocase(p.company_domain, domain);
    if (is_colleague && str_is_empty(p.company_name))
        p.company_name = acting_data(a, "company_name");
    if (is_colleague)
        p.company_domain = domain;
    return p;
}

static struct str referred_data(struct acting *a) {
    struct referred_person p = acting_referred(a);
    struct buf text = buf_in(a->ctx->arena, PERSON_DATA_MAX_BYTES);
    struct json_writer w = json_writer(&text);
    json_begin_object(&w);
    put_set(&w, "first_name", p.first_name);
    put_set(&w, "last_name", p.last_name);
    put_set(&w, "title", p.title);
    put_set(&w, "company_name", p.company_name);
    put_set(&w, "company_domain", p.company_domain);
    json_end_object(&w);
    return buf_text(&text);
}

static enum rc prepare_referred(struct acting *a) {
    const struct referred_person *p = a->reply->referred;
    if (!p || str_is_empty(p->email))
        return cannot(a, STR("The reply names no address of somebody else"));
    a->person = (struct lead_input){ .email = p->email, .data = referred_data(a) };
    return OK;
}

static enum rc prepare_person(struct acting *a) {
    enum rc rc = OK;
    if (str_eq(a->action->whom, STR("referred")))
        rc = prepare_referred(a);
    else
        a->person = (struct lead_input){ .email = a->lead.email, .linkedin_url = a->lead.linkedin_url,
                                         .data = a->lead.data };
    if (rc == OK) {
        json_put_str(&a->input, "email", a->person.email);
        json_put_str(&a->input, "linkedin_url", a->person.linkedin_url);
    }
    return rc;
}

static enum rc prepare_listed(struct acting *a) {
    json_put_str(&a->input, "lead_list_id", a->action->lead_list_id);
    return prepare_person(a);
}

static enum rc prepare_sequence(struct acting *a) {
    json_put_str(&a->input, "sequence_id", a->action->sequence_id);
    return prepare_person(a);
}

static struct str target(const struct acting *a) {
    return str_is_set(a->action->sequence_id) ? a->action->sequence_id : a->reply->sequence_id;
}

static enum rc prepare_replacement(struct acting *a) {
    enum rc rc = prepare_referred(a);
    json_put_str(&a->input, "sequence_id", target(a));
    if (rc == OK)
        json_put_str(&a->input, "email", a->person.email);
    return rc;
}

/* --- sequences --- */

static const struct {
    size_t skipped;
    const char *why;
} reasons[] = {
#define SKIPPED(member, why) { offsetof(struct add_leads_result, member), why }
    SKIPPED(already_in_sequence_and_skipped, "They are in the sequence already"),
    SKIPPED(in_exclusion_list_and_skipped, "They are excluded"),
    SKIPPED(recently_contacted_and_skipped, "The account contacted them recently"),
    SKIPPED(in_other_draft_sequences_and_skipped, "They are in another draft"),
    SKIPPED(in_other_active_sequences_and_skipped, "They are in another sequence"),
#undef SKIPPED
};

static enum rc judge(struct acting *a, const struct add_leads_result *result) {
    if (result->total_added_to_sequence.v > 0)
        return OK;
    for (size_t i = 0; i < LENGTH(reasons); i++)
        if (((const struct list *) ((const char *) result + reasons[i].skipped))->n)
            return cannot(a, str_of(reasons[i].why));
    return cannot(a, STR("They were not added"));
}

static struct str all_errors(struct acting *a, const struct lead_errors *errors) {
    const struct lead_error *e = errors->validation_errors.p;
    struct str all = STR_NONE;
    for (size_t i = 0; i < errors->validation_errors.n; i++)
        all = arena_printf(a->ctx->arena, "%.*s%s%.*s", STR_FMT(all), i ? "; " : "", STR_FMT(e[i].message));
    return all;
}

/* By the mailbox that got the reply, while there is one; a thread goes on from no other one. */
static enum rc find_mailbox(struct acting *a, bool in_thread, struct add_leads_settings *settings) {
    struct mailbox mailbox = { .id = STR_NONE };
    enum rc rc = mailbox_get(a->ctx, a->reply->mailbox_id, &mailbox);
    if (rc == E_NOT_FOUND && in_thread)
        return cannot(a, STR("The mailbox that got the reply is not there any more"));
    if (rc == OK) {
        settings->leads_distribution = STR("custom_mailboxes");
        strs_add(a->ctx->arena, &settings->mailboxes, mailbox.email);
    }
    return rc == E_NOT_FOUND ? OK : rc;
}

/* Somebody who is in the sequence already: added for the label, lost with it, and wanted again; or
 * there because of a reply, so that now two of them want it. */
static enum rc want_again(struct acting *a, struct str lead_id, bool *ret_is_wanted) {
    static const struct lead_retry as_before = { .ignore_exclusion_list = UNSET };
    struct lead_plan lead = { .id = STR_NONE };
    struct list claims = { 0 };
    enum rc rc = lead_plan_lock(a->ctx, lead_id, &lead);
    bool is_lost = rc == OK && lead_status_of(&lead) == LEAD_REMOVED && str_eq(lead.reason, STR(REPLY_CLAIM_LOST));
    if (is_lost)
        rc = lead_retry(a->ctx, lead_id, &as_before);
    else if (rc == OK)
        rc = reply_claims_on(a->ctx, CLAIM_ADDED_LEAD, lead_id, &claims);
    *ret_is_wanted = is_lost || (claims.n && !lead_has_ended(&lead));
    return rc;
}

/* Who is in the sequence now is held by the reply if that is why. */
static enum rc hold_added(struct acting *a, struct str sequence_id, const struct add_leads_result *result) {
    const struct claimant by = by_workflow(a);
    struct email email = { .address = STR_NONE };
    struct str key = str_is_empty(a->person.linkedin_url) ? STR_NONE : a->lead.linkedin_key, id = STR_NONE;
    bool is_held = result->total_added_to_sequence.v > 0;
    if (!is_held && !result->already_in_sequence_and_skipped.n)
        return judge(a, result);
    enum rc rc = str_is_empty(a->person.email) ? OK : email_parse(a->ctx->arena, a->person.email, &email);
    if (rc == OK)
        rc = lead_in_sequence(a->ctx, sequence_id, email.address, key, &id);
    if (rc == OK && !is_held)
        rc = want_again(a, id, &is_held);
    if (rc != OK || !is_held)
        return rc == OK ? judge(a, result) : rc;
    json_put_str(&a->output, "lead_id", id);
    return reply_claim_made(&by, CLAIM_ADDED_LEAD, id);
}

static enum rc add(struct acting *a, struct str sequence_id) {
    struct add_leads_settings settings = { 0 };
    struct add_leads_result result = { 0 };
    struct lead_errors errors = { 0 };
    struct sequence sequence = { .id = STR_NONE };
    enum rc rc = sequence_head(a->ctx, sequence_id, &sequence);
    bool in_thread = str_eq(sequence.kind, STR("reply_sequence"));
    if (rc == OK && in_thread && !str_eq(a->person.email, a->lead.email))
        return cannot(a, STR("A reply sequence goes on with who was written to"));
    if (rc == OK)
        rc = find_mailbox(a, in_thread, &settings);
    const struct add_leads_request request = { .leads = { &a->person, 1 }, .settings = &settings };
    const struct add_leads what = { .sequence_id = sequence_id, .request = &request,
                                    .reply_id = in_thread ? a->reply->id : STR_NONE };
    if (rc == OK)
        rc = leads_add(a->ctx, &what, &result, &errors);
    if (rc == E_INVALID && errors.validation_errors.n)
        return cannot(a, all_errors(a, &errors));
    return rc == OK ? hold_added(a, sequence_id, &result) : rc;
}

/* Somebody who has just answered is in a sequence and was contacted, which speaks against
 * nothing here; the exclusion list does. */
static enum rc add_to_sequence(struct acting *a) {
    struct lead_overrides overrides = { .ignore_recently_contacted = YES,
                                        .ignore_duplicate_leads_in_other_draft_sequences = YES,
                                        .ignore_duplicate_leads_in_other_active_sequences = YES };
    if (!str_eq(a->action->whom, STR("referred")))
        a->person.overrides = &overrides;
    return add(a, a->action->sequence_id);
}

static enum rc replace_lead(struct acting *a) {
    const struct claimant by = by_workflow(a);
    struct lead_plan lead = { .id = STR_NONE };
    enum rc rc = add(a, target(a));
    if (rc == OK)
        rc = lead_plan_lock(a->ctx, a->lead.id, &lead);
    return rc == OK ? reply_claim_end(&by, &lead, LEAD_REMOVED, STR("replaced")) : rc;
}

/* --- lead lists --- */

static struct lead listed(const struct acting *a) {
    if (str_eq(a->action->whom, STR("referred"))) {
        struct referred_person p = acting_referred(a);
        return (struct lead){ .email = p.email, .first_name = p.first_name, .last_name = p.last_name,
                              .title = p.title, .company_name = p.company_name,
                              .company_domain = p.company_domain, .data = a->person.data };
    }
    return (struct lead){ .email = a->person.email, .linkedin_url = a->person.linkedin_url,
                          .first_name = acting_data(a, "first_name"), .last_name = acting_data(a, "last_name"),
                          .title = acting_data(a, "title"), .company_name = acting_data(a, "company_name"),
                          .company_domain = acting_data(a, "company_domain"),
                          .industry = acting_data(a, "industry"), .data = a->person.data };
}

static enum rc add_to_list(struct acting *a) {
    struct lead lead = listed(a);
    struct lead_list list = { .id = STR_NONE };
    struct list leads = { &lead, 1 };
    size_t added = 0;
    enum rc rc = lead_list_get(a->ctx, a->action->lead_list_id, &list);
    if (rc == E_NOT_FOUND)
        return cannot(a, STR("There is no such lead list"));
    const char *lacks = rc == OK ? lead_lacks(lead_type_of(list.type), &lead) : NULL;
    if (lacks)
        return cannot(a, arena_printf(a->ctx->arena, "The list takes leads with a %s", lacks));
    if (rc == OK)
        rc = lead_list_add(a->ctx, list.id, leads, &list, &added);
    if (rc == E_LIMIT)
        return cannot(a, STR("The lead list is full"));
    if (rc == E_CONFLICT)
        return cannot(a, STR("The lead list was canceled"));
    if (rc == OK)
        json_put_str(&a->output, "lead_list", list.name);
    return rc;
}

/* --- webhooks --- */

static enum rc prepare_push(struct acting *a) {
    json_put_str(&a->input, "webhook_id", a->action->webhook_id);
    return OK;
}

static enum rc push(struct acting *a) {
    struct str event_id = STR_NONE;
    enum rc rc = workflow_push(a, a->action->webhook_id, &event_id);
    if (rc == E_NOT_FOUND)
        return cannot(a, STR("There is no such webhook"));
    if (rc == OK) {
        json_put_str(&a->output, "result", STR("queued"));
        json_put_str(&a->output, "event_id", event_id);
    }
    return rc;
}

/* --- the table --- */

static const struct workflow_kind kinds[] = {
    [WORKFLOW_EXCLUDE_EMAIL] = { WF_REASON, 0, false, prepare_email, exclude_email },
    [WORKFLOW_EXCLUDE_DOMAIN] = { WF_REASON, 0, false, prepare_domain, exclude_domain },
    [WORKFLOW_PAUSE] = { WF_UNTIL | WF_DAYS, 0, false, prepare_pause, pause_lead },
    [WORKFLOW_ADD_TO_SEQUENCE]
    = { WF_SEQUENCE | WF_WHOM, WF_SEQUENCE, false, prepare_sequence, add_to_sequence },
    [WORKFLOW_CREATE_TASK]
    = { WF_USER | WF_TASK_TYPE | WF_SUBJECT | WF_NOTES | WF_PRIORITY | WF_UNTIL | WF_DAYS, WF_SUBJECT,
        false, prepare_task, make_task },
    [WORKFLOW_ADD_TO_LEAD_LIST]
    = { WF_LEAD_LIST | WF_WHOM, WF_LEAD_LIST, false, prepare_listed, add_to_list },
    [WORKFLOW_REPLACE_LEAD] = { WF_SEQUENCE, 0, false, prepare_replacement, replace_lead },
    [WORKFLOW_SEND_JSON] = { WF_WEBHOOK, WF_WEBHOOK, true, prepare_push, push },
};

const struct workflow_kind *workflow_kind(enum workflow_action_type type) {
    ASSERT(type < WORKFLOW_ACTION_TYPES);
    return &kinds[type];
}
