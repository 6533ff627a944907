/* The columns of imported files: from what people call them to our fields (headers.def).
 * A column without a field is kept as extra data. */
#ifndef DATA_HEADERS_H
#define DATA_HEADERS_H

#include "base/arena.h"
#include "base/field.h"
#include "base/rc.h"
#include "base/str.h"

/* Files of contacts have the columns of people. */
enum header_set { HEADERS_PEOPLE, HEADERS_COMPANIES };

struct headers;

/* `overrides` are "Their Header=our_field" (--map); the field "extra" keeps a column as
 * extra data. E_INVALID with *ret_reason when one has no '=' or names no field. Lives in
 * the arena. */
MUST_USE enum rc headers_new(struct arena *arena, enum header_set set, struct strs overrides,
                             struct headers **ret_headers, struct str *ret_reason);

/* Our field for a column: static, in the arena of headers_new, or `column` itself; absent:
 * extra data. The exact name of a field stands for that field.
 * Companies: the columns of table `companies`, and `sector` (an industry in wide terms, for
 * when `industry` has none). People: the columns of table `people`, the kinds of phone
 * numbers (phone, work_phone, mobile_phone, home_phone, other_phone), other_email, and
 * company_FIELD for the company: company_name, company_domain, company_linkedin_url, …
 *
 * What stands in the column may still not fit: a column "Profile URL" becomes linkedin_url,
 * and a value that linkedin_parse refuses belongs into the extra data. */
struct str headers_field(const struct headers *headers, struct str column);

/* The first override whose column is not among `columns`, as it was given, so that a slip
 * of the pen is reported; absent when all are used. */
struct str headers_unused(const struct headers *headers, struct strs columns);

#endif
