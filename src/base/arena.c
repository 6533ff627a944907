/* A chain of blocks. Small requests are cut from the newest block; a request
 * larger than a quarter block gets a block of its own, put behind the newest so
 * that the rest of the newest stays usable. Deferred calls are a list in the
 * arena's own memory, so they cost no extra allocation. */
#include "base/arena.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/limits.h"
#include "base/mem.h"

/* gcc says it with a macro, clang with a feature. */
#ifndef __has_feature
#define __has_feature(x) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
enum { ARENA_POISON = 1 };
#else
enum { ARENA_POISON = 0 };
#endif

enum { BLOCK_BYTES = 16 * 1024, ALIGNMENT = 16 };

struct block {
    struct block *older;
    size_t size; /* of data */
    size_t used;
    _Alignas(ALIGNMENT) unsigned char data[];
};

struct deferred {
    struct deferred *older;
    void (*function)(void *arg);
    void *arg;
};

struct arena {
    struct block *newest;
    struct deferred *deferred;
    size_t used, backstop;
};

static struct block *block_new(size_t size) {
    struct block *block = mem_alloc(sizeof *block + size);
    block->size = size;
    return block;
}

struct arena *arena_new_with(size_t backstop) {
    struct arena *arena = MEM_NEW(struct arena);
    arena->newest = block_new(BLOCK_BYTES);
    arena->backstop = backstop;
    return arena;
}

struct arena *arena_new(void) {
    return arena_new_with(ARENA_BACKSTOP_BYTES);
}

static void run_deferred(struct arena *arena) {
    while (arena->deferred) {
        struct deferred *d = arena->deferred;
        arena->deferred = d->older;
        d->function(d->arg);
    }
}

/* Frees every block but one of the normal size, which the next user gets. */
static struct block *keep_one_block(struct block *newest) {
    struct block *kept = NULL;
    while (newest) {
        struct block *older = newest->older;
        if (!kept && newest->size == BLOCK_BYTES)
            kept = newest;
        else
            mem_free(newest);
        newest = older;
    }
    return kept ? kept : block_new(BLOCK_BYTES);
}

void arena_reset(struct arena *arena) {
    run_deferred(arena);
    struct block *kept = keep_one_block(arena->newest);
    /* A stale pointer into a reset arena must not look like valid data in tests. */
    memset(kept->data, ARENA_POISON ? 0xDD : 0, kept->used);
    kept->used = 0;
    kept->older = NULL;
    arena->newest = kept;
    arena->used = 0;
}

void arena_free(struct arena **arena) {
    struct arena *a = *arena;
    if (!a)
        return;
    run_deferred(a);
    for (struct block *block = a->newest; block;) {
        struct block *older = block->older;
        mem_free(block);
        block = older;
    }
    mem_free(a);
    *arena = NULL;
}

static void *cut(struct block *block, size_t size) {
    void *p = block->data + block->used;
    block->used += size;
    return p;
}

void *arena_alloc(struct arena *arena, size_t size) {
    ASSERT(size <= arena->backstop);
    size_t rounded = ((size ? size : 1) + ALIGNMENT - 1) & ~(size_t) (ALIGNMENT - 1);
    arena->used += rounded;
    ASSERT(arena->used <= arena->backstop);
    struct block *newest = arena->newest;
    void *p;
    if (rounded <= newest->size - newest->used) {
        p = cut(newest, rounded);
    } else if (rounded > BLOCK_BYTES / 4) {
        struct block *own = block_new(rounded);
        own->older = newest->older;
        newest->older = own;
        return cut(own, rounded);
    } else {
        struct block *block = block_new(BLOCK_BYTES);
        block->older = newest;
        arena->newest = block;
        return cut(block, rounded);
    }
    if (ARENA_POISON)
        memset(p, 0, rounded);
    return p;
}

void *arena_array(struct arena *arena, size_t count, size_t size) {
    ASSERT(size == 0 || count <= SIZE_MAX / size);
    return arena_alloc(arena, count * size);
}

struct str arena_str(struct arena *arena, struct str text) {
    char *copy = arena_alloc(arena, text.n + 1);
    if (text.n)
        memcpy(copy, text.p, text.n);
    return (struct str){ copy, text.n };
}

const char *arena_cstr(struct arena *arena, struct str text) {
    return arena_str(arena, text).p;
}

struct str arena_vprintf(struct arena *arena, const char *format, va_list args) {
    va_list again;
    va_copy(again, args);
    int needed = vsnprintf(NULL, 0, format, args);
    ASSERT(needed >= 0);
    size_t n = (size_t) needed;
    char *text = arena_alloc(arena, n + 1);
    (void) vsnprintf(text, n + 1, format, again); /* measured above: it fits */
    va_end(again);
    return (struct str){ text, n };
}

struct str arena_printf(struct arena *arena, const char *format, ...) {
    va_list args;
    va_start(args, format);
    struct str text = arena_vprintf(arena, format, args);
    va_end(args);
    return text;
}

void arena_defer(struct arena *arena, void (*function)(void *arg), void *arg) {
    struct deferred *d = ARENA_NEW(arena, struct deferred);
    d->function = function;
    d->arg = arg;
    d->older = arena->deferred;
    arena->deferred = d;
}

size_t arena_used(const struct arena *arena) {
    return arena->used;
}
