/* Email validations: start, poll, list, cancel, delete; and one address at once. */
#include "api/batches.h"
#include "api/email_validations.h"
#include "api/tables.h"
#include "base/clock.h"
#include "base/vec.h"
#include "http/request.h"
#include "store/services.h"
#include "store/validations.h"

enum { EMAILS_MAX = 100000, EMAIL_MAX = 320, BODY_MAX_BYTES = 32 * 1024 * 1024, POLL_MS = 20 };

/* For so long a verdict on one address is given again without being paid again. */
#define SINGLE_GOOD_MS (10 * MINUTE_MS)

/* --- requests --- */

struct email_input {
    struct str email;
};

struct start_request {
    struct list emails; /* of struct email_input */
};

#define EMAIL_ROW                                                                           \
    F_STR(struct email_input, email, .flags = FIELD_REQUIRED, .min = 1, .max = EMAIL_MAX,   \
          .example = "foo@example.com", .doc = "The address.")
static const struct field email_rows[] = { EMAIL_ROW };
static const struct fields email_input_fields
    = FIELDS("EmailValidationInput", struct email_input, email_rows, .doc = "One address.");
static const struct fields single_fields
    = FIELDS("SingleEmailValidationRequest", struct email_input, email_rows,
             .doc = "The address to validate.");
static const struct field start_rows[] = {
    F_LIST(struct start_request, emails, .flags = FIELD_REQUIRED, .min = 1, .max = EMAILS_MAX,
           .of = &email_input_fields, .doc = "The addresses to validate."),
};
static const struct fields start_fields
    = FIELDS("EmailValidationRequest", struct start_request, start_rows,
             .doc = "Addresses to validate; those that differ in case alone count once.");

struct detail_query {
    enum tri detail;
};
static const struct field detail_rows[] = {
    F_BOOL(struct detail_query, detail, .example = "true",
           .doc = "Show reason, detail, provider and checked_at with each result."),
};
static const struct fields detail_fields
    = FIELDS("EmailValidationQuery", struct detail_query, detail_rows, .doc = "How much is shown.");

/* --- answers --- */

static const struct str results[] = { { "deliverable", 11 },
                                      { "risky", 5 },
                                      { "unknown", 7 },
                                      { "undeliverable", 13 } };
static const struct enum_values enum_results
    = { "EmailValidationVerdict", results, LENGTH(results) };

#define T struct validation_result
static const struct field result_rows[] = {
    F_OBJECT_NAME("email_validation_result"),
    F_STR(T, email, .flags = FIELD_REQUIRED, .example = "foo@example.com", .doc = "The address."),
    F_ENUM(T, result, .flags = FIELD_REQUIRED, .values = &enum_results,
           .doc = "Whether mail to it arrives."),
    F_BOOL(T, catch_all, .flags = FIELD_REQUIRED, .example = "false",
           .doc = "Whether its domain takes mail for every name: true only with proof."),
    F_STR(T, reason, .example = "accepted_email", .doc = "Why. With detail=true."),
    F_STR(T, detail, .example = "accepted", .doc = "Why, in finer words. With detail=true."),
    F_STR(T, provider, .example = "google", .doc = "Who runs its mail servers. With detail=true."),
    F_TIME(T, checked_at, .example = "2025-08-29T14:54:16Z",
           .doc = "When its servers were asked. With detail=true."),
};
#undef T
const struct fields email_validation_result_fields
    = FIELDS("EmailValidationResult", struct validation_result, result_rows,
             .doc = "What was found out about an address.");

struct answer {
    struct str id, status;
    struct opt_int total;
    struct opt_int created_at, finished_at;
    struct list results; /* of struct validation_result */
    struct links *links;
    struct list errors; /* of struct batch_error */
};

#define T struct answer
#define HEAD_ROWS                                                                             \
    F_ID(T, id, .flags = FIELD_REQUIRED, .example = "0198f652-73a2-7d41-914e-e511382bb808",   \
         .doc = "Id of the validation."),                                                     \
    F_OBJECT_NAME("email_validation"),                                                        \
    F_ENUM(T, status, .flags = FIELD_REQUIRED, .values = &enum_batch_statuses,                \
           .doc = "Where it is."),                                                            \
    F_INT(T, total, .example = "2", .doc = "Addresses, each counted once."),                  \
    F_TIME(T, created_at, .example = "2025-08-29T14:54:16Z", .doc = "When it was started."),  \
    F_TIME(T, finished_at, .example = "2025-08-29T14:55:16Z", .doc = "When it ended."),       \
    { .name = "_links", .type = FIELD_OBJECT, .flags = FIELD_REQUIRED, .of = &links_fields,   \
      .offset = FIELD_OFFSET(T, links, struct links *), .doc = "Links to the pages around." }, \
    { .name = "_errors", .type = FIELD_LIST, .of = &batch_error_fields,                       \
      .offset = FIELD_OFFSET(T, errors, struct list), .doc = "Why it ended with an error." }
