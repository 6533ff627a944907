/* The order: the request is read before the transaction; inside of it the sequence is
 * locked, so that what is checked stays true, and contacts and leads are inserted in one
 * statement each, a lead with the stage that it stands at and when that is due. Contacts are of
 * the account, not of the sequence, so another caller may insert one at the same time: then they
 * are looked up again. */
#include "sequence/add_leads.h"

#include "base/buf.h"
#include "base/check.h"
#include "base/rand.h"
#include "base/vec.h"
#include "data/zones.h"
#include "json/members.h"
#include "json/writer.h"
#include "sequence/add_leads_private.h"
#include "sequence/distribution.h"
#include "sequence/planner.h"
#include "store/lead_plans.h"
#include "store/removals.h"
#include "store/senders.h"
#include "store/sequence_leads.h"
#include "store/services.h"

/* 50 values of 512 characters with names, all of which may be escaped. */
enum { DATA_MAX_BYTES = 1024 * 1024 };

#define T struct lead_key
static const struct field key_rows[] = {
    F_STR(T, email, .example = "lead1@example.com", .doc = "Address as it was sent."),
    F_STR(T, linkedin_url, .doc = "Profile as it was sent."),
};
#undef T
static const struct fields key_fields
    = FIELDS("LeadKey", struct lead_key, key_rows, .doc = "Which lead.");

#define T struct add_leads_result
#define SKIPPED(member, why) \
    F_LIST(T, member, .flags = FIELD_REQUIRED | FIELD_ALWAYS, .of = &key_fields, .doc = why)
static const struct field result_rows[] = {
    F_INT(T, total, .flags = FIELD_REQUIRED, .example = "2", .doc = "Leads in the request."),
    F_INT(T, total_added_to_sequence, .flags = FIELD_REQUIRED, .example = "1",
          .doc = "Leads that were added."),
    F_STRS(T, duplicate_emails, .flags = FIELD_REQUIRED | FIELD_ALWAYS,
           .doc = "Addresses that are in the request more than once; the first one counts."),
    F_STRS(T, duplicate_linkedin_urls, .flags = FIELD_REQUIRED | FIELD_ALWAYS,
           .doc = "The same of profiles."),
    SKIPPED(in_exclusion_list_and_skipped, "Leads that are excluded."),
    SKIPPED(recently_contacted_and_skipped, "Leads that the account contacted recently."),
    SKIPPED(already_in_sequence_and_skipped, "Leads that are in the sequence."),
    SKIPPED(in_other_draft_sequences_and_skipped, "Leads that are in another draft."),
    SKIPPED(in_other_active_sequences_and_skipped,
            "Leads that are in another active or paused sequence."),
};
#undef T
const struct fields add_leads_result_fields
    = FIELDS("SequenceAddLeadsResult", struct add_leads_result, result_rows,
             .doc = "What became of the leads. One that several checks skip is in each list.");

#define T struct lead_error
static const struct field error_rows[] = {
    F_STR(T, error_code, .flags = FIELD_REQUIRED, .example = "missing_lead_field", .doc = "The code."),
    F_STR(T, message, .flags = FIELD_REQUIRED,
          .example = "Missing lead dynamic field 'it' on leads with indexes [1]",
          .doc = "What it is about."),
};
#undef T
static const struct fields error_fields
    = FIELDS("SequenceValidationError", struct lead_error, error_rows,
             .doc = "Why the request cannot be completed.");
static const struct field errors_rows[] = {
    F_LIST(struct lead_errors, validation_errors, .flags = FIELD_REQUIRED | FIELD_ALWAYS,
           .of = &error_fields, .doc = "All reasons."),
};
const struct fields lead_errors_fields
    = FIELDS("SequenceValidationErrors", struct lead_errors, errors_rows,
             .doc = "Nothing was added.");

/* --- contacts --- */

