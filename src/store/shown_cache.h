/* Rows as the API shows them, kept as JSON text: the best rows are on the first page of one
 * search after the other. Bounded; what is put may be gone the next moment.
 *
 * Whoever owns it tells it of every change before anybody relies on that change
 * (shown_cache_forget). A row that was read before it was forgotten is not taken: so
 *
 *     if (!shown_cache_get(cache, kind, doc, arena, &shown)) {
 *         ... read the row and make its text, but leave the ticket ...
 *         shown_cache_put(cache, kind, doc, &shown);
 *     }
 *
 * never keeps an old text. All functions from any thread. */
#ifndef STORE_SHOWN_CACHE_H
#define STORE_SHOWN_CACHE_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/field.h"

enum shown_kind { SHOWN_PERSON = 1, SHOWN_COMPANY };

/* A row as JSON. A person's lacks its company, which changes by itself and goes in at `split`,
 * behind a comma and its name. */
struct shown {
    struct str json;
    size_t split;
    int64_t company; /* its number; 0: none */
    uint64_t ticket; /* the cache's */
};

struct shown_cache;

/* Of at most about `max_bytes`. shown_cache_free nulls it; accepts NULL. */
struct shown_cache *shown_cache_new(size_t max_bytes);
void shown_cache_free(struct shown_cache **cache);

/* A copy on the arena; else false with nothing but a ticket for putting what is then read. */
bool shown_cache_get(struct shown_cache *cache, enum shown_kind kind, int64_t doc,
                     struct arena *arena, struct shown *ret_shown);
void shown_cache_put(struct shown_cache *cache, enum shown_kind kind, int64_t doc,
                     const struct shown *shown);

/* These rows are others now, or gone; their texts are overwritten. Then of all rows. */
void shown_cache_forget(struct shown_cache *cache, enum shown_kind kind, struct ints docs);
void shown_cache_clear(struct shown_cache *cache);

#endif
