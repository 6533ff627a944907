/* A migrated database with an account, and a clock that the test moves. For tests with
 * BOTH_ENGINES(test), which begin with account_start(state). */
#ifndef TESTS_ACCOUNT_H
#define TESTS_ACCOUNT_H

#include "db.h"

#include "store/accounts.h"
#include "store/migrations.h"

#define START_MS INT64_C(1000000)

struct test_clock {
    struct clock clock;
    int64_t ms;
};

static struct test_clock test_clock;

static inline int64_t test_now(const struct clock *clock) {
    return ((const struct test_clock *) clock)->ms;
}

static inline struct ctx *account_start(void **state) {
    struct test_db *t = *state;
    int applied;
    struct account account;
    assert_ok(&t->ctx, db_migrate(&t->ctx, migrations, migrations_count, false, &applied));
    assert_ok(&t->ctx, account_create(&t->ctx, STR("One"), &account));
    t->ctx.account_id = account.id;
    test_clock = (struct test_clock){ { test_now }, START_MS };
    t->ctx.clock = &test_clock.clock;
    return &t->ctx;
}

#endif
