/* What a search sees of what this process and another one have committed, on both engines. The
 * other process is one more struct db. */
#include "db.h"

#include <time.h>

#include "base/clock.h"
#include "search/follow.h"
#include "store/migrations.h"
#include "store/put.h"
#include "store/removals.h"
#include "store/secrets.h"
#include "store/services.h"

/* Nothing here survives the machine; waiting for the disk would only take long. */
int fsync(int fd) {
    (void) fd;
    return 0;
}

enum { PEOPLE = 5500, /* so many at once are much */ SOME = 150, TRIES_MAX = 300, PATIENCE_MS = 60000 };

struct world {
    struct ctx *own;
    struct db *other_db;
    struct ctx other;
    struct secrets *secrets;
    struct services services;
    char folder[64], key[80];
    struct follower *follower;
    int number; /* of the last edit */
};

/* --- searching --- */

enum { NOT_TOLD = -1 }; /* the database is asked, and is never behind */

static int64_t found(struct world *w, enum plan_rows rows, const char *token, bool strict) {
    struct ctx ctx = { .arena = arena_new(), .clock = &clock_system, .db = w->own->db };
    struct expr *wanted = expr_and(ctx.arena);
    expr_add(wanted, expr_token(ctx.arena, str_of(token)));
    bool people = rows == PLAN_PEOPLE;
    struct plan plan = { .rows = rows, .people = people ? wanted : NULL,
                         .companies = people ? expr_and(ctx.arena) : wanted, .limit = 30 };
    struct hits hits = { .had_gaps = strict };
    enum rc rc = follower_search(&ctx, w->follower, &plan, &hits);
    if (rc != OK && rc != E_UNSUPPORTED)
        fail_case("%s: %s, %.*s", token, rc_name(rc), STR_FMT(ctx.err.text));
    arena_free(&ctx.arena);
    return rc == OK ? hits.total : NOT_TOLD;
}

static int64_t people_with(struct world *w, const char *token) {
    return found(w, PLAN_PEOPLE, token, false);
}

static void assert_seen(int64_t total, int64_t expected) {
    if (total != NOT_TOLD)
        assert_int_equal(total, expected);
}

/* --- writing --- */

static void begin(struct world *w, void **state) {
    static int worlds;
    struct test_db *t = *state;
    int applied;
    *w = (struct world){ .own = &t->ctx };
    assert_ok(w->own, db_migrate(w->own, migrations, migrations_count, false, &applied));
    assert_ok(w->own, test_db_exec(w->own, arena_printf(t->arena,
        "INSERT INTO people (id, name, name_key, tags, rank, created_at, updated_at) "
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d) "
        "SELECT 'p' || i, 'N', 'n', 'kall', 1, 0, 0 FROM n", PEOPLE).p));
    assert_ok(w->own, db_open(w->own, &t->options, &w->other_db));
    w->other = test_db_ctx(w->other_db);
    (void) snprintf(w->folder, sizeof w->folder, "/tmp/follow-%d-%d", (int) getpid(), worlds++);
    (void) snprintf(w->key, sizeof w->key, "%s.key", w->folder);
    assert_ok(w->own, secrets_load(w->own, w->key, &w->secrets));
    w->services.secrets = w->secrets;
    w->own->services = &w->services;
    assert_ok(w->own, follower_start(w->own, t->db, w->folder, &w->follower));
    int64_t until = monotonic_ms() + PATIENCE_MS;
    while (found(w, PLAN_PEOPLE, "kall", true) == NOT_TOLD)
        assert_true(monotonic_ms() < until);
}

static void end(struct world *w) {
    follower_stop(&w->follower);
    test_db_ctx_done(&w->other);
    db_close(&w->other_db);
    w->own->services = NULL;
    secrets_free(&w->secrets);
    assert_int_equal(unlink(w->key), 0);
    assert_int_equal(nftw(w->folder, test_db_remove, 8, FTW_DEPTH | FTW_PHYS), 0);
}

static void others_edit(struct world *w, int people) {
    assert_ok(&w->other, test_db_exec(&w->other, arena_printf(w->other.arena,
        "UPDATE people SET rank = rank + 1 WHERE doc <= %d", people).p));
}

/* Gives one person a token of its own, which is returned. */
static const char *others_edit_one(struct world *w) {
    const char *token = arena_printf(w->other.arena, "k%d", ++w->number).p;
    assert_ok(&w->other, test_db_exec(&w->other, arena_printf(w->other.arena,
        "UPDATE people SET tags = 'kall %s' WHERE id = 'p1'", token).p));
    return token;
}

/* The same beside so much that searches need not wait for it. */
static const char *others_edit_one_of_many(struct world *w) {
    others_edit(w, PEOPLE);
    (void) people_with(w, "kall");
    return others_edit_one(w);
}

/* --- what this process has committed --- */

static struct person own_person(void) {
    return (struct person){ .id = STR("own"), .name = STR("O"), .name_key = STR("o"),
                            .tags = STR("kown"), .rank = opt_int(1) };
}

