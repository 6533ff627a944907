/* A name is cleaned as text first (asides, symbols, tails), then as words: courtesy
 * titles off the front, degrees off the end, capitals put right, and only then split,
 * because each step would mistake what the one before it takes away for a name. */
#include "data/names.h"

#include <pthread.h>
#include <unictype.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/limits.h"
#include "base/map.h"
#include "base/utf8.h"
#include "base/vec.h"
#include "data/text.h"

enum place { IN_FRONT, BEHIND, PART, MAC_NAME, FAMILY_NAME };
enum kind { SURE, LIKELY, AFTER, MARKED, CAPITALS, GENERATION, CAPITAL, NO_KIND };

static const struct row {
    enum place place;
    enum kind kind;
    const char *words;
} rows[] = {
#define HONORIFIC(kind, words) { IN_FRONT, kind, words },
#define SUFFIX(kind, words)    { BEHIND, kind, words },
#define PARTICLE(kind, words)  { PART, kind, words },
#define MAC(words)             { MAC_NAME, NO_KIND, words },
#define FAMILY(words)          { FAMILY_NAME, NO_KIND, words },
#include "data/names.def"
};

/* A name under work: its words in reading order. */
struct parse {
    struct arena *arena;
    struct strs words;
    size_t last_at;    /* first word of the last name; 0: not known yet */
    bool honorific;    /* one was taken off */
    bool surname_only; /* nothing but a last name */
    struct str generation;
};

/* Folded, without spaces: what the tables hold. */
static struct str word_key(struct arena *arena, struct str word) {
    struct str rest = text_fold(arena, word);
    struct buf key = buf_in(arena, rest.n);
    for (struct str part; str_word(&rest, &part);)
        buf_str(&key, part);
    return buf_text(&key);
}

/* Every word of the tables with what it is, one bit for each place and kind. Made at the
 * first use, then immutable, for the life of the process. */
static struct map known_words;

static uint64_t bit_of(enum place place, enum kind kind) {
    return (uint64_t) 1 << ((unsigned) place * (NO_KIND + 1) + (unsigned) kind);
}

static void make_known_words(void) {
    _Static_assert((FAMILY_NAME + 1) * (NO_KIND + 1) <= 64, "a bit for each");
    for (size_t i = 0; i < LENGTH(rows); i++) {
        struct str rest = str_of(rows[i].words);
        for (struct str word; str_word(&rest, &word);) {
            uintptr_t before = (uintptr_t) map_get(&known_words, word);
            uintptr_t with = before | bit_of(rows[i].place, rows[i].kind);
            (void) map_put(&known_words, word, (void *) with);
        }
    }
}

static bool is_in(enum place place, enum kind kind, struct str key) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    int failed = pthread_once(&once, make_known_words);
    ASSERT(!failed);
    return (uintptr_t) map_get(&known_words, key) & bit_of(place, kind);
}

static bool is_honorific(enum kind kind, struct str key) {
    return is_in(IN_FRONT, kind, key);
}

static bool is_suffix(enum kind kind, struct str key) {
    return is_in(BEHIND, kind, key);
}

/* Written small unless its kind is CAPITAL. */
static bool is_small_particle(struct str key) {
    return is_in(PART, SURE, key) || is_in(PART, LIKELY, key);
}

bool name_is_particle(struct str key) {
    return is_small_particle(key) || is_in(PART, CAPITAL, key);
}

/* "Ortega y Gasset", "Costa e Silva". */
static bool is_joiner(struct str key) {
    return str_eq(key, STR("y")) || str_eq(key, STR("e"));
}

/* Text: asides, symbols, tails. */

static const struct {
    uint32_t open, close;
} pairs[] = {
    { '(', ')' },       { '[', ']' },       { '{', '}' },       { '<', '>' },
    { 0xFF08, 0xFF09 }, { 0x3010, 0x3011 }, { '"', '"' },       { 0x201C, 0x201D },
    { 0x201E, 0x201C }, { 0x201D, 0x201D }, { 0x00AB, 0x00BB }, { '\'', '\'' },
    { 0x2018, 0x2019 }, { '`', '`' },
};

static bool ends_quote(struct str rest) {
    return !rest.n || rest.p[0] == ' ' || rest.p[0] == ',';
}

