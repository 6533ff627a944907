/* A phrase is looked for where its first word occurs: an index has the words and the
 * beginnings of words by which phrases begin. */
#include "reply/class_phrases.h"

#include <pthread.h>

#include "base/check.h"
#include "base/map.h"
#include "base/mem.h"

enum {
    SLOTS_MAX = 16,
    GAP = 3,
    LONG_GAP = 7,
    MATCHES_MAX = 400,  /* of one text */
    STEM_MIN = 2,       /* bytes of a beginning of a word ("pa~") */
    STEM_MAX = 14,
    NEGATION_REACH = 3, /* words */
};

struct slot {
    struct str *words;
    uint16_t n;
    uint8_t gap; /* words that may come before */
    bool optional;
};

struct parsed {
    struct slot slots[SLOTS_MAX];
    size_t n;
};

/* The phrases that begin with a word, linked by `next`. */
struct start {
    uint16_t phrase;
    struct start *next;
};

/* What was found, before some of it is hidden. */
struct found {
    struct phrase_match *p;
    uint64_t *matched; /* as in struct walk */
    size_t n;
};

struct word_list {
    const char *name;
    const char *words;
};

static const struct phrase phrases[] = {
#define PHRASE(language, label, weight, pattern) { LABEL_##label, weight, #language, pattern },
#include "reply/class_phrases.def"
};

static const struct word_list lists[] = {
#define LIST(name, words) { #name, words },
#include "reply/class_phrases.def"
};

static const char *const negations[] = {
#define NEGATION(words) words,
#include "reply/class_phrases.def"
};

/* Made once, kept until the process ends. */
static struct {
    struct arena *arena;
    struct parsed *parsed;
    struct map starts;
    struct map negations;
} shared;

static const char *list_words(struct str name) {
    for (size_t i = 0; i < LENGTH(lists); i++)
        if (str_eq(name, str_of(lists[i].name)))
            return lists[i].words;
    check_failed("a LIST of that name", __FILE__, __LINE__);
}

static size_t count_words(struct str alternatives) {
    size_t n = 0;
    for (struct str one; str_cut(&alternatives, '|', &one);)
        n += str_starts(one, STR("%")) ? count_words(str_of(list_words(str_sub(one, 1, one.n)))) : 1;
    return n;
}

static void add_words(struct slot *slot, struct str alternatives) {
    for (struct str one; str_cut(&alternatives, '|', &one);) {
        if (str_starts(one, STR("%")))
            add_words(slot, str_of(list_words(str_sub(one, 1, one.n))));
        else
            slot->words[slot->n++] = one;
    }
}

static void parse(const char *pattern, struct parsed *parsed) {
    struct str rest = str_of(pattern);
    uint8_t gap = 0;
    for (struct str word; str_word(&rest, &word);) {
        if (str_eq(word, STR("*")) || str_eq(word, STR("**"))) {
            gap = word.n == 1 ? GAP : LONG_GAP;
            continue;
        }
        ASSERT(parsed->n < SLOTS_MAX);
        struct slot *slot = &parsed->slots[parsed->n++];
        slot->gap = gap;
        slot->optional = word.p[0] == '?';
        word = str_sub(word, slot->optional, word.n);
        slot->words = ARENA_ARRAY(shared.arena, count_words(word), struct str);
        add_words(slot, word);
        gap = 0;
    }
    ASSERT(parsed->n && !parsed->slots[0].gap && !parsed->slots[0].optional && !gap);
}

static void add_start(struct str word, size_t phrase) {
    struct start *start = ARENA_NEW(shared.arena, struct start);
    start->phrase = (uint16_t) phrase;
    start->next = map_get(&shared.starts, word);
    (void) map_put(&shared.starts, word, start); /* what was there is linked behind */
}

static void prepare(void) {
    shared.arena = arena_new();
    shared.starts = map_in(shared.arena);
    shared.negations = map_in(shared.arena);
    shared.parsed = ARENA_ARRAY(shared.arena, LENGTH(phrases), struct parsed);
    _Static_assert(LENGTH(phrases) <= UINT16_MAX, "numbers of phrases");
    for (size_t i = LENGTH(phrases); i-- > 0;) {
        parse(phrases[i].pattern, &shared.parsed[i]);
        const struct slot *first = &shared.parsed[i].slots[0];
        for (size_t k = 0; k < first->n; k++)
            add_start(first->words[k], i);
    }
    for (size_t i = 0; i < LENGTH(negations); i++) {
        struct str rest = str_of(negations[i]);
        for (struct str word; str_cut(&rest, '|', &word);)
            (void) map_put(&shared.negations, word, &shared); /* a set: the value is nothing */
    }
}

static bool word_fits(struct str pattern, struct str word) {
    if (pattern.p[pattern.n - 1] == '~')
        return word.n >= pattern.n - 1 && memcmp(word.p, pattern.p, pattern.n - 1) == 0;
    return str_eq(pattern, word);
}

