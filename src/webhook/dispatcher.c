/* Rounds: what is done is recorded in one transaction, what is due is read in one query for all
 * webhooks that we hold, what may go is handed to the loop. A round is rung for by answers and
 * by events that are about to be committed; the latter are looked for a while, because nobody
 * rings again when they were. */
#include "webhook/dispatcher.h"

#include <poll.h>
#include <stdatomic.h>

#include "base/bell.h"
#include "base/check.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/rand.h"
#include "base/vec.h"
#include "base/version.h"
#include "net/retry_after.h"
#include "net/web_url.h"
#include "store/services.h"
#include "store/webhook_queues.h"
#include "store/webhooks.h"
#include "webhook/endpoint.h"
#include "webhook/payload.h"
#include "webhook/schedule.h"

/* As long as a webhook waits when a process was killed; one that lives renews. */
#define LEASE_MS    (9 * SECOND_MS)
#define RENEW_MS    (LEASE_MS / 3)
#define IDLE_MS     (30 * SECOND_MS) /* then it is given back */
#define TICK_MS     500              /* other processes record events, too */
#define TAKE_MS     20               /* between looks for webhooks that nobody holds */
#define NEWS_MS     (2 * SECOND_MS)  /* a commit is looked for that long */
#define NEWS_REST_MAX_MS 32
#define GATHER_MS   5                /* what comes together is recorded together */
#define FAULT_MS    1000             /* after a failure of the database */
#define STOP_MS     (5 * SECOND_MS)  /* for what is being sent */
#define PAUSE_MAX_MS HOUR_MS

enum { TAKE_MAX = 1000, HELD_MAX = 8192, HELD_EACH_MIN = 32, HELD_EACH_MAX = 512, ID_BYTES = 64, CHANCES = 10001 };

struct webhook_dispatcher {
    struct db *db;
    const struct services *services;
    struct http_multi *multi;
    struct bell bell;
    pthread_t thread;
    char owner[ID_BYTES];
    /* The thread's. */
    struct endpoint *endpoints;
    int n_endpoints;
    struct http_post *unrecorded; /* done, while the database failed */
    bool has_faults;              /* something in memory is to be given up without a request */
    int64_t lease_until, renew_at, take_at, news_rest; /* monotonic_ms, but the last */
};

/* The process's, for waking; when it was last woken; what it did. */
static struct door current = DOOR_CLOSED;
static _Atomic int64_t news_at = INT64_MIN / 2;
static _Atomic int64_t delivered, tried_again, failed;

static bool has_news(void) {
    return monotonic_ms() - atomic_load(&news_at) < NEWS_MS;
}

static void log_fault(struct ctx *ctx, const char *what) {
    log_warn(ctx, what, LOG_S("error", ctx->err.text));
    ctx_clear_error(ctx);
}

/* --- what came of it --- */

/* The value of a header of the last answer; absent when there is none. */
static struct str header_of(struct str head, struct str name) {
    struct str line = STR_NONE, value = STR_NONE;
    while (str_cut(&head, '\n', &line)) {
        struct str rest = line, key = STR_NONE;
        if (str_find(line, ':') < line.n && str_cut(&rest, ':', &key) && str_eq_nocase(key, name))
            value = str_trim(rest);
    }
    return value;
}

/* Text that JSON and databases take: other bytes become question marks. */
static struct str printable(struct arena *arena, const struct buf *b) {
    struct buf text = buf_in(arena, b->n + 1);
    for (size_t i = 0; i < b->n; i++) {
        char c = b->p[i];
        if (c != '\r')
            buf_char(&text, (c >= ' ' && c <= '~') || c == '\n' || c == '\t' ? c : '?');
    }
    return b->n ? buf_text(&text) : STR_NONE;
}

static struct str error_of(struct arena *arena, const struct http_post *post, enum webhook_verdict verdict) {
    if (post->rc != OK)
        return arena_printf(arena, "%s", post->reason);
    return verdict == WEBHOOK_TAKEN ? STR_NONE : arena_printf(arena, "it answered %ld", post->status);
}

