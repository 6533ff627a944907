/* Any bytes as a file of the index. The checksums are made right first, because else
 * nothing but them would be tried: what can be opened is searched, in order or not, and
 * nothing may be read outside of it. */
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "search/pages.h"
#include "search/segment_check.h"
#include "segment_forge.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void search(struct arena *arena, const struct segment *s, struct expr *where) {
    const struct source *source = &s->source;
    struct sources sources = { &source, 1 };
    struct doc_set companies = { 0 }, docs;
    struct index_range range = { INDEX_FOUNDED, -100, 100 };
    struct index_query q = { .where = where, .offset = 2, .limit = 20 };
    struct index_hits hits;
    if (source->values[0]) {
        q.ranges = &range;
        q.range_count = 1;
    } else {
        static const int64_t some[] = { 1, 2, 40 };
        for (size_t i = 0; i < LENGTH(some); i++)
            doc_set_add(arena, &companies, some[i]);
        q.companies = &companies;
    }
    enum rc rc = pages_docs(arena, sources, &q, &docs);
    ASSERT(rc == OK || rc == E_INVALID || rc == E_LIMIT);
    q.tiers[0] = (struct expr_tier){ expr_prefix(arena, STR("r")), 1 };
    q.tier_count = 1;
    rc = pages_search(arena, sources, &q, &hits);
    ASSERT(rc == OK || rc == E_INVALID);
    if (segment_check(s, NULL) == OK)
        ASSERT(rc == OK && hits.total == (int64_t) docs.n);
}

static void search_all(const struct segment *s) {
    struct arena *arena = arena_new();
    search(arena, s, NULL);
    search(arena, s, expr_prefix(arena, STR("n")));
    struct postings postings;
    for (uint32_t i = 0; i < s->source.terms && i < 50; i++)
        search(arena, s, expr_token(arena, s->source.calls->term(&s->source, i, &postings)));
    for (uint32_t row = 0; row < s->source.rows && row < 50; row++)
        (void) segment_row(s, key_doc(s->source.keys[row]));
    for (uint32_t row = 0; segment_check(s, NULL) == OK && row < s->source.rows && row < 50; row++)
        ASSERT(segment_row(s, key_doc(s->source.keys[row])) == row);
    arena_free(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    enum { MAX = 1 << 20 };
    unsigned char *bytes = size && size < MAX
                               ? aligned_alloc(SEGMENT_ALIGN, (size + SEGMENT_ALIGN - 1)
                                                                  / SEGMENT_ALIGN * SEGMENT_ALIGN)
                               : NULL;
    struct segment *segment = NULL;
    if (!bytes)
        return 0;
    memcpy(bytes, data, size);
    forge_checksums(bytes, size);
    if (segment_read(bytes, size, &segment) == OK)
        search_all(segment);
    segment_close(&segment);
    free(bytes);
    return 0;
}
