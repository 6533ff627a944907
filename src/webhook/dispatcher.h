/* Delivers what is queued for webhooks: a thread that reads what is due, writes what came of it
 * and decides what goes next, and the loop that sends it (net/http_multi.h).
 *
 * Life cycle: webhook_dispatcher_start, webhook_dispatcher_stop (nulls it). */
#ifndef WEBHOOK_DISPATCHER_H
#define WEBHOOK_DISPATCHER_H

#include "db/db.h"

struct webhook_dispatcher;
struct services;

/* `services` outlives it; its webhooks says how. E_IO when it cannot start. */
MUST_USE enum rc webhook_dispatcher_start(struct ctx *ctx, struct db *db, const struct services *services,
                                          struct webhook_dispatcher **ret_dispatcher);

/* Something is about to be committed for a webhook, or was just now. Any thread; nothing happens
 * when no dispatcher runs in this process. */
void webhook_dispatcher_wake(void);

/* What is being sent has a few seconds to end. Accepts NULL. */
void webhook_dispatcher_stop(struct webhook_dispatcher **dispatcher);

/* Since the process began, for /metrics. */
struct webhook_stats {
    int64_t delivered, tried_again, failed; /* attempts; failed: given up */
};
void webhook_stats(struct webhook_stats *ret_stats);

#endif