static struct opt_int asked_wait(struct ctx *ctx, const struct http_post *post) {
    int64_t wait = 0;
    struct str text = post->rc == OK ? header_of(buf_text(&post->head), STR("retry-after")) : STR_NONE;
    if (!str_is_set(text) || retry_after_read(text, ctx_now(ctx), &wait) != OK)
        return (struct opt_int){ 0 };
    return opt_int(wait);
}

static void count(enum webhook_verdict verdict) {
    atomic_fetch_add(verdict == WEBHOOK_TAKEN ? &delivered : verdict == WEBHOOK_AGAIN ? &tried_again : &failed, 1);
}

/* Whether the webhook is at fault, and for how long it wants to be left alone. */
static void learn(const struct webhook_dispatcher *w, struct endpoint *e, const struct http_post *post,
                  struct opt_int asked) {
    bool is_busy = post->rc == OK && (post->status == 429 || post->status == 503);
    int64_t pause = is_busy && asked.set ? asked.v : 0;
    pause = (int64_t) ((double) (pause < PAUSE_MAX_MS ? pause : PAUSE_MAX_MS) * w->services->webhooks.retry_scale);
    endpoint_learn(e, post->rc == OK && post->status / 100 != 5, pause);
}

static struct webhook_result result_of(struct ctx *ctx, struct webhook_dispatcher *w, struct delivery *d) {
    struct http_post *post = &d->post;
    struct endpoint *e = d->endpoint;
    double scale = w->services->webhooks.retry_scale;
    enum webhook_verdict verdict = webhook_judge(post->rc, post->status, d->tries + 1);
    struct opt_int asked = asked_wait(ctx, post);
    const struct webhook_wait wait = { d->tries + 1, post->rc, post->status, asked,
                                       (double) rand_below(CHANCES) / (CHANCES - 1), scale };
    struct webhook_result r = {
        .account_id = e->queue.account_id, .endpoint_id = e->queue.endpoint_id, .id = d->id,
        .order_key = d->order_key, .fence = e->queue.fence.v,
        .state = verdict == WEBHOOK_TAKEN   ? STR("delivered")
                 : verdict == WEBHOOK_AGAIN ? STR("pending")
                                            : STR("failed"),
        .attempts = d->attempts + 1, .tries = d->tries + 1, .at = post->began_ms, .duration = post->took_ms,
        .next_at = verdict == WEBHOOK_AGAIN ? ctx_now(ctx) + webhook_wait_ms(&wait) : post->began_ms,
        .status = { post->status, post->rc == OK }, .error = error_of(ctx->arena, post, verdict),
        .request_head = buf_text(&d->head), .response_head = printable(ctx->arena, &post->head),
        .response_body = verdict == WEBHOOK_TAKEN ? STR_NONE : printable(ctx->arena, &post->answer),
    };
    if (d->is_done) /* it was counted, but the database failed */
        return r;
    d->is_done = true;
    learn(w, e, post, asked);
    if (webhook_note(&e->queue, verdict == WEBHOOK_TAKEN, ctx_now(ctx), scale))
        e->queue.disable = opt_int(WEBHOOK_FAILING);
    if (verdict == WEBHOOK_IS_GONE)
        e->queue.disable = opt_int(WEBHOOK_GONE);
    count(verdict);
    return r;
}

/* Nothing was sent, and nothing will be. */
static struct webhook_result fault_of(struct ctx *ctx, struct delivery *d) {
    const struct endpoint *e = d->endpoint;
    if (!d->is_done)
        count(WEBHOOK_GIVEN_UP);
    d->is_done = true;
    return (struct webhook_result){
        .account_id = e->queue.account_id, .endpoint_id = e->queue.endpoint_id, .id = d->id,
        .order_key = d->order_key, .fence = e->queue.fence.v, .state = STR("failed"), .attempts = d->attempts,
        .tries = d->tries, .next_at = ctx_now(ctx), .at = ctx_now(ctx), .error = str_of(d->fault),
        .no_attempt = true,
    };
}

