/* The provider gets POST {"id", "name", "first_name", "last_name", "title",
 * "linkedin_url", "company_name", "company_domain"} and answers 200 with
 * {"email": "…", "phone_numbers": [{"number": "…", "type": "mobile"}]}, both optional,
 * or 404 when it knows nothing. What it sends is foreign: of an answer that can be read
 * each part is taken only in our own form. */
#include "enrich/provider.h"

#include "base/check.h"
#include "base/rand.h"
#include "base/vec.h"
#include "data/phones.h"
#include "data/urls.h"
#include "enrich/endpoint.h"
#include "store/services.h"

enum { PROVIDER_MS = 120 * 1000 };

struct question {
    struct str id, name, first_name, last_name, title, linkedin_url, company_name, company_domain;
};

#define T struct question
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
    = FIELDS("ProviderQuestion", struct question, question_rows, .doc = "Whose address.");

struct answer {
    struct str email;
    struct list phone_numbers; /* of struct answered_phone */
};

struct answered_phone {
    struct str number, type;
};

#define T struct answered_phone
static const struct field phone_rows[] = {
    F_STR(T, number, .flags = FIELD_REQUIRED, .max = 40, .doc = "The number."),
    F_STR(T, type, .max = 20, .doc = "mobile, direct, office or landline."),
};
#undef T
static const struct fields phone_fields
    = FIELDS("ProviderPhone", struct answered_phone, phone_rows, .doc = "A phone number.");

#define T struct answer
static const struct field answer_rows[] = {
    F_STR(T, email, .flags = FIELD_NULLABLE, .max = 254, .doc = "The address."),
    F_LIST(T, phone_numbers, .flags = FIELD_NULLABLE, .max = 20, .of = &phone_fields,
           .doc = "The phone numbers."),
};
#undef T
static const struct fields answer_fields
    = FIELDS("ProviderAnswer", struct answer, answer_rows, .doc = "What was found.");

static enum rc ask(struct ctx *ctx, const struct person *p, struct answer *ret_answer) {
    const struct endpoint provider = {
        .name = "reveal provider", .url = ctx->services->reveal.provider_url,
        .allow_private = ctx->services->reveal.allow_private, .may_not_know = true,
        .timeout_ms = PROVIDER_MS, .question = &question_fields, .answer = &answer_fields,
    };
    const struct question question = {
        .id = p->id, .name = p->name, .first_name = p->first_name, .last_name = p->last_name,
        .title = p->title, .linkedin_url = p->linkedin_url,
        .company_name = p->company ? p->company->name : STR_NONE,
        .company_domain = p->company ? p->company->domain : STR_NONE,
    };
    return endpoint_ask(ctx, &provider, &question, ret_answer);
}

static void take_email(struct ctx *ctx, struct str text, struct provider_answer *answer) {
    struct email email;
    if (str_is_set(text) && email_parse(ctx->arena, text, &email) == OK)
        answer->email = email.address;
}

/* A number that cannot be called from everywhere is not worth a credit. */
static void take_phone(struct ctx *ctx, const struct answered_phone *answered,
                       const struct person *person, struct provider_answer *answer) {
    struct phone phone;
    if (phone_parse(ctx->arena, answered->number, person->country, &phone) != OK
        || !phone.is_international)
        return;
    struct phone_number *number = list_add(ctx->arena, &answer->phone_numbers, sizeof *number);
    number->id = uuid_new(ctx->arena, ctx_now(ctx));
    number->person_id = person->id;
    number->number = phone.number;
    number->type = phone_type(answered->type);
    number->source = STR("provider");
}

enum rc provider_ask(struct ctx *ctx, const struct person *person,
                     struct provider_answer *ret_answer) {
    struct answer answered = { 0 };
    enum rc rc = ask(ctx, person, &answered);
    if (rc != OK)
        return rc;
    struct provider_answer answer = { 0 };
    take_email(ctx, answered.email, &answer);
    const struct answered_phone *phone = answered.phone_numbers.p;
    for (size_t i = 0; i < answered.phone_numbers.n; i++)
        take_phone(ctx, &phone[i], person, &answer);
    *ret_answer = answer;
    return OK;
}
