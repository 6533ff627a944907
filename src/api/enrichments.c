/* Enrichment batches of people and companies: start, poll, cancel. The two differ in
 * what an item is and in what a result shows. */
#include "api/batches.h"
#include "api/tables.h"
#include "base/limits.h"
#include "base/map.h"
#include "base/vec.h"
#include "enrich/batch.h"
#include "http/request.h"
#include "store/credits.h"
#include "store/enrichments.h"

enum { PEOPLE_MAX = 100000, COMPANIES_MAX = 10000, BODY_MAX_BYTES = 32 * 1024 * 1024 };

/* --- requests --- */

struct people_request {
    struct list leads; /* of struct person_query */
    enum tri reveal_email, reveal_phone_numbers;
};

#define T struct people_request
static const struct field people_request_rows[] = {
    F_LIST(T, leads, .flags = FIELD_REQUIRED, .min = 1, .max = PEOPLE_MAX,
           .of = &person_enrichment_input_fields, .doc = "The people to find."),
    F_BOOL(T, reveal_email, .doc = "Reveal email addresses."),
    F_BOOL(T, reveal_phone_numbers, .doc = "Reveal phone numbers."),
};
#undef T
static const struct fields people_request_fields
    = FIELDS("PersonEnrichmentRequest", struct people_request, people_request_rows,
             .doc = "A batch of people.");

struct companies_request {
    struct list companies; /* of struct company_query */
};

#define T struct companies_request
static const struct field companies_request_rows[] = {
    F_LIST(T, companies, .flags = FIELD_REQUIRED, .min = 1, .max = COMPANIES_MAX,
           .of = &company_enrichment_input_fields, .doc = "The companies to find."),
};
#undef T
static const struct fields companies_request_fields
    = FIELDS("CompanyEnrichmentRequest", struct companies_request, companies_request_rows,
             .doc = "A batch of companies.");

/* --- answers --- */

struct result {
    struct str status;
    struct person *person;
    struct company *company;
};

struct batch_answer {
    struct opt_int id;
    struct str status;
    struct list results; /* of struct result */
    struct links *links;
    struct list errors; /* of struct batch_error */
};

static const struct str item_statuses[]
    = { { "enriched", 8 }, { "not_found", 9 }, { "gdpr_removed", 12 } };
static const struct enum_values enum_item_statuses
    = { "EnrichmentStatus", item_statuses, LENGTH(item_statuses) };
#define RESULT_ROWS(member, c_type, fields)                                                      \
    { .name = "status", .type = FIELD_ENUM, .flags = FIELD_REQUIRED,                             \
      .values = &enum_item_statuses, .offset = FIELD_OFFSET(struct result, status, struct str),  \
      .doc = "What came of the item." },                                                         \
    { .name = "result", .type = FIELD_OBJECT, .flags = FIELD_NULLABLE, .of = &(fields),          \
      .offset = FIELD_OFFSET(struct result, member, c_type *), .doc = "What was found." }
static const struct field person_result_rows[]
    = { RESULT_ROWS(person, struct person, person_fields) };
static const struct field company_result_rows[]
    = { RESULT_ROWS(company, struct company, company_fields) };
static const struct fields person_result_fields
    = FIELDS("PersonEnrichmentResult", struct result, person_result_rows, .doc = "One item.");
static const struct fields company_result_fields
    = FIELDS("CompanyEnrichmentResult", struct result, company_result_rows, .doc = "One item.");

#define T struct batch_answer
#define BATCH_ROWS(object, result_fields)                                                        \
    F_INT(T, id, .flags = FIELD_REQUIRED, .example = "18", .doc = "Id of the batch."),           \
    F_OBJECT_NAME(object),                                                                       \
    F_ENUM(T, status, .flags = FIELD_REQUIRED, .values = &enum_batch_statuses,                   \
           .doc = "Where the batch is."),                                                        \
    F_LIST(T, results, .flags = FIELD_REQUIRED | FIELD_ALWAYS, .of = &(result_fields),           \
           .doc = "Items in the order of the request, when the batch has ended."),               \
    { .name = "_links", .type = FIELD_OBJECT, .flags = FIELD_REQUIRED, .of = &links_fields,      \
      .offset = FIELD_OFFSET(T, links, struct links *), .doc = "Links to the pages around." },   \
    { .name = "_errors", .type = FIELD_LIST, .of = &batch_error_fields,                                \
      .offset = FIELD_OFFSET(T, errors, struct list), .doc = "Why it ended with an error." }
static const struct field person_batch_rows[]
    = { BATCH_ROWS("person_enrichment", person_result_fields) };
static const struct field company_batch_rows[]
    = { BATCH_ROWS("company_enrichment", company_result_fields) };
#undef T
static const struct fields person_batch_fields
    = FIELDS("PersonEnrichment", struct batch_answer, person_batch_rows, .doc = "A batch.");
