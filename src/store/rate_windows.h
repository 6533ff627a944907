/* Request counters shared by all processes: PostgreSQL only; on SQLite one process
 * serves and counts in memory (http/limits.c). */
#ifndef STORE_RATE_WINDOWS_H
#define STORE_RATE_WINDOWS_H

#include "base/ctx.h"

struct rate_window {
    int64_t left_ms; /* until the window ends */
    int64_t used;    /* with this request; above the limit: refused */
};

/* Counts one request of ctx's account in the window of `limit_class`: one that runs,
 * or a new one of `window_ms`. By the database's clock, so that processes agree.
 * `used` stops at limit + 1. Transacts itself. */
MUST_USE enum rc rate_window_count(struct ctx *ctx, int limit_class, int64_t limit,
                                   int64_t window_ms, struct rate_window *ret_window);

#endif