static void tell_disabled(struct ctx *ctx, struct endpoint *e) {
    struct str host = STR_NONE, path = STR_NONE;
    web_url_split(ctx->arena, str_of(webhook_profile_url(e->profile)), &host, &path);
    log_warn(ctx, "a webhook was disabled, ignoring what is queued for it", LOG_S("webhook", e->queue.endpoint_id),
             LOG_S("host", host), LOG_C("reason", e->queue.disable.v == WEBHOOK_GONE ? "gone" : "failing"));
    if (ctx->services->wake_jobs)
        ctx->services->wake_jobs();
}

/* One that was done in this round, or found at fault. */
struct outcome {
    struct delivery *d;
    bool again; /* what waits behind it waits on */
};

struct round {
    struct ctx *ctx;
    struct list results; /* struct webhook_result */
    struct list outcomes;
    struct list queues; /* struct webhook_queue: of those above, each once */
    struct map seen;
};

static void add_outcome(struct round *round, struct delivery *d, struct webhook_result result) {
    struct arena *arena = round->ctx->arena;
    *(struct webhook_result *) list_add(arena, &round->results, sizeof result) = result;
    *(struct outcome *) list_add(arena, &round->outcomes, sizeof(struct outcome))
        = (struct outcome){ d, str_eq(result.state, STR("pending")) };
    map_put(&round->seen, d->endpoint->queue.endpoint_id, d->endpoint);
}

static void gather_faults(struct webhook_dispatcher *w, struct round *round) {
    w->has_faults = false;
    for (struct endpoint *e = w->endpoints; e; e = e->next)
        for (struct delivery *d = e->first; d; d = d->after) {
            w->has_faults |= d->fault != NULL; /* also while it waits, or is not recorded */
            if (d->fault && !d->waits && !e->is_lost)
                add_outcome(round, d, fault_of(round->ctx, d));
        }
}

static void gather(struct webhook_dispatcher *w, struct round *round) {
    struct http_post *next = NULL, *posts[] = { w->unrecorded, http_multi_take(w->multi) };
    w->unrecorded = NULL;
    for (size_t i = 0; i < LENGTH(posts); i++)
        for (struct http_post *post = posts[i]; post; post = next) {
            struct delivery *d = post->context;
            next = post->next;
            if (!d->is_done)
                d->endpoint->n_sent--;
            if (d->endpoint->is_lost || post->rc == E_CANCELED) {
                d->is_done = true;
                http_post_done(post);
                endpoint_remove(d, true);
            } else {
                add_outcome(round, d, result_of(round->ctx, w, d));
            }
        }
    if (w->has_faults)
        gather_faults(w, round);
}

/* The database failed: what was done is recorded later. */
static void keep_unrecorded(struct webhook_dispatcher *w, const struct round *round) {
    const struct outcome *o = round->outcomes.p;
    for (size_t i = 0; i < round->outcomes.n; i++)
        if (!o[i].d->fault) {
            o[i].d->post.next = w->unrecorded;
            w->unrecorded = &o[i].d->post;
        }
}

static void lose(struct endpoint *e) {
    e->is_lost = true;
    endpoint_clear(e);
}

static void forget_done(struct round *round, const struct list *mine) {
    const struct webhook_queue *q = mine->p;
    const struct outcome *o = round->outcomes.p;
    struct map ours = map_in(round->ctx->arena);
    struct str id = STR_NONE;
    void *found = NULL;
    for (size_t i = 0; i < mine->n; i++)
        map_put(&ours, q[i].endpoint_id, round);
    for (size_t i = 0; i < round->outcomes.n; i++) {
        http_post_done(&o[i].d->post);
        o[i].d->is_done = o[i].d->is_sent = true;
        endpoint_remove(o[i].d, o[i].again);
    }
    for (size_t at = 0; map_next(&round->seen, &at, &id, &found);) {
        struct endpoint *e = found;
        if (e->queue.disable.set)
            tell_disabled(round->ctx, e);
        if (e->queue.disable.set || !map_get(&ours, id))
            lose(e);
        e->used_at = monotonic_ms();
    }
}