/* An apostrophe closes an aside only at the end of a word. */
static bool skip_aside(uint32_t c, uint32_t before, struct str *rest) {
    for (size_t i = 0; i < LENGTH(pairs); i++) {
        bool quote = pairs[i].close == '\'' || pairs[i].close == 0x2019 || pairs[i].close == '`';
        if (c != pairs[i].open || (quote && before != ' '))
            continue;
        struct str ahead = *rest;
        for (uint32_t next; (next = text_next(&ahead));)
            if (next == pairs[i].close && (!quote || ends_quote(ahead))) {
                *rest = ahead;
                return true;
            }
    }
    return false;
}

static bool is_dash(uint32_t c) {
    return c == '-' || (c >= 0x2010 && c <= 0x2015);
}

/* What comes behind is no name any more. */
static bool begins_tail(uint32_t c, uint32_t before, struct str rest) {
    if (c == '|' || c == 0x2022 || c == 0xFF5C || c == '@')
        return true;
    return is_dash(c) && before == ' ' && rest.n && rest.p[0] == ' ';
}

static bool is_symbol(uint32_t c) {
    return uc_is_general_category(c, UC_OTHER_SYMBOL) || uc_is_general_category(c, UC_MATH_SYMBOL)
           || uc_is_general_category(c, UC_MODIFIER_SYMBOL)
           || uc_is_general_category(c, UC_PRIVATE_USE)
           || uc_is_general_category(c, UC_UNASSIGNED) || c == '_' || c == '*' || c == '#'
           || c == 0x20E3 || c == '"';
}

static struct str strip_text(struct arena *arena, struct str text) {
    struct str rest = text;
    struct buf out = buf_in(arena, text.n * 2);
    uint32_t before = ' ';
    for (;;) {
        struct str here = rest;
        uint32_t c = text_next(&rest);
        if (!c || (out.n && begins_tail(c, before, rest)))
            break;
        bool aside = skip_aside(c, before, &rest);
        if (aside || (is_symbol(c) && c != 0xFFFD && c != 0x00B4 && c != '`')) {
            buf_char(&out, ' ');
            before = ' ';
            continue;
        }
        buf_bytes(&out, here.p, (size_t) (rest.p - here.p));
        before = c;
    }
    return buf_text(&out);
}

/* Words: titles and degrees. */

/* "Dr.John" and "J.Smith" are two words, "Ph.D." and "M.Eng." one. */
static bool split_behind_dot(struct parse *p, struct str word, struct str *ret_head) {
    size_t dot = str_find(word, '.');
    struct str key = word_key(p->arena, word);
    if (dot + 4 > word.n || is_suffix(SURE, key) || is_suffix(CAPITALS, key))
        return false;
    for (size_t i = dot + 1; i < dot + 4; i++)
        if (word.p[i] == '.' || word.p[i] == '-')
            return false;
    *ret_head = str_sub(word, 0, dot + 1);
    return true;
}

static void add_words(struct parse *p, struct str text, struct strs *words) {
    for (struct str word, head; str_word(&text, &word);) {
        while (split_behind_dot(p, word, &head)) {
            strs_add(p->arena, words, head);
            word = str_sub(word, head.n, word.n);
        }
        if (word_key(p->arena, word).n)
            strs_add(p->arena, words, word);
    }
}

static void drop_first(struct strs *words) {
    words->p++;
    words->n--;
}

/* How many words at the beginning are what only follows another honorific. "H. C." is also
 * what people are called. */
static size_t words_after_honorific(struct parse *p, const struct strs *words) {
    struct str word = words->p[0], key = word_key(p->arena, word);
    enum text_case written = text_case_of(word);
    if (str_eq(key, STR("h")) && words->n > 2
        && str_eq(word_key(p->arena, words->p[1]), STR("c")))
        return words->n > 3 || written == CASE_LOWER ? 2 : 0;
    bool marked = str_ends(word, STR(".")) || written != CASE_MIXED;
    return is_honorific(AFTER, key) || (marked && is_honorific(MARKED, key));
}

