#include "reply/date_text.h"

#include <pthread.h>

#include "base/check.h"
#include "base/map.h"
#include "base/utf8.h"
#include "data/text.h"
#include "reply/dates.h"

enum {
    TEXT_MAX_BYTES = 16384, /* what is behind takes no part */
    TOKENS_MAX = 3000,
    NUMBER_DIGITS_MAX = 4,
};

struct row {
    enum date_language language;
    enum date_class class;
    uint8_t value;
    const char *words;
};

enum { DATE_en = DATE_EN, DATE_de = DATE_DE, DATE_fr = DATE_FR, DATE_es = DATE_ES, DATE_pt = DATE_PT, DATE_nl = DATE_NL };

static const struct row rows[] = {
#define WORDS(language, class, value, words) { (enum date_language) DATE_##language, WORD_##class, value, words },
#include "reply/date_words.def"
};

static const char *const names[DATE_LANGUAGES] = { "en", "de", "fr", "es", "pt", "nl" };

struct word {
    uint64_t classes;
    uint8_t values[DATE_CLASSES_COUNT];
};

/* Made once, kept until the process ends. */
static struct {
    struct arena *arena;
    struct map words[DATE_LANGUAGES];
} shared;

static struct word *word_of(struct map *words, struct str key) {
    struct word *word = map_get(words, key);
    if (word)
        return word;
    word = ARENA_NEW(shared.arena, struct word);
    (void) map_put(words, key, word); /* was not there */
    return word;
}

static void prepare(void) {
    shared.arena = arena_new();
    for (size_t i = 0; i < DATE_LANGUAGES; i++)
        shared.words[i] = map_in(shared.arena);
    for (size_t i = 0; i < LENGTH(rows); i++) {
        struct str rest = str_of(rows[i].words);
        for (struct str key; str_cut(&rest, '|', &key);) {
            struct word *word = word_of(&shared.words[rows[i].language], key);
            word->classes |= UINT64_C(1) << rows[i].class;
            word->values[rows[i].class] = rows[i].value;
        }
    }
}

static void prepare_once(void) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    int failed = pthread_once(&once, prepare);
    ASSERT(!failed);
}

enum date_language date_language_of(const char *name) {
    size_t i = 0;
    while (i < DATE_LANGUAGES && !str_eq_nocase(str_of(name), str_of(names[i])))
        i++;
    return (enum date_language) i;
}

const char *date_language_name(enum date_language language) {
    return language < DATE_LANGUAGES ? names[language] : NULL;
}

static bool is_letter(char c) {
    return ascii_is_alpha(c) || (unsigned char) c >= 0x80;
}

/* Typographic signs are of three bytes that begin with E2; letters do not. */
static bool is_sign(struct str text, size_t at) {
    return (unsigned char) text.p[at] == 0xE2 || ((unsigned char) text.p[at] == 0xC2 && at + 1 < text.n
           && (unsigned char) text.p[at + 1] != 0xAA && (unsigned char) text.p[at + 1] != 0xBA);
}

static size_t sign_length(struct str text, size_t at) {
    size_t n = utf8_length(str_sub(text, at, text.n));
    return n ? n : 1;
}

static size_t end_of_letters(struct str text, size_t at) {
    while (at < text.n && is_letter(text.p[at]) && !is_sign(text, at))
        at++;
    return at;
}

/* The end of the run without white space, when that is an address or a link. */
static size_t end_of_link(struct str text, size_t at) {
    size_t end = at;
    while (end < text.n && !ascii_is_space(text.p[end]))
        end++;
    struct str run = str_sub(text, at, end);
    bool is_link = str_contains(run, STR("@")) || str_contains(run, STR("://")) || str_starts_nocase(run, STR("www."));
    return is_link ? end : at;
}

static bool is_ordinal_suffix(struct str suffix) {
    return text_list_has("st nd rd th e er eme ste de \xC2\xBA \xC2\xAA o a", suffix);
}

