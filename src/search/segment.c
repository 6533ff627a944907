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
#include "search/segment_terms.h"

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

static bool find(const struct source *source, struct str token, struct postings *ret) {
    uint32_t found = segment_find(of(source), token);
    return found != UINT32_MAX && postings_of(of(source), found, ret);
}

static void prefix(const struct source *source, struct str wanted, postings_visit *visit,
                   void *arg) {
    const struct segment *s = of(source);
    struct term_range all = segment_beginning(s, wanted);
    segment_ask_for_terms(s, all);
    for (uint32_t i = all.from; i < all.end; i++) {
        struct postings postings;
        if (postings_of(s, i, &postings))
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

static void ask_for(const struct source *source, const void *p, size_t bytes) {
    segment_ask_for(of(source), p, bytes);
}

static bool may_wait(const struct source *source) {
    return !segment_is_read(of(source));
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
    = { find, prefix, term, ask, ask_for, may_wait, holds, holds_groups, is_damaged, check };

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

/* Every search needs the signs, and nearly every one for people of companies these two. */
static void ask_for_first_needs(const struct segment *s) {
    const struct source *source = &s->source;
    segment_ask_for(s, s->signs, segment_signs(source->terms) * sizeof *s->signs);
    segment_ask_for(s, source->group_docs, source->groups * sizeof *source->group_docs);
    segment_ask_for(s, source->group_starts, ((size_t) source->groups + 1) * sizeof *source->group_starts);
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
    ask_for_first_needs(*ret_segment);
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
