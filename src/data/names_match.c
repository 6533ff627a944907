/* Comparing names. What is equal is paired first; the few words that remain are compared
 * in the order in which they stand, because a looser pairing of looser partners soon
 * equates strangers (Christen, TR-CS-06-02, measures how soon). */
#include "data/names.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/utf8.h"
#include "base/vec.h"
#include "data/text.h"

enum {
    WORDS_MAX = 16,   /* longer names are only ever the same or different */
    LETTERS_MAX = 40, /* longer words too */
    LOOSE_MAX = 2,    /* words of a name that may have another partner than themselves */
};

static const struct {
    const char *name, *others;
} nicknames[] = {
#define NICK(name, others) { name, others },
#define GIVEN(names)
#include "data/nicknames.def"
#undef NICK
#undef GIVEN
};

static const char *const given_names[] = {
#define NICK(name, others) name, others,
#define GIVEN(names) names,
#include "data/nicknames.def"
#undef NICK
#undef GIVEN
};

static int compare_words(const void *a, const void *b) {
    return str_compare(*(const struct str *) a, *(const struct str *) b);
}

static struct str join_words(struct arena *arena, struct strs words, struct str between) {
    struct buf out = buf_in(arena, SIZE_MAX);
    for (size_t i = 0; i < words.n; i++) {
        if (i)
            buf_str(&out, between);
        buf_str(&out, words.p[i]);
    }
    return arena_str(arena, buf_text(&out));
}

static struct str sorted_key(struct arena *arena, struct strs words) {
    struct strs sorted = { ARENA_ARRAY(arena, words.n, struct str), words.n };
    if (words.n) {
        memcpy(sorted.p, words.p, words.n * sizeof *words.p);
        qsort(sorted.p, sorted.n, sizeof *sorted.p, compare_words);
    }
    return join_words(arena, sorted, STR(" "));
}

struct str name_key(struct arena *arena, struct str full) {
    struct arena *scratch = arena_new();
    struct strs words = { 0 };
    text_words(scratch, name_parse(scratch, full).full, &words);
    struct str key = arena_str(arena, sorted_key(scratch, words));
    arena_free(&scratch);
    return key;
}

static bool begin_alike(struct str a, struct str b) {
    return a.n >= 2 && b.n >= 2 && memcmp(a.p, b.p, 2) == 0;
}

static bool is_nickname(struct str a, struct str b) {
    for (size_t i = 0; i < LENGTH(nicknames); i++) {
        struct str name = str_of(nicknames[i].name);
        bool a_other = text_list_has(nicknames[i].others, a);
        bool b_other = text_list_has(nicknames[i].others, b);
        if ((a_other && str_eq(b, name)) || (b_other && str_eq(a, name))
            || (a_other && b_other && begin_alike(a, b)))
            return true;
    }
    return false;
}

static bool is_given_name(struct str word) {
    for (size_t i = 0; i < LENGTH(given_names); i++)
        if (text_list_has(given_names[i], word))
            return true;
    return false;
}

struct letters {
    uint32_t c[LETTERS_MAX];
    size_t n;
};

static bool read_letters(struct str word, struct letters *ret) {
    ret->n = 0;
    for (uint32_t c; (c = text_next(&word)); ret->c[ret->n++] = c)
        if (ret->n == LETTERS_MAX)
            return false;
    return true;
}

static bool same_tail(const struct letters *a, size_t from_a, const struct letters *b,
                      size_t from_b) {
    size_t n = a->n - from_a;
    return n == b->n - from_b && memcmp(a->c + from_a, b->c + from_b, n * sizeof *a->c) == 0;
}

/* One insertion, deletion, substitution or swap of neighbours; `a` and `b` differ. */
static bool is_one_edit(const struct letters *a, const struct letters *b, size_t at) {
    if (a->n + 1 == b->n)
        return same_tail(a, at, b, at + 1);
    if (b->n + 1 == a->n)
        return same_tail(a, at + 1, b, at);
    if (a->n != b->n)
        return false;
    bool swapped = at + 1 < a->n && a->c[at] == b->c[at + 1] && a->c[at + 1] == b->c[at];
    return same_tail(a, at + 1, b, at + 1) || (swapped && same_tail(a, at + 2, b, at + 2));
}

static bool is_vowel(uint32_t c) {
    return c == 'a' || c == 'e' || c == 'i' || c == 'o' || c == 'u' || c == 'y';
}

/* Last vowels of first names are grammar and not chance: Julio, Julia; Daniel, Daniele. */
static bool differ_in_ending(const struct letters *a, const struct letters *b, size_t at) {
    const struct letters *longer = a->n >= b->n ? a : b, *other = a->n >= b->n ? b : a;
    return at + 1 == longer->n && is_vowel(longer->c[at])
           && (at >= other->n || is_vowel(other->c[at]));
}

