/* The signs of a title are looked at before folding loses them: they part it (commas,
 * bars, dashes between spaces, brackets), join ("&") or belong to French words ("d'").
 * Then abbreviations are spelled out, so that rules and keys know one form only. */
#include "data/title_words.h"

#include <pthread.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/field.h"
#include "base/limits.h"
#include "base/map.h"
#include "base/vec.h"
#include "data/text.h"

enum { ANY_WORDS_MAX = 4 }; /* of a "*" */

#define WORD(short_form, long_form)
#define NOISE(words)
#define STOP(words)

#undef WORD
#define WORD(short_form, long_form) \
    { { short_form, sizeof(short_form) - 1 }, { long_form, sizeof(long_form) - 1 } },
static const struct abbreviation {
    struct str short_form, long_form;
} abbreviations[] = {
#include "data/title_words.def"
};
#undef WORD
#define WORD(short_form, long_form)

#undef NOISE
#define NOISE(words) words " "
static const char noise[] =
#include "data/title_words.def"
    ;
#undef NOISE
#define NOISE(words)

#undef STOP
#define STOP(words) words " "
static const char stops[] =
#include "data/title_words.def"
    ;

/* What the tables say of a word; of those that begin an abbreviation, all of them in the
 * order of the table. */
struct known_word {
    bool is_noise, is_stop;
    struct beginning {
        const struct abbreviation *of;
        struct beginning *next;
    } *beginnings;
};

/* Made at the first use, then immutable, for the life of the process. */
static struct {
    struct arena *arena;
    struct map words;
} known;

static struct known_word *add_known(struct str word) {
    struct known_word *row = map_get(&known.words, word);
    if (!row) {
        row = ARENA_NEW(known.arena, struct known_word);
        (void) map_put(&known.words, word, row);
    }
    return row;
}

static void make_known(void) {
    known.arena = arena_new();
    known.words = map_in(known.arena);
    struct str rest = str_of(noise), word;
    while (str_word(&rest, &word))
        add_known(word)->is_noise = true;
    rest = str_of(stops);
    while (str_word(&rest, &word))
        add_known(word)->is_stop = true;
    for (size_t i = LENGTH(abbreviations); i-- > 0;) {
        rest = abbreviations[i].short_form;
        bool any = str_word(&rest, &word);
        ASSERT(any);
        struct known_word *row = add_known(word);
        struct beginning *first = ARENA_NEW(known.arena, struct beginning);
        *first = (struct beginning){ &abbreviations[i], row->beginnings };
        row->beginnings = first;
    }
}

static const struct known_word *find_known(struct str word) {
    static const struct known_word nothing;
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    int failed = pthread_once(&once, make_known);
    ASSERT(!failed);
    const struct known_word *row = map_get(&known.words, word);
    return row ? row : &nothing;
}

bool title_is_stop(struct str word) {
    return find_known(word)->is_stop;
}

/* Parts of the title as text. */

static bool is_letter_byte(char c) {
    return ascii_is_alpha(c) || (unsigned char) c >= 0x80;
}

/* "l'ingénierie", "d’agence": the apostrophe at `i` parts two words. */
static bool is_elision(struct str s, size_t i) {
    bool sign = s.p[i] == '\'' || str_starts(str_sub(s, i, s.n), STR("\xE2\x80\x99"));
    if (!sign || i == 0)
        return false;
    char c = ascii_lower(s.p[i - 1]);
    return (c == 'd' || c == 'l') && (i == 1 || !is_letter_byte(s.p[i - 2]));
}

/* Bytes of a sign at `i` that parts the title, 0 for none. */
static size_t parting_sign(struct str s, size_t i) {
    static const struct str signs[] = {
        STR(","), STR(";"), STR("|"), STR("("), STR(")"), STR("["), STR("]"), STR("{"), STR("}"),
        STR("\n"), STR(":"), STR("\xE2\x80\xA2"), STR("\xC2\xB7"), STR("\xEF\xBD\x9C"),
        STR(" - "), STR(" -- "), STR(" \xE2\x80\x93 "), STR(" \xE2\x80\x94 "), STR(" / "),
    };
    struct str rest = str_sub(s, i, s.n);
    for (size_t k = 0; k < LENGTH(signs); k++)
        if (str_starts(rest, signs[k]))
            return signs[k].n;
    return 0;
}

