/* The checksum finds what happened to a file by chance. The rest also refuses what was
 * made to pass it: a reader follows no number that was not checked here. */
#include "search/segment_check.h"

#include "base/check.h"
#include "search/checksum.h"

_Static_assert(sizeof(struct chunk_ref) == 8, "the layout of the file");
_Static_assert(sizeof(struct segment_term) == 8, "the layout of the file");
_Static_assert(sizeof(struct segment_header) == 32 + 16 * SECTIONS + 16, "without gaps");
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the file is little-endian");

struct view {
    const struct segment_header *h;
    const unsigned char *bytes;
};

static const void *part(const struct view *v, enum section which) {
    return v->bytes + v->h->offsets[which];
}

static uint64_t count(const struct view *v, enum section which, size_t size) {
    return v->h->sizes[which] / size;
}

static bool header_is_sound(const unsigned char *bytes, size_t size) {
    const struct segment_header *h = (const void *) bytes;
    return size >= sizeof *h && memcmp(h->magic, SEGMENT_MAGIC, sizeof h->magic) == 0
           && h->size == size && h->header == checksum(0, h, offsetof(struct segment_header, header))
           && (h->kind == INDEX_PEOPLE || h->kind == INDEX_COMPANIES) && h->rows > 0
           && h->rows <= UINT32_MAX - CHUNK_ROWS && h->terms < UINT32_MAX && h->groups < UINT32_MAX;
}

