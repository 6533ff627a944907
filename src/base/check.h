/* Assertions for programming errors. Always compiled in; never used for input,
 * I/O or anything that a peer or a user can cause. */
#ifndef BASE_CHECK_H
#define BASE_CHECK_H

#define ASSERT(condition) \
    ((condition) ? (void) 0 : check_failed(#condition, __FILE__, __LINE__))

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

/* Writes the failed condition and its place to stderr and aborts. */
_Noreturn void check_failed(const char *condition, const char *file, int line);

#endif