static enum rc record(struct webhook_dispatcher *w, struct ctx *ctx, bool *ret_any) {
    struct round round = { .ctx = ctx, .seen = map_in(ctx->arena) };
    struct list mine = { 0 };
    struct str id = STR_NONE;
    void *found = NULL;
    gather(w, &round);
    *ret_any = round.results.n > 0;
    if (!round.results.n)
        return OK;
    for (size_t at = 0; map_next(&round.seen, &at, &id, &found);)
        *(struct webhook_queue *) list_add(ctx->arena, &round.queues, sizeof(struct webhook_queue))
            = ((struct endpoint *) found)->queue;
    const struct webhook_record what = { str_of(w->owner), round.results.p, round.results.n, round.queues.p,
                                         round.queues.n };
    enum rc rc = webhook_record(ctx, &what, &mine);
    if (rc == OK)
        forget_done(&round, &mine);
    else
        keep_unrecorded(w, &round);
    return rc;
}

/* --- leases --- */

static void drop_endpoints(struct webhook_dispatcher *w) {
    for (struct endpoint **at = &w->endpoints; *at;) {
        struct endpoint *e = *at;
        if (e->is_lost && !e->n) {
            *at = e->next;
            w->n_endpoints--;
            endpoint_free(&e);
        } else {
            at = &e->next;
        }
    }
}

static enum rc give_back_idle(struct webhook_dispatcher *w, struct ctx *ctx, int64_t idle_ms) {
    struct list idle = { 0 };
    for (struct endpoint *e = w->endpoints; e; e = e->next)
        if (!e->n && !e->is_lost && monotonic_ms() - e->used_at >= idle_ms) {
            *(struct webhook_queue *) list_add(ctx->arena, &idle, sizeof(struct webhook_queue)) = e->queue;
            e->is_lost = true;
        }
    return idle.n ? webhook_queues_give_back(ctx, str_of(w->owner), &idle) : OK;
}

/* Those that are another's by now, and those that were disabled. */
static enum rc check_endpoints(struct webhook_dispatcher *w, struct ctx *ctx, const struct list *ours) {
    const struct webhook_queue *q = ours->p;
    struct map fences = map_in(ctx->arena);
    enum rc rc = OK;
    for (size_t i = 0; i < ours->n; i++)
        map_put(&fences, q[i].endpoint_id, (void *) (uintptr_t) &q[i]);
    for (struct endpoint *e = w->endpoints; rc == OK && e; e = e->next) {
        const struct webhook_queue *found = map_get(&fences, e->queue.endpoint_id);
        bool is_ours = found && found->fence.v == e->queue.fence.v;
        if (is_ours && e->n)
            rc = endpoint_refresh(ctx, e);
        if (!is_ours || rc == E_NOT_FOUND)
            lose(e);
        rc = rc == E_NOT_FOUND ? OK : rc;
    }
    return rc;
}

static enum rc renew(struct webhook_dispatcher *w, struct ctx *ctx) {
    int64_t now = monotonic_ms();
    struct list ours = { 0 };
    if (now < w->renew_at)
        return OK;
    const struct webhook_lease lease = { str_of(w->owner), ctx_now(ctx), ctx_now(ctx) + LEASE_MS };
    enum rc rc = w->endpoints ? webhook_queues_renew(ctx, &lease, &ours) : OK;
    if (rc == OK) {
        w->lease_until = now + LEASE_MS;
        w->renew_at = now + RENEW_MS;
        rc = check_endpoints(w, ctx, &ours);
    }
    return rc == OK ? give_back_idle(w, ctx, IDLE_MS) : rc;
}

