#include "enrich/validator.h"

#include <pthread.h>
#include <stdatomic.h>

#include "base/bell.h"
#include "base/check.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/rand.h"
#include "base/vec.h"
#include "store/validation_work.h"
#include "store/validations.h"

/* TAKE: answers stored in one transaction. BLOCKS: of one validation that are under way
 * here; the engine goes round among validations. GATHER_MS: fewer than TAKE answers wait so
 * long for others of their validation, because a transaction for each few of a large one takes
 * from a small one the time of the database. */
enum { TAKE = 500, BLOCKS = 20, VALIDATIONS = 50, TICK_MS = 500, GATHER_MS = 200 };
#define LEASE_MS (15 * SECOND_MS)
#define RENEW_MS (5 * SECOND_MS)

struct block;

struct item {
    struct block *block;
    struct str email;
};

/* A block that is under way. Lives on an arena of its own. */
struct block {
    struct block *next;
    struct arena *arena;
    struct validation_block row;
    struct item *items;
    size_t pending;
};

/* A validation of which there are such blocks. */
struct work {
    struct work *next;
    struct arena *arena;
    struct validation_block of; /* account and validation */
    struct verify_queue *queue;
    struct block *blocks;
    int64_t stored_ms; /* when answers were last taken */
};

struct validator {
    struct validator_options options;
    struct str owner;
    struct arena *arena; /* of the owner's name */
    pthread_t thread;
    struct bell bell;
    atomic_bool has_work; /* there is something to claim */
    /* Of the thread: */
    struct work *works;
    struct verify_answer answers[TAKE];
    int64_t renewed_ms, claimed_ms;
};

static struct door current = DOOR_CLOSED;

/* --- what is under way --- */

/* It lives on its own arena. */
static void free_block(struct block *block) {
    struct arena *arena = block->arena;
    arena_free(&arena);
}

static void close_work(struct work **link) {
    struct work *work = *link;
    *link = work->next;
    verify_queue_close(&work->queue);
    while (work->blocks) {
        struct block *block = work->blocks;
        work->blocks = block->next;
        free_block(block);
    }
    struct arena *arena = work->arena;
    arena_free(&arena);
}

static void look_for_work(struct validator *v) {
    atomic_store(&v->has_work, true);
    bell_ring(&v->bell);
}

static void ready(void *arg) {
    struct validator *v = arg;
    bell_ring(&v->bell);
}

static struct work *work_of(struct validator *v, const struct validation_block *row) {
    for (struct work *work = v->works; work; work = work->next)
        if (str_eq(work->of.validation_id, row->validation_id))
            return work;
    struct arena *arena = arena_new();
    struct work *work = ARENA_NEW(arena, struct work);
    *work = (struct work){
        .next = v->works, .arena = arena,
        .of = { .account_id = arena_str(arena, row->account_id),
                .validation_id = arena_str(arena, row->validation_id) },
        .queue = verify_queue_new(v->options.engine, ready, v),
    };
    v->works = work;
    return work;
}

static struct block *block_new(const struct validation_block *row, const struct list *emails) {
    struct arena *arena = arena_new();
    struct block *block = ARENA_NEW(arena, struct block);
    const struct validation_email *email = emails->p;
    *block = (struct block){ .arena = arena, .row = { .block = row->block },
                             .pending = emails->n,
                             .items = ARENA_ARRAY(arena, emails->n ? emails->n : 1, struct item) };
    for (size_t i = 0; i < emails->n; i++)
        block->items[i] = (struct item){ block, arena_str(arena, email[i].email) };
    return block;
}

/* All done by somebody whose lease ran out before the block was ended. */
static enum rc end_empty_block(struct ctx *ctx, struct work *work, struct block *block) {
    enum rc rc = validation_store(ctx, &work->of, (struct list){ 0 },
                                  (struct ints){ &block->row.block.v, 1 });
    work->blocks = block->next;
    free_block(block);
    return rc == E_CANCELED ? OK : rc;
}

static struct block *block_of(const struct work *work, int64_t number) {
    for (struct block *block = work->blocks; block; block = block->next)
        if (block->row.block.v == number)
            return block;
    return NULL;
}

/* Gives the block's addresses to the engine. One that is under way is not begun again: its lease
 * ran out unseen, and has been renewed by taking it. */
