/* The heap, for long-lived objects and for the arena's blocks. Everything whose
 * life is a request or a job comes from base/arena.h instead. Memory is zeroed;
 * running out of it aborts, because jobs are leased and writes are transactional,
 * so a restart is safe, while an error branch that no test reaches is not. */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include <stddef.h>

/* `size` zeroed bytes (at least one); the caller owns them. */
void *mem_alloc(size_t size) __attribute__((malloc, returns_nonnull));

/* Zeroed array of `count` elements of `size` bytes; aborts on overflow. */
void *mem_array(size_t count, size_t size) __attribute__((malloc, returns_nonnull));

/* Grows or shrinks like realloc(3); the added part is NOT zeroed. */
void *mem_resize(void *old, size_t size) __attribute__((returns_nonnull));

/* Accepts NULL. */
void mem_free(void *p);

/* At the start of a process, before there are threads: what a thread freed at the end of its
 * heap goes back to the system by itself. */
void mem_start(void);
/* Gives what was freed back to the system. The allocator keeps it otherwise, so a process would
 * stay as large as its largest request made it. Takes milliseconds. */
void mem_trim(void);

/* NUL-terminated copy of `text`; the caller owns it. */
char *mem_strdup(const char *text) __attribute__((malloc, returns_nonnull));

#define MEM_NEW(type) ((type *) mem_alloc(sizeof(type)))

#endif
