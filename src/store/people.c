#include "store/people.h"

#include "base/check.h"
#include "base/map.h"
#include "base/vec.h"
#include "data/places.h"
#include "db/db.h"
#include "db/sql.h"
#include "store/queries.h"

#define T struct phone_number
static const struct field phone_number_rows[] = {
    F_OBJECT_NAME("phone_number"),
    F_ID(T, id, .flags = FIELD_REQUIRED, .example = "84d31ab0-bac0-46ea-9a8b-b8721126d3d6",
         .doc = "Id of the phone number, for a review."),
    F_STR(T, number, .flags = FIELD_REQUIRED, .example = "+1 123456789", .doc = "The number."),
    F_STR(T, type, .flags = FIELD_NULLABLE, .example = "mobile",
          .doc = "mobile, direct, office or landline."),
    F_STR(T, source, .doc = "Where the number came from."),
    F_BOOL(T, is_wrong_number, .doc = "True after a review with the reason wrong_number."),
    F_BOOL(T, is_dnc_listed, .doc = "True when the number is on a do-not-call list."),
    F_STR(T, person_id, .flags = FIELD_HIDDEN),
};
#undef T
const struct fields phone_number_fields
    = FIELDS("PhoneNumber", struct phone_number, phone_number_rows, .doc = "A phone number.");

#define T struct person
static const struct field person_rows[] = {
    F_ID(T, id, .flags = FIELD_REQUIRED, .example = "84d31ab0-bac0-46ea-9a8b-b8721126d3d6",
         .doc = "Id of the person."),
    F_OBJECT_NAME("person"),
    F_STR(T, name, .flags = FIELD_REQUIRED, .example = "Jonh Doe", .doc = "Full name."),
    F_STR(T, first_name, .flags = FIELD_NULLABLE, .example = "Jonh", .doc = "First name."),
    F_STR(T, last_name, .flags = FIELD_NULLABLE, .example = "Doe", .doc = "Last name."),
    F_STR(T, linkedin_url, .flags = FIELD_NULLABLE,
          .example = "https://www.linkedin.com/in/person-1", .doc = "LinkedIn URL."),
    F_STR(T, gender, .doc = "Gender, as it was imported."),
    F_STR(T, title, .flags = FIELD_NULLABLE, .example = "Founder and CEO", .doc = "Job title."),
    F_STR(T, headline, .flags = FIELD_NULLABLE, .example = "CEO @ Company", .doc = "Headline."),
    F_STR(T, about, .doc = "What the person says about themselves."),
    F_STR(T, current_position_start_date, .doc = "When the current position began."),
    F_STR(T, current_position_description, .doc = "Description of the current position."),
    F_STR(T, image_url, .doc = "URL of the picture."),
    { .name = "logo_url", .type = FIELD_STR, .offset = FIELD_OFFSET(T, image_url, struct str),
      .doc = "URL of the picture, under the name of older clients." },
    F_STR(T, location, .flags = FIELD_NULLABLE,
          .example = "San Francisco, California, United States", .doc = "Location."),
    F_OBJECT(T, location_details, struct location_details, .of = &location_details_fields,
             .doc = "The location taken apart."),
    F_JSON(T, experiences, .doc = "Earlier positions, as they were imported."),
    F_JSON(T, educations, .doc = "Educations, as they were imported."),
    F_JSON(T, languages, .doc = "Languages, as they were imported."),
    F_OBJECT(T, company, struct company, .flags = FIELD_NULLABLE, .of = &company_fields,
             .doc = "The company that the person works for."),
    F_STR(T, email, .example = "john.doe@company.com", .doc = "Email address, after a reveal."),
    F_LIST(T, phone_numbers, .of = &phone_number_fields, .doc = "Phone numbers, after a reveal."),
    { .name = "_explain", .type = FIELD_LIST, .flags = FIELD_EMPTY,
      .offset = FIELD_OFFSET(T, explanations, struct list), .of = &explanation_fields,
      .doc = "Why it was found, in a search with `explain`." },
    F_INT(T, doc, .flags = FIELD_HIDDEN),
    F_STR(T, name_key, .flags = FIELD_HIDDEN),
    F_STR(T, linkedin_key, .flags = FIELD_HIDDEN),
    F_STR(T, title_key, .flags = FIELD_HIDDEN),
    F_STR(T, seniority, .flags = FIELD_HIDDEN),
    F_STRS(T, departments, .flags = FIELD_HIDDEN),
    F_STRS(T, job_functions, .flags = FIELD_HIDDEN),
    F_STRS(T, keywords, .flags = FIELD_HIDDEN),
    F_STR(T, city, .flags = FIELD_HIDDEN),
    F_STR(T, region, .flags = FIELD_HIDDEN),
    F_STR(T, country, .flags = FIELD_HIDDEN),
    F_STR(T, stored_email, .flags = FIELD_HIDDEN),
    F_STR(T, email_key, .flags = FIELD_HIDDEN),
    F_STR(T, company_id, .flags = FIELD_HIDDEN),
    F_JSON(T, extra, .flags = FIELD_HIDDEN),
    F_STR(T, tags, .flags = FIELD_HIDDEN),
    F_INT(T, rank, .flags = FIELD_HIDDEN),
    F_INT(T, updated_at, .flags = FIELD_HIDDEN),
};
#undef T
const struct fields person_fields
    = FIELDS("Person", struct person, person_rows, .doc = "A person.");

