#include "sequence/states.h"

#include "base/check.h"
#include "sequence/launch.h"
#include "sequence/progress.h"
#include "store/messages.h"
#include "store/sequence_leads.h"
#include "store/services.h"
#include "store/tasks.h"

#define JOB_KIND "sequence_settle"

/* Work in flight ends within seconds; a message that hangs has a deadline of minutes. */
enum { LOOK_AGAIN_MS = 500 };

static const struct sequence_transition transitions[] = {
    { SEQUENCE_DRAFT, SEQUENCE_LAUNCH, SEQUENCE_ACTIVE, launch_check },
    { SEQUENCE_ACTIVE, SEQUENCE_PAUSE, SEQUENCE_PAUSING, NULL },
    { SEQUENCE_PAUSING, SEQUENCE_SETTLED, SEQUENCE_PAUSED, NULL },
    { SEQUENCE_PAUSED, SEQUENCE_RESUME, SEQUENCE_RESUMING, launch_check },
    { SEQUENCE_RESUMING, SEQUENCE_SETTLED, SEQUENCE_ACTIVE, NULL },
    { SEQUENCE_DRAFT, SEQUENCE_ARCHIVE, SEQUENCE_ARCHIVING, NULL },
    { SEQUENCE_ACTIVE, SEQUENCE_ARCHIVE, SEQUENCE_ARCHIVING, NULL },
    { SEQUENCE_PAUSED, SEQUENCE_ARCHIVE, SEQUENCE_ARCHIVING, NULL },
    { SEQUENCE_ARCHIVING, SEQUENCE_SETTLED, SEQUENCE_ARCHIVED, NULL },
};

const struct sequence_transition *sequence_transition(enum sequence_status from,
                                                      enum sequence_event event) {
    for (size_t i = 0; i < LENGTH(transitions); i++)
        if (transitions[i].from == from && transitions[i].event == event)
            return &transitions[i];
    return NULL;
}

/* What an event is called, and the states in which it has been done already. */
static const struct {
    const char *done;
    enum sequence_status there, on_the_way;
} events[] = {
    [SEQUENCE_LAUNCH] = { "launched", SEQUENCE_ACTIVE, SEQUENCE_ACTIVE },
    [SEQUENCE_PAUSE] = { "paused", SEQUENCE_PAUSED, SEQUENCE_PAUSING },
    [SEQUENCE_RESUME] = { "resumed", SEQUENCE_ACTIVE, SEQUENCE_RESUMING },
    [SEQUENCE_ARCHIVE] = { "archived", SEQUENCE_ARCHIVED, SEQUENCE_ARCHIVING },
};

static bool is_transient(enum sequence_status status) {
    return sequence_transition(status, SEQUENCE_SETTLED) != NULL;
}

struct change_work {
    struct str id;
    const struct sequence_transition *transition;
};

static enum rc enqueue(struct ctx *ctx, struct str id) {
    return job_enqueue(ctx, JOB_KIND, id, STR("{}"));
}

/* It is active: what waited for that. */
static enum rc go_on(struct ctx *ctx, struct str id) {
    enum rc rc = lead_plans_begin(ctx, id);
    return rc == OK ? messages_unpark(ctx, id) : rc;
}

static enum rc change_in_transaction(struct ctx *ctx, void *arg) {
    const struct change_work *w = arg;
    enum rc rc = sequence_set_status(ctx, w->id, w->transition->from, w->transition->to);
    if (rc == OK && w->transition->to == SEQUENCE_ACTIVE)
        rc = go_on(ctx, w->id);
    return rc == OK && is_transient(w->transition->to) ? enqueue(ctx, w->id) : rc;
}

static enum rc is_impossible(struct ctx *ctx, const struct sequence *s, enum sequence_event event) {
    return problem(ctx, E_CONFLICT, "conflict", "A sequence that is %.*s cannot be %s",
                   STR_FMT(s->status), events[event].done);
}

static void wake(const struct ctx *ctx) {
    if (ctx->services && ctx->services->wake_jobs)
        ctx->services->wake_jobs();
    lead_wake_planner(ctx);
}

