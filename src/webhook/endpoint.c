#include "webhook/endpoint.h"

#include "base/check.h"
#include "base/clock.h"
#include "base/mem.h"
#include "store/services.h"

/* After as many failures in a row one request at a time shows whether it is back. */
enum { DOUBT_AFTER = 5, HEAD_MAX_BYTES = 32 * 1024, CONNECT_MS = 5000 };

static struct str copy_of(struct str text) {
    if (!text.p)
        return STR_NONE;
    char *p = mem_alloc(text.n + 1);
    memcpy(p, text.p, text.n);
    return (struct str){ p, text.n };
}

static void drop_text(struct str *text) {
    mem_free((char *) (uintptr_t) text->p);
    *text = STR_NONE;
}

/* --- life --- */

enum rc endpoint_new(struct ctx *ctx, const struct webhook_queue *queue, struct endpoint **ret_endpoint) {
    struct webhook_profile *profile = NULL;
    enum rc rc = webhook_profile_new(ctx, queue, &profile);
    if (rc != OK)
        return rc;
    struct endpoint *e = MEM_NEW(struct endpoint);
    e->queue = *queue;
    e->queue.account_id = copy_of(queue->account_id);
    e->queue.endpoint_id = copy_of(queue->endpoint_id);
    e->queue.url = STR_NONE; /* the profile has it */
    e->profile = profile;
    e->lane = http_lane_new(1);
    e->tokens_at = e->used_at = monotonic_ms();
    *ret_endpoint = e;
    return OK;
}

void endpoint_free(struct endpoint **endpoint) {
    struct endpoint *e = *endpoint;
    endpoint_clear(e);
    ASSERT(!e->n);
    http_lane_free(&e->lane);
    webhook_profile_free(&e->profile);
    drop_text(&e->queue.account_id);
    drop_text(&e->queue.endpoint_id);
    mem_free(e);
    *endpoint = NULL;
}

enum rc endpoint_refresh(struct ctx *ctx, struct endpoint *e) {
    struct webhook_queue now = { .url = STR_NONE };
    struct webhook_profile *profile = NULL;
    enum rc rc = webhook_queue_get(ctx, e->queue.account_id, e->queue.endpoint_id, &now);
    if (rc == OK && !now.enabled.v)
        return E_NOT_FOUND;
    if (rc != OK || now.version.v == webhook_profile_version(e->profile))
        return rc;
    rc = webhook_profile_new(ctx, &now, &profile);
    if (rc != OK)
        return rc;
    webhook_profile_free(&e->profile);
    e->profile = profile;
    e->queue.concurrency = now.concurrency;
    e->queue.per_second = now.per_second;
    return OK;
}

/* --- what is in memory --- */

static void on_turn(struct http_post *post) {
    struct delivery *d = post->context;
    buf_clear(&d->head);
    webhook_profile_headers(d->profile, post, d->id, &d->head);
}

void endpoint_add(struct endpoint *e, const struct webhook_due *due, struct delivery *before, struct str body,
                  const char *fault) {
    struct delivery *d = MEM_NEW(struct delivery);
    d->endpoint = e;
    d->profile = webhook_profile_keep(e->profile);
    d->id = copy_of(due->id);
    d->order_key = copy_of(due->order_key);
    d->body = copy_of(body);
    d->attempts = due->attempts.v;
    d->tries = due->tries.v;
    d->head = buf_on_heap(HEAD_MAX_BYTES);
    d->fault = fault;
    d->waits = before != NULL;
    if (before)
        before->follower = d;
    d->before = e->last;
    *(e->last ? &e->last->after : &e->first) = d;
    e->last = d;
    e->n++;
}

void endpoint_index(const struct endpoint *e, struct map *ids, struct map *keys) {
    for (struct delivery *d = e->first; d; d = d->after) {
        map_put(ids, d->id, d);
        if (d->order_key.p && !d->follower)
            map_put(keys, d->order_key, d);
    }
}

