/* What finding and revealing people costs, on both engines, with a clock that the test
 * moves: half a credit at most once in 24 hours, a credit for an email or a phone number
 * once ever, all or nothing. */
#include "account.h"

#include <pthread.h>

#include "base/vec.h"
#include "enrich/reveal.h"
#include "store/credits.h"
#include "store/put.h"
#include "store/removals.h"

enum { PEOPLE = 6 };

static struct person person(struct arena *arena, int n) {
    struct str name = arena_printf(arena, "Person %d", n);
    struct person p = { .id = arena_printf(arena, "person-%d", n), .name = name, .name_key = name,
                        .tags = STR("nperson"), .rank = opt_int(n) };
    if (n % 3) { /* every third has no email */
        p.stored_email = arena_printf(arena, "p%d@example.com", n);
        p.email_key = p.stored_email;
    }
    return p;
}

static void add_phone(struct arena *arena, struct list *numbers, int person, int n) {
    struct phone_number *number = list_add(arena, numbers, sizeof *number);
    number->id = arena_printf(arena, "phone-%d-%d", person, n);
    number->person_id = arena_printf(arena, "person-%d", person);
    number->number = arena_printf(arena, "+4930%d%d", person, n);
}

/* Six people; the first has no phone number, the others have two. */
static enum rc put_work(struct ctx *ctx, void *arg) {
    (void) arg;
    struct list people = { 0 }, numbers = { 0 };
    for (int n = 0; n < PEOPLE; n++) {
        *(struct person *) list_add(ctx->arena, &people, sizeof(struct person))
            = person(ctx->arena, n);
        for (int i = 0; n && i < 2; i++)
            add_phone(ctx->arena, &numbers, n, i);
    }
    enum rc rc = people_put(ctx, people);
    return rc == OK ? phone_numbers_put(ctx, numbers) : rc;
}

static struct ctx *start(void **state, int64_t email_halves, int64_t phone_halves) {
    struct ctx *ctx = account_start(state);
    assert_ok(ctx, db_transact(ctx, put_work, NULL));
    if (email_halves)
        assert_ok(ctx, credits_grant(ctx, CREDIT_EMAIL, email_halves));
    if (phone_halves)
        assert_ok(ctx, credits_grant(ctx, CREDIT_PHONE, phone_halves));
    return ctx;
}

static void assert_balance(struct ctx *ctx, int64_t email_halves, int64_t phone_halves) {
    struct credits credits;
    assert_ok(ctx, credits_balance(ctx, &credits));
    assert_int_equal(credits.halves[CREDIT_EMAIL], email_halves);
    assert_int_equal(credits.halves[CREDIT_PHONE], phone_halves);
}

static struct person get(struct ctx *ctx, int n) {
    struct person p;
    assert_ok(ctx, person_get(ctx, arena_printf(ctx->arena, "person-%d", n), &p));
    return p;
}

static enum rc reveal(struct ctx *ctx, bool email, bool phones, int n) {
    struct person p = get(ctx, n);
    enum rc rc = reveal_person(ctx, (struct reveal){ email, phones }, &p);
    bool has_email = n % 3, has_phones = n > 0;
    assert_int_equal(str_is_set(p.email), rc == OK && email && has_email);
    assert_int_equal(p.phone_numbers.n, rc == OK && phones && has_phones ? 2 : 0);
    ctx_clear_error(ctx);
    return rc;
}

static void test_found_once_in_24_hours(void **state) {
    struct ctx *ctx = start(state, 10, 0);
    static const struct {
        int64_t after_ms, left;
    } calls[] = {
        { 0, 9 },
        { 1, 9 },
        { DAY_MS - 1, 9 },
        { DAY_MS + 1, 8 },
        { DAY_MS + 2, 8 },          /* the day begins anew with the charge */
        { 2 * DAY_MS, 8 },
        { 2 * DAY_MS + 2, 7 },
        { 3 * DAY_MS + 1, 7 },
        { 2 * DAY_MS + 3, 7 },      /* the clock was set back */
    };
    for (size_t i = 0; i < LENGTH(calls); i++) {
        test_clock.ms = START_MS + calls[i].after_ms;
        assert_ok(ctx, reveal(ctx, false, false, 1));
        assert_balance(ctx, calls[i].left, 0);
    }
    assert_ok(ctx, reveal(ctx, false, false, 2)); /* somebody else */
    assert_balance(ctx, 6, 0);
}

