#include "sequence/sender.h"

#include <poll.h>
#include <stdatomic.h>

#include "base/bell.h"
#include "base/buf.h"
#include "base/check.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/rand.h"
#include "base/vec.h"
#include "net/mime.h"
#include "sequence/delivery.h"
#include "sequence/kept_smtp.h"
#include "sequence/mailbox_login.h"
#include "sequence/planner_private.h"
#include "sequence/progress.h"
#include "sequence/uncertain.h"
#include "store/services.h"

#define LEASE_MS  QUEUE_LEASE_MS
#define RENEW_MS  (LEASE_MS / 5)
#define HURRY_MS  (20 * SECOND_MS) /* after it was asked to stop */
/* Between the commit and the first byte: a process that was frozen meanwhile sends nothing,
 * because somebody else may be looking for the message already. */
#define FRESH_MS  (LEASE_MS / 2)
/* Then others get a turn. */
enum { MESSAGES_PER_TURN = 500, ID_BYTES = 64, SOURCE_MORE_BYTES = 100, LASTING_MAX_BYTES = 1024 * 1024,
       FAULT_MS = 1000 /* after a failure of the database */ };

/* A queue that was taken; "": none. */
struct task {
    char account_id[ID_BYTES], mailbox_id[ID_BYTES], owner[ID_BYTES];
};

struct worker {
    struct sender_pool *pool;
    pthread_t thread;
    pthread_cond_t given;
    struct task now, next; /* the worker alone changes what it has */
};

struct sender_pool {
    struct db *db;
    struct services services; /* as those of the process, but for jobs_stopping */
    struct bell bell;
    struct kept_smtps *kept;
    pthread_mutex_t lock; /* of the workers' tasks */
    pthread_t thread;
    int64_t look_at_ms; /* when leases may have run out */
    int n;
    bool stops; /* under the lock */
    struct worker workers[SENDER_THREADS_MAX];
};

/* The process's pool, for sender_wake; and when its conversations are to be broken off. */
static struct door current = DOOR_CLOSED;
static _Atomic int64_t hurry_at_ms = INT64_MAX;

static bool hurries(void) {
    return monotonic_ms() >= atomic_load(&hurry_at_ms);
}

static bool stops(struct sender_pool *pool) {
    (void) pthread_mutex_lock(&pool->lock); /* fails only when misused */
    bool result = pool->stops;
    (void) pthread_mutex_unlock(&pool->lock);
    return result;
}

static void put_id(char *to, struct str id) {
    ASSERT(id.n < ID_BYTES);
    memcpy(to, id.p, id.n);
    to[id.n] = '\0';
}

static bool is_task(const struct task *task) {
    return task->mailbox_id[0] != '\0';
}

/* Under the lock. */
static void set_task(struct task *task, const struct mailbox_queue *queue) {
    put_id(task->account_id, queue->account_id);
    put_id(task->mailbox_id, queue->mailbox_id);
    put_id(task->owner, queue->owner);
}

/* For one taking. */
static struct queue_lease new_lease(struct ctx *ctx) {
    int64_t now = ctx_now(ctx);
    return (struct queue_lease){ uuid_new(ctx->arena, now), now, LEASE_MS };
}

/* --- one mailbox --- */

/* Two arenas take turns: what was sent is recorded while what comes next is read. */
struct turn {
    struct worker *worker;
    struct sender_pool *pool;
    struct ctx ctx;
    struct arena *arenas[2], *lasting; /* lasting: from turn to turn, until it is much */
    size_t at;
    struct delivery d;
    struct map zones, settings;
    struct queue_lease lease; /* for the queue after this one */
    struct kept_smtp connected;
};

static void log_fault(struct turn *t, const char *what) {
    log_warn(&t->ctx, what, LOG_S("mailbox", t->d.mailbox_id), LOG_S("error", t->ctx.err.text));
    ctx_clear_error(&t->ctx);
}

static void switch_arena(struct turn *t) {
    t->at = 1 - t->at;
    arena_reset(t->arenas[t->at]);
    t->ctx.arena = t->arenas[t->at];
}

