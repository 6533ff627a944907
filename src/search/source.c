#include "search/source.h"

struct container postings_ref(const struct postings *p, uint32_t i) {
    const uint16_t *at = p->payload + p->refs[i].offset;
    uint32_t n = (uint32_t) p->refs[i].last + 1;
    if (n <= CONTAINER_IDS_MAX)
        return (struct container){ .n = n, .ids = at };
    return (struct container){ .n = n, .words = (const uint64_t *) (const void *) at };
}

static struct container few_in_chunk(const struct postings *p, uint32_t chunk, uint16_t *room) {
    uint32_t n = 0;
    for (uint32_t i = 0; i < p->few_count; i++)
        if (p->few[i] / CHUNK_ROWS == chunk)
            room[n++] = (uint16_t) (p->few[i] % CHUNK_ROWS);
    return (struct container){ .n = n, .ids = n ? room : NULL };
}

struct container postings_chunk(const struct postings *p, uint32_t chunk,
                                uint16_t room[POSTINGS_FEW_MAX]) {
    if (p->chunks)
        return p->chunks[chunk];
    if (p->few)
        return few_in_chunk(p, chunk, room);
    /* References ascend from 0 at the least, so chunk c is never behind number c; for
     * frequent terms it is there. */
    if (chunk < p->ref_count && p->refs[chunk].chunk == chunk)
        return postings_ref(p, chunk);
    uint32_t low = 0, high = chunk < p->ref_count ? chunk : p->ref_count;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (p->refs[middle].chunk < chunk)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == p->ref_count || p->refs[low].chunk != chunk)
        return (struct container){ 0 };
    return postings_ref(p, low);
}
