/* The checksum finds what happened to a file by chance. The rest also refuses what was
 * made to pass it: a reader follows no number that was not checked here or by itself. Two
 * threads may check the same part at the same time, which does no harm. */
#include "search/segment_check.h"

#include <sys/mman.h>
#include <unistd.h>

#include "base/check.h"
#include "base/mem.h"
#include "search/checksum.h"

_Static_assert(sizeof(struct chunk_ref) == 8, "the layout of the file");
_Static_assert(sizeof(struct segment_term) == 8, "the layout of the file");
_Static_assert(sizeof(struct segment_header) == 32 + 16 * SECTIONS + 16, "without gaps");
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the file is little-endian");

/* --- header --- */

static bool is_header(const unsigned char *bytes, size_t size) {
    const struct segment_header *h = (const void *) bytes;
    return size >= sizeof *h && memcmp(h->magic, SEGMENT_MAGIC, sizeof h->magic) == 0
           && h->size == size && h->header == checksum(0, h, offsetof(struct segment_header, header))
           && (h->kind == INDEX_PEOPLE || h->kind == INDEX_COMPANIES) && h->rows > 0
           && h->rows <= UINT32_MAX - CHUNK_ROWS && h->terms < UINT32_MAX
           && h->groups < UINT32_MAX && h->unused == 0;
}

static uint64_t block_count(const struct segment_header *h) {
    return (h->offsets[SECTION_SUMS] - sizeof *h + STREAM_BLOCK_BYTES - 1) / STREAM_BLOCK_BYTES;
}

/* Sections follow each other and are as long as the counts in the header say. */
static bool sections_are_sound(const struct segment_header *h) {
    const struct {
        size_t element;
        uint64_t n; /* UINT64_MAX: any */
    } shapes[SECTIONS] = {
        [SECTION_PAYLOAD] = { 2, UINT64_MAX },
        [SECTION_REFS] = { 4, UINT64_MAX },
        [SECTION_TERMS] = { sizeof(struct segment_term), (uint64_t) h->terms + 1 },
        [SECTION_TEXT] = { 1, UINT64_MAX },
        [SECTION_SIGNS] = { 8, segment_signs(h->terms) },
        [SECTION_KEYS] = { 8, h->rows },
        [SECTION_BY_DOC] = { 4, h->rows },
        [SECTION_GROUP_ROWS] = { 4, h->grouped },
        [SECTION_GROUP_DOCS] = { 8, h->groups },
        [SECTION_GROUP_STARTS] = { 4, (uint64_t) h->groups + 1 },
        [SECTION_GROUP_OF] = { 4, h->kind == INDEX_PEOPLE ? h->rows : 0 },
        [SECTION_VALUES] = { 8, h->kind == INDEX_COMPANIES ? (uint64_t) h->rows * INDEX_VALUES : 0 },
        [SECTION_SUMS] = { 4, UINT64_MAX },
    };
    uint64_t end = sizeof *h;
    for (size_t i = 0; i < SECTIONS; i++) {
        uint64_t offset = h->offsets[i], bytes = h->sizes[i];
        if (offset < end || offset - end >= SEGMENT_ALIGN || offset % SEGMENT_ALIGN
            || offset > h->size || bytes > h->size - offset || bytes % shapes[i].element)
            return false;
        if (shapes[i].n != UINT64_MAX && bytes / shapes[i].element != shapes[i].n)
            return false;
        end = offset + bytes;
    }
    return end == h->size && h->sizes[SECTION_SUMS] / 4 == block_count(h);
}

bool segment_header_is_sound(const unsigned char *bytes, size_t size) {
    const struct segment_header *h = (const void *) bytes;
    return is_header(bytes, size) && sections_are_sound(h)
           && checksum(0, bytes + h->offsets[SECTION_SUMS], h->sizes[SECTION_SUMS]) == h->sums;
}

/* --- what was seen --- */

static _Atomic uint64_t *bits_for(uint64_t n) {
    return mem_array((size_t) (n / 64 + 1), sizeof(_Atomic uint64_t));
}

struct segment_seen *segment_seen_new(const struct segment_header *h) {
    struct segment_seen *seen = MEM_NEW(struct segment_seen);
    seen->blocks = bits_for(block_count(h));
    seen->unread = block_count(h);
    seen->terms = bits_for(h->terms);
    seen->group_chunks = bits_for(h->rows / CHUNK_ROWS);
    return seen;
}

