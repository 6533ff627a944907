/* Who delivers to a webhook, and what there is to deliver. One process at a time does, by lease;
 * a process that lost one and comes late is kept out by the fence, which every taking raises. Of
 * all accounts; nothing here is scoped. Sets in one statement each, because thousands of
 * deliveries a second pass here. */
#ifndef STORE_WEBHOOK_QUEUES_H
#define STORE_WEBHOOK_QUEUES_H

#include "base/ctx.h"
#include "base/field.h"

/* A webhook as its deliverer knows it. */
struct webhook_queue {
    struct str account_id, endpoint_id, url;
    struct opt_int fence, version, concurrency, per_second, enabled;
    struct opt_int failing_since, failures, successes, delivered_at;
    struct opt_int disable; /* of webhook_record: it is to be disabled, enum webhook_disabled */
};

struct webhook_lease {
    struct str owner;
    int64_t now, until; /* ms */
};

/* Leases up to `limit` webhooks that have something due and that nobody holds. List of struct
 * webhook_queue. Transacts itself when there are any. */
MUST_USE enum rc webhook_queues_take(struct ctx *ctx, const struct webhook_lease *lease, int limit,
                                     struct list *ret_queues);
/* Extends all leases of the owner; *ret_queues says which those are, by their ids: list of struct
 * webhook_queue. Transacts itself. */
MUST_USE enum rc webhook_queues_renew(struct ctx *ctx, const struct webhook_lease *lease, struct list *ret_queues);
/* Gives back what the owner has no use for; `queues` is a list of struct webhook_queue.
 * Transacts itself. */
MUST_USE enum rc webhook_queues_give_back(struct ctx *ctx, struct str owner, const struct list *queues);
/* Ends all leases at once: at the start of the only process of a database. Transacts itself. */
MUST_USE enum rc webhook_queues_release(struct ctx *ctx);
/* The settings as they are now. E_NOT_FOUND when the webhook was deleted. */
MUST_USE enum rc webhook_queue_get(struct ctx *ctx, struct str account_id, struct str endpoint_id,
                                   struct webhook_queue *ret_queue);

/* What is due. */
struct webhook_due {
    struct str account_id, endpoint_id, id, event_id, order_key;
    struct opt_int attempts, tries, next_at, version;
    struct str behind;            /* the one before about the same, which waits as well; absent: none */
    struct opt_int blocked_until; /* when that is due */
};
/* Up to `limit` of each of these webhooks (list of struct webhook_queue), the earliest first.
 * List of struct webhook_due. */
MUST_USE enum rc webhook_due_list(struct ctx *ctx, const struct list *queues, int64_t now, int limit,
                                  struct list *ret_due);

/* The event of something due. */
struct webhook_event {
    struct str account_id, id, kind, contact_id, data, snapshot;
    struct opt_int at;
};
/* Of those; in no particular order. List of struct webhook_event. */
MUST_USE enum rc webhook_events(struct ctx *ctx, const struct list *due, struct list *ret_events);

/* What came of an attempt. */
struct webhook_result {
    struct str account_id, endpoint_id, id, order_key;
    int64_t fence;
    struct str state; /* pending: tried again */
    int64_t attempts, tries, next_at, at, duration;
    struct opt_int status;
    struct str error, request_head, response_head, response_body;
    bool no_attempt; /* given up without one */
};
/* Records them, and how their webhooks (list of struct webhook_queue, each once) do now. What
 * waits behind one that is tried again waits as long. *ret_mine: which webhooks are still the
 * owner's; of the others nothing is recorded. Transacts itself. List of struct webhook_queue with
 * the ids alone. */
struct webhook_record {
    struct str owner;
    const struct webhook_result *results;
    size_t n;
    const struct webhook_queue *queues;
    size_t n_queues;
};
MUST_USE enum rc webhook_record(struct ctx *ctx, const struct webhook_record *record, struct list *ret_mine);

/* Those wait at least until `next_at`: of each of these (list of struct webhook_due) the ones
 * about the same. Transacts itself. */
MUST_USE enum rc webhook_due_postpone(struct ctx *ctx, const struct list *due);

#endif
