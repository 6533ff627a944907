/* A part of the index as a file that never changes: mapped, and checked where it is read.
 * The file is little-endian and in the layout of the structs here; it is a copy of what the
 * database holds, so an old version is not read but built anew.
 *
 * Opening looks at the header only. Each block of the file has a checksum that is compared
 * when something in the block is read for the first time, and so are the numbers that a
 * reader follows: whatever a file holds, nothing outside of it is read. What is not in order
 * makes the segment damaged; then what was found in it is no answer.
 *
 * Life cycle: search/segment_write.h makes it, segment_open, segment_close. Immutable but
 * for the rows that are dead, which belong to whoever opened it. Reading is for any number
 * of threads. */
#ifndef SEARCH_SEGMENT_H
#define SEARCH_SEGMENT_H

#include "search/source.h"
#include "search/stream.h"

#define SEGMENT_MAGIC "OUTRSEG\x05"
#define SEGMENT_ALIGN ((size_t) 64)

/* Parts of the file, in their order. */
enum section {
    SECTION_PAYLOAD,    /* u16: containers; bits at multiples of 64 bytes */
    SECTION_REFS,       /* u32, of one term after the other: its few rows, or two for each
                           struct chunk_ref */
    SECTION_TERMS,      /* struct segment_term, ascending by text; one more for the end */
    SECTION_TEXT,       /* bytes of the terms */
    SECTION_SIGNS,      /* u64: sign_of of every SEGMENT_STRIDE-th term */
    SECTION_KEYS,       /* u64, ascending */
    SECTION_BY_DOC,     /* u32 */
    SECTION_GROUP_ROWS, /* u32 */
    SECTION_GROUP_DOCS, /* u64, ascending */
    SECTION_GROUP_STARTS, /* u32, one more for the end */
    SECTION_GROUP_OF,   /* u32, of each row; people only */
    SECTION_VALUES,     /* i64, INDEX_VALUES columns; companies only */
    SECTION_SUMS,       /* u32: checksums of the blocks between the header and here, which
                           have STREAM_BLOCK_BYTES, the last fewer */
    SECTIONS
};

struct segment_term {
    uint32_t text; /* where its text and its references begin; they end at the next term's */
    uint32_t refs; /* with SEGMENT_FEW when they are rows */
};
#define SEGMENT_FEW UINT32_C(0x80000000)

/* The first eight bytes of a term as a number: terms ascend as their signs do, and those of one
 * sign by what follows. */
enum { SIGN_BYTES = 8 };
static inline uint64_t sign_of(struct str term) {
    uint64_t sign = 0;
    for (size_t b = 0; b < SIGN_BYTES; b++)
        sign = sign << 8 | (b < term.n ? (unsigned char) term.p[b] : 0);
    return sign;
}

/* Between two signs there are so few terms that one or two blocks hold all of them, and so
 * many that the signs of a large file are few. */
enum { SEGMENT_STRIDE = 64 };
static inline uint32_t segment_signs(uint32_t terms) {
    return terms / SEGMENT_STRIDE + (terms % SEGMENT_STRIDE != 0);
}

struct segment_header {
    char magic[8];
    uint32_t kind; /* enum index_kind */
    uint32_t rows, terms, groups, grouped, unused;
    uint64_t offsets[SECTIONS], sizes[SECTIONS]; /* bytes */
    uint64_t size;                               /* of the file */
    uint32_t sums;   /* checksum of SECTION_SUMS, and with that of all */
    uint32_t header; /* checksum of the header up to here */
};

struct segment {
    struct source source; /* first: a segment is a source */
    uint64_t id;          /* names the file */
    size_t bytes;
    const struct segment_header *header; /* the beginning of the file */
    bool is_mapped;
    const struct segment_term *terms;
    const uint32_t *refs;
    const uint16_t *payload;
    const char *text;
    const uint64_t *signs;
    struct segment_seen *seen; /* what was checked; changed by readers */
    uint64_t **dead;           /* owned; for source.dead */
    uint32_t *dead_counts;
    uint32_t dead_rows;
    bool is_taken; /* for whoever opened it: it is being merged */
};

/* "FOLDER/0000000000000012.seg" */
struct str segment_path(struct arena *arena, const char *folder, uint64_t id);

/* E_NOT_FOUND, E_INVALID when the file is not in order as far as was seen, E_IO. */
MUST_USE enum rc segment_open(struct ctx *ctx, const char *folder, uint64_t id,
                              struct segment **ret_segment);
/* Accepts NULL. */
void segment_close(struct segment **segment);

/* The segment over `size` bytes (at an address that is a multiple of 64), for segment_open
 * and for tests. E_INVALID. segment_close does not unmap what came from here. */
MUST_USE enum rc segment_read(const unsigned char *bytes, size_t size,
                              struct segment **ret_segment);

/* The row of `doc`, dead or not; UINT32_MAX when there is none. */
uint32_t segment_row(const struct segment *segment, int64_t doc);
/* Marks the row as dead; false when it was. */
bool segment_kill(struct segment *segment, uint32_t row);
/* The same of all rows of a chunk that have a bit in `words`; false when some are not there. */
bool segment_kill_chunk(struct segment *segment, uint32_t chunk, const uint64_t *words);

#endif