static void unlink_one(struct delivery *d) {
    struct endpoint *e = d->endpoint;
    *(d->before ? &d->before->after : &e->first) = d->after;
    *(d->after ? &d->after->before : &e->last) = d->before;
    e->n--;
    webhook_profile_free(&d->profile);
    drop_text(&d->id);
    drop_text(&d->order_key);
    drop_text(&d->body);
    buf_done(&d->head);
    mem_free(d);
}

void endpoint_remove(struct delivery *d, bool drop) {
    struct delivery *follower = d->follower;
    ASSERT(!d->is_sent || d->is_done);
    unlink_one(d);
    if (follower)
        follower->waits = false;
    while (drop && follower) {
        d = follower;
        follower = d->follower;
        unlink_one(d);
    }
}

void endpoint_clear(struct endpoint *e) {
    struct delivery *after = NULL;
    for (struct delivery *d = e->first; d; d = after) {
        after = d->after;
        d->follower = NULL; /* goes as well */
        if (!d->is_sent)
            unlink_one(d);
    }
}

/* --- how fast --- */

static int concurrency_of(const struct endpoint *e, const struct services *services) {
    if (e->failed_in_a_row >= DOUBT_AFTER)
        return 1;
    return (int) (e->queue.concurrency.set ? e->queue.concurrency.v : services->webhooks.concurrency);
}

static void fill_tokens(struct endpoint *e) {
    int64_t now = monotonic_ms();
    double rate = (double) e->queue.per_second.v, most = rate < 10 ? 1 : rate / 10;
    e->tokens += (double) (now - e->tokens_at) * rate / (double) SECOND_MS;
    e->tokens = e->tokens < most ? e->tokens : most;
    e->tokens_at = now;
}

static bool take_token(struct endpoint *e) {
    if (!e->queue.per_second.set)
        return true;
    if (e->tokens < 1)
        return false;
    e->tokens -= 1;
    return true;
}

static void prepare(struct delivery *d, const struct services *services) {
    d->is_sent = true;
    d->endpoint->n_sent++;
    d->post.lane = d->endpoint->lane;
    d->post.url = webhook_profile_url(d->profile);
    d->post.body = d->body;
    d->post.timeout_ms = (long) services->webhooks.timeout_ms;
    d->post.connect_ms = services->webhooks.timeout_ms < CONNECT_MS ? d->post.timeout_ms : CONNECT_MS;
    d->post.begin = on_turn;
    d->post.context = d;
    d->post.next = NULL;
}

struct http_post *endpoint_send(struct endpoint *e, const struct services *services) {
    int at_a_time = concurrency_of(e, services);
    /* Some more wait in the lane, so that it does not stand still until we come again. */
    int most = e->failed_in_a_row >= DOUBT_AFTER ? 1 : at_a_time * 4 + 16;
    struct http_post *first = NULL, *last = NULL;
    if (e->is_lost || e->n_sent == e->n || monotonic_ms() < e->paused_until)
        return NULL;
    http_lane_limit(e->lane, at_a_time);
    if (e->queue.per_second.set)
        fill_tokens(e);
    for (struct delivery *d = e->first; d && e->n_sent < most; d = d->after) {
        if (d->waits || d->is_sent || d->fault)
            continue;
        if (!take_token(e))
            break;
        prepare(d, services);
        *(last ? &last->next : &first) = &d->post;
        last = &d->post;
    }
    return first;
}

void endpoint_learn(struct endpoint *e, bool reached, int64_t pause_ms) {
    int64_t until = monotonic_ms() + pause_ms;
    e->failed_in_a_row = reached ? 0 : e->failed_in_a_row + 1;
    if (pause_ms && until > e->paused_until)
        e->paused_until = until;
}

int64_t endpoint_rest_ms(const struct endpoint *e) {
    int64_t pause = e->paused_until - monotonic_ms();
    if (e->is_lost || e->n_sent == e->n)
        return INT64_MAX;
    if (pause > 0)
        return pause;
    if (e->queue.per_second.set && e->tokens < 1)
        return 1 + (int64_t) ((1 - e->tokens) * (double) SECOND_MS / (double) e->queue.per_second.v);
    return INT64_MAX;
}