/* OK with *ret_done false: somebody else changed it first. */
static enum rc try_change(struct ctx *ctx, struct str id, enum sequence_event event,
                          bool *ret_done) {
    struct sequence s;
    enum rc rc = sequence_get(ctx, id, &s);
    if (rc != OK)
        return rc;
    enum sequence_status status = sequence_status_of(&s);
    if (status == events[event].there || status == events[event].on_the_way) {
        *ret_done = true;
        return OK;
    }
    const struct sequence_transition *transition = sequence_transition(status, event);
    if (!transition)
        return is_impossible(ctx, &s, event);
    rc = transition->guard ? transition->guard(ctx, &s) : OK;
    struct change_work work = { id, transition };
    if (rc == OK)
        rc = db_transact(ctx, change_in_transaction, &work);
    *ret_done = rc == OK;
    return rc == E_CONFLICT ? OK : rc;
}

enum rc sequence_change(struct ctx *ctx, struct str id, enum sequence_event event,
                        struct sequence *ret_sequence) {
    ASSERT(event != SEQUENCE_SETTLED);
    bool done = false;
    enum rc rc = OK;
    /* Each turn sees a newer state; nobody changes one that often. */
    for (int turn = 0; rc == OK && !done && turn < 10; turn++) {
        ctx_clear_error(ctx);
        rc = try_change(ctx, id, event, &done);
    }
    if (rc != OK)
        return rc;
    if (!done)
        return problem(ctx, E_CONFLICT, "conflict", "Others are changing the sequence");
    wake(ctx);
    return sequence_get(ctx, id, ret_sequence);
}

/* --- the job --- */

/* The leads first: whoever begins a stage of one has it locked, so what is open once they are
 * written is all there is. */
static enum rc end_leads(struct ctx *ctx, struct str id) {
    enum rc rc = leads_archive(ctx, id);
    if (rc == OK)
        rc = messages_cancel_sequence(ctx, id);
    return rc == OK ? tasks_cancel_sequence(ctx, id) : rc;
}

static enum rc settle_in_transaction(struct ctx *ctx, void *arg) {
    const struct job *job = arg;
    struct sequence s;
    int64_t work = 0;
    enum rc rc = job_still_mine(ctx, job);
    if (rc == OK)
        rc = sequence_lock(ctx, job->subject, &s);
    if (rc != OK)
        return rc;
    const struct sequence_transition *settled
        = sequence_transition(sequence_status_of(&s), SEQUENCE_SETTLED);
    if (!settled)
        return job_done(ctx, job);
    rc = sequence_work_count(ctx, s.id, &work);
    if (rc == OK && work)
        return job_again(ctx, job, ctx_now(ctx) + LOOK_AGAIN_MS, STR("work is in flight"));
    if (rc == OK && settled->to == SEQUENCE_ARCHIVED)
        rc = end_leads(ctx, s.id);
    if (rc == OK)
        rc = sequence_set_status(ctx, s.id, settled->from, settled->to);
    if (rc == OK && settled->to == SEQUENCE_ACTIVE)
        rc = go_on(ctx, s.id);
    return rc == OK ? job_done(ctx, job) : rc;
}

enum rc sequence_settle_job(struct ctx *ctx, const struct job *job) {
    enum rc rc = db_transact(ctx, settle_in_transaction, (void *) (uintptr_t) job);
    if (rc == E_NOT_FOUND) /* a draft that was deleted meanwhile */
        return OK;
    lead_wake_planner(ctx);
    return rc == OK ? E_CANCELED : rc; /* ended, or to run again: either is written */
}

static enum rc enqueue_in_transaction(struct ctx *ctx, void *arg) {
    const struct sequence_ref *ref = arg;
    return enqueue(ctx, ref->id);
}

enum rc sequences_settle_all(struct ctx *ctx) {
    struct list refs = { 0 };
    enum rc rc = sequences_unsettled(ctx, &refs);
    const struct sequence_ref *ref = refs.p;
    for (size_t i = 0; rc == OK && i < refs.n; i++) {
        struct ctx of_account = *ctx;
        of_account.account_id = ref[i].account_id;
        rc = db_transact(&of_account, enqueue_in_transaction, (void *) (uintptr_t) &ref[i]);
    }
    return rc;
}
