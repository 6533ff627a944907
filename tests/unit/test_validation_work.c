/* What several do with one validation at the same time, on PostgreSQL: SQLite has one writer at
 * a time. Each test holds a transaction open until the other one waits for it or has ended. */
#include "validations.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

struct other {
    struct db *db;
    struct str account_id, subject;
    void (*act)(struct ctx *ctx, struct str subject);
    _Atomic bool has_ended;
};

static void *other_main(void *arg) {
    struct other *other = arg;
    struct ctx ctx = test_db_ctx(other->db);
    ctx.clock = &test_clock;
    ctx.account_id = other->account_id;
    other->act(&ctx, other->subject);
    test_db_ctx_done(&ctx);
    atomic_store(&other->has_ended, true);
    return NULL;
}

static int64_t count_of(struct ctx *ctx, const struct query *query) {
    int64_t n = -1;
    assert_ok(ctx, db_get_int(ctx, query, DB_NO_ARGS, &n));
    return n;
}

/* In the transaction that the other one may have to wait for. True when it does. */
static bool lets_wait(struct ctx *ctx, const struct other *other) {
    static const struct query waiting
        = { "waiting", "SELECT 0",
            "SELECT count(*) FROM pg_locks WHERE NOT granted "
            "AND pg_backend_pid() = ANY (pg_blocking_pids(pid))" };
    while (!atomic_load(&other->has_ended))
        if (count_of(ctx, &waiting))
            return true;
        else
            sched_yield();
    return false;
}

/* --- a result that is being stored --- */

static enum rc forget_work(struct ctx *ctx, void *arg) {
    enum rc rc = removals_begin(ctx);
    return rc == OK ? validations_forget(ctx, STR_NONE, *(const struct str *) arg) : rc;
}

static void remove_address(struct ctx *ctx, struct str email) {
    assert_ok(ctx, db_transact(ctx, forget_work, &email));
}

static void delete_validation(struct ctx *ctx, struct str id) {
    assert_ok(ctx, validation_delete(ctx, id));
}

struct storing {
    const struct validation_block *block;
    struct list findings;
    struct other *other;
    pthread_t thread;
};

static enum rc store_beside(struct ctx *ctx, void *arg) {
    struct storing *s = arg;
    enum rc rc = validation_store(ctx, s->block, s->findings, (struct ints){ 0 });
    assert_int_equal(pthread_create(&s->thread, NULL, other_main, s->other), 0);
    (void) lets_wait(ctx, s->other);
    return rc;
}

/* Nothing of it is left when both are done. */
static void test_a_result_of_what_goes_away(void **state) {
    static const struct query left = { "left", "SELECT count(*) FROM validation_emails", NULL };
    struct test_db *t = *state;
    struct ctx *ctx = &t->ctx;
    start(t, 100);
    const struct {
        const char *name;
        void (*act)(struct ctx *ctx, struct str subject);
        bool of_address;
    } cases[] = { { "removed", remove_address, true }, { "deleted", delete_validation, false } };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct validation v = create(ctx, cases[i].name, 3);
        struct list blocks = claim(ctx, "me", 0), emails = { 0 };
        assert_ok(ctx, validation_block_emails(ctx, block_at(&blocks, blocks.n - 1), &emails));
        const struct validation_email *email = emails.p;
        struct other other = { .db = t->db, .account_id = ctx->account_id, .act = cases[i].act,
                               .subject = cases[i].of_address ? email->key : v.id };
        struct storing storing = { .block = block_at(&blocks, blocks.n - 1), .other = &other };
        storing.findings = findings_of(ctx, storing.block, &emails, 1);
        assert_ok(ctx, db_transact(ctx, store_beside, &storing));
        assert_int_equal(pthread_join(storing.thread, NULL), 0);
        if (count_of(ctx, &left) != 0)
            fail_case("%s: the result is still there", cases[i].name);
    }
}

/* --- two that take blocks --- */

static void claim_without_allowance(struct ctx *ctx, struct str owner) {
    assert_int_equal(claim(ctx, owner.p, 500).n, 0);
}

struct taking {
    struct str validation_id;
    struct other *other;
    pthread_t thread;
    bool waits;
};

/* As somebody who takes the first block, and will ask for the allowance next. */
static enum rc take_beside(struct ctx *ctx, void *arg) {
    static const struct query lock
        = { "lock", "SELECT $1",
            "SELECT 1 FROM validation_blocks WHERE validation_id = $1 AND block = 0 FOR UPDATE" };
    struct taking *t = arg;
    int64_t one;
    assert_ok(ctx, db_get_int(ctx, &lock, DB_ARGS(db_v_text(t->validation_id)), &one));
    assert_int_equal(pthread_create(&t->thread, NULL, other_main, t->other), 0);
    t->waits = lets_wait(ctx, t->other);
    return OK;
}

/* Who has the allowance waits for nobody who may come to wait for the allowance. */
static void test_blocks_that_the_allowance_does_not_cover(void **state) {
    struct test_db *t = *state;
    struct ctx *ctx = &t->ctx;
    start(t, 5000);
    (void) create(ctx, "spent", 500);
    assert_int_equal(claim(ctx, "me", 500).n, 1);
    struct validation v = create(ctx, "waiting", 600);
    struct other other = { .db = t->db, .account_id = ctx->account_id, .subject = STR("other"),
                           .act = claim_without_allowance };
    struct taking taking = { .validation_id = v.id, .other = &other };
    assert_ok(ctx, db_transact(ctx, take_beside, &taking));
    assert_int_equal(pthread_join(taking.thread, NULL), 0);
    assert_false(taking.waits);
}

#define ON_POSTGRESQL(function) \
    { #function " (postgresql)", function, test_db_setup_pg, test_db_teardown, NULL }

int main(void) {
    const struct CMUnitTest tests[] = {
        ON_POSTGRESQL(test_a_result_of_what_goes_away),
        ON_POSTGRESQL(test_blocks_that_the_allowance_does_not_cover),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