static const struct fields company_batch_fields
    = FIELDS("CompanyEnrichment", struct batch_answer, company_batch_rows, .doc = "A batch.");

struct batch_kind {
    enum enrichment_kind kind;
    const char *path;
    const struct fields *input, *answer;
    enum rc (*load)(struct request *r, const struct enrichment *batch, struct list items,
                    struct list *ret_results);
};

/* --- results --- */

static struct strs subjects(struct ctx *ctx, struct list items) {
    struct strs ids = { 0 };
    const struct enrichment_item *item = items.p;
    for (size_t i = 0; i < items.n; i++)
        if (str_is_set(item[i].subject_id))
            strs_add(ctx->arena, &ids, item[i].subject_id);
    return ids;
}

/* Phone numbers: the charge was made with the item, so they may be shown. */
static enum rc show_phone_numbers(struct ctx *ctx, const struct enrichment *batch,
                                  struct strs ids, const struct map *people) {
    struct list numbers = { 0 };
    enum rc rc = batch->reveal_phone_numbers == YES ? phone_numbers_of(ctx, ids, &numbers) : OK;
    if (rc != OK)
        return rc;
    const struct phone_number *number = numbers.p;
    for (size_t i = 0; i < numbers.n; i++) {
        struct person *owner = map_get(people, number[i].person_id);
        if (owner)
            *(struct phone_number *) list_add(ctx->arena, &owner->phone_numbers, sizeof *number)
                = number[i];
    }
    return OK;
}

static enum rc load_people(struct request *r, const struct enrichment *batch, struct list items,
                           struct list *ret_results) {
    struct ctx *ctx = r->ctx;
    struct strs ids = subjects(ctx, items);
    struct list people = { 0 };
    enum rc rc = people_by_ids(ctx, ids, &people);
    struct map by_id = map_in(ctx->arena);
    struct person *p = people.p;
    for (size_t i = 0; rc == OK && i < people.n; i++) {
        if (batch->reveal_email == YES)
            p[i].email = p[i].stored_email;
        map_put(&by_id, p[i].id, &p[i]);
    }
    if (rc == OK)
        rc = show_phone_numbers(ctx, batch, ids, &by_id);
    if (rc != OK)
        return rc;
    const struct enrichment_item *item = items.p;
    for (size_t i = 0; i < items.n; i++) {
        struct result *result = list_add(ctx->arena, ret_results, sizeof *result);
        result->status = item[i].status;
        result->person = map_get(&by_id, item[i].subject_id);
    }
    return OK;
}

static enum rc load_companies(struct request *r, const struct enrichment *batch,
                              struct list items, struct list *ret_results) {
    (void) batch; /* nothing of a company needs a reveal */
    struct ctx *ctx = r->ctx;
    struct list companies = { 0 };
    enum rc rc = companies_by_ids(ctx, subjects(ctx, items), &companies);
    if (rc != OK)
        return rc;
    struct map by_id = map_in(ctx->arena);
    struct company *c = companies.p;
    for (size_t i = 0; i < companies.n; i++)
        map_put(&by_id, c[i].id, &c[i]);
    const struct enrichment_item *item = items.p;
    for (size_t i = 0; i < items.n; i++) {
        struct result *result = list_add(ctx->arena, ret_results, sizeof *result);
        result->status = item[i].status;
        result->company = map_get(&by_id, item[i].subject_id);
    }
    return OK;
}

static const struct batch_kind people_kind
    = { ENRICH_PEOPLE, "/people/enrichment-requests", &person_enrichment_input_fields,
        &person_batch_fields, load_people };
static const struct batch_kind companies_kind
    = { ENRICH_COMPANIES, "/companies/enrichment-requests", &company_enrichment_input_fields,
        &company_batch_fields, load_companies };

/* --- handlers --- */

/* Results are shown when the batch has ended; until then, when to ask again. */
static enum rc respond_batch(struct request *r, const struct batch_kind *kind,
                             const struct enrichment *batch) {
    struct batch_answer answer = { .id = batch->id, .status = batch->status };
    struct page_of page = { 0 };
    enum rc rc = OK;
    if (batch_has_ended(batch->status))
        rc = enrichment_items(r->ctx, batch->id.v, &r->page, &page);
    else
        response_header(r, "Retry-After", STR("60"));
    if (rc == OK && page.items.n)
        rc = kind->load(r, batch, page.items, &answer.results);
    if (rc != OK)
        return rc;
    answer.errors = batch_errors(r->ctx, batch->error_code);
    answer.links = page_of_links(r, &page);
    return respond(r, 200, kind->answer, &answer);
}

