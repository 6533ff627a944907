/* Every number that is read from the file is checked before it is used, here or in
 * segment_check.c. */
#include "search/segment.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "search/segment_ask.h"
#include "search/segment_check.h"

struct str segment_path(struct arena *arena, const char *folder, uint64_t id) {
    return arena_printf(arena, "%s/%016llx.seg", folder, (unsigned long long) id);
}

/* --- terms --- */

static const struct segment *of(const struct source *source) {
    return (const struct segment *) (const void *) source;
}

static void damaged(const struct segment *s) {
    atomic_store(&s->seen->is_damaged, true);
}

static bool postings_of(const struct segment *s, uint32_t term, struct postings *ret) {
    if (!segment_holds_postings(s, term))
        return false;
    uint32_t from = s->terms[term].refs & ~SEGMENT_FEW;
    uint32_t n = (s->terms[term + 1].refs & ~SEGMENT_FEW) - from;
    const uint32_t *refs = s->refs + from;
    if (s->terms[term].refs & SEGMENT_FEW)
        *ret = (struct postings){ .few = refs, .few_count = n };
    else
        *ret = (struct postings){ .refs = (const void *) refs, .ref_count = n / 2,
                                  .payload = s->payload };
    return true;
}

/* What is in a slot of the hash table: 0 too where it cannot be read. */
static uint32_t slot_at(const struct segment *s, uint32_t i) {
    if (!segment_holds(s, &s->slots[i], sizeof *s->slots))
        return 0;
    if (s->slots[i] > s->source.terms)
        damaged(s);
    return s->slots[i] > s->source.terms ? 0 : s->slots[i];
}

static bool find(const struct source *source, struct str token, struct postings *ret) {
    const struct segment *s = of(source);
    uint32_t slots = s->header->slots, at = segment_slot(token, slots), term;
    for (uint32_t tries = 0; tries < slots && (term = slot_at(s, at)); tries++) {
        struct str text;
        if (!segment_holds_text(s, term - 1, &text))
            return false;
        if (str_eq(text, token))
            return postings_of(s, term - 1, ret);
        at = at + 1 < slots ? at + 1 : 0;
    }
    return false;
}

