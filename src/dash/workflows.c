/* Workflows, what they did, and trying them out. */
#include "dash/tables.h"
#include "http/request.h"
#include "sequence/workflow_edit.h"
#include "sequence/workflows.h"

struct workflows_answer {
    struct list workflows; /* of struct workflow */
};
static const struct field workflows_rows[] = {
    F_LIST(struct workflows_answer, workflows, .flags = FIELD_REQUIRED | FIELD_ALWAYS, .of = &workflow_fields,
           .doc = "All of the account, in the order in which they run."),
};
static const struct fields workflows_fields
    = FIELDS("WorkflowList", struct workflows_answer, workflows_rows, .doc = "The workflows of an account.");

struct order_input {
    struct strs ids;
};
static const struct field order_rows[] = {
    F_STRS(struct order_input, ids, .flags = FIELD_REQUIRED, .max = WORKFLOWS_MAX, .item_max = 100,
           .example = "[\"0198f652-73a2-7d41-914e-e511382bb808\"]", .doc = "The ids of all, each once."),
};
static const struct fields order_fields
    = FIELDS("WorkflowOrder", struct order_input, order_rows, .doc = "In which order they run.");

#define T struct workflow_run_filter
static const struct field filter_rows[] = {
    F_ENUM(T, status, .values = &enum_workflow_results, .doc = "Only those that ended so."),
    F_ID(T, lead_id, .max = 100, .doc = "Only those for this lead."),
    F_ID(T, reply_id, .max = 100, .doc = "Only those for this reply."),
};
#undef T
static const struct fields filter_fields
    = FIELDS("WorkflowRunFilter", struct workflow_run_filter, filter_rows, .doc = "Filters of the log.");
static const struct field runs_rows[] = PAGE_ROWS("runs", workflow_run_fields, "What it did, newest first.");
static const struct fields runs_fields
    = FIELDS("WorkflowRunList", struct page_answer, runs_rows, .doc = "A page of a workflow's log.");

static enum rc respond_all(struct request *r, enum rc rc, const struct list *workflows) {
    struct workflows_answer answer = { *workflows };
    return rc == OK ? respond(r, 200, &workflows_fields, &answer) : rc;
}

static enum rc get_workflows(struct request *r) {
    struct list all = { 0 };
    enum rc rc = workflows_list(r->ctx, &all);
    return respond_all(r, rc, &all);
}

static enum rc post_workflows_order(struct request *r) {
    const struct order_input *input = r->body;
    struct list all = { 0 };
    enum rc rc = workflows_reorder(r->ctx, input->ids, &all);
    return respond_all(r, rc, &all);
}

static enum rc post_workflows(struct request *r) {
    struct workflow w = { .id = STR_NONE };
    enum rc rc = workflow_create(r->ctx, r->body, &w);
    if (rc != OK)
        return rc;
    response_header(r, "Location",
                    arena_printf(r->ctx->arena, "/dashboard/api/workflows/%.*s", STR_FMT(w.id)));
    return respond(r, 201, &workflow_fields, &w);
}

static enum rc respond_workflow(struct request *r, enum rc rc, const struct workflow *w) {
    return rc == OK ? respond(r, 200, &workflow_fields, w) : rc;
}

static enum rc get_workflow(struct request *r) {
    struct workflow w = { .id = STR_NONE };
    enum rc rc = workflow_get(r->ctx, r->path_id, &w);
    return respond_workflow(r, rc, &w);
}

static enum rc patch_workflow(struct request *r) {
    struct workflow w = { .id = STR_NONE };
    enum rc rc = workflow_change(r->ctx, r->path_id, r->body, &w);
    return respond_workflow(r, rc, &w);
}

static enum rc delete_workflow(struct request *r) {
    enum rc rc = workflow_remove(r->ctx, r->path_id);
    return rc == OK ? respond_empty(r, 204) : rc;
}

static enum rc switch_to(struct request *r, bool enable) {
    struct workflow w = { .id = STR_NONE };
    enum rc rc = workflow_enable(r->ctx, r->path_id, enable, &w);
    return respond_workflow(r, rc, &w);
}

static enum rc post_workflow_enable(struct request *r) {
    return switch_to(r, true);
}

static enum rc post_workflow_disable(struct request *r) {
    return switch_to(r, false);
}

