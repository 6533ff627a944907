/* The engine's way to the cache (verify/cache.h): a thread that looks up and stores in
 * batches, so that the loop never waits for a database. Private to src/verify. */
#ifndef VERIFY_MEMO_H
#define VERIFY_MEMO_H

#include "base/rc.h"
#include "verify/cache.h"

struct memo;

/* `wake(arg)` is called from the memo's thread when memo_deliver has something to do. The
 * cache belongs to the caller. E_IO without a thread. */
MUST_USE enum rc memo_new(const struct verify_cache *cache, void (*wake)(void *arg), void *arg,
                          struct memo **ret_memo);
/* Does what is still to be done and delivers it with `arg`. Accepts NULL. */
void memo_free(struct memo **memo, void *arg);

/* `done` is called from memo_deliver, in the order of the calls; the entry lives until it
 * returns. */
typedef void memo_done(void *arg, void *object, const struct verify_cache_entry *entry);
void memo_look_up(struct memo *memo, const struct verify_cache_entry *entry, memo_done *done,
                  void *object);
/* Copied. Dropped when the cache is far behind. */
void memo_store(struct memo *memo, const struct verify_cache_entry *entry);

void memo_deliver(struct memo *memo, void *arg);

#endif
