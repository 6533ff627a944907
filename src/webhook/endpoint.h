/* One webhook in the hands of its deliverer: what is in memory for it, in which order it goes
 * out, how fast. Of one thread; posts are the loop's while they are sent. */
#ifndef WEBHOOK_ENDPOINT_H
#define WEBHOOK_ENDPOINT_H

#include "base/map.h"
#include "webhook/profile.h"

struct endpoint;

/* Something on its way. Waits behind the one before it about the same lead. */
struct delivery {
    struct http_post post;
    struct endpoint *endpoint;
    struct webhook_profile *profile;
    struct delivery *before, *after; /* of the endpoint */
    struct delivery *follower;       /* the next about the same */
    bool waits, is_sent, is_done;
    struct str id, order_key, body; /* its own */
    int64_t attempts, tries;
    struct buf head; /* of the request, as it is logged */
    const char *fault; /* given up without a request */
};

struct endpoint {
    struct webhook_queue queue; /* with texts of its own */
    struct webhook_profile *profile;
    struct http_lane *lane;
    struct delivery *first, *last; /* all of it, in the order in which they came */
    int n, n_sent;
    int failed_in_a_row;
    double tokens; /* of per_second */
    int64_t tokens_at, paused_until, used_at; /* monotonic_ms */
    bool is_lost; /* it is another's by now, or disabled: nothing more is sent */
    struct endpoint *next;
};

/* Leased just now. E_NOT_FOUND when it is deleted. */
MUST_USE enum rc endpoint_new(struct ctx *ctx, const struct webhook_queue *queue, struct endpoint **ret_endpoint);
/* When nothing of it is sent. Nulls *endpoint. */
void endpoint_free(struct endpoint **endpoint);
/* Takes over what was set since: E_NOT_FOUND when it is deleted or disabled. */
MUST_USE enum rc endpoint_refresh(struct ctx *ctx, struct endpoint *e);

/* Takes it in, behind `before` (NULL: behind nothing), with a body or a fault. */
void endpoint_add(struct endpoint *e, const struct webhook_due *due, struct delivery *before, struct str body,
                  const char *fault);
/* The id of each that is in memory, and the last one of each order key, to its delivery. */
void endpoint_index(const struct endpoint *e, struct map *ids, struct map *keys);
/* Removes one that is not being sent. Whoever waits for it may go, or with `drop` is removed,
 * too: it is read again when it is due. */
void endpoint_remove(struct delivery *d, bool drop);
/* Removes all that are not being sent. */
void endpoint_clear(struct endpoint *e);

/* Those that may go now, linked by post.next, marked as sent; NULL: none. */
struct http_post *endpoint_send(struct endpoint *e, const struct services *services);
/* How it went, for how fast to go on. `pause_ms`: nothing is sent for so long. */
void endpoint_learn(struct endpoint *e, bool reached, int64_t pause_ms);
/* How long until something may go; INT64_MAX: it waits for answers, or for nothing. */
int64_t endpoint_rest_ms(const struct endpoint *e);

#endif
