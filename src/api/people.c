/* People: find one, search many. */
#include "api/pagination.h"
#include "api/tables.h"
#include "base/limits.h"
#include "enrich/find.h"
#include "enrich/reveal.h"
#include "http/request.h"
#include "json/writer.h"
#include "search/explain.h"
#include "search/search.h"
#include "store/contact_details.h"
#include "store/services.h"
#include "store/shown.h"

/* How often a waiting GET /people/find looks whether its lookup is done. */
enum { POLL_MS = 50 };

/* --- GET /people/find --- */

struct people_find {
    struct person_query who;
    enum tri reveal_email, reveal_phone_numbers;
};

#define T struct people_find
#define WHO(json, ...) \
    { .name = #json, .type = FIELD_STR, .offset = FIELD_OFFSET(T, who.json, struct str), \
      .max = 2048, __VA_ARGS__ }
static const struct field people_find_rows[] = {
    WHO(linkedin_url, .example = "https://www.linkedin.com/in/person-1",
        .doc = "LinkedIn URL of the person."),
    WHO(email, .example = "person@example.com", .doc = "Email address of the person."),
    WHO(name, .example = "John Doe", .doc = "Name; goes with company_name or company_domain."),
    WHO(title, .example = "CEO", .doc = "Job title; goes with name."),
    WHO(company_name, .example = "Example", .doc = "Name of the company; goes with name."),
    WHO(company_domain, .example = "example.com", .doc = "Domain of the company; goes with name."),
    F_BOOL(T, reveal_email, .example = "true", .doc = "Reveal the email address."),
    F_BOOL(T, reveal_phone_numbers, .example = "true", .doc = "Reveal the phone numbers."),
};
#undef T
static const struct fields people_find_fields
    = FIELDS("PeopleFindQuery", struct people_find, people_find_rows, .doc = "Who is meant.");

static struct reveal reveal_of(const struct people_find *q) {
    return (struct reveal){ q->reveal_email == YES, q->reveal_phone_numbers == YES };
}

/* Finds, and says in the API's words why not. */
static enum rc find(struct request *r, struct person *ret_person) {
    const struct people_find *q = r->query;
    enum rc rc = find_person(r->ctx, &q->who, ret_person);
    switch (rc) {
    case E_INVALID:
        return bad_parameter(r->ctx, str_is_set(q->who.name) ? "company_domain" : "linkedin_url",
                             "missing_field",
                             "Give linkedin_url, or email, or name with company_name or "
                             "company_domain");
    case E_NOT_FOUND:
        return problem(r->ctx, rc, "person_not_found", "No person matches");
    case E_REMOVED:
        return problem(r->ctx, rc, "unavailable_for_legal_reasons",
                       "This person was removed for privacy reasons");
    default:
        return rc;
    }
}

static enum rc charge_and_respond(struct request *r, struct person *person) {
    const struct people_find *q = r->query;
    enum rc rc = reveal_person(r->ctx, reveal_of(q), person);
    return rc == OK ? respond(r, 200, &person_fields, person) : rc;
}

/* Called while an address is being looked for: E_TIMEOUT means not yet. */
static enum rc poll_find(struct request *r) {
    const struct people_find *q = r->query;
    struct person person;
    enum rc rc = find(r, &person);
    if (rc != OK)
        return rc;
    rc = reveal_lookup(r->ctx, reveal_of(q), &person);
    return rc == OK ? charge_and_respond(r, &person) : rc;
}

/* The same for a request that waits: it looks hundreds of times, so until something has
 * changed it looks on memory that is given back. */
static enum rc poll_again(struct request *r) {
    const struct people_find *q = r->query;
    struct ctx look = *r->ctx;
    look.arena = arena_new();
    struct person person;
    enum rc rc = find_person(&look, &q->who, &person);
    if (rc == OK)
        rc = reveal_lookup(&look, reveal_of(q), &person);
    arena_free(&look.arena);
    return rc == E_TIMEOUT ? rc : poll_find(r);
}

static enum rc get_people_find(struct request *r) {
    enum rc rc = poll_find(r);
    if (rc != E_TIMEOUT)
        return rc;
    return request_wait(r, poll_again, POLL_MS, r->ctx->services->reveal.timeout_ms);
}

/* --- POST /people/search --- */

struct person_search_result {
    struct str results; /* JSON of people */
    struct pagination *pagination;
    struct facets *facets;
};

#define T struct person_search_result
static const struct field person_search_result_rows[] = {
    F_OBJECT_NAME("person_search_result"),
    F_JSON(T, results, .flags = FIELD_REQUIRED, .of = &person_fields,
           .doc = "The people of this page, best first."),
    PAGINATION_ROW(T),
    F_OBJECT(T, facets, struct facets, .of = &facets_fields, .doc = "Counts, when asked for."),
};
#undef T
static const struct fields person_search_result_fields
    = FIELDS("PersonSearchResult", struct person_search_result, person_search_result_rows,
             .doc = "A page of people.");

