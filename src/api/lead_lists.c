/* Lead lists: start, add to, poll, list, cancel. */
#include "api/batches.h"
#include "api/email_validations.h"
#include "api/tables.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/vec.h"
#include "http/request.h"
#include "store/lead_entries.h"
#include "store/people.h"
#include "store/validations.h"

enum { LEADS_MAX = 10000, BODY_MAX_BYTES = 32 * 1024 * 1024 };

/* --- closed lists --- */

static const struct str statuses[]
    = { { "queued", 6 }, { "processing", 10 }, { "completed", 9 }, { "canceled", 8 } };
static const struct enum_values enum_statuses = { "LeadListStatus", statuses, LENGTH(statuses) };

/* What can be sent; lists of imported files are adaptive; the others are known to clients. */
static const struct str types[]
    = { { "linkedin", 8 },           { "email", 5 },      { "titles_and_company", 18 },
        { "title_and_company", 17 }, { "adaptive", 8 },   { "name_and_company", 16 },
        { "salesforce", 10 },        { "hubspot", 7 },    { "person", 6 } };
enum { SENT_TYPES = 4 };
static const struct enum_values enum_types = { "LeadListType", types, LENGTH(types) };
static const struct enum_values enum_sent_types = { "LeadListInputType", types, SENT_TYPES };

/* --- requests --- */

#define T struct lead
static const struct field lead_rows[] = {
    F_STR(T, linkedin_url, .max = 2048, .example = "https://www.linkedin.com/in/person-1",
          .doc = "LinkedIn URL. Needed in lists of type linkedin."),
    F_STR(T, email, .max = 320, .example = "person@example.com",
          .doc = "Email address. Needed in lists of type email."),
    F_STR(T, first_name, .max = 255, .example = "Jane", .doc = "First name."),
    F_STR(T, last_name, .max = 255, .example = "Doe", .doc = "Last name."),
    F_STR(T, title, .max = 512, .example = "CEO",
          .doc = "Job title. Needed in lists of type titles_and_company."),
    F_STR(T, company_name, .max = 512, .example = "Example",
          .doc = "Company's name. Needed in lists of type titles_and_company without "
                 "company_domain."),
    F_STR(T, company_domain, .max = 2048, .example = "example.com", .doc = "Company's domain."),
    F_STR(T, industry, .max = 255, .example = "Computer Software", .doc = "Company's industry."),
    F_JSON(T, data, .example = "{\"source\":\"fair\"}",
           .doc = "An object with whatever else is to stay with the lead; at most 8 KiB."),
};
#undef T
static const struct fields lead_fields
    = FIELDS("LeadListEntryInput", struct lead, lead_rows,
             .doc = "A lead. What is not needed is shown where nothing better is found.");

struct options {
    enum tri reveal_phone_numbers, validate_email, enrich;
};
#define T struct options
static const struct field options_rows[] = {
    F_BOOL(T, reveal_phone_numbers, .example = "false",
           .doc = "Reveal phone numbers. Off unless it is switched on."),
    F_BOOL(T, validate_email, .example = "true",
           .doc = "Validate addresses. Can be switched off in lists of type email alone."),
    F_BOOL(T, enrich, .example = "true",
           .doc = "Look for the leads. Can be switched off in lists of type email alone."),
};
#undef T
static const struct fields options_fields
    = FIELDS("LeadListOptions", struct options, options_rows, .doc = "What is done with the leads.");

struct create_request {
    struct str name, owner, type;
    enum tri shared, visible;
    struct options *options;
    struct list leads; /* of struct lead */
};
#define LEADS_ROW                                                                           \
    F_LIST(T, leads, .flags = FIELD_REQUIRED, .min = 1, .max = LEADS_MAX, .of = &lead_fields, \
           .doc = "The leads, as their type needs them.")
