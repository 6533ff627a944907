/* What all work that is started and polled has in common: its states, the request that
 * cancels it, and `_errors` when it ended early. */
#ifndef API_BATCHES_H
#define API_BATCHES_H

#include "base/ctx.h"
#include "base/field.h"

/* queued, processing, completed, canceled, error */
extern const struct enum_values enum_batch_statuses;

/* {"status": "canceled"}: nothing in it needs reading. */
extern const struct fields cancel_fields;

struct batch_error {
    struct str code, title, detail;
};
extern const struct fields batch_error_fields;

/* The list for `_errors` of a batch with this code; empty when the code is absent. */
struct list batch_errors(struct ctx *ctx, struct str code);

struct request;

/* The header Retry-After of an answer about work of which `left` items are to be done. */
void batch_retry_after(struct request *r, int64_t left);

#endif
