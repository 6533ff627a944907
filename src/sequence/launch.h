/* What must be true before a sequence runs: asked at launch and at every resume. */
#ifndef SEQUENCE_LAUNCH_H
#define SEQUENCE_LAUNCH_H

#include "base/ctx.h"
#include "store/sequences.h"

/* `sequence` with its stages and settings. E_INVALID with a problem for each thing that is
 * missing, at its place in the document: stages and their texts, a sender whose mailbox
 * works, the senders' fields and connections and the leads' fields that stages need, a window
 * that opens. */
MUST_USE enum rc launch_check(struct ctx *ctx, const struct sequence *sequence);

#endif