static void test_revealed_once_ever(void **state) {
    struct ctx *ctx = start(state, 20, 20);
    assert_ok(ctx, reveal(ctx, true, false, 1));
    assert_balance(ctx, 20 - 3, 20);
    assert_ok(ctx, reveal(ctx, true, true, 1));
    assert_balance(ctx, 17, 20 - 4);
    assert_ok(ctx, reveal(ctx, true, true, 0)); /* has neither: found only */
    assert_balance(ctx, 16, 16);
    test_clock.ms += 400 * DAY_MS;
    assert_ok(ctx, reveal(ctx, true, true, 1));
    assert_balance(ctx, 15, 16);
    struct account other;
    assert_ok(ctx, account_create(ctx, STR("Other"), &other));
    ctx->account_id = other.id; /* has paid for nothing, and has nothing */
    assert_rc(ctx, reveal(ctx, true, false, 1), E_CREDITS);
}

static void test_all_or_nothing(void **state) {
    static const struct {
        int64_t email, phone;
        bool reveal_email, reveal_phones;
    } too_little[] = {
        { 0, 0, false, false },
        { 2, 0, true, false }, /* half and a whole are three halves */
        { 1, 3, false, true }, /* two numbers are four halves */
        { 3, 3, true, true },
    };
    struct ctx *ctx = start(state, 0, 0);
    for (size_t i = 0; i < LENGTH(too_little); i++) {
        struct account account;
        assert_ok(ctx, account_create(ctx, STR("Poor"), &account));
        ctx->account_id = account.id;
        if (too_little[i].email)
            assert_ok(ctx, credits_grant(ctx, CREDIT_EMAIL, too_little[i].email));
        if (too_little[i].phone)
            assert_ok(ctx, credits_grant(ctx, CREDIT_PHONE, too_little[i].phone));
        assert_rc(ctx, reveal(ctx, too_little[i].reveal_email, too_little[i].reveal_phones, 1),
                  E_CREDITS);
        assert_balance(ctx, too_little[i].email, too_little[i].phone);
        /* Nor was it noted that the person was found. */
        assert_ok(ctx, credits_grant(ctx, CREDIT_EMAIL, 1));
        assert_ok(ctx, reveal(ctx, false, false, 1));
        assert_balance(ctx, too_little[i].email, too_little[i].phone);
    }
}

static void test_several_people(void **state) {
    struct ctx *ctx = start(state, 20, 40);
    struct person people[PEOPLE + 1], *pointers[PEOPLE + 1];
    for (int n = 0; n <= PEOPLE; n++) {
        people[n] = get(ctx, n % PEOPLE); /* the first one twice */
        pointers[n] = &people[n];
    }
    assert_ok(ctx, reveal_people(ctx, (struct reveal){ true, true }, pointers, PEOPLE + 1));
    assert_balance(ctx, 20 - PEOPLE - 2 * 4, 40 - 2 * 2 * (PEOPLE - 1));
    assert_str(people[4].email, "p4@example.com");
    assert_str(people[3].email, NULL);
    assert_int_equal(people[5].phone_numbers.n, 2);
    assert_ok(ctx, reveal_people(ctx, (struct reveal){ true, true }, NULL, 0));
}

/* A batch pays for as many people as the account can, in order; what was paid for is free. */
struct partly {
    struct reveal what;
    struct person **people;
    size_t n, paid;
};

static enum rc pay_partly(struct ctx *ctx, void *arg) {
    struct partly *p = arg;
    return reveal_in_transaction(ctx, p->what, p->people, p->n, &p->paid);
}

static void test_as_many_as_can_be_paid(void **state) {
    static const struct {
        int64_t email, phone;
        struct reveal what;
        size_t paid;
        int64_t email_left, phone_left;
    } cases[] = {
        /* with email and phones 1 + 0 for person 0, 3 + 4 for 1, 2, 4, 5, 1 + 4 for 3 */
        { 14, 20, { true, true }, PEOPLE + 1, 0, 0 },
        { 13, 20, { true, true }, 5, 2, 4 },
        { 0, 0, { true, true }, 0, 0, 0 },
        { 1, 0, { true, true }, 1, 0, 0 },
        { 4, 3, { true, true }, 1, 3, 3 },
        { 100, 9, { true, true }, 3, 93, 1 },
        { 3, 0, { false, false }, 3, 0, 0 },
        { 6, 0, { true, false }, 2, 2, 0 },
        { 100, 100, { false, false }, PEOPLE + 1, 94, 100 },
    };
    struct ctx *ctx = start(state, 0, 0);
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct account account;
        assert_ok(ctx, account_create(ctx, STR("Short"), &account));
        ctx->account_id = account.id;
        if (cases[i].email)
            assert_ok(ctx, credits_grant(ctx, CREDIT_EMAIL, cases[i].email));
        if (cases[i].phone)
            assert_ok(ctx, credits_grant(ctx, CREDIT_PHONE, cases[i].phone));
        struct person people[PEOPLE + 1], *pointers[PEOPLE + 1];
        for (int n = 0; n <= PEOPLE; n++) { /* the first one twice */
            people[n] = get(ctx, n % PEOPLE);
            pointers[n] = &people[n];
        }
        struct partly p = { cases[i].what, pointers, PEOPLE + 1, 0 };
        for (int times = 0; times < 2; times++) { /* the second time it is free */
            assert_ok(ctx, db_transact(ctx, pay_partly, &p));
            assert_int_equal(p.paid, cases[i].paid);
            assert_balance(ctx, cases[i].email_left, cases[i].phone_left);
        }
    }
}

