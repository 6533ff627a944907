/* The job table and the runner on both engines, with a clock that the test moves. */
#include "account.h"

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include "base/vec.h"
#include "enrich/batch.h"
#include "jobs/runner.h"
#include "store/jobs.h"
#include "store/services.h"

#define LEASE_MS 15000
static const struct str subject_a = { "a", 1 }, subject_b = { "b", 1 };

/* --- one call as a transaction --- */

enum call { ENQUEUE, CANCEL, STILL_MINE, DONE, AGAIN, LATER, FAIL, GIVE_BACK };

struct change {
    enum call call;
    struct str subject;
    const struct job *job;
    int64_t run_at;
};

static enum rc change_work(struct ctx *ctx, void *arg) {
    const struct change *c = arg;
    switch (c->call) {
    case ENQUEUE: return job_enqueue(ctx, "kind", c->subject, STR("{\"n\":1}"));
    case CANCEL: return job_cancel(ctx, "kind", c->subject);
    case STILL_MINE: return job_still_mine(ctx, c->job);
    case DONE: return job_done(ctx, c->job);
    case AGAIN: return job_again(ctx, c->job, c->run_at, STR("because"));
    case LATER: return job_later(ctx, c->job, c->run_at);
    case FAIL: return job_again(ctx, c->job, -1, STR("because"));
    case GIVE_BACK: return job_give_back(ctx, c->job);
    }
    return E_INVALID;
}

static enum rc change(struct ctx *ctx, struct change c) {
    enum rc rc = db_transact(ctx, change_work, &c);
    ctx_clear_error(ctx);
    return rc;
}

static void enqueue(struct ctx *ctx, struct str subject) {
    assert_ok(ctx, change(ctx, (struct change){ ENQUEUE, subject, NULL, 0 }));
}

static struct list claim_all(struct ctx *ctx, const char *owner) {
    struct list jobs = { 0 };
    assert_ok(ctx, jobs_claim(ctx, &(struct job_claim){ str_of(owner), LEASE_MS, 50, true }, &jobs));
    return jobs;
}

static const struct job *claim_one(struct ctx *ctx, const char *owner) {
    struct list jobs = claim_all(ctx, owner);
    assert_int_equal(jobs.n, 1);
    return jobs.p;
}

static void assert_none(struct ctx *ctx, const char *owner) {
    assert_int_equal(claim_all(ctx, owner).n, 0);
}

static struct job job_of(struct ctx *ctx, struct str subject) {
    struct job job;
    assert_ok(ctx, job_by_subject(ctx, "kind", subject, &job));
    return job;
}

/* --- the table --- */

static void test_life(void **state) {
    struct ctx *ctx = account_start(state);
    struct job job;
    assert_rc(ctx, job_by_subject(ctx, "kind", subject_a, &job), E_NOT_FOUND);
    enqueue(ctx, subject_a);
    enqueue(ctx, subject_a); /* there already */
    assert_str(job_of(ctx, subject_a).status, "queued");
    const struct job *mine = claim_one(ctx, "me");
    assert_str(mine->subject, "a");
    assert_str(mine->payload, "{\"n\":1}");
    assert_str(mine->account_id, arena_cstr(ctx->arena, ctx->account_id));
    assert_none(ctx, "other");
    enqueue(ctx, subject_a); /* it runs: nothing happens */
    assert_str(job_of(ctx, subject_a).status, "running");
    assert_ok(ctx, change(ctx, (struct change){ STILL_MINE, STR_NONE, mine, 0 }));
    assert_ok(ctx, change(ctx, (struct change){ DONE, STR_NONE, mine, 0 }));
    assert_rc(ctx, change(ctx, (struct change){ DONE, STR_NONE, mine, 0 }), E_CANCELED);
    job = job_of(ctx, subject_a);
    assert_str(job.status, "done");
    assert_str(job.payload, "{}"); /* it may name people */
    assert_int_equal(job.finished_at.v, START_MS);
    enqueue(ctx, subject_a); /* anew, as another job */
    assert_false(str_eq(claim_one(ctx, "me")->id, job.id));
}