static const struct field answer_rows[] = {
    HEAD_ROWS,
    F_LIST(T, results, .flags = FIELD_REQUIRED | FIELD_ALWAYS, .of = &email_validation_result_fields,
           .doc = "In the order of the addresses, when the validation has ended."),
};
static const struct field listed_rows[] = { HEAD_ROWS };
#undef T
static const struct fields answer_fields
    = FIELDS("EmailValidation", struct answer, answer_rows, .doc = "A validation.");
static const struct fields listed_fields
    = FIELDS("ListedEmailValidation", struct answer, listed_rows,
             .doc = "A validation, without its results.");

static const struct field list_rows[]
    = PAGE_ROWS("email_validations", listed_fields, "Newest first.");
static const struct fields list_fields
    = FIELDS("EmailValidationList", struct page_answer, list_rows, .doc = "Validations.");

/* --- handlers --- */

static struct str path_of(struct ctx *ctx, struct str id) {
    return arena_printf(ctx->arena, "/email-validations/%.*s", STR_FMT(id));
}

static struct answer answer_of(struct ctx *ctx, const struct validation *v) {
    return (struct answer){ .id = v->id, .status = v->status, .total = v->total,
                            .created_at = v->created_at, .finished_at = v->finished_at,
                            .errors = batch_errors(ctx, v->error_code) };
}

static bool wants_detail(const struct request *r) {
    const struct detail_query *query = r->query;
    return query->detail == YES;
}

static void leave_out_detail(struct validation_result *result) {
    result->reason = result->detail = result->provider = STR_NONE;
    result->checked_at = (struct opt_int){ 0 };
}

/* Results are shown when it has ended; until then, when to ask again. */
static enum rc respond_validation(struct request *r, const struct validation *v) {
    struct answer answer = answer_of(r->ctx, v);
    struct page_of page = { 0 };
    int64_t left;
    enum rc rc;
    if (batch_has_ended(v->status)) {
        rc = validation_results(r->ctx, v->id, &r->page, &page);
    } else {
        rc = validation_left(r->ctx, v->id, &left);
        if (rc == OK)
            batch_retry_after(r, left);
    }
    if (rc != OK)
        return rc;
    struct validation_result *result = page.items.p;
    for (size_t i = 0; i < page.items.n && !wants_detail(r); i++)
        leave_out_detail(&result[i]);
    answer.results = page.items;
    answer.links = page_of_links(r, &page);
    return respond(r, 200, &answer_fields, &answer);
}

static enum rc out_of_credits(struct request *r) {
    return problem(r->ctx, E_CREDITS, "insufficient_credits",
                   "The account has fewer email credits than addresses to validate");
}

static enum rc post_email_validations(struct request *r) {
    const struct start_request *body = r->body;
    const struct email_input *input = body->emails.p;
    struct strs emails = { vec_room(r->ctx->arena, body->emails.n, sizeof(struct str)),
                           body->emails.n };
    enum rc rc = OK;
    for (size_t i = 0; i < emails.n; i++) {
        emails.p[i] = input[i].email;
        if (str_is_empty(str_trim(emails.p[i])) && r->ctx->problem_count < PROBLEMS_MAX)
            rc = bad_field(r->ctx, arena_printf(r->ctx->arena, "/emails/%zu/email", i),
                           "unsupported_value", "Must not be blank");
    }
    struct validation v;
    if (rc == OK)
        rc = validation_create(r->ctx, emails, &v);
    if (rc != OK)
        return rc == E_CREDITS ? out_of_credits(r) : rc;
    struct answer answer = answer_of(r->ctx, &v);
    struct str path = path_of(r->ctx, v.id);
    response_header(r, "Location", path);
    answer.links = self_link_to(r, path);
    return respond(r, 202, &answer_fields, &answer);
}

static enum rc get_email_validation(struct request *r) {
    struct validation v;
    enum rc rc = validation_get(r->ctx, r->path_id, &v);
    return rc == OK ? respond_validation(r, &v) : rc;
}

static enum rc patch_email_validation(struct request *r) {
    struct validation v;
    enum rc rc = validation_cancel(r->ctx, r->path_id, &v);
    return rc == OK ? respond_validation(r, &v) : rc;
}

static enum rc delete_email_validation(struct request *r) {
    enum rc rc = validation_delete(r->ctx, r->path_id);
    return rc == OK ? respond_empty(r, 204) : rc;
}

static enum rc get_email_validations(struct request *r) {
    struct page_of page;
    enum rc rc = validations_list(r->ctx, &r->page, &page);
    if (rc != OK)
        return rc;
    const struct validation *v = page.items.p;
    struct answer *items = ARENA_ARRAY(r->ctx->arena, page.items.n + 1, struct answer);
    for (size_t i = 0; i < page.items.n; i++) {
        items[i] = answer_of(r->ctx, &v[i]);
        items[i].links = self_link_to(r, path_of(r->ctx, v[i].id));
    }
    page.items.p = items;
    return respond_items(r, &list_fields, &page);
}