static void spell_byte(struct buf *part, struct str title, size_t i) {
    char c = title.p[i];
    if (c == '&' || c == '+')
        buf_str(part, STR(" and "));
    else if (c == '@')
        buf_str(part, STR(" at "));
    else if (is_elision(title, i))
        buf_char(part, ' ');
    else
        buf_char(part, c);
}

static void split_parts(struct arena *arena, struct str title, struct strs *parts) {
    struct buf part = buf_in(arena, TEXT_FOLD_MAX_BYTES * 5);
    for (size_t i = 0; i < title.n;) {
        size_t sign = parting_sign(title, i);
        if (sign) {
            strs_add(arena, parts, arena_str(arena, buf_text(&part)));
            buf_clear(&part);
        } else {
            spell_byte(&part, title, i);
        }
        i += sign ? sign : 1;
    }
    strs_add(arena, parts, buf_text(&part));
}

/* Words of one part. */

static bool is_single(struct str word) {
    return word.n == 1 && ascii_is_lower(word.p[0]);
}

/* "m/w/d", "H/F", "f m x": letters for men, women and others. "M.D." is a doctor. */
static size_t gender_marks(const struct strs *words, size_t from) {
    size_t to = from;
    bool clear = false;
    while (to < words->n && is_single(words->p[to])
           && str_find(STR("mwdfxhi"), words->p[to].p[0]) < 7) {
        clear |= words->p[to].p[0] != 'm' && words->p[to].p[0] != 'd' && words->p[to].p[0] != 'i';
        to++;
    }
    return clear && to - from >= 2 ? to - from : 0;
}

static void drop(struct strs *words, size_t from, size_t n) {
    memmove(words->p + from, words->p + from + n, (words->n - from - n) * sizeof *words->p);
    words->n -= n;
}

static void drop_gender_marks(struct strs *words) {
    for (size_t i = 0; i < words->n; i++) {
        size_t n = gender_marks(words, i);
        if (n)
            drop(words, i, n);
    }
}

/* "v p" -> "vp": letters that stood between dots. */
static void join_singles(struct arena *arena, struct strs *words) {
    for (size_t i = 0; i < words->n; i++) {
        size_t to = i;
        struct buf joined = buf_in(arena, words->n);
        while (to < words->n && is_single(words->p[to]))
            buf_str(&joined, words->p[to++]);
        if (to - i < 2)
            continue;
        words->p[i] = buf_text(&joined);
        drop(words, i + 1, to - i - 1);
    }
}

/* "CEO at Acme" names the company, "Editor at Large" does not. */
static void cut_company(struct strs *words) {
    for (size_t i = 1; i < words->n; i++) {
        bool at = str_eq(words->p[i], STR("at")) || str_eq(words->p[i], STR("bei"))
                  || str_eq(words->p[i], STR("chez"));
        if (at && !(i + 1 < words->n && str_eq(words->p[i + 1], STR("large")))) {
            words->n = i;
            return;
        }
    }
}

/* Number of words at `at` that are the text `form`, 0 when they are not. */
static size_t match_words(const struct strs *words, size_t at, struct str form) {
    size_t n = 0;
    for (struct str word; str_word(&form, &word); n++)
        if (at + n >= words->n || !str_eq(words->p[at + n], word))
            return 0;
    return n;
}

static const struct abbreviation *find_abbreviation(const struct strs *words, size_t at,
                                                    size_t *ret_n) {
    const struct abbreviation *best = NULL;
    *ret_n = 0;
    for (const struct beginning *b = find_known(words->p[at])->beginnings; b; b = b->next) {
        size_t n = match_words(words, at, b->of->short_form);
        if (n > *ret_n) {
            *ret_n = n;
            best = b->of;
        }
    }
    return best;
}

