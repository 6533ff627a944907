/* Merging what an import says into what is known. */
#ifndef IMPORT_MERGE_H
#define IMPORT_MERGE_H

#include "base/arena.h"
#include "base/field.h"

enum merge {
    MERGE_REPLACE, /* the new value wins */
    MERGE_FILL,    /* it only fills what is unknown */
};

/* Takes every value that `from` has over into `to`, but `id` and `doc`. `extra` objects
 * are united member by member. */
void merge_row(struct arena *arena, const struct fields *fields, enum merge how, void *to,
               const void *from);

#endif