#define T struct create_request
static const struct field create_rows[] = {
    F_STR(T, name, .min = 1, .max = LEAD_LIST_NAME_MAX, .example = "Example",
          .doc = "Name of the list; one with the date is made when it is missing."),
    F_BOOL(T, shared, .flags = FIELD_REQUIRED, .example = "true",
           .doc = "Whether all users of the account see the list, or the owner alone."),
    F_BOOL(T, visible, .example = "true",
           .doc = "Whether the dashboard shows the list; true when it is missing."),
    F_STR(T, owner, .flags = FIELD_REQUIRED, .min = 1, .max = 254, .example = "user@example.com",
          .doc = "Email of a user. The oldest admin takes the place of a revoked one."),
    F_ENUM(T, type, .flags = FIELD_REQUIRED, .values = &enum_sent_types,
           .doc = "What the leads are known by."),
    F_OBJECT(T, options, struct options, .of = &options_fields,
             .doc = "What is done with the leads."),
    LEADS_ROW,
};
#undef T
static const struct fields create_fields
    = FIELDS("LeadListCreate", struct create_request, create_rows, .doc = "A lead list to make.");

struct add_request {
    struct str type;
    struct list leads;
};
#define T struct add_request
static const struct field add_rows[] = {
    F_ENUM(T, type, .values = &enum_sent_types, .doc = "The list's type, if it is said at all."),
    LEADS_ROW,
};
#undef T
static const struct fields add_fields
    = FIELDS("LeadListAddLeads", struct add_request, add_rows, .doc = "Leads to add.");

#define T struct lead_list_filter
static const struct field filter_rows[] = {
    F_ENUM(T, status, .values = &enum_statuses, .doc = "Only lists with this status."),
    F_STR(T, owner_id, .max = 100, .example = "0198f652-73a2-7d41-914e-e511382bb808",
          .doc = "Only lists of the user with this id."),
    F_STR(T, owner_email, .max = 254, .example = "user@example.com",
          .doc = "Only lists of the user with this email address."),
};
#undef T
static const struct fields filter_fields
    = FIELDS("LeadListFilter", struct lead_list_filter, filter_rows, .doc = "Filters of the list.");

/* --- answers --- */

/* What is known of a lead beside its columns. */
struct data {
    struct str headline, location, company_linkedin_url, company_size, company_location;
    struct list phone_numbers; /* of struct phone_number */
    struct str sent;
};
#define T struct data
static const struct field data_rows[] = {
    F_STR(T, headline, .example = "Builder of engines", .doc = "Headline of the profile."),
    F_STR(T, location, .example = "London, England, United Kingdom",
          .doc = "Where the person is."),
    F_STR(T, company_linkedin_url, .example = "https://www.linkedin.com/company/example",
          .doc = "The company's page."),
    F_STR(T, company_size, .example = "51-200 employees", .doc = "The company's size."),
    F_STR(T, company_location, .example = "London", .doc = "Where the company is."),
    F_LIST(T, phone_numbers, .of = &phone_number_fields,
           .doc = "Phone numbers that the account has paid for."),
    F_JSON(T, sent, .example = "{\"source\":\"fair\"}",
           .doc = "The object `data` that came with the lead, or the columns of the imported "
                  "file that have no field."),
};
#undef T
static const struct fields data_fields
    = FIELDS("LeadListEntryData", struct data, data_rows, .doc = "What else is known.");

struct entry {
    struct str id, email, person_id, linkedin_url, first_name, last_name;
    struct str company_name, company_domain, industry, title;
    struct validation_result *email_validation_result;
    struct data *data;
};
#define T struct entry
#define TEXT(member, text, what) \
    F_STR(T, member, .flags = FIELD_REQUIRED | FIELD_NULLABLE, .example = (text), .doc = (what))
static const struct field entry_rows[] = {
    F_ID(T, id, .flags = FIELD_REQUIRED, .example = "81f63c2e-edbd-4c1a-9168-542ede3ce98a",
         .doc = "Id of the entry."),
    F_OBJECT_NAME("lead_list_entry"),
    TEXT(email, "person@example.com", "Email address."),
    TEXT(person_id, "576ed970-a4c4-43a1-bdf0-154d1d9049ed", "Id of the person who was found."),
    TEXT(linkedin_url, "https://www.linkedin.com/in/person-1", "LinkedIn URL."),
    TEXT(first_name, "Jane", "First name."),
    TEXT(last_name, "Doe", "Last name."),
    TEXT(company_name, "Example", "Company's name."),
    TEXT(company_domain, "example.com", "Company's domain."),
    TEXT(industry, "Computer Software", "Company's industry."),
    TEXT(title, "CEO", "Job title."),
    F_OBJECT(T, email_validation_result, struct validation_result,
             .flags = FIELD_REQUIRED | FIELD_NULLABLE, .of = &email_validation_result_fields,
             .doc = "Whether mail to the address arrives, if that was found out."),
    F_OBJECT(T, data, struct data, .flags = FIELD_REQUIRED, .of = &data_fields,
             .doc = "What else is known."),
};
#undef T
static const struct fields entry_fields
    = FIELDS("LeadListEntry", struct entry, entry_rows, .doc = "A lead of a list.");

