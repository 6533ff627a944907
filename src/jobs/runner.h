/* Runs jobs: one thread claims due jobs for as many workers as are idle, the workers
 * run them, each with a context, an arena and a database session of its own. What a
 * kind does is jobs/kinds.c. Several processes may run jobs of one database.
 *
 * Life cycle: job_runner_start, job_runner_stop (nulls it). */
#ifndef JOBS_RUNNER_H
#define JOBS_RUNNER_H

#include "base/ctx.h"
#include "db/db.h"
#include "store/jobs.h"

struct job_runner;

/* A kind of job. `run` does the work and may be called again at any point of it. Its
 * result: OK ends the job (unless run ended it itself, in its last transaction);
 * E_CANCELED leaves it alone; a retryable failure runs it again after the next of
 * `retry_ms`; any other failure, and the last retry's, ends it as failed and calls
 * `gave_up` (may be NULL) before, in the same transaction, and `wake` (may be NULL) behind it, for
 * who waits for what that did. So ends a job whose process ended
 * JOB_LOST_MAX times while it ran without getting on (job_still_mine) between. */
struct job_kind {
    const char *name;
    enum rc (*run)(struct ctx *ctx, const struct job *job);
    enum rc (*gave_up)(struct ctx *ctx, const struct job *job);
    void (*wake)(const struct ctx *ctx);
    const int64_t *retry_ms; /* waiting times, ended by 0 */
    const char *doc;
};

/* More often than anybody kills a process just when it runs one job, before that gets on. */
enum { JOB_LOST_MAX = 8 };

/* The kinds that exist (jobs/kinds.c). */
extern const struct job_kind job_kinds[];
extern const size_t job_kinds_count;

/* Starts `workers` threads (1 to 64), whose contexts get `services`. Aborts when threads
 * cannot be made. */
struct job_runner *job_runner_start(struct db *db, const struct services *services, int workers);

/* Looks for due jobs now instead of at the next tick; for whoever enqueued one. Any
 * thread; nothing happens when no runner runs in this process. */
void job_runner_wake(void);

/* Stops claiming and waits for the jobs that run; their functions see
 * job_runner_stopping and may return E_TIMEOUT at a good point. Accepts NULL. */
void job_runner_stop(struct job_runner **runner);
bool job_runner_stopping(void);

#endif
