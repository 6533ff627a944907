#include "store/rate_windows.h"

#include "db/db.h"
#include "store/queries.h"

/* clock_timestamp, not now: the latter is the transaction's beginning, which may lie
 * before a window that another process began meanwhile. */
#define NOW "CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT)"
#define ENDED "rate_windows.started_at + $4 <= excluded.started_at"

static const struct query count
    = { "rate_window_count", NULL,
        "INSERT INTO rate_windows (account_id, class, started_at, used) "
        "VALUES ($1, $2, " NOW ", 1) ON CONFLICT (account_id, class) DO UPDATE SET "
        "started_at = CASE WHEN " ENDED " THEN excluded.started_at "
        "ELSE rate_windows.started_at END, "
        "used = CASE WHEN " ENDED " THEN 1 ELSE LEAST(rate_windows.used + 1, $3 + 1) END "
        "RETURNING started_at + $4 - " NOW ", used" };

static const struct query *const queries[] = { &count };
const struct query_table rate_window_queries = QUERY_TABLE(queries);

struct count_work {
    int limit_class;
    int64_t limit, window_ms;
    struct rate_window window;
};

static enum rc count_work(struct ctx *ctx, void *arg) {
    struct count_work *w = arg;
    struct db_rows *rows;
    enum rc rc = db_query(ctx, &count,
                          DB_ARGS(db_v_text(ctx->account_id), db_v_int(w->limit_class),
                                  db_v_int(w->limit), db_v_int(w->window_ms)),
                          &rows);
    if (rc != OK)
        return rc;
    if (db_next(rows))
        w->window = (struct rate_window){ db_int(rows, 0), db_int(rows, 1) };
    return db_rows_close(rows);
}

enum rc rate_window_count(struct ctx *ctx, int limit_class, int64_t limit, int64_t window_ms,
                          struct rate_window *ret_window) {
    struct count_work work = { limit_class, limit, window_ms, { 0 } };
    enum rc rc = db_transact(ctx, count_work, &work);
    if (rc == OK)
        *ret_window = work.window;
    return rc;
}
