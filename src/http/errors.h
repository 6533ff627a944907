/* From what went wrong (a result code and the context's problems) to the status and
 * the API's error object. The dispatcher and the transport's refusals use it; handlers
 * only return codes.
 *
 * An internal failure (E_DB, E_IO, E_PROTO) that was recorded with fail() is always
 * internal_server_error: the client never sees ctx->err nor problems that were found
 * before it. */
#ifndef HTTP_ERRORS_H
#define HTTP_ERRORS_H

#include "base/ctx.h"
#include "json/writer.h"

struct error_code {
    const char *code;
    int status;
    const char *title;
    const char *detail; /* the general one */
};

/* All rows of http/errors.def, static storage. */
const struct error_code *error_codes(size_t *ret_n);

/* The row with this code, or NULL. */
const struct error_code *error_find(const char *code);

/* The general row of a status, or NULL: for refusals that are no more than a status. */
const struct error_code *error_of_status(int status);

/* The status that answers `rc`: that of the first problem, else that of the code
 * which stands for `rc`. `rc` is not OK. */
int errors_status(const struct ctx *ctx, enum rc rc);

/* Writes {"object":"error","_errors":[…]}: a member per problem, or one for `rc`.
 * `status` is that of the answer, as from errors_status; where it belongs to another
 * code than `rc` (405, 414, …), the general code of that status is written. */
void errors_write(struct json_writer *w, const struct ctx *ctx, enum rc rc, int status);

#endif