struct progress {
    struct opt_int leads, enriched, validating;
};
#define T struct progress
static const struct field progress_rows[] = {
    F_INT(T, leads, .flags = FIELD_REQUIRED, .example = "250", .doc = "Entries of the list."),
    F_INT(T, enriched, .flags = FIELD_REQUIRED, .example = "200",
          .doc = "Entries that were looked for."),
    F_INT(T, validating, .flags = FIELD_REQUIRED, .example = "0",
          .doc = "Addresses that are being validated, rounded up."),
};
#undef T
static const struct fields progress_fields
    = FIELDS("LeadListProgress", struct progress, progress_rows, .doc = "How far a list is.");

struct answer {
    struct str id, name, status, type, owner, url;
    enum tri shared, visible;
    struct opt_int created_at, updated_at, added;
    struct options *options;
    struct progress *progress;
    struct list leads; /* of struct entry */
    struct links *links;
    struct list errors; /* of struct batch_error */
};
#define T struct answer
#define HEAD_ROWS                                                                             \
    F_ID(T, id, .flags = FIELD_REQUIRED, .example = "81f63c2e-edbd-4c1a-9168-542ede3ce98f",   \
         .doc = "Id of the list."),                                                           \
    F_OBJECT_NAME("lead_list"),                                                               \
    F_STR(T, name, .flags = FIELD_REQUIRED, .example = "Example", .doc = "Its name."),        \
    F_ENUM(T, status, .flags = FIELD_REQUIRED, .values = &enum_statuses,                      \
           .doc = "Where it is. Canceled, with `_errors`, too when the credits were used up."), \
    F_BOOL(T, shared, .flags = FIELD_REQUIRED, .example = "true",                             \
           .doc = "Whether all users of the account see it."),                                \
    F_BOOL(T, visible, .flags = FIELD_REQUIRED, .example = "true",                            \
           .doc = "Whether the dashboard shows it."),                                         \
    F_STR(T, owner, .flags = FIELD_REQUIRED, .example = "user@example.com",                   \
          .doc = "Email of the user whose it is."),                                           \
    F_ENUM(T, type, .flags = FIELD_REQUIRED, .values = &enum_types,                           \
           .doc = "What the leads are known by, as it was sent."),                            \
    F_STR(T, url, .flags = FIELD_REQUIRED,                                                    \
          .example = "/lead-lists/81f63c2e-edbd-4c1a-9168-542ede3ce98f",                      \
          .doc = "Where it is, without the host."),                                           \
    F_TIME(T, created_at, .flags = FIELD_REQUIRED, .example = "2025-08-29T14:54:16Z",         \
           .doc = "When it was made."),                                                       \
    F_TIME(T, updated_at, .flags = FIELD_REQUIRED, .example = "2025-08-29T14:55:16Z",         \
           .doc = "When leads were added or looked for last."),                               \
    { .name = "_links", .type = FIELD_OBJECT, .flags = FIELD_REQUIRED, .of = &links_fields,   \
      .offset = FIELD_OFFSET(T, links, struct links *), .doc = "Links to the pages around." }, \
    { .name = "_errors", .type = FIELD_LIST, .of = &batch_error_fields,                       \
      .offset = FIELD_OFFSET(T, errors, struct list), .doc = "Why it was canceled." }
static const struct field answer_rows[] = {
    HEAD_ROWS,
    F_OBJECT(T, options, struct options, .flags = FIELD_REQUIRED, .of = &options_fields,
             .doc = "What is done with the leads."),
    F_OBJECT(T, progress, struct progress, .flags = FIELD_REQUIRED, .of = &progress_fields,
             .doc = "How far it is."),
    F_INT(T, added, .example = "100",
          .doc = "How many leads this request added; fewer than were sent when the list is full."),
    F_LIST(T, leads, .flags = FIELD_REQUIRED | FIELD_ALWAYS, .of = &entry_fields,
           .doc = "A page of the entries, in the order of the leads, when the list has ended."),
};
static const struct field listed_rows[] = { HEAD_ROWS };
#undef T
static const struct fields answer_fields
    = FIELDS("LeadList", struct answer, answer_rows, .doc = "A lead list.");
