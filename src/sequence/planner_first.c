/* Where leads stand when they are added. What the planner would find a moment later is found in
 * the transaction that inserts them, so that the planner reads and writes none of them again. What
 * cannot be found at once is left to the planner: the leads are stored all the same. */
#include "sequence/planner.h"

#include "base/clock.h"
#include "sequence/planner_private.h"

enum {
    WORK_MS = 100, /* then the rest is left: somebody waits for the answer, and others to write */
    ALWAYS = 16,   /* leads that are planned however long that takes */
};

struct first {
    struct planning planning;
    struct planned planned; /* of the lead that is looked at */
    struct map known;       /* struct lead_plan, by all in which leads of a sequence differ */
};

/* A zone that does not exist is no zone: else each name would be another calendar. */
static struct str key_of(const struct first *f, const struct lead_plan *lead) {
    bool own = f->planned.s->settings->lead_time_zone == YES && planning_zone(&f->planning, lead->time_zone);
    struct str zone = own ? lead->time_zone : STR_NONE;
    return arena_printf(f->planning.ctx->arena, "%.*s %.*s", STR_FMT(lead->mailbox_id), STR_FMT(zone));
}

/* E_IO: a zone is gone; then it stands where the planner looks at it. */
static enum rc plan_one(struct first *f, struct lead_plan *lead) {
    struct str key = key_of(f, lead);
    const struct lead_plan *known = map_get(&f->known, key);
    if (known) {
        lead->stage_id = known->stage_id;
        lead->due_at = known->due_at;
        lead->urgency = known->urgency;
        lead->next_at = known->next_at;
        lead->waits_for = known->waits_for;
        return OK;
    }
    f->planned.lead = lead;
    enum rc rc = plan_stage(&f->planned);
    if (rc != OK && rc != E_IO)
        return rc;
    if (rc == E_IO)
        ctx_clear_error(f->planning.ctx);
    (void) map_put(&f->known, key, lead); /* it was not there */
    return OK;
}

enum rc planner_first(struct ctx *ctx, const struct sequence *sequence, const struct list *leads) {
    struct arena *arena = ctx->arena;
    struct map zones = map_in(arena);
    struct lead_plan *lead = leads->p;
    struct first f = { .planning = { .ctx = ctx, .now = ctx_now(ctx), .mailboxes = map_in(arena),
                                     .accounts = map_in(arena), .zones = &zones },
                       .known = map_in(arena) };
    int64_t until_ms = monotonic_ms() + WORK_MS;
    enum rc rc = OK;
    f.planned = (struct planned){ &f.planning, NULL, sequence, sequence->stages.p };
    for (size_t i = 0; rc == OK && i < leads->n; i++) {
        lead[i].urgency = opt_int(0);
        lead_set_wait(&lead[i], WAIT_PLAN, opt_int(f.planning.now));
        if (sequence->stages.n && (i < ALWAYS || monotonic_ms() < until_ms))
            rc = plan_one(&f, &lead[i]);
    }
    planning_zones_close(&zones);
    return rc;
}
