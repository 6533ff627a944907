/* The feed of changes, on both engines: what is in it, and that nothing is passed over. */
#include "db.h"

#include <pthread.h>
#include <semaphore.h>

#include "base/buf.h"
#include "base/clock.h"
#include "store/changes.h"
#include "store/migrations.h"

static struct ctx *migrated(void **state) {
    struct ctx *ctx = &((struct test_db *) *state)->ctx;
    int applied;
    assert_ok(ctx, db_migrate(ctx, migrations, migrations_count, false, &applied));
    return ctx;
}

static void run(struct ctx *ctx, const char *sql) {
    assert_ok(ctx, test_db_exec(ctx, sql));
}

#define PERSON "INSERT INTO people (doc, id, name, name_key, company_id, tags, rank, created_at, " \
               "updated_at) VALUES "
#define COMPANY "INSERT INTO companies (doc, id, name, name_key, size, tags, rank, created_at, " \
                "updated_at) VALUES "

/* What is new, as "company 1, people of 1, person 2", and moves the position on. */
static struct str unread(struct ctx *ctx, struct change_position *position) {
    static const char *const kinds[] = { NULL, "company", "people of", "person" };
    struct buf text = buf_in(ctx->arena, 4096);
    struct changes_reader reader;
    struct change change;
    struct change_position next;
    assert_ok(ctx, changes_read(ctx, *position, &reader, &next));
    while (changes_next(&reader, &change))
        buf_printf(&text, "%s%s %d", text.n ? ", " : "", kinds[change.kind], (int) change.doc);
    assert_ok(ctx, changes_close(&reader));
    *position = next;
    return buf_text(&text);
}

static bool is_pending(struct ctx *ctx, struct change_position position) {
    bool pending;
    assert_ok(ctx, changes_pending(ctx, position, &pending));
    return pending;
}

static const struct {
    const char *sql, *expected;
} steps[] = {
    { COMPANY "(1, 'c1', 'A', 'a', '1-10', '', 0, 0, 0), (2, 'c2', 'B', 'b', NULL, '', 0, 0, 0)",
      "company 1, company 2, people of 1, people of 2" },
    { PERSON "(1, 'p1', 'A', 'a', 'c1', '', 0, 0, 0), (2, 'p2', 'B', 'b', 'c1', '', 0, 0, 0)",
      "person 1, person 2" },
    { "UPDATE people SET about = 'x' WHERE doc = 2", "person 2" },
    { "UPDATE people SET about = 'x' WHERE doc = 3", "" },
    { "UPDATE companies SET name = 'C'", "company 1, company 2" },
    { "UPDATE companies SET size = '11-50'", "company 1, company 2, people of 1, people of 2" },
    { "UPDATE companies SET industry = 'x' WHERE doc = 2", "company 2, people of 2" },
    { "UPDATE companies SET country = 'DE' WHERE doc = 2", "company 2, people of 2" },
    { "UPDATE companies SET estimated_revenue = '0' WHERE doc = 2", "company 2, people of 2" },
    { "UPDATE companies SET latest_funding_stage = 's' WHERE doc = 2", "company 2, people of 2" },
    { "UPDATE companies SET latest_funding_stage = 's' WHERE doc = 2", "company 2" },
    { PERSON "(3, 'p2', 'B', 'b', 'c2', '', 0, 0, 0) ON CONFLICT (id) DO UPDATE SET name = 'C'",
      "person 2" },
    { "INSERT INTO removals (hash, kind, removed_at) SELECT hash, kind, removed_at FROM removals",
      "" },
    { "DELETE FROM companies WHERE doc = 1", "company 1, person 1, person 2" },
    { "DELETE FROM people", "person 1, person 2" },
};

static void test_what_is_noted(void **state) {
    struct ctx *ctx = migrated(state);
    struct change_position position;
    assert_ok(ctx, changes_now(ctx, &position));
    for (size_t i = 0; i < LENGTH(steps); i++) {
        run(ctx, steps[i].sql);
        bool expected = *steps[i].expected;
        if (is_pending(ctx, position) != expected)
            fail_case("%s: pending is wrong", steps[i].sql);
        struct str found = unread(ctx, &position);
        if (!str_eq(found, str_of(steps[i].expected)))
            fail_case("%s: %.*s", steps[i].sql, STR_FMT(found));
        assert_false(is_pending(ctx, position));
        assert_str(unread(ctx, &position), "");
    }
}

/* PostgreSQL numbers the transactions of all databases together, and a position does not
 * pass one that runs: this waits for those of other tests that began before. */
