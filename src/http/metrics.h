/* What /metrics shows. Each thread counts on its own, without locked instructions; a
 * scrape adds up. */
#ifndef HTTP_METRICS_H
#define HTTP_METRICS_H

#include "base/buf.h"
#include "base/ctx.h"

struct app;
struct metrics;
struct counters; /* one thread's */

/* For `n_routes` routes and, behind them, requests without one. */
struct metrics *metrics_new(size_t n_routes);
/* Frees the counters too. Nulls *metrics. Accepts NULL. */
void metrics_free(struct metrics **metrics);

/* Counters for one more thread; they belong to `metrics`. */
struct counters *metrics_thread(struct metrics *metrics);

/* One answer. `position` is that of struct routed, or the number of routes. */
void metrics_count(struct counters *counters, size_t position, int status, int64_t us);
/* One refusal of the transport. From any thread. */
void metrics_refused(struct metrics *metrics, int status);

/* Prometheus text, version 0.0.4. E_DB when the jobs could not be counted. */
MUST_USE enum rc metrics_write(struct ctx *ctx, const struct app *app, struct buf *out);

#endif
