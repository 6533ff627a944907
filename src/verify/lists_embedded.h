/* The lists in the binary, written by tools/embed.c from src/verify/lists/. */
#ifndef VERIFY_LISTS_EMBEDDED_H
#define VERIFY_LISTS_EMBEDDED_H

#include <stddef.h>

struct embedded_list {
    const char *name; /* the file's, without ".txt" */
    const char *text;
    size_t n;
};

extern const struct embedded_list embedded_lists[];
extern const size_t embedded_lists_count;

#endif