static bool slot_fits(const struct slot *slot, struct str word) {
    for (size_t i = 0; i < slot->n; i++)
        if (word_fits(slot->words[i], word))
            return true;
    return false;
}

struct walk {
    const struct parsed *parsed;
    struct tokens tokens;
    size_t from;
    uint64_t matched; /* bit i: token from + i is a word of the pattern and not of a gap */
};

/* The end of the slots from `k` on, matched from token `at` on; 0 when they do not. */
static size_t match_from(struct walk *walk, size_t k, size_t at) {
    if (k == walk->parsed->n)
        return at;
    const struct slot *slot = &walk->parsed->slots[k];
    for (size_t skipped = 0; at + skipped < walk->tokens.n; skipped++) {
        struct str word = walk->tokens.p[at + skipped].word;
        size_t end = slot_fits(slot, word) ? match_from(walk, k + 1, at + skipped + 1) : 0;
        if (end) {
            walk->matched |= UINT64_C(1) << ((at + skipped - walk->from) & 63);
            return end;
        }
        if (skipped == slot->gap || token_is_bound(word))
            break;
    }
    return slot->optional ? match_from(walk, k + 1, at) : 0;
}

static bool is_negated(struct tokens tokens, size_t at) {
    for (size_t back = 0; back < NEGATION_REACH && at > 0; back++) {
        if (tokens.p[at].after_comma)
            return false;
        struct str word = tokens.p[--at].word;
        if (token_is_bound(word))
            return false;
        if (map_get(&shared.negations, word))
            return true;
    }
    return false;
}

static void try_starts(struct found *found, struct tokens tokens, size_t at, struct str key) {
    for (const struct start *start = map_get(&shared.starts, key); start; start = start->next) {
        struct walk walk = { &shared.parsed[start->phrase], tokens, at, 1 };
        size_t end = match_from(&walk, 1, at + 1);
        if (!end || found->n == MATCHES_MAX)
            continue;
        found->matched[found->n] = walk.matched;
        found->p[found->n++]
            = (struct phrase_match){ &phrases[start->phrase], at, end, is_negated(tokens, at) };
    }
}

static void find_at(struct arena *arena, struct found *found, struct tokens tokens, size_t at) {
    struct str word = tokens.p[at].word;
    try_starts(found, tokens, at, word);
    char *stem = arena_alloc(arena, STEM_MAX + 1);
    for (size_t n = 0; n < word.n && n < STEM_MAX; n++) {
        stem[n] = word.p[n];
        stem[n + 1] = '~';
        if (n + 1 >= STEM_MIN)
            try_starts(found, tokens, at, (struct str){ stem, n + 2 });
    }
}

/* Whether the words of one match are words of the pattern of another, which has more. */
static bool hides(const struct found *found, size_t outer, size_t inner) {
    const struct phrase_match *x = &found->p[outer], *y = &found->p[inner];
    if (x->from > y->from || y->to > x->to || x->to - x->from > 64)
        return false;
    if (x->to - x->from == y->to - y->from) /* one word of two languages counts once */
        return x->phrase->label == y->phrase->label
               && (x->phrase->weight > y->phrase->weight
                   || (x->phrase->weight == y->phrase->weight && outer < inner));
    uint64_t ends = UINT64_C(1) << (y->from - x->from) | UINT64_C(1) << (y->to - 1 - x->from);
    if ((found->matched[outer] & ends) != ends)
        return false;
    return x->phrase->label != y->phrase->label || x->phrase->weight >= y->phrase->weight;
}

static bool is_hidden(const struct found *found, size_t i) {
    for (size_t k = 0; k < found->n; k++)
        if (hides(found, k, i))
            return true;
    return false;
}

static bool is_there(const struct phrase_matches *kept, const struct phrase_match *match) {
    for (size_t i = 0; i < kept->n; i++)
        if (kept->p[i].phrase == match->phrase && kept->p[i].negated == match->negated)
            return true;
    return false;
}

struct phrase_matches class_phrases_find(struct arena *arena, struct tokens tokens) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    int failed = pthread_once(&once, prepare);
    ASSERT(!failed);
    struct found all = { ARENA_ARRAY(arena, MATCHES_MAX, struct phrase_match),
                         ARENA_ARRAY(arena, MATCHES_MAX, uint64_t), 0 };
    for (size_t at = 0; at < tokens.n; at++)
        find_at(arena, &all, tokens, at);
    struct phrase_matches kept = { ARENA_ARRAY(arena, all.n + 1, struct phrase_match), 0 };
    for (size_t i = 0; i < all.n; i++)
        if (all.p[i].phrase->weight && !is_hidden(&all, i) && !is_there(&kept, &all.p[i]))
            kept.p[kept.n++] = all.p[i];
    return kept;
}

const struct phrase *class_phrases_all(size_t *ret_n) {
    *ret_n = LENGTH(phrases);
    return phrases;
}
