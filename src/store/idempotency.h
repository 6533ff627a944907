/* Answers of POST requests that carried an Idempotency-Key. A request claims its key,
 * does its work, then stores its answer; whoever comes with the same key meanwhile is
 * told so, and later gets the stored answer. When the holder dies its claim runs out. */
#ifndef STORE_IDEMPOTENCY_H
#define STORE_IDEMPOTENCY_H

#include "base/ctx.h"
#include "base/field.h"

#define IDEMPOTENCY_LIFE_MS DAY_MS

struct idempotency_claim {
    struct str key;         /* at most IDEMPOTENCY_KEY_MAX bytes */
    struct str fingerprint; /* hash of what was asked */
    int64_t lock_ms;
    int64_t locked_until; /* set by idempotency_claim; names the holder */
};

struct idempotency_answer {
    struct opt_int status; /* not set: the request still runs */
    struct strs headers;   /* names and values in turn */
    struct str body;       /* absent: an answer without one */
};

enum { IDEMPOTENCY_KEY_MAX = 255 };

/* Each of these transacts itself.
 *
 * OK with *ret_is_ours: go on and call idempotency_store or idempotency_release. OK
 * without: *ret_answer is what is known of the first request. E_CONFLICT: the key was
 * used for another request. */
MUST_USE enum rc idempotency_claim(struct ctx *ctx, struct idempotency_claim *claim,
                                   bool *ret_is_ours, struct idempotency_answer *ret_answer);

/* Nothing happens when the claim ran out and another request took it over. */
MUST_USE enum rc idempotency_store(struct ctx *ctx, const struct idempotency_claim *claim,
                                   const struct idempotency_answer *answer);
/* The request failed in a way that a retry may not: the key is free again. */
MUST_USE enum rc idempotency_release(struct ctx *ctx, const struct idempotency_claim *claim);

/* Forgets what is older than IDEMPOTENCY_LIFE_MS, of all accounts, at most `limit`
 * keys. *ret_purged: how many. */
MUST_USE enum rc idempotency_purge(struct ctx *ctx, int limit, int64_t *ret_purged);

/* Forgets the answers of all accounts that hold one of `words`, which are in lower case, and
 * their keys. Looks at every answer, in short steps. */
MUST_USE enum rc idempotency_forget(struct ctx *ctx, struct strs words);

#endif
