/* People: rows of the database that the operator imported, shared by all accounts.
 * Emails and phone numbers are in the rows but shown only after a reveal (reveal.h).
 * Results live in ctx->arena. */
#ifndef STORE_PEOPLE_H
#define STORE_PEOPLE_H

#include "base/ctx.h"
#include "base/field.h"
#include "store/companies.h"

struct phone_number {
    struct str id, number, type, source;
    enum tri is_wrong_number; /* as the asking account reviewed it */
    enum tri is_dnc_listed;
    struct str person_id;
};
extern const struct fields phone_number_fields;

struct person {
    struct str id, name, first_name, last_name, linkedin_url, gender, title, headline, about;
    struct str current_position_start_date, current_position_description, image_url, location;
    struct location_details *location_details;
    struct str experiences, educations, languages; /* JSON arrays */
    struct company *company;
    struct str email;           /* shown: set only by a reveal */
    struct list phone_numbers;  /* of struct phone_number; shown likewise */
    struct list explanations;   /* of struct explanation; set only by a search that explains */

    /* Not in the API. */
    struct opt_int doc;
    struct str name_key, linkedin_key, title_key, seniority;
    struct strs departments, job_functions, keywords;
    struct str city, region, country;
    struct str stored_email, email_key; /* what a reveal can show */
    struct str company_id, extra, tags;
    struct opt_int rank, updated_at; /* updated_at: ms since 1970; given when the row is put */
};
extern const struct fields person_fields;

/* By id, by key of the LinkedIn URL ("in/slug"), by normal form of the email:
 * E_NOT_FOUND when there is none. With the company, without phone numbers. */
MUST_USE enum rc person_get(struct ctx *ctx, struct str id, struct person *ret_person);
MUST_USE enum rc person_by_linkedin(struct ctx *ctx, struct str key, struct person *ret_person);
MUST_USE enum rc person_by_email(struct ctx *ctx, struct str email_key, struct person *ret_person);

/* E_NOT_FOUND when there is none; else nobody removes or changes it until the transaction
 * ends. Inside db_transact. */
MUST_USE enum rc person_lock(struct ctx *ctx, struct str id);

/* Those of `docs` / `ids` that exist, with their companies, in the order given; list of
 * struct person. */
MUST_USE enum rc people_by_docs(struct ctx *ctx, struct ints docs, struct list *ret_people);
MUST_USE enum rc people_by_ids(struct ctx *ctx, struct strs ids, struct list *ret_people);

/* How many of these ids are nobody's. */
MUST_USE enum rc people_missing(struct ctx *ctx, struct strs ids, int64_t *ret_missing);

/* The first `limit` people of these companies whose tags match the text (search/match.h), in
 * the order of their numbers; with doc, name and title alone. */
MUST_USE enum rc people_of_companies(struct ctx *ctx, struct strs company_ids, struct str tags,
                                     int limit, struct list *ret_people);

/* The first `limit` people behind row number `doc`, in the order of the numbers, with
 * their companies: for walking over all of them. */
MUST_USE enum rc people_after(struct ctx *ctx, int64_t doc, int limit, struct list *ret_people);

/* Phone numbers of these people, by person, then oldest first, as the account of ctx
 * sees them; list of struct phone_number. One query. */
MUST_USE enum rc phone_numbers_of(struct ctx *ctx, struct strs person_ids,
                                  struct list *ret_numbers);

/* Notes that a user of the account called `phone_id` and why it was wrong. The account
 * must have paid for the number: E_NOT_FOUND otherwise, so that ids cannot be probed.
 * *ret_number is the number as the account sees it from now on. */
MUST_USE enum rc phone_number_review(struct ctx *ctx, struct str phone_id, struct str user_id,
                                     struct str reason, struct phone_number *ret_number);

#endif