static const struct fields listed_fields
    = FIELDS("LeadListSummary", struct answer, listed_rows, .doc = "A lead list, without entries.");

static const struct field list_rows[] = PAGE_ROWS("lead_lists", listed_fields, "Newest first.");
static const struct fields list_fields
    = FIELDS("LeadListsResponse", struct page_answer, list_rows, .doc = "Lead lists.");

/* --- answering --- */

static struct answer head_of(struct ctx *ctx, const struct lead_list *l) {
    return (struct answer){
        .id = l->id, .name = l->name, .status = l->status, .type = l->type, .owner = l->owner,
        .shared = l->shared, .visible = l->visible, .created_at = l->created_at,
        .updated_at = l->updated_at,
        .url = arena_printf(ctx->arena, "/lead-lists/%.*s", STR_FMT(l->id)),
        .errors = batch_errors(ctx, l->error_code),
    };
}

static enum rc answer_of(struct ctx *ctx, const struct lead_list *l, struct answer *ret_answer) {
    struct lead_list_left left;
    enum rc rc = lead_list_left(ctx, l->id, &left);
    if (rc != OK)
        return rc;
    *ret_answer = head_of(ctx, l);
    ret_answer->options = ARENA_NEW(ctx->arena, struct options);
    *ret_answer->options = (struct options){ l->reveal_phone_numbers, l->validate_email, l->enrich };
    ret_answer->progress = ARENA_NEW(ctx->arena, struct progress);
    *ret_answer->progress = (struct progress){ .leads = l->total,
                                               .enriched = opt_int(l->total.v - left.entries.v),
                                               .validating = left.addresses };
    return OK;
}

static void add_entry(struct ctx *ctx, struct list *entries, const struct lead_entry *e) {
    struct entry *entry = list_add(ctx->arena, entries, sizeof *entry);
    *entry = (struct entry){
        .id = e->id, .email = e->email, .person_id = e->person_id,
        .linkedin_url = e->linkedin_url, .first_name = e->first_name, .last_name = e->last_name,
        .company_name = e->company_name, .company_domain = e->company_domain,
        .industry = e->industry, .title = e->title,
        .data = ARENA_NEW(ctx->arena, struct data),
    };
    *entry->data = (struct data){ e->headline, e->location, e->company_linkedin_url,
                                  e->company_size, e->company_location, e->phone_numbers, e->data };
    if (!str_is_set(e->result))
        return;
    entry->email_validation_result = ARENA_NEW(ctx->arena, struct validation_result);
    *entry->email_validation_result = (struct validation_result){
        .email = e->email, .result = e->result, .catch_all = e->catch_all };
}

/* Entries are shown when the list has ended; until then, when to ask again. */
static enum rc respond_list(struct request *r, const struct lead_list *list) {
    struct answer answer;
    struct page_of page = { 0 };
    enum rc rc = answer_of(r->ctx, list, &answer);
    if (rc == OK && batch_has_ended(list->status))
        rc = lead_entries_page(r->ctx, list->id, &r->page, &page);
    if (rc != OK)
        return rc;
    const struct lead_entry *entry = page.items.p;
    for (size_t i = 0; i < page.items.n; i++)
        add_entry(r->ctx, &answer.leads, &entry[i]);
    const struct progress *progress = answer.progress;
    if (!batch_has_ended(list->status))
        batch_retry_after(r, progress->leads.v - progress->enriched.v + progress->validating.v);
    answer.links = page_of_links(r, &page);
    return respond(r, 200, &answer_fields, &answer);
}

/* --- checking --- */

static void bad_lead(struct ctx *ctx, size_t i, const char *member, bool is_missing) {
    if (ctx->problem_count >= PROBLEMS_MAX)
        return;
    struct str pointer = arena_printf(ctx->arena, "/leads/%zu/%s", i, member);
    if (is_missing)
        (void) bad_field(ctx, pointer, "missing_field", "Leads of this type need it");
    else
        (void) bad_field(ctx, pointer, "unsupported_value", "Must be an object of at most 8 KiB");
}

