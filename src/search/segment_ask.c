/* In steps over all terms: each step reads what the one before asked for. What follows each
 * other in the order of terms does so in every part of the file. */
#include "search/segment_ask.h"

#include "search/segment_check.h"

enum { TOKENS_AT_ONCE = 256 };

static uint64_t count(const struct segment *s, enum section which, size_t size) {
    return s->header->sizes[which] / size;
}

/* The entries of a range and the one behind it. */
static size_t entry_bytes(const struct segment *s, struct term_range r) {
    return ((size_t) (r.end - r.from) + 1) * sizeof *s->terms;
}

static void ask_entries(const struct segment *s, struct term_range r) {
    if (r.from < r.end)
        segment_ask_for(s, &s->terms[r.from], entry_bytes(s, r));
}

static bool has_entries(const struct segment *s, struct term_range r) {
    return r.from < r.end && segment_holds(s, &s->terms[r.from], entry_bytes(s, r));
}

static void ask_texts(const struct segment *s, struct term_range r) {
    if (!has_entries(s, r))
        return;
    uint32_t from = s->terms[r.from].text, to = s->terms[r.end].text;
    if (from < to && to <= s->header->sizes[SECTION_TEXT])
        segment_ask_for(s, s->text + from, to - from);
}

/* References, or rows, in units of four bytes. */
struct ref_range {
    uint32_t from, to;
};

/* Of terms whose entries were read; empty where that is not in order. */
static struct ref_range refs_of(const struct segment *s, struct term_range r) {
    uint32_t from = s->terms[r.from].refs & ~SEGMENT_FEW, to = s->terms[r.end].refs & ~SEGMENT_FEW;
    bool sound = from < to && to <= count(s, SECTION_REFS, sizeof *s->refs);
    return sound ? (struct ref_range){ from, to } : (struct ref_range){ 0, 0 };
}

static void ask_refs(const struct segment *s, struct term_range r) {
    if (!has_entries(s, r))
        return;
    struct ref_range refs = refs_of(s, r);
    segment_ask_for(s, s->refs + refs.from, (refs.to - refs.from) * sizeof *s->refs);
}

static bool is_few(const struct segment *s, uint32_t term) {
    return s->terms[term].refs & SEGMENT_FEW;
}

/* Where a reference of the term points to; nowhere when it cannot be read. */
static const struct chunk_ref *ref_at(const struct segment *s, uint32_t term, bool last) {
    struct ref_range refs = refs_of(s, (struct term_range){ term, term + 1 });
    if (refs.to - refs.from < 2)
        return NULL;
    const struct chunk_ref *ref = (const void *) (s->refs + (last ? refs.to - 2 : refs.from));
    return segment_holds(s, ref, sizeof *ref) ? ref : NULL;
}

/* Containers lie one behind the other as their terms do; few rows have none. */
static void ask_containers(const struct segment *s, struct term_range r) {
    if (!has_entries(s, r))
        return;
    while (r.from < r.end && is_few(s, r.from))
        r.from++;
    while (r.from < r.end && is_few(s, r.end - 1))
        r.end--;
    if (r.from == r.end)
        return;
    const struct chunk_ref *first = ref_at(s, r.from, false), *last = ref_at(s, r.end - 1, true);
    if (!first || !last)
        return;
    uint64_t end = (uint64_t) last->offset
                   + (last->last < CONTAINER_IDS_MAX ? last->last + 1u : CHUNK_ROWS / 16);
    if (first->offset < end && end <= count(s, SECTION_PAYLOAD, sizeof *s->payload))
        segment_ask_for(s, s->payload + first->offset, (size_t) (end - first->offset) * sizeof *s->payload);
}

/* The terms of tokens that are there and were not looked up before. */
static void find_all(const struct segment *s, const struct str *tokens, struct term_range *ranges,
                     size_t n) {
    for (size_t i = 0; i < n; i++) {
        uint32_t term = segment_find(s, tokens[i]);
        bool is_new = term != UINT32_MAX && !segment_has_seen(s, term);
        ranges[i] = is_new ? (struct term_range){ term, term + 1 } : (struct term_range){ 0, 0 };
    }
}

static void ask_some(const struct segment *s, const struct str *tokens, size_t n) {
    struct term_range ranges[TOKENS_AT_ONCE];
    for (size_t i = 0; i < n; i++) {
        ranges[i] = segment_stretch(s, tokens[i]);
        ask_entries(s, ranges[i]);
    }
    for (size_t i = 0; i < n; i++)
        ask_texts(s, ranges[i]);
    find_all(s, tokens, ranges, n);
    for (size_t i = 0; i < n; i++)
        ask_refs(s, ranges[i]);
    for (size_t i = 0; i < n; i++)
        ask_containers(s, ranges[i]);
}

void segment_ask_for_tokens(const struct segment *s, struct strs tokens) {
    for (size_t i = 0; i < tokens.n && !segment_is_read(s); i += TOKENS_AT_ONCE)
        ask_some(s, tokens.p + i, tokens.n - i < TOKENS_AT_ONCE ? tokens.n - i : TOKENS_AT_ONCE);
}

void segment_ask_for_terms(const struct segment *s, struct term_range terms) {
    if (segment_is_read(s))
        return;
    ask_entries(s, terms);
    ask_refs(s, terms);
    ask_containers(s, terms);
}
