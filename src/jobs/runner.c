/* The claimer sleeps until something may be due: it was woken, by whoever enqueued a job
 * or by a worker that has become idle, a tick has passed, or the earliest due time has
 * come. It claims no more jobs than there are idle workers. */
#include "jobs/runner.h"

#include <pthread.h>
#include <unistd.h>

#include "base/bell.h"
#include "base/check.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/rand.h"
#include "base/vec.h"

enum { CLAIM_MAX = 50, TICK_MS = 1000, WORKERS_MAX = 64 };

/* The claimer renews the leases of all jobs that run here while the process lives, so
 * this bounds how long the jobs of a dead process wait, not how long a job may take. */
#define LEASE_MS (15 * SECOND_MS)
#define RENEW_MS (5 * SECOND_MS)

struct job_runner {
    struct db *db;
    const struct services *services;
    struct str owner;
    struct arena *arena; /* of the owner's name */
    pthread_mutex_t lock;
    pthread_cond_t changed;
    pthread_t claimer, workers[WORKERS_MAX];
    int worker_count, idle;
    struct arena *ready[WORKERS_MAX]; /* each carries one job at `jobs` */
    struct job *jobs[WORKERS_MAX];
    int ready_n;
    struct job *held[WORKERS_MAX]; /* ready ones and those that run: what to renew */
    int held_n;
    bool woken, stopping;
    bool claimer_ended; /* nothing more becomes ready */
};

/* The process's runner, for job_runner_wake and job_runner_stopping. */
static struct door current = DOOR_CLOSED;

static const struct job_kind *find_kind(struct str name) {
    for (size_t i = 0; i < job_kinds_count; i++)
        if (str_eq(str_of(job_kinds[i].name), name))
            return &job_kinds[i];
    return NULL;
}

static void wait_changed(struct job_runner *r, int64_t ms) {
    (void) cond_wait_until(&r->changed, &r->lock, monotonic_ms() + ms); /* late or woken: the same */
}

/* --- workers --- */

struct end_work {
    const struct job *job;
    const struct job_kind *kind;
    enum rc rc;
    struct str error;
    bool gave_up;
};

static int64_t next_attempt(const struct ctx *ctx, const struct end_work *w) {
    if (!w->kind || !rc_is_retryable(w->rc))
        return -1;
    const int64_t *waits = w->kind->retry_ms;
    for (int64_t i = 0; i < w->job->attempts.v && *waits; i++)
        waits++;
    return *waits ? ctx_now(ctx) + *waits : -1;
}

static enum rc end_in_transaction(struct ctx *ctx, void *arg) {
    struct end_work *w = arg;
    w->gave_up = false; /* of a try before */
    if (w->rc == OK)
        return job_done(ctx, w->job);
    if (w->rc == E_TIMEOUT && job_runner_stopping())
        return job_give_back(ctx, w->job); /* it only made room for the end of the process */
    int64_t at = next_attempt(ctx, w);
    enum rc rc = OK;
    w->gave_up = at < 0 && w->kind && w->kind->gave_up;
    if (w->gave_up) /* first: what the job is about is locked before it */
        rc = w->kind->gave_up(ctx, w->job);
    return rc == OK ? job_again(ctx, w->job, at, w->error) : rc;
}

static void end_job(struct ctx *ctx, struct end_work *w) {
    if (w->rc == E_CANCELED)
        return;
    enum rc rc = db_transact(ctx, end_in_transaction, w);
    if (rc == OK && w->gave_up && w->kind->wake)
        w->kind->wake(ctx);
    if (rc != OK && rc != E_CANCELED) /* the lease is not renewed any more and will run out */
        log_warn(ctx, "job could not be ended, retrying later", LOG_S("kind", w->job->kind),
                 LOG_S("error", ctx->err.text));
}

/* A job that ends the process whenever it runs is not run for ever. */
static enum rc run_kind(struct ctx *ctx, const struct job_kind *kind, const struct job *job) {
    if (job->lost.v >= JOB_LOST_MAX)
        return fail(ctx, E_DENIED, "the process ended %lld times while this job ran",
                    (long long) job->lost.v);
    return kind ? kind->run(ctx, job) : E_UNSUPPORTED;
}

