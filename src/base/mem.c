#include "base/mem.h"

#include <malloc.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"

void check_failed(const char *condition, const char *file, int line) {
    fprintf(stderr, "assertion failed: %s (%s:%d)\n", condition, file, line);
    abort();
}

static _Noreturn void out_of_memory(size_t size) {
    fprintf(stderr, "out of memory: %zu bytes\n", size);
    abort();
}

void *mem_alloc(size_t size) {
    void *p = calloc(1, size ? size : 1);
    if (!p)
        out_of_memory(size);
    return p;
}

void *mem_array(size_t count, size_t size) {
    ASSERT(size == 0 || count <= SIZE_MAX / size);
    return mem_alloc(count * size);
}

void *mem_resize(void *old, size_t size) {
    void *p = realloc(old, size ? size : 1);
    if (!p)
        out_of_memory(size);
    return p;
}

void mem_free(void *p) {
    free(p);
}

/* Left alone, the C library raises both with the largest block that was freed: a thread that
 * built an index would keep 64 MB, which malloc_trim(3) does not return either, because it
 * looks at the end of the first thread's heap only. */
void mem_start(void) {
    enum { LARGE_BLOCK = 4 * 1024 * 1024 };
    (void) mallopt(M_MMAP_THRESHOLD, LARGE_BLOCK); /* fail only for values out of range */
    (void) mallopt(M_TRIM_THRESHOLD, 2 * LARGE_BLOCK);
}

void mem_trim(void) {
    (void) malloc_trim(0); /* whether there was anything */
}

char *mem_strdup(const char *text) {
    size_t size = strlen(text) + 1;
    char *copy = mem_alloc(size);
    memcpy(copy, text, size);
    return copy;
}