#define COLUMNS                                                                             \
    "doc, id, name, first_name, last_name, name_key, linkedin_url, linkedin_key, gender, "  \
    "title, title_key, seniority, departments, job_functions, headline, about, "            \
    "current_position_start_date, current_position_description, image_url, location, city, " \
    "region, country, experiences, educations, languages, keywords, stored_email, " \
    "email_key, company_id, extra, updated_at"

static const struct query by_id
    = { "person_by_id", "SELECT " COLUMNS " FROM people WHERE id = $1", NULL };
static const struct query by_linkedin
    = { "person_by_linkedin", "SELECT " COLUMNS " FROM people WHERE linkedin_key = $1", NULL };
static const struct query by_email
    = { "person_by_email", "SELECT " COLUMNS " FROM people WHERE email_key = $1", NULL };
static const struct query by_docs
    = { "people_by_docs",
        "SELECT " COLUMNS " FROM people, (SELECT key AS position, value FROM json_each($1)) wanted "
        "WHERE doc = wanted.value ORDER BY wanted.position",
        "SELECT " COLUMNS " FROM people "
        "JOIN json_array_elements_text($1::json) WITH ORDINALITY AS wanted (value, position) "
        "ON doc = wanted.value::bigint ORDER BY wanted.position" };
static const struct query by_ids
    = { "people_by_ids",
        "SELECT " COLUMNS " FROM people, (SELECT key AS position, value FROM json_each($1)) wanted "
        "WHERE id = wanted.value ORDER BY wanted.position",
        "SELECT " COLUMNS " FROM people "
        "JOIN json_array_elements_text($1::json) WITH ORDINALITY AS wanted (value, position) "
        "ON id = wanted.value ORDER BY wanted.position" };
static const struct query after
    = { "people_after",
        "SELECT " COLUMNS " FROM people WHERE doc > $1 ORDER BY doc LIMIT $2", NULL };
static const struct query of_companies
    = { "people_of_companies",
        "SELECT doc, name, title FROM people "
        "WHERE company_id IN (SELECT value FROM json_each($1)) "
        "AND doc IN (SELECT rowid FROM people_tags WHERE people_tags MATCH $2) "
        "ORDER BY doc LIMIT $3",
        "SELECT doc, name, title FROM people "
        "WHERE company_id IN (SELECT value FROM json_array_elements_text($1::json)) "
        "AND tags_vector(tags) @@ ($2::text)::tsquery ORDER BY doc LIMIT $3" };