static enum rc take(struct webhook_dispatcher *w, struct ctx *ctx) {
    const struct webhook_lease lease = { str_of(w->owner), ctx_now(ctx), ctx_now(ctx) + LEASE_MS };
    struct list taken = { 0 };
    if (monotonic_ms() < w->take_at || w->n_endpoints >= TAKE_MAX)
        return OK;
    w->take_at = monotonic_ms() + TAKE_MS;
    enum rc rc = webhook_queues_take(ctx, &lease, TAKE_MAX - w->n_endpoints, &taken);
    const struct webhook_queue *q = taken.p;
    for (size_t i = 0; rc == OK && i < taken.n; i++) {
        struct endpoint *e = NULL;
        rc = str_is_set(q[i].url) ? endpoint_new(ctx, &q[i], &e) : E_NOT_FOUND;
        if (rc == OK) {
            e->next = w->endpoints;
            w->endpoints = e;
            w->n_endpoints++;
        }
        rc = rc == E_NOT_FOUND ? OK : rc; /* deleted just now */
    }
    return rc;
}

/* --- what is due --- */

struct reading {
    struct webhook_dispatcher *w;
    struct ctx *ctx;
    struct endpoint *endpoint; /* of the row before */
    struct map ids, keys;      /* of it */
    struct map endpoints, events;
    struct list postponed, accepted; /* struct webhook_due */
    int each;
};

static void read_events(struct reading *r, const struct list *events) {
    struct webhook_event *e = events->p;
    r->events = map_in(r->ctx->arena);
    for (size_t i = 0; i < events->n; i++)
        map_put(&r->events, e[i].id, &e[i]);
}

static void take_in(struct reading *r, const struct webhook_due *due, struct delivery *before) {
    struct str body = STR_NONE;
    const struct webhook_event *event = map_get(&r->events, due->event_id);
    struct str account = r->ctx->account_id;
    r->ctx->account_id = due->account_id;
    enum rc rc = event ? webhook_payload(r->ctx, event, &body) : E_NOT_FOUND;
    const char *fault = rc == OK           ? NULL
                        : rc == E_NOT_FOUND ? "what it told was removed"
                                            : "what it tells has no documented form";
    if (rc != OK && rc != E_NOT_FOUND && rc != E_UNSUPPORTED)
        log_fault(r->ctx, "an event cannot be told, ignoring");
    r->ctx->account_id = account;
    endpoint_add(r->endpoint, due, before, body, fault);
    r->w->has_faults |= fault != NULL;
    map_put(&r->ids, r->endpoint->last->id, r->endpoint->last);
    if (due->order_key.p)
        map_put(&r->keys, r->endpoint->last->order_key, r->endpoint->last);
}

/* The one before about the same must be in memory, or be over. */
static bool may_come(struct reading *r, const struct webhook_due *due, struct delivery **ret_before) {
    *ret_before = NULL;
    if (map_get(&r->ids, due->id) || r->endpoint->n >= r->each)
        return false;
    if (!str_is_set(due->behind))
        return true;
    struct delivery *last = map_get(&r->keys, due->order_key);
    *ret_before = last;
    if (last && str_eq(last->id, due->behind))
        return true;
    if (!last && due->blocked_until.v > ctx_now(r->ctx))
        *(struct webhook_due *) list_add(r->ctx->arena, &r->postponed, sizeof *due) = *due;
    return false;
}

static bool turn_to(struct reading *r, const struct webhook_due *due) {
    struct endpoint *e = map_get(&r->endpoints, due->endpoint_id);
    if (!e || e->is_lost)
        return false;
    if (e == r->endpoint)
        return true;
    r->endpoint = e;
    r->ids = map_in(r->ctx->arena);
    r->keys = map_in(r->ctx->arena);
    endpoint_index(e, &r->ids, &r->keys);
    if (due->version.v == webhook_profile_version(e->profile))
        return true;
    enum rc rc = endpoint_refresh(r->ctx, e);
    if (rc != OK && rc != E_NOT_FOUND)
        log_fault(r->ctx, "a webhook's settings cannot be read, retrying");
    return rc == OK;
}

