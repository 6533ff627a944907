/* Work of a job that is done in steps, each one transaction: how many items a step takes,
 * memory that does not grow with the number of steps, and making room when the process is
 * to end. */
#ifndef ENRICH_STEPS_H
#define ENRICH_STEPS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/ctx.h"
#include "store/jobs.h"

struct steps {
    const struct job *job;
    int max; /* items of a step */
    /* Takes up to `items` items; true in *ret_is_last: nothing is left. `ctx` has an arena of
     * its own, which is freed afterwards; what is kept between steps is in `arg`. E_REMOVED
     * when somebody was removed since they were found: the step is done once more. */
    enum rc (*step)(struct ctx *ctx, void *arg, int items, bool *ret_is_last);
    void *arg;
};

/* Until the last step or the first that fails, whose code is returned. E_TIMEOUT when the
 * process is to end: another one, or its next life, goes on. */
MUST_USE enum rc steps_run(struct ctx *ctx, const struct steps *steps);

struct person;

/* Addresses that are not known are looked for, those of all of these people at once
 * (enrich/address_finder.h), and stored_email is set where one is known by now. Of a person only
 * id, stored_email and the company's domain are read. ret_waits[i]: theirs is being looked for,
 * and not for so long that nobody waits any more. E_REMOVED when one of them is gone. */
MUST_USE enum rc steps_addresses(struct ctx *ctx, struct person *const *people, size_t n,
                                 bool *ret_waits);

/* The job goes on with those who wait when there may be something new, the later the older it
 * is. Returns E_CANCELED for the runner: it is no longer this worker's. Transacts itself. */
MUST_USE enum rc steps_later(struct ctx *ctx, const struct job *job);

#endif
