/* Searches for addresses as rows, on both engines, with a clock that the test moves: one for
 * a person, taken by lease, ended once; what is known of a company's addresses. */
#include "account.h"

#include "base/buf.h"
#include "base/vec.h"
#include "enrich/address_finder.h"
#include "enrich/steps.h"
#include "store/address_searches.h"
#include "store/put.h"
#include "store/removals.h"
#include "store/services.h"

#define LEASE_MS 15000

/* --- people --- */

static struct person person(const char *id, const char *name, const char *company,
                            const char *email) {
    return (struct person){ .id = str_of(id), .name = str_of(name), .name_key = str_of(name),
                            .company_id = str_of(company), .stored_email = str_of(email),
                            .email_key = str_of(email), .tags = STR("nperson"), .rank = opt_int(1) };
}

static enum rc put_work(struct ctx *ctx, void *arg) {
    const struct list *people = arg;
    return people_put(ctx, *people);
}

static void put_people(struct ctx *ctx) {
    struct person people[] = {
        person("a", "Ann Ash", "acme", "ann@acme.org"),
        person("b", "Ben Birch", "acme", "bbirch@acme.org"),
        person("c", "Cid Cole", "acme", "cid@mail.acme.org"),
        person("d", "Dan Dale", "acme", "dan@notacme.org"),
        person("e", "Eve Elm", "acme", NULL),
        person("f", "Fay Fir", "other", "fay@acme.org"),
    };
    struct list list = { people, LENGTH(people) };
    assert_ok(ctx, db_transact(ctx, put_work, &list));
}

/* --- searches --- */

static struct strs ids(struct arena *arena, const char *words) {
    struct strs list = { 0 };
    struct str rest = str_of(words);
    for (struct str word; str_word(&rest, &word);)
        strs_add(arena, &list, word);
    return list;
}

static void begin(struct ctx *ctx, const char *people, bool urgent) {
    assert_ok(ctx, address_searches_begin(ctx, ids(ctx->arena, people), urgent));
}

/* Who is claimed, sorted, with spaces between: the order of what an UPDATE returns is none. */
static struct str claim(struct ctx *ctx, const char *owner, int limit, bool urgent) {
    struct list rows = { 0 };
    assert_ok(ctx, address_searches_claim(
                       ctx, &(struct address_search_claim){ str_of(owner), LEASE_MS, limit, urgent },
                       &rows));
    const struct address_search *row = rows.p;
    struct buf text = buf_in(ctx->arena, 1000);
    for (char letter = 'a'; letter <= 'z'; letter++)
        for (size_t i = 0; i < rows.n; i++)
            if (row[i].person_id.p[0] == letter)
                buf_char(&text, letter);
    return buf_text(&text);
}

struct end {
    struct str owner, person_id, outcome;
};

static enum rc end_work(struct ctx *ctx, void *arg) {
    const struct end *e = arg;
    return address_search_end(ctx, e->owner, e->person_id, e->outcome);
}

static enum rc end(struct ctx *ctx, const char *owner, const char *person, const char *outcome) {
    struct end e = { str_of(owner), str_of(person), str_of(outcome) };
    enum rc rc = db_transact(ctx, end_work, &e);
    ctx_clear_error(ctx);
    return rc;
}

static struct address_search search(struct ctx *ctx, const char *person) {
    struct list rows = { 0 };
    assert_ok(ctx, address_searches_of(ctx, ids(ctx->arena, person), &rows));
    assert_int_equal(rows.n, 1);
    return *(const struct address_search *) rows.p;
}

static void test_urgent_ones_first_then_the_oldest(void **state) {
    struct ctx *ctx = account_start(state);
    put_people(ctx);
    begin(ctx, "c d", false);
    test_clock.ms += 1000;
    begin(ctx, "a b", false);
    test_clock.ms += 1000;
    begin(ctx, "e", true);
    assert_str(claim(ctx, "one", 1, false), "e");
    assert_str(claim(ctx, "one", 2, true), "");
    assert_str(claim(ctx, "one", 2, false), "cd");
    begin(ctx, "a b c", true); /* of which c is being worked on */
    assert_str(claim(ctx, "two", 9, true), "ab");
    assert_str(claim(ctx, "two", 9, false), "");
    assert_int_equal(search(ctx, "c").urgent.v, 1);
    assert_int_equal(search(ctx, "c").began_at.v, START_MS);
}

