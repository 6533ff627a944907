/* What all work that is started and polled has in common: enrichments, validations. */
#ifndef STORE_BATCH_H
#define STORE_BATCH_H

#include "base/str.h"

/* False while the status is queued or processing. */
static inline bool batch_has_ended(struct str status) {
    return !str_eq(status, STR("queued")) && !str_eq(status, STR("processing"));
}

#endif