static enum rc accept_new(struct reading *r, const struct list *due) {
    const struct webhook_due *d = due->p;
    struct list events = { 0 }, fresh = { 0 };
    struct delivery *before = NULL;
    for (size_t i = 0; i < due->n; i++)
        if (turn_to(r, &d[i]) && !map_get(&r->ids, d[i].id))
            *(struct webhook_due *) list_add(r->ctx->arena, &fresh, sizeof *d) = d[i];
    enum rc rc = fresh.n ? webhook_events(r->ctx, &fresh, &events) : OK;
    if (rc != OK)
        return rc;
    read_events(r, &events);
    r->endpoint = NULL;
    const struct webhook_due *f = fresh.p;
    for (size_t i = 0; i < fresh.n; i++)
        if (turn_to(r, &f[i]) && may_come(r, &f[i], &before)) {
            take_in(r, &f[i], before);
            r->accepted.n++;
        }
    return r->postponed.n ? webhook_due_postpone(r->ctx, &r->postponed) : OK;
}

static enum rc read_due(struct webhook_dispatcher *w, struct ctx *ctx, bool *ret_any) {
    struct reading r = { .w = w, .ctx = ctx, .endpoints = map_in(ctx->arena) };
    struct list queues = { 0 }, due = { 0 };
    int each = w->n_endpoints ? HELD_MAX / w->n_endpoints : 0;
    r.each = each > HELD_EACH_MAX ? HELD_EACH_MAX : each < HELD_EACH_MIN ? HELD_EACH_MIN : each;
    for (struct endpoint *e = w->endpoints; e; e = e->next) {
        if (e->is_lost || e->n > r.each / 2)
            continue;
        map_put(&r.endpoints, e->queue.endpoint_id, e);
        *(struct webhook_queue *) list_add(ctx->arena, &queues, sizeof(struct webhook_queue)) = e->queue;
    }
    *ret_any = false;
    if (!queues.n)
        return OK;
    enum rc rc = webhook_due_list(ctx, &queues, ctx_now(ctx), r.each, &due);
    if (rc == OK)
        rc = accept_new(&r, &due);
    *ret_any = r.accepted.n > 0;
    return rc;
}

/* --- rounds --- */

static void send_all(struct webhook_dispatcher *w) {
    if (monotonic_ms() >= w->lease_until) /* somebody else may have them by now */
        return;
    for (struct endpoint *e = w->endpoints; e; e = e->next) {
        struct http_post *posts = endpoint_send(e, w->services);
        if (posts) {
            e->used_at = monotonic_ms();
            http_multi_send(w->multi, posts);
        }
    }
}

static int64_t rest_of(struct webhook_dispatcher *w, bool was_busy) {
    int64_t rest = TICK_MS;
    if (was_busy || !has_news())
        w->news_rest = 1;
    if (was_busy)
        return GATHER_MS;
    if (has_news()) {
        rest = w->news_rest = w->news_rest * 2 > NEWS_REST_MAX_MS ? NEWS_REST_MAX_MS : w->news_rest * 2;
    }
    for (const struct endpoint *e = w->endpoints; e; e = e->next) {
        int64_t ms = endpoint_rest_ms(e);
        rest = ms < rest ? ms : rest;
    }
    return rest > 0 ? rest : 1;
}

static int64_t round_of(struct webhook_dispatcher *w, struct ctx *ctx) {
    bool recorded = false, accepted = false;
    enum rc rc = record(w, ctx, &recorded);
    if (rc == OK)
        rc = renew(w, ctx);
    if (rc == OK)
        rc = take(w, ctx);
    drop_endpoints(w);
    if (rc == OK)
        rc = read_due(w, ctx, &accepted);
    if (rc != OK) {
        log_fault(ctx, "webhooks cannot be delivered, retrying");
        return FAULT_MS;
    }
    send_all(w);
    return rest_of(w, recorded || accepted);
}

static bool is_sending(const struct webhook_dispatcher *w) {
    for (const struct endpoint *e = w->endpoints; e; e = e->next)
        if (e->n_sent)
            return true;
    return false;
}