static void test_leases(void **state) {
    struct ctx *ctx = account_start(state);
    put_people(ctx);
    begin(ctx, "a b c", false);
    assert_str(claim(ctx, "one", 9, false), "abc");
    test_clock.ms += LEASE_MS - 1;
    assert_str(claim(ctx, "two", 9, false), "");
    assert_ok(ctx, address_searches_renew(ctx, STR("one"), ids(ctx->arena, "a b"), LEASE_MS));
    assert_ok(ctx, address_searches_renew(ctx, STR("two"), ids(ctx->arena, "c"), LEASE_MS));
    test_clock.ms += 1;
    assert_str(claim(ctx, "two", 9, false), "c");
    assert_ok(ctx, address_searches_release(ctx, STR("one")));
    assert_str(claim(ctx, "three", 9, false), "ab");
    assert_ok(ctx, address_searches_release(ctx, STR_NONE));
    assert_str(claim(ctx, "one", 9, false), "abc");
}

static void test_put_off(void **state) {
    struct ctx *ctx = account_start(state);
    put_people(ctx);
    begin(ctx, "a b", false);
    assert_str(claim(ctx, "one", 9, false), "ab");
    begin(ctx, "c", false);
    assert_str(claim(ctx, "two", 9, false), "c");
    assert_ok(ctx, address_searches_put_off(ctx, STR("one"), ids(ctx->arena, "a c"), 1000));
    test_clock.ms += 999;
    assert_str(claim(ctx, "two", 9, false), "");
    test_clock.ms += 1;
    assert_str(claim(ctx, "two", 9, false), "a"); /* and not what is two's, or was kept */
    assert_ok(ctx, address_searches_renew(ctx, STR("one"), ids(ctx->arena, "a"), 9 * LEASE_MS));
    test_clock.ms += LEASE_MS;
    assert_str(claim(ctx, "one", 9, false), "abc");
}

static void test_a_pause_ends_when_somebody_waits(void **state) {
    struct ctx *ctx = account_start(state);
    put_people(ctx);
    begin(ctx, "a b", false);
    assert_str(claim(ctx, "one", 9, false), "ab");
    assert_ok(ctx, address_searches_put_off(ctx, STR("one"), ids(ctx->arena, "a"), 1000));
    begin(ctx, "a b", false);
    assert_str(claim(ctx, "two", 9, false), "");
    begin(ctx, "a b", true); /* of which one has b */
    assert_str(claim(ctx, "two", 9, true), "a");
}

/* Somebody came to wait between the look at what is urgent and the pause. */
static void test_no_pause_while_somebody_waits(void **state) {
    struct ctx *ctx = account_start(state);
    put_people(ctx);
    begin(ctx, "a b", false);
    assert_str(claim(ctx, "one", 9, false), "ab");
    begin(ctx, "a", true);
    assert_ok(ctx, address_searches_put_off(ctx, STR("one"), ids(ctx->arena, "a b"), 1000));
    assert_str(claim(ctx, "two", 9, false), "a");
    test_clock.ms += 1000;
    assert_str(claim(ctx, "two", 9, false), "b");
}

static void test_urgent_since_it_was_taken(void **state) {
    struct ctx *ctx = account_start(state);
    struct strs urgent = { 0 };
    put_people(ctx);
    begin(ctx, "a b", false);
    assert_str(claim(ctx, "one", 9, false), "ab");
    begin(ctx, "b c", true);
    assert_ok(ctx, address_searches_urgent(ctx, STR("one"), &urgent));
    assert_int_equal(urgent.n, 1);
    assert_str(urgent.p[0], "b");
}

static void test_tried(void **state) {
    struct ctx *ctx = account_start(state);
    put_people(ctx);
    begin(ctx, "a", false);
    assert_str(claim(ctx, "one", 9, false), "a");
    begin(ctx, "b", false);
    assert_false(search(ctx, "a").tried_at.set);
    test_clock.ms += 1000;
    assert_ok(ctx, address_searches_tried(ctx, STR("one"), ids(ctx->arena, "a b")));
    test_clock.ms += 1000;
    assert_ok(ctx, address_searches_tried(ctx, STR("one"), ids(ctx->arena, "a")));
    assert_int_equal(search(ctx, "a").tried_at.v, START_MS + 1000);
    assert_false(search(ctx, "b").tried_at.set); /* not one's */
    begin(ctx, "a", true);
    assert_int_equal(search(ctx, "a").tried_at.v, START_MS + 1000);
    assert_ok(ctx, end(ctx, "one", "a", "none"));
    begin(ctx, "a", false);
    assert_false(search(ctx, "a").tried_at.set); /* anew */
}

