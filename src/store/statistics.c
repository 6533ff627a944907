#include "store/statistics.h"

#include "db/db.h"

/* Always in this order: two imports that end at once wait for each other. */
static enum rc analyze(struct ctx *ctx, void *arg) {
    (void) arg; /* nothing to choose */
    return db_script(ctx, "statistics", "ANALYZE companies; ANALYZE people; ANALYZE phone_numbers");
}

enum rc statistics_refresh(struct ctx *ctx) {
    return db_transact(ctx, analyze, NULL);
}
