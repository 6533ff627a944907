/* In steps over all terms: each step reads what the one before asked for. */
#include "search/segment_ask.h"

#include "search/segment_check.h"

struct wanted {
    uint32_t terms[SEGMENT_ASK_MAX]; /* number + 1; 0: nothing (more) to ask for */
    size_t n;
};

static uint64_t count(const struct segment *s, enum section which, size_t size) {
    return s->header->sizes[which] / size;
}

static void ask_entries(const struct segment *s, const struct wanted *w) {
    for (size_t i = 0; i < w->n; i++)
        if (w->terms[i])
            segment_ask_for(s, &s->terms[w->terms[i] - 1], 2 * sizeof *s->terms);
}

/* The text, and the references or few rows. */
static bool ask_entry(const struct segment *s, const struct segment_term *term) {
    if (!segment_holds(s, term, 2 * sizeof *term))
        return false;
    uint32_t from = term->refs & ~SEGMENT_FEW, to = term[1].refs & ~SEGMENT_FEW;
    if (term->text > term[1].text || term[1].text > s->header->sizes[SECTION_TEXT] || from >= to
        || to > count(s, SECTION_REFS, sizeof *s->refs))
        return false;
    segment_ask_for(s, s->text + term->text, term[1].text - term->text);
    segment_ask_for(s, s->refs + from, (to - from) * sizeof *s->refs);
    return !(term->refs & SEGMENT_FEW);
}

/* The containers of a term lie one behind the other. */
static void ask_containers(const struct segment *s, const struct segment_term *term) {
    uint32_t from = term->refs & ~SEGMENT_FEW, n = (term[1].refs & ~SEGMENT_FEW) - from;
    const struct chunk_ref *refs = (const void *) (s->refs + from);
    uint64_t all = count(s, SECTION_PAYLOAD, sizeof *s->payload);
    if (n < 2 || !segment_holds(s, refs, n * sizeof *s->refs))
        return;
    uint64_t first = refs->offset, last = refs[n / 2 - 1].offset;
    last += refs[n / 2 - 1].last < CONTAINER_IDS_MAX ? refs[n / 2 - 1].last : CHUNK_ROWS / 16 - 1;
    if (first <= last && last < all)
        segment_ask_for(s, s->payload + first, (size_t) (last - first + 1) * sizeof *s->payload);
}

static void ask_rows(const struct segment *s, struct wanted *w) {
    for (size_t i = 0; i < w->n; i++)
        if (w->terms[i] && !ask_entry(s, &s->terms[w->terms[i] - 1]))
            w->terms[i] = 0;
    for (size_t i = 0; i < w->n; i++)
        if (w->terms[i])
            ask_containers(s, &s->terms[w->terms[i] - 1]);
}

/* The first slot of each, which mostly is the right one. */
static void ask_some(const struct segment *s, const struct str *tokens, size_t n) {
    struct wanted w = { .n = n };
    uint32_t slots[SEGMENT_ASK_MAX];
    for (size_t i = 0; i < n; i++) {
        slots[i] = segment_slot(tokens[i], s->header->slots);
        segment_ask_for(s, &s->slots[slots[i]], sizeof *s->slots);
    }
    for (size_t i = 0; i < n; i++) {
        const uint32_t *slot = &s->slots[slots[i]];
        bool is_term = segment_holds(s, slot, sizeof *slot) && *slot && *slot <= s->source.terms
                       && !segment_has_seen(s, *slot - 1);
        w.terms[i] = is_term ? *slot : 0;
    }
    ask_entries(s, &w);
    ask_rows(s, &w);
}

void segment_ask_for_tokens(const struct segment *s, struct strs tokens) {
    for (size_t i = 0; i < tokens.n; i += SEGMENT_ASK_MAX)
        ask_some(s, tokens.p + i, tokens.n - i < SEGMENT_ASK_MAX ? tokens.n - i : SEGMENT_ASK_MAX);
}

void segment_ask_for_terms(const struct segment *s, uint32_t first) {
    struct wanted w = { 0 };
    for (uint32_t i = first; i < s->source.terms && w.n < SEGMENT_ASK_MAX; i++)
        w.terms[w.n++] = segment_has_seen(s, i) ? 0 : i + 1;
    ask_entries(s, &w);
    ask_rows(s, &w);
}
