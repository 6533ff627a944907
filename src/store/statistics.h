/* What the planners know about the tables that an import fills. Without it PostgreSQL takes
 * each to be nearly empty until its own autovacuum comes along, a minute or more later. */
#ifndef STORE_STATISTICS_H
#define STORE_STATISTICS_H

#include "base/ctx.h"

/* Looks at a sample of people, their phone numbers and companies: a second or two on
 * PostgreSQL, less on SQLite, however many rows there are. Transacts itself. */
MUST_USE enum rc statistics_refresh(struct ctx *ctx);

#endif
