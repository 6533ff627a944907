/* What recipients do with the links of a message (sequence/links.h). Each transacts itself, in the
 * account that the link names: the caller has set ctx->account_id from a link that was read. */
#ifndef SEQUENCE_RECIPIENT_H
#define SEQUENCE_RECIPIENT_H

#include "base/ctx.h"

/* Excludes the address with the reason "unsubscribed", and ends all its leads. OK also the
 * second time. E_NOT_FOUND when there is no such message any more. */
MUST_USE enum rc recipient_unsubscribes(struct ctx *ctx, struct str message_id);

/* Counts that the message was opened, or, with `url`, that the link was followed; but not what
 * programs do: who reads it within seconds after it was sent, or says by its User-Agent that
 * it is one. Nothing else follows from it. E_NOT_FOUND as above. */
MUST_USE enum rc recipient_reads(struct ctx *ctx, struct str message_id, struct str url,
                                 struct str user_agent);

/* Whether a User-Agent is that of a program that looks at mail before people do. Absent: yes. */
bool reader_is_program(struct str user_agent);

#endif