static void run_job(struct ctx *ctx, const struct job *job) {
    const struct job_kind *kind = find_kind(job->kind);
    int64_t began = monotonic_ms();
    enum rc rc = run_kind(ctx, kind, job);
    struct str error = str_is_set(ctx->err.text) ? ctx->err.text : str_of(rc_text(rc));
    if (rc == OK || rc == E_CANCELED || (rc == E_TIMEOUT && job_runner_stopping()))
        log_info(ctx, "job run", LOG_S("kind", job->kind), LOG_C("result", rc_name(rc)),
                 LOG_I("attempt", job->attempts.v + 1), LOG_I("ms", monotonic_ms() - began));
    else
        log_error(ctx, "job failed", LOG_S("kind", job->kind), LOG_S("error", error),
                  LOG_I("attempt", job->attempts.v + 1), LOG_I("ms", monotonic_ms() - began));
    ctx_clear_error(ctx);
    end_job(ctx, &(struct end_work){ job, kind, rc, error, false });
}

static bool take_job(struct job_runner *r, struct arena **ret_arena, struct job **ret_job) {
    pthread_mutex_lock(&r->lock);
    r->idle++;
    r->woken = true;
    pthread_cond_broadcast(&r->changed);
    while (!r->ready_n && !r->claimer_ended)
        pthread_cond_wait(&r->changed, &r->lock);
    bool taken = r->ready_n > 0; /* what was claimed is run even when stopping */
    if (taken) {
        r->ready_n--;
        *ret_arena = r->ready[r->ready_n];
        *ret_job = r->jobs[r->ready_n];
    }
    r->idle--;
    pthread_mutex_unlock(&r->lock);
    return taken;
}

static void let_go(struct job_runner *r, const struct job *job) {
    pthread_mutex_lock(&r->lock);
    int i = 0;
    while (r->held[i] != job)
        i++;
    r->held[i] = r->held[--r->held_n];
    pthread_mutex_unlock(&r->lock);
}

static void *work(void *arg) {
    struct job_runner *r = arg;
    struct db_session *session = db_session_open(r->db);
    struct arena *arena;
    struct job *job;
    while (take_job(r, &arena, &job)) {
        struct ctx ctx = { .arena = arena, .clock = &clock_system, .db = session,
                           .services = r->services, .account_id = job->account_id,
                           .job_id = job->id };
        run_job(&ctx, job);
        let_go(r, job);
        arena_free(&arena);
    }
    db_session_close(&session);
    return NULL;
}

/* --- claimer --- */

static struct str copy_set(struct arena *arena, struct str s) {
    return str_is_set(s) ? arena_str(arena, s) : s;
}

/* Every job gets an arena of its own, which lives as long as it runs. */
static void hand_over(struct job_runner *r, const struct job *claimed) {
    struct arena *arena = arena_new();
    struct job *job = ARENA_NEW(arena, struct job);
    *job = *claimed;
    struct str *texts[] = { &job->id,     &job->account_id, &job->kind,       &job->subject,
                            &job->status, &job->payload,    &job->last_error, &job->lease_owner };
    for (size_t i = 0; i < LENGTH(texts); i++)
        *texts[i] = copy_set(arena, *texts[i]);
    pthread_mutex_lock(&r->lock);
    r->ready[r->ready_n] = arena;
    r->jobs[r->ready_n] = job;
    r->ready_n++;
    r->held[r->held_n++] = job;
    pthread_cond_broadcast(&r->changed);
    pthread_mutex_unlock(&r->lock);
}

/* Whether one of the jobs held here was lost by an earlier process. */
static bool holds_lost(struct job_runner *r) {
    bool lost = false;
    pthread_mutex_lock(&r->lock);
    for (int i = 0; i < r->held_n; i++)
        lost = lost || r->held[i]->lost.v > 0;
    pthread_mutex_unlock(&r->lock);
    return lost;
}

/* How long to wait before the next look. */
static int64_t claim(struct job_runner *r, struct ctx *ctx, int limit) {
    struct list jobs = { 0 };
    struct job_claim wanted = { r->owner, LEASE_MS, limit, .lost = !holds_lost(r) };
    if (jobs_claim(ctx, &wanted, &jobs) != OK) {
        log_warn(ctx, "jobs could not be claimed, retrying", LOG_S("error", ctx->err.text));
        return TICK_MS; /* they stay due: without a pause this would never rest */
    }
    const struct job *job = jobs.p;
    for (size_t i = 0; i < jobs.n; i++)
        hand_over(r, &job[i]);
    return jobs.n ? 0 : TICK_MS; /* what is due may be another's, or wait for a lost one to end */
}

