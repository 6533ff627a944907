#include "enrich/batch.h"

#include "base/check.h"
#include "base/vec.h"
#include "db/db.h"
#include "enrich/reveal.h"
#include "enrich/steps.h"
#include "json/reader.h"
#include "store/credits.h"

/* Items of a step: enough for the fsync to be cheap, few enough that a cancel is seen
 * soon and a killed process repeats little. */
enum { STEP_ITEMS = 100 };

#define T struct person_query
static const struct field person_rows[] = {
    F_STR(T, email, .max = 320, .example = "person@example.com", .doc = "Email address."),
    F_STR(T, linkedin_url, .max = 2048, .example = "https://www.linkedin.com/in/person-1",
          .doc = "LinkedIn URL."),
    F_STR(T, company_domain, .max = 2048, .example = "example.com", .doc = "Company's domain."),
    F_STR(T, company_name, .max = 512, .example = "Example", .doc = "Company's name."),
    F_STR(T, name, .max = 512, .example = "John Doe", .doc = "Full name."),
    F_STR(T, title, .max = 512, .example = "CEO", .doc = "Job title."),
};
#undef T
const struct fields person_enrichment_input_fields
    = FIELDS("PersonEnrichmentInput", struct person_query, person_rows,
             .doc = "Who is meant, in one of the forms of GET /people/find.");

#define T struct company_query
static const struct field company_rows[] = {
    F_STR(T, linkedin_url, .max = 2048, .example = "https://www.linkedin.com/company/company-1",
          .doc = "LinkedIn URL."),
    F_STR(T, domain, .max = 2048, .example = "example.com", .doc = "Domain."),
    F_STR(T, name, .max = 512, .example = "A Company", .doc = "Name, if only one has it."),
};
#undef T
const struct fields company_enrichment_input_fields
    = FIELDS("CompanyEnrichmentInput", struct company_query, company_rows,
             .doc = "Which company is meant.");

/* One step of one batch. */
struct step {
    const struct job *job;
    int64_t id;
    const struct enrichment *batch;
    struct list items;  /* of struct enrichment_item */
    struct list people; /* of struct person *: those that were found, each once */
    bool waits;         /* some items stay, because addresses are being looked for */
};

/* What the transaction of a step found out. */
struct stored {
    const struct step *step;
    bool is_short; /* of credits */
};

static struct str status_of(enum rc rc) {
    switch (rc) {
    case OK: return STR("enriched");
    case E_REMOVED: return STR("gdpr_removed");
    default: return STR("not_found");
    }
}

/* An item that asks in no known form finds nothing; anything else is a failure. */
static bool is_answer(enum rc rc) {
    return rc == OK || rc == E_NOT_FOUND || rc == E_REMOVED || rc == E_INVALID;
}

enum rc enrichment_input_read(struct ctx *ctx, const struct enrichment_item *item,
                              const struct fields *fields, void *ret_query) {
    json_t *root;
    struct json_position at;
    if (json_parse(ctx->arena, item->input, &root, &at) != OK
        || json_read_fields(ctx, fields, root, STR(""), ret_query) != OK)
        return fail(ctx, E_DB, "item %lld of an enrichment cannot be read",
                    (long long) item->position.v);
    return OK;
}

static bool is_among(const struct list *people, struct str id) {
    struct person *const *p = people->p;
    for (size_t i = 0; i < people->n; i++)
        if (str_eq(p[i]->id, id))
            return true;
    return false;
}

static enum rc find_one_person(struct ctx *ctx, struct step *step, struct enrichment_item *item) {
    struct person_query query;
    enum rc rc = enrichment_input_read(ctx, item, &person_enrichment_input_fields, &query);
    if (rc != OK)
        return rc;
    struct person *person = ARENA_NEW(ctx->arena, struct person);
    rc = find_person(ctx, &query, person);
    if (!is_answer(rc))
        return rc;
    item->status = status_of(rc);
    item->subject_id = rc == OK ? person->id : STR_NONE;
    if (rc == OK && !is_among(&step->people, person->id))
        *(struct person **) list_add(ctx->arena, &step->people, sizeof person) = person;
    return OK;
}

static enum rc find_one_company(struct ctx *ctx, struct step *step,
                                struct enrichment_item *item) {
    (void) step; /* companies cost nothing: there is nothing to collect */
    struct company_query query;
    enum rc rc = enrichment_input_read(ctx, item, &company_enrichment_input_fields, &query);
    if (rc != OK)
        return rc;
    struct company company;
    rc = find_company(ctx, &query, &company);
    if (!is_answer(rc))
        return rc;
    item->status = status_of(rc);
    item->subject_id = rc == OK ? company.id : STR_NONE;
    return OK;
}

typedef enum rc find_one(struct ctx *ctx, struct step *step, struct enrichment_item *item);

/* A batch that is worked off. */
struct batch_run {
    const struct job *job;
    const struct enrichment *batch;
    find_one *find;
    int64_t from; /* everything before this position is done, or waits for an address */
    bool waits;   /* items are left for a later pass */
};

/* The items before the first that found `person`; all when it is NULL. */
static struct list items_before(struct list items, const struct person *person) {
    const struct enrichment_item *item = items.p;
    size_t n = 0;
    while (n < items.n && !(person && str_eq(item[n].subject_id, person->id)))
        n++;
    return (struct list){ items.p, n };
}

/* Results, charges, and the proof that the job is still ours, together. Takes from the step
 * what cannot be paid for: the first such item and all that follow. */
