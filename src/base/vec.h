/* Growing arrays on an arena, for struct strs, ints, counts and list: they keep no
 * capacity of their own, so growth happens at powers of two. */
#ifndef BASE_VEC_H
#define BASE_VEC_H

#include "base/arena.h"
#include "base/field.h"

/* Room for one more element behind `n` elements of `size` bytes: returns `p`, or a
 * copy that is twice as large when n is 0 or a power of two. */
void *vec_grow(struct arena *arena, void *p, size_t n, size_t size);

/* Zeroed room for `n` elements at once, to be filled in place; vec_grow may go on from
 * there. Never NULL, also for none. */
void *vec_room(struct arena *arena, size_t n, size_t size);

static inline void strs_add(struct arena *arena, struct strs *list, struct str value) {
    list->p = vec_grow(arena, list->p, list->n, sizeof *list->p);
    list->p[list->n++] = value;
}

/* Whether the list holds `value`, byte for byte. */
bool strs_have(struct strs list, struct str value);

static inline void ints_add(struct arena *arena, struct ints *list, int64_t value) {
    list->p = vec_grow(arena, list->p, list->n, sizeof *list->p);
    list->p[list->n++] = value;
}

static inline void counts_add(struct arena *arena, struct counts *list, struct str key, int64_t n) {
    list->p = vec_grow(arena, list->p, list->n, sizeof *list->p);
    list->p[list->n++] = (struct count){ key, n };
}

/* A zeroed element of `size` bytes at the end of the list. */
static inline void *list_add(struct arena *arena, struct list *list, size_t size) {
    list->p = vec_grow(arena, list->p, list->n, size);
    void *element = (char *) list->p + list->n++ * size;
    memset(element, 0, size);
    return element;
}

#endif