/* Sections follow each other and are as long as the counts in the header say. */
static bool sections_are_sound(const struct view *v) {
    const struct segment_header *h = v->h;
    const struct {
        size_t element;
        uint64_t n; /* UINT64_MAX: any */
    } shapes[SECTIONS] = {
        [SECTION_PAYLOAD] = { 2, UINT64_MAX },
        [SECTION_REFS] = { 4, UINT64_MAX },
        [SECTION_TERMS] = { sizeof(struct segment_term), (uint64_t) h->terms + 1 },
        [SECTION_TEXT] = { 1, UINT64_MAX },
        [SECTION_SLOTS] = { 4, h->slots },
        [SECTION_KEYS] = { 8, h->rows },
        [SECTION_BY_DOC] = { 4, h->rows },
        [SECTION_GROUP_ROWS] = { 4, h->grouped },
        [SECTION_GROUP_DOCS] = { 8, h->groups },
        [SECTION_GROUP_STARTS] = { 4, (uint64_t) h->groups + 1 },
        [SECTION_GROUP_OF] = { 4, h->kind == INDEX_PEOPLE ? h->rows : 0 },
        [SECTION_VALUES] = { 8, h->kind == INDEX_COMPANIES ? (uint64_t) h->rows * INDEX_VALUES : 0 },
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
    return end == h->size;
}

static bool is_ascending_u16(const uint16_t *p, uint32_t n) {
    bool sound = true;
    for (uint32_t i = 1; i < n; i++)
        sound &= p[i - 1] < p[i];
    return sound;
}

static bool is_ascending_u64(const uint64_t *p, uint64_t n) {
    bool sound = true;
    for (uint64_t i = 1; i < n; i++)
        sound &= p[i - 1] < p[i];
    return sound;
}

/* Numbers that do not fall, from 0 to `last`. */
static bool are_starts(const uint32_t *p, uint64_t n, uint64_t last) {
    bool sound = p[0] == 0 && p[n - 1] == last;
    for (uint64_t i = 1; i < n; i++)
        sound &= p[i - 1] <= p[i];
    return sound;
}

/* The same of both members of terms. */
static bool are_term_starts(const struct view *v) {
    const struct segment_term *terms = part(v, SECTION_TERMS), *last = terms + v->h->terms;
    bool sound = terms->text == 0 && (terms->refs & ~SEGMENT_FEW) == 0
                 && last->text == v->h->sizes[SECTION_TEXT]
                 && last->refs == count(v, SECTION_REFS, 4);
    for (const struct segment_term *term = terms; term < last; term++)
        sound &= term->text <= term[1].text
                 && (term->refs & ~SEGMENT_FEW) < (term[1].refs & ~SEGMENT_FEW);
    return sound;
}

static bool container_is_sound(const struct view *v, const struct chunk_ref *ref) {
    uint32_t n = (uint32_t) ref->last + 1;
    uint64_t units = n <= CONTAINER_IDS_MAX ? n : CHUNK_ROWS / 16;
    uint64_t payload = count(v, SECTION_PAYLOAD, 2);
    uint64_t first = (uint64_t) ref->chunk * CHUNK_ROWS;
    if (first >= v->h->rows || ref->offset > payload || units > payload - ref->offset)
        return false;
    uint64_t left = v->h->rows - first;
    uint32_t rows = left < CHUNK_ROWS ? (uint32_t) left : CHUNK_ROWS;
    const uint16_t *at = (const uint16_t *) part(v, SECTION_PAYLOAD) + ref->offset;
    if (n <= CONTAINER_IDS_MAX)
        return is_ascending_u16(at, n) && at[n - 1] < rows;
    const uint64_t *words = (const void *) at;
    return ref->offset % (SEGMENT_ALIGN / 2) == 0 && words_count(words) == n
           && words_next(words, rows) == CHUNK_ROWS;
}

static bool few_are_sound(const struct view *v, const uint32_t *rows, uint32_t n) {
    for (uint32_t i = 0; i < n; i++)
        if (rows[i] >= v->h->rows || (i && rows[i - 1] >= rows[i]))
            return false;
    return n <= POSTINGS_FEW_MAX;
}

static bool refs_are_sound(const struct view *v, const struct chunk_ref *refs, uint32_t n) {
    for (uint32_t i = 0; i < n; i++) {
        if (i && refs[i - 1].chunk >= refs[i].chunk)
            return false;
        if (!container_is_sound(v, &refs[i]))
            return false;
    }
    return true;
}

/* It has at least one (are_term_starts). */
static bool postings_are_sound(const struct view *v, const struct segment_term *term) {
    const uint32_t *refs = part(v, SECTION_REFS);
    uint32_t from = term->refs & ~SEGMENT_FEW, n = (term[1].refs & ~SEGMENT_FEW) - from;
    if (term->refs & SEGMENT_FEW)
        return few_are_sound(v, refs + from, n);
    return n % 2 == 0 && refs_are_sound(v, (const void *) (refs + from), n / 2);
}

static struct str text_of(const struct view *v, const struct segment_term *term) {
    return (struct str){ (const char *) part(v, SECTION_TEXT) + term->text,
                         term[1].text - term->text };
}

static bool terms_are_sound(const struct view *v) {
    const struct segment_term *terms = part(v, SECTION_TERMS);
    if (!are_term_starts(v))
        return false;
    for (uint32_t i = 0; i < v->h->terms; i++) {
        if (i && str_compare(text_of(v, &terms[i - 1]), text_of(v, &terms[i])) >= 0)
            return false;
        if (!postings_are_sound(v, &terms[i]))
            return false;
    }
    return true;
}

/* Every term is in it once; a free slot ends every search. */
static bool slots_are_sound(const struct view *v) {
    const uint32_t *slots = part(v, SECTION_SLOTS);
    uint32_t n = v->h->slots, used = 0;
    if (n <= v->h->terms)
        return false;
    for (uint32_t i = 0; i < n; i++) {
        if (slots[i] > v->h->terms)
            return false;
        used += slots[i] != 0;
    }
    return used == v->h->terms;
}

static bool rows_are_sound(const struct view *v) {
    const uint64_t *keys = part(v, SECTION_KEYS);
    const uint32_t *by_doc = part(v, SECTION_BY_DOC);
    int64_t last = 0;
    for (uint32_t i = 0; i < v->h->rows; i++) {
        if (by_doc[i] >= v->h->rows || key_doc(keys[by_doc[i]]) <= last)
            return false;
        last = key_doc(keys[by_doc[i]]);
    }
    return is_ascending_u64(keys, v->h->rows);
}

static bool groups_are_sound(const struct view *v) {
    const uint32_t *starts = part(v, SECTION_GROUP_STARTS), *rows = part(v, SECTION_GROUP_ROWS);
    if (!are_starts(starts, (uint64_t) v->h->groups + 1, v->h->grouped)
        || !is_ascending_u64(part(v, SECTION_GROUP_DOCS), v->h->groups))
        return false;
    bool sound = true;
    for (uint32_t i = 0; i < v->h->grouped; i++)
        sound &= rows[i] < v->h->rows;
    const uint32_t *group_of = part(v, SECTION_GROUP_OF);
    for (uint32_t i = 0; i < v->h->rows && v->h->kind == INDEX_PEOPLE; i++)
        sound &= group_of[i] <= v->h->groups;
    return sound;
}

bool segment_is_sound(const unsigned char *bytes, size_t size) {
    struct view v = { (const void *) bytes, bytes };
    return header_is_sound(bytes, size) && sections_are_sound(&v)
           && checksum(0, bytes + sizeof *v.h, size - sizeof *v.h) == v.h->body
           && terms_are_sound(&v) && slots_are_sound(&v) && rows_are_sound(&v)
           && groups_are_sound(&v);
}
