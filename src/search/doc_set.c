#include "search/doc_set.h"

#include <string.h>

/* Together 17 MB of the arena of a request: bits for 134 million documents, whose numbers
 * go up to four thousand millions. */
enum { USED_MAX = 2048, PAGES_MAX = 1 << 16, PAGES_MIN = 16 };

/* False when it would be too much. */
static bool grow(struct arena *arena, struct doc_set *set, uint64_t page) {
    size_t room = PAGES_MIN;
    if (page >= PAGES_MAX)
        return false;
    while (room <= page)
        room *= 2;
    uint64_t **larger = ARENA_ARRAY(arena, room, uint64_t *);
    if (set->page_count)
        memcpy(larger, set->pages, set->page_count * sizeof(uint64_t *));
    set->pages = larger;
    set->page_count = room;
    return true;
}

void doc_set_add(struct arena *arena, struct doc_set *set, int64_t doc) {
    uint64_t page = (uint64_t) doc / CHUNK_ROWS;
    uint32_t bit = (uint32_t) ((uint64_t) doc % CHUNK_ROWS);
    if ((page >= set->page_count && !grow(arena, set, page))
        || (!set->pages[page] && set->used == USED_MAX)) {
        set->is_short = true;
        return;
    }
    if (!set->pages[page]) {
        set->pages[page] = ARENA_ARRAY(arena, CHUNK_WORDS, uint64_t);
        set->used++;
    }
    set->n += !words_have(set->pages[page], bit);
    words_set(set->pages[page], bit);
}

int64_t doc_set_next(const struct doc_set *set, int64_t doc) {
    uint32_t from = (uint32_t) ((uint64_t) doc % CHUNK_ROWS);
    for (uint64_t page = (uint64_t) doc / CHUNK_ROWS; page < set->page_count; page++, from = 0) {
        uint32_t bit = set->pages[page] ? words_next(set->pages[page], from) : CHUNK_ROWS;
        if (bit < CHUNK_ROWS)
            return (int64_t) (page * CHUNK_ROWS + bit);
    }
    return -1;
}