static enum rc begin_block(struct validator *v, struct ctx *ctx, const struct validation_block *row) {
    struct list emails = { 0 };
    enum rc rc = validation_block_emails(ctx, row, &emails);
    if (rc != OK)
        return rc;
    struct work *work = work_of(v, row);
    if (block_of(work, row->block.v))
        return OK;
    struct block *block = block_new(row, &emails);
    block->next = work->blocks;
    work->blocks = block;
    const struct validation_email *email = emails.p;
    struct verify_input *inputs = ARENA_ARRAY(ctx->arena, emails.n ? emails.n : 1, struct verify_input);
    for (size_t i = 0; i < emails.n; i++)
        inputs[i] = (struct verify_input){ email[i].email, (uintptr_t) &block->items[i] };
    size_t taken = verify_submit(work->queue, inputs, emails.n);
    ASSERT(taken == emails.n); /* BLOCKS of them are far fewer than a queue holds */
    return emails.n ? OK : end_empty_block(ctx, work, block);
}

/* The same on memory that is given back: fifty blocks of long addresses are much. */
static enum rc begin_in_part(struct validator *v, struct ctx *ctx, const struct validation_block *row) {
    struct ctx part = *ctx;
    part.arena = arena_new();
    enum rc rc = begin_block(v, &part, row);
    if (rc != OK)
        (void) fail(ctx, rc, "%.*s", STR_FMT(part.err.text)); /* copies the text */
    arena_free(&part.arena);
    return rc;
}

/* Looking for work reads all blocks that are open, so it is done when there may be some. */
static bool claim_is_due(struct validator *v) {
    bool due = atomic_exchange(&v->has_work, false) || monotonic_ms() - v->claimed_ms >= TICK_MS;
    if (due)
        v->claimed_ms = monotonic_ms();
    return due;
}

static bool claim(struct validator *v, struct ctx *ctx) {
    if (!claim_is_due(v))
        return false;
    struct list blocks = { 0 };
    enum rc rc = validation_blocks_claim(ctx,
                                         &(struct validation_claim){
                                             .owner = v->owner, .lease_ms = LEASE_MS,
                                             .per_hour = v->options.per_hour,
                                             .blocks_max = BLOCKS, .validations_max = VALIDATIONS },
                                         &blocks);
    const struct validation_block *row = blocks.p;
    for (size_t i = 0; rc == OK && i < blocks.n; i++)
        rc = begin_in_part(v, ctx, &row[i]);
    if (rc != OK) /* what was claimed comes back when its lease has run out */
        log_warn(ctx, "validations could not be claimed, retrying", LOG_S("error", ctx->err.text));
    if (rc == OK && blocks.n)
        look_for_work(v); /* there may be more */
    return rc == OK && blocks.n > 0;
}

/* --- what comes back --- */

static struct validation_finding finding_of(struct arena *arena, const struct verify_answer *answer) {
    const struct reason_facts *facts = reason_facts(answer->verdict.reason);
    const struct item *item = (const struct item *) (uintptr_t) answer->tag;
    return (struct validation_finding){
        .block = item->block->row.block,
        .key = validation_key(arena, item->email),
        .email = item->email,
        .result = str_of(verify_result_name(answer->verdict.result)),
        .catch_all = tri_of(answer->verdict.catch_all),
        .reason = str_of(facts->word),
        .detail = str_of(facts->detail),
        .provider = str_of(provider_facts(answer->provider)->name),
        .checked_at = answer->checked_at_ms ? opt_int(answer->checked_at_ms) : (struct opt_int){ 0 },
    };
}

static void end_block(struct work *work, struct block *done) {
    struct block **link = &work->blocks;
    while (*link != done)
        link = &(*link)->next;
    *link = done->next;
    free_block(done);
}

/* Notes the answers; the blocks that have none left go to `done`. */
static void collect(struct ctx *ctx, const struct verify_answer *answers, size_t n,
                    struct list *findings, struct list *done) {
    for (size_t i = 0; i < n; i++) {
        struct block *block = ((struct item *) (uintptr_t) answers[i].tag)->block;
        *(struct validation_finding *) list_add(ctx->arena, findings,
                                                sizeof(struct validation_finding))
            = finding_of(ctx->arena, &answers[i]);
        if (--block->pending == 0)
            *(struct block **) list_add(ctx->arena, done, sizeof block) = block;
    }
}

/* Whether to store what there is; the last answers of what is under way wait for nothing. */
static bool is_worth_storing(const struct work *work) {
    size_t ready = verify_ready(work->queue);
    return ready >= TAKE || (ready && ready == verify_pending(work->queue))
           || monotonic_ms() - work->stored_ms >= GATHER_MS;
}

/* Stores what the engine has found out; false when there was nothing. *ret_rc: E_CANCELED
 * when the validation does not run any more, or why nothing was stored. */
