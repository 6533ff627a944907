#include "webhook/schedule.h"

#include "base/clock.h"

/* Before the second try, the third, and so on: three days and three hours in all. */
static const int64_t waits[WEBHOOK_TRIES - 1]
    = { 5 * SECOND_MS, 5 * MINUTE_MS, 30 * MINUTE_MS, 2 * HOUR_MS, 5 * HOUR_MS,
        10 * HOUR_MS,  14 * HOUR_MS,  20 * HOUR_MS,   24 * HOUR_MS };

enum webhook_verdict webhook_judge(enum rc rc, long status, int64_t tries) {
    if (rc == OK && status / 100 == 2)
        return WEBHOOK_TAKEN;
    if (rc == OK && status == 410)
        return WEBHOOK_IS_GONE;
    return tries < WEBHOOK_TRIES ? WEBHOOK_AGAIN : WEBHOOK_GIVEN_UP;
}

int64_t webhook_wait_ms(const struct webhook_wait *w) {
    int64_t i = w->tries < 1 ? 0 : w->tries < WEBHOOK_TRIES ? w->tries - 1 : WEBHOOK_TRIES - 2;
    double wait = (double) waits[i] * (0.8 + 0.4 * w->chance);
    bool is_busy = w->rc == E_TIMEOUT || (w->rc == OK && w->status == 429);
    int64_t asked = w->retry_after.set ? w->retry_after.v : 0;
    if (is_busy && wait < (double) MINUTE_MS)
        wait = (double) MINUTE_MS;
    if (asked > WEBHOOK_WAIT_MAX_MS)
        asked = WEBHOOK_WAIT_MAX_MS;
    if (wait < (double) asked)
        wait = (double) asked;
    return (int64_t) (wait * w->scale);
}

bool webhook_note(struct webhook_queue *q, bool taken, int64_t now, double scale) {
    if (taken)
        q->delivered_at = opt_int(now);
    if (!q->failing_since.set && taken)
        return false;
    if (!q->failing_since.set) {
        q->failing_since = opt_int(now);
        q->failures = q->successes = opt_int(0);
    }
    struct opt_int *counter = taken ? &q->successes : &q->failures;
    *counter = opt_int(counter->v + 1);
    if (taken && q->failures.v * 100 < (q->failures.v + q->successes.v) * WEBHOOK_FAILING_PERCENT) {
        q->failing_since = (struct opt_int){ 0 };
        q->failures = q->successes = opt_int(0);
        return false;
    }
    return q->failures.v >= WEBHOOK_FAILURES
           && (double) (now - q->failing_since.v) >= (double) WEBHOOK_FAILING_MS * scale;
}
