/* A line of a message in the form in which tables of phrases hold theirs: lower case (ASCII, Latin,
 * Cyrillic), plain apostrophes and spaces, one space between words, without asterisks and invisible
 * characters, trimmed. Pure functions, any thread. */
#ifndef REPLY_PHRASES_H
#define REPLY_PHRASES_H

#include "base/str.h"

enum { PHRASE_LINE_BYTES = 512 };

struct phrase_line {
    char p[PHRASE_LINE_BYTES];
    size_t n;
};

/* Adds `s` with a space before it; what does not fit is left out. */
void phrase_add(struct phrase_line *line, struct str s);

static inline struct str phrase_text(const struct phrase_line *line) {
    return (struct str){ line->p, line->n };
}

/* Whether `s` begins with the phrase and no letter or digit of ASCII follows. */
bool phrase_begins(struct str s, struct str phrase);

#endif
