/* What a search and a merge see of a part of the index: a segment (a mapped file) or the
 * tail (rows in memory). Rows are numbered from 0, 65,536 of them are a chunk. In a
 * segment the numbers are in the order of the keys; the tail has `order` for that. */
#ifndef SEARCH_SOURCE_H
#define SEARCH_SOURCE_H

#include "base/str.h"
#include "search/container.h"
#include "search/index.h"

/* The order inside a tier in one number: best rank first, then the document. */
enum { KEY_DOC_BITS = 40 };
static inline uint64_t key_of(int64_t rank, int64_t doc) {
    return (uint64_t) (INDEX_RANK_MAX - rank) << KEY_DOC_BITS | (uint64_t) doc;
}
static inline int64_t key_doc(uint64_t key) {
    return (int64_t) (key & (uint64_t) INDEX_DOC_MAX);
}

/* Where the rows of a term in one chunk are, in a file. */
struct chunk_ref {
    uint16_t chunk;
    uint16_t last;   /* how many rows, less one */
    uint32_t offset; /* in the payload, in units of two bytes */
};

/* A term of so few rows has no references: the rows themselves are shorter. */
enum { POSTINGS_FEW_MAX = 32 };

/* The rows of a term, in one of three forms. */
struct postings {
    const struct chunk_ref *refs; /* ascending; into the payload */
    uint32_t ref_count;
    const uint16_t *payload;
    const uint32_t *few; /* rows, ascending */
    uint32_t few_count;  /* at most POSTINGS_FEW_MAX */
    const struct container *chunks; /* of all chunks of the source */
};
/* The rows in one chunk; in `room` where they are few. */
struct container postings_chunk(const struct postings *postings, uint32_t chunk,
                                uint16_t room[POSTINGS_FEW_MAX]);
/* What reference number i points to. */
struct container postings_ref(const struct postings *postings, uint32_t i);

struct source;
/* Called for one term; `postings` is valid as long as the source does not change. */
typedef void postings_visit(void *arg, const struct postings *postings);

struct source_calls {
    /* False when no row has the token. */
    bool (*find)(const struct source *source, struct str token, struct postings *ret);
    void (*prefix)(const struct source *source, struct str prefix, postings_visit *visit,
                   void *arg);
    /* Term number i in the order of their bytes: for merging. */
    struct str (*term)(const struct source *source, uint32_t i, struct postings *ret);
    /* Of a file, and NULL in memory, like all that follow: asks for what looking these up
     * will need; for bytes of the arrays below; whether some of it was never read. */
    void (*ask)(const struct source *source, struct strs tokens);
    void (*ask_for)(const struct source *source, const void *p, size_t bytes);
    bool (*may_wait)(const struct source *source);
    /* It is only known to be in order where it was looked at. Whether bytes of the arrays are;
     * group_of of a chunk; whether anything was found that is not; whether all is. */
    bool (*holds)(const struct source *source, const void *p, size_t bytes);
    bool (*holds_groups)(const struct source *source, uint32_t chunk);
    bool (*is_damaged)(const struct source *source);
    enum rc (*check)(const struct source *source, const atomic_bool *stop);
};

/* Before any of the arrays is read, source_holds is asked for that part. Where it says no, a
 * search goes on with anything and finds at its end that the source is damaged. */
struct source {
    const struct source_calls *calls;
    uint32_t rows, chunks;
    const uint64_t *keys;                  /* of each row */
    const int64_t *values[INDEX_VALUES];   /* of each row; NULL for people */
    uint64_t *const *dead;                 /* of each chunk: bits of rows that are gone, or NULL */
    const uint32_t *dead_counts;           /* of each chunk */
    const uint64_t *companies;             /* tail of people: of each row, 0 without one */
    /* Segment of people: companies, ascending; where their rows begin, with one more for
     * the end; the rows. The tail has them when it is frozen. */
    const uint64_t *group_docs;
    const uint32_t *group_starts, *group_rows;
    const uint32_t *group_of; /* of each row; `groups` without a company; not of the tail */
    uint32_t groups, grouped; /* how many companies; rows that have one */
    /* For merging. */
    uint32_t terms;
    const uint32_t *by_doc; /* rows in the order of their documents */
    const uint16_t *order;  /* rows in the order of their keys; NULL: they are */
};

static inline bool source_holds(const struct source *s, const void *p, size_t bytes) {
    return !s->calls->holds || s->calls->holds(s, p, bytes);
}
/* Whether it pays to ask for what is going to be read, so that the disk reads all at once. */
static inline bool source_may_wait(const struct source *s) {
    return s->calls->may_wait && s->calls->may_wait(s);
}
static inline void source_ask_for(const struct source *s, const void *p, size_t bytes) {
    if (s->calls->ask_for)
        s->calls->ask_for(s, p, bytes);
}
static inline bool source_is_damaged(const struct source *s) {
    return s->calls->is_damaged && s->calls->is_damaged(s);
}

static inline bool source_is_dead(const struct source *s, uint32_t row) {
    const uint64_t *dead = s->dead[row / CHUNK_ROWS];
    return dead && words_have(dead, row % CHUNK_ROWS);
}
/* Rows of a chunk, dead ones too. */
static inline uint32_t source_chunk_rows(const struct source *s, uint32_t chunk) {
    uint32_t left = s->rows - chunk * CHUNK_ROWS;
    return left < CHUNK_ROWS ? left : CHUNK_ROWS;
}
static inline struct container source_dead(const struct source *s, uint32_t chunk) {
    uint32_t n = s->dead_counts[chunk];
    return (struct container){ .n = n, .words = n ? s->dead[chunk] : NULL };
}

#endif