static void test_lease_runs_out(void **state) {
    struct ctx *ctx = account_start(state);
    enqueue(ctx, subject_a);
    const struct job *mine = claim_one(ctx, "me");
    test_clock.ms = START_MS + LEASE_MS - 1;
    assert_none(ctx, "other");
    test_clock.ms = START_MS + LEASE_MS;
    const struct job *theirs = claim_one(ctx, "other");
    assert_str(theirs->id, arena_cstr(ctx->arena, mine->id));
    assert_int_equal(theirs->attempts.v, 0); /* nothing failed */
    static const enum call calls[] = { STILL_MINE, DONE, AGAIN, LATER, FAIL, GIVE_BACK };
    for (size_t i = 0; i < LENGTH(calls); i++)
        assert_rc(ctx, change(ctx, (struct change){ calls[i], STR_NONE, mine, 0 }), E_CANCELED);
    assert_ok(ctx, change(ctx, (struct change){ DONE, STR_NONE, theirs, 0 }));
}

static void test_renew(void **state) {
    struct ctx *ctx = account_start(state);
    enqueue(ctx, subject_a);
    enqueue(ctx, subject_b);
    struct list jobs = claim_all(ctx, "me");
    assert_int_equal(jobs.n, 2);
    const struct job *kept = jobs.p;
    struct strs ids = { 0 };
    strs_add(ctx->arena, &ids, kept->id);
    test_clock.ms = START_MS + LEASE_MS - 1;
    assert_ok(ctx, jobs_renew(ctx, STR("other"), ids, LEASE_MS)); /* not theirs */
    assert_ok(ctx, jobs_renew(ctx, STR("me"), ids, LEASE_MS));
    test_clock.ms = START_MS + LEASE_MS;
    /* The one that was not named is up: a job whose end could not be stored. */
    assert_str(claim_one(ctx, "other")->id, arena_cstr(ctx->arena, kept[1].id));
    assert_ok(ctx, change(ctx, (struct change){ STILL_MINE, STR_NONE, kept, 0 }));
    test_clock.ms = START_MS + 2 * LEASE_MS - 1;
    struct list late = claim_all(ctx, "third");
    const struct job *job = late.p;
    for (size_t i = 0; i < late.n; i++)
        if (str_eq(job[i].id, kept->id))
            return;
    fail_case("a renewed lease did not run out");
}

static void test_again_and_failed(void **state) {
    struct ctx *ctx = account_start(state);
    enqueue(ctx, subject_a);
    const struct job *mine = claim_one(ctx, "me");
    assert_ok(ctx, change(ctx, (struct change){ AGAIN, STR_NONE, mine, START_MS + 500 }));
    struct job job = job_of(ctx, subject_a);
    assert_str(job.status, "queued");
    assert_str(job.last_error, "because");
    assert_int_equal(job.attempts.v, 1);
    int64_t due;
    assert_ok(ctx, jobs_next_due(ctx, &due));
    assert_int_equal(due, START_MS + 500);
    test_clock.ms = START_MS + 499;
    assert_none(ctx, "me");
    test_clock.ms = START_MS + 500;
    mine = claim_one(ctx, "me");
    assert_int_equal(mine->attempts.v, 1);
    assert_ok(ctx, change(ctx, (struct change){ GIVE_BACK, STR_NONE, mine, 0 }));
    mine = claim_one(ctx, "me");
    assert_int_equal(mine->attempts.v, 1);
    assert_ok(ctx, change(ctx, (struct change){ FAIL, STR_NONE, mine, 0 }));
    job = job_of(ctx, subject_a);
    assert_str(job.payload, "{}");
    assert_str(job.status, "failed");
    assert_int_equal(job.attempts.v, 2);
    test_clock.ms += DAY_MS;
    assert_none(ctx, "me");
    assert_ok(ctx, jobs_next_due(ctx, &due));
    assert_true(due == INT64_MAX);
    enqueue(ctx, subject_a);
    assert_int_equal(claim_one(ctx, "me")->attempts.v, 0);
}

