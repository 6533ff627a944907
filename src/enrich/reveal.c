/* A lookup is a job whose subject is the person: one at a time per account, and its row
 * says afterwards that it was made. A provider that found nothing is asked again after
 * LOOKUP_AGAIN_MS at the earliest, one that could not be reached after LOOKUP_FAILED_MS.
 *
 * The provider gets POST {"id", "name", "first_name", "last_name", "title",
 * "linkedin_url", "company_name", "company_domain"} and answers 200 with
 * {"email": "…", "phone_numbers": [{"number": "…", "type": "mobile"}]}, both optional,
 * or 404 when it knows nothing. */
#include "enrich/reveal.h"

#include "base/check.h"
#include "base/rand.h"
#include "base/vec.h"
#include "data/urls.h"
#include "db/db.h"
#include "db/sql.h"
#include "json/reader.h"
#include "json/writer.h"
#include "net/http_client.h"
#include "store/credits.h"
#include "store/put.h"
#include "store/queries.h"
#include "store/services.h"

#define FOUND_AGAIN_MS  DAY_MS
#define LOOKUP_AGAIN_MS (7 * DAY_MS)
#define LOOKUP_FAILED_MS HOUR_MS
enum { FOUND_HALVES = 1, REVEAL_HALVES = 2, PROVIDER_MS = 120 * 1000, ANSWER_MAX_BYTES = 65536 };

static const char job_name[] = "reveal";

/* Notes the charge of everybody who was not charged for within the last day, and returns
 * who that is: two requests at once cannot both get the same person. */
static const struct query found
    = { "found_charges",
        "INSERT INTO found_charges (account_id, person_id, charged_at) "
        "SELECT $1, value, $3 FROM json_each($2) WHERE 1 = 1 ORDER BY value "
        "ON CONFLICT (account_id, person_id) DO UPDATE SET charged_at = excluded.charged_at "
        "WHERE found_charges.charged_at <= $4 RETURNING person_id",
        "INSERT INTO found_charges (account_id, person_id, charged_at) "
        "SELECT DISTINCT $1, value, $3 FROM json_array_elements_text($2::json) ORDER BY value "
        "ON CONFLICT (account_id, person_id) DO UPDATE SET charged_at = excluded.charged_at "
        "WHERE found_charges.charged_at <= $4 RETURNING person_id" };
static const struct query set_email
    = { "reveal_set_email",
        "UPDATE people SET stored_email = $2, email_key = $2, updated_at = $3 "
        "WHERE id = $1 AND email_key IS NULL "
        "AND NOT EXISTS (SELECT 1 FROM people WHERE email_key = $2)",
        NULL };
/* Locked, so that a removal does not come between. */
static const struct query is_there
    = { "reveal_is_there", "SELECT 1 FROM people WHERE id = $1",
        "SELECT 1 FROM people WHERE id = $1 FOR UPDATE" };
static const struct query *const queries[] = { &found, &set_email, &is_there };
const struct query_table reveal_queries = QUERY_TABLE(queries);

/* --- charging --- */

/* Keys of the found charges that are due now. The time makes tomorrow's key another. */
static enum rc found_keys(struct ctx *ctx, struct person *const *people, size_t n,
                          struct strs *ret_keys) {
    struct strs ids = { 0 };
    for (size_t i = 0; i < n; i++)
        strs_add(ctx->arena, &ids, people[i]->id);
    int64_t now = ctx_now(ctx);
    struct db_rows *rows;
    enum rc rc = db_query(ctx, &found,
                          DB_ARGS(db_v_text(ctx->account_id), sql_texts(ctx->arena, ids),
                                  db_v_int(now), db_v_int(now - FOUND_AGAIN_MS)),
                          &rows);
    if (rc != OK)
        return rc;
    while (db_next(rows))
        strs_add(ctx->arena, ret_keys,
                 arena_printf(ctx->arena, "found:%.*s:%lld", STR_FMT(db_text(rows, 0)),
                              (long long) now));
    return db_rows_close(rows);
}

static struct strs email_keys(struct ctx *ctx, struct person *const *people, size_t n) {
    struct strs keys = { 0 };
    for (size_t i = 0; i < n; i++)
        if (str_is_set(people[i]->stored_email))
            strs_add(ctx->arena, &keys,
                     arena_printf(ctx->arena, "email:%.*s", STR_FMT(people[i]->id)));
    return keys;
}

/* The numbers of all these people, and the keys of their charges. */
static enum rc phone_keys(struct ctx *ctx, struct person *const *people, size_t n,
                          struct list *ret_numbers, struct strs *ret_keys) {
    struct strs ids = { 0 };
    for (size_t i = 0; i < n; i++)
        strs_add(ctx->arena, &ids, people[i]->id);
    enum rc rc = phone_numbers_of(ctx, ids, ret_numbers);
    const struct phone_number *number = ret_numbers->p;
    for (size_t i = 0; rc == OK && i < ret_numbers->n; i++)
        strs_add(ctx->arena, ret_keys,
                 arena_printf(ctx->arena, "phone:%.*s", STR_FMT(number[i].id)));
    return rc;
}