static void test_ended_once(void **state) {
    struct ctx *ctx = account_start(state);
    put_people(ctx);
    begin(ctx, "a b", true);
    assert_str(claim(ctx, "one", 9, false), "ab");
    assert_rc(ctx, end(ctx, "two", "a", "none"), E_CANCELED);
    assert_rc(ctx, end(ctx, "one", "z", "none"), E_CANCELED);
    assert_ok(ctx, end(ctx, "one", "a", "none"));
    assert_rc(ctx, end(ctx, "one", "a", "found"), E_CANCELED);
    struct address_search a = search(ctx, "a");
    assert_str(a.outcome, "none");
    assert_int_equal(a.ended_at.v, START_MS);
    test_clock.ms += LEASE_MS;
    assert_str(claim(ctx, "two", 9, false), "b");
    begin(ctx, "a b", false); /* anew the one, as it was the other */
    a = search(ctx, "a");
    assert_false(str_is_set(a.outcome) || a.ended_at.set || a.urgent.v);
    assert_int_equal(a.began_at.v, test_clock.ms);
    assert_int_equal(search(ctx, "b").began_at.v, START_MS);
    assert_str(claim(ctx, "two", 9, false), "a");
    assert_ok(ctx, end(ctx, "two", "b", "found"));
}

static void test_no_row_of_whom_there_is_not(void **state) {
    struct ctx *ctx = account_start(state);
    put_people(ctx);
    begin(ctx, "a z", true);
    struct list rows = { 0 };
    assert_ok(ctx, address_searches_of(ctx, ids(ctx->arena, "a z"), &rows));
    assert_int_equal(rows.n, 1);
    assert_str(claim(ctx, "one", 9, false), "a");
}

static void test_known_addresses(void **state) {
    struct ctx *ctx = account_start(state);
    put_people(ctx);
    struct list known = { 0 };
    assert_ok(ctx, known_addresses(ctx, STR("acme"), STR("acme.org"), &known));
    assert_int_equal(known.n, 2); /* of the company and of the domain, to the letter */
    const struct known_address *k = known.p;
    for (size_t i = 0; i < known.n; i++)
        assert_true(str_eq(k[i].email_key, STR("ann@acme.org"))
                    || str_eq(k[i].email_key, STR("bbirch@acme.org")));
    struct strs taken = { 0 };
    assert_ok(ctx, addresses_taken(ctx, ids(ctx->arena, "x@acme.org fay@acme.org"), &taken));
    assert_int_equal(taken.n, 1);
    assert_str(taken.p[0], "fay@acme.org");
}

/* --- what is wanted --- */

static int wakes;

static void wake(void) {
    wakes++;
}

static bool namesake(struct ctx *ctx, const char *id, const char *name, const char *company) {
    struct person p = person(id, name, company, NULL);
    bool exists;
    assert_ok(ctx, namesake_exists(ctx, &p, &exists));
    return exists;
}

static void test_namesakes(void **state) {
    struct ctx *ctx = account_start(state);
    put_people(ctx);
    assert_false(namesake(ctx, "e", "Eve Elm", "acme")); /* herself */
    assert_true(namesake(ctx, "x", "Eve Elm", "acme"));
    assert_false(namesake(ctx, "x", "Eve Elm", "other"));
    assert_false(namesake(ctx, "x", "Ann Ash", "acme")); /* has an address */
}

static struct address_want want(struct ctx *ctx, const struct person *p, bool urgent) {
    struct address_want w = { .person = p };
    assert_ok(ctx, addresses_want(ctx, &w, 1, urgent));
    return w;
}

