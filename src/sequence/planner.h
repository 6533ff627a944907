/* The planner: looks at the leads whose time has come, says when the next stage of each is
 * due, and begins the stages that are: an email is composed, everything else becomes a task or
 * an action. It does nothing outside of the database, so whatever a process was at when it
 * died has not happened. Any number of processes may run it at a time. */
#ifndef SEQUENCE_PLANNER_H
#define SEQUENCE_PLANNER_H

#include "base/ctx.h"
#include "base/field.h"

struct sequence;

/* Looks at up to `limit` leads of all accounts, in one transaction, for a fraction of a second;
 * *ret_n: at how many. The rest of those that it has read was locked and read for nothing. */
MUST_USE enum rc planner_step(struct ctx *ctx, int64_t limit, int64_t *ret_n);

/* Says where leads (list of struct lead_plan, with mailbox and time zone) stand that are added to
 * the sequence now, which is active: at its first stage, when that is due by delay and windows, and
 * when the planner looks at them. That is at once for those whose place could not be found, for
 * want of a time zone or of time: then it is the planner's to find. Inside db_transact. */
MUST_USE enum rc planner_first(struct ctx *ctx, const struct sequence *sequence, const struct list *leads);

#endif