static struct contact contact_of(struct adding *a, const struct candidate *c) {
    struct str zone = candidate_value(c, STR("time_zone"));
    return (struct contact){
        .id = uuid_new(a->ctx->arena, ctx_now(a->ctx)),
        .email = c->email,
        .linkedin_url = c->linkedin_url,
        .linkedin_key = c->linkedin_key,
        .first_name = candidate_value(c, STR("first_name")),
        .last_name = candidate_value(c, STR("last_name")),
        .title = candidate_value(c, STR("title")),
        .location = candidate_value(c, STR("location")),
        .time_zone = str_is_set(zone) && zone_exists(zone) ? zone : STR_NONE,
        .company_name = candidate_value(c, STR("company_name")),
        .company_domain = candidate_value(c, STR("company_domain")),
    };
}

/* Somebody else was faster with some of them. */
static enum rc look_up_again(struct adding *a) {
    struct strs emails = { 0 }, profiles = { 0 };
    struct list found = { 0 };
    for (size_t i = 0; i < a->candidates.n; i++) {
        const struct candidate *c = candidate_at(a, i);
        if (is_added(c) && str_is_set(c->email))
            strs_add(a->ctx->arena, &emails, c->email);
        if (is_added(c) && str_is_set(c->linkedin_key))
            strs_add(a->ctx->arena, &profiles, c->linkedin_key);
    }
    enum rc rc = contacts_among(a->ctx, emails, profiles, &found);
    struct contacts_by_key *known = contacts_by_key(a->ctx->arena, &found);
    for (size_t i = 0; rc == OK && i < a->candidates.n; i++) {
        struct candidate *c = candidate_at(a, i);
        c->contact = contact_find(known, c->email, c->linkedin_key);
        if (is_added(c) && !c->contact)
            return fail(a->ctx, E_DB, "a contact that was inserted is not there");
    }
    return rc;
}

/* Makes sure that each lead has a contact. */
static enum rc make_contacts(struct adding *a) {
    struct list fresh = { ARENA_ARRAY(a->ctx->arena, a->candidates.n, struct contact), 0 };
    int64_t inserted = 0;
    for (size_t i = 0; i < a->candidates.n; i++) {
        struct candidate *c = candidate_at(a, i);
        if (!is_added(c) || c->contact)
            continue;
        struct contact *contact = (struct contact *) fresh.p + fresh.n++;
        *contact = contact_of(a, c);
        c->contact = contact;
    }
    enum rc rc = fresh.n ? contacts_insert(a->ctx, &fresh, &inserted) : OK;
    return rc == OK && inserted < (int64_t) fresh.n ? look_up_again(a) : rc;
}

/* --- leads --- */

/* As it was sent, unless something in it is null. */
static struct str data_of(struct arena *arena, const struct candidate *c) {
    if (str_is_set(c->input->data) && !c->has_null)
        return c->input->data;
    struct buf text = buf_in(arena, DATA_MAX_BYTES);
    struct json_writer w = json_writer(&text);
    const struct json_member *m = c->members.p;
    json_begin_object(&w);
    for (size_t i = 0; i < c->members.n; i++) {
        json_key(&w, m[i].name);
        json_str(&w, m[i].text);
    }
    json_end_object(&w);
    return buf_text(&text);
}

static struct sequence_lead lead_of(struct adding *a, const struct candidate *c, int64_t position) {
    size_t turn = sender_at(a->pool.weights.p, a->pool.weights.n, position);
    const struct sender *sender = ((const struct sender **) a->pool.senders.p)[turn];
    return (struct sequence_lead){
        .id = uuid_new(a->ctx->arena, ctx_now(a->ctx)),
        .contact_id = c->contact->id,
        .email = c->email,
        .linkedin_url = c->linkedin_url,
        .linkedin_key = c->linkedin_key,
        .data = data_of(a->ctx->arena, c),
        .user_id = sender->user_id,
        .mailbox_id = sender->mailbox_id,
        .reply_id = a->add->reply_id,
        .ignores_exclusions = c->input->overrides
                              && c->input->overrides->ignore_exclusion_list == YES,
    };
}

/* The one that the lead says, even if there is none of that name; else the contact's. */
static struct str zone_of(const struct candidate *c) {
    const struct json_member *m = c->members.p;
    for (size_t i = 0; i < c->members.n; i++)
        if (str_eq(m[i].name, STR("time_zone")))
            return m[i].text;
    return c->contact->time_zone;
}

