#include "enrich/steps.h"

#include "base/clock.h"
#include "db/db.h"
#include "enrich/address_finder.h"
#include "store/people.h"
#include "store/services.h"

/* How long an item waits for an address that is being looked for, from when its turn came, and
 * how long for its turn; the search goes on then, and whoever asks again gets what it finds. How
 * often a job looks: the older it is, the less often. */
#define PATIENCE_MS   (15 * MINUTE_MS)
#define TURN_MAX_MS   (2 * HOUR_MS)
#define LOOK_MIN_MS   300
#define LOOK_MAX_MS   (30 * SECOND_MS)
#define LOOKS_OF_AGE  8

static bool is_stopping(const struct ctx *ctx) {
    return ctx->services->jobs_stopping && ctx->services->jobs_stopping();
}

/* A job whose processes ended begins with a small step: it gets on before somebody kills the
 * next one as well, and if it is to blame itself, it gets on up to the item that does it. */
static int first_items(const struct steps *steps) {
    int items = steps->max;
    for (int64_t lost = steps->job->lost.v; lost > 0 && items > 1; lost--)
        items = items < 4 ? 1 : items / 4;
    return items;
}

enum rc steps_run(struct ctx *ctx, const struct steps *steps) {
    enum rc rc = OK;
    bool is_last = false;
    for (int items = first_items(steps); rc == OK && !is_last;) {
        struct ctx step = *ctx;
        step.arena = arena_new();
        rc = is_stopping(ctx) ? E_TIMEOUT : steps->step(&step, steps->arg, items, &is_last);
        if (rc == E_REMOVED)
            rc = OK;
        if (rc != OK && step.err.rc != OK)
            (void) fail(ctx, rc, "%.*s", STR_FMT(step.err.text)); /* copies the text */
        arena_free(&step.arena);
        items = items * 2 < steps->max ? items * 2 : steps->max;
    }
    return rc;
}

/* On memory that is given back: of the person only the address is needed. */
static enum rc read_address(struct ctx *ctx, struct person *person) {
    struct ctx inner = *ctx;
    struct person now;
    inner.arena = arena_new();
    enum rc rc = person_get(&inner, person->id, &now);
    if (rc == OK && str_is_set(now.stored_email))
        person->stored_email = arena_str(ctx->arena, now.stored_email);
    else if (rc != OK && rc != E_NOT_FOUND)
        (void) fail(ctx, rc, "%.*s", STR_FMT(inner.err.text)); /* copies the text */
    arena_free(&inner.arena);
    return rc == E_NOT_FOUND ? E_REMOVED : rc;
}

static bool is_worth_waiting(const struct ctx *ctx, const struct address_want *want) {
    int64_t now = ctx_now(ctx);
    if (want->ret_state != ADDRESS_PENDING)
        return false;
    return want->ret_tried_ms ? now - want->ret_tried_ms < PATIENCE_MS
                              : now - want->ret_began_ms < TURN_MAX_MS;
}

enum rc steps_addresses(struct ctx *ctx, struct person *const *people, size_t n, bool *ret_waits) {
    struct address_want *wants = ARENA_ARRAY(ctx->arena, n, struct address_want);
    for (size_t i = 0; i < n; i++)
        wants[i].person = people[i];
    enum rc rc = addresses_want(ctx, wants, n, false);
    for (size_t i = 0; rc == OK && i < n; i++) {
        ret_waits[i] = is_worth_waiting(ctx, &wants[i]);
        if (wants[i].ret_state == ADDRESS_KNOWN && !str_is_set(people[i]->stored_email))
            rc = read_address(ctx, people[i]);
    }
    return rc;
}

static enum rc later(struct ctx *ctx, void *arg) {
    const struct job *job = arg;
    int64_t wait = (ctx_now(ctx) - job->created_at.v) / LOOKS_OF_AGE;
    wait = wait < LOOK_MIN_MS ? LOOK_MIN_MS : wait > LOOK_MAX_MS ? LOOK_MAX_MS : wait;
    return job_later(ctx, job, ctx_now(ctx) + wait);
}

enum rc steps_later(struct ctx *ctx, const struct job *job) {
    enum rc rc = db_transact(ctx, later, (void *) job);
    return rc == OK ? E_CANCELED : rc;
}
