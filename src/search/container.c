#include "search/container.h"

#include <string.h>

/* A list this many times longer than the other is searched instead of walked. */
enum { GALLOP = 16 };

/* First index at `from` or after it whose id is not below `id`: steps that double, then
 * halving, so that near ones are found at once. */
static uint32_t ids_find(const uint16_t *ids, uint32_t from, uint32_t n, uint16_t id) {
    uint32_t step = 1, low = from, high = from;
    while (high < n && ids[high] < id) {
        low = high + 1;
        high += step;
        step *= 2;
    }
    if (high > n)
        high = n;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (ids[middle] < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void mark_in_ids(const uint16_t *ids, uint32_t n, struct container c,
                        unsigned char *flags) {
    uint32_t at = 0;
    if (c.n > GALLOP * n) {
        for (uint32_t i = 0; i < n && at < c.n; i++) {
            at = ids_find(c.ids, at, c.n, ids[i]);
            flags[i] |= (unsigned char) (at < c.n && c.ids[at] == ids[i]);
        }
        return;
    }
    for (uint32_t i = 0; i < n && at < c.n;) {
        uint16_t x = ids[i], y = c.ids[at];
        flags[i] |= (unsigned char) (x == y);
        i += x <= y;
        at += y <= x;
    }
}

void ids_mark(const uint16_t *ids, uint32_t n, struct container c, unsigned char *flags) {
    if (c.n == 0)
        return;
    if (c.ids) {
        mark_in_ids(ids, n, c, flags);
        return;
    }
    for (uint32_t i = 0; i < n; i++)
        flags[i] |= (unsigned char) words_have(c.words, ids[i]);
}

static uint32_t keep_common(uint16_t *ids, uint32_t n, struct container c) {
    uint32_t kept = 0, at = 0;
    if (c.n > GALLOP * n) {
        for (uint32_t i = 0; i < n && at < c.n; i++) {
            at = ids_find(c.ids, at, c.n, ids[i]);
            if (at < c.n && c.ids[at] == ids[i])
                ids[kept++] = ids[i];
        }
        return kept;
    }
    if (n > GALLOP * c.n) {
        for (uint32_t i = 0; i < c.n && at < n; i++) {
            at = ids_find(ids, at, n, c.ids[i]);
            if (at < n && ids[at] == c.ids[i])
                ids[kept++] = c.ids[i]; /* kept <= at: behind what is still read */
        }
        return kept;
    }
    for (uint32_t i = 0; i < n && at < c.n;) {
        uint16_t x = ids[i], y = c.ids[at];
        ids[kept] = x;
        kept += x == y;
        i += x <= y;
        at += y <= x;
    }
    return kept;
}

static uint32_t keep_others(uint16_t *ids, uint32_t n, struct container c) {
    uint32_t kept = 0, at = 0;
    for (uint32_t i = 0; i < n; i++) {
        at = ids_find(c.ids, at, c.n, ids[i]);
        if (at == c.n || c.ids[at] != ids[i])
            ids[kept++] = ids[i];
    }
    return kept;
}

uint32_t ids_keep(uint16_t *ids, uint32_t n, struct container c, bool in) {
    if (c.n == 0)
        return in ? 0 : n;
    if (c.ids)
        return in ? keep_common(ids, n, c) : keep_others(ids, n, c);
    uint32_t kept = 0;
    for (uint32_t i = 0; i < n; i++) {
        uint16_t id = ids[i];
        ids[kept] = id;
        kept += words_have(c.words, id) == in;
    }
    return kept;
}

static struct container ids_in(struct slot *out, struct container from) {
    if (from.ids != out->ids)
        memcpy(out->ids, from.ids, from.n * sizeof *from.ids);
    return (struct container){ .n = from.n, .ids = out->ids };
}

static struct container none_if_empty(struct container c) {
    return c.n ? c : (struct container){ 0 };
}

/* out->words, which has `n` bits. */
static struct container of_counted_words(struct slot *out, uint32_t n) {
    if (n == 0)
        return (struct container){ 0 };
    if (n > CONTAINER_IDS_MAX / 4) /* collecting costs more than what a list then saves */
        return (struct container){ .n = n, .words = out->words };
    (void) words_ids(out->words, out->ids); /* n */
    return (struct container){ .n = n, .ids = out->ids };
}

struct container container_and(struct container a, struct container b, struct slot *out) {
    if (a.n == 0 || b.n == 0)
        return (struct container){ 0 };
    if (a.words && b.words) {
        return of_counted_words(out, words_and(out->words, a.words, b.words));
    }
    /* The list that is not in `out` must not be read after it was written over. */
    struct container few = a.ids && (!b.ids || a.n <= b.n) ? a : b;
    struct container many = few.ids == a.ids ? b : a;
    if (many.ids && many.ids == out->ids) {
        struct container other = few;
        few = many;
        many = other;
    }
    few = ids_in(out, few);
    few.n = ids_keep(out->ids, few.n, many, true);
    return none_if_empty(few);
}

struct container container_and_not(struct container a, struct container b, struct slot *out) {
    if (a.n == 0 || b.n == 0)
        return a;
    if (a.ids) {
        if (b.ids && b.ids == out->ids) { /* about to be written over: as bits instead */
            memset(out->words, 0, sizeof out->words);
            container_add_to(b, out->words);
            b = (struct container){ .n = b.n, .words = out->words };
        }
        a = ids_in(out, a);
        a.n = ids_keep(out->ids, a.n, b, false);
        return none_if_empty(a);
    }
    if (b.words)
        return of_counted_words(out, words_and_not(out->words, a.words, b.words));
    if (a.words != out->words)
        memcpy(out->words, a.words, sizeof out->words);
    for (uint32_t i = 0; i < b.n; i++)
        out->words[b.ids[i] >> 6] &= ~((uint64_t) 1 << (b.ids[i] & 63));
    return container_of_words(out);
}

struct container container_of_words(struct slot *out) {
    return of_counted_words(out, words_count(out->words));
}

static uint32_t count_ids(struct container few, struct container many) {
    uint32_t n = 0, at = 0;
    if (many.words) {
        for (uint32_t i = 0; i < few.n; i++)
            n += words_have(many.words, few.ids[i]);
        return n;
    }
    for (uint32_t i = 0; i < few.n && at < many.n; i++) {
        at = ids_find(many.ids, at, many.n, few.ids[i]);
        n += at < many.n && many.ids[at] == few.ids[i];
    }
    return n;
}

uint32_t container_count_and(struct container a, struct container b) {
    if (a.n == 0 || b.n == 0)
        return 0;
    if (a.words && b.words)
        return words_count_and(a.words, b.words);
    bool a_is_few = a.ids && (!b.ids || a.n <= b.n);
    return a_is_few ? count_ids(a, b) : count_ids(b, a);
}

bool container_has(struct container c, uint32_t id) {
    if (c.words)
        return words_have(c.words, id);
    uint32_t at = c.ids ? ids_find(c.ids, 0, c.n, (uint16_t) id) : c.n;
    return at < c.n && c.ids[at] == id;
}

uint32_t container_rank(struct container c, uint32_t id) {
    if (c.words)
        return words_rank(c.words, id);
    return c.ids ? ids_find(c.ids, 0, c.n, (uint16_t) id) : 0;
}

uint32_t container_select(struct container c, uint32_t k) {
    return c.words ? words_select(c.words, k) : c.ids[k];
}

void container_add_to(struct container c, uint64_t *words) {
    if (c.words) {
        words_or(words, c.words);
        return;
    }
    for (uint32_t i = 0; i < c.n; i++)
        words_set(words, c.ids[i]);
}

void container_ids(struct container c, uint16_t *ids) {
    if (c.words)
        (void) words_ids(c.words, ids); /* c.n */
    else if (c.n)
        memcpy(ids, c.ids, c.n * sizeof *ids);
}