void segment_seen_free(struct segment_seen *seen) {
    mem_free(seen->blocks);
    mem_free(seen->terms);
    mem_free(seen->group_chunks);
    mem_free(seen);
}

static bool is_seen(const _Atomic uint64_t *bits, uint64_t i) {
    return atomic_load_explicit(&bits[i / 64], memory_order_relaxed) >> i % 64 & 1;
}

/* Whether it was not seen before. */
static bool see(_Atomic uint64_t *bits, uint64_t i) {
    uint64_t bit = (uint64_t) 1 << i % 64;
    return !(atomic_fetch_or_explicit(&bits[i / 64], bit, memory_order_relaxed) & bit);
}

static bool is_sound(const struct segment *s, bool sound) {
    if (!sound)
        atomic_store(&s->seen->is_damaged, true);
    return sound;
}

/* --- bytes --- */

static const void *part(const struct segment *s, enum section which) {
    return (const char *) s->header + s->header->offsets[which];
}

static uint64_t count(const struct segment *s, enum section which, size_t size) {
    return s->header->sizes[which] / size;
}

static bool block_is_sound(const struct segment *s, uint64_t block) {
    const struct segment_header *h = s->header;
    const uint32_t *sums = part(s, SECTION_SUMS);
    uint64_t from = sizeof *h + block * STREAM_BLOCK_BYTES, left = h->offsets[SECTION_SUMS] - from;
    size_t n = left < STREAM_BLOCK_BYTES ? (size_t) left : STREAM_BLOCK_BYTES;
    return checksum(0, (const char *) h + from, n) == sums[block];
}

/* Blocks of the file, the last one included. */
struct blocks {
    uint64_t first, last;
};

static struct blocks blocks_of(const struct segment *s, const void *p, size_t n) {
    uint64_t from = (uint64_t) ((const char *) p - (const char *) s->header) - sizeof *s->header;
    return (struct blocks){ from / STREAM_BLOCK_BYTES, (from + n - 1) / STREAM_BLOCK_BYTES };
}

static void ask_for_blocks(const struct segment *s, struct blocks blocks) {
    uint64_t from = sizeof *s->header + blocks.first * STREAM_BLOCK_BYTES;
    uint64_t end = sizeof *s->header + (blocks.last + 1) * STREAM_BLOCK_BYTES;
    if (s->is_mapped)
        segment_ask_for_bytes(s->header, from, end < s->bytes ? end : s->bytes);
}

void segment_ask_for_bytes(const void *map, uint64_t from, uint64_t end) {
    uint64_t page = (uint64_t) sysconf(_SC_PAGESIZE), first = from / page * page;
    (void) madvise((char *) (uintptr_t) map + first, end - first, MADV_WILLNEED);
}

/* Without those at the beginning that were seen; false when that leaves none. */
static bool find_unseen(const struct segment *s, const void *p, size_t n, struct blocks *ret) {
    if (n == 0)
        return false;
    struct blocks blocks = blocks_of(s, p, n);
    while (blocks.first <= blocks.last && is_seen(s->seen->blocks, blocks.first))
        blocks.first++;
    *ret = blocks;
    return blocks.first <= blocks.last;
}

bool segment_is_read(const struct segment *s) {
    return atomic_load_explicit(&s->seen->unread, memory_order_relaxed) == 0;
}

void segment_ask_for(const struct segment *s, const void *p, size_t n) {
    struct blocks blocks;
    if (!segment_is_read(s) && find_unseen(s, p, n, &blocks))
        ask_for_blocks(s, blocks);
}

/* Those that are not seen are read together. */
static bool check_blocks(const struct segment *s, struct blocks blocks) {
    ask_for_blocks(s, blocks);
    for (uint64_t block = blocks.first; block <= blocks.last; block++) {
        if (is_seen(s->seen->blocks, block))
            continue;
        if (!is_sound(s, block_is_sound(s, block)))
            return false;
        if (see(s->seen->blocks, block))
            s->seen->unread--;
    }
    return true;
}

bool segment_holds(const struct segment *s, const void *p, size_t n) {
    struct blocks blocks;
    return !find_unseen(s, p, n, &blocks) || check_blocks(s, blocks);
}

/* --- terms --- */

bool segment_has_seen(const struct segment *s, uint32_t term) {
    return is_seen(s->seen->terms, term);
}

