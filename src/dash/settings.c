/* What an account decides for all its sequences. */
#include "dash/tables.h"
#include "http/request.h"
#include "store/account_settings.h"

static enum rc get_settings(struct request *r) {
    struct account_settings settings;
    enum rc rc = account_settings_get(r->ctx, &settings);
    return rc == OK ? respond(r, 200, &account_settings_fields, &settings) : rc;
}

static enum rc patch_settings(struct request *r) {
    struct account_settings settings;
    enum rc rc = account_settings_change(r->ctx, r->body, &settings);
    return rc == OK ? respond(r, 200, &account_settings_fields, &settings) : rc;
}

#define COMMON .scope = SCOPE_ADMIN, .limit = LIMIT_DEFAULT, .tag = "Dashboard"
static const struct route routes[] = {
    { GET, "/dashboard/api/settings", get_settings, COMMON, .reply = &account_settings_fields,
      .summary = "Show the account's settings", .doc = "Time zone and limits of all sequences." },
    { PATCH, "/dashboard/api/settings", patch_settings, COMMON, .body = &account_settings_fields,
      .reply = &account_settings_fields, .summary = "Change the account's settings",
      .doc = "What is not given stays." },
};
const struct route_table dash_settings_routes = ROUTE_TABLE(routes);
