/* Locks are taken in this order by all who touch a list (here, store/lead_lists.c, the end of
 * a job in jobs/runner.c): removals, the list's row, its job, its validations, the account's
 * credits, entries and blocks. So two of them meet at the list's row, and none waits for the
 * other in a circle. */
#include "enrich/lead_list.h"

#include "base/check.h"
#include "base/vec.h"
#include "db/db.h"
#include "enrich/find.h"
#include "enrich/reveal.h"
#include "enrich/steps.h"
#include "store/credits.h"
#include "store/lead_entries.h"
#include "store/services.h"

/* STEP_LEADS: entries of a step, as of enrichment batches. STEP_ADDRESSES: of a validation;
 * their texts are in memory. */
enum { STEP_LEADS = 250, STEP_ADDRESSES = 10000 };

struct list_run {
    const struct job *job;
    const struct lead_list *list;
    enum lead_type type;
    struct arena *arena; /* of the whole run */
    struct str after;    /* everything up to this entry is done, or waits for an address */
    bool waits;          /* entries are left for a later pass */
};

struct step {
    const struct list_run *run;
    struct list items;   /* of struct lead_item */
    struct list people;  /* of struct person *: those that were found, each once, with id and,
                            where their address is to be revealed, it or the company's domain */
    struct strs waiting; /* ids of those whose address is being looked for */
    bool is_short;       /* of credits */
};

/* --- finding --- */

enum { BY_LINKEDIN = 1, BY_EMAIL = 2, BY_NAME = 4, BY_TITLE = 8 };

/* In which ways the leads of a type are looked for, one after the other. */
static const unsigned ways[LEAD_TYPES] = {
    [LEADS_LINKEDIN] = BY_LINKEDIN,
    [LEADS_EMAIL] = BY_EMAIL,
    [LEADS_TITLE] = BY_TITLE,
    [LEADS_ADAPTIVE] = BY_LINKEDIN | BY_EMAIL | BY_NAME | BY_TITLE,
};

static struct str name_of(struct arena *arena, const struct lead *lead) {
    return str_trim(arena_printf(arena, "%.*s %.*s", STR_FMT(lead->first_name),
                                 STR_FMT(lead->last_name)));
}

/* A title alone names somebody only when nothing names them better. */
static enum rc ask(struct ctx *ctx, unsigned way, const struct lead *lead,
                   struct person *ret_person) {
    struct str name = name_of(ctx->arena, lead);
    struct person_query company = { .title = lead->title, .company_name = lead->company_name,
                                    .company_domain = lead->company_domain };
    switch (way) {
    case BY_LINKEDIN:
        return find_person(ctx, &(struct person_query){ .linkedin_url = lead->linkedin_url },
                           ret_person);
    case BY_EMAIL:
        return find_person(ctx, &(struct person_query){ .email = lead->email }, ret_person);
    case BY_NAME:
        company.name = name;
        return name.n ? find_person(ctx, &company, ret_person) : E_INVALID;
    default:
        return name.n ? E_INVALID : find_person_with_title(ctx, &company, ret_person);
    }
}

static bool is_miss(enum rc rc) {
    return rc == E_NOT_FOUND || rc == E_INVALID;
}

/* What the lead says is asked for, until somebody is found. */
static enum rc look_for(struct ctx *ctx, unsigned allowed, const struct lead *lead,
                        struct person *ret_person) {
    enum rc rc = E_NOT_FOUND;
    if (str_is_set(lead->linkedin_url) && allowed & BY_LINKEDIN)
        rc = ask(ctx, BY_LINKEDIN, lead, ret_person);
    if (is_miss(rc) && str_is_set(lead->email) && allowed & BY_EMAIL)
        rc = ask(ctx, BY_EMAIL, lead, ret_person);
    if (is_miss(rc) && allowed & BY_NAME)
        rc = ask(ctx, BY_NAME, lead, ret_person);
    bool is_named = str_is_set(lead->linkedin_url) || str_is_set(lead->email);
    if (is_miss(rc) && allowed & BY_TITLE && (allowed == BY_TITLE || !is_named))
        rc = ask(ctx, BY_TITLE, lead, ret_person);
    return rc;
}

static struct person *person_of(const struct step *step, struct str id) {
    struct person *const *p = step->people.p;
    for (size_t i = 0; i < step->people.n; i++)
        if (str_eq(p[i]->id, id))
            return p[i];
    return NULL;
}

