/* Removals on both engines: personal data goes, hashes stay, and they are found again by
 * every key that somebody may ask with. */
#include "account.h"

#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdatomic.h>

#include "base/vec.h"
#include "store/idempotency.h"
#include "store/put.h"
#include "store/removals.h"
#include "store/secrets.h"
#include "store/services.h"

static struct services services;
static struct secrets *secrets;

static struct ctx *start(void **state) {
    struct test_db *t = *state;
    struct ctx *ctx = account_start(state);
    char folder[] = "/tmp/outrider-test-XXXXXX";
    assert_non_null(mkdtemp(folder));
    const char *path = arena_printf(t->arena, "%s/key", folder).p;
    assert_ok(ctx, secrets_load(ctx, path, &secrets));
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(folder), 0);
    services.secrets = secrets;
    ctx->services = &services;
    return ctx;
}

static struct person sample(void) {
    return (struct person){ .id = STR("person-1"), .name = STR("Ana Müller"), .name_key = STR("ana muller"),
                            .linkedin_key = STR("in/ana"), .stored_email = STR("ana@example.com"),
                            .email_key = STR("ana@example.com"), .company_id = STR("company-1"),
                            .tags = STR("nana nmuller"), .rank = opt_int(1) };
}

static enum rc put_work(struct ctx *ctx, void *arg) {
    (void) arg;
    struct company company = { .id = STR("company-1"), .name = STR("Acme GmbH"), .name_key = STR("acme"),
                               .domain = STR("acme.example"), .tags = STR("wacme"), .rank = opt_int(1) };
    struct person people[] = { sample(), sample() };
    people[1].id = STR("person-2");
    people[1].linkedin_key = STR("in/other");
    people[1].email_key = people[1].stored_email = STR("other@example.com");
    struct phone_number numbers[] = {
        { .id = STR("phone-1"), .person_id = STR("person-1"), .number = STR("+49301") },
        { .id = STR("phone-2"), .person_id = STR("person-2"), .number = STR("+49302") },
    };
    enum rc rc = companies_put(ctx, (struct list){ &company, 1 });
    if (rc == OK)
        rc = people_put(ctx, (struct list){ people, 2 });
    return rc == OK ? phone_numbers_put(ctx, (struct list){ numbers, 2 }) : rc;
}

static enum rc remove_work(struct ctx *ctx, void *arg) {
    return person_remove(ctx, arg);
}

static bool is_removed(struct ctx *ctx, enum removal_kind kind, struct str key) {
    bool exists = false;
    assert_ok(ctx, removal_exists(ctx, kind, key, &exists));
    return exists;
}

static size_t numbers_of(struct ctx *ctx, const char *person) {
    struct strs ids = { 0 };
    struct list numbers;
    strs_add(ctx->arena, &ids, str_of(person));
    assert_ok(ctx, phone_numbers_of(ctx, ids, &numbers));
    return numbers.n;
}

static void test_remove(void **state) {
    struct ctx *ctx = start(state);
    struct person person, gone;
    assert_ok(ctx, db_transact(ctx, put_work, NULL));
    assert_ok(ctx, person_get(ctx, STR("person-1"), &person));
    assert_false(is_removed(ctx, REMOVAL_EMAIL, STR("ana@example.com")));
    assert_ok(ctx, db_transact(ctx, remove_work, &person));
    assert_rc(ctx, person_get(ctx, STR("person-1"), &gone), E_NOT_FOUND);
    assert_int_equal(numbers_of(ctx, "person-1"), 0);
    const struct {
        enum removal_kind kind;
        struct str key;
        bool removed;
    } cases[] = {
        { REMOVAL_ID, STR("person-1"), true },
        { REMOVAL_ID, STR("person-2"), false },
        { REMOVAL_LINKEDIN, STR("in/ana"), true },
        { REMOVAL_EMAIL, STR("ana@example.com"), true },
        { REMOVAL_EMAIL, STR("in/ana"), false }, /* a key of another kind */
        { REMOVAL_EMAIL, STR("other@example.com"), false },
        { REMOVAL_EMAIL, STR_NONE, false },
        { REMOVAL_NAME, removal_name_key(ctx->arena, STR("ANA MÜLLER"), STR_NONE, STR("acme.example")), true },
        { REMOVAL_NAME, removal_name_key(ctx->arena, STR("Ana Müller"), STR("ACME"), STR_NONE), true },
        { REMOVAL_NAME, removal_name_key(ctx->arena, STR("Ana Müller"), STR("Other"), STR_NONE), false },
        { REMOVAL_NAME, removal_name_key(ctx->arena, STR("Ana Müller"), STR_NONE, STR_NONE), false },
    };
    for (size_t i = 0; i < LENGTH(cases); i++)
        if (is_removed(ctx, cases[i].kind, cases[i].key) != cases[i].removed)
            fail_case("case %zu: expected %d", i, cases[i].removed);
    assert_ok(ctx, db_transact(ctx, remove_work, &person)); /* again: nothing more happens */
    assert_ok(ctx, person_get(ctx, STR("person-2"), &gone)); /* the other one is still there */
    assert_int_equal(numbers_of(ctx, "person-2"), 1);
    secrets_free(&secrets);
}