static void test_wants(void **state) {
    struct ctx *ctx = account_start(state);
    put_people(ctx);
    struct services services = { .addresses = { .finds = true, .wake = wake } };
    struct company company = { .domain = STR("acme.org") }, nameless = { .name = STR("Acme") };
    struct person known = person("a", "Ann Ash", "acme", "ann@acme.org"),
                  unknown = person("b", "Ben Birch", "acme", NULL),
                  homeless = person("c", "Cid Cole", NULL, NULL);
    known.company = unknown.company = &company;
    homeless.company = &nameless;
    ctx->services = &services;
    wakes = 0;
    assert_int_equal(want(ctx, &known, true).ret_state, ADDRESS_KNOWN);
    assert_int_equal(want(ctx, &homeless, true).ret_state, ADDRESS_NONE);
    services.addresses.finds = false;
    assert_int_equal(want(ctx, &unknown, true).ret_state, ADDRESS_NONE);
    services.addresses.finds = true;
    assert_int_equal(wakes, 0);
    assert_int_equal(want(ctx, &unknown, false).ret_state, ADDRESS_PENDING);
    assert_int_equal(wakes, 1);
    test_clock.ms += 500;
    struct address_want again = want(ctx, &unknown, false);
    assert_int_equal(again.ret_state, ADDRESS_PENDING);
    assert_int_equal(again.ret_began_ms, START_MS);
    assert_int_equal(again.ret_tried_ms, 0);
    assert_int_equal(wakes, 1); /* it runs already */
    assert_int_equal(want(ctx, &unknown, true).ret_state, ADDRESS_PENDING);
    assert_int_equal(wakes, 2); /* now somebody waits */

    static const struct {
        const char *outcome;
        enum address_state state;
        int64_t good_ms;
    } outcomes[] = {
        { "none", ADDRESS_NONE, 7 * DAY_MS },
        { "unclear", ADDRESS_NONE, HOUR_MS },
        { "found", ADDRESS_KNOWN, 7 * DAY_MS },
    };
    for (size_t i = 0; i < LENGTH(outcomes); i++) {
        assert_str(claim(ctx, "one", 9, false), "b");
        assert_ok(ctx, end(ctx, "one", "b", outcomes[i].outcome));
        test_clock.ms += outcomes[i].good_ms - 1;
        assert_int_equal(want(ctx, &unknown, true).ret_state, outcomes[i].state);
        test_clock.ms += 1;
        assert_int_equal(want(ctx, &unknown, true).ret_state, ADDRESS_PENDING);
        assert_int_equal(search(ctx, "b").began_at.v, test_clock.ms);
    }
}

static bool waits(struct ctx *ctx, struct person *p) {
    bool result;
    assert_ok(ctx, steps_addresses(ctx, &p, 1, &result));
    return result;
}

/* A quarter of an hour from the first guess on; two hours for one's turn. */
static void test_patience(void **state) {
    struct ctx *ctx = account_start(state);
    put_people(ctx);
    struct services services = { .addresses = { .finds = true } };
    struct company company = { .domain = STR("acme.org") };
    struct person tried = person("e", "Eve Elm", "acme", NULL),
                  untried = person("b", "Ben Birch", "acme", NULL);
    tried.company = untried.company = &company;
    ctx->services = &services;
    assert_true(waits(ctx, &tried));
    assert_true(waits(ctx, &untried));
    assert_str(claim(ctx, "one", 9, false), "be");
    test_clock.ms += HOUR_MS;
    assert_ok(ctx, address_searches_tried(ctx, STR("one"), ids(ctx->arena, "e")));
    test_clock.ms += 15 * MINUTE_MS - 1;
    assert_true(waits(ctx, &tried));
    test_clock.ms += 1;
    assert_false(waits(ctx, &tried));
    assert_true(waits(ctx, &untried));
    test_clock.ms += 45 * MINUTE_MS;
    assert_false(waits(ctx, &untried));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        BOTH_ENGINES(test_urgent_ones_first_then_the_oldest),
        BOTH_ENGINES(test_leases),
        BOTH_ENGINES(test_put_off),
        BOTH_ENGINES(test_a_pause_ends_when_somebody_waits),
        BOTH_ENGINES(test_no_pause_while_somebody_waits),
        BOTH_ENGINES(test_urgent_since_it_was_taken),
        BOTH_ENGINES(test_tried),
        BOTH_ENGINES(test_ended_once),
        BOTH_ENGINES(test_no_row_of_whom_there_is_not),
        BOTH_ENGINES(test_known_addresses),
        BOTH_ENGINES(test_namesakes),
        BOTH_ENGINES(test_wants),
        BOTH_ENGINES(test_patience),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