static void others_have_ended(void **state) {
    static const struct query begun
        = { "test_begun", NULL, "SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint" };
    static const struct query ended
        = { "test_ended", NULL, "SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint" };
    struct test_db *t = *state;
    int64_t until, at = 0;
    if (!test_db_is_pg(t))
        return;
    assert_ok(&t->ctx, db_get_int(&t->ctx, &begun, DB_NO_ARGS, &until));
    while (at < until)
        assert_ok(&t->ctx, db_get_int(&t->ctx, &ended, DB_NO_ARGS, &at));
}

/* After a restart only the number is known: everything behind it comes, perhaps more. */
static void test_by_number(void **state) {
    struct ctx *ctx = migrated(state);
    struct change_position position;
    run(ctx, PERSON "(1, 'p1', 'A', 'a', NULL, '', 0, 0, 0)");
    others_have_ended(state); /* else it is "more" */
    assert_ok(ctx, changes_now(ctx, &position));
    run(ctx, PERSON "(2, 'p2', 'B', 'b', NULL, '', 0, 0, 0)");
    struct change_position again = { .number = position.number };
    assert_str(unread(ctx, &again), "person 2");
    assert_str(unread(ctx, &again), "");
}

static enum rc insert_and_fail(struct ctx *ctx, void *arg) {
    (void) arg;
    static const struct query insert
        = { "insert", PERSON "(1, 'p1', 'A', 'a', NULL, '', 0, 0, 0)", NULL };
    assert_ok(ctx, db_exec(ctx, &insert, DB_NO_ARGS, NULL));
    return E_LIMIT;
}

static void test_rollback(void **state) {
    struct ctx *ctx = migrated(state);
    struct change_position position;
    assert_ok(ctx, changes_now(ctx, &position));
    assert_rc(ctx, db_transact(ctx, insert_and_fail, NULL), E_LIMIT);
    assert_false(is_pending(ctx, position));
    assert_str(unread(ctx, &position), "");
    run(ctx, PERSON "(2, 'p2', 'B', 'b', NULL, '', 0, 0, 0)");
    assert_str(unread(ctx, &position), "person 2");
}

static void test_prune(void **state) {
    struct ctx *ctx = migrated(state);
    struct change_position start, middle, end, none;
    struct changes_reader reader;
    run(ctx, PERSON "(1, 'p1', 'A', 'a', NULL, '', 0, 0, 0)");
    others_have_ended(state);
    assert_ok(ctx, changes_now(ctx, &start));
    run(ctx, "UPDATE people SET name = 'B'");
    others_have_ended(state);
    assert_ok(ctx, changes_now(ctx, &middle));
    run(ctx, PERSON "(2, 'p2', 'B', 'b', NULL, '', 0, 0, 0)");
    run(ctx, PERSON "(3, 'p3', 'B', 'b', NULL, '', 0, 0, 0)");
    end = middle;
    others_have_ended(state);
    assert_str(unread(ctx, &end), "person 2, person 3");
    int64_t later = ctx_now(ctx) + HOUR_MS;

    assert_ok(ctx, changes_prune(ctx, ctx_now(ctx) - HOUR_MS, 100)); /* nothing is so old */
    assert_ok(ctx, changes_prune(ctx, later, 1));
    struct change_position from_start = start;
    assert_str(unread(ctx, &from_start), "person 1, person 2, person 3");
    assert_ok(ctx, changes_prune(ctx, later, 1));
    assert_rc(ctx, changes_read(ctx, start, &reader, &none), E_NOT_FOUND);
    assert_str(unread(ctx, &middle), "person 2, person 3");
    assert_ok(ctx, changes_prune(ctx, later, 100));
    assert_str(unread(ctx, &end), "");
    run(ctx, "DELETE FROM people WHERE doc = 3"); /* gets a number that was never given */
    assert_str(unread(ctx, &end), "person 3");
}

/* A position that lies ahead belongs to another database. */
static void test_ahead(void **state) {
    struct ctx *ctx = migrated(state);
    struct changes_reader reader;
    struct change_position none, ahead = { .number = 1000000000 };
    assert_rc(ctx, changes_read(ctx, ahead, &reader, &none), E_NOT_FOUND);
}

static void test_origin(void **state) {
    struct ctx *ctx = migrated(state);
    struct str first, second;
    assert_ok(ctx, changes_origin(ctx, &first));
    assert_ok(ctx, changes_origin(ctx, &second));
    assert_true(first.n >= 16 && str_eq(first, second));
    assert_ok(ctx, changes_new_origin(ctx));
    assert_ok(ctx, changes_origin(ctx, &second));
    assert_false(str_eq(first, second));
}

