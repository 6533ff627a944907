/* The classes of a reply (data/labels.def): one table for the classifier, the store, the
 * API's documentation and the workflows. Immutable, shared. */
#ifndef DATA_LABELS_H
#define DATA_LABELS_H

#include "base/field.h"

enum label {
#define LABEL(name, text, title, info, doc) LABEL_##name,
#include "data/labels.def"
#undef LABEL
    LABELS_COUNT,
    LABEL_NONE = LABELS_COUNT, /* none fits, or none is certain enough: a person decides */
};

/* What a workflow tells besides the message (`additional_info`). */
enum label_info {
    LABEL_INFO_NOTHING,
    LABEL_INFO_RETURN_DATE,    /* return_date */
    LABEL_INFO_FOLLOW_UP_DATE, /* follow_up_date */
    LABEL_INFO_THIRD_PARTY,    /* third_party_email, third_party_first_name … */
};

struct label_row {
    struct str name;  /* "hard_no" */
    struct str title; /* "Hard No" */
    enum label_info info;
    const char *doc; /* one sentence */
};

/* `label` is none of LABEL_NONE. */
const struct label_row *label_row(enum label label);

/* "interested"; absent for LABEL_NONE. */
struct str label_name(enum label label);

/* By the exact name, LABEL_NONE for anything else. */
enum label label_of(struct str name);

/* The names in the same order, for field tables. */
extern const struct enum_values enum_labels;

#endif
