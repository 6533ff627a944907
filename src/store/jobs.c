#include "store/jobs.h"

#include "base/check.h"
#include "base/rand.h"
#include "base/vec.h"
#include "db/db.h"
#include "db/sql.h"
#include "store/queries.h"

#define T struct job
static const struct field job_rows[] = {
    F_ID(T, id, .doc = "Id of the job."),
    F_ID(T, account_id, .doc = "Whose it is."),
    F_STR(T, kind, .doc = "What is to be done (jobs/kinds.c)."),
    F_STR(T, subject, .doc = "What it is about."),
    F_JSON(T, payload, .doc = "What the kind needs to know."),
    F_STR(T, status, .doc = "queued, running, done, failed or canceled."),
    F_INT(T, attempts, .doc = "How often it failed."),
    F_INT(T, lost, .doc = "How often its lease ran out since it last got on."),
    F_TIME(T, run_at, .doc = "When it is due."),
    F_STR(T, lease_owner, .doc = "The worker that has it."),
    F_TIME(T, lease_until, .doc = "Until when."),
    F_STR(T, last_error, .doc = "Why the last attempt failed."),
    F_TIME(T, created_at, .doc = "When it was enqueued."),
    F_TIME(T, finished_at, .doc = "When it ended."),
};
#undef T
const struct fields job_fields
    = FIELDS("Job", struct job, job_rows, .doc = "Work that goes on in the background.");

#define COLUMNS                                                                          \
    "id, account_id, kind, subject, payload, status, attempts, lost, run_at, "           \
    "lease_owner, lease_until, last_error, created_at, finished_at"

static const struct query enqueue
    = { "job_enqueue",
        "INSERT INTO jobs (id, account_id, kind, subject, payload, status, run_at, attempts, "
        "created_at) VALUES ($1, $2, $3, $4, $5, 'queued', $6, 0, $6) "
        "ON CONFLICT (account_id, kind, subject) DO UPDATE SET id = excluded.id, "
        "payload = excluded.payload, status = 'queued', run_at = excluded.run_at, attempts = 0, "
        "lost = 0, last_error = NULL, lease_owner = NULL, lease_until = NULL, finished_at = NULL, "
        "created_at = excluded.created_at "
        "WHERE jobs.status IN ('done', 'failed', 'canceled')",
        NULL };
static const struct query by_subject
    = { "job_by_subject",
        "SELECT " COLUMNS " FROM jobs WHERE account_id = $1 AND kind = $2 AND subject = $3", NULL };
static const struct query cancel
    = { "job_cancel",
        "UPDATE jobs SET status = 'canceled', payload = '{}', finished_at = $4, lease_owner = NULL, "
        "lease_until = NULL WHERE account_id = $1 AND kind = $2 AND subject = $3 "
        "AND status IN ('queued', 'running')",
        NULL };
/* On PostgreSQL locked rows are another worker's claim in progress: passed over. */
#define CLAIM(also, which)                                                               \
    "UPDATE jobs SET status = 'running', lease_owner = $2, lease_until = $1 + $3" also   \
    " WHERE id IN (SELECT id FROM jobs WHERE " which
#define QUEUED "status = 'queued' AND run_at <= $1 ORDER BY run_at LIMIT $4"
#define LOST   "status = 'running' AND lease_until <= $1 ORDER BY lost, run_at LIMIT 1"
#define CLAIMED ") RETURNING " COLUMNS
static const struct query claim_queued
    = { "jobs_claim", CLAIM("", QUEUED) CLAIMED,
        CLAIM("", QUEUED) " FOR UPDATE SKIP LOCKED" CLAIMED };
static const struct query claim_lost
    = { "jobs_claim_lost", CLAIM(", lost = lost + 1", LOST) CLAIMED,
        CLAIM(", lost = lost + 1", LOST) " FOR UPDATE SKIP LOCKED" CLAIMED };
static const struct query still_mine
    = { "job_still_mine",
        "UPDATE jobs SET lost = 0 WHERE id = $1 AND lease_owner = $2 "
        "AND status = 'running'",
        NULL };
static const struct query renew
    = { "jobs_renew",
        "UPDATE jobs SET lease_until = $1 WHERE lease_owner = $2 AND status = 'running' "
        "AND id IN (SELECT value FROM json_each($3))",
        "UPDATE jobs SET lease_until = $1 WHERE lease_owner = $2 AND status = 'running' "
        "AND id IN (SELECT value FROM json_array_elements_text($3::json))" };
static const struct query release
    = { "jobs_release", "UPDATE jobs SET lease_until = 0 WHERE status = 'running'", NULL };
