#include "dash/dash.h"

#include "dash/tables.h"

const struct route_table *const dash_tables[] = {
    &dash_mailbox_routes,
};
const size_t dash_tables_count = LENGTH(dash_tables);