static enum rc charge(struct ctx *ctx, enum credit_kind kind, int64_t halves, struct strs keys) {
    return keys.n ? credits_charge_all(ctx, kind, halves, keys) : OK;
}

static void show(struct ctx *ctx, struct reveal what, struct person *person,
                 const struct list *numbers) {
    if (what.email)
        person->email = person->stored_email;
    person->phone_numbers = (struct list){ 0 };
    const struct phone_number *number = numbers->p;
    for (size_t i = 0; i < numbers->n; i++) {
        if (!str_eq(number[i].person_id, person->id))
            continue;
        struct phone_number *shown = list_add(ctx->arena, &person->phone_numbers, sizeof *shown);
        *shown = number[i];
    }
}

enum rc reveal_in_transaction(struct ctx *ctx, struct reveal what, struct person *const *people,
                              size_t n) {
    struct strs found_now = { 0 }, phones = { 0 };
    struct list numbers = { 0 };
    enum rc rc = found_keys(ctx, people, n, &found_now);
    if (rc == OK && what.phone_numbers)
        rc = phone_keys(ctx, people, n, &numbers, &phones);
    if (rc == OK)
        rc = charge(ctx, CREDIT_EMAIL, FOUND_HALVES, found_now);
    if (rc == OK && what.email)
        rc = charge(ctx, CREDIT_EMAIL, REVEAL_HALVES, email_keys(ctx, people, n));
    if (rc == OK)
        rc = charge(ctx, CREDIT_PHONE, REVEAL_HALVES, phones);
    for (size_t i = 0; rc == OK && i < n; i++)
        show(ctx, what, people[i], &numbers);
    return rc;
}

struct reveal_work {
    struct reveal what;
    struct person *const *people;
    size_t n;
};

static enum rc reveal_work(struct ctx *ctx, void *arg) {
    const struct reveal_work *w = arg;
    return reveal_in_transaction(ctx, w->what, w->people, w->n);
}

enum rc reveal_people(struct ctx *ctx, struct reveal what, struct person *const *people,
                      size_t n) {
    if (n == 0)
        return OK;
    enum rc rc = db_transact(ctx, reveal_work, &(struct reveal_work){ what, people, n });
    credits_changed(); /* once more, now that it is committed */
    return rc;
}

/* --- looking up --- */

static enum rc is_unknown(struct ctx *ctx, struct reveal what, const struct person *person,
                          bool *ret_unknown) {
    *ret_unknown = what.email && !str_is_set(person->stored_email);
    if (*ret_unknown || !what.phone_numbers)
        return OK;
    struct list numbers = { 0 };
    struct strs ids = { 0 };
    strs_add(ctx->arena, &ids, person->id);
    enum rc rc = phone_numbers_of(ctx, ids, &numbers);
    *ret_unknown = numbers.n == 0;
    return rc;
}

static enum rc enqueue_lookup(struct ctx *ctx, void *arg) {
    const struct person *person = arg;
    return job_enqueue(ctx, job_name, person->id, STR("{}"));
}

/* Whether the lookup that ended may be made again. */
static bool is_stale(const struct ctx *ctx, const struct job *job) {
    bool failed = str_eq(job->status, STR("failed"));
    return ctx_now(ctx) - job->finished_at.v >= (failed ? LOOKUP_FAILED_MS : LOOKUP_AGAIN_MS);
}

enum rc reveal_lookup(struct ctx *ctx, struct reveal what, struct person *person) {
    bool unknown;
    enum rc rc = is_unknown(ctx, what, person, &unknown);
    if (rc != OK || !unknown || str_is_empty(ctx->services->reveal.provider_url))
        return rc;
    struct job job;
    rc = job_by_subject(ctx, job_name, person->id, &job);
    if (rc != OK && rc != E_NOT_FOUND)
        return rc;
    if (rc == OK && !job.finished_at.set)
        return E_TIMEOUT;
    if (rc == OK && !is_stale(ctx, &job)) /* it may have ended after the person was read */
        return person_get(ctx, person->id, person);
    rc = db_transact(ctx, enqueue_lookup, person);
    if (rc == OK && ctx->services->wake_jobs)
        ctx->services->wake_jobs();
    return rc == OK ? E_TIMEOUT : rc;
}

/* --- the provider --- */

struct provider_question {
    struct str id, name, first_name, last_name, title, linkedin_url, company_name, company_domain;
};

#define T struct provider_question
static const struct field question_rows[] = {
    F_ID(T, id, .doc = "Id of the person."),
    F_STR(T, name, .doc = "Full name."),
    F_STR(T, first_name, .doc = "First name."),
    F_STR(T, last_name, .doc = "Last name."),
    F_STR(T, title, .doc = "Job title."),
    F_STR(T, linkedin_url, .doc = "LinkedIn URL."),
    F_STR(T, company_name, .doc = "Name of the company."),
    F_STR(T, company_domain, .doc = "Domain of the company."),
};
#undef T
static const struct fields question_fields
    = FIELDS("ProviderQuestion", struct provider_question, question_rows, .doc = "Whose address.");