/* E_INVALID with a problem for each lead that its type does not take. */
static enum rc check_leads(struct ctx *ctx, enum lead_type type, struct list leads) {
    const struct lead *lead = leads.p;
    for (size_t i = 0; i < leads.n; i++) {
        const char *missing = lead_lacks(type, &lead[i]);
        struct str data = lead[i].data;
        if (missing)
            bad_lead(ctx, i, missing, true);
        if (str_is_set(data) && (!str_starts(data, STR("{")) || data.n > LEAD_DATA_MAX_BYTES))
            bad_lead(ctx, i, "data", false);
    }
    return ctx->problem_count ? E_INVALID : OK;
}

static void check_options(struct ctx *ctx, const struct options *options, enum lead_type type) {
    if (type == LEADS_EMAIL)
        return;
    if (options->validate_email == NO)
        (void) bad_field(ctx, STR("/options/validate_email"), "unsupported_value",
                         "Can be switched off in lists of type email alone");
    if (options->enrich == NO)
        (void) bad_field(ctx, STR("/options/enrich"), "unsupported_value",
                         "Can be switched off in lists of type email alone");
}

/* --- handlers --- */

static enum rc out_of_credits(struct request *r) {
    return problem(r->ctx, E_CREDITS, "insufficient_credits",
                   "The account has not enough email credits for a single lead");
}

/* What the request asks for, with what it leaves out. */
static enum rc list_of(struct ctx *ctx, const struct create_request *body,
                       struct lead_list *ret_list) {
    static const struct options none;
    const struct options *options = body->options ? body->options : &none;
    enum lead_type type = lead_type_of(body->type);
    struct lead_list list = {
        .name = str_trim(body->name), .type = body->type, .shared = body->shared,
        .visible = tri_of(body->visible != NO),
        .reveal_phone_numbers = tri_of(options->reveal_phone_numbers == YES),
        .validate_email = tri_of(options->validate_email != NO),
        .enrich = tri_of(options->enrich != NO),
    };
    check_options(ctx, options, type);
    enum rc rc = lead_list_owner(ctx, body->owner, &list.owner_id);
    if (rc == E_NOT_FOUND)
        (void) bad_field(ctx, STR("/owner"), "unsupported_value",
                         "Must be the email of a user of the account");
    else if (rc != OK)
        return rc;
    rc = check_leads(ctx, type, body->leads);
    if (rc == OK)
        *ret_list = list;
    return rc;
}

static enum rc post_lead_lists(struct request *r) {
    const struct create_request *body = r->body;
    struct lead_list list;
    struct answer answer;
    enum rc rc = list_of(r->ctx, body, &list);
    if (rc == OK)
        rc = lead_list_create(r->ctx, &list, body->leads, &list);
    if (rc == OK)
        rc = answer_of(r->ctx, &list, &answer);
    if (rc != OK)
        return rc == E_CREDITS ? out_of_credits(r) : rc;
    response_header(r, "Location", answer.url);
    answer.links = self_link_to(r, answer.url);
    return respond(r, 202, &answer_fields, &answer);
}

static enum rc get_lead_lists(struct request *r) {
    struct page_of page;
    enum rc rc = lead_lists_list(r->ctx, r->query, &r->page, &page);
    if (rc != OK)
        return rc;
    const struct lead_list *list = page.items.p;
    struct answer *items = ARENA_ARRAY(r->ctx->arena, page.items.n + 1, struct answer);
    for (size_t i = 0; i < page.items.n; i++) {
        items[i] = head_of(r->ctx, &list[i]);
        items[i].links = self_link_to(r, items[i].url);
    }
    page.items.p = items;
    return respond_items(r, &list_fields, &page);
}

static enum rc get_lead_list(struct request *r) {
    struct lead_list list;
    enum rc rc = lead_list_get(r->ctx, r->path_id, &list);
    return rc == OK ? respond_list(r, &list) : rc;
}

static enum rc patch_lead_list(struct request *r) {
    struct lead_list list;
    enum rc rc = lead_list_cancel(r->ctx, r->path_id, &list);
    return rc == OK ? respond_list(r, &list) : rc;
}

