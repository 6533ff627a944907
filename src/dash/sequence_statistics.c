/* What became of a sequence, from what was recorded. */
#include "store/sequence_statistics.h"
#include "dash/tables.h"
#include "http/request.h"

static enum rc get_sequence_statistics(struct request *r) {
    struct sequence_statistics statistics;
    enum rc rc = sequence_statistics_get(r->ctx, r->path_id, &statistics);
    return rc == OK ? respond(r, 200, &sequence_statistics_fields, &statistics) : rc;
}

static const struct route_status one_statuses[] = { { 404, "no such sequence", NULL } };
static const struct route routes[] = {
    { GET, "/dashboard/api/sequences/{id}/statistics", get_sequence_statistics, SCOPE_ADMIN,
      LIMIT_DEFAULT, .reply = &sequence_statistics_fields, .statuses = one_statuses,
      .n_statuses = LENGTH(one_statuses), .tag = "Dashboard",
      .summary = "Show the statistics of a sequence",
      .doc = "Leads by status, and events by kind, of all and of each stage. What happened to "
             "people who were removed since is counted." },
};
const struct route_table dash_sequence_statistic_routes = ROUTE_TABLE(routes);