bool segment_holds_text(const struct segment *s, uint32_t term, struct str *ret_text) {
    const struct segment_term *at = &s->terms[term];
    if (!segment_holds(s, at, 2 * sizeof *at)
        || !is_sound(s, at->text <= at[1].text && at[1].text <= s->header->sizes[SECTION_TEXT])
        || !segment_holds(s, s->text + at->text, at[1].text - at->text))
        return false;
    *ret_text = (struct str){ s->text + at->text, at[1].text - at->text };
    return true;
}

static bool is_ascending_u16(const uint16_t *p, uint32_t n) {
    bool sound = true;
    for (uint32_t i = 1; i < n; i++)
        sound &= p[i - 1] < p[i];
    return sound;
}

static bool container_is_sound(const struct segment *s, const struct chunk_ref *ref) {
    uint32_t n = (uint32_t) ref->last + 1;
    uint64_t units = n <= CONTAINER_IDS_MAX ? n : CHUNK_ROWS / 16;
    uint64_t payload = count(s, SECTION_PAYLOAD, 2);
    uint64_t first = (uint64_t) ref->chunk * CHUNK_ROWS;
    if (first >= s->source.rows || ref->offset > payload || units > payload - ref->offset)
        return false;
    const uint16_t *at = s->payload + ref->offset;
    if (!segment_holds(s, at, (size_t) units * sizeof *at))
        return false;
    uint32_t rows = source_chunk_rows(&s->source, ref->chunk);
    if (n <= CONTAINER_IDS_MAX)
        return is_ascending_u16(at, n) && at[n - 1] < rows;
    const uint64_t *words = (const void *) at;
    return ref->offset % (SEGMENT_ALIGN / 2) == 0 && words_count(words) == n
           && words_next(words, rows) == CHUNK_ROWS;
}

static bool few_are_sound(const struct segment *s, const uint32_t *rows, uint32_t n) {
    for (uint32_t i = 0; i < n; i++)
        if (rows[i] >= s->source.rows || (i && rows[i - 1] >= rows[i]))
            return false;
    return n <= POSTINGS_FEW_MAX;
}

static bool refs_are_sound(const struct segment *s, const struct chunk_ref *refs, uint32_t n) {
    for (uint32_t i = 0; i < n; i++) {
        if (i && refs[i - 1].chunk >= refs[i].chunk)
            return false;
        if (!container_is_sound(s, &refs[i]))
            return false;
    }
    return true;
}

static bool postings_are_sound(const struct segment *s, const struct segment_term *term) {
    if (!segment_holds(s, term, 2 * sizeof *term))
        return false;
    uint32_t from = term->refs & ~SEGMENT_FEW, to = term[1].refs & ~SEGMENT_FEW;
    const uint32_t *refs = s->refs + from;
    uint32_t n = to - from;
    if (from >= to || to > count(s, SECTION_REFS, sizeof *refs)
        || !segment_holds(s, refs, n * sizeof *refs))
        return false;
    if (term->refs & SEGMENT_FEW)
        return few_are_sound(s, refs, n);
    return n % 2 == 0 && refs_are_sound(s, (const void *) refs, n / 2);
}

bool segment_holds_postings(const struct segment *s, uint32_t term) {
    if (is_seen(s->seen->terms, term))
        return true;
    if (!is_sound(s, postings_are_sound(s, &s->terms[term])))
        return false;
    (void) see(s->seen->terms, term);
    return true;
}

/* --- companies --- */

bool segment_holds_groups(const struct segment *s, uint32_t chunk) {
    enum { AHEAD = 8 }; /* chunks that are read together, because they are asked for in turn */
    if (is_seen(s->seen->group_chunks, chunk))
        return true;
    size_t first = (size_t) chunk * CHUNK_ROWS, left = s->source.rows - first;
    const uint32_t *group_of = s->source.group_of + first;
    uint32_t n = source_chunk_rows(&s->source, chunk);
    segment_ask_for(s, group_of, (left < AHEAD * CHUNK_ROWS ? left : AHEAD * CHUNK_ROWS) * sizeof *group_of);
    bool sound = segment_holds(s, group_of, n * sizeof *group_of);
    for (uint32_t i = 0; sound && i < n; i++)
        sound = group_of[i] <= s->source.groups;
    if (is_sound(s, sound))
        (void) see(s->seen->group_chunks, chunk);
    return sound;
}

/* --- all --- */

static bool is_stopped(const atomic_bool *stop) {
    return stop && atomic_load(stop);
}

/* Rows or terms between two looks at `stop`. */
enum { STEP = CHUNK_ROWS };