/* The rows with why they were found; without, they are not needed one by one. */
static enum rc explained(struct ctx *ctx, const struct people_search *search,
                         const struct hits *hits, struct shown_page *ret_page) {
    struct list people = { 0 };
    enum rc rc = people_by_docs(ctx, hits->docs, &people);
    if (rc != OK)
        return rc;
    explain_people(ctx, search, hits, &people);
    *ret_page = (struct shown_page){ json_list(ctx->arena, &person_fields, &people), people.n };
    return OK;
}

static enum rc post_people_search(struct request *r) {
    const struct people_search *search = r->body;
    struct hits hits = { 0 };
    struct shown_page page = { 0 };
    enum rc rc;
    int tries = 0;
    do {
        rc = search_people(r->ctx, search, &hits);
        if (rc == OK)
            rc = search->explain == YES ? explained(r->ctx, search, &hits, &page)
                                        : people_shown(r->ctx, hits.shown, hits.docs, &page);
    } while (rc == OK && search_has_gaps(&hits, page.n, &tries));
    if (rc != OK)
        return rc;
    struct pagination pagination = pagination_of(&hits);
    struct person_search_result result = { page.json, &pagination, hits.facets };
    return respond(r, 200, &person_search_result_fields, &result);
}

/* --- POST /phone_numbers/{id}/review --- */

struct phone_review {
    struct str user_id, reason;
};

static const struct str review_reasons[] = { { "wrong_number", 12 } };
static const struct enum_values enum_review_reasons
    = { "PhoneReviewReason", review_reasons, LENGTH(review_reasons) };

#define T struct phone_review
static const struct field phone_review_rows[] = {
    F_ID(T, user_id, .example = "0198f652-73a2-7d41-914e-e511382bb808",
         .doc = "The user who called."),
    F_ENUM(T, reason, .flags = FIELD_REQUIRED, .values = &enum_review_reasons,
           .doc = "What was wrong."),
};
#undef T
static const struct fields phone_review_fields
    = FIELDS("PhoneReview", struct phone_review, phone_review_rows,
             .doc = "What a user found out about a phone number.");

static enum rc post_phone_numbers_review(struct request *r) {
    const struct phone_review *body = r->body;
    struct phone_number number = { 0 };
    enum rc rc = phone_number_review(r->ctx, r->path_id, body->user_id, body->reason, &number);
    if (rc == E_NOT_FOUND) /* no person's: maybe a contact's */
        rc = contact_phone_review(r->ctx, r->path_id, body->user_id, body->reason, &number);
    return rc == OK ? respond(r, 200, &phone_number_fields, &number) : rc;
}

static const struct route_status find_statuses[] = {
    { 402, "insufficient_credits: nothing was charged or revealed", NULL },
    { 404, "person_not_found: nobody, or more than one person, matches", NULL },
    { 408, "request_timeout: the lookup goes on, ask again", "Retry-After" },
    { 451, "unavailable_for_legal_reasons: removed for privacy", NULL },
};

static const struct route_status review_statuses[] = {
    { 404, "no phone number of this id was revealed to the account, and none is a contact's", NULL },
};

static const struct route routes[] = {
    { GET, "/people/find", get_people_find, SCOPE_API, LIMIT_PEOPLE_FIND, ROUTE_SLOW,
      .query = &people_find_fields, .reply = &person_fields, .statuses = find_statuses,
      .n_statuses = LENGTH(find_statuses), .tag = "People", .summary = "Single person enrichment",
      .doc = "Costs half an email credit for a found person, at most once in 24 hours; one email "
             "credit for a revealed email address, once; one phone credit for each revealed phone "
             "number, once." },
    { POST, "/people/search", post_people_search, SCOPE_API, LIMIT_PEOPLE_SEARCH,
      .body = &people_search_fields, .body_max = SEARCH_BODY_MAX_BYTES,
      .reply = &person_search_result_fields, .tag = "People",
      .summary = "Search people",
      .doc = "Free. Filters are combined with AND, the values of a filter with OR." },
    { POST, "/phone_numbers/{id}/review", post_phone_numbers_review, SCOPE_API, LIMIT_DEFAULT,
      ROUTE_PATH_UUID, .body = &phone_review_fields, .reply = &phone_number_fields,
      .statuses = review_statuses, .n_statuses = LENGTH(review_statuses), .tag = "Phone numbers",
      .summary = "Review phone number" },
};
const struct route_table people_routes = ROUTE_TABLE(routes);
