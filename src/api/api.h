/* Every route of the HTTP API, file by file, for app_start, `outrider routes`, the
 * OpenAPI document and the contract test. A new file of routes is a line in
 * api/api.c and nothing else. */
#ifndef API_API_H
#define API_API_H

#include "http/route.h"

extern const struct route_table *const api_tables[];
extern const size_t api_tables_count;

#endif