/* --- many at once --- */

enum { THREADS = 8, ROUNDS = 12 };

struct asker {
    struct db *db;
    struct str account_id;
    int number, failures;
};

/* All ask for all people, each in an order of its own, one by one and together. */
static void *ask(void *arg) {
    struct asker *a = arg;
    struct ctx ctx = test_db_ctx(a->db);
    ctx.clock = &test_clock.clock;
    ctx.account_id = a->account_id;
    for (int i = 0; i < ROUNDS; i++) {
        struct person people[PEOPLE], *pointers[PEOPLE];
        int n = i % 2 ? PEOPLE : 1;
        for (int k = 0; k < n; k++) {
            int which = (a->number * 5 + i + k * (a->number % 2 ? 1 : PEOPLE - 1)) % PEOPLE;
            struct str id = arena_printf(ctx.arena, "person-%d", which);
            a->failures += person_get(&ctx, id, &people[k]) != OK;
            pointers[k] = &people[k];
        }
        a->failures += reveal_people(&ctx, (struct reveal){ true, true }, pointers, (size_t) n) != OK;
        ctx_clear_error(&ctx);
    }
    test_db_ctx_done(&ctx);
    return NULL;
}

static void test_concurrent(void **state) {
    struct ctx *ctx = start(state, 100, 100);
    struct test_db *t = *state;
    struct asker askers[THREADS];
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++) {
        askers[i] = (struct asker){ .db = t->db, .account_id = ctx->account_id, .number = i };
        assert_int_equal(pthread_create(&threads[i], NULL, ask, &askers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_int_equal(askers[i].failures, 0);
    }
    assert_balance(ctx, 100 - PEOPLE - 2 * 4, 100 - 2 * 2 * (PEOPLE - 1));
}

static enum rc forget_work(struct ctx *ctx, void *arg) {
    (void) arg;
    static const struct query forget = { "forget", "DELETE FROM people WHERE id = 'person-2'", NULL };
    return db_exec(ctx, &forget, DB_NO_ARGS, NULL);
}

/* Found, and removed before it was paid for. */
static void test_removed_meanwhile(void **state) {
    struct ctx *ctx = start(state, 100, 100);
    struct person people[] = { get(ctx, 1), get(ctx, 2) }, *both[] = { &people[0], &people[1] };
    assert_ok(ctx, db_transact(ctx, forget_work, NULL));
    assert_rc(ctx, reveal_people(ctx, (struct reveal){ true, true }, both, 2), E_REMOVED);
    assert_false(str_is_set(people[0].email));
    assert_balance(ctx, 100, 100);
}

struct keep {
    const char *id, *email;
    enum email_kept kept;
};

static enum rc keep_work(struct ctx *ctx, void *arg) {
    struct keep *k = arg;
    enum rc rc = removals_hold(ctx);
    return rc == OK ? reveal_keep_email(ctx, str_of(k->id), str_of(k->email), &k->kept) : rc;
}

/* Only an address that is stored is said to be kept. */
static void test_kept_or_not(void **state) {
    static const struct {
        const char *id, *email;
        enum email_kept kept;
        const char *stored;
    } cases[] = {
        { "person-0", NULL, EMAIL_NOT_KEPT, NULL },
        { "person-0", "p1@example.com", EMAIL_TAKEN, NULL },
        { "person-0", "p0@example.com", EMAIL_KEPT, "p0@example.com" },
        { "person-0", "p0@example.com", EMAIL_KEPT, "p0@example.com" }, /* meanwhile, by another */
        { "person-0", "another@example.com", EMAIL_NOT_KEPT, "p0@example.com" },
    };
    struct ctx *ctx = start(state, 0, 0);
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct keep keep = { .id = cases[i].id, .email = cases[i].email };
        assert_ok(ctx, db_transact(ctx, keep_work, &keep));
        ctx_clear_error(ctx);
        assert_int_equal(keep.kept, cases[i].kept);
        assert_true(str_eq(get(ctx, 0).stored_email, str_of(cases[i].stored)));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        BOTH_ENGINES(test_found_once_in_24_hours),
        BOTH_ENGINES(test_revealed_once_ever),
        BOTH_ENGINES(test_all_or_nothing),
        BOTH_ENGINES(test_several_people),
        BOTH_ENGINES(test_as_many_as_can_be_paid),
        BOTH_ENGINES(test_concurrent),
        BOTH_ENGINES(test_removed_meanwhile),
        BOTH_ENGINES(test_kept_or_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
