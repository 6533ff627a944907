/* Percent-encoding (RFC 3986, section 2.1) and the pairs of a query
 * (application/x-www-form-urlencoded). */
#ifndef HTTP_URL_H
#define HTTP_URL_H

#include "base/arena.h"
#include "base/str.h"

/* `text` with %XX replaced; with `plus`, '+' is a blank. Borrows `text` when there is
 * nothing to replace, else on `arena`. E_INVALID for a % without two hexadecimal
 * digits, and when the result is not UTF-8 or holds a NUL. */
MUST_USE enum rc url_decode(struct arena *arena, struct str text, bool plus, struct str *ret_text);

/* Splits a request target into path and query (absent without '?'). */
void target_split(struct str target, struct str *ret_path, struct str *ret_query);

/* Next pair of a query; false at the end. Empty ones ("a=1&&b=2") are passed over;
 * without '=' the value is empty. Neither part is decoded. */
bool url_next_pair(struct str *rest, struct str *ret_name, struct str *ret_value);

#endif