/* How many signs are below `sign`. */
static uint32_t signs_below(const struct segment *s, uint64_t sign) {
    uint32_t low = 0, high = segment_signs(s->source.terms);
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (s->signs[middle] < sign)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* The first term that is not before `wanted`; that of the end where it cannot be read. */
static uint32_t first_term(const struct segment *s, struct str wanted) {
    uint32_t terms = s->source.terms;
    if (!segment_holds(s, s->signs, segment_signs(terms) * sizeof *s->signs))
        return terms;
    uint64_t sign = sign_of(wanted);
    uint32_t below = signs_below(s, sign);
    uint64_t low = below ? (uint64_t) (below - 1) * SEGMENT_STRIDE : 0;
    uint64_t high = (uint64_t) signs_below(s, sign + (wanted.n > SIGN_BYTES)) * SEGMENT_STRIDE;
    high = high < terms ? high : terms;
    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        struct str text;
        if (!segment_holds_text(s, (uint32_t) middle, &text))
            return terms;
        if (str_compare(text, wanted) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return (uint32_t) low;
}

static void prefix(const struct source *source, struct str wanted, postings_visit *visit,
                   void *arg) {
    const struct segment *s = of(source);
    uint32_t low = first_term(s, wanted);
    struct str text;
    for (uint32_t first = low;
         low < source->terms && segment_holds_text(s, low, &text) && str_starts(text, wanted); low++) {
        struct postings postings;
        if ((low - first) % SEGMENT_ASK_MAX == 0)
            segment_ask_for_terms(s, low);
        if (postings_of(s, low, &postings))
            visit(arg, &postings);
    }
}

static struct str term(const struct source *source, uint32_t i, struct postings *ret) {
    struct str text = STR("");
    *ret = (struct postings){ 0 };
    return segment_holds_text(of(source), i, &text) && postings_of(of(source), i, ret) ? text
                                                                                      : STR("");
}

static void ask(const struct source *source, struct strs tokens) {
    segment_ask_for_tokens(of(source), tokens);
}

static bool holds(const struct source *source, const void *p, size_t bytes) {
    return segment_holds(of(source), p, bytes);
}

static bool holds_groups(const struct source *source, uint32_t chunk) {
    return segment_holds_groups(of(source), chunk);
}

static bool is_damaged(const struct source *source) {
    return atomic_load(&of(source)->seen->is_damaged);
}

static enum rc check(const struct source *source, const atomic_bool *stop) {
    return segment_check(of(source), stop);
}

static const struct source_calls calls
    = { find, prefix, term, ask, holds, holds_groups, is_damaged, check };

/* --- rows --- */

/* Row number i by document; UINT32_MAX where it cannot be read. */
static uint32_t row_by_doc(const struct segment *segment, uint32_t i, int64_t *ret_doc) {
    const struct source *s = &segment->source;
    if (!segment_holds(segment, &s->by_doc[i], sizeof *s->by_doc))
        return UINT32_MAX;
    uint32_t row = s->by_doc[i];
    if (row >= s->rows)
        damaged(segment);
    if (row >= s->rows || !segment_holds(segment, &s->keys[row], sizeof *s->keys))
        return UINT32_MAX;
    *ret_doc = key_doc(s->keys[row]);
    return row;
}

uint32_t segment_row(const struct segment *segment, int64_t doc) {
    /* Documents ascend by one at least, so it is not behind the guess, and mostly there. */
    uint32_t rows = segment->source.rows, row;
    int64_t found;
    if (row_by_doc(segment, 0, &found) == UINT32_MAX || doc < found)
        return UINT32_MAX;
    uint64_t guess = (uint64_t) (doc - found);
    if (guess < rows && (row = row_by_doc(segment, (uint32_t) guess, &found)) != UINT32_MAX
        && found == doc)
        return row;
    uint32_t low = 0, high = guess < rows ? (uint32_t) guess : rows;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (row_by_doc(segment, middle, &found) == UINT32_MAX)
            return UINT32_MAX;
        if (found < doc)
            low = middle + 1;
        else
            high = middle;
    }
    row = low < rows ? row_by_doc(segment, low, &found) : UINT32_MAX;
    return row != UINT32_MAX && found == doc ? row : UINT32_MAX;
}

bool segment_kill(struct segment *s, uint32_t row) {
    uint32_t chunk = row / CHUNK_ROWS;
    if (!s->dead[chunk])
        s->dead[chunk] = mem_array(CHUNK_WORDS, sizeof(uint64_t));
    else if (words_have(s->dead[chunk], row % CHUNK_ROWS))
        return false;
    words_set(s->dead[chunk], row % CHUNK_ROWS);
    s->dead_counts[chunk]++;
    s->dead_rows++;
    return true;
}

bool segment_kill_chunk(struct segment *s, uint32_t chunk, const uint64_t *words) {
    if (chunk >= s->source.chunks
        || words_next(words, source_chunk_rows(&s->source, chunk)) != CHUNK_ROWS)
        return false;
    if (!s->dead[chunk])
        s->dead[chunk] = mem_array(CHUNK_WORDS, sizeof(uint64_t));
    words_or(s->dead[chunk], words);
    uint32_t n = words_count(s->dead[chunk]);
    s->dead_rows += n - s->dead_counts[chunk];
    s->dead_counts[chunk] = n;
    return true;
}

/* --- life --- */

static const void *section(const unsigned char *bytes, enum section which) {
    const struct segment_header *h = (const void *) bytes;
    return bytes + h->offsets[which];
}

static struct source source_over(const unsigned char *bytes) {
    const struct segment_header *h = (const void *) bytes;
    struct source s = { .calls = &calls,
                        .rows = h->rows,
                        .chunks = (h->rows + CHUNK_ROWS - 1) / CHUNK_ROWS,
                        .keys = section(bytes, SECTION_KEYS),
                        .group_docs = section(bytes, SECTION_GROUP_DOCS),
                        .group_starts = section(bytes, SECTION_GROUP_STARTS),
                        .group_rows = section(bytes, SECTION_GROUP_ROWS),
                        .group_of = section(bytes, SECTION_GROUP_OF),
                        .groups = h->groups,
                        .grouped = h->grouped,
                        .terms = h->terms,
                        .by_doc = section(bytes, SECTION_BY_DOC) };
    const int64_t *values = section(bytes, SECTION_VALUES);
    for (size_t i = 0; i < INDEX_VALUES && h->kind == INDEX_COMPANIES; i++)
        s.values[i] = values + i * h->rows;
    return s;
}

enum rc segment_read(const unsigned char *bytes, size_t size, struct segment **ret_segment) {
    if (!segment_header_is_sound(bytes, size))
        return E_INVALID;
    struct segment *s = MEM_NEW(struct segment);
    s->source = source_over(bytes);
    s->bytes = size;
    s->header = (const void *) bytes;
    s->terms = section(bytes, SECTION_TERMS);
    s->refs = section(bytes, SECTION_REFS);
    s->payload = section(bytes, SECTION_PAYLOAD);
    s->text = section(bytes, SECTION_TEXT);
    s->slots = section(bytes, SECTION_SLOTS);
    s->signs = section(bytes, SECTION_SIGNS);
    s->seen = segment_seen_new(s->header);
    s->dead = mem_array(s->source.chunks, sizeof *s->dead);
    s->dead_counts = mem_array(s->source.chunks, sizeof *s->dead_counts);
    s->source.dead = s->dead;
    s->source.dead_counts = s->dead_counts;
    *ret_segment = s;
    return OK;
}

/* What is read here and there is asked for where it is checked (segment_check.c). Without
 * this the kernel reads megabytes around each page that is not in memory, while others wait
 * for the disk. The checksums at the end are read now. */
static void read_here_and_there(const void *map, size_t size) {
    size_t sums = size / STREAM_BLOCK_BYTES * sizeof(uint32_t) + 2 * SEGMENT_ALIGN;
    (void) madvise((void *) (uintptr_t) map, size, MADV_RANDOM);
    segment_ask_for_bytes(map, sums < size ? size - sums : 0, size);
}

static enum rc map_file(struct ctx *ctx, int fd, const char *path, size_t size,
                        struct segment **ret_segment) {
    void *map = size ? mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0) : MAP_FAILED;
    if (map == MAP_FAILED)
        return size ? fail(ctx, E_IO, "map %s: %s", path, error_text(errno))
                    : fail(ctx, E_INVALID, "%s is empty", path);
    read_here_and_there(map, size);
    enum rc rc = segment_read(map, size, ret_segment);
    if (rc != OK) {
        (void) munmap(map, size);
        return fail(ctx, rc, "%s is damaged", path);
    }
    (*ret_segment)->is_mapped = true;
    return OK;
}

enum rc segment_open(struct ctx *ctx, const char *folder, uint64_t id,
                     struct segment **ret_segment) {
    struct str path = segment_path(ctx->arena, folder, id);
    int fd = open(path.p, O_RDONLY | O_CLOEXEC);
    struct stat info;
    if (fd < 0)
        return fail(ctx, errno == ENOENT ? E_NOT_FOUND : E_IO, "open %s: %s", path.p,
                    error_text(errno));
    enum rc rc = fstat(fd, &info) == 0
                     ? map_file(ctx, fd, path.p, (size_t) info.st_size, ret_segment)
                     : fail(ctx, E_IO, "stat %s: %s", path.p, error_text(errno));
    (void) close(fd); /* opened for reading */
    if (rc == OK)
        (*ret_segment)->id = id;
    return rc;
}

void segment_close(struct segment **segment) {
    struct segment *s = *segment;
    if (!s)
        return;
    for (uint32_t i = 0; i < s->source.chunks; i++)
        mem_free(s->dead[i]);
    mem_free(s->dead);
    mem_free(s->dead_counts);
    segment_seen_free(s->seen);
    if (s->is_mapped)
        (void) munmap((void *) (uintptr_t) s->header, s->bytes);
    mem_free(s);
    *segment = NULL;
}
