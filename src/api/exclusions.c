/* Exclusion lists: domains and emails have the same six operations under two names. */
#include "api/tables.h"
#include "base/map.h"
#include "base/vec.h"
#include "data/urls.h"
#include "http/request.h"
#include "json/writer.h"
#include "sequence/excluded.h"
#include "store/exclusions.h"

/* The values are in the request's memory some five times, so the body has half the size
 * that they could have: 8 MiB are 100,000 values of 65 characters. */
enum { VALUES_MAX = 100000, BODY_MAX_BYTES = 8 * 1024 * 1024, PAGE_DEFAULT = 2000 };

struct excluded_item {
    struct str value;
};

struct exclusions_request {
    struct list items; /* of struct excluded_item */
};

/* The reference's self link says `size`; cursors come as page[after] and page[before]. */
struct size_query {
    struct opt_int size;
};
static const struct field size_rows[] = {
    F_INT(struct size_query, size, .min = 1, .max = PAGE_DEFAULT, .example = "2000",
          .doc = "Entries per page; the same as page[size]."),
};
static const struct fields size_fields
    = FIELDS("ExclusionsQuery", struct size_query, size_rows, .doc = "How many.");

/* The three tables of one kind. */
#define TABLES(word, Schema, item_fields)                                                       \
    static const struct field word##_item_rows[] = {                                            \
        { .name = #word, .type = FIELD_STR, .flags = FIELD_REQUIRED, .max = 320,                \
          .offset = FIELD_OFFSET(struct excluded_item, value, struct str),                      \
          .doc = "The " #word " to exclude or include again." },                                \
    };                                                                                          \
    static const struct fields word##_input_fields                                              \
        = FIELDS(Schema "Input", struct excluded_item, word##_item_rows, .doc = "One entry.");  \
    static const struct field word##_request_rows[] = {                                         \
        { .name = "excluded_" #word "s", .type = FIELD_LIST, .flags = FIELD_REQUIRED,           \
          .offset = FIELD_OFFSET(struct exclusions_request, items, struct list),                \
          .min = 1, .max = VALUES_MAX, .of = &word##_input_fields, .doc = "The entries." },     \
    };                                                                                          \
    static const struct fields word##_request_fields                                            \
        = FIELDS(Schema "Request", struct exclusions_request, word##_request_rows,              \
                 .doc = "Entries of the exclusion list.");                                      \
    static const struct field word##_answer_rows[]                                              \
        = PAGE_ROWS("excluded_" #word "s", item_fields, "The entries of this page, in their order.");\
    static const struct fields word##_answer_fields                                             \
        = FIELDS(Schema "List", struct page_answer, word##_answer_rows,                         \
                 .doc = "A page of the exclusion list.");

TABLES(domain, "ExcludedDomain", excluded_domain_fields)
TABLES(email, "ExcludedEmail", excluded_email_fields)

static const char create_schema[]
    = "{\"type\":\"object\",\"description\":\"One member per submitted value.\","
      "\"additionalProperties\":{\"type\":\"string\",\"enum\":[\"success\",\"duplicated\"]}}";
static const char delete_schema[]
    = "{\"type\":\"object\",\"description\":\"One member per submitted value.\","
      "\"additionalProperties\":{\"type\":\"string\","
      "\"enum\":[\"success\",\"unsupported\",\"not_found\"]}}";

static const char *word_of(enum exclusion_kind kind) {
    return kind == EXCLUDED_DOMAIN ? "domain" : "email";
}

/* --- reading values --- */

static enum rc normalise(struct arena *arena, enum exclusion_kind kind, struct str text,
                         struct str *ret_value) {
    struct domain domain;
    struct email email;
    enum rc rc = kind == EXCLUDED_DOMAIN ? domain_parse(arena, text, &domain)
                                         : email_parse(arena, text, &email);
    if (rc == OK)
        *ret_value = kind == EXCLUDED_DOMAIN ? domain.host : email.address;
    return rc;
}

static enum rc read_values(struct request *r, enum exclusion_kind kind, struct strs *ret_values) {
    const struct exclusions_request *body = r->body;
    const struct excluded_item *item = body->items.p;
    const char *word = word_of(kind);
    enum rc rc = OK;
    struct arena *scratch = arena_new();
    for (size_t i = 0; i < body->items.n; i++) {
        struct str value;
        if (normalise(scratch, kind, item[i].value, &value) == OK)
            strs_add(r->ctx->arena, ret_values, arena_str(r->ctx->arena, value));
        else if (r->ctx->problem_count < PROBLEMS_MAX)
            rc = bad_field(r->ctx,
                           arena_printf(r->ctx->arena, "/excluded_%ss/%zu/%s", word, i, word),
                           "unsupported_value", "Not a valid %s", word);
        arena_reset(scratch);
    }
    arena_free(&scratch);
    return rc;
}

/* --- answering --- */

static void free_text(void *text) {
    buf_done(text);
}

/* {"value as submitted": "result"}; of a value that was submitted twice the first counts. */
static enum rc respond_results(struct request *r, struct strs results) {
    static char present;
    const struct exclusions_request *body = r->body;
    const struct excluded_item *item = body->items.p;
    struct buf *text = ARENA_NEW(r->ctx->arena, struct buf);
    struct json_writer w = json_writer(text);
    struct map seen = map_in(NULL);
    *text = buf_on_heap(2 * BODY_MAX_BYTES);
    arena_defer(r->ctx->arena, free_text, text);
    json_begin_object(&w);
    for (size_t i = 0; i < results.n; i++) {
        if (map_put(&seen, item[i].value, &present))
            continue;
        json_key(&w, item[i].value);
        json_str(&w, results.p[i]);
    }
    json_end_object(&w);
    map_done(&seen);
    return respond_text(r, 200, "application/json", buf_text(text));
}

static enum rc list(struct request *r, enum exclusion_kind kind, const struct fields *fields) {
    const struct size_query *query = r->query;
    if (query->size.set)
        r->page.size = (int) query->size.v;
    struct page_of page;
    enum rc rc = exclusions_list(r->ctx, kind, &r->page, &page);
    if (rc != OK)
        return rc;
    struct page_answer answer = { page.items, page_of_links(r, &page) };
    if (!str_is_set(r->page.after) && !str_is_set(r->page.before))
        answer._links->self->href = arena_printf(r->ctx->arena, "/excluded-%ss?size=%d",
                                                word_of(kind), r->page.size);
    return respond(r, 200, fields, &answer);
}

static enum rc create(struct request *r, enum exclusion_kind kind) {
    struct new_exclusions added = { .kind = kind, .source = STR(EXCLUSION_OWN_SOURCE),
                                    .reason = STR("api") };
    struct strs results = { 0 };
    enum rc rc = read_values(r, kind, &added.values);
    if (rc == OK)
        rc = exclusions_add(r->ctx, &added, &results);
    if (rc == OK)
        rc = excluded_begin_removal(r->ctx, kind, added.values);
    return rc == OK ? respond_results(r, results) : rc;
}

static enum rc delete(struct request *r, enum exclusion_kind kind) {
    struct strs values = { 0 }, results = { 0 };
    enum rc rc = read_values(r, kind, &values);
    if (rc == OK)
        rc = exclusions_delete(r->ctx, kind, values, &results);
    return rc == OK ? respond_results(r, results) : rc;
}

static enum rc get_excluded_domains(struct request *r) {
    return list(r, EXCLUDED_DOMAIN, &domain_answer_fields);
}
static enum rc post_excluded_domains(struct request *r) {
    return create(r, EXCLUDED_DOMAIN);
}
static enum rc delete_excluded_domains(struct request *r) {
    return delete (r, EXCLUDED_DOMAIN);
}
static enum rc get_excluded_emails(struct request *r) {
    return list(r, EXCLUDED_EMAIL, &email_answer_fields);
}
static enum rc post_excluded_emails(struct request *r) {
    return create(r, EXCLUDED_EMAIL);
}
static enum rc delete_excluded_emails(struct request *r) {
    return delete (r, EXCLUDED_EMAIL);
}

#define COMMON .scope = SCOPE_API, .limit = LIMIT_DEFAULT, .tag = "Exclusion lists"
#define LIST COMMON, .flags = ROUTE_PAGED, .page_default = PAGE_DEFAULT, .page_max = PAGE_DEFAULT, \
             .query = &size_fields
static const struct route routes[] = {
    { GET, "/excluded-domains", get_excluded_domains, LIST, .reply = &domain_answer_fields,
      .summary = "List excluded domains", .doc = "Domains that are not to be sequenced." },
    { POST, "/excluded-domains", post_excluded_domains, COMMON, .body = &domain_request_fields,
      .reply_schema = create_schema, .body_max = BODY_MAX_BYTES,
      .summary = "Create domain exclusions",
      .doc = "Says for each value whether it is new. Leads at the domains and below them are "
             "removed from their sequences at once." },
    { DELETE, "/excluded-domains", delete_excluded_domains, COMMON,
      .body = &domain_request_fields, .reply_schema = delete_schema, .body_max = BODY_MAX_BYTES,
      .summary = "Delete domain exclusions",
      .doc = "An entry that came from a CRM is `unsupported`: it is deleted there." },
    { GET, "/excluded-emails", get_excluded_emails, LIST, .reply = &email_answer_fields,
      .summary = "List excluded emails", .doc = "Addresses that are not to be sequenced." },
    { POST, "/excluded-emails", post_excluded_emails, COMMON, .body = &email_request_fields,
      .reply_schema = create_schema, .body_max = BODY_MAX_BYTES,
      .summary = "Create email exclusions",
      .doc = "Says for each value whether it is new. Leads with the addresses are removed from "
             "their sequences at once." },
    { DELETE, "/excluded-emails", delete_excluded_emails, COMMON, .body = &email_request_fields,
      .reply_schema = delete_schema, .body_max = BODY_MAX_BYTES,
      .summary = "Delete email exclusions",
      .doc = "An entry that came from a CRM is `unsupported`: it is deleted there." },
};
const struct route_table exclusion_routes = ROUTE_TABLE(routes);