static enum rc get_workflow_runs(struct request *r) {
    struct workflow_run_filter filter = *(const struct workflow_run_filter *) r->query;
    struct workflow w = { .id = STR_NONE };
    struct page_of page;
    filter.workflow_id = r->path_id;
    enum rc rc = workflow_get(r->ctx, r->path_id, &w);
    if (rc == OK)
        rc = workflow_runs_list(r->ctx, &filter, &r->page, &page);
    return rc == OK ? respond_items(r, &runs_fields, &page) : rc;
}

static enum rc post_workflow_test(struct request *r) {
    struct workflow_run run = { .id = STR_NONE };
    enum rc rc = workflow_try(r->ctx, r->path_id, r->body, &run);
    return rc == OK ? respond(r, 200, &workflow_run_fields, &run) : rc;
}

static const struct route_status make_statuses[] = {
    { 201, "The workflow, a draft.", "Location" },
    { 409, "conflict: another one has the name, or there are too many", NULL },
};
static const struct route_status one_statuses[] = { { 404, "no such workflow", NULL } };
static const struct route_status change_statuses[] = {
    { 404, "no such workflow", NULL },
    { 409, "conflict: another one has the name", NULL },
};
static const struct route_status delete_statuses[] = {
    { 204, "It does nothing any more.", NULL },
    { 404, "no such workflow", NULL },
};
#define STATUSES(table) .statuses = (table), .n_statuses = LENGTH(table)
#define COMMON .scope = SCOPE_ADMIN, .limit = LIMIT_DEFAULT, .tag = "Dashboard"
#define ONE COMMON, .flags = ROUTE_PATH_UUID
#define PATH "/dashboard/api/workflows"
static const struct route routes[] = {
    { GET, PATH, get_workflows, COMMON, .reply = &workflows_fields, .summary = "List workflows",
      .doc = "At most 100." },
    { POST, PATH, post_workflows, COMMON, .success = 201, .body = &workflow_create_fields,
      .reply = &workflow_fields, STATUSES(make_statuses), .summary = "Create a workflow",
      .doc = "It is a draft, behind all others. Everything that is wrong is told at once, each at its place." },
    { POST, PATH "/order", post_workflows_order, COMMON, .body = &order_fields, .reply = &workflows_fields,
      .summary = "Order workflows", .doc = "They run in this order." },
    { GET, PATH "/{id}", get_workflow, ONE, .reply = &workflow_fields, STATUSES(one_statuses),
      .summary = "Show a workflow",
      .doc = "With its conditions and actions." },
    { PATCH, PATH "/{id}", patch_workflow, ONE, .body = &workflow_change_fields, .reply = &workflow_fields,
      STATUSES(change_statuses), .summary = "Change a workflow",
      .doc = "What is not given stays; lists are replaced. An enabled one stays enabled." },
    { DELETE, PATH "/{id}", delete_workflow, ONE, .success = 204, STATUSES(delete_statuses),
      .summary = "Delete a workflow", .doc = "What it did stays done." },
    { POST, PATH "/{id}/enable", post_workflow_enable, ONE, .reply = &workflow_fields, STATUSES(one_statuses),
      .summary = "Enable a workflow", .doc = "Replies that get a label from now on start it." },
    { POST, PATH "/{id}/disable", post_workflow_disable, ONE, .reply = &workflow_fields, STATUSES(one_statuses),
      .summary = "Make a workflow a draft", .doc = "Nothing starts it." },
    { GET, PATH "/{id}/runs", get_workflow_runs, COMMON, .flags = ROUTE_PATH_UUID | ROUTE_PAGED | ROUTE_CURSOR_UUID,
      .query = &filter_fields, .reply = &runs_fields, STATUSES(one_statuses), .summary = "List what a workflow did",
      .doc = "Newest first, with what each action got and gave." },
    { POST, PATH "/{id}/test", post_workflow_test, ONE, .body = &workflow_test_fields,
      .reply = &workflow_run_fields, STATUSES(one_statuses), .summary = "Try a workflow out",
      .doc = "Runs it now, also a draft, whatever its labels, conditions and limits say. With a reply everything "
             "is really done; with an example webhooks are told, and the other actions only show what they "
             "would work with." },
};
const struct route_table dash_workflow_routes = ROUTE_TABLE(routes);
