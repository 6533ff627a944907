/* What each type of stage is: one row per value of enum_stage_types. */
#ifndef SEQUENCE_STAGE_KINDS_H
#define SEQUENCE_STAGE_KINDS_H

#include "base/str.h"

enum {
    STAGE_MAY_BE_AUTOMATIC = 1,
    STAGE_SAYS_SOMETHING = 2,    /* has variants with a text */
    STAGE_NEEDS_TEXT = 4,        /* at launch */
    STAGE_IS_EMAIL = 8,          /* subject, HTML, attachments; the lead needs an address */
    STAGE_IS_LINKEDIN = 16,      /* the lead needs a profile */
    STAGE_IS_CALL = 32,
};

struct stage_kind {
    const char *type;
    unsigned flags;
};

/* Never NULL for a type of the list; NULL for anything else. */
const struct stage_kind *stage_kind_of(struct str type);

#endif