static enum rc put_person(struct ctx *ctx, void *arg) {
    (void) arg;
    struct person person = own_person();
    return people_put(ctx, (struct list){ &person, 1 });
}

static enum rc remove_person(struct ctx *ctx, void *arg) {
    (void) arg;
    struct person person = own_person();
    return person_remove(ctx, &person);
}

static enum rc put_company(struct ctx *ctx, void *arg) {
    struct world *w = arg;
    struct company company = { .id = STR("own"), .name = STR("O"), .name_key = STR("o"),
                               .tags = arena_printf(ctx->arena, "k%d", ++w->number), .rank = opt_int(1) };
    return companies_put(ctx, (struct list){ &company, 1 });
}

/* Each while another process has just committed what a search did not see. */
static void test_own_commits_are_seen_at_once(void **state) {
    struct world w;
    int behind = 0;
    begin(&w, state);
    for (int tries = 0; behind < 2; tries++) {
        assert_true(tries < TRIES_MAX);
        const char *theirs = others_edit_one_of_many(&w);
        behind += people_with(&w, theirs) == 0;
        assert_ok(w.own, db_transact(w.own, put_person, NULL));
        assert_seen(people_with(&w, "kown"), 1);
        assert_seen(people_with(&w, theirs), 1); /* it was before */
        assert_ok(w.own, db_transact(w.own, remove_person, NULL));
        assert_seen(people_with(&w, "kown"), 0);
        assert_ok(w.own, db_transact(w.own, put_company, &w));
        assert_seen(found(&w, PLAN_COMPANIES, arena_printf(w.own->arena, "k%d", w.number).p, false), 1);
    }
    end(&w);
}

/* Such as counting a request: searches need not wait for them. */
static void test_other_writes_do_not_count(void **state) {
    struct world w;
    int behind = 0;
    begin(&w, state);
    for (int tries = 0; behind < 2; tries++) {
        assert_true(tries < TRIES_MAX);
        const char *theirs = others_edit_one_of_many(&w);
        assert_ok(w.own, test_db_exec(w.own, "UPDATE change_feed SET pruned = pruned"));
        behind += people_with(&w, theirs) == 0;
    }
    end(&w);
}

/* --- what another process has committed --- */

/* A search that begins a second later sees it, or asks the database. */
static enum rc see_within_a_second(struct ctx *ctx, void *arg) {
    (void) ctx; /* of the transaction that holds the table, on PostgreSQL */
    struct world *w = arg;
    const char *token = others_edit_one(w);
    int64_t committed = monotonic_ms(), began;
    do {
        began = monotonic_ms();
        int64_t total = people_with(w, token);
        if (total == 0 && began - committed >= SECOND_MS)
            fail_case("not seen after %d ms", (int) (began - committed));
    } while (began - committed < SECOND_MS + SECOND_MS / 5);
    return OK;
}

/* On PostgreSQL while the follower cannot read: it waits for the table. */
static enum rc hold_and_see(struct ctx *ctx, void *arg) {
    static const struct query hold
        = { "hold", "LOCK TABLE companies IN ACCESS EXCLUSIVE MODE", NULL };
    enum rc rc = db_exec(ctx, &hold, DB_NO_ARGS, NULL);
    return rc == OK ? see_within_a_second(ctx, arg) : rc;
}

static void test_others_are_seen_within_a_second(void **state) {
    struct world w;
    begin(&w, state);
    struct ctx holder = test_db_ctx(w.other_db);
    others_edit(&w, PEOPLE);
    (void) people_with(&w, "kall");
    assert_ok(&holder, test_db_is_pg(*state) ? db_transact(&holder, hold_and_see, &w)
                                             : see_within_a_second(&holder, &w));
    test_db_ctx_done(&holder);
    end(&w);
}

/* Edits that are few at a time and do not end: after a while searches wait for none of them. */
static void test_steady_edits(void **state) {
    struct world w;
    const char *theirs;
    int tries = 0;
    begin(&w, state);
    do {
        assert_true(tries++ < TRIES_MAX);
        others_edit(&w, SOME);
        (void) nanosleep(&(struct timespec){ .tv_nsec = 200000000 }, NULL); /* shorter is fine */
        theirs = others_edit_one(&w);
    } while (people_with(&w, theirs) != 0);
    int64_t until = monotonic_ms() + PATIENCE_MS;
    while (people_with(&w, theirs) == 0)
        assert_true(monotonic_ms() < until);
    end(&w);
}

/* When nobody writes much, everything is seen at once. */
static void test_few_edits(void **state) {
    struct world w;
    int told = 0;
    begin(&w, state);
    for (int i = 0; i < 50; i++) {
        int64_t total = people_with(&w, others_edit_one(&w));
        assert_seen(total, 1);
        told += total != NOT_TOLD;
    }
    assert_true(told > 0); /* by the index */
    end(&w);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        BOTH_ENGINES(test_own_commits_are_seen_at_once),
        BOTH_ENGINES(test_other_writes_do_not_count),
        BOTH_ENGINES(test_others_are_seen_within_a_second),
        BOTH_ENGINES(test_steady_edits),
        BOTH_ENGINES(test_few_edits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
