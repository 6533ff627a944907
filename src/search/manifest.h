/* The file that says what the folder of an index holds: which segments, which of their
 * rows are dead, and how far the feed of changes was followed. It is replaced as a whole,
 * so that the folder is at every instant the old state or the new one. */
#ifndef SEARCH_MANIFEST_H
#define SEARCH_MANIFEST_H

#include "search/segment.h"

enum { MANIFEST_SEGMENTS_MAX = 64 }; /* each costs every search */

struct manifest {
    int64_t seq;
    uint64_t next_id;          /* of the next segment */
    struct segment **segments; /* read: on the arena, opened, the caller closes them */
    size_t n;
};

/* E_NOT_FOUND, E_CONFLICT, E_INVALID, E_IO as index_open. Nothing is open then. */
MUST_USE enum rc manifest_read(struct ctx *ctx, const struct index_options *options,
                               struct manifest *ret_manifest);
/* On disk when this returns OK. */
MUST_USE enum rc manifest_write(struct ctx *ctx, const struct index_options *options,
                                const struct manifest *manifest);

/* Removes the manifest and everything else that is in the folder, or, with a manifest,
 * what it does not name. Makes the folder when it is not there. */
MUST_USE enum rc manifest_clean(struct ctx *ctx, const char *folder,
                                const struct manifest *manifest);
/* The first, when nothing can be done about a failure but to say so in the log. */
void manifest_forget(const char *folder);

#endif
