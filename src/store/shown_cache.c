/* Buckets of a few slots; a row has one bucket that it can be in, and takes the slot there
 * that was not used for longest. Buckets are guarded in stripes. A stripe counts how often
 * something in it was forgotten, and that count is the ticket: when it is another one now,
 * what was read may be from before. */
#include "store/shown_cache.h"

#include <pthread.h>
#include <sodium.h>
#include <stdatomic.h>
#include <string.h>

#include "base/mem.h"

enum {
    STRIPES = 256,
    WAYS = 4, /* slots of a bucket */
    ROW_USUAL_BYTES = 1024,
    ROW_MAX_BYTES = 16384, /* longer ones are rare and would push out many */
};

struct slot {
    enum shown_kind kind; /* 0: empty */
    int64_t doc;
    struct shown shown; /* the text is the slot's own */
    uint64_t used;      /* when it last was, by the stripe's count */
};

struct stripe {
    pthread_mutex_t mutex;
    uint64_t forgotten, uses;
};

struct shown_cache {
    size_t max_bytes, n;
    _Atomic size_t bytes;
    struct stripe stripes[STRIPES];
    struct slot (*buckets)[WAYS]; /* n, a power of two and at least STRIPES */
};

struct shown_cache *shown_cache_new(size_t max_bytes) {
    struct shown_cache *cache = MEM_NEW(struct shown_cache);
    cache->max_bytes = max_bytes;
    cache->n = STRIPES;
    while (cache->n * WAYS * ROW_USUAL_BYTES < max_bytes)
        cache->n *= 2;
    cache->buckets = mem_array(cache->n, sizeof *cache->buckets);
    for (size_t i = 0; i < STRIPES; i++)
        (void) pthread_mutex_init(&cache->stripes[i].mutex, NULL); /* cannot fail on Linux */
    return cache;
}

/* The bucket that the row may be in, locked. */
static struct slot *lock_bucket(struct shown_cache *cache, enum shown_kind kind, int64_t doc,
                                struct stripe **ret_stripe) {
    uint64_t x = ((uint64_t) doc * 2 + (kind == SHOWN_COMPANY)) * UINT64_C(0x9E3779B97F4A7C15);
    size_t i = (size_t) (x >> 32) & (cache->n - 1);
    *ret_stripe = &cache->stripes[i % STRIPES];
    pthread_mutex_lock(&(*ret_stripe)->mutex);
    return cache->buckets[i];
}

/* NULL: the row is not there. */
static struct slot *slot_of(struct slot *bucket, enum shown_kind kind, int64_t doc) {
    for (size_t i = 0; i < WAYS; i++)
        if (bucket[i].kind == kind && bucket[i].doc == doc)
            return &bucket[i];
    return NULL;
}

/* The row's own, or an empty one, or the one that is given up for it. */
static struct slot *slot_for(struct slot *bucket, enum shown_kind kind, int64_t doc) {
    struct slot *oldest = slot_of(bucket, kind, doc);
    if (oldest)
        return oldest;
    oldest = bucket;
    for (size_t i = 1; i < WAYS; i++)
        if (bucket[i].used < oldest->used)
            oldest = &bucket[i];
    return oldest;
}

static void empty(struct shown_cache *cache, struct slot *slot) {
    if (!slot->kind)
        return;
    cache->bytes -= slot->shown.json.n;
    sodium_memzero((char *) slot->shown.json.p, slot->shown.json.n);
    mem_free((char *) slot->shown.json.p);
    *slot = (struct slot){ 0 };
}

bool shown_cache_get(struct shown_cache *cache, enum shown_kind kind, int64_t doc,
                     struct arena *arena, struct shown *ret_shown) {
    struct stripe *stripe;
    struct slot *bucket = lock_bucket(cache, kind, doc, &stripe);
    struct slot *slot = slot_of(bucket, kind, doc);
    *ret_shown = (struct shown){ 0 };
    if (slot) {
        slot->used = ++stripe->uses;
        *ret_shown = slot->shown;
        ret_shown->json = arena_str(arena, slot->shown.json);
    }
    ret_shown->ticket = stripe->forgotten;
    pthread_mutex_unlock(&stripe->mutex);
    return slot;
}

void shown_cache_put(struct shown_cache *cache, enum shown_kind kind, int64_t doc,
                     const struct shown *shown) {
    struct str json = shown->json;
    if (json.n == 0 || json.n > ROW_MAX_BYTES)
        return;
    char *copy = mem_resize(NULL, json.n);
    memcpy(copy, json.p, json.n);
    struct stripe *stripe;
    struct slot *bucket = lock_bucket(cache, kind, doc, &stripe);
    if (stripe->forgotten == shown->ticket) {
        struct slot *slot = slot_for(bucket, kind, doc);
        empty(cache, slot);
        if (cache->bytes + json.n <= cache->max_bytes) {
            *slot = (struct slot){ kind, doc, *shown, ++stripe->uses };
            slot->shown.json.p = copy;
            cache->bytes += json.n;
            copy = NULL;
        }
    }
    pthread_mutex_unlock(&stripe->mutex);
    mem_free(copy);
}

void shown_cache_forget(struct shown_cache *cache, enum shown_kind kind, struct ints docs) {
    for (size_t i = 0; i < docs.n; i++) {
        struct stripe *stripe;
        struct slot *bucket = lock_bucket(cache, kind, docs.p[i], &stripe);
        struct slot *slot = slot_of(bucket, kind, docs.p[i]);
        stripe->forgotten++;
        if (slot)
            empty(cache, slot);
        pthread_mutex_unlock(&stripe->mutex);
    }
}

void shown_cache_clear(struct shown_cache *cache) {
    for (size_t s = 0; s < STRIPES; s++) {
        pthread_mutex_lock(&cache->stripes[s].mutex);
        cache->stripes[s].forgotten++;
        for (size_t i = s; i < cache->n; i += STRIPES)
            for (size_t way = 0; way < WAYS; way++)
                empty(cache, &cache->buckets[i][way]);
        pthread_mutex_unlock(&cache->stripes[s].mutex);
    }
}

void shown_cache_free(struct shown_cache **cache) {
    struct shown_cache *c = *cache;
    if (!c)
        return;
    shown_cache_clear(c);
    for (size_t i = 0; i < STRIPES; i++)
        (void) pthread_mutex_destroy(&c->stripes[i].mutex); /* fails only for one in use */
    mem_free(c->buckets);
    mem_free(c);
    *cache = NULL;
}
