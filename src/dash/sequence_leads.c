/* What the public API leaves out: leads of drafts, and what users have connected. */
#include "dash/tables.h"
#include "http/request.h"
#include "sequence/add_leads.h"
#include "store/connections.h"

static enum rc post_dashboard_leads(struct request *r) {
    const struct add_leads add = { .sequence_id = r->path_id, .request = r->body, .to_drafts = true };
    struct add_leads_result result;
    struct lead_errors errors = { { 0 } };
    enum rc rc = leads_add(r->ctx, &add, &result, &errors);
    if (rc == E_INVALID && errors.validation_errors.n)
        return respond(r, 422, &lead_errors_fields, &errors);
    return rc == OK ? respond(r, 200, &add_leads_result_fields, &result) : rc;
}

static enum rc get_connections(struct request *r) {
    struct connections connections;
    enum rc rc = connections_get(r->ctx, r->path_id, &connections);
    return rc == OK ? respond(r, 200, &connections_fields, &connections) : rc;
}

static enum rc patch_connections(struct request *r) {
    struct connections connections;
    enum rc rc = connections_change(r->ctx, r->path_id, r->body, &connections);
    return rc == OK ? respond(r, 200, &connections_fields, &connections) : rc;
}

static const struct route_status lead_statuses[] = {
    { 404, "no such sequence", NULL },
    { 422, "The request is well-formed, but cannot be completed: nothing was added.", NULL },
};
static const struct route_status user_statuses[] = { { 404, "no such user", NULL } };
#define STATUSES(table) .statuses = (table), .n_statuses = LENGTH(table)
#define COMMON .scope = SCOPE_ADMIN, .limit = LIMIT_DEFAULT, .tag = "Dashboard"
static const struct route routes[] = {
    { POST, "/dashboard/api/sequences/{id}/leads", post_dashboard_leads, COMMON,
      .body = &add_leads_request_fields, .body_max = ADD_LEADS_BODY_MAX_BYTES,
      .reply = &add_leads_result_fields, .reply_422 = &lead_errors_fields, STATUSES(lead_statuses),
      .summary = "Add leads, to drafts as well", .doc = "As `POST /sequences/{id}/leads`." },
    { GET, "/dashboard/api/users/{id}/connections", get_connections, COMMON,
      .flags = ROUTE_PATH_UUID, .reply = &connections_fields, STATUSES(user_statuses),
      .summary = "Show what a user has connected",
      .doc = "Beside mailboxes: what sequences with calls and automatic LinkedIn stages need." },
    { PATCH, "/dashboard/api/users/{id}/connections", patch_connections, COMMON,
      .flags = ROUTE_PATH_UUID, .body = &connections_fields, .reply = &connections_fields,
      STATUSES(user_statuses), .summary = "Change what a user has connected",
      .doc = "What is not given stays." },
};
const struct route_table dash_sequence_lead_routes = ROUTE_TABLE(routes);
