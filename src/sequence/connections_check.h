/* What stages need that users have connected beside mailboxes: a line to call with, a
 * LinkedIn account, a voice. One table; the API's codes. */
#ifndef SEQUENCE_CONNECTIONS_CHECK_H
#define SEQUENCE_CONNECTIONS_CHECK_H

#include "base/ctx.h"
#include "store/sequences.h"

struct missing_connection {
    const char *code; /* "missing_feature_dialer", … */
    struct str message;
};

/* What the users lack for these stages (list of struct sequence_stage), of which each may
 * get up to `leads` more leads. List of struct missing_connection. */
MUST_USE enum rc connections_check(struct ctx *ctx, const struct list *stages,
                                   struct strs user_ids, int64_t leads, struct list *ret_missing);

#endif