/* It waits for something: no attempt, no error, and not due before. */
static void test_later(void **state) {
    struct ctx *ctx = account_start(state);
    enqueue(ctx, subject_a);
    const struct job *job = claim_one(ctx, "one");
    struct job other = *job;
    other.lease_owner = STR("two");
    assert_rc(ctx, change(ctx, (struct change){ LATER, STR_NONE, &other, START_MS }), E_CANCELED);
    assert_ok(ctx, change(ctx, (struct change){ LATER, STR_NONE, job, START_MS + 500 }));
    assert_rc(ctx, change(ctx, (struct change){ DONE, STR_NONE, job, 0 }), E_CANCELED);
    test_clock.ms = START_MS + 499;
    assert_int_equal(claim_all(ctx, "one").n, 0);
    test_clock.ms = START_MS + 500;
    job = claim_one(ctx, "one");
    assert_int_equal(job->attempts.v, 0);
    assert_false(str_is_set(job->last_error));
}

static void test_cancel(void **state) {
    struct ctx *ctx = account_start(state);
    enqueue(ctx, subject_a);
    enqueue(ctx, subject_b);
    assert_ok(ctx, change(ctx, (struct change){ CANCEL, subject_a, NULL, 0 }));
    const struct job *mine = claim_one(ctx, "me");
    assert_str(mine->subject, "b");
    assert_ok(ctx, change(ctx, (struct change){ CANCEL, subject_b, NULL, 0 }));
    assert_rc(ctx, change(ctx, (struct change){ STILL_MINE, STR_NONE, mine, 0 }), E_CANCELED);
    assert_rc(ctx, change(ctx, (struct change){ AGAIN, STR_NONE, mine, START_MS }), E_CANCELED);
    assert_str(job_of(ctx, subject_b).status, "canceled");
    assert_str(job_of(ctx, subject_b).payload, "{}");
    assert_ok(ctx, change(ctx, (struct change){ CANCEL, STR("unknown"), NULL, 0 }));
    struct account other;
    assert_ok(ctx, account_create(ctx, STR("Other"), &other));
    enqueue(ctx, subject_a);
    ctx->account_id = other.id;
    assert_ok(ctx, change(ctx, (struct change){ CANCEL, subject_a, NULL, 0 })); /* not theirs */
    assert_str(claim_one(ctx, "me")->subject, "a");
}

static void test_release(void **state) {
    struct ctx *ctx = account_start(state);
    enqueue(ctx, subject_a);
    const struct job *killed = claim_one(ctx, "killed");
    assert_none(ctx, "next life");
    assert_ok(ctx, jobs_release(ctx));
    assert_int_equal(claim_one(ctx, "next life")->attempts.v, 0);
    assert_rc(ctx, change(ctx, (struct change){ DONE, STR_NONE, killed, 0 }), E_CANCELED);
}

/* --- jobs whose process ended --- */

static void test_lost_claims_are_counted(void **state) {
    struct ctx *ctx = account_start(state);
    enqueue(ctx, subject_a);
    static const struct {
        enum call call; /* of the claim before; ENQUEUE: none, its process ended */
        int64_t lost;   /* of the next claim */
    } cases[] = {
        { ENQUEUE, 1 }, { ENQUEUE, 2 }, { ENQUEUE, 3 }, { STILL_MINE, 1 }, { ENQUEUE, 2 },
        { AGAIN, 0 },   { ENQUEUE, 1 }, { GIVE_BACK, 0 }, { ENQUEUE, 1 },
    };
    const struct job *mine = claim_one(ctx, "me");
    assert_int_equal(mine->lost.v, 0);
    for (size_t i = 0; i < LENGTH(cases); i++) {
        if (cases[i].call != ENQUEUE)
            assert_ok(ctx, change(ctx, (struct change){ cases[i].call, STR_NONE, mine, START_MS }));
        assert_ok(ctx, jobs_release(ctx));
        mine = claim_one(ctx, "me");
        assert_int_equal(mine->lost.v, cases[i].lost);
    }
}

