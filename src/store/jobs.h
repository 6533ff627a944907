/* The job table: work that outlives a request. Rows here; what a kind does and the
 * loop that runs them are jobs/. A job is enqueued in the transaction of the change
 * that caused it, and claimed by lease: when a worker dies the lease runs out and
 * another goes on, so a job's function must be able to start again at any point. */
#ifndef STORE_JOBS_H
#define STORE_JOBS_H

#include "base/ctx.h"
#include "base/field.h"

struct job {
    struct str id, account_id, kind, subject, payload, status, last_error, lease_owner;
    struct opt_int attempts, lost, run_at, lease_until, created_at, finished_at;
};
extern const struct fields job_fields;

/* Adds a job that is due at once. `subject` says what it is about: of one account, kind
 * and subject there is one job at most; when there is one that is done, failed or
 * canceled it is queued anew, when it waits or runs nothing happens. `payload` is JSON,
 * and kept until the job ends: it may name people. Inside db_transact. */
MUST_USE enum rc job_enqueue(struct ctx *ctx, const char *kind, struct str subject,
                             struct str payload);

/* E_NOT_FOUND when the account of ctx has none. */
MUST_USE enum rc job_by_subject(struct ctx *ctx, const char *kind, struct str subject,
                                struct job *ret_job);

/* Ends a job that has not finished; running ones see it at their next renewal. OK also
 * when there was nothing to end. Inside db_transact. */
MUST_USE enum rc job_cancel(struct ctx *ctx, const char *kind, struct str subject);

struct job_claim {
    struct str owner;
    int64_t lease_ms;
    int limit;
    bool lost; /* also one whose lease ran out */
};

/* Claims up to `limit` due jobs of any account for `owner` until now + lease_ms: queued
 * ones whose time has come, and if asked for one that runs and whose lease ran out: its
 * `lost` says how often that happened since it last got on. Such a job may be what ended
 * its process, so who runs one takes no second one, and an innocent one that ran beside it
 * is soon cleared: the least lost comes first. No two claimers get the same. Transacts
 * itself. List of struct job. */
MUST_USE enum rc jobs_claim(struct ctx *ctx, const struct job_claim *claim,
                            struct list *ret_jobs);

/* What the holder of a claim does with it: make sure, in the transaction of a step, that
 * it still holds it, which also notes that it got on; end it. E_CANCELED when the job is not `owner`'s any more
 * (canceled, or its lease ran out and somebody else has it): then nothing was changed
 * and the caller's transaction should be given up. Inside db_transact. */
MUST_USE enum rc job_still_mine(struct ctx *ctx, const struct job *job);
MUST_USE enum rc job_done(struct ctx *ctx, const struct job *job);
/* Queued as it was before the claim: nothing went wrong, somebody is to go on with it. */
MUST_USE enum rc job_give_back(struct ctx *ctx, const struct job *job);
/* Nothing went wrong: it goes on at `run_at`, when what it waits for may be there. */
MUST_USE enum rc job_later(struct ctx *ctx, const struct job *job, int64_t run_at);
/* It failed: runs again at `run_at`, or never (`run_at` < 0). `error` is kept with it. Only
 * this counts as an attempt; a claim that ran out counts as lost. */
MUST_USE enum rc job_again(struct ctx *ctx, const struct job *job, int64_t run_at,
                           struct str error);

/* Extends the leases of those of the jobs that are `owner`'s. Transacts itself. */
MUST_USE enum rc jobs_renew(struct ctx *ctx, struct str owner, struct strs ids,
                            int64_t lease_ms);

/* Ends all leases at once: at the start of the only process of a database, whose earlier
 * self may have been killed. Transacts itself. */
MUST_USE enum rc jobs_release(struct ctx *ctx);

/* When the earliest queued or leased job is due; INT64_MAX when there is none. */
MUST_USE enum rc jobs_next_due(struct ctx *ctx, int64_t *ret_at);

/* Forgets up to `limit` jobs that ended before `before`. Transacts itself. */
MUST_USE enum rc jobs_prune(struct ctx *ctx, int64_t before, int64_t limit);

/* Number of jobs by status, for /metrics. */
MUST_USE enum rc jobs_count(struct ctx *ctx, struct counts *ret_counts);

#endif
