/* Credits on both engines: charged once, never below nothing, also when many threads
 * charge at the same time. */
#include "db.h"

#include <pthread.h>

#include "store/accounts.h"
#include "store/credits.h"
#include "store/migrations.h"

static void start(struct test_db *t) {
    int applied;
    struct account account;
    assert_ok(&t->ctx, db_migrate(&t->ctx, migrations, migrations_count, false, &applied));
    assert_ok(&t->ctx, account_create(&t->ctx, STR("One"), &account));
    t->ctx.account_id = account.id;
}

static int64_t balance_of(struct ctx *ctx, enum credit_kind kind) {
    struct credits credits;
    assert_ok(ctx, credits_balance(ctx, &credits));
    return credits.halves[kind];
}

struct charge {
    enum credit_kind kind;
    int64_t halves;
    struct strs keys;
    enum rc after; /* what the work returns when the charge is OK */
};

static enum rc charge_work(struct ctx *ctx, void *arg) {
    const struct charge *c = arg;
    enum rc rc = credits_charge_all(ctx, c->kind, c->halves, c->keys);
    return rc == OK ? c->after : rc;
}

static enum rc charge(struct ctx *ctx, enum credit_kind kind, int64_t halves, const char *key) {
    struct str one = str_of(key);
    struct charge c = { kind, halves, { &one, 1 }, OK };
    return db_transact(ctx, charge_work, &c);
}

static void test_charges(void **state) {
    struct test_db *t = *state;
    struct ctx *ctx = &t->ctx;
    start(t);
    assert_rc(ctx, charge(ctx, CREDIT_EMAIL, 1, "email:a"), E_CREDITS);
    assert_ok(ctx, credits_grant(ctx, CREDIT_EMAIL, 5));
    assert_ok(ctx, credits_grant(ctx, CREDIT_PHONE, 2));
    assert_ok(ctx, charge(ctx, CREDIT_EMAIL, 2, "email:a"));
    assert_ok(ctx, charge(ctx, CREDIT_EMAIL, 2, "email:a"));
    assert_int_equal(balance_of(ctx, CREDIT_EMAIL), 3);
    assert_rc(ctx, charge(ctx, CREDIT_EMAIL, 4, "email:b"), E_CREDITS);
    assert_int_equal(balance_of(ctx, CREDIT_EMAIL), 3);
    assert_ok(ctx, charge(ctx, CREDIT_EMAIL, 3, "email:b"));
    assert_ok(ctx, charge(ctx, CREDIT_EMAIL, 2, "email:a")); /* free, though nothing is left */
    assert_int_equal(balance_of(ctx, CREDIT_EMAIL), 0);
    assert_int_equal(balance_of(ctx, CREDIT_PHONE), 2);
    struct account other;
    assert_ok(ctx, account_create(ctx, STR("Other"), &other));
    ctx->account_id = other.id;
    assert_rc(ctx, charge(ctx, CREDIT_EMAIL, 2, "email:a"), E_CREDITS);
}

/* A transaction that is given up charges nothing; the same charge works afterwards. */
static void test_rolled_back(void **state) {
    struct test_db *t = *state;
    struct str key = STR("email:a");
    struct charge given_up = { CREDIT_EMAIL, 2, { &key, 1 }, E_DENIED };
    start(t);
    assert_ok(&t->ctx, credits_grant(&t->ctx, CREDIT_EMAIL, 2));
    assert_rc(&t->ctx, db_transact(&t->ctx, charge_work, &given_up), E_DENIED);
    assert_int_equal(balance_of(&t->ctx, CREDIT_EMAIL), 2);
    assert_ok(&t->ctx, charge(&t->ctx, CREDIT_EMAIL, 2, "email:a"));
    assert_int_equal(balance_of(&t->ctx, CREDIT_EMAIL), 0);
}

/* E_CREDITS leaves the transaction usable: what else it does is kept. */
static enum rc charge_or_go_on(struct ctx *ctx, void *arg) {
    enum rc *first = arg;
    *first = credits_charge(ctx, CREDIT_EMAIL, 100, STR("email:dear"));
    return credits_charge(ctx, CREDIT_EMAIL, 1, STR("email:cheap"));
}

static void test_goes_on(void **state) {
    struct test_db *t = *state;
    enum rc first = OK;
    start(t);
    assert_ok(&t->ctx, credits_grant(&t->ctx, CREDIT_EMAIL, 2));
    assert_ok(&t->ctx, db_transact(&t->ctx, charge_or_go_on, &first));
    assert_int_equal(first, E_CREDITS);
    assert_int_equal(balance_of(&t->ctx, CREDIT_EMAIL), 1);
}