static const struct query done
    = { "job_done",
        "UPDATE jobs SET status = 'done', payload = '{}', finished_at = $3, lease_owner = NULL, "
        "lease_until = NULL WHERE id = $1 AND lease_owner = $2 AND status = 'running'",
        NULL };
static const struct query give_back
    = { "job_give_back",
        "UPDATE jobs SET status = 'queued', lost = 0, lease_owner = NULL, lease_until = NULL "
        "WHERE id = $1 AND lease_owner = $2 AND status = 'running'",
        NULL };
static const struct query later
    = { "job_later",
        "UPDATE jobs SET status = 'queued', run_at = $3, lost = 0, lease_owner = NULL, "
        "lease_until = NULL WHERE id = $1 AND lease_owner = $2 AND status = 'running'",
        NULL };
static const struct query again
    = { "job_again",
        "UPDATE jobs SET status = 'queued', run_at = $3, last_error = $4, "
        "attempts = attempts + 1, lost = 0, lease_owner = NULL, lease_until = NULL "
        "WHERE id = $1 AND lease_owner = $2 AND status = 'running'",
        NULL };
static const struct query failed
    = { "job_failed",
        "UPDATE jobs SET status = 'failed', payload = '{}', finished_at = $3, last_error = $4, "
        "attempts = attempts + 1, lease_owner = NULL, lease_until = NULL "
        "WHERE id = $1 AND lease_owner = $2 AND status = 'running'",
        NULL };
static const struct query next_due
    = { "jobs_next_due",
        "SELECT min(at) FROM (SELECT min(run_at) AS at FROM jobs WHERE status = 'queued' "
        "UNION ALL SELECT min(lease_until) FROM jobs WHERE status = 'running') t",
        NULL };
/* What ended before then was due before then: the index of what is due finds it. */
#define FINISHED(status)                                                                 \
    "SELECT id FROM jobs WHERE status = '" status "' AND run_at < $1 AND finished_at < $1"
static const struct query prune
    = { "jobs_prune",
        "DELETE FROM jobs WHERE id IN (" FINISHED("done") " UNION ALL " FINISHED("canceled")
        " UNION ALL " FINISHED("failed") " LIMIT $2)",
        NULL };
static const struct query count
    = { "jobs_count", "SELECT status, count(*) FROM jobs GROUP BY status", NULL };

static const struct query *const queries[]
    = { &enqueue, &by_subject, &cancel, &claim_queued, &claim_lost, &still_mine, &renew,
        &release, &done,       &again,  &failed,       &next_due,   &count,      &give_back, &later, &prune };
const struct query_table job_queries = QUERY_TABLE(queries);

enum rc job_enqueue(struct ctx *ctx, const char *kind, struct str subject, struct str payload) {
    int64_t now = ctx_now(ctx);
    return db_exec(ctx, &enqueue,
                   DB_ARGS(db_v_text(uuid_new(ctx->arena, now)), db_v_text(ctx->account_id),
                           db_v_text(str_of(kind)), db_v_text(subject), db_v_text(payload),
                           db_v_int(now)),
                   NULL);
}

enum rc job_by_subject(struct ctx *ctx, const char *kind, struct str subject,
                       struct job *ret_job) {
    return db_get(ctx, &by_subject,
                  DB_ARGS(db_v_text(ctx->account_id), db_v_text(str_of(kind)), db_v_text(subject)),
                  &job_fields, ret_job);
}

enum rc job_cancel(struct ctx *ctx, const char *kind, struct str subject) {
    return db_exec(ctx, &cancel,
                   DB_ARGS(db_v_text(ctx->account_id), db_v_text(str_of(kind)),
                           db_v_text(subject), db_v_int(ctx_now(ctx))),
                   NULL);
}

struct claim_work {
    const struct job_claim *claim;
    struct list jobs;
};

static enum rc claim_in_transaction(struct ctx *ctx, void *arg) {
    struct claim_work *w = arg;
    struct db_value now = db_v_int(ctx_now(ctx)), owner = db_v_text(w->claim->owner);
    struct db_value lease = db_v_int(w->claim->lease_ms);
    w->jobs = (struct list){ 0 }; /* the work may be run a second time */
    enum rc rc = OK;
    if (w->claim->lost)
        rc = db_list(ctx, &claim_lost, DB_ARGS(now, owner, lease), &job_fields, &w->jobs);
    int left = w->claim->limit - (int) w->jobs.n;
    struct list queued = { 0 };
    if (rc == OK && left > 0)
        rc = db_list(ctx, &claim_queued, DB_ARGS(now, owner, lease, db_v_int(left)),
                     &job_fields, &queued);
    const struct job *job = queued.p;
    for (size_t i = 0; i < queued.n; i++)
        *(struct job *) list_add(ctx->arena, &w->jobs, sizeof *job) = job[i];
    return rc;
}

