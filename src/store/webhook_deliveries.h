/* Deliveries: an event on its way to one webhook, with all attempts. How they are worked off is
 * store/webhook_queues.h. Scoped to the account of ctx. */
#ifndef STORE_WEBHOOK_DELIVERIES_H
#define STORE_WEBHOOK_DELIVERIES_H

#include "base/ctx.h"
#include "base/field.h"
#include "store/pages.h"

struct webhook_attempt {
    struct opt_int number, at, duration, status;
    struct str error, request_head, response_head, response_body;
};

struct webhook_delivery {
    struct str id, webhook_id, event_id, kind, state, error;
    struct opt_int attempts, status, next_at, created_at, finished_at;
    struct list attempt_log; /* struct webhook_attempt; of one delivery only */
};
extern const struct fields webhook_delivery_fields;
extern const struct enum_values webhook_states;

/* Who wants to be told of an event; a bit of neither: nobody. */
struct webhook_wish {
    int64_t bits;                /* of enum webhook_activity */
    int64_t reply_sequence_bits; /* in their place when the event is of a reply sequence */
    bool is_reply;               /* tells itself that the contact has replied */
};
/* Queues the event, which was just recorded, for all who want it; and sees that it is looked at
 * soon. Webhooks that were disabled but not by a person get it as failed, to be replayed.
 * Inside db_transact. */
MUST_USE enum rc webhook_deliveries_add(struct ctx *ctx, struct str event_id, const struct webhook_wish *wish);
/* E_NOT_FOUND without the webhook; E_CONFLICT with a problem when it is disabled. */
MUST_USE enum rc webhook_is_enabled(struct ctx *ctx, struct str webhook_id);
/* Queues it for one webhook alone, whatever that wants: tests and workflows. E_NOT_FOUND when
 * there is none; E_CONFLICT with a problem when it is disabled. Inside db_transact. */
MUST_USE enum rc webhook_delivery_add(struct ctx *ctx, struct str webhook_id, struct str event_id);

/* Records an event of kind webhook_test for the webhook alone: it goes the way of all. Transacts
 * itself; otherwise as webhook_delivery_add. */
MUST_USE enum rc webhook_test(struct ctx *ctx, struct str webhook_id, struct webhook_delivery *ret_delivery);

/* E_NOT_FOUND; with its attempts. */
MUST_USE enum rc webhook_delivery_get(struct ctx *ctx, struct str id, struct webhook_delivery *ret_delivery);

/* Filters of a list; an absent one does not filter. */
struct webhook_delivery_filter {
    struct str webhook_id, state;
};
/* One page, oldest first; the cursor is the id. List of struct webhook_delivery. */
MUST_USE enum rc webhook_deliveries_list(struct ctx *ctx, const struct webhook_delivery_filter *filter,
                                         const struct page *page, struct page_of *ret_page);

/* Once more from the beginning, with the same webhook-id, whether it had failed or not; OK and
 * nothing happens when it waits anyway. E_NOT_FOUND; E_CONFLICT with a problem when its webhook
 * is disabled. Transacts itself. */
MUST_USE enum rc webhook_delivery_replay(struct ctx *ctx, struct str id, struct webhook_delivery *ret_delivery);
/* All of the webhook that were queued since then and failed; *ret_n says how many. Otherwise as
 * above. */
MUST_USE enum rc webhook_deliveries_replay(struct ctx *ctx, struct str webhook_id, int64_t since,
                                           int64_t *ret_n);

/* What waits has failed: its webhook is disabled. Inside db_transact. */
MUST_USE enum rc webhook_deliveries_give_up(struct ctx *ctx, struct str webhook_id);

/* Forgets up to `limit` of all accounts that ended before. Transacts itself. */
MUST_USE enum rc webhook_deliveries_prune(struct ctx *ctx, int64_t before, int64_t limit);

/* Of all accounts, for /metrics: how many wait, and since when the oldest is due (0: none). */
MUST_USE enum rc webhook_deliveries_waiting(struct ctx *ctx, int64_t *ret_n, int64_t *ret_oldest_at);

#endif
