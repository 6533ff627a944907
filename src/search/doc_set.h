/* A set of documents, as bits in pages of 65,536 documents that are there when one of them
 * is: the companies of a search for people. Lives on an arena; one that is all zero is
 * empty. */
#ifndef SEARCH_DOC_SET_H
#define SEARCH_DOC_SET_H

#include "base/arena.h"
#include "search/words.h"

struct doc_set {
    uint64_t **pages; /* NULL where nothing is; of CHUNK_WORDS */
    size_t page_count;
    size_t used;    /* pages that are there */
    size_t n;       /* documents */
    bool is_short;  /* the documents lie too far apart, or are too many: some are missing */
};

/* Makes room for the documents of a page; false, and is_short, when that is too much. */
bool doc_set_add_page(struct arena *arena, struct doc_set *set, uint64_t page);

/* `doc` is not negative. */
static inline void doc_set_add(struct arena *arena, struct doc_set *set, int64_t doc) {
    uint64_t page = (uint64_t) doc / CHUNK_ROWS;
    uint32_t bit = (uint32_t) ((uint64_t) doc % CHUNK_ROWS);
    if ((page >= set->page_count || !set->pages[page]) && !doc_set_add_page(arena, set, page))
        return;
    set->n += !words_have(set->pages[page], bit);
    words_set(set->pages[page], bit);
}

static inline bool doc_set_has(const struct doc_set *set, uint64_t doc) {
    uint64_t page = doc / CHUNK_ROWS;
    return page < set->page_count && set->pages[page]
           && words_have(set->pages[page], (uint32_t) (doc % CHUNK_ROWS));
}

#endif
