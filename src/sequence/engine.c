#include "sequence/engine.h"

#include <pthread.h>
#include <stdatomic.h>

#include "base/bell.h"
#include "base/check.h"
#include "base/log.h"
#include "base/mem.h"
#include "sequence/planner.h"
#include "sequence/sender.h"
#include "store/lead_plans.h"
#include "store/services.h"

/* The more, the less each costs; planner.c ends one that takes long. */
enum { BATCH = 250 };

struct sequence_engine {
    struct db *db;
    const struct services *services;
    struct bell bell;
    pthread_t thread;
};

/* The process's engine, for sequence_engine_wake. */
static _Atomic(struct sequence_engine *) current;

/* How long nothing is due. */
static int64_t rest_ms(const struct sequence_engine *e, struct ctx *ctx) {
    int64_t due, tick = e->services->sequence.tick_ms;
    if (lead_plans_next_due(ctx, &due) != OK)
        return tick;
    int64_t wait = due - ctx_now(ctx); /* what is due and was left is another's just now */
    return wait > 0 && wait < tick ? wait : tick;
}

/* How long to rest before the next batch. */
static int64_t work(const struct sequence_engine *e, struct ctx *ctx) {
    int64_t n = 0;
    if (planner_step(ctx, BATCH, &n) == OK) {
        if (n)
            sender_wake(); /* messages may have been written */
        return n ? 0 : rest_ms(e, ctx);
    }
    log_warn(ctx, "leads could not be planned, retrying", LOG_S("error", ctx->err.text));
    return e->services->sequence.tick_ms;
}

static void *run(void *arg) {
    struct sequence_engine *e = arg;
    struct db_session *session = db_session_open(e->db);
    struct arena *arena = arena_new();
    int64_t rest = 0;
    while (bell_rest(&e->bell, rest, NULL)) {
        struct ctx ctx = { .arena = arena, .clock = &clock_system, .db = session,
                           .services = e->services };
        rest = work(e, &ctx);
        arena_reset(arena);
    }
    arena_free(&arena);
    db_session_close(&session);
    return NULL;
}

struct sequence_engine *sequence_engine_start(struct db *db, const struct services *services) {
    struct sequence_engine *e = MEM_NEW(struct sequence_engine);
    e->db = db;
    e->services = services;
    bell_init(&e->bell);
    thread_start(&e->thread, run, e);
    atomic_store(&current, e);
    return e;
}

void sequence_engine_wake(void) {
    struct sequence_engine *e = atomic_load(&current);
    if (e)
        bell_ring(&e->bell);
}

void sequence_engine_stop(struct sequence_engine **engine) {
    struct sequence_engine *e = *engine;
    if (!e)
        return;
    atomic_store(&current, NULL);
    bell_stop(&e->bell);
    int failed = pthread_join(e->thread, NULL);
    ASSERT(!failed);
    bell_destroy(&e->bell);
    mem_free(e);
    *engine = NULL;
}