/* --- POST /email-validations/single --- */

/* The result of one that has ended. */
static enum rc respond_single(struct request *r, const struct validation *v) {
    struct page_of page = { 0 };
    if (str_eq(v->status, STR("error")))
        return out_of_credits(r);
    enum rc rc = validation_results(r->ctx, v->id, &(struct page){ .size = 1 }, &page);
    if (rc != OK)
        return rc;
    if (page.items.n == 0) /* canceled or deleted by another request */
        return problem(r->ctx, E_CONFLICT, "conflict", "The validation was canceled");
    if (!wants_detail(r))
        leave_out_detail(page.items.p);
    return respond(r, 200, &email_validation_result_fields, page.items.p);
}

/* E_TIMEOUT: not yet. Called many times, so until there is an end on memory that is given
 * back. */
static enum rc poll_single(struct request *r) {
    const struct email_input *body = r->body;
    struct ctx look = *r->ctx;
    struct validation v;
    look.arena = arena_new();
    enum rc rc = validation_single_get(&look, body->email, &v);
    bool waits = rc == OK && !batch_has_ended(v.status);
    arena_free(&look.arena);
    if (waits)
        return E_TIMEOUT;
    rc = validation_single_get(r->ctx, body->email, &v);
    return rc == OK ? respond_single(r, &v) : rc;
}

static enum rc post_email_validations_single(struct request *r) {
    const struct email_input *body = r->body;
    struct validation v;
    if (str_is_empty(str_trim(body->email)))
        return bad_field(r->ctx, STR("/email"), "unsupported_value", "Must not be blank");
    enum rc rc = validation_single(r->ctx, body->email, ctx_now(r->ctx) - SINGLE_GOOD_MS, &v);
    if (rc == OK && batch_has_ended(v.status))
        return respond_single(r, &v);
    if (rc != OK)
        return rc == E_CREDITS ? out_of_credits(r) : rc;
    return request_wait(r, poll_single, POLL_MS, r->ctx->services->reveal.timeout_ms);
}

static const struct route_status start_statuses[] = {
    { 202, "Batch accepted", "Location" },
    { 402, "insufficient_credits: fewer email credits than addresses; nothing was charged", NULL },
};
static const struct route_status get_statuses[] = {
    { 200, "The validation; Retry-After is there while it runs.", "Retry-After" },
    { 404, "no such validation", NULL },
};
static const struct route_status delete_statuses[] = {
    { 204, "It is forgotten, with its results.", NULL },
    { 404, "no such validation", NULL },
};
static const struct route_status single_statuses[] = {
    { 402, "insufficient_credits: nothing was charged", NULL },
    { 408, "request_timeout: the work goes on, ask again", "Retry-After" },
    { 409, "conflict: it was canceled by another request", NULL },
};
#define STATUSES(table) .statuses = (table), .n_statuses = LENGTH(table)
#define COMMON .scope = SCOPE_API, .limit = LIMIT_DEFAULT, .tag = "Email validation"
#define ONE COMMON, .flags = ROUTE_PAGED | ROUTE_PATH_UUID, .page_default = 100, \
            .page_max = 1000, .query = &detail_fields, STATUSES(get_statuses)
static const struct route routes[] = {
    { POST, "/email-validations", post_email_validations, COMMON, .success = 202,
      .body = &start_fields, .body_max = BODY_MAX_BYTES, .reply = &answer_fields,
      STATUSES(start_statuses), .summary = "Start batch of email validations",
      .doc = "One email credit for each address, charged with its result. Up to 100,000 "
             "addresses a request; an hourly allowance bounds how many are begun." },
    { GET, "/email-validations", get_email_validations, COMMON,
      .flags = ROUTE_PAGED | ROUTE_CURSOR_UUID, .reply = &list_fields,
      .summary = "List email validations", .doc = "Newest first, without results." },
    { POST, "/email-validations/single", post_email_validations_single, COMMON,
      .flags = ROUTE_SLOW, .query = &detail_fields, .body = &single_fields,
      .reply = &email_validation_result_fields, STATUSES(single_statuses), .summary = "Validate one email address",
      .doc = "Waits for the result. One email credit; asked again within ten minutes, none." },
    { GET, "/email-validations/{id}", get_email_validation, ONE, .reply = &answer_fields,
      .summary = "Retrieve email validation results",
      .doc = "While it runs there are no results, and Retry-After says when to ask again." },
    { PATCH, "/email-validations/{id}", patch_email_validation, ONE, .body = &cancel_fields,
      .reply = &answer_fields, .summary = "Cancel batch of email validations",
      .doc = "The results so far stay and are shown. One that has ended stays as it is." },
    { DELETE, "/email-validations/{id}", delete_email_validation, COMMON,
      .flags = ROUTE_PATH_UUID, .success = 204, STATUSES(delete_statuses),
      .summary = "Delete email validation", .doc = "Ends it when it runs." },
};
const struct route_table email_validation_routes = ROUTE_TABLE(routes);
