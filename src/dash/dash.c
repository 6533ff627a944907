#include "dash/dash.h"

#include "dash/tables.h"

const struct route_table *const dash_tables[] = {
    &dash_disposition_routes,
    &dash_mailbox_routes,
    &dash_mailbox_consent_routes,
    &dash_sequence_routes,
    &dash_lead_routes,
    &dash_sequence_lead_routes,
    &dash_sequence_statistic_routes,
    &dash_message_routes,
    &dash_reply_routes,
    &dash_settings_routes,
    &dash_task_routes,
    &dash_workflow_routes,
    &dash_webhook_routes,
};
const size_t dash_tables_count = LENGTH(dash_tables);
