/* Bodies of webhooks: an event in the documented shape of its kind (docs/webhooks.md), to the
 * names, order and formats of every member. */
#ifndef WEBHOOK_PAYLOAD_H
#define WEBHOOK_PAYLOAD_H

#include "store/webhook_queues.h"

/* JSON text on ctx->arena. E_NOT_FOUND when what it would tell was removed for privacy;
 * E_UNSUPPORTED for a kind that no webhook is told. */
MUST_USE enum rc webhook_payload(struct ctx *ctx, const struct webhook_event *event, struct str *ret_body);

#endif
