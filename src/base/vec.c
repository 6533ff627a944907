#include "base/vec.h"

void *vec_grow(struct arena *arena, void *p, size_t n, size_t size) {
    if (n & (n - 1)) /* not a power of two: there is room */
        return p;
    void *larger = arena_array(arena, n ? n * 2 : 1, size);
    if (n)
        memcpy(larger, p, n * size);
    return larger;
}

void *vec_room(struct arena *arena, size_t n, size_t size) {
    size_t capacity = 1;
    while (capacity < n)
        capacity *= 2;
    return arena_array(arena, capacity, size);
}

bool strs_have(struct strs list, struct str value) {
    for (size_t i = 0; i < list.n; i++)
        if (str_eq(list.p[i], value))
            return true;
    return false;
}
