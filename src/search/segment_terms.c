#include "search/segment_terms.h"

#include <limits.h>
#include <string.h>

#include "search/segment_check.h"

static uint32_t least(uint64_t a, uint64_t b) {
    return (uint32_t) (a < b ? a : b);
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

static bool has_signs(const struct segment *s) {
    if (atomic_load_explicit(&s->seen->has_signs, memory_order_acquire))
        return true;
    if (!segment_holds(s, s->signs, segment_signs(s->source.terms) * sizeof *s->signs))
        return false;
    atomic_store_explicit(&s->seen->has_signs, true, memory_order_release);
    return true;
}

/* A term with the sign that the text has may be anywhere among those of this sign. */
struct term_range segment_stretch(const struct segment *s, struct str text) {
    uint32_t terms = s->source.terms, signs = segment_signs(terms);
    if (!has_signs(s))
        return (struct term_range){ 0, 0 };
    uint64_t sign = sign_of(text);
    uint32_t below = signs_below(s, sign), above = below;
    if (below < signs && s->signs[below] == sign)
        above = sign < UINT64_MAX ? signs_below(s, sign + 1) : signs;
    uint64_t from = below ? (uint64_t) (below - 1) * SEGMENT_STRIDE : 0;
    return (struct term_range){ (uint32_t) from, least((uint64_t) above * SEGMENT_STRIDE, terms) };
}

/* The first term of the range that is not before `text`, or its end; false where one cannot be
 * read. */
static bool lower_bound(const struct segment *s, struct term_range in, struct str text,
                        uint32_t *ret_term) {
    while (in.from < in.end) {
        uint32_t middle = in.from + (in.end - in.from) / 2;
        struct str found;
        if (!segment_holds_text(s, middle, &found))
            return false;
        if (str_compare(found, text) < 0)
            in.from = middle + 1;
        else
            in.end = middle;
    }
    *ret_term = in.from;
    return true;
}

uint32_t segment_find(const struct segment *s, struct str text) {
    struct term_range in = segment_stretch(s, text);
    uint32_t term;
    struct str found;
    bool is_there = lower_bound(s, in, text, &term) && term < in.end
                    && segment_holds_text(s, term, &found) && str_eq(found, text);
    return is_there ? term : UINT32_MAX;
}

/* The number of terms where they cannot be read. */
static uint32_t first_term(const struct segment *s, struct str text) {
    uint32_t term;
    return lower_bound(s, segment_stretch(s, text), text, &term) ? term : s->source.terms;
}

/* The first text behind all that begin with this one; false when there is none. */
static bool behind(struct str beginning, char *room, struct str *ret_text) {
    size_t n = beginning.n;
    while (n && (unsigned char) beginning.p[n - 1] == UCHAR_MAX)
        n--;
    if (n == 0)
        return false;
    memcpy(room, beginning.p, n);
    room[n - 1]++;
    *ret_text = (struct str){ room, n };
    return true;
}

struct term_range segment_beginning(const struct segment *s, struct str beginning) {
    char room[INDEX_TAG_MAX_BYTES];
    struct str next;
    struct term_range found = { 0, 0 };
    if (beginning.n > sizeof room)
        return found; /* longer than any term */
    found.from = first_term(s, beginning);
    found.end = behind(beginning, room, &next) ? first_term(s, next) : s->source.terms;
    if (found.end < found.from) /* not in order */
        found.end = found.from;
    return found;
}