static void test_sets(void **state) {
    struct test_db *t = *state;
    struct str first[] = { STR("a"), STR("b"), STR("a") };
    struct str second[] = { STR("b"), STR("c"), STR("d") };
    struct charge one = { CREDIT_PHONE, 2, { first, 3 }, OK };
    struct charge two = { CREDIT_PHONE, 2, { second, 3 }, OK };
    struct charge none = { CREDIT_PHONE, 2, { NULL, 0 }, OK };
    start(t);
    assert_ok(&t->ctx, credits_grant(&t->ctx, CREDIT_PHONE, 7));
    assert_ok(&t->ctx, db_transact(&t->ctx, charge_work, &one));
    assert_int_equal(balance_of(&t->ctx, CREDIT_PHONE), 3);
    assert_rc(&t->ctx, db_transact(&t->ctx, charge_work, &two), E_CREDITS);
    assert_int_equal(balance_of(&t->ctx, CREDIT_PHONE), 3);
    assert_ok(&t->ctx, credits_grant(&t->ctx, CREDIT_PHONE, 1));
    assert_ok(&t->ctx, db_transact(&t->ctx, charge_work, &two));
    assert_ok(&t->ctx, db_transact(&t->ctx, charge_work, &none));
    assert_int_equal(balance_of(&t->ctx, CREDIT_PHONE), 0);
}

/* Eight threads charge the same forty keys; credits are there for twenty-five. */
enum { THREADS = 8, KEYS = 40, AFFORDABLE = 25 };

struct spender {
    struct db *db;
    struct str account_id;
    int paid;
    int failures;
};

static void *spend(void *arg) {
    struct spender *s = arg;
    struct ctx ctx = test_db_ctx(s->db);
    ctx.account_id = s->account_id;
    for (int i = 0; i < KEYS; i++) {
        enum rc rc = charge(&ctx, CREDIT_EMAIL, 2, arena_printf(ctx.arena, "email:%d", i).p);
        s->paid += rc == OK;
        s->failures += rc != OK && rc != E_CREDITS;
    }
    test_db_ctx_done(&ctx);
    return NULL;
}

static void test_concurrent(void **state) {
    struct test_db *t = *state;
    struct spender spenders[THREADS];
    pthread_t threads[THREADS];
    start(t);
    assert_ok(&t->ctx, credits_grant(&t->ctx, CREDIT_EMAIL, AFFORDABLE * 2));
    for (int i = 0; i < THREADS; i++) {
        spenders[i] = (struct spender){ .db = t->db, .account_id = t->ctx.account_id };
        assert_int_equal(pthread_create(&threads[i], NULL, spend, &spenders[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_int_equal(spenders[i].failures, 0);
        assert_in_range(spenders[i].paid, AFFORDABLE, KEYS);
    }
    static const struct query entries
        = { "entries", "SELECT count(*) FROM credit_entries WHERE halves = -2", NULL };
    int64_t n;
    assert_ok(&t->ctx, db_get_int(&t->ctx, &entries, DB_NO_ARGS, &n));
    assert_int_equal(n, AFFORDABLE);
    assert_int_equal(balance_of(&t->ctx, CREDIT_EMAIL), 0);
}

static void test_text(void **state) {
    (void) state;
    static const struct {
        const char *text;
        int64_t halves; /* 0: refused */
        const char *back;
    } cases[] = {
        { "1", 2, "1" },     { "0.5", 1, "0.5" }, { "12.5", 25, "12.5" }, { "3.0", 6, "3" },
        { "0", 0, NULL },    { "-1", 0, NULL },   { "-0.5", 0, NULL },    { "1.25", 0, NULL },
        { ".5", 0, NULL },   { "", 0, NULL },     { "1e3", 0, NULL },     { "0.0", 0, NULL },
        { "999999999", 1999999998, "999999999" }, { "9999999999", 0, NULL },
    };
    struct ctx ctx = test_ctx();
    for (size_t i = 0; i < LENGTH(cases); i++) {
        int64_t halves = 0;
        enum rc rc = credits_parse(str_of(cases[i].text), &halves);
        if ((rc == OK) != (cases[i].halves != 0) || halves != cases[i].halves)
            fail_case("%s", cases[i].text);
        if (rc == OK)
            assert_str(credits_text(ctx.arena, halves), cases[i].back);
    }
    arena_free(&ctx.arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        BOTH_ENGINES(test_charges),   BOTH_ENGINES(test_rolled_back), BOTH_ENGINES(test_goes_on),
        BOTH_ENGINES(test_sets),      BOTH_ENGINES(test_concurrent),  cmocka_unit_test(test_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
