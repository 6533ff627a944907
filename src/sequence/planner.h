/* The planner: looks at the leads whose time has come, says when the next stage of each is
 * due, and begins the stages that are: an email is composed, everything else becomes a task or
 * an action. It does nothing outside of the database, so whatever a process was at when it
 * died has not happened. Any number of processes may run it at a time. */
#ifndef SEQUENCE_PLANNER_H
#define SEQUENCE_PLANNER_H

#include "base/ctx.h"

/* Looks at up to `limit` leads of all accounts, in one transaction; *ret_n: at how many. */
MUST_USE enum rc planner_step(struct ctx *ctx, int64_t limit, int64_t *ret_n);

#endif