#define PHONE_COLUMNS                                                            \
    "p.id, p.number, p.type, p.source, p.is_dnc_listed, p.person_id, "           \
    "CASE WHEN r.reason = 'wrong_number' THEN 1 ELSE 0 END AS is_wrong_number "  \
    "FROM phone_numbers p "                                                      \
    "LEFT JOIN phone_reviews r ON r.phone_id = p.id AND r.account_id = $1 "
static const struct query phones
    = { "phone_numbers_of",
        "SELECT " PHONE_COLUMNS "WHERE p.person_id IN (SELECT value FROM json_each($2)) "
        "ORDER BY p.person_id, p.created_at, p.id",
        "SELECT " PHONE_COLUMNS
        "WHERE p.person_id IN (SELECT value FROM json_array_elements_text($2::json)) "
        "ORDER BY p.person_id, p.created_at, p.id" };
static const struct query lock = { "person_lock", "SELECT 1 FROM people WHERE id = $1",
                                   "SELECT 1 FROM people WHERE id = $1 FOR UPDATE" };
#define WITHOUT_PERSON " WHERE NOT EXISTS (SELECT 1 FROM people WHERE id = value)"
static const struct query missing
    = { "people_missing", "SELECT count(*) FROM json_each($1)" WITHOUT_PERSON,
        "SELECT count(*) FROM json_array_elements_text($1::json) AS e (value)" WITHOUT_PERSON };
static const struct query phone_by_id
    = { "phone_number_by_id", "SELECT " PHONE_COLUMNS "WHERE p.id = $2", NULL };
static const struct query review
    = { "phone_number_review",
        "INSERT INTO phone_reviews (account_id, phone_id, user_id, reason, created_at) "
        "SELECT $1, $2, $3, $4, $5 WHERE EXISTS "
        "(SELECT 1 FROM credit_entries WHERE account_id = $1 AND charge_key = 'phone:' || $2) "
        "ON CONFLICT (account_id, phone_id) DO UPDATE SET "
        "user_id = excluded.user_id, reason = excluded.reason, created_at = excluded.created_at",
        NULL };

static const struct query *const queries[]
    = { &by_id, &lock,         &missing,     &by_linkedin, &by_email,    &by_docs, &by_ids,
        &after, &of_companies, &phones,      &phone_by_id, &review };
const struct query_table people_queries = QUERY_TABLE(queries);

static void complete(struct ctx *ctx, struct person *person, const struct map *companies) {
    if (str_is_set(person->company_id))
        person->company = map_get(companies, person->company_id);
    if (!str_is_set(person->city) && !str_is_set(person->region) && !str_is_set(person->country))
        return;
    struct location_details *details = ARENA_NEW(ctx->arena, struct location_details);
    *details = (struct location_details){ person->city, person->region,
                                          country_name(person->country) };
    person->location_details = details;
}

/* One query for the companies of all of them. */
static enum rc add_companies(struct ctx *ctx, struct list *people) {
    struct person *p = people->p;
    struct strs ids = { 0 };
    for (size_t i = 0; i < people->n; i++)
        if (str_is_set(p[i].company_id))
            strs_add(ctx->arena, &ids, p[i].company_id);
    struct list found = { 0 };
    enum rc rc = ids.n ? companies_by_ids(ctx, ids, &found) : OK;
    if (rc != OK)
        return rc;
    struct map by_company_id = map_in(ctx->arena);
    struct company *companies = found.p;
    for (size_t i = 0; i < found.n; i++)
        map_put(&by_company_id, companies[i].id, &companies[i]);
    for (size_t i = 0; i < people->n; i++)
        complete(ctx, &p[i], &by_company_id);
    return OK;
}

static enum rc list(struct ctx *ctx, const struct query *query, struct db_value set,
                    struct list *ret_people) {
    enum rc rc = db_list(ctx, query, DB_ARGS(set), &person_fields, ret_people);
    return rc == OK ? add_companies(ctx, ret_people) : rc;
}

