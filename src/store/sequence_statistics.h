/* What became of a sequence: how many leads are where, and how often what happened, counted
 * from the events. Scoped to the account of ctx. */
#ifndef STORE_SEQUENCE_STATISTICS_H
#define STORE_SEQUENCE_STATISTICS_H

#include "base/ctx.h"
#include "base/field.h"

struct stage_statistics {
    struct str stage_id, type;
    struct opt_int index; /* from 1 */
    struct counts events; /* kind (store/events.def) -> how often */
    struct counts leads;  /* kind -> of how many leads */
};

struct sequence_statistics {
    struct str sequence_id;
    struct counts statuses; /* status -> leads */
    struct counts events, leads;
    struct list stages; /* of struct stage_statistics, in their order */
};
extern const struct fields sequence_statistics_fields;

/* E_NOT_FOUND when the account has no such sequence. */
MUST_USE enum rc sequence_statistics_get(struct ctx *ctx, struct str sequence_id,
                                         struct sequence_statistics *ret_statistics);

#endif