/* The address is revealed, and paid for, where a lead came without. */
static void note_found(struct ctx *ctx, struct step *step, struct lead_item *item,
                       const struct person *found) {
    struct person *person = person_of(step, found->id);
    if (!person) {
        person = ARENA_NEW(ctx->arena, struct person);
        person->id = arena_str(ctx->arena, found->id);
        *(struct person **) list_add(ctx->arena, &step->people, sizeof person) = person;
    }
    item->person_id = person->id;
    if (str_is_set(item->lead.email))
        return;
    if (str_is_set(found->stored_email)) {
        person->stored_email = arena_str(ctx->arena, found->stored_email);
    } else if (found->company && str_is_set(found->company->domain)) {
        person->company = ARENA_NEW(ctx->arena, struct company);
        person->company->domain = arena_str(ctx->arena, found->company->domain);
    }
}

/* On memory that is given back: people are large, and little of them is needed. */
static enum rc find_item(struct ctx *ctx, struct step *step, struct lead_item *item) {
    struct ctx inner = *ctx;
    struct person found;
    inner.arena = arena_new();
    enum rc rc = look_for(&inner, ways[step->run->type], &item->lead, &found);
    if (rc == OK)
        note_found(ctx, step, item, &found);
    item->is_removed = rc == E_REMOVED;
    if (rc == E_REMOVED || is_miss(rc))
        rc = OK;
    else if (rc != OK)
        (void) fail(ctx, rc, "%.*s", STR_FMT(inner.err.text)); /* copies the text */
    arena_free(&inner.arena);
    return rc;
}

static enum rc mark_removed(struct ctx *ctx, struct step *step, enum removal_kind kind,
                            struct strs keys) {
    struct ints at;
    enum rc rc = removals_among(ctx, kind, keys, &at);
    struct lead_item *item = step->items.p;
    for (size_t i = 0; rc == OK && i < at.n; i++)
        item[at.p[i]].is_removed = true;
    return rc;
}

/* Those who were removed, by whatever a lead says of them. */
static enum rc mark_all_removed(struct ctx *ctx, struct step *step) {
    struct strs linkedin = { 0 }, email = { 0 }, name = { 0 };
    const struct lead_item *item = step->items.p;
    for (size_t i = 0; i < step->items.n; i++) {
        strs_add(ctx->arena, &linkedin, item[i].linkedin_key);
        strs_add(ctx->arena, &email, item[i].email_key);
        strs_add(ctx->arena, &name, item[i].name_key);
    }
    enum rc rc = mark_removed(ctx, step, REMOVAL_LINKEDIN, linkedin);
    if (rc == OK)
        rc = mark_removed(ctx, step, REMOVAL_EMAIL, email);
    return rc == OK ? mark_removed(ctx, step, REMOVAL_NAME, name) : rc;
}

static enum rc find_items(struct ctx *ctx, struct step *step) {
    struct lead_item *item = step->items.p;
    enum rc rc = mark_all_removed(ctx, step);
    for (size_t i = 0; rc == OK && i < step->items.n; i++)
        if (!item[i].is_removed && step->run->list->enrich == YES)
            rc = find_item(ctx, step, &item[i]);
    return rc;
}

/* Whoever waits for their address is no longer among the people of the step. */
static enum rc look_for_addresses(struct ctx *ctx, struct step *step) {
    struct person *const *p = step->people.p;
    struct list ready = { 0 };
    if (step->people.n == 0)
        return OK;
    bool *waits = ARENA_ARRAY(ctx->arena, step->people.n, bool);
    enum rc rc = steps_addresses(ctx, p, step->people.n, waits);
    for (size_t i = 0; rc == OK && i < step->people.n; i++) {
        if (waits[i])
            strs_add(ctx->arena, &step->waiting, p[i]->id);
        else
            *(struct person **) list_add(ctx->arena, &ready, sizeof *p) = p[i];
    }
    step->people = ready;
    return rc;
}

/* --- storing --- */

/* The lock of the list, and the proof that the job is still ours. */
static enum rc hold(struct ctx *ctx, const struct list_run *run) {
    enum rc rc = lead_list_lock(ctx, run->list->id);
    return rc == OK ? job_still_mine(ctx, run->job) : rc;
}

/* What is stored of the items before the first that found `unpaid`; of all when it is NULL.
 * Those that wait are left. */
static struct list items_to_store(struct ctx *ctx, const struct step *step,
                                  const struct person *unpaid) {
    const struct lead_item *item = step->items.p;
    struct list stored = { 0 };
    for (size_t i = 0; i < step->items.n; i++) {
        if (unpaid && str_eq(item[i].person_id, unpaid->id))
            break;
        if (strs_have(step->waiting, item[i].person_id))
            continue;
        struct lead_item *copy = list_add(ctx->arena, &stored, sizeof *copy);
        *copy = item[i];
        if (str_is_set(copy->person_id) && !str_is_set(copy->lead.email))
            copy->lead.email = person_of(step, copy->person_id)->stored_email;
    }
    return stored;
}