/* "14", "14th"; "10h" and "3pm" are words. */
static size_t read_number(struct str text, size_t at, struct date_token *token) {
    size_t end = at;
    int number = 0;
    while (end < text.n && ascii_is_digit(text.p[end])) {
        number = number < 10000 ? 10 * number + text.p[end] - '0' : number;
        end++;
    }
    token->digits = (int) (end - at);
    size_t suffix = end_of_letters(text, end);
    token->is_ordinal = suffix > end && is_ordinal_suffix(str_sub(text, end, suffix));
    if (token->digits <= NUMBER_DIGITS_MAX && (suffix == end || token->is_ordinal))
        token->number = number;
    return suffix;
}

static size_t read_token(struct str text, size_t at, struct date_token *token) {
    *token = (struct date_token){ .number = -1 };
    size_t end = end_of_link(text, at);
    if (end == at && ascii_is_digit(text.p[at]))
        end = read_number(text, at, token);
    else if (end == at)
        end = end_of_letters(text, at);
    token->raw = str_sub(text, at, end);
    return end;
}

static bool gap_ends_clause(const struct date_token *token) {
    struct str gap = token->gap;
    size_t lines = 0;
    for (size_t i = 0; i < gap.n; i++) {
        lines += gap.p[i] == '\n';
        if (gap.p[i] == '!' || gap.p[i] == '?' || gap.p[i] == ';' || gap.p[i] == '(' || gap.p[i] == ')')
            return true;
    }
    bool dot = gap.n && gap.p[0] == '.' && (gap.n == 1 || ascii_is_space(gap.p[1]));
    return lines > 1 || (dot && (token->number < 0 || token->digits > 2) && token->raw.n > 3);
}

static size_t read_tokens(struct str text, struct date_token *p) {
    size_t n = 0;
    for (size_t at = 0; at < text.n && n < TOKENS_MAX;) {
        if ((!is_letter(text.p[at]) && !ascii_is_digit(text.p[at])) || is_sign(text, at)) {
            at += sign_length(text, at);
            continue;
        }
        struct date_token *token = &p[n++];
        size_t end = read_token(text, at, token);
        at = end;
        while (at < text.n && ((!is_letter(text.p[at]) && !ascii_is_digit(text.p[at])) || is_sign(text, at)))
            at += sign_length(text, at);
        token->gap = str_sub(text, end, at);
        token->ends = gap_ends_clause(token);
    }
    if (n)
        p[n - 1].ends = true;
    return n;
}

static enum date_language guess(struct date_text text, const struct str *folded, enum date_language hint) {
    size_t counts[DATE_LANGUAGES] = { 0 };
    for (size_t i = 0; i < text.n; i++)
        for (size_t k = 0; k < DATE_LANGUAGES; k++) {
            const struct word *word = map_get(&shared.words[k], folded[i]);
            if (word)
                counts[k] += 1 + 2 * (word->classes >> WORD_COMMON & 1)
                             + ((word->classes >> WORD_MONTH | word->classes >> WORD_WEEKDAY) & 1);
        }
    enum date_language best = hint;
    for (size_t k = 0; k < DATE_LANGUAGES; k++)
        if (counts[k] > (best < DATE_LANGUAGES ? counts[best] : 0))
            best = (enum date_language) k;
    return best;
}

struct date_text date_text_read(struct arena *arena, struct str text, const char *language) {
    prepare_once();
    text = str_sub(text, 0, TEXT_MAX_BYTES);
    struct date_text found = { ARENA_ARRAY(arena, (text.n < TOKENS_MAX ? text.n : TOKENS_MAX) + 1, struct date_token), 0, DATE_LANGUAGES };
    found.n = read_tokens(text, found.p);
    struct str *folded = ARENA_ARRAY(arena, found.n + 1, struct str);
    for (size_t i = 0; i < found.n; i++)
        folded[i] = text_fold(arena, found.p[i].raw);
    found.language = guess(found, folded, date_language_of(language));
    if (found.language == DATE_LANGUAGES)
        return found;
    for (size_t i = 0; i < found.n; i++) {
        const struct word *word = map_get(&shared.words[found.language], folded[i]);
        if (!word || found.p[i].number >= 0)
            continue;
        found.p[i].classes = word->classes;
        memcpy(found.p[i].values, word->values, sizeof word->values);
    }
    return found;
}

const char *reply_language(struct arena *arena, struct str text) {
    return date_language_name(date_text_read(arena, text, NULL).language);
}