static void strip_honorifics(struct parse *p, struct strs *words) {
    while (words->n > 1) {
        size_t following = p->honorific ? words_after_honorific(p, words) : 0;
        if (following) {
            words->p += following;
            words->n -= following;
            continue;
        }
        struct str key = word_key(p->arena, words->p[0]);
        struct str next = word_key(p->arena, words->p[1]);
        bool the = str_eq(key, STR("the")) && words->n > 2
                   && (is_honorific(SURE, next) || is_honorific(LIKELY, next));
        bool dotted = str_ends(words->p[0], STR("."));
        bool found = the || is_honorific(SURE, key)
                     || ((words->n > 2 || dotted) && is_honorific(LIKELY, key));
        if (!found)
            return;
        p->honorific = true;
        drop_first(words);
    }
}

static bool all_capitals(struct strs words) {
    for (size_t i = 0; i < words.n; i++)
        if (text_case_of(words.p[i]) != CASE_UPPER)
            return false;
    return true;
}

static struct str generation_of(struct str key) {
    bool junior = str_eq(key, STR("junior")) || str_eq(key, STR("jnr"));
    return junior ? STR("jr") : str_eq(key, STR("snr")) ? STR("sr") : key;
}

/* The last word is a degree or a generation; `n` words are the name in front of it. */
static bool take_suffix(struct parse *p, struct str word, struct strs name, bool behind_comma) {
    struct str key = word_key(p->arena, word);
    bool marked = text_case_of(word) == CASE_UPPER || str_find(word, '.') < word.n;
    bool capitals = is_suffix(CAPITALS, key)
                    && (behind_comma || (name.n > 1 && marked && !all_capitals(name)));
    bool five = capitals && str_eq(key, STR("v"));
    if (is_suffix(GENERATION, key) || five) {
        /* "Junior" is also what a boy is called. */
        if (!behind_comma && name.n < 2 && key.n > 3)
            return false;
        p->generation = generation_of(key);
        return true;
    }
    return capitals || is_suffix(SURE, key);
}

static void strip_suffixes(struct parse *p, struct strs *words) {
    while (words->n > 1) {
        struct strs name = { words->p, words->n - 1 };
        if (!take_suffix(p, words->p[words->n - 1], name, false))
            return;
        words->n--;
    }
}

/* A part between commas that is degrees only. Capitals behind a name that is not in
 * capitals are taken for one that the table does not know. */
static bool is_suffix_part(struct parse *p, struct strs part, struct strs name) {
    for (size_t i = 0; i < part.n; i++) {
        struct str word = part.p[i];
        bool unknown = word.n > 1 && text_case_of(word) == CASE_UPPER && !all_capitals(name);
        if (!take_suffix(p, word, name, true) && !unknown)
            return false;
    }
    return true;
}

/* "Smith, John": turned round when the first part is one word, a name with particles,
 * or two words in front of one or two; what else follows a comma is no name. */
static void join_parts(struct parse *p, struct strs first, struct strs second) {
    strip_honorifics(p, &second);
    strip_suffixes(p, &second);
    p->words = (struct strs){ 0 };
    for (size_t i = 0; i < second.n; i++)
        strs_add(p->arena, &p->words, second.p[i]);
    for (size_t i = 0; i < first.n; i++)
        strs_add(p->arena, &p->words, first.p[i]);
    p->last_at = second.n;
}

static void read_words(struct parse *p, struct str text) {
    struct strs first = { 0 }, second = { 0 };
    for (struct str part; str_cut(&text, ',', &part);) {
        struct strs words = { 0 };
        add_words(p, part, &words);
        if (!words.n || (first.n && is_suffix_part(p, words, first)))
            continue;
        if (!first.n)
            first = words;
        else if (!second.n)
            second = words;
    }
    strip_honorifics(p, &first);
    strip_suffixes(p, &first);
    if (second.n && second.n <= 4)
        join_parts(p, first, second);
    else
        p->words = first;
}

/* Capitals. */

static bool is_vowel(char c) {
    return c == 'a' || c == 'e' || c == 'i' || c == 'o' || c == 'u' || c == 'y';
}

/* "JP", "AJ": two initials written as one word. */
static bool is_initials(struct str key) {
    if (key.n != 2 || !ascii_is_alpha(key.p[0]) || !ascii_is_alpha(key.p[1]))
        return false;
    return key.p[1] == 'j' || (!is_vowel(key.p[0]) && !is_vowel(key.p[1]));
}

