/* When a delivery is tried again, and when a webhook has failed for so long that it is disabled.
 * Pure functions. */
#ifndef WEBHOOK_SCHEDULE_H
#define WEBHOOK_SCHEDULE_H

#include "net/http_multi.h"
#include "store/webhook_queues.h"

enum { WEBHOOK_TRIES = 10, WEBHOOK_FAILURES = 20, WEBHOOK_FAILING_PERCENT = 90 };
#define WEBHOOK_FAILING_MS (5 * DAY_MS)
#define WEBHOOK_WAIT_MAX_MS DAY_MS /* of what a Retry-After may ask for */

enum webhook_verdict { WEBHOOK_TAKEN, WEBHOOK_AGAIN, WEBHOOK_GIVEN_UP, WEBHOOK_IS_GONE };

/* What an attempt means; `tries` counts it. 2xx is success, 410 the end; everything else is
 * tried again, WEBHOOK_TRIES times in all. */
enum webhook_verdict webhook_judge(enum rc rc, long status, int64_t tries);

/* The wait before the next try: that of Standard Webhooks 1.0.0, 20 % more or less by `chance`
 * (0 to 1); at least a minute after a time-out or 429; at least what Retry-After asked for
 * (absent: nothing), up to WEBHOOK_WAIT_MAX_MS. All multiplied by `scale`. */
struct webhook_wait {
    int64_t tries; /* so far */
    enum rc rc;
    long status;
    struct opt_int retry_after; /* ms */
    double chance, scale;
};
int64_t webhook_wait_ms(const struct webhook_wait *wait);

/* Notes how it went with the webhook, and whether it is to be disabled: when it has failed in
 * WEBHOOK_FAILING_PERCENT of at least WEBHOOK_FAILURES attempts for WEBHOOK_FAILING_MS * scale. */
bool webhook_note(struct webhook_queue *queue, bool taken, int64_t now, double scale);

#endif
