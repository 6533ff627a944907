/* Makes the file of a segment (segment.h) from front to back: terms in ascending order,
 * each with its chunks, then sections from SECTION_KEYS on. The file has its name, and is
 * on disk, when segment_writer_finish returns OK, and not before. */
#ifndef SEARCH_SEGMENT_WRITE_H
#define SEARCH_SEGMENT_WRITE_H

#include "search/segment.h"

struct segment_writer;

MUST_USE enum rc segment_writer_new(struct ctx *ctx, const char *folder, uint64_t id,
                                    struct segment_writer **ret_writer);
/* Gives up and removes the draft. Accepts NULL. */
void segment_writer_free(struct segment_writer **writer);

/* A term without a chunk is left out. */
void segment_writer_term(struct segment_writer *w, struct str text);
/* Chunks ascend; `rows` is not empty. */
void segment_writer_chunk(struct segment_writer *w, uint32_t chunk, struct container rows);

/* From SECTION_KEYS to SECTION_VALUES, in order, each once; what follows is its content. */
void segment_writer_section(struct segment_writer *w, enum section section);
void segment_writer_bytes(struct segment_writer *w, const void *p, size_t n);

/* `counts` gives kind, rows, groups and grouped. Frees the writer. */
MUST_USE enum rc segment_writer_finish(struct ctx *ctx, struct segment_writer **writer,
                                       const struct segment_header *counts);

#endif
