/* The routes of the management API, /dashboard/api/…: what a person sets up, and a script
 * may. A key of scope admin opens it. */
#ifndef DASH_DASH_H
#define DASH_DASH_H

#include "http/route.h"

extern const struct route_table *const dash_tables[];
extern const size_t dash_tables_count;

#endif