static enum rc check_added(struct ctx *ctx, const struct lead_list *list,
                           const struct add_request *body) {
    enum lead_type type = lead_type_of(list->type);
    if (str_is_set(body->type) && lead_type_of(body->type) != type)
        (void) bad_field(ctx, STR("/type"), "unsupported_value", "The list is of type %.*s",
                         STR_FMT(list->type));
    return check_leads(ctx, type, body->leads);
}

static enum rc post_lead_list_leads(struct request *r) {
    const struct add_request *body = r->body;
    struct lead_list list;
    struct answer answer;
    size_t added;
    enum rc rc = lead_list_get(r->ctx, r->path_id, &list);
    if (rc == OK)
        rc = check_added(r->ctx, &list, body);
    if (rc == OK)
        rc = lead_list_add(r->ctx, list.id, body->leads, &list, &added);
    if (rc == E_LIMIT)
        return problem(r->ctx, E_CONFLICT, "conflict", "The list has its 60,000 leads");
    if (rc == E_CONFLICT)
        return problem(r->ctx, rc, "conflict", "The list was canceled");
    if (rc == OK)
        rc = answer_of(r->ctx, &list, &answer);
    if (rc != OK)
        return rc == E_CREDITS ? out_of_credits(r) : rc;
    answer.added = opt_int((int64_t) added);
    answer.links = self_link_to(r, answer.url);
    return respond(r, 200, &answer_fields, &answer);
}

static const struct route_status create_statuses[] = {
    { 202, "List accepted", "Location" },
    { 402, "insufficient_credits: not enough for a single lead; nothing was stored", NULL },
};
static const struct route_status get_statuses[] = {
    { 200, "The list; Retry-After is there while it runs.", "Retry-After" },
    { 404, "no such list", NULL },
};
static const struct route_status add_statuses[] = {
    { 402, "insufficient_credits: not enough for a single lead; none was added", NULL },
    { 404, "no such list", NULL },
    { 409, "conflict: the list has 60,000 leads, or was canceled", NULL },
};
#define STATUSES(table) .statuses = (table), .n_statuses = LENGTH(table)
#define COMMON .scope = SCOPE_API, .limit = LIMIT_DEFAULT, .tag = "Lead lists"
#define ONE COMMON, .flags = ROUTE_PAGED | ROUTE_PATH_UUID | ROUTE_CURSOR_UUID, \
            .page_default = 100, .page_max = PAGE_ITEMS_MAX, STATUSES(get_statuses)
static const struct route routes[] = {
    { POST, "/lead-lists", post_lead_lists, COMMON, .success = 202, .body = &create_fields,
      .body_max = BODY_MAX_BYTES, .reply = &answer_fields, STATUSES(create_statuses),
      .summary = "Create lead list",
      .doc = "Looks for the leads among the people, reveals what the options say, and validates "
             "addresses. Costs for each lead what GET /people/find costs, with its email address "
             "when the lead came without, and one email credit for each address that is "
             "validated. Up to 10,000 leads; more can be added." },
    { GET, "/lead-lists", get_lead_lists, COMMON, .flags = ROUTE_PAGED | ROUTE_CURSOR_UUID,
      .query = &filter_fields, .reply = &list_fields, .summary = "List lead lists",
      .doc = "Newest first, without entries." },
    { GET, "/lead-lists/{id}", get_lead_list, ONE, .reply = &answer_fields,
      .summary = "Retrieve lead list",
      .doc = "While the list runs there are no entries, and Retry-After says when to ask." },
    { PATCH, "/lead-lists/{id}", patch_lead_list, ONE, .body = &cancel_fields,
      .reply = &answer_fields, .summary = "Cancel lead list",
      .doc = "What is done stays done and paid for. A list that has ended stays as it is." },
    { POST, "/lead-lists/{id}/leads", post_lead_list_leads, COMMON, .flags = ROUTE_PATH_UUID,
      .body = &add_fields, .body_max = BODY_MAX_BYTES, .reply = &answer_fields,
      STATUSES(add_statuses), .summary = "Add leads to a list",
      .doc = "Up to 10,000 leads a request and 60,000 a list; of those that have no room the "
             "last are left out. Type and options are the list's." },
};
const struct route_table lead_list_routes = ROUTE_TABLE(routes);