static enum rc open_connection(struct turn *t, struct smtp_result *ret_result) {
    struct mailbox mailbox = { .id = STR_NONE };
    struct mailbox_secret secret;
    struct str reason = STR_NONE;
    smtp_close(&t->connected.smtp);
    enum rc rc = mailbox_get(&t->ctx, t->d.mailbox_id, &mailbox);
    *ret_result = (struct smtp_result){ .rc = rc, .reason = STR("the mailbox is gone") };
    if (rc == OK) {
        rc = mailbox_credentials(&t->ctx, &mailbox, &secret, &reason);
        *ret_result = (struct smtp_result){ .rc = rc, .step = SMTP_AUTH, .reason = reason };
    }
    if (rc == OK)
        rc = mailbox_smtp(&t->ctx, &mailbox, &secret, &t->connected.smtp, ret_result);
    t->connected.login = (struct delivery_login){ mailbox.updated_at.v, mailbox.secret_version.v };
    t->connected.sent = 0;
    ctx_clear_error(&t->ctx);
    return rc;
}

static struct delivery_outcome outcome_of(struct turn *t, const struct smtp_result *result) {
    struct arena *arena = t->ctx.arena;
    enum fate fate = fate_of(arena, result);
    /* A server ends what it finds idle or long: that says nothing about the next connection. */
    bool was_kept = t->connected.smtp && t->connected.sent > 0;
    return (struct delivery_outcome){ fate, fate_words(arena, result), fate_wait_ms(arena, result),
                                      fate == FATE_NETWORK && was_kept };
}

/* The bytes with their Date, which stays the same when it is sent again. */
static enum rc bytes_of(struct turn *t, const struct message *m, struct str *ret_bytes) {
    struct str source = m->source;
    enum rc rc = str_is_set(source) ? OK : message_source(&t->ctx, m->id, &source);
    if (rc != OK)
        return rc;
    struct buf b = buf_in(t->ctx.arena, source.n + SOURCE_MORE_BYTES);
    buf_printf(&b, "Date: %.*s\r\n", STR_FMT(mime_date(t->ctx.arena, m->dated_at.v)));
    buf_str(&b, source);
    *ret_bytes = buf_text(&b);
    return buf_result(&b);
}

/* One that is marked as being sent, and since when. */
struct sending {
    const struct message *m;
    struct str from;
    int64_t since_ms;
};

static void send_one(struct turn *t, const struct sending *s, struct smtp_result *ret_result) {
    const struct message *m = s->m;
    struct str bytes = STR_NONE, to = m->recipient;
    enum rc rc = bytes_of(t, m, &bytes);
    *ret_result = (struct smtp_result){ .rc = E_INVALID, .step = SMTP_DATA,
                                        .reason = STR("its bytes are kept no more") };
    if (rc == E_DB || rc == E_IO)
        *ret_result = (struct smtp_result){ .rc = rc, .step = SMTP_MAIL, .reason = STR("the database failed") };
    if (rc != OK) {
        ctx_clear_error(&t->ctx);
        return;
    }
    if (monotonic_ms() - s->since_ms > FRESH_MS) {
        *ret_result = (struct smtp_result){ .rc = E_CANCELED, .step = SMTP_MAIL, .reason = STR("too late") };
        return;
    }
    const struct smtp_message message = { s->from, { &to, 1 }, bytes };
    (void) !smtp_send(t->connected.smtp, &message, t->ctx.arena, ret_result); /* is in the result */
}

/* Claimed without a connection: connects and begins. False: it is not to be sent, and with
 * *ret_over the turn is over. */
static bool begin(struct turn *t, const struct message *m, bool *ret_over) {
    struct smtp_result result;
    bool begun = false;
    *ret_over = false;
    if (open_connection(t, &result) != OK) {
        struct delivery_outcome outcome = outcome_of(t, &result);
        *ret_over = true;
        if (delivery_unreachable(&t->d, m, &outcome) != OK)
            log_fault(t, "a queue could not be given back, retrying");
        return false;
    }
    if (delivery_begin(&t->d, m, &begun) != OK) {
        *ret_over = true;
        log_fault(t, "a message could not be begun, retrying");
    }
    return begun;
}

/* What the worker does when this turn is over. */
static void note_next(struct turn *t, const struct mailbox_queue *queue) {
    if (!str_is_set(queue->mailbox_id))
        return;
    (void) pthread_mutex_lock(&t->pool->lock); /* fails only when misused */
    set_task(&t->worker->next, queue);
    (void) pthread_mutex_unlock(&t->pool->lock);
}

