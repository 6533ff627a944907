/* Leads in sequences: where they stand and why, and what people do with them. */
#include "dash/tables.h"
#include "http/request.h"
#include "sequence/connector.h"
#include "sequence/lead_view.h"
#include "sequence/progress.h"
#include "store/sequences.h"

#define T struct lead_filter
static const struct field filter_rows[] = {
    F_ENUM(T, status, .values = &enum_lead_statuses, .doc = "Only those with this status."),
    F_STR(T, email, .max = 254, .doc = "Only the one with this address."),
};
#undef T
static const struct fields filter_fields
    = FIELDS("SequenceLeadStateFilter", struct lead_filter, filter_rows,
             .doc = "Filters of the list.");

struct leads_answer {
    struct list leads; /* of struct lead_state */
    struct counts counts;
    struct links *_links;
};

#define T struct leads_answer
static const struct field list_rows[] = {
    F_LIST(T, leads, .flags = FIELD_REQUIRED | FIELD_ALWAYS, .of = &lead_state_fields,
           .doc = "The leads of this page, oldest first."),
    F_COUNTS(T, counts, .flags = FIELD_REQUIRED | FIELD_ALWAYS,
             .example = "{\"active\":120,\"replied\":9}",
             .doc = "How many leads of the sequence have each status, whatever the filters."),
    F_OBJECT(T, _links, struct links, .flags = FIELD_REQUIRED, .of = &links_fields,
             .doc = "Links to the pages around."),
};
#undef T
static const struct fields list_fields
    = FIELDS("SequenceLeadStateList", struct leads_answer, list_rows, .doc = "A page of leads.");

struct pause_request {
    struct opt_int until;
};
static const struct field pause_rows[] = {
    F_TIME(struct pause_request, until, .example = "2025-09-01T08:00:00Z",
           .doc = "When it goes on by itself; absent: when somebody resumes it."),
};
static const struct fields pause_fields
    = FIELDS("LeadPause", struct pause_request, pause_rows, .doc = "How long it is held.");

static const struct field retry_rows[] = {
    F_BOOL(struct lead_retry, ignore_exclusion_list, .example = "true",
           .doc = "Goes on although it is excluded. Absent: as it was added."),
};
static const struct fields retry_fields
    = FIELDS("LeadRetry", struct lead_retry, retry_rows, .doc = "What is passed over.");

#define T struct task
static const struct field action_rows[] = {
    F_ID(T, id, .flags = FIELD_REQUIRED, .doc = "Id of the action, which is a task."),
    F_ENUM(T, type, .flags = FIELD_REQUIRED, .values = &enum_stage_types, .doc = "What was to be done."),
    F_ENUM(T, status, .flags = FIELD_REQUIRED, .values = &enum_task_statuses, .doc = "Where it is."),
    F_ID(T, lead_id, .doc = "Its lead."),
    F_ID(T, stage_id, .doc = "The stage that it is for."),
};
#undef T
static const struct fields action_fields
    = FIELDS("LinkedinAction", struct task, action_rows, .doc = "An automatic stage on LinkedIn.");

static enum rc get_sequence_leads(struct request *r) {
    struct page_of page;
    struct sequence s;
    struct leads_answer answer = { { 0 }, { 0 }, NULL };
    enum rc rc = sequence_head(r->ctx, r->path_id, &s);
    if (rc == OK)
        rc = lead_view_list(r->ctx, r->path_id, r->query, &r->page, &page);
    if (rc == OK)
        rc = lead_states_count(r->ctx, r->path_id, &answer.counts);
    if (rc != OK)
        return rc;
    answer.leads = page.items;
    answer._links = page_of_links(r, &page);
    return respond(r, 200, &list_fields, &answer);
}

static enum rc get_lead(struct request *r) {
    struct lead_state lead;
    enum rc rc = lead_view_get(r->ctx, r->path_id, &lead);
    return rc == OK ? respond(r, 200, &lead_state_fields, &lead) : rc;
}

