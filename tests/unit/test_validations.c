/* The store of email validations on both engines: what is begun when, who gets which block,
 * what is charged, and how a validation ends. */
#include "validations.h"

static void assert_status(struct ctx *ctx, struct str id, const char *status, size_t results) {
    struct validation v;
    struct page_of page;
    assert_ok(ctx, validation_get(ctx, id, &v));
    assert_str(v.status, status);
    assert_ok(ctx, validation_results(ctx, id, &(struct page){ .size = 100000 }, &page));
    assert_int_equal(page.items.n, results);
}

static void test_whole_life(void **state) {
    struct test_db *t = *state;
    struct ctx *ctx = &t->ctx;
    start(t, 3);
    struct str emails[] = { STR(" B@Example.com"), STR("a@example.com"), STR("b@EXAMPLE.com") };
    struct validation v;
    assert_ok(ctx, validation_create(ctx, (struct strs){ emails, LENGTH(emails) }, &v));
    assert_int_equal(v.total.v, 2);
    assert_status(ctx, v.id, "queued", 0);
    int64_t left;
    assert_ok(ctx, validation_left(ctx, v.id, &left));
    assert_int_equal(left, 2);
    struct list blocks = claim(ctx, "me", 0);
    assert_int_equal(blocks.n, 1);
    assert_status(ctx, v.id, "processing", 0);
    assert_ok(ctx, finish(ctx, block_at(&blocks, 0), 1));
    assert_status(ctx, v.id, "processing", 1);
    assert_int_equal(email_halves(ctx), 4);
    assert_ok(ctx, finish(ctx, block_at(&blocks, 0), 10));
    assert_status(ctx, v.id, "completed", 2);
    assert_int_equal(email_halves(ctx), 2);
    struct page_of page;
    assert_ok(ctx, validation_results(ctx, v.id, &(struct page){ .size = 1, .after = STR("A@example.COM") },
                                      &page));
    const struct validation_result *result = page.items.p;
    assert_int_equal(page.items.n, 1);
    assert_str(result->email, "B@Example.com");
    assert_str(result->detail, "accepted");
    assert_int_equal(result->catch_all, NO);
    assert_true(page.more_before && !page.more_after);
    assert_rc(ctx, finish(ctx, block_at(&blocks, 0), 1), E_CANCELED);
}

/* More than go in at once, each as long as the API takes it and six times as long in JSON. */
static void test_longest_addresses(void **state) {
    enum { COUNT = 4001, LENGTH_MAX = 320, BLOCKS = 9 };
    struct ctx *ctx = &((struct test_db *) *state)->ctx;
    start(*state, COUNT);
    struct strs emails = { 0 };
    for (size_t i = 0; i < COUNT; i++) {
        char *text = arena_alloc(ctx->arena, LENGTH_MAX);
        memset(text, 1, LENGTH_MAX);
        memcpy(text, arena_printf(ctx->arena, "%06zu", i).p, 6);
        strs_add(ctx->arena, &emails, (struct str){ text, LENGTH_MAX });
    }
    struct validation v;
    assert_ok(ctx, validation_create(ctx, emails, &v));
    struct list blocks = { 0 };
    size_t found = 0;
    for (size_t i = 0; i < BLOCKS; i++)
        hold(ctx, &blocks, claim(ctx, "one", 0));
    assert_int_equal(blocks.n, BLOCKS);
    for (size_t i = 0; i < BLOCKS; i++) {
        struct list of_block = { 0 };
        assert_ok(ctx, validation_block_emails(ctx, block_at(&blocks, i), &of_block));
        const struct validation_email *email = of_block.p;
        for (size_t k = 0; k < of_block.n; k++)
            found += email[k].email.n == LENGTH_MAX;
    }
    assert_int_equal(found, COUNT);
}

