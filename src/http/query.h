/* Query parameters of a request: the route's own by its field table, and those of a
 * cursor page. Private to http/. */
#ifndef HTTP_QUERY_H
#define HTTP_QUERY_H

#include "http/request.h"

/* Cursors are ids, emails or domains. */
enum { PAGE_CURSOR_MAX_BYTES = 512, PAGE_SIZE_DEFAULT = 20, PAGE_SIZE_MAX = 100 };

/* Reads r->raw_query into r->query and r->page. Names may be percent-encoded
 * (page%5Bsize%5D), lists may be written ids or ids[], unknown parameters are passed
 * over, of one given twice the last counts. *ret_filters: the parameters that the table
 * knows, as they were sent, for links. E_INVALID with all that is wrong as problems. */
MUST_USE enum rc query_read(struct request *r, struct str *ret_filters);

#endif
