#include "reply/tokens.h"

#include "base/buf.h"
#include "data/text.h"

enum {
    SHORT_LINE = 46, /* bytes; a line that a client wrapped is longer */
    ABBREVIATION_MAX = 5,
};

struct reader {
    struct arena *arena;
    struct tokens tokens;
    bool open;  /* inside of a clause */
    bool comma; /* the next word follows one */
};

static void put(struct reader *r, struct str word) {
    if (r->tokens.n + 4 >= REPLY_TOKENS_MAX) /* room for the end */
        return;
    if (!r->open && !token_is_bound(word)) {
        r->open = true;
        r->tokens.p[r->tokens.n++].word = STR("^");
        r->comma = false;
    }
    r->tokens.p[r->tokens.n++] = (struct token){ word, r->comma };
    r->comma = false;
}

static void end_clause(struct reader *r) {
    if (r->open)
        r->tokens.p[r->tokens.n++].word = STR("$");
    r->open = false;
}

/* The words of something folded, digits replaced. */
static void put_folded(struct reader *r, struct str folded) {
    for (struct str word; str_word(&folded, &word);) {
        char *p = arena_alloc(r->arena, word.n);
        size_t n = 0;
        for (size_t i = 0; i < word.n; i++)
            if (!ascii_is_digit(word.p[i]))
                p[n++] = word.p[i];
            else if (!n || p[n - 1] != '#')
                p[n++] = '#';
        put(r, (struct str){ p, n });
    }
}

static bool is_address(struct str word) {
    size_t at = str_find(word, '@');
    return at > 0 && at + 3 < word.n && str_find(str_sub(word, at + 1, word.n), '.') + 1 < word.n - at - 1;
}

static bool is_link(struct str word) {
    return str_contains(word, STR("://")) || str_starts_nocase(word, STR("www."));
}

static void put_word(struct reader *r, struct str word) {
    static const char thumb[] = "\xF0\x9F\x91\x8D";
    if (is_link(word)) {
        put(r, STR("@link"));
        return;
    }
    if (is_address(word)) {
        put(r, STR("@mail"));
        return;
    }
    char first = word.n ? word.p[0] : ' ', second = word.n > 1 ? word.p[1] : ' ';
    if (first == '@' && second != ' ')
        put(r, STR("@at"));
    if (first == '+' && !ascii_is_digit(second))
        put(r, STR("@plus"));
    if (str_contains(word, str_of(thumb)))
        put(r, STR("@yes"));
    if (first == '(')
        r->comma = true;
    put_folded(r, text_fold(r->arena, word));
}

/* "Dr." "z.B." "3." "J.": their dot ends nothing. */
static bool is_abbreviation(struct str word) {
    static const char *const known[] = { "dr.",  "mr.",  "mrs.", "ms.",  "sr.",  "sra.", "hr.",  "fr.",
                                         "prof.", "bzw.", "ca.",  "inkl.", "evtl.", "ggf.", "tel.", "no.",
                                         "nr.",  "mme.", "vs.",  "approx.", "dra.", "ing.", "mevr.", "dhr." };
    size_t letters = 0;
    for (size_t i = 0; i + 1 < word.n; i++)
        if (!ascii_is_digit(word.p[i]))
            letters++;
    if (letters <= 1 || str_find(word, '.') + 1 < word.n)
        return word.n <= ABBREVIATION_MAX;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (str_eq_nocase(word, str_of(known[i])))
            return true;
    return false;
}

/* Ends the clause as the last sign of the word says. */
static void put_end(struct reader *r, struct str word) {
    size_t n = word.n;
    while (n && strchr("\"')]}*_", word.p[n - 1]))
        n--;
    char last = n ? word.p[n - 1] : ' ';
    if (last == '?')
        put(r, STR("@q"));
    if (last == ',' || last == '-')
        r->comma = true;
    bool dot = last == '.' && !is_abbreviation(str_sub(word, 0, n));
    if (dot || last == '!' || last == '?' || last == ';' || last == ':')
        end_clause(r);
}

static bool ends_clause_too(struct str line, struct str rest) {
    return line.n < SHORT_LINE || !rest.n || rest.p[0] == '\n' || rest.p[0] == '\r';
}

struct tokens reply_tokens(struct arena *arena, struct str text) {
    struct reader r = { .arena = arena };
    text = str_sub(text, 0, REPLY_TEXT_MAX_BYTES);
    /* A byte can be a word, which a clause around it makes three of. */
    size_t most = 3 * text.n + 8;
    r.tokens.p = ARENA_ARRAY(arena, most < REPLY_TOKENS_MAX ? most : REPLY_TOKENS_MAX, struct token);
    r.tokens.p[r.tokens.n++].word = STR("^^");
    struct str rest = text;
    for (struct str line; str_is_set(rest) && str_cut(&rest, '\n', &line);) {
        struct str words = line;
        for (struct str word; str_word(&words, &word);) {
            put_word(&r, word);
            put_end(&r, word);
        }
        if (ends_clause_too(line, rest))
            end_clause(&r);
    }
    end_clause(&r);
    r.tokens.p[r.tokens.n++].word = STR("$$");
    return r.tokens;
}
