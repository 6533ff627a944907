/* What the engine remembers outside of itself, so that it survives a restart and is shared
 * by processes. The engine decides what is kept for how long; whoever keeps it (a table)
 * only stores and finds texts by kind and key.
 *
 * Thread rule: both functions are called from one thread of the engine's own, never from
 * the one that holds the dialogues, so they may block. They may be told to store what is
 * already there: the last one counts. Something that is not found costs time, never a
 * result, so failures are logged and forgotten. */
#ifndef VERIFY_CACHE_H
#define VERIFY_CACHE_H

#include "base/arena.h"
#include "base/str.h"

enum verify_cache_kind {
    CACHE_DOMAIN,    /* domain → its mail servers; TTL, 5 minutes to a day */
    CACHE_SITE,      /* group of MX hosts → flags, breaker; 30 days */
    CACHE_CATCH_ALL, /* domain → yes, no, cannot tell; 14 days, 1 day */
    CACHE_MAILBOX,   /* keyed hash of the address → verdict; 14 days, 3 days, 1 hour */
};

enum {
    VERIFY_CACHE_BATCH = 512,           /* entries in one call */
    VERIFY_CACHE_KEY_MAX_BYTES = 320,
    VERIFY_CACHE_VALUE_MAX_BYTES = 8192,
    VERIFY_CACHE_SECRET_BYTES = 32,
};

struct verify_cache_entry {
    enum verify_cache_kind kind;
    struct str key, value; /* printable ASCII; value absent: not found */
    int64_t expires_at_ms;
};

struct verify_cache {
    void *arg;
    /* Fills in value and expires_at_ms of what is known and not expired; values live on
     * `arena`. */
    void (*look_up)(void *arg, struct arena *arena, struct verify_cache_entry *entries, size_t n);
    void (*store)(void *arg, const struct verify_cache_entry *entries, size_t n);
    /* Makes the keys of mailboxes; the same for all processes that share the cache. */
    unsigned char secret[VERIFY_CACHE_SECRET_BYTES];
};

#endif
