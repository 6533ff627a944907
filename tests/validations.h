/* A migrated database with an account that validates, a clock that the test moves, and the
 * steps of whoever works on validations. For tests with BOTH_ENGINES(test). */
#ifndef TESTS_VALIDATIONS_H
#define TESTS_VALIDATIONS_H

#include "db.h"

#include "base/vec.h"
#include "store/accounts.h"
#include "store/credits.h"
#include "store/migrations.h"
#include "store/removals.h"
#include "store/validation_work.h"
#include "store/validations.h"

static int64_t now_ms = 1700000000000;
static inline int64_t test_now(const struct clock *clock) {
    (void) clock;
    return now_ms;
}
static const struct clock test_clock = { test_now };

static inline void start(struct test_db *t, int64_t email_credits) {
    int applied;
    struct account account;
    t->ctx.clock = &test_clock;
    assert_ok(&t->ctx, db_migrate(&t->ctx, migrations, migrations_count, false, &applied));
    assert_ok(&t->ctx, account_create(&t->ctx, STR("One"), &account));
    t->ctx.account_id = account.id;
    if (email_credits)
        assert_ok(&t->ctx, credits_grant(&t->ctx, CREDIT_EMAIL, email_credits * 2));
}

static inline int64_t email_halves(struct ctx *ctx) {
    struct credits credits;
    assert_ok(ctx, credits_balance(ctx, &credits));
    return credits.halves[CREDIT_EMAIL];
}

static inline struct validation create(struct ctx *ctx, const char *prefix, size_t n) {
    struct strs emails = { 0 };
    struct validation v;
    for (size_t i = 0; i < n; i++)
        strs_add(ctx->arena, &emails, arena_printf(ctx->arena, "%s%06zu@example.com", prefix, i));
    assert_ok(ctx, validation_create(ctx, emails, &v));
    assert_int_equal(v.total.v, n);
    return v;
}

static inline struct list claim(struct ctx *ctx, const char *owner, int64_t per_hour) {
    struct validation_claim claim = { .owner = str_of(owner), .lease_ms = 10000,
                                      .per_hour = per_hour, .blocks_max = 20,
                                      .validations_max = 50 };
    struct list blocks = { 0 };
    assert_ok(ctx, validation_blocks_claim(ctx, &claim, &blocks));
    return blocks;
}

/* Adds the blocks of `more` to `held`. */
static inline void hold(struct ctx *ctx, struct list *held, struct list more) {
    const struct validation_block *block = more.p;
    for (size_t i = 0; i < more.n; i++)
        *(struct validation_block *) list_add(ctx->arena, held, sizeof *block) = block[i];
}

static inline const struct validation_block *block_at(const struct list *blocks, size_t i) {
    assert_true(i < blocks->n);
    return (const struct validation_block *) blocks->p + i;
}

/* The first `n` of these addresses of a block are deliverable. */
static inline struct list findings_of(struct ctx *ctx, const struct validation_block *block,
                               const struct list *emails, size_t n) {
    const struct validation_email *email = emails->p;
    struct list findings = { 0 };
    for (size_t i = 0; i < emails->n && i < n; i++)
        *(struct validation_finding *) list_add(ctx->arena, &findings,
                                                sizeof(struct validation_finding))
            = (struct validation_finding){ .block = block->block, .key = email[i].key,
                                           .email = email[i].email, .result = STR("deliverable"),
                                           .reason = STR("accepted_email"),
                                           .detail = STR("accepted"), .catch_all = NO,
                                           .checked_at = opt_int(5) };
    return findings;
}

/* The first `n` addresses of the block get a result; all: the block is ended. */
static inline enum rc finish(struct ctx *ctx, const struct validation_block *block, size_t n) {
    struct list emails = { 0 };
    struct ints done = { 0 };
    assert_ok(ctx, validation_block_emails(ctx, block, &emails));
    if (n >= emails.n)
        ints_add(ctx->arena, &done, block->block.v);
    return validation_store(ctx, block, findings_of(ctx, block, &emails, n), done);
}

#endif
