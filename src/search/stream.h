/* Bytes written one after the other to a file, with their number and checksum; errors are
 * remembered and told once, at the end. A stream without a file is a spill: kept in memory
 * while it is small, else in a file without a name, and read back once. */
#ifndef SEARCH_STREAM_H
#define SEARCH_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/rc.h"

/* What is read at once of a file that is not in memory. */
#define STREAM_BLOCK_BYTES ((size_t) 16 * 1024)

struct stream {
    int fd;             /* -1: not yet, or a small spill */
    const char *folder; /* of a spill's file */
    unsigned char *buffer;
    size_t n;           /* bytes in the buffer */
    uint64_t size;      /* bytes in all */
    uint32_t checksum;  /* of all that left the buffer, or: */
    bool keeps_sums;    /* set before the first byte and cleared behind the last that counts */
    uint32_t *sums;     /* of each STREAM_BLOCK_BYTES; a flush ends the last, shorter block */
    uint32_t sum_count, sum_room;
    int error;          /* errno of the first failure */
};

/* The descriptor stays the caller's. */
struct stream stream_to(int fd);
struct stream stream_spill(const char *folder);
void stream_done(struct stream *s);

void stream_write(struct stream *s, const void *p, size_t n);
/* Zero bytes up to a multiple of `to`, counted from `origin` before the first byte. */
void stream_pad(struct stream *s, size_t to, size_t origin);
/* Writes what is in the buffer to the file. */
void stream_flush(struct stream *s);
/* Appends all of a spill. */
void stream_copy(struct stream *s, struct stream *spill);

#endif