struct provider_answer {
    struct str email;
    struct list phone_numbers; /* of struct provider_phone */
};

struct provider_phone {
    struct str number, type;
};

#define T struct provider_phone
static const struct field phone_rows[] = {
    F_STR(T, number, .flags = FIELD_REQUIRED, .max = 40, .doc = "The number."),
    F_STR(T, type, .max = 20, .doc = "mobile, direct, office or landline."),
};
#undef T
static const struct fields phone_fields
    = FIELDS("ProviderPhone", struct provider_phone, phone_rows, .doc = "A phone number.");

#define T struct provider_answer
static const struct field answer_rows[] = {
    F_STR(T, email, .flags = FIELD_NULLABLE, .max = 254, .doc = "The address."),
    F_LIST(T, phone_numbers, .flags = FIELD_NULLABLE, .max = 20, .of = &phone_fields,
           .doc = "The phone numbers."),
};
#undef T
static const struct fields answer_fields
    = FIELDS("ProviderAnswer", struct provider_answer, answer_rows, .doc = "What was found.");

static struct str question_about(struct arena *arena, const struct person *p) {
    struct provider_question question = {
        .id = p->id, .name = p->name, .first_name = p->first_name, .last_name = p->last_name,
        .title = p->title, .linkedin_url = p->linkedin_url,
        .company_name = p->company ? p->company->name : STR_NONE,
        .company_domain = p->company ? p->company->domain : STR_NONE,
    };
    struct buf body = buf_in(arena, ANSWER_MAX_BYTES);
    struct json_writer w = json_writer(&body);
    json_fields(&w, &question_fields, &question);
    return buf_text(&body);
}

static enum rc ask(struct ctx *ctx, const struct person *person,
                   struct provider_answer *ret_answer) {
    struct http_call call = {
        .url = ctx->services->reveal.provider_url,
        .body = question_about(ctx->arena, person),
        .timeout_ms = PROVIDER_MS,
        .answer_max = ANSWER_MAX_BYTES,
        .allow_private = ctx->services->reveal.allow_private,
    };
    struct http_reply reply;
    struct str reason;
    enum rc rc = http_call(ctx->arena, &call, &reply, &reason);
    if (rc != OK)
        return fail(ctx, rc, "reveal provider: %.*s", STR_FMT(reason));
    if (reply.status == 404)
        return OK;
    if (reply.status != 200)
        return fail(ctx, E_IO, "reveal provider answered %ld", reply.status);
    json_t *root;
    struct json_position at;
    if (json_parse(ctx->arena, reply.body, &root, &at) != OK
        || json_read_fields(ctx, &answer_fields, root, STR(""), ret_answer) != OK)
        return fail(ctx, E_PROTO, "reveal provider: the answer cannot be read");
    return OK;
}

struct store_work {
    const struct job *job;
    const struct person *person;
    const struct provider_answer *answer;
};

static struct list new_numbers(struct ctx *ctx, const struct store_work *w) {
    struct list numbers = { 0 };
    const struct provider_phone *found_phone = w->answer->phone_numbers.p;
    for (size_t i = 0; i < w->answer->phone_numbers.n; i++) {
        struct phone_number *number = list_add(ctx->arena, &numbers, sizeof *number);
        number->id = uuid_new(ctx->arena, ctx_now(ctx));
        number->person_id = w->person->id;
        number->number = found_phone[i].number;
        number->type = found_phone[i].type;
        number->source = STR("provider");
    }
    return numbers;
}

/* What was found and the end of the job, together. */
static enum rc store_answer(struct ctx *ctx, void *arg) {
    const struct store_work *w = arg;
    struct email email;
    int64_t one;
    enum rc rc = db_get_int(ctx, &is_there, DB_ARGS(db_v_text(w->person->id)), &one);
    if (rc == E_NOT_FOUND) /* removed while the provider was asked: nothing may be kept */
        return job_done(ctx, w->job);
    if (rc == OK && str_is_set(w->answer->email)
        && email_parse(ctx->arena, w->answer->email, &email) == OK)
        rc = db_exec(ctx, &set_email,
                     DB_ARGS(db_v_text(w->person->id), db_v_text(email.address),
                             db_v_int(ctx_now(ctx))),
                     NULL);
    if (rc == OK)
        rc = phone_numbers_put(ctx, new_numbers(ctx, w));
    return rc == OK ? job_done(ctx, w->job) : rc;
}

enum rc reveal_job(struct ctx *ctx, const struct job *job) {
    struct person person;
    enum rc rc = person_get(ctx, job->subject, &person);
    if (rc == E_NOT_FOUND)
        return OK; /* removed meanwhile: nothing to look for */
    struct provider_answer answer = { 0 };
    if (rc == OK)
        rc = ask(ctx, &person, &answer);
    if (rc != OK)
        return rc;
    rc = db_transact(ctx, store_answer, &(struct store_work){ job, &person, &answer });
    return rc == E_CANCELED ? OK : rc;
}
