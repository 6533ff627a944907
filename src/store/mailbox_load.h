/* What a mailbox has on its hands: how many messages of a day it has sent or will send. */
#ifndef STORE_MAILBOX_LOAD_H
#define STORE_MAILBOX_LOAD_H

#include "base/ctx.h"
#include "base/field.h"

struct mailbox_load {
    struct opt_int messages; /* sent since then, being sent, or queued */
    struct opt_int first;    /* of them, those that are the first of their lead */
};

/* Of a mailbox of the account, since an instant. */
MUST_USE enum rc mailbox_load_since(struct ctx *ctx, struct str mailbox_id, int64_t from_ms,
                                    struct mailbox_load *ret_load);

#endif