/* How long nothing can become due. */
static int64_t pause_ms(struct ctx *ctx) {
    int64_t due;
    if (jobs_next_due(ctx, &due) != OK)
        return TICK_MS;
    int64_t wait = due - ctx_now(ctx);
    return wait < 0 ? 0 : wait < TICK_MS ? wait + 1 : TICK_MS;
}

/* Sleeps for at most `ms` unless woken before. Idle workers without a job, or -1 when
 * stopping. */
static int wait_for_work(struct job_runner *r, int64_t ms) {
    pthread_mutex_lock(&r->lock);
    if (!r->woken && !r->stopping && ms > 0)
        wait_changed(r, ms);
    r->woken = false;
    int idle = r->stopping ? -1 : r->idle - r->ready_n;
    pthread_mutex_unlock(&r->lock);
    return idle < CLAIM_MAX ? idle : CLAIM_MAX;
}

static struct strs held_ids(struct job_runner *r, struct arena *arena) {
    struct strs ids = { 0 };
    pthread_mutex_lock(&r->lock);
    for (int i = 0; i < r->held_n; i++)
        strs_add(arena, &ids, arena_str(arena, r->held[i]->id));
    pthread_mutex_unlock(&r->lock);
    return ids;
}

static void renew_leases(struct job_runner *r, struct ctx *ctx, int64_t *last_ms) {
    if (monotonic_ms() - *last_ms < RENEW_MS)
        return;
    *last_ms = monotonic_ms();
    if (jobs_renew(ctx, r->owner, held_ids(r, ctx->arena), LEASE_MS) != OK)
        log_warn(ctx, "leases could not be renewed, retrying", LOG_S("error", ctx->err.text));
}

static void *claim_loop(void *arg) {
    struct job_runner *r = arg;
    struct db_session *session = db_session_open(r->db);
    struct arena *arena = arena_new();
    int64_t wait = 0, renewed_ms = monotonic_ms();
    for (int idle; (idle = wait_for_work(r, wait)) >= 0;) {
        struct ctx ctx = { .arena = arena, .clock = &clock_system, .db = session };
        renew_leases(r, &ctx, &renewed_ms);
        wait = idle > 0 ? pause_ms(&ctx) : TICK_MS;
        if (wait == 0)
            wait = claim(r, &ctx, idle);
        arena_reset(arena);
    }
    arena_free(&arena);
    db_session_close(&session);
    return NULL;
}

struct job_runner *job_runner_start(struct db *db, const struct services *services, int workers) {
    ASSERT(workers >= 1 && workers <= WORKERS_MAX);
    struct job_runner *r = MEM_NEW(struct job_runner);
    r->db = db;
    r->services = services;
    r->arena = arena_new();
    r->owner = uuid_new(r->arena, clock_now(&clock_system));
    pthread_mutex_init(&r->lock, NULL);
    cond_init(&r->changed);
    r->worker_count = workers;
    door_set(&current, r);
    for (int i = 0; i < workers; i++)
        thread_start(&r->workers[i], work, r);
    thread_start(&r->claimer, claim_loop, r);
    return r;
}

void job_runner_wake(void) {
    struct job_runner *r = door_enter(&current);
    if (r) {
        pthread_mutex_lock(&r->lock);
        r->woken = true;
        pthread_cond_broadcast(&r->changed);
        pthread_mutex_unlock(&r->lock);
    }
    door_leave(&current);
}

bool job_runner_stopping(void) {
    struct job_runner *r = door_enter(&current);
    bool stopping = false;
    if (r) {
        pthread_mutex_lock(&r->lock);
        stopping = r->stopping;
        pthread_mutex_unlock(&r->lock);
    }
    door_leave(&current);
    return stopping;
}

void job_runner_stop(struct job_runner **runner) {
    struct job_runner *r = *runner;
    if (!r)
        return;
    pthread_mutex_lock(&r->lock);
    r->stopping = true;
    pthread_cond_broadcast(&r->changed);
    pthread_mutex_unlock(&r->lock);
    pthread_join(r->claimer, NULL);
    /* Only now: what it claimed while it was told to stop still needs a worker. */
    pthread_mutex_lock(&r->lock);
    r->claimer_ended = true;
    pthread_cond_broadcast(&r->changed);
    pthread_mutex_unlock(&r->lock);
    for (int i = 0; i < r->worker_count; i++)
        pthread_join(r->workers[i], NULL);
    door_set(&current, NULL);
    pthread_cond_destroy(&r->changed);
    pthread_mutex_destroy(&r->lock);
    arena_free(&r->arena);
    mem_free(r);
    *runner = NULL;
}
