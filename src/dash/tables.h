/* The tables of routes, one per file; dash.c lists them. */
#ifndef DASH_TABLES_H
#define DASH_TABLES_H

#include "base/check.h" /* LENGTH */
#include "http/route.h"

extern const struct route_table dash_disposition_routes;
extern const struct route_table dash_mailbox_consent_routes;
extern const struct route_table dash_mailbox_routes;
extern const struct route_table dash_lead_routes;
extern const struct route_table dash_message_routes;
extern const struct route_table dash_reply_routes;
extern const struct route_table dash_sequence_lead_routes;
extern const struct route_table dash_sequence_routes;
extern const struct route_table dash_sequence_statistic_routes;
extern const struct route_table dash_settings_routes;
extern const struct route_table dash_task_routes;
extern const struct route_table dash_workflow_routes;
extern const struct route_table dash_webhook_routes;

#endif
