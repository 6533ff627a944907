/* The form of API keys and what the store does with them, on both engines. */
#include "db.h"

#include "store/accounts.h"
#include "store/credits.h"
#include "store/keys.h"
#include "store/migrations.h"

/* The checksum was computed apart from the program, from the description in
 * store/keys.h: with Python's hashlib. */
#define GOOD "outr_live_0123456789ABCDEFGHIJabcdefghij" CHECKSUM
#define CHECKSUM "QFFCD4"

static void test_form(void **state) {
    (void) state;
    static const struct {
        const char *key;
        bool good;
    } cases[] = {
        { GOOD, true },
        { "", false },
        { "outr_live_", false },
        { "outr_live_0123456789ABCDEFGHIJabcdefghij", false },
        { "outr_live_0123456789ABCDEFGHIJabcdefghik" CHECKSUM, false },
        { "outr_live_1123456789ABCDEFGHIJabcdefghij" CHECKSUM, false },
        { "outr_live_0123456789ABCDEFGHIJabcdefghij000000", false },
        { "outr_test_0123456789ABCDEFGHIJabcdefghij" CHECKSUM, false },
        { "outr_live_0123456789ABCDEFGHIJabcdefghi-" CHECKSUM, false },
        { GOOD "0", false },
        { " " GOOD, false },
    };
    for (size_t i = 0; i < LENGTH(cases); i++)
        if (key_is_wellformed(str_of(cases[i].key)) != cases[i].good)
            fail_case("case %zu: %s", i, cases[i].key);
}

/* Every single wrong character is noticed, and keys do not repeat. */
static void test_made(void **state) {
    (void) state;
    struct ctx ctx = test_ctx();
    struct str last = STR("");
    for (int i = 0; i < 200; i++) {
        struct str key = key_make(ctx.arena);
        assert_true(key_is_wellformed(key));
        assert_false(str_eq(key, last));
        last = key;
    }
    char wrong[KEY_CHARACTERS];
    for (size_t at = 0; at < KEY_CHARACTERS; at++) {
        memcpy(wrong, last.p, KEY_CHARACTERS);
        wrong[at] = wrong[at] == 'x' ? 'y' : 'x';
        assert_false(key_is_wellformed((struct str){ wrong, sizeof wrong }));
    }
    arena_free(&ctx.arena);
}

static struct str hash_of(struct ctx *ctx, struct str key) {
    unsigned char *hash = arena_alloc(ctx->arena, KEY_HASH_BYTES);
    key_hash(key, hash);
    return (struct str){ (const char *) hash, KEY_HASH_BYTES };
}

static struct str new_account(struct ctx *ctx, const char *name) {
    struct account account;
    assert_ok(ctx, account_create(ctx, str_of(name), &account));
    return account.id;
}

static void test_life(void **state) {
    struct test_db *t = *state;
    struct ctx *ctx = &t->ctx;
    int applied;
    struct api_key key;
    struct str clear;
    struct key_owner owner;
    struct list list = { 0 };
    assert_ok(ctx, db_migrate(ctx, migrations, migrations_count, false, &applied));
    struct str one = new_account(ctx, "One"), other = new_account(ctx, "Other");

    ctx->account_id = one;
    assert_rc(ctx, key_create(ctx, STR(" "), STR("api"), &key, &clear), E_INVALID);
    assert_rc(ctx, key_create(ctx, STR("x"), STR("root"), &key, &clear), E_INVALID);
    ctx_clear_error(ctx);
    assert_ok(ctx, key_create(ctx, STR(" CRM "), STR("admin"), &key, &clear));
    assert_true(key_is_wellformed(clear));
    assert_ok(ctx, credits_grant(ctx, CREDIT_PHONE, 5));
    assert_ok(ctx, key_find(ctx, hash_of(ctx, clear), &owner));
    assert_true(str_eq(owner.account_id, one) && str_eq(owner.key_id, key.id));
    assert_str(owner.account_name, "One");
    assert_str(owner.scope, "admin");
    assert_int_equal(owner.email_halves.v, 0);
    assert_int_equal(owner.phone_halves.v, 5);
    assert_rc(ctx, key_find(ctx, hash_of(ctx, STR("else")), &owner), E_NOT_FOUND);

    assert_ok(ctx, keys_used(ctx, (struct strs){ &key.id, 1 }, MINUTE_MS));
    assert_ok(ctx, keys_list(ctx, &list));
    assert_int_equal(list.n, 1);
    const struct api_key *listed = list.p;
    assert_str(listed->name, "CRM");
    assert_true(listed->last_used_at.set && !listed->revoked_at.set);

    ctx->account_id = other;
    list = (struct list){ 0 };
    assert_ok(ctx, keys_list(ctx, &list));
    assert_int_equal(list.n, 0);
    assert_rc(ctx, key_revoke(ctx, key.id), E_NOT_FOUND);
    assert_ok(ctx, key_find(ctx, hash_of(ctx, clear), &owner));

    ctx->account_id = one;
    assert_ok(ctx, key_revoke(ctx, key.id));
    assert_ok(ctx, key_revoke(ctx, key.id));
    assert_rc(ctx, key_find(ctx, hash_of(ctx, clear), &owner), E_NOT_FOUND);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_form),
        cmocka_unit_test(test_made),
        BOTH_ENGINES(test_life),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