/* Several were lost together: they are cleared one by one, those least lost first. */
static void test_lost_ones_are_claimed_singly(void **state) {
    struct ctx *ctx = account_start(state);
    struct list none = { 0 };
    enqueue(ctx, subject_a);
    claim_one(ctx, "me");
    assert_ok(ctx, jobs_release(ctx));
    claim_one(ctx, "me"); /* lost once */
    enqueue(ctx, subject_b);
    assert_str(claim_one(ctx, "me")->subject, "b");
    assert_ok(ctx, jobs_release(ctx));
    enqueue(ctx, STR("c"));
    struct job_claim sound = { STR("me"), LEASE_MS, 50, .lost = false };
    assert_ok(ctx, jobs_claim(ctx, &sound, &none));
    assert_int_equal(none.n, 1);
    assert_str(((const struct job *) none.p)->subject, "c");
    const struct job *first = claim_one(ctx, "me");
    assert_str(first->subject, "b");
    assert_int_equal(first->lost.v, 1);
    const struct job *second = claim_one(ctx, "me");
    assert_str(second->subject, "a");
    assert_int_equal(second->lost.v, 2);
}

/* --- many claimers --- */

enum { CLAIMERS = 6, JOBS = 240 };

struct claimer {
    struct db *db;
    int number, claimed, failures;
};

static void *claim_and_end(void *arg) {
    struct claimer *c = arg;
    struct ctx ctx = test_db_ctx(c->db);
    ctx.clock = &test_clock.clock;
    struct str owner = arena_printf(ctx.arena, "owner %d", c->number);
    /* An empty claim can also mean that others hold locks: three in a row are the end. */
    for (int empty = 0; empty < 3;) {
        struct list jobs = { 0 };
        c->failures += jobs_claim(&ctx, &(struct job_claim){ owner, LEASE_MS, 7, false }, &jobs) != OK;
        const struct job *job = jobs.p;
        for (size_t i = 0; i < jobs.n; i++)
            c->failures += change(&ctx, (struct change){ DONE, STR_NONE, &job[i], 0 }) != OK;
        c->claimed += (int) jobs.n;
        empty = jobs.n ? 0 : empty + 1;
    }
    test_db_ctx_done(&ctx);
    return NULL;
}

static void test_no_two_get_the_same(void **state) {
    struct ctx *ctx = account_start(state);
    struct test_db *t = *state;
    for (int i = 0; i < JOBS; i++)
        enqueue(ctx, arena_printf(ctx->arena, "%d", i));
    struct claimer claimers[CLAIMERS];
    pthread_t threads[CLAIMERS];
    int claimed = 0;
    for (int i = 0; i < CLAIMERS; i++) {
        claimers[i] = (struct claimer){ .db = t->db, .number = i };
        assert_int_equal(pthread_create(&threads[i], NULL, claim_and_end, &claimers[i]), 0);
    }
    for (int i = 0; i < CLAIMERS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_int_equal(claimers[i].failures, 0);
        claimed += claimers[i].claimed;
    }
    assert_int_equal(claimed, JOBS);
    struct counts counts;
    assert_ok(ctx, jobs_count(ctx, &counts));
    assert_int_equal(counts.n, 1);
    assert_str(counts.p[0].key, "done");
    assert_int_equal(counts.p[0].n, JOBS);
}

/* --- the runner, with a kind that nobody knows and one whose batch does not exist --- */

static enum rc enqueue_others(struct ctx *ctx, void *arg) {
    (void) arg;
    enum rc rc = job_enqueue(ctx, "people_enrichment", STR("4711"), STR("{}"));
    return rc == OK ? job_enqueue(ctx, "unknown", STR("x"), STR("{}")) : rc;
}

static struct job wait_for_end(struct ctx *ctx, const char *kind, struct str subject) {
    struct job job = { 0 };
    for (int i = 0; i < 3000 && !job.finished_at.set; i++) { /* at most 30 s */
        assert_ok(ctx, job_by_subject(ctx, kind, subject, &job));
        if (!job.finished_at.set)
            (void) nanosleep(&(struct timespec){ .tv_nsec = 10000000 }, NULL);
    }
    return job;
}

