/* Hash map from a byte string to a pointer. Two kinds of use: on an arena (dies
 * with it) or on the heap (map_done). Keys are borrowed: whoever adds one keeps it
 * alive as long as the map. Not thread-safe. */
#ifndef BASE_MAP_H
#define BASE_MAP_H

#include <stddef.h>

#include "base/arena.h"
#include "base/str.h"

struct map_slot;

struct map {
    struct map_slot *slots;
    size_t capacity; /* power of two, or 0 */
    size_t count;
    struct arena *arena; /* NULL: on the heap */
};

/* An empty map; arena NULL means the heap, then the owner calls map_done. */
static inline struct map map_in(struct arena *arena) {
    return (struct map){ .arena = arena };
}
void map_done(struct map *map);

/* The value, or NULL when the key is not there. */
void *map_get(const struct map *map, struct str key);

/* Sets or replaces; `value` is not NULL. Returns the value that was there, or NULL. */
void *map_put(struct map *map, struct str key, void *value);

/* Walks all pairs in no particular order; start with *position 0, false at the end. */
bool map_next(const struct map *map, size_t *position, struct str *ret_key, void **ret_value);

#endif
