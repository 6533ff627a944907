/* Whether a file is a segment in order: at once as little as opening needs, then every part
 * when it is read for the first time. */
#ifndef SEARCH_SEGMENT_CHECK_H
#define SEARCH_SEGMENT_CHECK_H

#include "search/segment.h"

/* What was found in order, a bit each; and whether something was not. */
struct segment_seen {
    atomic_bool is_damaged, is_whole; /* all of it was checked */
    atomic_bool has_signs;            /* all of them were read */
    _Atomic uint64_t unread;          /* blocks */
    _Atomic uint64_t *blocks, *terms, *group_chunks;
};

/* Whether header, bounds of the sections and checksums of the checksums are right. Any
 * bytes, at a multiple of 64. */
bool segment_header_is_sound(const unsigned char *bytes, size_t size);

struct segment_seen *segment_seen_new(const struct segment_header *header);
void segment_seen_free(struct segment_seen *seen);

/* Whether every block was read once: nothing needs to be asked for. */
bool segment_is_read(const struct segment *s);

/* Asks the kernel for these bytes of a mapped file and no more, without waiting; for the blocks
 * of `n` bytes of the segment that were not checked yet. Hints, which may fail. */
void segment_ask_for_bytes(const void *map, uint64_t from, uint64_t end);
void segment_ask_for(const struct segment *s, const void *p, size_t n);

/* Whether these bytes of the file are what was written. When not, and after any other of
 * these that is false, the segment is damaged. */
bool segment_holds(const struct segment *s, const void *p, size_t n);
/* The text of a term; its references and all that they point to; the companies of a chunk's
 * rows. */
bool segment_holds_text(const struct segment *s, uint32_t term, struct str *ret_text);
bool segment_holds_postings(const struct segment *s, uint32_t term);
/* Whether segment_holds_postings was true of it. */
bool segment_has_seen(const struct segment *s, uint32_t term);
bool segment_holds_groups(const struct segment *s, uint32_t chunk);

/* Reads the tables of terms and companies, which every search needs here and there, so that
 * they are in memory, then `all` of the rest; a piece after the other, so that searches get the
 * disk in between. */
void segment_read_ahead(const struct segment *s, bool all, const atomic_bool *stop);

/* All of it, and that everything that should ascend does. Without messages: E_INVALID;
 * E_CANCELED when `*stop`, which may be NULL. */
MUST_USE enum rc segment_check(const struct segment *s, const atomic_bool *stop);

#endif