static void end(struct webhook_dispatcher *w, struct ctx *ctx) {
    int64_t until = monotonic_ms() + STOP_MS;
    bool any = false;
    while (is_sending(w) && monotonic_ms() < until) {
        (void) poll(NULL, 0, GATHER_MS);
        if (record(w, ctx, &any) != OK)
            break;
        arena_reset(ctx->arena);
    }
    http_multi_stop(w->multi);
    if (record(w, ctx, &any) != OK)
        log_fault(ctx, "what webhooks answered last could not be recorded, ignoring");
    for (struct http_post *post = w->unrecorded; post; post = post->next)
        http_post_done(post);
    for (struct endpoint *e = w->endpoints; e; e = e->next) {
        for (struct delivery *d = e->first; d; d = d->after)
            d->is_sent = false;
        endpoint_clear(e);
    }
    if (give_back_idle(w, ctx, 0) != OK)
        log_fault(ctx, "webhooks could not be given back, ignoring");
    for (struct endpoint *e = w->endpoints; e; e = e->next)
        e->is_lost = true;
    drop_endpoints(w);
}

static void *run(void *arg) {
    struct webhook_dispatcher *w = arg;
    struct arena *arena = arena_new();
    struct ctx ctx = { .arena = arena, .clock = &clock_system, .db = db_session_open(w->db), .services = w->services };
    int64_t rest = 0;
    while (bell_rest(&w->bell, rest, NULL)) {
        if (rest == GATHER_MS)
            (void) poll(NULL, 0, GATHER_MS); /* rung for one answer, take those that come with it */
        rest = round_of(w, &ctx);
        arena_reset(arena);
    }
    end(w, &ctx);
    db_session_close(&ctx.db);
    arena_free(&arena);
    return NULL;
}

/* --- life --- */

static void on_done(void *arg) {
    struct webhook_dispatcher *w = arg;
    bell_ring(&w->bell);
}

enum rc webhook_dispatcher_start(struct ctx *ctx, struct db *db, const struct services *services,
                                 struct webhook_dispatcher **ret_dispatcher) {
    struct webhook_dispatcher *w = MEM_NEW(struct webhook_dispatcher);
    struct str owner = uuid_new(ctx->arena, ctx_now(ctx));
    const struct http_multi_options options = { .rules = &services->webhooks.addresses,
                                                .ca_file = services->webhooks.ca_file,
                                                .agent = "Outrider/" OUTRIDER_VERSION " (webhooks)",
                                                .connections = (int) services->webhooks.connections,
                                                .on_done = on_done, .arg = w };
    ASSERT(owner.n < ID_BYTES);
    memcpy(w->owner, owner.p, owner.n);
    w->db = db;
    w->services = services;
    bell_init(&w->bell);
    w->multi = http_multi_start(&options);
    if (!w->multi) {
        bell_destroy(&w->bell);
        mem_free(w);
        return fail(ctx, E_IO, "webhooks: libcurl cannot start");
    }
    thread_start(&w->thread, run, w);
    door_set(&current, w);
    *ret_dispatcher = w;
    return OK;
}

void webhook_dispatcher_wake(void) {
    struct webhook_dispatcher *w = door_enter(&current);
    if (w) {
        atomic_store(&news_at, monotonic_ms());
        bell_ring(&w->bell);
    }
    door_leave(&current);
}

void webhook_dispatcher_stop(struct webhook_dispatcher **dispatcher) {
    struct webhook_dispatcher *w = *dispatcher;
    if (!w)
        return;
    door_set(&current, NULL);
    bell_stop(&w->bell);
    (void) pthread_join(w->thread, NULL); /* fails only when misused */
    http_multi_free(&w->multi);
    bell_destroy(&w->bell);
    mem_free(w);
    *dispatcher = NULL;
}

void webhook_stats(struct webhook_stats *ret_stats) {
    *ret_stats = (struct webhook_stats){ atomic_load(&delivered), atomic_load(&tried_again), atomic_load(&failed) };
}