static enum rc respond_changed(struct request *r, enum rc rc) {
    return rc == OK ? get_lead(r) : rc;
}

static enum rc post_lead_pause(struct request *r) {
    const struct pause_request *body = r->body;
    return respond_changed(r, lead_pause(r->ctx, r->path_id, STR("manual"), body->until));
}

static enum rc post_lead_resume(struct request *r) {
    return respond_changed(r, lead_resume(r->ctx, r->path_id));
}

static enum rc post_lead_remove(struct request *r) {
    return respond_changed(r, lead_remove(r->ctx, r->path_id));
}

static enum rc post_lead_retry(struct request *r) {
    return respond_changed(r, lead_retry(r->ctx, r->path_id, r->body));
}

static enum rc post_action_result(struct request *r) {
    struct task task;
    enum rc rc = linkedin_action_end(r->ctx, r->path_id, r->body, &task);
    return rc == OK ? respond(r, 200, &action_fields, &task) : rc;
}

static const struct route_status action_statuses[] = {
    { 404, "no such action", NULL },
    { 409, "conflict: it was canceled, or ended in another way", NULL },
};
static const struct route_status list_statuses[] = { { 404, "no such sequence", NULL } };
static const struct route_status get_statuses[] = { { 404, "no such lead", NULL } };
static const struct route_status change_statuses[] = {
    { 404, "no such lead", NULL },
    { 409, "conflict: where it stands does not allow it", NULL },
};
#define STATUSES(table) .statuses = (table), .n_statuses = LENGTH(table)
#define COMMON .scope = SCOPE_ADMIN, .limit = LIMIT_DEFAULT, .tag = "Dashboard"
#define CHANGE COMMON, .flags = ROUTE_PATH_UUID, .reply = &lead_state_fields, STATUSES(change_statuses)
#define PATH "/dashboard/api/leads/{id}"
static const struct route routes[] = {
    { GET, "/dashboard/api/sequences/{id}/leads", get_sequence_leads, COMMON, .flags = ROUTE_PAGED,
      .query = &filter_fields, .reply = &list_fields, STATUSES(list_statuses),
      .summary = "List the leads of a sequence",
      .doc = "Where each stands, what happens next and when, and why nothing happens now." },
    { GET, PATH, get_lead, COMMON, .flags = ROUTE_PATH_UUID, .reply = &lead_state_fields,
      STATUSES(get_statuses), .summary = "Show a lead", .doc = "As the list does." },
    { POST, PATH "/pause", post_lead_pause, CHANGE, .body = &pause_fields,
      .summary = "Pause a lead",
      .doc = "Nothing is sent to it and its open task is canceled; when it goes on, its stage "
             "begins anew. One that is paused gets the new time." },
    { POST, PATH "/resume", post_lead_resume, CHANGE, .summary = "Resume a lead",
      .doc = "It goes on where it stands. One that is not paused stays as it is." },
    { POST, PATH "/remove", post_lead_remove, CHANGE, .summary = "Remove a lead from its sequence",
      .doc = "What is planned for it is canceled. It may be retried." },
    { POST, PATH "/retry", post_lead_retry, CHANGE, .body = &retry_fields,
      .summary = "Retry a lead",
      .doc = "One that was removed, bounced or failed goes on at the stage where it stopped; not "
             "after a removal for privacy, in an archived sequence, or while it is excluded." },
    { POST, "/dashboard/api/linkedin-actions/{id}/result", post_action_result, COMMON,
      .flags = ROUTE_PATH_UUID, .body = &action_result_fields, .reply = &action_fields,
      STATUSES(action_statuses), .summary = "Tell what came of a LinkedIn action",
      .doc = "For the connector (`sequence.linkedin_url`). The lead goes on, or is errored and may "
             "be retried. Telling the same again changes nothing." },
};
const struct route_table dash_lead_routes = ROUTE_TABLE(routes);
