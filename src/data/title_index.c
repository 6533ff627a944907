/* The first words of all patterns, sorted, each with its pattern; alternatives that are
 * ends of words ("~leiter") are few and are tried one by one. */
#include "data/title_index.h"

#include <stdint.h>
#include <stdlib.h>

#include "base/check.h"
#include "base/mem.h"

struct entry {
    struct str word; /* of an end: with its "~" */
    uint16_t pattern;
};

struct title_index {
    struct entry *entries; /* whole words, sorted */
    size_t n;
    struct entry *ends; /* in no order */
    size_t n_ends;
};

static struct str first_word(const char *pattern) {
    struct str rest = str_of(pattern), word = STR_NONE;
    bool any = str_word(&rest, &word);
    ASSERT(any && !str_eq(word, STR("*")));
    return word;
}

static size_t count_alternatives(const char *const *patterns, size_t n) {
    size_t count = 0;
    for (size_t i = 0; i < n; i++) {
        struct str word = first_word(patterns[i]);
        for (struct str one; str_cut(&word, '|', &one);)
            count++;
    }
    return count;
}

static int compare_entries(const void *a, const void *b) {
    const struct entry *x = a, *y = b;
    return str_compare(x->word, y->word);
}

static void add_alternatives(struct title_index *index, const char *pattern, uint16_t number) {
    struct str word = first_word(pattern);
    for (struct str one; str_cut(&word, '|', &one);) {
        bool end = str_starts(one, STR("~"));
        struct entry *entry = end ? &index->ends[index->n_ends++] : &index->entries[index->n++];
        *entry = (struct entry){ one, number };
    }
}

struct title_index *title_index_new(const char *const *patterns, size_t n) {
    ASSERT(n <= UINT16_MAX);
    size_t room = count_alternatives(patterns, n);
    struct title_index *index = MEM_NEW(struct title_index);
    index->entries = mem_array(room, sizeof *index->entries);
    index->ends = mem_array(room, sizeof *index->ends);
    for (size_t i = 0; i < n; i++)
        add_alternatives(index, patterns[i], (uint16_t) i);
    qsort(index->entries, index->n, sizeof *index->entries, compare_entries);
    return index;
}

static size_t lower_bound(const struct title_index *index, struct str word) {
    size_t low = 0, high = index->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (str_compare(index->entries[middle].word, word) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

void title_index_candidates(const struct title_index *index, const struct title_words *words,
                            bool *ret_maybe) {
    for (size_t i = 0; i < words->n; i++) {
        struct str word = words->w[i];
        size_t at = lower_bound(index, word);
        for (; at < index->n && str_eq(index->entries[at].word, word); at++)
            ret_maybe[index->entries[at].pattern] = true;
        for (size_t k = 0; k < index->n_ends; k++) {
            struct str end = index->ends[k].word;
            if (str_ends(word, str_sub(end, 1, end.n)))
                ret_maybe[index->ends[k].pattern] = true;
        }
    }
}
