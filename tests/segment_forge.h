/* Makes the checksums of a segment's file right for whatever it holds. */
#ifndef TESTS_SEGMENT_FORGE_H
#define TESTS_SEGMENT_FORGE_H

#include "search/checksum.h"
#include "search/segment.h"

static inline void forge_sums(unsigned char *bytes, struct segment_header *h) {
    uint64_t end = h->offsets[SECTION_SUMS], n = h->sizes[SECTION_SUMS] / 4, from = sizeof *h;
    for (uint64_t i = 0; i < n && from < end; i++, from += STREAM_BLOCK_BYTES) {
        uint64_t left = end - from;
        uint32_t sum = checksum(0, bytes + from, left < STREAM_BLOCK_BYTES ? left : STREAM_BLOCK_BYTES);
        memcpy(bytes + end + i * 4, &sum, sizeof sum);
    }
    h->sums = checksum(0, bytes + end, n * 4);
}

static inline void forge_checksums(unsigned char *bytes, size_t size) {
    struct segment_header *h = (struct segment_header *) (void *) bytes;
    if (size < sizeof *h)
        return;
    h->size = size;
    uint64_t at = h->offsets[SECTION_SUMS], n = h->sizes[SECTION_SUMS];
    if (at >= sizeof *h && at <= size && n <= size - at)
        forge_sums(bytes, h);
    h->header = checksum(0, h, offsetof(struct segment_header, header));
}

#endif