/* From one offset in the file to another, `step` bytes at a time. */
static bool bytes_are_sound(const struct segment *s, uint64_t from, uint64_t to, uint64_t step,
                            const atomic_bool *stop) {
    bool sound = true;
    for (uint64_t n; sound && from < to && !is_stopped(stop); from += n) {
        n = to - from < step ? to - from : step;
        sound = segment_holds(s, (const char *) s->header + from, (size_t) n);
    }
    return sound;
}

void segment_read_ahead(const struct segment *s, bool all, const atomic_bool *stop) {
    enum { SMALL_STEP = 256 * 1024 }; /* searches wait for the disk as well */
    static const struct {
        enum section from, to;
        bool is_table;
    } parts[] = {
        { SECTION_SIGNS, SECTION_KEYS, true },
        { SECTION_GROUP_DOCS, SECTION_GROUP_OF, true },
        { SECTION_REFS, SECTION_SIGNS, true },
        { SECTION_KEYS, SECTION_SUMS, false },
        { SECTION_PAYLOAD, SECTION_REFS, false },
    };
    const uint64_t *at = s->header->offsets;
    bool sound = true;
    for (size_t i = 0; i < LENGTH(parts) && sound; i++)
        sound = (!all && !parts[i].is_table)
                || bytes_are_sound(s, at[parts[i].from], at[parts[i].to], SMALL_STEP, stop);
}

static bool terms_are_sound(const struct segment *s, const atomic_bool *stop) {
    struct str before = STR_NONE, text;
    for (uint32_t i = 0; i < s->source.terms; i++, before = text) {
        if (i % STEP == 0 && is_stopped(stop))
            return true;
        if (!segment_holds_text(s, i, &text) || (i && str_compare(before, text) >= 0)
            || !segment_holds_postings(s, i)
            || (i % SEGMENT_STRIDE == 0 && s->signs[i / SEGMENT_STRIDE] != sign_of(text)))
            return false;
    }
    return true;
}

static bool is_ascending_u64(const uint64_t *p, uint64_t n) {
    bool sound = true;
    for (uint64_t i = 1; i < n; i++)
        sound &= p[i - 1] < p[i];
    return sound;
}

static bool rows_are_sound(const struct segment *s, const atomic_bool *stop) {
    const uint64_t *keys = s->source.keys;
    const uint32_t *by_doc = s->source.by_doc;
    int64_t last = 0;
    for (uint32_t i = 0; i < s->source.rows; i++) {
        if (i % STEP == 0 && is_stopped(stop))
            return true;
        if (by_doc[i] >= s->source.rows || key_doc(keys[by_doc[i]]) <= last)
            return false;
        last = key_doc(keys[by_doc[i]]);
    }
    return is_ascending_u64(keys, s->source.rows);
}

/* Numbers that do not fall, from 0 to `last`. */
static bool are_starts(const uint32_t *p, uint64_t n, uint64_t last) {
    bool sound = p[0] == 0 && p[n - 1] == last;
    for (uint64_t i = 1; i < n; i++)
        sound &= p[i - 1] <= p[i];
    return sound;
}

static bool groups_are_sound(const struct segment *s) {
    const struct source *source = &s->source;
    bool sound = are_starts(source->group_starts, (uint64_t) source->groups + 1, source->grouped)
                 && is_ascending_u64(source->group_docs, source->groups);
    for (uint32_t i = 0; i < source->grouped; i++)
        sound &= source->group_rows[i] < source->rows;
    for (uint32_t i = 0; i < source->chunks && s->header->kind == INDEX_PEOPLE && sound; i++)
        sound = segment_holds_groups(s, i);
    return sound;
}

/* Whoever checks all of it goes through all of it afterwards: the kernel may read ahead. */
static void segment_is_read_whole(const struct segment *s) {
    if (s->is_mapped)
        (void) madvise((void *) (uintptr_t) s->header, s->bytes, MADV_NORMAL);
}

enum rc segment_check(const struct segment *s, const atomic_bool *stop) {
    enum { READ_STEP = 4 * 1024 * 1024 };
    if (atomic_load(&s->seen->is_whole))
        return OK;
    segment_is_read_whole(s);
    bool sound = bytes_are_sound(s, sizeof *s->header, s->header->offsets[SECTION_SUMS], READ_STEP, stop)
                 && terms_are_sound(s, stop) && rows_are_sound(s, stop)
                 && groups_are_sound(s);
    if (!is_sound(s, sound))
        return E_INVALID;
    if (is_stopped(stop))
        return E_CANCELED;
    atomic_store(&s->seen->is_whole, true);
    return OK;
}