static void test_credits(void **state) {
    struct test_db *t = *state;
    struct ctx *ctx = &t->ctx;
    start(t, 5);
    struct strs six = { 0 };
    for (int i = 0; i < 6; i++)
        strs_add(ctx->arena, &six, arena_printf(ctx->arena, "%d@example.com", i));
    struct validation v;
    assert_rc(ctx, validation_create(ctx, six, &v), E_CREDITS);
    struct validation both[] = { create(ctx, "x", 4), create(ctx, "y", 4) };
    struct list blocks = claim(ctx, "me", 0);
    assert_int_equal(blocks.n, 2);
    assert_ok(ctx, finish(ctx, block_at(&blocks, 0), 10));
    assert_ok(ctx, finish(ctx, block_at(&blocks, 1), 10));
    assert_int_equal(email_halves(ctx), 0);
    struct str first = block_at(&blocks, 0)->validation_id;
    assert_true(str_eq(first, both[0].id) || str_eq(first, both[1].id));
    assert_status(ctx, first, "completed", 4);
    struct str second = block_at(&blocks, 1)->validation_id;
    assert_status(ctx, second, "error", 1);
    assert_ok(ctx, validation_get(ctx, second, &v));
    assert_str(v.error_code, "insufficient_credits");
    assert_int_equal(claim(ctx, "me", 0).n, 0);
}

static void test_leases(void **state) {
    struct test_db *t = *state;
    struct ctx *ctx = &t->ctx;
    start(t, 2000);
    struct validation large = create(ctx, "l", 1100), small = create(ctx, "s", 10);
    struct list mine = claim(ctx, "me", 0);
    assert_int_equal(mine.n, 2); /* one of each, though the large one has three */
    struct list theirs = claim(ctx, "they", 0);
    assert_int_equal(theirs.n, 1);
    assert_true(str_eq(block_at(&theirs, 0)->validation_id, large.id));
    struct list third = claim(ctx, "me", 0), held = { 0 };
    assert_int_equal(third.n, 1);
    assert_int_equal(claim(ctx, "me", 0).n, 0);
    hold(ctx, &held, mine);
    now_ms += 9000;
    assert_ok(ctx, validation_blocks_renew(ctx, STR("me"), &held, 10000));
    now_ms += 2000;
    struct list again = claim(ctx, "me", 0);
    assert_int_equal(again.n, 1); /* theirs ran out, and what was let go of */
    hold(ctx, &again, claim(ctx, "me", 0));
    assert_int_equal(again.n, 2);
    int64_t numbers = block_at(&again, 0)->block.v + block_at(&again, 1)->block.v;
    assert_int_equal(numbers, block_at(&theirs, 0)->block.v + block_at(&third, 0)->block.v);
    if (block_at(&again, 0)->block.v != block_at(&theirs, 0)->block.v)
        again.p = (struct validation_block *) again.p + 1;
    int64_t before = email_halves(ctx);
    assert_ok(ctx, finish(ctx, block_at(&again, 0), 500));
    assert_ok(ctx, finish(ctx, block_at(&theirs, 0), 500)); /* found out twice, stored once */
    assert_int_equal(before - email_halves(ctx), 2 * block_at(&again, 0)->size.v);
    assert_ok(ctx, validation_blocks_release(ctx, STR("me")));
    assert_int_equal(claim(ctx, "they", 0).n, 2);
    struct validation v;
    assert_ok(ctx, validation_cancel(ctx, large.id, &v));
    assert_str(v.status, "canceled");
    assert_rc(ctx, finish(ctx, block_at(&mine, 0), 1),
              str_eq(block_at(&mine, 0)->validation_id, large.id) ? E_CANCELED : OK);
    assert_ok(ctx, validation_delete(ctx, small.id));
    assert_rc(ctx, validation_get(ctx, small.id, &v), E_NOT_FOUND);
}

static void test_allowance(void **state) {
    struct test_db *t = *state;
    struct ctx *ctx = &t->ctx;
    start(t, 5000);
    struct validation v = create(ctx, "a", 1500); /* three blocks of 500 */
    struct list held = { 0 };
    for (int i = 0; i < 3; i++)
        hold(ctx, &held, claim(ctx, "me", 1000));
    assert_int_equal(held.n, 2);
    now_ms += 29 * 60 * 1000;
    assert_ok(ctx, validation_blocks_renew(ctx, STR("me"), &held, 10000));
    assert_int_equal(claim(ctx, "me", 1000).n, 0);
    now_ms += 61 * 1000;
    assert_ok(ctx, validation_blocks_renew(ctx, STR("me"), &held, 10000));
    assert_int_equal(claim(ctx, "me", 1000).n, 1);
    now_ms += 11000; /* all leases ran out: what was counted is not counted again */
    struct validation_block *blocks[3];
    for (int i = 0; i < 3; i++) {
        struct list one = claim(ctx, "other", 1000);
        assert_int_equal(one.n, 1);
        blocks[i] = one.p;
    }
    for (int i = 0; i < 3; i++)
        assert_ok(ctx, finish(ctx, blocks[i], 500));
    assert_status(ctx, v.id, "completed", 1500);
}