/* `at` points to the letters of one hyphenated part: "Mcdonald" -> "McDonald". */
static void capital_behind_mac(struct arena *arena, char *at, size_t n) {
    struct str part = { at, n };
    if (n > 3 && str_starts(part, STR("Mc")) && ascii_is_lower(at[2]))
        at[2] = ascii_upper(at[2]);
    else if (is_in(MAC_NAME, NO_KIND, text_fold(arena, part)))
        at[3] = ascii_upper(at[3]);
}

static struct str title_word(struct arena *arena, struct str word) {
    struct str titled = text_title_case(arena, word);
    char *bytes = arena_alloc(arena, titled.n + 1);
    if (titled.n)
        memcpy(bytes, titled.p, titled.n);
    for (size_t from = 0; from < titled.n;) {
        size_t length = str_find(str_sub(titled, from, titled.n), '-');
        capital_behind_mac(arena, bytes + from, length);
        from += length + 1;
    }
    return (struct str){ bytes, titled.n };
}

static struct str upper_initials(struct arena *arena, struct str key) {
    return arena_printf(arena, "%c%c", ascii_upper(key.p[0]), ascii_upper(key.p[1]));
}

static struct str lower_word(struct arena *arena, struct str word) {
    struct buf out = buf_in(arena, word.n);
    for (size_t i = 0; i < word.n; i++)
        buf_char(&out, ascii_lower(word.p[i]));
    return buf_text(&out);
}

/* A word of a name that is written in one case only. */
static struct str case_plain_word(struct parse *p, size_t i) {
    struct str word = p->words.p[i], key = word_key(p->arena, word);
    bool behind = i > 0 || p->surname_only;
    if (behind && i + 1 < p->words.n && is_small_particle(key))
        return lower_word(p->arena, word);
    if (i == 0 && word.n == 2 && is_initials(key))
        return upper_initials(p->arena, key);
    return title_word(p->arena, word);
}

/* A word of a name that has both cases: only one that has fallen out of it is changed
 * ("John SMITH", "amy Klobuchar"), never "JP", "J.R." or "van". */
static struct str case_mixed_word(struct parse *p, size_t i) {
    struct str word = p->words.p[i], key = word_key(p->arena, word);
    enum text_case written = text_case_of(word);
    bool small = i + 1 < p->words.n && (name_is_particle(key) || is_joiner(key));
    bool wrong = (written == CASE_LOWER && !small)
                 || (written == CASE_UPPER && utf8_count(key) > 2 && key.n >= word.n);
    return wrong ? title_word(p->arena, word) : word;
}

static enum text_case case_of_all(struct strs words) {
    bool upper = false, lower = false;
    for (size_t i = 0; i < words.n; i++) {
        enum text_case one = text_case_of(words.p[i]);
        upper |= one == CASE_UPPER || one == CASE_MIXED;
        lower |= one == CASE_LOWER || one == CASE_MIXED;
    }
    return upper && lower ? CASE_MIXED : upper ? CASE_UPPER : CASE_LOWER;
}

static void fix_case(struct parse *p) {
    bool mixed = case_of_all(p->words) == CASE_MIXED;
    struct strs fixed = { 0 };
    for (size_t i = 0; i < p->words.n; i++)
        strs_add(p->arena, &fixed, mixed ? case_mixed_word(p, i) : case_plain_word(p, i));
    p->words = fixed;
}

/* Splitting. */

static struct str key_at(struct parse *p, size_t i) {
    return word_key(p->arena, p->words.p[i]);
}

/* "de la Cruz", "von Trapp", "VAN DER BERG", but not "Van Morrison". */
static bool is_surname_only(struct parse *p) {
    if (p->words.n < 2 || p->last_at || !is_small_particle(key_at(p, 0)))
        return false;
    bool small = text_case_of(p->words.p[0]) == CASE_LOWER
                 && case_of_all(p->words) == CASE_MIXED;
    bool sure = is_in(PART, SURE, key_at(p, 0)) && p->words.n == 2;
    return small || sure || is_small_particle(key_at(p, 1));
}

/* Family name first, as its script has it. */
static bool is_family_first(struct parse *p) {
    return p->words.n == 2 && !p->last_at && text_is_east_asian(p->words.p[0])
           && text_is_east_asian(p->words.p[1]);
}

static bool is_initial(struct str word) {
    return utf8_count(word) == 1 || (str_find(word, '.') < word.n && utf8_count(word) <= 4);
}

static bool is_family_name(struct parse *p, size_t i) {
    return is_in(FAMILY_NAME, NO_KIND, key_at(p, i));
}