static struct strs spell_out(struct arena *arena, const struct strs *words) {
    struct strs out = { 0 };
    for (size_t i = 0, n; i < words->n; i += n ? n : 1) {
        const struct abbreviation *found = find_abbreviation(words, i, &n);
        struct str form = found ? found->long_form : STR_NONE;
        for (struct str word; str_word(&form, &word);)
            strs_add(arena, &out, word);
        if (!found)
            strs_add(arena, &out, words->p[i]);
    }
    return out;
}

static bool is_level_number(struct str word) {
    return str_eq(word, STR("ii")) || str_eq(word, STR("iii")) || str_eq(word, STR("iv"));
}

static void drop_noise(struct strs *words) {
    while (words->n > 1 && is_level_number(words->p[words->n - 1]))
        words->n--;
    for (size_t i = words->n; i-- > 0;)
        if (find_known(words->p[i])->is_noise)
            drop(words, i, 1);
}

static void add_part(struct title_words *all, const struct strs *words, unsigned char part) {
    for (size_t i = 0; i < words->n && all->n < TITLE_WORDS_MAX; i++) {
        all->w[all->n] = words->p[i];
        all->part[all->n++] = part;
    }
}

/* "- Platform Team": where somebody works, behind what they do. */
static bool is_team(const struct title_words *all, const struct strs *words) {
    return all->n && words->n > 1 && str_eq(words->p[words->n - 1], STR("team"));
}

void title_words_read(struct arena *arena, struct str title, struct title_words *ret) {
    *ret = (struct title_words){ 0 };
    struct strs parts = { 0 };
    split_parts(arena, str_sub(title, 0, TEXT_FOLD_MAX_BYTES), &parts);
    for (size_t i = 0; i < parts.n && ret->n < TITLE_WORDS_MAX; i++) {
        struct strs words = { 0 };
        text_words(arena, parts.p[i], &words);
        drop_gender_marks(&words);
        join_singles(arena, &words);
        cut_company(&words);
        struct strs spelled = spell_out(arena, &words);
        drop_noise(&spelled);
        if (!is_team(ret, &spelled))
            add_part(ret, &spelled, (unsigned char) (i % 256));
    }
    if (ret->n)
        return;
    struct strs plain = { 0 }; /* only noise: better than nothing */
    text_words(arena, title, &plain);
    add_part(ret, &plain, 0);
}

/* Patterns. */

static bool is_alternative(struct str alternative, struct str word) {
    if (alternative.p[0] != '~')
        return str_eq(alternative, word);
    struct str end = str_sub(alternative, 1, alternative.n);
    return word.n > end.n && str_ends(word, end);
}

static bool word_fits(struct str pattern, struct str word) {
    for (struct str alternative; str_cut(&pattern, '|', &alternative);)
        if (is_alternative(alternative, word))
            return true;
    return false;
}

/* End of the match of `pattern` from word `at` on, 0 for none. `first` is the word that
 * the whole match began with. */
static size_t match_from(const struct title_words *words, struct str pattern, size_t at,
                         size_t first) {
    struct str rest = pattern, word;
    if (!str_word(&rest, &word))
        return at;
    if (str_eq(word, STR("*"))) {
        for (size_t skip = 0; skip <= ANY_WORDS_MAX; skip++) {
            size_t to = match_from(words, rest, at + skip, first);
            if (to)
                return to;
        }
        return 0;
    }
    while (at < words->n && !words->taken[at] && words->part[at] == words->part[first]) {
        if (word_fits(word, words->w[at]))
            return match_from(words, rest, at + 1, first);
        if (at == first || !title_is_stop(words->w[at]))
            return 0;
        at++;
    }
    return 0;
}

bool title_find(const struct title_words *words, const char *pattern, size_t *ret_from,
                size_t *ret_to) {
    for (size_t at = 0; at < words->n; at++) {
        size_t to = words->taken[at] ? 0 : match_from(words, str_of(pattern), at, at);
        if (to) {
            *ret_from = at;
            *ret_to = to < words->n ? to : words->n;
            return true;
        }
    }
    return false;
}

void title_take(struct title_words *words, size_t from, size_t to) {
    for (size_t i = from; i < to; i++)
        words->taken[i] = true;
}
