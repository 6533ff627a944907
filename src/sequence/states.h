/* Where a sequence is, and what brings it elsewhere: a table of transitions. pausing,
 * resuming and archiving are real states: work in flight ends first, and the job
 * "sequence_settle" then brings the sequence to where it was going. */
#ifndef SEQUENCE_STATES_H
#define SEQUENCE_STATES_H

#include "base/ctx.h"
#include "store/jobs.h"
#include "store/sequences.h"

enum sequence_event {
    SEQUENCE_LAUNCH,
    SEQUENCE_PAUSE,
    SEQUENCE_RESUME,
    SEQUENCE_ARCHIVE,
    SEQUENCE_SETTLED, /* of the job alone */
};

struct sequence_transition {
    enum sequence_status from;
    enum sequence_event event;
    enum sequence_status to;
    /* What must be true; E_INVALID with problems otherwise. NULL: nothing. */
    enum rc (*guard)(struct ctx *ctx, const struct sequence *sequence);
};

/* The transition, or NULL when the event means nothing in that state. */
const struct sequence_transition *sequence_transition(enum sequence_status from,
                                                      enum sequence_event event);

/* Applies a person's event and gives the sequence as it is then, as sequence_get does. One
 * that is there already, or on its way, stays as it is: asking twice is no mistake.
 * Transacts itself. E_NOT_FOUND; E_INVALID with problems when the guard refuses; E_CONFLICT
 * with a problem when the event means nothing in that state. */
MUST_USE enum rc sequence_change(struct ctx *ctx, struct str id, enum sequence_event event,
                                 struct sequence *ret_sequence);

/* The function of the job (jobs/kinds.c): looks again while there is work in flight. */
MUST_USE enum rc sequence_settle_job(struct ctx *ctx, const struct job *job);

/* Gives every sequence of any account that is on its way its job again, unless it has one:
 * at the start of a process that runs jobs. */
MUST_USE enum rc sequences_settle_all(struct ctx *ctx);

#endif