/* Nothing that could say who it was is left anywhere. */
static void test_only_hashes_are_left(void **state) {
    struct ctx *ctx = start(state);
    struct person person;
    static const struct query readable = {
        "readable", "SELECT count(*) FROM removals WHERE lower(hex(hash)) LIKE '%' || lower(hex($1)) || '%'",
        "SELECT count(*) FROM removals WHERE encode(hash, 'hex') LIKE '%' || encode($1::bytea, 'hex') || '%'"
    };
    static const struct query hashes = { "hashes", "SELECT count(*) FROM removals WHERE length(hash) = 32", NULL };
    assert_ok(ctx, db_transact(ctx, put_work, NULL));
    assert_ok(ctx, person_get(ctx, STR("person-1"), &person));
    assert_ok(ctx, db_transact(ctx, remove_work, &person));
    int64_t n = -1;
    assert_ok(ctx, db_get_int(ctx, &readable, DB_ARGS(db_v_blob(STR("ana@example.com"))), &n));
    assert_int_equal(n, 0);
    assert_ok(ctx, db_get_int(ctx, &hashes, DB_NO_ARGS, &n));
    assert_int_equal(n, 5);
    secrets_free(&secrets);
}

static enum rc add_work(struct ctx *ctx, void *arg) {
    const struct strs *keys = arg;
    enum rc rc = OK;
    for (size_t i = 0; rc == OK && i < keys->n; i += 3)
        rc = removal_add(ctx, REMOVAL_EMAIL, keys->p[i]);
    return rc == OK ? removal_add(ctx, REMOVAL_LINKEDIN, keys->p[1]) : rc;
}

static void test_among(void **state) {
    struct ctx *ctx = start(state);
    struct strs keys = { 0 };
    struct ints removed;
    for (int i = 0; i < 300; i++)
        strs_add(ctx->arena, &keys, i % 10 == 9 ? STR_NONE : arena_printf(ctx->arena, "p%d@example.com", i));
    assert_ok(ctx, db_transact(ctx, add_work, &keys));
    assert_ok(ctx, removals_among(ctx, REMOVAL_EMAIL, keys, &removed));
    size_t at = 0;
    for (int64_t i = 0; i < 300; i += 3)
        if (i % 10 != 9)
            assert_int_equal(removed.p[at++], i);
    assert_int_equal(removed.n, at);
    assert_ok(ctx, removals_among(ctx, REMOVAL_EMAIL, (struct strs){ 0 }, &removed));
    assert_int_equal(removed.n, 0);
    secrets_free(&secrets);
}

/* 1,203 answers of three accounts; each hundredth and the last hold the address. */
static enum rc answers_work(struct ctx *ctx, void *arg) {
    static const struct query insert = {
        "answers", "WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 1202) "
        "INSERT INTO idempotency_keys (account_id, key, fingerprint, status, body, locked_until, created_at) "
        "SELECT 'account-' || CAST(i % 3 AS TEXT), 'k' || CAST(i AS TEXT), $1, 200, "
        "CASE WHEN i % 100 = 0 OR i = 1202 THEN '{\"Ana@Example.com\":\"success\"}' "
        "WHEN i % 100 = 1 THEN NULL ELSE 'nana@example.org' END, 0, 0 FROM n",
        NULL
    };
    (void) arg;
    return db_exec(ctx, &insert, DB_ARGS(db_v_blob(STR("fingerprint"))), NULL);
}

static int64_t count_of(struct ctx *ctx, const struct query *query) {
    int64_t n = -1;
    assert_ok(ctx, db_get_int(ctx, query, DB_NO_ARGS, &n));
    return n;
}

/* Only they go, in however many steps, and in whatever case they are written. */
static void test_answers_are_forgotten(void **state) {
    struct ctx *ctx = start(state);
    static const struct query all = { "all", "SELECT count(*) FROM idempotency_keys", NULL };
    static const struct query left
        = { "left", "SELECT count(*) FROM idempotency_keys WHERE body LIKE '%@Example.com%'", NULL };
    struct strs words = { 0 };
    assert_ok(ctx, db_transact(ctx, answers_work, NULL));
    assert_ok(ctx, idempotency_forget(ctx, words));
    assert_int_equal(count_of(ctx, &all), 1203);
    strs_add(ctx->arena, &words, STR("in/ana"));
    strs_add(ctx->arena, &words, STR("ana@example.com"));
    assert_ok(ctx, idempotency_forget(ctx, words));
    assert_int_equal(count_of(ctx, &left), 0);
    assert_int_equal(count_of(ctx, &all), 1203 - 14);
    secrets_free(&secrets);
}