static void test_runner(void **state) {
    struct ctx *ctx = account_start(state);
    struct test_db *t = *state;
    struct services services = { 0 };
    ctx->clock = &clock_system; /* the runner's */
    assert_false(job_runner_stopping());
    struct job_runner *runner = job_runner_start(t->db, &services, 3);
    assert_ok(ctx, db_transact(ctx, enqueue_others, NULL));
    job_runner_wake();
    struct job job = wait_for_end(ctx, "people_enrichment", STR("4711"));
    assert_str(job.status, "failed"); /* the batch is gone: that is no end of it */
    assert_str(job.last_error, "enrichment 4711 is gone");
    job = wait_for_end(ctx, "unknown", STR("x"));
    assert_str(job.status, "failed");
    assert_true(str_is_set(job.last_error));
    job_runner_stop(&runner);
    assert_null(runner);
    job_runner_wake(); /* without a runner: nothing */
    job_runner_stop(&runner);
}

static int64_t new_batch(struct ctx *ctx, size_t items) {
    struct list queries = { 0 };
    for (size_t i = 0; i < items; i++) {
        struct company_query *query = list_add(ctx->arena, &queries, sizeof *query);
        query->domain = STR("nowhere.example.com");
    }
    struct enrichment_inputs inputs = { queries, &company_enrichment_input_fields };
    struct enrichment batch;
    assert_ok(ctx, enrichment_create(ctx, ENRICH_COMPANIES, &inputs, &(struct enrichment){ 0 },
                                     &batch));
    return batch.id.v;
}

/* A batch of one item, whose process ended `lost` times before its first step was done. */
static int64_t lost_batch(struct ctx *ctx, int lost) {
    int64_t id = new_batch(ctx, 1);
    for (int i = 0; i < lost; i++) {
        claim_one(ctx, "killed");
        assert_ok(ctx, jobs_release(ctx));
    }
    return id;
}

static int steps_left;

static bool stop_after_steps(void) {
    return steps_left-- <= 0;
}

/* How many items of a batch are done in so many steps of a job that was lost. */
static void test_lost_batches_begin_small(void **state) {
    static const struct {
        int lost, steps, done;
    } cases[] = {
        { 0, 1, 100 }, { 0, 2, 200 }, { 1, 1, 25 }, { 1, 3, 25 + 50 + 100 }, { 2, 1, 6 }, { 3, 1, 1 },
        { 3, 3, 1 + 2 + 4 }, { JOB_LOST_MAX - 1, 1, 1 },
    };
    struct ctx *ctx = account_start(state);
    static const struct services services = { .jobs_stopping = stop_after_steps };
    ctx->services = &services;
    for (size_t i = 0; i < LENGTH(cases); i++) {
        int64_t id = new_batch(ctx, 250);
        struct job job = *claim_one(ctx, "me");
        job.lost = opt_int(cases[i].lost);
        steps_left = cases[i].steps;
        assert_rc(ctx, companies_enrichment_job(ctx, &job), E_TIMEOUT);
        ctx_clear_error(ctx);
        struct list left = { 0 };
        assert_ok(ctx, enrichment_pending(ctx, id, 0, 1000, &left));
        assert_int_equal(250 - left.n, cases[i].done);
    }
}

static void test_runner_gives_up_what_kills_it(void **state) {
    static const struct {
        int lost;
        const char *job, *batch, *error_code;
    } cases[] = {
        { JOB_LOST_MAX - 1, "done", "completed", NULL },
        { JOB_LOST_MAX, "failed", "error", "internal_server_error" },
    };
    struct ctx *ctx = account_start(state);
    struct test_db *t = *state;
    struct services services = { 0 };
    ctx->clock = &clock_system;
    for (size_t i = 0; i < LENGTH(cases); i++) {
        int64_t id = lost_batch(ctx, cases[i].lost);
        struct job_runner *runner = job_runner_start(t->db, &services, 3);
        struct job job = wait_for_end(ctx, "companies_enrichment",
                                      arena_printf(ctx->arena, "%lld", (long long) id));
        job_runner_stop(&runner);
        assert_str(job.status, cases[i].job);
        struct enrichment batch;
        assert_ok(ctx, enrichment_get(ctx, ENRICH_COMPANIES, id, &batch));
        assert_str(batch.status, cases[i].batch);
        assert_str(batch.error_code, cases[i].error_code);
        if (cases[i].error_code)
            assert_str(job.last_error, "the process ended 8 times while this job ran");
    }
}

static atomic_int planner_woken, jobs_woken;

static void wake_planner(void) {
    atomic_fetch_add(&planner_woken, 1);
}