/* In an active sequence they stand at the first stage from the beginning. */
static enum rc plan_leads(struct adding *a, const struct list *leads, const struct list *plans) {
    struct sequence_lead *lead = leads->p;
    struct lead_plan *plan = plans->p;
    if (sequence_status_of(&a->sequence) != SEQUENCE_ACTIVE)
        return OK;
    enum rc rc = planner_first(a->ctx, &a->sequence, plans);
    for (size_t i = 0; rc == OK && i < leads->n; i++) {
        lead[i].plan = &plan[i];
        if (!a->first_at.set || plan[i].next_at.v < a->first_at.v)
            a->first_at = plan[i].next_at;
    }
    return rc;
}

static enum rc insert_leads(struct adding *a) {
    struct arena *arena = a->ctx->arena;
    size_t n = a->candidates.n;
    struct list leads = { ARENA_ARRAY(arena, n, struct sequence_lead), 0 };
    struct list plans = { ARENA_ARRAY(arena, n, struct lead_plan), 0 };
    enum rc rc = make_contacts(a);
    for (size_t i = 0; rc == OK && i < n; i++) {
        const struct candidate *c = candidate_at(a, i);
        if (!is_added(c))
            continue;
        struct sequence_lead *lead = (struct sequence_lead *) leads.p + leads.n;
        *lead = lead_of(a, c, a->leads_before + (int64_t) leads.n++);
        ((struct lead_plan *) plans.p)[plans.n++]
            = (struct lead_plan){ .mailbox_id = lead->mailbox_id, .time_zone = zone_of(c) };
    }
    if (rc == OK && leads.n)
        rc = plan_leads(a, &leads, &plans);
    if (rc == OK && leads.n)
        rc = leads_insert(a->ctx, &a->sequence, &leads);
    a->result.total_added_to_sequence = opt_int((int64_t) leads.n);
    return rc;
}

/* --- the transaction --- */

/* As before the first try: the work may run again. */
static void begin_again(struct adding *a, const struct add_leads_result *read) {
    a->result = *read;
    a->errors = (struct lead_errors){ { 0 } };
    a->pool = (struct pool){ { 0 }, { 0 } };
    a->first_at = (struct opt_int){ 0 };
    for (size_t i = 0; i < a->candidates.n; i++)
        candidate_at(a, i)->skipped = false;
}

struct add_work {
    struct adding *adding;
    struct add_leads_result read;
};

static enum rc add_in_transaction(struct ctx *ctx, void *arg) {
    struct add_work *w = arg;
    struct adding *a = w->adding;
    a->ctx = ctx;
    begin_again(a, &w->read);
    enum rc rc = removals_hold(ctx);
    if (rc == OK)
        rc = sequence_lock_outline(ctx, a->add->sequence_id, &a->sequence);
    if (rc == OK)
        rc = leads_count(ctx, a->sequence.id, &a->leads_before);
    if (rc == OK)
        rc = candidates_check(a);
    if (rc == OK)
        rc = pool_find(a);
    if (rc == OK)
        rc = adding_validate(a);
    if (rc == OK && a->errors.validation_errors.n)
        return E_INVALID;
    return rc == OK ? insert_leads(a) : rc;
}

/* It looks by itself for what is due after its next tick. */
static void wake_planner(const struct adding *a) {
    const struct services *services = a->ctx->services;
    if (services && services->wake_sequences && a->first_at.set
        && a->first_at.v <= ctx_now(a->ctx) + services->sequence.tick_ms)
        services->wake_sequences();
}

enum rc leads_add(struct ctx *ctx, const struct add_leads *add,
                  struct add_leads_result *ret_result, struct lead_errors *ret_errors) {
    struct adding a = { .ctx = ctx, .add = add };
    struct sequence s;
    enum rc rc = sequence_head(ctx, add->sequence_id, &s); /* before the request is judged */
    if (rc == OK)
        rc = candidates_read(&a);
    if (rc != OK)
        return rc;
    struct add_work work = { &a, a.result };
    rc = db_transact(ctx, add_in_transaction, &work);
    *ret_errors = a.errors;
    if (rc != OK)
        return rc;
    *ret_result = a.result;
    wake_planner(&a);
    return OK;
}