static enum rc get(struct ctx *ctx, const struct query *query, struct str key,
                   struct person *ret_person) {
    struct list people = { 0 };
    enum rc rc = list(ctx, query, db_v_text(key), &people);
    if (rc != OK)
        return rc;
    if (people.n == 0)
        return E_NOT_FOUND;
    *ret_person = *(struct person *) people.p;
    return OK;
}

enum rc person_get(struct ctx *ctx, struct str id, struct person *ret_person) {
    return get(ctx, &by_id, id, ret_person);
}

enum rc person_by_linkedin(struct ctx *ctx, struct str key, struct person *ret_person) {
    return get(ctx, &by_linkedin, key, ret_person);
}

enum rc person_by_email(struct ctx *ctx, struct str email_key, struct person *ret_person) {
    return get(ctx, &by_email, email_key, ret_person);
}

enum rc people_by_docs(struct ctx *ctx, struct ints docs, struct list *ret_people) {
    return list(ctx, &by_docs, sql_ints(ctx->arena, docs), ret_people);
}

enum rc people_by_ids(struct ctx *ctx, struct strs ids, struct list *ret_people) {
    return list(ctx, &by_ids, sql_texts(ctx->arena, ids), ret_people);
}

enum rc people_after(struct ctx *ctx, int64_t doc, int limit, struct list *ret_people) {
    enum rc rc = db_list(ctx, &after, DB_ARGS(db_v_int(doc), db_v_int(limit)), &person_fields,
                         ret_people);
    return rc == OK ? add_companies(ctx, ret_people) : rc;
}

enum rc person_lock(struct ctx *ctx, struct str id) {
    int64_t one;
    return db_get_int(ctx, &lock, DB_ARGS(db_v_text(id)), &one);
}

enum rc people_missing(struct ctx *ctx, struct strs ids, int64_t *ret_missing) {
    return db_get_int(ctx, &missing, DB_ARGS(sql_texts(ctx->arena, ids)), ret_missing);
}

enum rc people_of_companies(struct ctx *ctx, struct strs company_ids, struct str tags, int limit,
                            struct list *ret_people) {
    return db_list(ctx, &of_companies,
                   DB_ARGS(sql_texts(ctx->arena, company_ids), db_v_text(tags), db_v_int(limit)),
                   &person_fields, ret_people);
}

enum rc phone_numbers_of(struct ctx *ctx, struct strs person_ids, struct list *ret_numbers) {
    return db_list(ctx, &phones,
                   DB_ARGS(db_v_text(ctx->account_id), sql_texts(ctx->arena, person_ids)),
                   &phone_number_fields, ret_numbers);
}

struct review_work {
    struct str phone_id, user_id, reason;
    struct phone_number *ret_number;
};

static enum rc review_in_transaction(struct ctx *ctx, void *arg) {
    const struct review_work *w = arg;
    int64_t changes;
    enum rc rc = db_exec(ctx, &review,
                         DB_ARGS(db_v_text(ctx->account_id), db_v_text(w->phone_id),
                                 db_v_text(w->user_id), db_v_text(w->reason),
                                 db_v_int(ctx_now(ctx))),
                         &changes);
    if (rc != OK)
        return rc;
    if (changes == 0)
        return E_NOT_FOUND;
    *w->ret_number = (struct phone_number){ 0 };
    return db_get(ctx, &phone_by_id, DB_ARGS(db_v_text(ctx->account_id), db_v_text(w->phone_id)),
                  &phone_number_fields, w->ret_number);
}

enum rc phone_number_review(struct ctx *ctx, struct str phone_id, struct str user_id,
                            struct str reason, struct phone_number *ret_number) {
    struct review_work work = { phone_id, user_id, reason, ret_number };
    return db_transact(ctx, review_in_transaction, &work);
}