static bool store(struct validator *v, struct ctx *ctx, struct work *work, enum rc *ret_rc) {
    *ret_rc = OK;
    size_t n = is_worth_storing(work) ? verify_take(work->queue, v->answers, TAKE, 0) : 0;
    if (n == 0)
        return false;
    work->stored_ms = monotonic_ms();
    struct list findings = { 0 }, done = { 0 };
    struct ints numbers = { 0 };
    collect(ctx, v->answers, n, &findings, &done);
    struct block *const *ended = done.p;
    for (size_t i = 0; i < done.n; i++)
        ints_add(ctx->arena, &numbers, ended[i]->row.block.v);
    *ret_rc = validation_store(ctx, &work->of, findings, numbers);
    for (size_t i = 0; i < done.n; i++)
        end_block(work, ended[i]);
    if (done.n)
        look_for_work(v); /* there is room for another block */
    return true;
}

/* Answers that could not be stored are lost here, so the validation is let go: its blocks
 * are taken again when their leases have run out. */
static bool store_all(struct validator *v, struct ctx *ctx) {
    bool moved = false;
    for (struct work **link = &v->works; *link;) {
        enum rc rc;
        moved |= store(v, ctx, *link, &rc);
        if (rc != OK && rc != E_CANCELED)
            log_warn(ctx, "validation results could not be stored, retrying later",
                     LOG_S("error", ctx->err.text));
        ctx_clear_error(ctx);
        arena_reset(ctx->arena); /* nothing on it is kept */
        if (rc != OK || !(*link)->blocks)
            close_work(link);
        else
            link = &(*link)->next;
    }
    return moved;
}

/* --- the thread --- */

static void renew(struct validator *v, struct ctx *ctx) {
    if (!v->works || monotonic_ms() - v->renewed_ms < RENEW_MS)
        return;
    v->renewed_ms = monotonic_ms();
    struct list held = { 0 };
    for (const struct work *work = v->works; work; work = work->next)
        for (const struct block *block = work->blocks; block; block = block->next) {
            struct validation_block *row = list_add(ctx->arena, &held, sizeof *row);
            *row = work->of;
            row->block = block->row.block;
        }
    if (validation_blocks_renew(ctx, v->owner, &held, LEASE_MS) != OK)
        log_warn(ctx, "leases of validations could not be renewed, retrying",
                 LOG_S("error", ctx->err.text));
}

static void *run(void *arg) {
    struct validator *v = arg;
    struct db_session *session = db_session_open(v->options.db);
    struct arena *arena = arena_new();
    struct ctx fresh = { .arena = arena, .clock = &clock_system, .db = session,
                         .services = v->options.services };
    struct ctx ctx = fresh;
    if (v->options.is_only_process && validation_blocks_release(&ctx, STR_NONE) != OK)
        log_warn(&ctx, "old leases could not be ended, ignoring", LOG_S("error", ctx.err.text));
    for (bool goes_on = true; goes_on;) {
        ctx = fresh;
        renew(v, &ctx);
        arena_reset(arena);
        ctx = fresh;
        bool moved = claim(v, &ctx);
        arena_reset(arena);
        ctx = fresh;
        moved |= store_all(v, &ctx);
        arena_reset(arena);
        goes_on = bell_rest(&v->bell, moved ? 0 : v->works ? GATHER_MS / 2 : TICK_MS, NULL);
    }
    while (v->works)
        close_work(&v->works);
    ctx = fresh;
    if (validation_blocks_release(&ctx, v->owner) != OK)
        log_warn(&ctx, "leases of validations could not be given back, ignoring",
                 LOG_S("error", ctx.err.text));
    arena_free(&arena);
    db_session_close(&session);
    return NULL;
}

struct validator *validator_start(const struct validator_options *options) {
    struct validator *v = MEM_NEW(struct validator);
    v->options = *options;
    v->arena = arena_new();
    v->owner = uuid_new(v->arena, clock_now(&clock_system));
    v->renewed_ms = monotonic_ms();
    bell_init(&v->bell);
    door_set(&current, v);
    thread_start(&v->thread, run, v);
    return v;
}

void validator_wake(void) {
    struct validator *v = door_enter(&current);
    if (v)
        look_for_work(v);
    door_leave(&current);
}

void validator_stop(struct validator **validator) {
    struct validator *v = *validator;
    if (!v)
        return;
    bell_stop(&v->bell);
    pthread_join(v->thread, NULL);
    door_set(&current, NULL);
    bell_destroy(&v->bell);
    arena_free(&v->arena);
    mem_free(v);
    *validator = NULL;
}
