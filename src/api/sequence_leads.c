/* POST /sequences/{id}/leads, and the same for drafts in the management API. */
#include "api/tables.h"
#include "http/request.h"
#include "sequence/add_leads.h"

static enum rc post_sequence_leads(struct request *r) {
    const struct add_leads add = { .sequence_id = r->path_id, .request = r->body };
    struct add_leads_result result;
    struct lead_errors errors = { { 0 } };
    enum rc rc = leads_add(r->ctx, &add, &result, &errors);
    if (rc == E_INVALID && errors.validation_errors.n)
        return respond(r, 422, &lead_errors_fields, &errors);
    return rc == OK ? respond(r, 200, &add_leads_result_fields, &result) : rc;
}

static const struct route_status statuses[] = {
    { 404, "no such sequence", NULL },
    { 422, "The request is well-formed, but cannot be completed: nothing was added.", NULL },
};
static const struct route routes[] = {
    { POST, "/sequences/{id}/leads", post_sequence_leads, SCOPE_API, LIMIT_DEFAULT,
      .body = &add_leads_request_fields, .body_max = ADD_LEADS_BODY_MAX_BYTES,
      .reply = &add_leads_result_fields, .reply_422 = &lead_errors_fields, .statuses = statuses, .n_statuses = LENGTH(statuses),
      .tag = "Sequences", .summary = "Add leads",
      .doc = "Up to 250 leads to an active or paused sequence, all checks and the insert in one "
             "step. Leads that are in it already are not changed." },
};
const struct route_table sequence_lead_routes = ROUTE_TABLE(routes);
