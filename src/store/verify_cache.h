/* The rows behind verify/cache.h: what validation remembers, for all accounts and
 * processes. Nothing here is the truth; anything may be deleted at any time. */
#ifndef STORE_VERIFY_CACHE_H
#define STORE_VERIFY_CACHE_H

#include "base/ctx.h"

struct verify_memory {
    int64_t kind; /* enum verify_cache_kind */
    struct str key, value;
    int64_t expires_at;
};

/* Fills in value (absent: not known) and expires_at of the entries that are known at `now`. */
MUST_USE enum rc verify_cache_look_up(struct ctx *ctx, struct verify_memory *entries,
                                      size_t n);

/* Keeps the entries; of the same kind and key the last one. Transacts itself. */
MUST_USE enum rc verify_cache_store(struct ctx *ctx, const struct verify_memory *entries,
                                    size_t n);

/* Deletes what has expired, at most `limit` rows. Transacts itself. */
MUST_USE enum rc verify_cache_prune(struct ctx *ctx, int64_t limit);

#endif