/* First word of the last name of at least two words. */
static size_t find_last(struct parse *p) {
    size_t at = p->words.n - 1;
    while (at > 1 && name_is_particle(key_at(p, at - 1)))
        at--;
    if (at > 2 && is_joiner(key_at(p, at - 1)) && text_case_of(p->words.p[at - 1]) == CASE_LOWER)
        return at - 2;
    if (at > 1 && is_family_name(p, at - 1) && is_family_name(p, p->words.n - 1))
        return at - 1;
    return at;
}

static struct str join(struct parse *p, size_t from, size_t to) {
    struct buf out = buf_in(p->arena, SIZE_MAX);
    for (size_t i = from; i < to; i++) {
        if (i > from)
            buf_char(&out, ' ');
        buf_str(&out, p->words.p[i]);
    }
    return out.n ? arena_str(p->arena, buf_text(&out)) : STR_NONE;
}

static struct str first_name(struct parse *p, size_t last_at) {
    size_t end = 1;
    while (end < last_at && is_initial(p->words.p[end - 1]))
        end++;
    return join(p, 0, end);
}

static struct person_name person_name_of(struct parse *p) {
    size_t n = p->words.n;
    struct person_name name = { .full = join(p, 0, n), .generation = p->generation };
    if (n == 0)
        return (struct person_name){ 0 };
    if (is_family_first(p)) {
        name.last = join(p, 0, 1);
        name.first = join(p, 1, 2);
    } else if (p->surname_only || (n == 1 && p->honorific)) {
        name.last = name.full;
    } else if (n == 1) {
        name.first = name.full;
    } else {
        size_t last_at = p->last_at ? p->last_at : find_last(p);
        name.first = first_name(p, last_at);
        name.last = join(p, last_at, n);
    }
    return name;
}

static struct str readable(struct arena *arena, struct str text) {
    return text_clean(arena, str_sub(text, 0, TEXT_FOLD_MAX_BYTES));
}

static struct str keep(struct arena *arena, struct str text) {
    return str_is_set(text) ? arena_str(arena, text) : STR_NONE;
}

/* Ends the work on a name: what is kept moves from its arena to the caller's. */
static struct person_name finish(struct parse *p, struct person_name name, struct arena *arena) {
    struct person_name kept = {
        .full = keep(arena, name.full),
        .first = keep(arena, name.first),
        .last = keep(arena, name.last),
        .generation = keep(arena, name.generation),
    };
    arena_free(&p->arena);
    return kept;
}

struct person_name name_parse(struct arena *arena, struct str full) {
    struct parse p = { .arena = arena_new() };
    struct str clean = readable(p.arena, full);
    read_words(&p, strip_text(p.arena, clean));
    if (!p.words.n) /* nothing but an aside: then that is the name */
        add_words(&p, clean, &p.words);
    p.surname_only = is_surname_only(&p);
    fix_case(&p);
    return finish(&p, person_name_of(&p), arena);
}

/* The words of a last name; "Bishop, Jr." leaves its generation behind. */
static struct strs family_words(struct parse *p, struct str last) {
    struct strs family = { 0 }, behind = { 0 };
    struct str part, rest = strip_text(p->arena, readable(p->arena, last));
    if (str_cut(&rest, ',', &part))
        add_words(p, part, &family);
    if (rest.n) {
        add_words(p, rest, &behind);
        (void) is_suffix_part(p, behind, family); /* what is no suffix is no name either */
    }
    return family;
}

struct person_name name_of_parts(struct arena *arena, struct str first, struct str last) {
    struct parse p = { .arena = arena_new() };
    struct strs family = family_words(&p, last);
    add_words(&p, strip_text(p.arena, readable(p.arena, first)), &p.words);
    strip_honorifics(&p, p.words.n ? &p.words : &family);
    strip_suffixes(&p, &family);
    p.last_at = p.words.n;
    p.surname_only = !p.last_at;
    for (size_t i = 0; i < family.n; i++)
        strs_add(p.arena, &p.words, family.p[i]);
    fix_case(&p);
    struct person_name name = person_name_of(&p);
    if (p.words.n > 1 && p.last_at) {
        name.first = join(&p, 0, p.last_at);
        name.last = join(&p, p.last_at, p.words.n);
    }
    return finish(&p, name, arena);
}