/* One message that is being sent: the outcome is recorded, and the next one claimed, whatever
 * the database needs. What was sent must be recorded, so that is tried for as long as the
 * lease lasts; then it is in doubt. */
static bool record(struct turn *t, struct delivery_step *step) {
    int64_t until = monotonic_ms() + FRESH_MS;
    t->lease = new_lease(&t->ctx);
    step->lease = stops(t->pool) ? NULL : &t->lease;
    while (delivery_step(&t->d, step) != OK) {
        log_fault(t, step->done ? "what was sent could not be recorded, retrying"
                                : "a mailbox's queue could not be worked off, retrying");
        if (!step->done || monotonic_ms() > until || hurries())
            return false;
        (void) poll(NULL, 0, FAULT_MS);
    }
    note_next(t, &step->ret_queue);
    return step->ret_has_next;
}

static bool goes_on(struct turn *t, int sent) {
    return sent < MESSAGES_PER_TURN && !stops(t->pool);
}

/* Sends what was claimed; then says what the next step records. False: nothing was sent, and
 * with *ret_over the turn is over. */
static bool send_claimed(struct turn *t, const struct delivery_step *step, struct delivery_outcome *ret_outcome,
                         bool *ret_over) {
    struct message m = step->ret_next;
    struct smtp_result result = { 0 };
    const struct sending sending = { &m, step->ret_from, monotonic_ms() };
    if (!step->ret_begun && !begin(t, &step->ret_next, ret_over))
        return false;
    if (!step->ret_begun && message_get(&t->ctx, m.id, &m) != OK) {
        log_fault(t, "a message could not be read, leaving it in doubt");
        *ret_over = true;
        return false;
    }
    send_one(t, &sending, &result);
    *ret_outcome = outcome_of(t, &result);
    if (!smtp_is_open(t->connected.smtp))
        smtp_close(&t->connected.smtp);
    t->connected.sent++;
    return true;
}

static struct delivery_step step_after(struct turn *t, const struct message *done,
                                       const struct delivery_outcome *outcome, int sent) {
    struct message *kept = ARENA_NEW(t->ctx.arena, struct message);
    struct delivery_outcome *told = ARENA_NEW(t->ctx.arena, struct delivery_outcome);
    *kept = *done;
    *told = *outcome;
    bool more = goes_on(t, sent)
                && (outcome->was_kept || (outcome->fate != FATE_NETWORK && outcome->fate != FATE_LOGIN));
    return (struct delivery_step){ .done = kept, .outcome = told, .goes_on = more, .login = &t->connected.login,
                                   .is_connected = t->connected.smtp != NULL };
}

/* The first step, which takes up what others left; what is in doubt is looked for before anything
 * is sent. False: the turn is over. */
static bool take_up(struct turn *t, struct delivery_step *step) {
    bool more = record(t, step);
    if (!step->ret_look.n)
        return more;
    if (!stops(t->pool) && uncertain_look(&t->d, step->ret_look) != OK) {
        log_fault(t, "messages in doubt could not be looked for, retrying");
        return false;
    }
    *step = (struct delivery_step){ .goes_on = goes_on(t, 0), .is_connected = step->is_connected,
                                    .login = step->login };
    return record(t, step);
}

static void send_queue(struct turn *t) {
    struct delivery_step step = { .recovers = true, .goes_on = goes_on(t, 0), .login = &t->connected.login,
                                  .is_connected = t->connected.smtp != NULL };
    bool over = false, more = take_up(t, &step);
    for (int sent = 0; more; sent++) {
        struct delivery_outcome outcome;
        if (send_claimed(t, &step, &outcome, &over)) {
            step = step_after(t, &step.ret_next, &outcome, sent + 1);
            switch_arena(t);
        } else {
            step = (struct delivery_step){ .goes_on = goes_on(t, sent) };
        }
        more = !over && record(t, &step);
    }
}

/* What was read of zones and settings, which most often serves the next turn as well. */
static void forget_lasting(struct turn *t) {
    planning_zones_close(&t->zones);
    arena_reset(t->lasting);
    t->zones = map_in(t->lasting);
    t->settings = map_in(t->lasting);
}

