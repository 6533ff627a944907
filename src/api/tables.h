/* The tables of routes, one per file; api.c lists them. */
#ifndef API_TABLES_H
#define API_TABLES_H

#include "base/check.h" /* LENGTH */
#include "http/route.h"

extern const struct route_table account_info_routes;
extern const struct route_table call_routes;
extern const struct route_table company_routes;
extern const struct route_table contact_routes;
extern const struct route_table email_validation_routes;
extern const struct route_table enrichment_routes;
extern const struct route_table exclusion_routes;
extern const struct route_table lead_list_routes;
extern const struct route_table link_routes;
extern const struct route_table mailbox_routes;
extern const struct route_table people_routes;
extern const struct route_table sequence_lead_routes;
extern const struct route_table sequence_routes;
extern const struct route_table system_routes;
extern const struct route_table task_routes;
extern const struct route_table user_routes;

#endif