static void wake_jobs(void) {
    atomic_fetch_add(&jobs_woken, 1);
    job_runner_wake();
}

static enum rc enqueue_kind(struct ctx *ctx, void *arg) {
    return job_enqueue(ctx, arg, STR("nobody"), STR("{}"));
}

/* What a job does when it gives up is as urgent as what it does when it succeeds. */
static void test_giving_up_wakes(void **state) {
    static const struct {
        const char *kind;
        int planner, jobs;
    } cases[] = { { "label_hook", 1, 1 }, { "linkedin_action", 1, 0 }, { "lead_list", 0, 0 } };
    struct ctx *ctx = account_start(state);
    struct test_db *t = *state;
    static const struct services services = { .wake_sequences = wake_planner, .wake_jobs = wake_jobs };
    ctx->clock = &clock_system;
    for (size_t i = 0; i < LENGTH(cases); i++) {
        atomic_store(&planner_woken, 0);
        atomic_store(&jobs_woken, 0);
        assert_ok(ctx, db_transact(ctx, enqueue_kind, (void *) cases[i].kind));
        for (int k = 0; k < JOB_LOST_MAX; k++) {
            claim_one(ctx, "killed");
            assert_ok(ctx, jobs_release(ctx));
        }
        struct job_runner *runner = job_runner_start(t->db, &services, 1);
        struct job job = wait_for_end(ctx, cases[i].kind, STR("nobody"));
        job_runner_stop(&runner);
        assert_str(job.status, "failed");
        assert_int_equal(atomic_load(&planner_woken), cases[i].planner);
        assert_int_equal(atomic_load(&jobs_woken), cases[i].jobs);
    }
}

static int64_t jobs_of(struct ctx *ctx) {
    static const struct query all = { "all", "SELECT count(*) FROM jobs", NULL };
    int64_t n;
    assert_ok(ctx, db_get_int(ctx, &all, DB_NO_ARGS, &n));
    return n;
}

/* Only what ended long ago goes, as many as are wanted at a time. */
static void test_prune(void **state) {
    struct ctx *ctx = account_start(state);
    for (int i = 0; i < 3; i++) {
        enqueue(ctx, arena_printf(ctx->arena, "done%d", i));
        assert_ok(ctx, change(ctx, (struct change){ DONE, STR_NONE, claim_one(ctx, "me"), 0 }));
    }
    enqueue(ctx, STR("failed"));
    assert_ok(ctx, change(ctx, (struct change){ FAIL, STR_NONE, claim_one(ctx, "me"), 0 }));
    enqueue(ctx, STR("canceled"));
    assert_ok(ctx, change(ctx, (struct change){ CANCEL, STR("canceled"), NULL, 0 }));
    enqueue(ctx, STR("runs"));
    claim_one(ctx, "me");
    enqueue(ctx, STR("waits"));
    assert_ok(ctx, jobs_prune(ctx, ctx_now(ctx), 100)); /* nothing is so old */
    assert_int_equal(jobs_of(ctx), 7);
    assert_ok(ctx, jobs_prune(ctx, ctx_now(ctx) + 1, 2));
    assert_int_equal(jobs_of(ctx), 5);
    assert_ok(ctx, jobs_prune(ctx, ctx_now(ctx) + 1, 100));
    assert_int_equal(jobs_of(ctx), 2);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        BOTH_ENGINES(test_life),
        BOTH_ENGINES(test_lease_runs_out),
        BOTH_ENGINES(test_renew),
        BOTH_ENGINES(test_again_and_failed),
        BOTH_ENGINES(test_later),
        BOTH_ENGINES(test_cancel),
        BOTH_ENGINES(test_prune),
        BOTH_ENGINES(test_release),
        BOTH_ENGINES(test_lost_claims_are_counted),
        BOTH_ENGINES(test_lost_ones_are_claimed_singly),
        BOTH_ENGINES(test_no_two_get_the_same),
        BOTH_ENGINES(test_runner),
        BOTH_ENGINES(test_lost_batches_begin_small),
        BOTH_ENGINES(test_runner_gives_up_what_kills_it),
        BOTH_ENGINES(test_giving_up_wakes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
