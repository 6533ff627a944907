/* What follows from something that came in: for its lead, the lead's colleagues, the exclusion
 * list. The sequence's settings decide (stop_on_reply, stop_on_domain_reply, stop_on_bounce,
 * out_of_office). Everything inside db_transact; then the caller calls lead_wake_planner.
 *
 *   a person's reply   the lead has replied; hard_no also excludes who wrote
 *   subject            of a person, "unsubscribe": who wrote is excluded, the lead has unsubscribed
 *   out of office      never a reply: the lead pauses until the return date, or ends, or goes on
 *   a bounce           hard: the address is excluded, the lead has bounced; soft: the third one
 *                      is an error; for what we are: nothing befalls the lead
 *   a complaint        the address is excluded, the lead has unsubscribed */
#ifndef SEQUENCE_REPLY_EFFECTS_H
#define SEQUENCE_REPLY_EFFECTS_H

#include "store/events.h"
#include "store/replies.h"

/* The event that tells the reply with the label that it has: EVENT_KINDS for what nobody is told. */
enum event_kind reply_event(const struct stored_reply *reply);

/* A person asks for it: with the subject that List-Unsubscribe (RFC 2369) asks for, in any case. */
#define REPLY_UNSUBSCRIBE_SUBJECT "unsubscribe"
bool reply_unsubscribes(const struct stored_reply *reply);

/* Does it, so that it can be taken back (sequence/reply_claims.h), records the event unless that was
 * `told` already, and notes in reply->effects what it changed. The reply has its label already. OK
 * also when its lead is not there any more. */
MUST_USE enum rc reply_effects_apply(struct ctx *ctx, struct stored_reply *reply,
                                     enum event_kind told);

#endif