/* Sixty validations that have to wait hide no other account's from the claims.
 * After years without a claim the bucket is full. */
static void test_nobody_waits_for_the_allowance_of_others(void **state) {
    struct test_db *t = *state;
    struct ctx *ctx = &t->ctx;
    struct account other;
    start(t, 100000);
    for (int i = 0; i < 60; i++)
        (void) create(ctx, arena_printf(ctx->arena, "v%02d.", i).p, 600);
    assert_int_equal(claim(ctx, "me", 500).n, 1);
    assert_ok(ctx, account_create(ctx, STR("Other"), &other));
    ctx->account_id = other.id;
    assert_ok(ctx, credits_grant(ctx, CREDIT_EMAIL, 20));
    struct validation theirs = create(ctx, "theirs", 3);
    bool found = false;
    for (int i = 0; i < 3 && !found; i++) {
        struct list blocks = claim(ctx, "me", 500);
        const struct validation_block *block = blocks.p;
        for (size_t k = 0; k < blocks.n; k++)
            found |= str_eq(block[k].validation_id, theirs.id);
    }
    assert_true(found);
    now_ms += (int64_t) 3 * 365 * 24 * 3600 * 1000;
    struct list blocks = claim(ctx, "me", 100000000);
    assert_true(blocks.n > 0);
}

static void test_single(void **state) {
    struct test_db *t = *state;
    struct ctx *ctx = &t->ctx;
    start(t, 2);
    struct validation first, again;
    assert_rc(ctx, validation_single_get(ctx, STR("a@example.com"), &first), E_NOT_FOUND);
    assert_ok(ctx, validation_single(ctx, STR("a@example.com"), now_ms - 1000, &first));
    assert_ok(ctx, validation_single(ctx, STR("A@example.com "), now_ms - 1000, &again));
    assert_true(str_eq(first.id, again.id));
    struct list blocks = claim(ctx, "me", 0);
    assert_ok(ctx, finish(ctx, block_at(&blocks, 0), 1));
    assert_ok(ctx, validation_single(ctx, STR("a@example.com"), now_ms - 1000, &again));
    assert_true(str_eq(first.id, again.id));
    now_ms += 2000;
    assert_ok(ctx, validation_single(ctx, STR("a@example.com"), now_ms - 1000, &again));
    assert_false(str_eq(first.id, again.id));
    assert_rc(ctx, validation_get(ctx, first.id, &first), E_NOT_FOUND);
}

static enum rc forget_work(struct ctx *ctx, void *arg) {
    return validations_forget(ctx, STR_NONE, *(const struct str *) arg);
}

static void forget(struct ctx *ctx, struct str email) {
    static const struct query bounds
        = { "bounds",
            "SELECT count(*) FROM validation_block_emails WHERE $1 IN (first_key, last_key) "
            "OR emails LIKE '%' || $1 || '%'",
            NULL };
    int64_t n;
    assert_ok(ctx, db_transact(ctx, forget_work, &email));
    assert_ok(ctx, db_get_int(ctx, &bounds, DB_ARGS(db_v_text(email)), &n));
    assert_int_equal(n, 0);
}

/* Of what a validation is cut by, too; what is left is validated. */
static void test_forget(void **state) {
    struct test_db *t = *state;
    struct ctx *ctx = &t->ctx;
    start(t, 2000);
    struct validation v = create(ctx, "p", 600), one = create(ctx, "q", 1);
    static const int removed[] = { 0, 599, 499, 500, 1, 300 };
    for (size_t i = 0; i < LENGTH(removed); i++)
        forget(ctx, arena_printf(ctx->arena, "p%06d@example.com", removed[i]));
    forget(ctx, STR("q000000@example.com"));
    struct list blocks = claim(ctx, "me", 0);
    hold(ctx, &blocks, claim(ctx, "me", 0));
    assert_int_equal(blocks.n, 3);
    for (size_t i = 0; i < blocks.n; i++)
        assert_ok(ctx, finish(ctx, block_at(&blocks, i), 1000));
    assert_status(ctx, v.id, "completed", 600 - LENGTH(removed));
    assert_status(ctx, one.id, "completed", 0);
}