enum rc jobs_claim(struct ctx *ctx, const struct job_claim *claim, struct list *ret_jobs) {
    struct claim_work work = { .claim = claim };
    enum rc rc = db_transact(ctx, claim_in_transaction, &work);
    if (rc == OK)
        *ret_jobs = work.jobs;
    return rc;
}

/* A change of a job that the caller holds. */
static enum rc change_own(struct ctx *ctx, const struct query *query, struct db_args args) {
    int64_t changes;
    enum rc rc = db_exec(ctx, query, args, &changes);
    return rc == OK && changes == 0 ? E_CANCELED : rc;
}

enum rc job_still_mine(struct ctx *ctx, const struct job *job) {
    return change_own(ctx, &still_mine,
                      DB_ARGS(db_v_text(job->id), db_v_text(job->lease_owner)));
}

enum rc job_done(struct ctx *ctx, const struct job *job) {
    return change_own(ctx, &done,
                      DB_ARGS(db_v_text(job->id), db_v_text(job->lease_owner),
                              db_v_int(ctx_now(ctx))));
}

enum rc job_give_back(struct ctx *ctx, const struct job *job) {
    return change_own(ctx, &give_back, DB_ARGS(db_v_text(job->id), db_v_text(job->lease_owner)));
}

enum rc job_later(struct ctx *ctx, const struct job *job, int64_t run_at) {
    return change_own(ctx, &later, DB_ARGS(db_v_text(job->id), db_v_text(job->lease_owner),
                                           db_v_int(run_at)));
}

enum rc job_again(struct ctx *ctx, const struct job *job, int64_t run_at, struct str error) {
    bool never = run_at < 0;
    return change_own(ctx, never ? &failed : &again,
                      DB_ARGS(db_v_text(job->id), db_v_text(job->lease_owner),
                              db_v_int(never ? ctx_now(ctx) : run_at), db_v_text(error)));
}

struct renew_work {
    struct str owner;
    struct strs ids;
    int64_t until;
};

static enum rc renew_in_transaction(struct ctx *ctx, void *arg) {
    const struct renew_work *w = arg;
    return db_exec(ctx, &renew,
                   DB_ARGS(db_v_int(w->until), db_v_text(w->owner), sql_texts(ctx->arena, w->ids)),
                   NULL);
}

enum rc jobs_renew(struct ctx *ctx, struct str owner, struct strs ids, int64_t lease_ms) {
    if (ids.n == 0)
        return OK;
    return db_transact(ctx, renew_in_transaction,
                       &(struct renew_work){ owner, ids, ctx_now(ctx) + lease_ms });
}

static enum rc release_in_transaction(struct ctx *ctx, void *arg) {
    (void) arg;
    return db_exec(ctx, &release, DB_NO_ARGS, NULL);
}

enum rc jobs_release(struct ctx *ctx) {
    return db_transact(ctx, release_in_transaction, NULL);
}

enum rc jobs_next_due(struct ctx *ctx, int64_t *ret_at) {
    struct db_rows *rows;
    enum rc rc = db_query(ctx, &next_due, DB_NO_ARGS, &rows);
    if (rc != OK)
        return rc;
    int64_t at = db_next(rows) && !db_is_null(rows, 0) ? db_int(rows, 0) : INT64_MAX;
    rc = db_rows_close(rows);
    if (rc == OK)
        *ret_at = at;
    return rc;
}

struct prune_work {
    int64_t before, limit;
};

static enum rc prune_work(struct ctx *ctx, void *arg) {
    const struct prune_work *w = arg;
    return db_exec(ctx, &prune, DB_ARGS(db_v_int(w->before), db_v_int(w->limit)), NULL);
}

enum rc jobs_prune(struct ctx *ctx, int64_t before, int64_t limit) {
    return db_transact(ctx, prune_work, &(struct prune_work){ before, limit });
}

enum rc jobs_count(struct ctx *ctx, struct counts *ret_counts) {
    struct db_rows *rows;
    enum rc rc = db_query(ctx, &count, DB_NO_ARGS, &rows);
    if (rc != OK)
        return rc;
    struct counts counts = { 0 };
    while (db_next(rows))
        counts_add(ctx->arena, &counts, db_text(rows, 0), db_int(rows, 1));
    rc = db_rows_close(rows);
    if (rc == OK)
        *ret_counts = counts;
    return rc;
}
