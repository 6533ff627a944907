/* The description of the API, printed from the route and field tables and nothing
 * else: GET /openapi.json, `outrider openapi` and docs/api.md. */
#ifndef HTTP_OPENAPI_H
#define HTTP_OPENAPI_H

#include "base/buf.h"
#include "http/route.h"

/* An OpenAPI 3.1 document. `version` is the program's. What does not fit into `out`
 * is told by buf_result; a few hundred KB are enough for the whole API. */
void openapi_write(struct buf *out, const struct route_table *const *tables, size_t n,
                   const char *version);

/* The reference as Markdown. */
void docs_write(struct buf *out, const struct route_table *const *tables, size_t n);

#endif