static bool is_typo(struct str a, struct str b, bool given) {
    struct letters x, y;
    if (!read_letters(a, &x) || !read_letters(b, &y) || x.n < 4 || y.n < 4)
        return false;
    size_t at = 0;
    while (at < x.n && at < y.n && x.c[at] == y.c[at])
        at++;
    /* People get the first letter of a short word right, or swap it: Dean is not Sean. */
    bool swapped = x.c[0] == y.c[1] && x.c[1] == y.c[0];
    if (!is_one_edit(&x, &y, at) || (at == 0 && (x.n < 6 || y.n < 6) && !swapped))
        return false;
    return !given
           || (!differ_in_ending(&x, &y, at) && !(is_given_name(a) && is_given_name(b)));
}

static bool is_initial_of(struct str a, struct str b) {
    size_t letter = utf8_length(a);
    return letter && letter == a.n && b.n > a.n && str_starts(b, a) && !text_is_east_asian(a);
}

/* A name being compared: which of its words have no partner yet. */
struct side {
    struct strs words;
    bool paired[WORDS_MAX];
    size_t loose;
};

static size_t next_loose(const struct side *side, size_t from) {
    while (from < side->words.n && side->paired[from])
        from++;
    return from;
}

/* Number of pairs of the same word that say something: two letters or more. */
static size_t pair_same(struct side *a, struct side *b) {
    size_t telling = 0;
    a->loose = a->words.n;
    b->loose = b->words.n;
    for (size_t i = 0; i < a->words.n; i++) {
        for (size_t k = 0; k < b->words.n && !a->paired[i]; k++) {
            if (b->paired[k] || !str_eq(a->words.p[i], b->words.p[k]))
                continue;
            a->paired[i] = b->paired[k] = true;
            a->loose--;
            b->loose--;
            telling += utf8_count(a->words.p[i]) >= 2;
        }
    }
    return telling;
}

/* Middle initials that the other name does not have. */
static void drop_initials(struct side *longer, const struct side *other) {
    for (size_t i = 1; i + 1 < longer->words.n && longer->loose > other->loose; i++)
        if (!longer->paired[i] && utf8_count(longer->words.p[i]) == 1
            && !text_is_east_asian(longer->words.p[i])) {
            longer->paired[i] = true;
            longer->loose--;
        }
}

static bool pair_loose(const struct side *a, const struct side *b) {
    size_t typos = 0, i = next_loose(a, 0), k = next_loose(b, 0);
    for (; i < a->words.n && k < b->words.n;
         i = next_loose(a, i + 1), k = next_loose(b, k + 1)) {
        struct str x = a->words.p[i], y = b->words.p[k];
        bool given = i + 1 < a->words.n && k + 1 < b->words.n;
        if (is_initial_of(x, y) || is_initial_of(y, x) || (given && is_nickname(x, y)))
            continue;
        if (!is_typo(x, y, given) || ++typos > 1)
            return false;
    }
    return true;
}

static bool are_alike(struct arena *arena, struct strs a, struct strs b) {
    if (str_eq(join_words(arena, a, STR("")), join_words(arena, b, STR(""))))
        return true;
    if (a.n > WORDS_MAX || b.n > WORDS_MAX)
        return false;
    struct side x = { .words = a }, y = { .words = b };
    if (!pair_same(&x, &y))
        return false;
    drop_initials(&x, &y);
    drop_initials(&y, &x);
    return x.loose == y.loose && x.loose <= LOOSE_MAX && pair_loose(&x, &y);
}

static enum name_match match(struct arena *arena, struct str a, struct str b) {
    struct person_name x = name_parse(arena, a), y = name_parse(arena, b);
    bool both = x.generation.n && y.generation.n;
    if (!x.full.n || !y.full.n || (both && !str_eq(x.generation, y.generation)))
        return NAME_DIFFERENT;
    struct strs words_a = { 0 }, words_b = { 0 };
    text_words(arena, x.full, &words_a);
    text_words(arena, y.full, &words_b);
    bool same = str_eq(sorted_key(arena, words_a), sorted_key(arena, words_b));
    if (same)
        return x.generation.n == y.generation.n ? NAME_SAME : NAME_ALIKE;
    return are_alike(arena, words_a, words_b) ? NAME_ALIKE : NAME_DIFFERENT;
}

enum name_match names_match(struct str a, struct str b) {
    struct arena *scratch = arena_new();
    enum name_match result = match(scratch, a, b);
    arena_free(&scratch);
    return result;
}