static void serve_mailbox(struct worker *w, struct turn *t) {
    if (arena_used(t->lasting) > LASTING_MAX_BYTES)
        forget_lasting(t);
    t->ctx.account_id = str_of(w->now.account_id);
    t->d = (struct delivery){ &t->ctx, str_of(w->now.owner), str_of(w->now.mailbox_id), &t->zones, &t->settings };
    t->connected = kept_smtp_take(t->pool->kept, t->d.mailbox_id);
    send_queue(t);
    if (t->connected.smtp && t->connected.sent > 0 && !stops(t->pool))
        kept_smtp_put(t->pool->kept, t->d.mailbox_id, &t->connected);
    else
        smtp_close(&t->connected.smtp);
    lead_wake_planner(&t->ctx);
}

/* --- threads --- */

static bool wait_for_task(struct worker *w) {
    struct sender_pool *pool = w->pool;
    (void) pthread_mutex_lock(&pool->lock); /* fails only when misused */
    while (!is_task(&w->now) && !pool->stops)
        (void) pthread_cond_wait(&w->given, &pool->lock);
    bool has_task = is_task(&w->now);
    (void) pthread_mutex_unlock(&pool->lock);
    return has_task;
}

/* Then it has the next one already, or waits. */
static void done_with_task(struct worker *w) {
    (void) pthread_mutex_lock(&w->pool->lock);
    w->now = w->next;
    w->next = (struct task){ "", "", "" };
    bool has_task = is_task(&w->now);
    (void) pthread_mutex_unlock(&w->pool->lock);
    if (!has_task)
        bell_ring(&w->pool->bell);
}

static void *work(void *arg) {
    struct worker *w = arg;
    struct db_session *session = db_session_open(w->pool->db);
    struct turn t = { .worker = w, .pool = w->pool, .arenas = { arena_new(), arena_new() }, .lasting = arena_new() };
    forget_lasting(&t);
    while (wait_for_task(w)) {
        t.ctx = (struct ctx){ .arena = t.arenas[t.at], .clock = &clock_system, .db = session,
                              .services = &w->pool->services };
        serve_mailbox(w, &t);
        arena_reset(t.arenas[0]);
        arena_reset(t.arenas[1]);
        done_with_task(w);
    }
    forget_lasting(&t);
    arena_free(&t.arenas[0]);
    arena_free(&t.arenas[1]);
    arena_free(&t.lasting);
    db_session_close(&session);
    return NULL;
}

static struct worker *idle_worker(struct sender_pool *pool) {
    struct worker *idle = NULL;
    (void) pthread_mutex_lock(&pool->lock);
    for (int i = 0; !idle && i < pool->n; i++)
        if (!is_task(&pool->workers[i].now))
            idle = &pool->workers[i];
    (void) pthread_mutex_unlock(&pool->lock);
    return idle;
}

static void give(struct worker *w, const struct mailbox_queue *queue) {
    (void) pthread_mutex_lock(&w->pool->lock);
    set_task(&w->now, queue);
    (void) pthread_cond_signal(&w->given); /* cannot fail */
    (void) pthread_mutex_unlock(&w->pool->lock);
}

/* E_NOT_FOUND: there is nothing more. */
static enum rc take_some(struct sender_pool *pool, struct ctx *ctx) {
    struct mailbox_queue queue;
    struct worker *w = NULL;
    enum rc rc = OK;
    pool->look_at_ms = monotonic_ms() + pool->services.sequence.tick_ms;
    while (rc == OK && (w = idle_worker(pool))) {
        const struct queue_lease lease = new_lease(ctx);
        rc = mailbox_queue_take(ctx, &lease, &queue);
        if (rc == OK)
            give(w, &queue);
    }
    return rc;
}

/* Gives what is due to those who are idle; how long to rest then. Most often it is rung for nothing
 * that is due by now, which costs one look. */
static int64_t hand_out(struct sender_pool *pool, struct ctx *ctx) {
    int64_t due = INT64_MAX, tick = pool->services.sequence.tick_ms;
    enum rc rc = idle_worker(pool) ? mailbox_queues_next(ctx, &due) : OK;
    if (rc == OK && (due <= ctx_now(ctx) || monotonic_ms() >= pool->look_at_ms)) {
        rc = take_some(pool, ctx);
        if (rc == E_NOT_FOUND)
            rc = mailbox_queues_next(ctx, &due);
    }
    if (rc != OK) {
        log_warn(ctx, "messages cannot be sent, retrying", LOG_S("error", ctx->err.text));
        return FAULT_MS;
    }
    int64_t wait = due == INT64_MAX ? tick : due - ctx_now(ctx);
    return wait > 0 && wait < tick ? wait : tick;
}

