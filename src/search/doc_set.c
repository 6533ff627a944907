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

bool doc_set_add_page(struct arena *arena, struct doc_set *set, uint64_t page) {
    set->is_short |= set->used == USED_MAX || (page >= set->page_count && !grow(arena, set, page));
    if (set->is_short)
        return false;
    set->pages[page] = ARENA_ARRAY(arena, CHUNK_WORDS, uint64_t);
    set->used++;
    return true;
}
