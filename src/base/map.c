/* Open addressing with linear probing at a load of at most three quarters. Nothing
 * is ever removed, so there are no tombstones. */
#include "base/map.h"

#include "base/check.h"
#include "base/mem.h"

struct map_slot {
    uint64_t hash;
    struct str key;
    void *value; /* NULL: free slot */
};

static struct map_slot *find_slot(const struct map *map, uint64_t hash, struct str key) {
    size_t mask = map->capacity - 1;
    for (size_t i = hash & mask;; i = (i + 1) & mask) {
        struct map_slot *slot = &map->slots[i];
        if (!slot->value || (slot->hash == hash && str_eq(slot->key, key)))
            return slot;
    }
}

static void grow(struct map *map) {
    struct map old = *map;
    map->capacity = old.capacity ? old.capacity * 2 : 16;
    map->slots = map->arena ? ARENA_ARRAY(map->arena, map->capacity, struct map_slot)
                            : mem_array(map->capacity, sizeof(struct map_slot));
    for (size_t i = 0; i < old.capacity; i++)
        if (old.slots[i].value)
            *find_slot(map, old.slots[i].hash, old.slots[i].key) = old.slots[i];
    if (!map->arena)
        mem_free(old.slots);
}

void map_done(struct map *map) {
    if (!map->arena)
        mem_free(map->slots);
    *map = (struct map){ 0 };
}

void *map_get(const struct map *map, struct str key) {
    return map->capacity ? find_slot(map, str_hash(key), key)->value : NULL;
}

void *map_put(struct map *map, struct str key, void *value) {
    ASSERT(value);
    if ((map->count + 1) * 4 > map->capacity * 3)
        grow(map);
    uint64_t hash = str_hash(key);
    struct map_slot *slot = find_slot(map, hash, key);
    void *before = slot->value;
    if (!before) {
        map->count++;
        slot->hash = hash;
        slot->key = key;
    }
    slot->value = value;
    return before;
}

bool map_next(const struct map *map, size_t *position, struct str *ret_key, void **ret_value) {
    while (*position < map->capacity) {
        struct map_slot *slot = &map->slots[(*position)++];
        if (slot->value) {
            *ret_key = slot->key;
            *ret_value = slot->value;
            return true;
        }
    }
    return false;
}
