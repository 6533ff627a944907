#include "api/api.h"

#include "api/tables.h"

const struct route_table *const api_tables[] = {
    &account_info_routes,
    &user_routes,
    &people_routes,
    &call_routes,
    &company_routes,
    &email_validation_routes,
    &contact_routes,
    &enrichment_routes,
    &exclusion_routes,
    &lead_list_routes,
    &mailbox_routes,
    &sequence_routes,
    &sequence_lead_routes,
    &task_routes,
    &link_routes,
    &system_routes,
};
const size_t api_tables_count = LENGTH(api_tables);