static int64_t parts_of_index(struct ctx *ctx) {
    static const struct query parts = {
        "parts", "SELECT count(DISTINCT segid) FROM people_tags_idx", "SELECT 1"
    };
    return count_of(ctx, &parts);
}

/* The words of the deleted are gone when all is in one part, or none. */
static void test_words_are_merged(void **state) {
    struct ctx *ctx = start(state);
    struct person person;
    assert_ok(ctx, db_transact(ctx, put_work, NULL));
    assert_ok(ctx, person_get(ctx, STR("person-1"), &person));
    assert_ok(ctx, db_transact(ctx, remove_work, &person));
    assert_true(test_db_is_pg(*state) || parts_of_index(ctx) > 1);
    assert_ok(ctx, removals_erase(ctx));
    assert_int_equal(parts_of_index(ctx), 1);
    assert_ok(ctx, removals_erase(ctx)); /* with nothing to do */
    assert_ok(ctx, person_get(ctx, STR("person-2"), &person));
    secrets_free(&secrets);
}

/* An import that asked before the removal and stores after it would bring the person back:
 * one of the two waits for the other. */
struct importer {
    struct db *db;
    sem_t asked, go;
};
struct remover {
    struct db *db;
    _Atomic bool has_ended;
};

static enum rc import_work(struct ctx *ctx, void *arg) {
    struct importer *importer = arg;
    assert_ok(ctx, removals_hold(ctx));
    assert_false(is_removed(ctx, REMOVAL_EMAIL, STR("ana@example.com")));
    sem_post(&importer->asked);
    while (sem_wait(&importer->go) != 0)
        ;
    return put_work(ctx, NULL);
}

static void *import_main(void *arg) {
    struct importer *importer = arg;
    struct ctx ctx = test_db_ctx(importer->db);
    ctx.services = &services;
    assert_ok(&ctx, db_transact(&ctx, import_work, importer));
    test_db_ctx_done(&ctx);
    return NULL;
}

static enum rc remove_found_work(struct ctx *ctx, void *arg) {
    struct person person;
    (void) arg;
    assert_ok(ctx, removals_begin(ctx));
    enum rc rc = person_by_email(ctx, STR("ana@example.com"), &person);
    if (rc == OK)
        return person_remove(ctx, &person);
    return removal_add(ctx, REMOVAL_EMAIL, STR("ana@example.com"));
}

static void *remove_main(void *arg) {
    struct remover *remover = arg;
    struct ctx ctx = test_db_ctx(remover->db);
    ctx.services = &services;
    assert_ok(&ctx, db_transact(&ctx, remove_found_work, NULL));
    test_db_ctx_done(&ctx);
    atomic_store(&remover->has_ended, true);
    return NULL;
}

static void test_import_beside(void **state) {
    struct ctx *ctx = start(state);
    static const struct query waiting = { "waiting", "SELECT 0", "SELECT count(*) FROM pg_locks WHERE NOT granted" };
    struct importer importer = { .db = ((struct test_db *) *state)->db };
    struct remover remover = { .db = importer.db };
    struct person person;
    pthread_t threads[2];
    sem_init(&importer.asked, 0, 0);
    sem_init(&importer.go, 0, 0);
    assert_int_equal(pthread_create(&threads[0], NULL, import_main, &importer), 0);
    while (sem_wait(&importer.asked) != 0)
        ;
    assert_int_equal(pthread_create(&threads[1], NULL, remove_main, &remover), 0);
    while (!atomic_load(&remover.has_ended) && count_of(ctx, &waiting) == 0)
        sched_yield();
    sem_post(&importer.go);
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_rc(ctx, person_by_email(ctx, STR("ana@example.com"), &person), E_NOT_FOUND);
    assert_true(is_removed(ctx, REMOVAL_EMAIL, STR("ana@example.com")));
    sem_destroy(&importer.asked);
    sem_destroy(&importer.go);
    secrets_free(&secrets);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        BOTH_ENGINES(test_remove),
        BOTH_ENGINES(test_only_hashes_are_left),
        BOTH_ENGINES(test_among),
        BOTH_ENGINES(test_answers_are_forgotten),
        BOTH_ENGINES(test_words_are_merged),
        /* SQLite has one writer at a time */
        { "test_import_beside (postgresql)", test_import_beside, test_db_setup_pg, test_db_teardown, NULL },
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
