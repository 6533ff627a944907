/* Dispositions of calls: GET /calls/dispositions lists them. */
#include "dash/tables.h"
#include "http/request.h"
#include "store/dispositions.h"

#define T struct disposition
#define ROWS(required)                                                                        \
    F_STR(T, name, .flags = (required), .min = 1, .max = DISPOSITION_NAME_MAX, .example = "Call back",         \
          .doc = "What people read."),                                                        \
    F_STR(T, slug, .flags = (required), .min = 1, .max = DISPOSITION_SLUG_MAX, .example = "call_back",          \
          .doc = "What programs read: lower case letters, digits and underscores."),          \
    F_ENUM(T, action, .flags = (required), .values = &enum_disposition_actions,               \
           .doc = "complete: the task and its lead are completed; next_stage: nothing happens.")
static const struct field create_rows[] = { ROWS(FIELD_REQUIRED) };
static const struct field update_rows[] = { ROWS(0) };
#undef T
static const struct fields create_fields
    = FIELDS("DispositionCreate", struct disposition, create_rows, .doc = "A new disposition.");
static const struct fields update_fields
    = FIELDS("DispositionUpdate", struct disposition, update_rows, .doc = "What changes of one.");

static enum rc post_dispositions(struct request *r) {
    struct disposition d;
    enum rc rc = disposition_create(r->ctx, r->body, &d);
    return rc == OK ? respond(r, 201, &disposition_fields, &d) : rc;
}

static enum rc patch_disposition(struct request *r) {
    struct disposition d;
    enum rc rc = disposition_change(r->ctx, r->path_id, r->body, &d);
    return rc == OK ? respond(r, 200, &disposition_fields, &d) : rc;
}

static enum rc delete_disposition(struct request *r) {
    enum rc rc = disposition_delete(r->ctx, r->path_id);
    return rc == OK ? respond_empty(r, 204) : rc;
}

static const struct route_status create_statuses[] = {
    { 201, "The disposition.", NULL },
    { 409, "conflict: another one has the slug, or there are too many", NULL },
};
static const struct route_status update_statuses[] = {
    { 404, "no such disposition", NULL },
    { 409, "conflict: another one has the slug", NULL },
};
static const struct route_status delete_statuses[] = {
    { 204, "No call can end so any more.", NULL },
    { 404, "no such disposition", NULL },
};
#define STATUSES(table) .statuses = (table), .n_statuses = LENGTH(table)
#define COMMON .scope = SCOPE_ADMIN, .limit = LIMIT_DEFAULT, .tag = "Dashboard"
#define PATH "/dashboard/api/dispositions"
static const struct route routes[] = {
    { POST, PATH, post_dispositions, COMMON, .success = 201, .body = &create_fields,
      .reply = &disposition_fields, STATUSES(create_statuses), .summary = "Create a disposition",
      .doc = "For calls that are logged from now on." },
    { PATCH, PATH "/{id}", patch_disposition, COMMON, .flags = ROUTE_PATH_UUID,
      .body = &update_fields, .reply = &disposition_fields, STATUSES(update_statuses),
      .summary = "Change a disposition", .doc = "What is not given stays." },
    { DELETE, PATH "/{id}", delete_disposition, COMMON, .flags = ROUTE_PATH_UUID, .success = 204,
      STATUSES(delete_statuses), .summary = "Delete a disposition", .doc = "Calls that have it keep it." },
};
const struct route_table dash_disposition_routes = ROUTE_TABLE(routes);
