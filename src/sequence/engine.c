#include "sequence/engine.h"

#include <pthread.h>

#include "base/bell.h"
#include "base/check.h"
#include "base/log.h"
#include "base/mem.h"
#include "sequence/planner.h"
#include "sequence/sender.h"
#include "store/lead_plans.h"
#include "store/services.h"

/* The more, the less each costs; but planner.c ends one that takes long, so it is not many more
 * than the last one came to. */
enum { BATCH_MIN = 16, BATCH_MAX = 250 };

struct sequence_engine {
    struct db *db;
    const struct services *services;
    struct bell bell;
    pthread_t thread;
    int64_t batch; /* the thread's own */
};

/* The process's engine, for sequence_engine_wake. */
static struct door current = DOOR_CLOSED;

/* How long nothing is due. */
static int64_t rest_ms(const struct sequence_engine *e, struct ctx *ctx) {
    int64_t due, tick = e->services->sequence.tick_ms;
    if (lead_plans_next_due(ctx, &due) != OK)
        return tick;
    int64_t wait = due - ctx_now(ctx); /* what is due and was left is another's just now */
    return wait > 0 && wait < tick ? wait : tick;
}

/* How long to rest before the next batch. */
static int64_t work(struct sequence_engine *e, struct ctx *ctx) {
    int64_t n = 0;
    if (planner_step(ctx, e->batch, &n) == OK) {
        e->batch = 2 * n < BATCH_MIN ? BATCH_MIN : 2 * n < BATCH_MAX ? 2 * n : BATCH_MAX;
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
    e->batch = BATCH_MAX;
    bell_init(&e->bell);
    thread_start(&e->thread, run, e);
    door_set(&current, e);
    return e;
}

void sequence_engine_wake(void) {
    struct sequence_engine *e = door_enter(&current);
    if (e)
        bell_ring(&e->bell);
    door_leave(&current);
}

void sequence_engine_stop(struct sequence_engine **engine) {
    struct sequence_engine *e = *engine;
    if (!e)
        return;
    door_set(&current, NULL);
    bell_stop(&e->bell);
    int failed = pthread_join(e->thread, NULL);
    ASSERT(!failed);
    bell_destroy(&e->bell);
    mem_free(e);
    *engine = NULL;
}
