#include "reply/phrases.h"

#include "base/check.h"

/* Characters that stand for plainer ones or for nothing. */
static const struct {
    struct str from, to;
} plain[] = {
    { STR("\xC2\xA0"), STR(" ") },     { STR("\xE2\x80\xAF"), STR(" ") }, { STR("\xE3\x80\x80"), STR(" ") },
    { STR("\xE2\x80\x99"), STR("'") }, { STR("\xE2\x80\x98"), STR("'") }, { STR("\xEF\xBB\xBF"), STR("") },
    { STR("\xC2\xAD"), STR("") },      { STR("\xEF\xBC\x9A"), STR(":") },
};

/* U+200B to U+200F and U+202A to U+202E: joiners, marks of direction. */
static bool is_invisible(struct str s) {
    unsigned char c = s.n > 2 ? (unsigned char) s.p[2] : 0;
    return str_starts(s, STR("\xE2\x80")) && ((c >= 0x8B && c <= 0x8F) || (c >= 0xAA && c <= 0xAE));
}

static void put(struct phrase_line *line, char c) {
    bool is_space = ascii_is_space(c);
    if (line->n >= PHRASE_LINE_BYTES || c == '*')
        return;
    if (is_space && (!line->n || line->p[line->n - 1] == ' '))
        return;
    line->p[line->n++] = is_space ? ' ' : ascii_lower(c);
}

/* The second byte of a capital letter of two bytes becomes that of the small one: A with grave to
 * Thorn, and the Russian alphabet, whose second half has another first byte. */
static bool put_lower(struct phrase_line *line, unsigned char a, unsigned char b) {
    bool is_latin = a == 0xC3 && b >= 0x80 && b <= 0x9E && b != 0x97;
    bool is_first = a == 0xD0 && b >= 0x90 && b <= 0x9F, is_second = a == 0xD0 && b >= 0xA0 && b <= 0xAF;
    if (!is_latin && !is_first && !is_second)
        return false;
    put(line, (char) (is_second ? 0xD1 : a));
    put(line, (char) (is_second ? b - 0x20 : b + 0x20));
    return true;
}

/* Bytes taken for a character that is not ASCII. */
static size_t put_other(struct phrase_line *line, struct str s) {
    for (size_t i = 0; i < LENGTH(plain); i++) {
        if (!str_starts(s, plain[i].from))
            continue;
        for (size_t k = 0; k < plain[i].to.n; k++)
            put(line, plain[i].to.p[k]);
        return plain[i].from.n;
    }
    if (is_invisible(s))
        return 3;
    if (s.n > 1 && put_lower(line, (unsigned char) s.p[0], (unsigned char) s.p[1]))
        return 2;
    put(line, s.p[0]);
    return 1;
}

void phrase_add(struct phrase_line *line, struct str s) {
    put(line, ' ');
    for (size_t i = 0; i < s.n && line->n < PHRASE_LINE_BYTES;) {
        if ((unsigned char) s.p[i] < 0x80)
            put(line, s.p[i++]);
        else
            i += put_other(line, str_sub(s, i, s.n));
    }
    while (line->n && line->p[line->n - 1] == ' ')
        line->n--;
}

bool phrase_begins(struct str s, struct str phrase) {
    return str_starts(s, phrase) && (phrase.n == s.n || !ascii_is_alnum(s.p[phrase.n]));
}
