/* Opening checks everything that reading relies on (segment_check.c), so that reading has
 * no branch for damage. */
#include "search/segment.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "search/segment_check.h"

struct str segment_path(struct arena *arena, const char *folder, uint64_t id) {
    return arena_printf(arena, "%s/%016llx.seg", folder, (unsigned long long) id);
}

/* --- terms --- */

static const struct segment *of(const struct source *source) {
    return (const struct segment *) (const void *) source;
}

static struct str text_of(const struct segment *s, uint32_t term) {
    uint32_t at = s->terms[term].text;
    return (struct str){ s->text + at, s->terms[term + 1].text - at };
}

static struct postings postings_of(const struct segment *s, uint32_t term) {
    uint32_t from = s->terms[term].refs & ~SEGMENT_FEW;
    uint32_t n = (s->terms[term + 1].refs & ~SEGMENT_FEW) - from;
    const uint32_t *refs = s->refs + from;
    if (s->terms[term].refs & SEGMENT_FEW)
        return (struct postings){ .few = refs, .few_count = n };
    return (struct postings){ .refs = (const void *) refs, .ref_count = n / 2,
                              .payload = s->payload };
}

static bool find(const struct source *source, struct str token, struct postings *ret) {
    const struct segment *s = of(source);
    for (uint32_t i = segment_slot(token, s->slot_count); s->slots[i];
         i = i + 1 < s->slot_count ? i + 1 : 0) {
        if (str_eq(text_of(s, s->slots[i] - 1), token)) {
            *ret = postings_of(s, s->slots[i] - 1);
            return true;
        }
    }
    return false;
}

static void prefix(const struct source *source, struct str wanted, postings_visit *visit,
                   void *arg) {
    const struct segment *s = of(source);
    uint32_t low = 0, high = source->terms;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (str_compare(text_of(s, middle), wanted) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < source->terms && str_starts(text_of(s, low), wanted); low++) {
        struct postings postings = postings_of(s, low);
        visit(arg, &postings);
    }
}

static struct str term(const struct source *source, uint32_t i, struct postings *ret) {
    *ret = postings_of(of(source), i);
    return text_of(of(source), i);
}

static const struct source_calls calls = { find, prefix, term };

/* --- rows --- */

uint32_t segment_row(const struct segment *segment, int64_t doc) {
    const struct source *s = &segment->source;
    /* Documents ascend by one at least, so it is not behind the guess, and mostly there. */
    int64_t first = key_doc(s->keys[s->by_doc[0]]);
    if (doc < first)
        return UINT32_MAX;
    uint64_t guess = (uint64_t) (doc - first);
    if (guess < s->rows && key_doc(s->keys[s->by_doc[guess]]) == doc)
        return s->by_doc[guess];
    uint32_t low = 0, high = guess < s->rows ? (uint32_t) guess : s->rows;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (key_doc(s->keys[s->by_doc[middle]]) < doc)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == s->rows || key_doc(s->keys[s->by_doc[low]]) != doc)
        return UINT32_MAX;
    return s->by_doc[low];
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
                        .terms = h->terms,
                        .by_doc = section(bytes, SECTION_BY_DOC) };
    const int64_t *values = section(bytes, SECTION_VALUES);
    for (size_t i = 0; i < INDEX_VALUES && h->kind == INDEX_COMPANIES; i++)
        s.values[i] = values + i * h->rows;
    return s;
}

enum rc segment_read(const unsigned char *bytes, size_t size, struct segment **ret_segment) {
    if (!segment_is_sound(bytes, size))
        return E_INVALID;
    const struct segment_header *h = (const void *) bytes;
    struct segment *s = MEM_NEW(struct segment);
    s->source = source_over(bytes);
    s->bytes = size;
    s->checksum = h->body;
    s->terms = section(bytes, SECTION_TERMS);
    s->refs = section(bytes, SECTION_REFS);
    s->payload = section(bytes, SECTION_PAYLOAD);
    s->text = section(bytes, SECTION_TEXT);
    s->slots = section(bytes, SECTION_SLOTS);
    s->slot_count = h->slots;
    s->dead = mem_array(s->source.chunks, sizeof *s->dead);
    s->dead_counts = mem_array(s->source.chunks, sizeof *s->dead_counts);
    s->source.dead = s->dead;
    s->source.dead_counts = s->dead_counts;
    *ret_segment = s;
    return OK;
}

static enum rc map_file(struct ctx *ctx, int fd, const char *path, size_t size,
                        struct segment **ret_segment) {
    void *map = size ? mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0) : MAP_FAILED;
    if (map == MAP_FAILED)
        return size ? fail(ctx, E_IO, "map %s: %s", path, error_text(errno))
                    : fail(ctx, E_INVALID, "%s is empty", path);
    /* Checking reads all of it; the hint lets the kernel read ahead of that. */
    (void) madvise(map, size, MADV_WILLNEED);
    enum rc rc = segment_read(map, size, ret_segment);
    if (rc != OK) {
        (void) munmap(map, size);
        return fail(ctx, rc, "%s is damaged", path);
    }
    (*ret_segment)->map = map;
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
    if (s->map)
        (void) munmap((void *) (uintptr_t) s->map, s->bytes);
    mem_free(s);
    *segment = NULL;
}