/* PostgreSQL: the first transaction takes its number first and commits last. */
struct slow {
    struct db *db;
    sem_t inserted, go;
};

static enum rc insert_and_wait(struct ctx *ctx, void *arg) {
    struct slow *slow = arg;
    static const struct query insert
        = { "insert_slow", PERSON "(1, 'p1', 'A', 'a', NULL, '', 0, 0, 0)", NULL };
    assert_ok(ctx, db_exec(ctx, &insert, DB_NO_ARGS, NULL));
    sem_post(&slow->inserted);
    while (sem_wait(&slow->go) != 0)
        ;
    return OK;
}

static void *slow_main(void *arg) {
    struct slow *slow = arg;
    struct ctx ctx = test_db_ctx(slow->db);
    assert_ok(&ctx, db_transact(&ctx, insert_and_wait, slow));
    test_db_ctx_done(&ctx);
    return NULL;
}

static void test_order_of_commits(void **state) {
    struct ctx *ctx = migrated(state);
    struct slow slow = { .db = ((struct test_db *) *state)->db };
    struct change_position position, by_number;
    pthread_t thread;
    sem_init(&slow.inserted, 0, 0);
    sem_init(&slow.go, 0, 0);
    assert_ok(ctx, changes_now(ctx, &position));
    assert_int_equal(pthread_create(&thread, NULL, slow_main, &slow), 0);
    while (sem_wait(&slow.inserted) != 0)
        ;
    run(ctx, PERSON "(2, 'p2', 'B', 'b', NULL, '', 0, 0, 0)");
    assert_true(is_pending(ctx, position));
    assert_str(unread(ctx, &position), "person 2"); /* does not wait for the other one */
    assert_false(is_pending(ctx, position));
    by_number = (struct change_position){ .number = position.number };
    sem_post(&slow.go);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_true(is_pending(ctx, position));
    assert_str(unread(ctx, &position), "person 1");
    assert_str(unread(ctx, &position), "");
    assert_str(unread(ctx, &by_number), "person 1, person 2");
    sem_destroy(&slow.inserted);
    sem_destroy(&slow.go);
}

/* PostgreSQL: what an open transaction keeps a position from passing is not pruned, however
 * old: else everybody would start anew, again and again, until it ends. */
static void test_prune_beside_an_open_transaction(void **state) {
    struct ctx *ctx = migrated(state);
    struct slow slow = { .db = ((struct test_db *) *state)->db };
    struct change_position before, position, restarted;
    struct changes_reader reader;
    pthread_t thread;
    sem_init(&slow.inserted, 0, 0);
    sem_init(&slow.go, 0, 0);
    assert_ok(ctx, changes_now(ctx, &before));
    assert_int_equal(pthread_create(&thread, NULL, slow_main, &slow), 0);
    while (sem_wait(&slow.inserted) != 0)
        ;
    run(ctx, PERSON "(2, 'p2', 'B', 'b', NULL, '', 0, 0, 0)");
    int64_t later = ctx_now(ctx) + HOUR_MS;
    assert_ok(ctx, changes_prune(ctx, later, 100));
    position = before;
    assert_str(unread(ctx, &position), "person 2");
    assert_ok(ctx, changes_now(ctx, &restarted));
    assert_str(unread(ctx, &restarted), "");
    sem_post(&slow.go);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_str(unread(ctx, &position), "person 1");
    assert_str(unread(ctx, &restarted), "person 1");
    others_have_ended(state);
    assert_ok(ctx, changes_prune(ctx, later, 100));
    struct change_position none;
    assert_rc(ctx, changes_read(ctx, before, &reader, &none), E_NOT_FOUND);
    sem_destroy(&slow.inserted);
    sem_destroy(&slow.go);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        BOTH_ENGINES(test_what_is_noted),
        BOTH_ENGINES(test_by_number),
        BOTH_ENGINES(test_rollback),
        BOTH_ENGINES(test_prune),
        BOTH_ENGINES(test_ahead),
        BOTH_ENGINES(test_origin),
        { "test_order_of_commits (postgresql)", test_order_of_commits, test_db_setup_pg,
          test_db_teardown, NULL },
        { "test_prune_beside_an_open_transaction (postgresql)",
          test_prune_beside_an_open_transaction, test_db_setup_pg, test_db_teardown, NULL },
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