static enum rc start(struct request *r, const struct batch_kind *kind, struct list inputs,
                     const struct enrichment *options) {
    struct enrichment batch;
    enum rc rc = enrichment_create(r->ctx, kind->kind,
                                   &(struct enrichment_inputs){ inputs, kind->input }, options,
                                   &batch);
    if (rc != OK)
        return rc;
    struct str path = arena_printf(r->ctx->arena, "%s/%lld", kind->path, (long long) batch.id.v);
    response_header(r, "Location", path);
    struct batch_answer answer = { .id = batch.id, .status = batch.status,
                                   .links = self_link_to(r, path) };
    return respond(r, 202, kind->answer, &answer);
}

static int64_t id_of(const struct request *r) {
    int64_t id;
    return str_to_i64(r->path_id, &id) == OK ? id : -1; /* ROUTE_PATH_INT */
}

static enum rc get(struct request *r, const struct batch_kind *kind) {
    struct enrichment batch;
    enum rc rc = enrichment_get(r->ctx, kind->kind, id_of(r), &batch);
    return rc == OK ? respond_batch(r, kind, &batch) : rc;
}

static enum rc cancel(struct request *r, const struct batch_kind *kind) {
    struct enrichment batch;
    enum rc rc = enrichment_cancel(r->ctx, kind->kind, id_of(r), &batch);
    return rc == OK ? respond_batch(r, kind, &batch) : rc;
}

static enum rc post_people_enrichment_requests(struct request *r) {
    const struct people_request *body = r->body;
    struct enrichment options = { .reveal_email = body->reveal_email,
                                  .reveal_phone_numbers = body->reveal_phone_numbers };
    return start(r, &people_kind, body->leads, &options);
}
static enum rc get_people_enrichment_requests(struct request *r) {
    return get(r, &people_kind);
}
static enum rc patch_people_enrichment_requests(struct request *r) {
    return cancel(r, &people_kind);
}
static enum rc post_companies_enrichment_requests(struct request *r) {
    const struct companies_request *body = r->body;
    return start(r, &companies_kind, body->companies, &(struct enrichment){ 0 });
}
static enum rc get_companies_enrichment_requests(struct request *r) {
    return get(r, &companies_kind);
}
static enum rc patch_companies_enrichment_requests(struct request *r) {
    return cancel(r, &companies_kind);
}

static const struct route_status start_statuses[] = { { 202, "Batch accepted", "Location" } };
static const struct route_status batch_statuses_doc[]
    = { { 200, "The batch; Retry-After is there while it runs.", "Retry-After" },
        { 404, "no such batch", NULL } };

#define COMMON .scope = SCOPE_API, .limit = LIMIT_DEFAULT
#define START COMMON, .success = 202, .body_max = BODY_MAX_BYTES, .statuses = start_statuses, \
              .n_statuses = LENGTH(start_statuses)
#define BATCH COMMON, .flags = ROUTE_PAGED | ROUTE_PATH_INT | ROUTE_CURSOR_INT, \
              .page_default = 100, .page_max = PAGE_ITEMS_MAX, .statuses = batch_statuses_doc, \
              .n_statuses = LENGTH(batch_statuses_doc)
static const struct route routes[] = {
    { POST, "/people/enrichment-requests", post_people_enrichment_requests, START,
      .body = &people_request_fields, .reply = &person_batch_fields, .tag = "People",
      .summary = "Start batch of person enrichments",
      .doc = "Costs for each person what GET /people/find costs. Up to 100,000 people. When the "
             "credits are used up the batch ends with an error; as many people as they sufficed "
             "for, in order, are enriched and paid for." },
    { GET, "/people/enrichment-requests/{id}", get_people_enrichment_requests, BATCH,
      .reply = &person_batch_fields, .tag = "People",
      .summary = "Retrieve person enrichment results",
      .doc = "While the batch runs there are no results, and Retry-After says when to ask." },
    { PATCH, "/people/enrichment-requests/{id}", patch_people_enrichment_requests, BATCH,
      .body = &cancel_fields, .reply = &person_batch_fields, .tag = "People",
      .summary = "Cancel batch of person enrichments",
      .doc = "What is done stays done and paid for. A batch that has ended stays as it is." },
    { POST, "/companies/enrichment-requests", post_companies_enrichment_requests, START,
      .body = &companies_request_fields, .reply = &company_batch_fields, .tag = "Companies",
      .summary = "Start batch of company enrichments", .doc = "Free. Up to 10,000 companies." },
    { GET, "/companies/enrichment-requests/{id}", get_companies_enrichment_requests, BATCH,
      .reply = &company_batch_fields, .tag = "Companies",
      .summary = "Retrieve company enrichment results",
      .doc = "While the batch runs there are no results, and Retry-After says when to ask." },
    { PATCH, "/companies/enrichment-requests/{id}", patch_companies_enrichment_requests, BATCH,
      .body = &cancel_fields, .reply = &company_batch_fields, .tag = "Companies",
      .summary = "Cancel batch of company enrichments",
      .doc = "What is done stays done. A batch that has ended stays as it is." },
};
const struct route_table enrichment_routes = ROUTE_TABLE(routes);