static enum rc store_step(struct ctx *ctx, void *arg) {
    struct stored *s = arg;
    const struct step *step = s->step;
    struct person *const *people = step->people.p;
    struct reveal what = { step->batch->reveal_email == YES,
                           step->batch->reveal_phone_numbers == YES };
    size_t paid = 0;
    enum rc rc = job_still_mine(ctx, step->job);
    if (rc == OK && step->people.n)
        rc = reveal_in_transaction(ctx, what, people, step->people.n, &paid);
    s->is_short = paid < step->people.n;
    if (rc != OK)
        return rc;
    return enrichment_items_done(ctx, step->id,
                                 items_before(step->items, s->is_short ? people[paid] : NULL));
}

struct end {
    const struct job *job;
    enum enrichment_kind kind;
    int64_t id;
    const char *status, *error_code;
};

/* A batch whose row is there no more has not ended, it is gone. */
static enum rc get_batch(struct ctx *ctx, enum enrichment_kind kind, int64_t id,
                         struct enrichment *ret_batch) {
    enum rc rc = enrichment_get(ctx, kind, id, ret_batch);
    return rc == E_NOT_FOUND ? fail(ctx, rc, "enrichment %lld is gone", (long long) id) : rc;
}

static enum rc end_batch(struct ctx *ctx, void *arg) {
    const struct end *e = arg;
    struct enrichment batch;
    enum rc rc = get_batch(ctx, e->kind, e->id, &batch);
    if (rc == OK)
        rc = enrichment_set_status(ctx, e->id, e->status, e->error_code);
    return rc == OK ? job_done(ctx, e->job) : rc;
}

/* Takes from the step whom it has to wait for, with their items: a later pass finds them. */
static void sort_out(struct ctx *ctx, struct step *step, const bool *waits) {
    struct person **people = step->people.p;
    struct enrichment_item *items = step->items.p;
    struct strs waiting = { 0 };
    size_t n = step->people.n, n_items = step->items.n;
    step->people.n = step->items.n = 0;
    for (size_t i = 0; i < n; i++) {
        if (waits[i])
            strs_add(ctx->arena, &waiting, people[i]->id);
        else
            people[step->people.n++] = people[i];
    }
    for (size_t i = 0; i < n_items; i++)
        if (!str_is_set(items[i].subject_id) || !strs_have(waiting, items[i].subject_id))
            items[step->items.n++] = items[i];
    step->waits = waiting.n > 0;
}

static enum rc look_for_addresses(struct ctx *ctx, struct step *step) {
    if (step->batch->reveal_email != YES || step->people.n == 0)
        return OK;
    bool *waits = ARENA_ARRAY(ctx->arena, step->people.n, bool);
    enum rc rc = steps_addresses(ctx, step->people.p, step->people.n, waits);
    if (rc == OK)
        sort_out(ctx, step, waits);
    return rc;
}

/* One step. E_CREDITS when they are used up: what they sufficed for is done. E_REMOVED when one
 * of the people was removed meanwhile: nothing is done. */
static enum rc run_step(struct ctx *ctx, void *arg, int items, bool *ret_is_last) {
    struct batch_run *run = arg;
    struct step step = { .job = run->job, .id = run->batch->id.v, .batch = run->batch };
    enum rc rc = enrichment_pending(ctx, step.id, run->from, items, &step.items);
    *ret_is_last = step.items.n == 0;
    if (rc != OK || *ret_is_last)
        return rc;
    struct enrichment_item *item = step.items.p;
    for (size_t i = 0; rc == OK && i < step.items.n; i++)
        rc = run->find(ctx, &step, &item[i]);
    int64_t next = item[step.items.n - 1].position.v + 1;
    if (rc == OK)
        rc = look_for_addresses(ctx, &step);
    if (rc != OK)
        return rc;
    struct stored stored = { .step = &step };
    rc = db_transact(ctx, store_step, &stored);
    credits_changed(); /* once more, now that it is committed */
    if (rc == OK) {
        run->from = next;
        run->waits |= step.waits;
    }
    return rc == OK && stored.is_short ? E_CREDITS : rc;
}

static enum rc start_batch(struct ctx *ctx, void *arg) {
    const struct end *e = arg;
    return enrichment_set_status(ctx, e->id, "processing", NULL);
}

static enum rc run_batch(struct ctx *ctx, const struct job *job, enum enrichment_kind kind,
                         find_one *find) {
    int64_t id;
    if (str_to_i64(job->subject, &id) != OK)
        return fail(ctx, E_INVALID, "subject of the job");
    struct enrichment batch;
    enum rc rc = get_batch(ctx, kind, id, &batch);
    struct end end = { job, kind, id, "completed", NULL };
    struct batch_run run = { .job = job, .batch = &batch, .find = find };
    if (rc == OK)
        rc = db_transact(ctx, start_batch, &end);
    if (rc == OK)
        rc = steps_run(ctx, &(struct steps){ job, STEP_ITEMS, run_step, &run });
    if (rc == OK && run.waits)
        return steps_later(ctx, job);
    if (rc == E_CREDITS) {
        end.status = "error";
        end.error_code = "insufficient_credits";
    } else if (rc != OK) {
        return rc;
    }
    ctx_clear_error(ctx);
    return db_transact(ctx, end_batch, &end);
}

enum rc people_enrichment_job(struct ctx *ctx, const struct job *job) {
    return run_batch(ctx, job, ENRICH_PEOPLE, find_one_person);
}

enum rc companies_enrichment_job(struct ctx *ctx, const struct job *job) {
    return run_batch(ctx, job, ENRICH_COMPANIES, find_one_company);
}

enum rc enrichment_gave_up(struct ctx *ctx, const struct job *job) {
    int64_t id;
    if (str_to_i64(job->subject, &id) != OK)
        return OK; /* belongs to no batch */
    return enrichment_set_status(ctx, id, "error", "internal_server_error");
}
