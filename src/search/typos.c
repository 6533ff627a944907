#include "search/typos.h"

#include "base/map.h"
#include "base/utf8.h"
#include "base/vec.h"

enum { LETTERS_MIN = 4, LETTERS_MAX = 24 };

bool typo_is_likely(struct str word) {
    size_t n = utf8_count(word);
    return n >= LETTERS_MIN && n <= LETTERS_MAX;
}

/* A letter of several bytes is moved as a whole: `from` and `to` are byte positions where
 * letters begin. */
struct variants {
    struct arena *arena;
    struct str word;
    struct map seen;
    struct strs list;
};

/* What is before `from`, then `letters`, then what is behind `to`. */
static void add(struct variants *v, size_t from, struct str letters, size_t to) {
    static char present;
    struct str made = arena_printf(v->arena, "%.*s%.*s%.*s", (int) from, v->word.p,
                                   STR_FMT(letters), (int) (v->word.n - to), v->word.p + to);
    if (!map_put(&v->seen, made, &present))
        strs_add(v->arena, &v->list, made);
}

static void add_letters(struct variants *v, size_t from, size_t to) {
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz";
    for (size_t i = 0; letters[i]; i++)
        add(v, from, (struct str){ &letters[i], 1 }, to);
}

static void add_swap(struct variants *v, size_t from, size_t middle, size_t to) {
    struct str first = str_sub(v->word, from, middle), second = str_sub(v->word, middle, to);
    struct str swapped = arena_printf(v->arena, "%.*s%.*s", STR_FMT(second), STR_FMT(first));
    add(v, from, swapped, to);
}

static size_t letter_end(struct str word, size_t from) {
    size_t n = utf8_length(str_sub(word, from, word.n));
    return from + (n ? n : 1);
}

struct strs typo_variants(struct arena *arena, struct str word) {
    struct variants v = { .arena = arena, .word = word, .seen = map_in(arena) };
    static char itself;
    map_put(&v.seen, word, &itself);
    for (size_t at = 0; at < word.n; at = letter_end(word, at)) {
        size_t end = letter_end(word, at);
        add_letters(&v, at, at);
        add_letters(&v, at, end);
        add(&v, at, STR(""), end);
        if (end < word.n)
            add_swap(&v, at, end, letter_end(word, end));
    }
    add_letters(&v, word.n, word.n);
    return v.list;
}