static void list_task(struct arena *arena, const struct task *task, struct list *queues) {
    if (is_task(task))
        *(struct mailbox_queue *) list_add(arena, queues, sizeof(struct mailbox_queue))
            = (struct mailbox_queue){ .account_id = arena_str(arena, str_of(task->account_id)),
                                      .mailbox_id = arena_str(arena, str_of(task->mailbox_id)),
                                      .owner = arena_str(arena, str_of(task->owner)) };
}

static int64_t renew(struct sender_pool *pool, struct ctx *ctx, int64_t due_ms) {
    struct list held = { 0 };
    if (monotonic_ms() < due_ms)
        return due_ms;
    (void) pthread_mutex_lock(&pool->lock); /* fails only when misused */
    for (int i = 0; i < pool->n; i++) {
        list_task(ctx->arena, &pool->workers[i].now, &held);
        list_task(ctx->arena, &pool->workers[i].next, &held);
    }
    (void) pthread_mutex_unlock(&pool->lock);
    if (mailbox_queues_renew(ctx, &held, ctx_now(ctx) + LEASE_MS) != OK)
        log_warn(ctx, "leases could not be renewed, retrying", LOG_S("error", ctx->err.text));
    return monotonic_ms() + RENEW_MS;
}

static void *run(void *arg) {
    struct sender_pool *pool = arg;
    struct db_session *session = db_session_open(pool->db);
    struct arena *arena = arena_new();
    int64_t rest = 0, renew_at = monotonic_ms() + RENEW_MS;
    while (bell_rest(&pool->bell, rest, NULL)) {
        struct ctx ctx = { .arena = arena, .clock = &clock_system, .db = session, .services = &pool->services };
        renew_at = renew(pool, &ctx, renew_at);
        rest = hand_out(pool, &ctx);
        kept_smtps_close_old(pool->kept);
        arena_reset(arena);
    }
    arena_free(&arena);
    db_session_close(&session);
    return NULL;
}

struct sender_pool *sender_start(struct db *db, const struct services *services, int threads) {
    struct sender_pool *pool = MEM_NEW(struct sender_pool);
    pool->db = db;
    pool->services = *services;
    pool->services.jobs_stopping = hurries;
    pool->n = threads < SENDER_THREADS_MAX ? threads : SENDER_THREADS_MAX;
    atomic_store(&hurry_at_ms, INT64_MAX);
    bell_init(&pool->bell);
    pool->kept = kept_smtps_new();
    int failed = pthread_mutex_init(&pool->lock, NULL);
    ASSERT(!failed);
    for (int i = 0; i < pool->n; i++) {
        struct worker *w = &pool->workers[i];
        w->pool = pool;
        failed = pthread_cond_init(&w->given, NULL);
        ASSERT(!failed);
        thread_start(&w->thread, work, w);
    }
    thread_start(&pool->thread, run, pool);
    door_set(&current, pool);
    return pool;
}

void sender_wake(void) {
    struct sender_pool *pool = door_enter(&current);
    if (pool)
        bell_ring(&pool->bell);
    door_leave(&current);
}

static void end_pool(struct sender_pool *pool) {
    door_set(&current, NULL);
    atomic_store(&hurry_at_ms, monotonic_ms() + HURRY_MS);
    bell_stop(&pool->bell);
    (void) pthread_join(pool->thread, NULL); /* fails only when misused, as do the next */
    (void) pthread_mutex_lock(&pool->lock);
    pool->stops = true;
    for (int i = 0; i < pool->n; i++)
        (void) pthread_cond_signal(&pool->workers[i].given);
    (void) pthread_mutex_unlock(&pool->lock);
    for (int i = 0; i < pool->n; i++) {
        (void) pthread_join(pool->workers[i].thread, NULL);
        (void) pthread_cond_destroy(&pool->workers[i].given);
    }
    (void) pthread_mutex_destroy(&pool->lock);
    bell_destroy(&pool->bell);
    kept_smtps_free(&pool->kept);
    mem_free(pool);
}

void sender_stop(struct sender_pool **pool) {
    if (*pool)
        end_pool(*pool);
    *pool = NULL;
}
