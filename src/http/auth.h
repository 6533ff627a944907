/* Who asks: from the Authorization header to the key and its account. Form and
 * checksum are checked before the database is asked; what it said is kept for a second
 * in a cache of the thread, without locks, so that a revoked key opens nothing after a
 * second and a busy key costs one query a second and thread.
 *
 * When keys were last used is collected and written by key_uses_write, at most once a
 * minute for each key. */
#ifndef HTTP_AUTH_H
#define HTTP_AUTH_H

#include "base/ctx.h"
#include "http/request.h"

struct key_cache; /* one a thread */
struct key_uses;  /* shared, locked inside */
struct limits;
struct account_limits;

struct key_cache *key_cache_new(struct limits *limits, struct key_uses *uses);
void key_cache_free(struct key_cache **cache);

struct key_uses *key_uses_new(void);
void key_uses_free(struct key_uses **uses);
/* Writes what was collected since the last call; transacts itself. */
MUST_USE enum rc key_uses_write(struct ctx *ctx, struct key_uses *uses);

/* Fills *ret_caller from the value of the header (absent: not sent). E_DENIED, with a
 * problem that says what is wrong, for anything but a live key. The caller's texts
 * belong to the cache and live until the thread's next call. */
MUST_USE enum rc auth_check(struct ctx *ctx, struct key_cache *cache, struct str authorization,
                            struct caller *ret_caller, struct account_limits **ret_limits);

/* A copy whose texts are on `arena`, for a request that changes threads. */
struct caller caller_copy(struct arena *arena, const struct caller *caller);

#endif
