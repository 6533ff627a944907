/* Arena: memory with one life time, freed all at once. One per request and per
 * job; see docs/architecture.md, "Memory".
 *
 * Life cycle: arena_new, allocate, arena_reset (reuse) or arena_free.
 * Thread rule: used by one thread at a time.
 * Memory is zeroed and allocation never fails (base/mem.h says why). What bounds
 * an arena is the limits on input (base/limits.h); ARENA_BACKSTOP_BYTES aborts,
 * because reaching it means that such a limit is missing. */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stdarg.h>
#include <stddef.h>

#include "base/rc.h"
#include "base/str.h"

struct arena;

/* A new empty arena; the caller frees it with arena_free. */
struct arena *arena_new(void) __attribute__((returns_nonnull));

/* For work whose size is that of the data: whoever uses it looks at arena_used and gives
 * up in order long before `backstop` bytes, where it aborts. */
struct arena *arena_new_with(size_t backstop) __attribute__((returns_nonnull));

/* Runs the deferred functions, last first, and releases the memory except for
 * one block that the next user gets. Sanitizer builds poison what was used. */
void arena_reset(struct arena *arena);

/* arena_reset, then frees the arena itself and sets *arena to NULL. Accepts NULL. */
void arena_free(struct arena **arena);

/* `size` zeroed bytes, aligned for any type. */
void *arena_alloc(struct arena *arena, size_t size) __attribute__((malloc, returns_nonnull));

/* Zeroed array; aborts when count * size overflows. */
void *arena_array(struct arena *arena, size_t count, size_t size)
    __attribute__((malloc, returns_nonnull));

#define ARENA_NEW(arena, type) ((type *) arena_alloc((arena), sizeof(type)))
#define ARENA_ARRAY(arena, count, type) ((type *) arena_array((arena), (count), sizeof(type)))

/* A copy that is NUL-terminated behind its end, so that `.p` may go to C libraries. */
struct str arena_str(struct arena *arena, struct str text);

/* NUL-terminated copy. */
const char *arena_cstr(struct arena *arena, struct str text);

/* Formatted text; cannot truncate. NUL-terminated behind its end. */
struct str arena_printf(struct arena *arena, const char *format, ...) PRINTF_LIKE(2, 3);
struct str arena_vprintf(struct arena *arena, const char *format, va_list args)
    PRINTF_LIKE(2, 0);

/* Calls function(arg) at reset or free: for statements, files, sockets and
 * transactions whose life is the request's. */
void arena_defer(struct arena *arena, void (*function)(void *arg), void *arg);

/* Bytes handed out since the last reset; for the memory metric and tests. */
size_t arena_used(const struct arena *arena);

#endif