/* What the engine still finds out about them is not kept, not even when the block has ended. */
static void test_forget_while_it_is_validated(void **state) {
    struct test_db *t = *state;
    struct ctx *ctx = &t->ctx;
    start(t, 2000);
    struct validation v = create(ctx, "p", 600);
    struct list blocks = claim(ctx, "me", 0), emails = { 0 };
    const struct validation_block *block = block_at(&blocks, 0);
    assert_ok(ctx, validation_block_emails(ctx, block, &emails));
    struct list findings = findings_of(ctx, block, &emails, 1000);
    forget(ctx, STR("p000007@example.com"));
    int64_t number = block->block.v;
    assert_ok(ctx, validation_store(ctx, block, findings, (struct ints){ &number, 1 }));
    assert_status(ctx, v.id, "processing", 499);
    assert_int_equal(email_halves(ctx), (2000 - 499) * 2);
    forget(ctx, STR("p000008@example.com"));
    assert_ok(ctx, validation_store(ctx, block, findings, (struct ints){ 0 }));
    assert_status(ctx, v.id, "processing", 498);
    assert_int_equal(email_halves(ctx), (2000 - 499) * 2);
}

/* Somebody whose lease ran out, and who took the block again, found out everything twice. */
static void test_found_out_twice(void **state) {
    struct test_db *t = *state;
    struct ctx *ctx = &t->ctx;
    start(t, 10);
    struct validation v = create(ctx, "p", 3);
    struct list blocks = claim(ctx, "me", 0), emails = { 0 };
    const struct validation_block *block = block_at(&blocks, 0);
    assert_ok(ctx, validation_block_emails(ctx, block, &emails));
    struct list findings = findings_of(ctx, block, &emails, 3), more = findings_of(ctx, block, &emails, 3);
    for (size_t i = 0; i < more.n; i++)
        *(struct validation_finding *) list_add(ctx->arena, &findings, sizeof(struct validation_finding))
            = ((const struct validation_finding *) more.p)[i];
    int64_t number = block->block.v;
    assert_ok(ctx, validation_store(ctx, block, findings, (struct ints){ &number, 1 }));
    assert_status(ctx, v.id, "completed", 3);
    assert_int_equal(email_halves(ctx), (10 - 3) * 2);
}

struct forget_one {
    struct str account_id, email;
};

static enum rc forget_in_account(struct ctx *ctx, void *arg) {
    const struct forget_one *one = arg;
    return validations_forget(ctx, one->account_id, one->email);
}

/* Of one account alone: that another one asks about the address stays. */
static void test_forget_in_one_account(void **state) {
    struct test_db *t = *state;
    struct ctx *ctx = &t->ctx;
    struct account other;
    struct validation mine, theirs[2];
    start(t, 10);
    struct str email = STR("p000000@example.com"), account_id = ctx->account_id;
    mine = create(ctx, "p", 2);
    assert_ok(ctx, account_create(ctx, STR("Other"), &other));
    ctx->account_id = other.id;
    assert_ok(ctx, credits_grant(ctx, CREDIT_EMAIL, 20));
    theirs[0] = create(ctx, "p", 2);
    struct list blocks = claim(ctx, "me", 0);
    assert_int_equal(blocks.n, 2);
    for (size_t i = 0; i < blocks.n; i++)
        assert_ok(ctx, finish(ctx, block_at(&blocks, i), 10));
    theirs[1] = create(ctx, "p", 2); /* not begun yet */
    assert_ok(ctx, db_transact(ctx, forget_in_account, &(struct forget_one){ account_id, email }));
    blocks = claim(ctx, "me", 0);
    assert_int_equal(blocks.n, 1);
    assert_ok(ctx, finish(ctx, block_at(&blocks, 0), 10));
    for (size_t i = 0; i < LENGTH(theirs); i++)
        assert_status(ctx, theirs[i].id, "completed", 2);
    ctx->account_id = account_id;
    assert_status(ctx, mine.id, "completed", 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        BOTH_ENGINES(test_whole_life),
        BOTH_ENGINES(test_longest_addresses),
        BOTH_ENGINES(test_credits),
        BOTH_ENGINES(test_leases),
        BOTH_ENGINES(test_allowance),
        BOTH_ENGINES(test_nobody_waits_for_the_allowance_of_others),
        BOTH_ENGINES(test_single),
        BOTH_ENGINES(test_forget),
        BOTH_ENGINES(test_forget_while_it_is_validated),
        BOTH_ENGINES(test_found_out_twice),
        BOTH_ENGINES(test_forget_in_one_account),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
