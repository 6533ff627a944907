/* Days as people write them, on the account's clock. */
#ifndef SEQUENCE_DAY_H
#define SEQUENCE_DAY_H

#include "base/ctx.h"

/* The real instant at which a day ("2026-01-07") begins for the account of ctx. E_INVALID: that
 * is no day; errors of the database. */
MUST_USE enum rc day_begins(struct ctx *ctx, struct str date, int64_t *ret_ms);

#endif