static enum rc store_step(struct ctx *ctx, void *arg) {
    struct step *step = arg;
    struct person *const *people = step->people.p;
    struct reveal what = { .email = true,
                           .phone_numbers = step->run->list->reveal_phone_numbers == YES };
    size_t paid = 0;
    enum rc rc = removals_hold(ctx);
    if (rc == OK)
        rc = hold(ctx, step->run);
    if (rc == OK && step->people.n)
        rc = reveal_in_transaction(ctx, what, people, step->people.n, &paid);
    step->is_short = paid < step->people.n;
    if (rc != OK)
        return rc;
    struct list stored = items_to_store(ctx, step, step->is_short ? people[paid] : NULL);
    return lead_entries_done(ctx, step->run->list->id, stored.p, stored.n);
}

/* --- the end --- */

struct end {
    const struct list_run *run;
    const char *error_code;
    bool is_last;
};

/* Addresses that are not yet validated; when there are none, nor entries that were added
 * meanwhile, the job is done. */
static enum rc end_list(struct ctx *ctx, void *arg) {
    struct end *e = arg;
    const struct lead_list *list = e->run->list;
    struct list added = { 0 };
    size_t started = 0;
    enum rc rc = removals_hold(ctx);
    if (rc == OK)
        rc = hold(ctx, e->run);
    if (rc == OK && !e->error_code)
        rc = lead_entries_pending(ctx, list->id, STR(""), 1, &added);
    if (rc == OK && !e->error_code && !added.n && list->validate_email == YES)
        rc = lead_entries_validate(ctx, list->id, STEP_ADDRESSES, &started);
    e->is_last = !added.n && !started;
    if (rc != OK || !e->is_last)
        return rc;
    rc = lead_list_end(ctx, list->id, e->error_code);
    return rc == OK ? job_done(ctx, e->run->job) : rc;
}

/* After the last entry of a pass. */
static enum rc end_pass(struct ctx *ctx, struct list_run *run, bool *ret_is_last) {
    struct end end = { .run = run, .is_last = true };
    enum rc rc = run->waits ? OK : db_transact(ctx, end_list, &end);
    *ret_is_last = end.is_last;
    run->after = STR(""); /* when it is not the last: leads were added */
    if (rc == OK && ctx->services->wake_validations)
        ctx->services->wake_validations();
    return rc;
}

/* E_CREDITS when they are used up: what they sufficed for is done. E_REMOVED when one of the
 * people was removed meanwhile: nothing is done. */
static enum rc run_step(struct ctx *ctx, void *arg, int items, bool *ret_is_last) {
    struct list_run *run = arg;
    struct step step = { .run = run };
    enum rc rc = lead_entries_pending(ctx, run->list->id, run->after, items, &step.items);
    if (rc == OK && step.items.n == 0)
        return end_pass(ctx, run, ret_is_last);
    if (rc == OK)
        rc = find_items(ctx, &step);
    if (rc == OK)
        rc = look_for_addresses(ctx, &step);
    if (rc == OK)
        rc = db_transact(ctx, store_step, &step);
    credits_changed(); /* once more, now that it is committed */
    if (rc != OK)
        return rc;
    const struct lead_item *item = step.items.p;
    run->after = arena_str(run->arena, item[step.items.n - 1].id);
    run->waits |= step.waiting.n > 0;
    return step.is_short ? E_CREDITS : OK;
}

static enum rc begin(struct ctx *ctx, void *arg) {
    const struct str *id = arg;
    return lead_list_begin(ctx, *id);
}

enum rc lead_list_job(struct ctx *ctx, const struct job *job) {
    struct lead_list list;
    struct str id = job->subject;
    enum rc rc = db_transact(ctx, begin, &id);
    if (rc == OK)
        rc = lead_list_get(ctx, id, &list);
    if (rc != OK)
        return rc;
    struct list_run run = { .job = job, .list = &list, .type = lead_type_of(list.type),
                            .arena = ctx->arena, .after = STR("") };
    ASSERT(run.type < LEAD_TYPES);
    rc = steps_run(ctx, &(struct steps){ job, STEP_LEADS, run_step, &run });
    if (rc == OK && run.waits)
        return steps_later(ctx, job);
    if (rc != E_CREDITS)
        return rc;
    ctx_clear_error(ctx);
    return db_transact(ctx, end_list,
                       &(struct end){ .run = &run, .error_code = "insufficient_credits" });
}

enum rc lead_list_gave_up(struct ctx *ctx, const struct job *job) {
    enum rc rc = lead_list_end(ctx, job->subject, "internal_server_error");
    return rc == E_CANCELED ? OK : rc; /* it had ended */
}
