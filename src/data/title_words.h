/* Inside of the title rules: a title as words, and patterns over them. For data/titles.h
 * only; everything else uses that. */
#ifndef DATA_TITLE_WORDS_H
#define DATA_TITLE_WORDS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/str.h"

/* Nobody's title has more; what comes behind is not looked at. */
enum { TITLE_WORDS_MAX = 48 };

struct title_words {
    struct str w[TITLE_WORDS_MAX];
    unsigned char part[TITLE_WORDS_MAX]; /* parts are between commas, bars, dashes, brackets */
    bool taken[TITLE_WORDS_MAX];         /* by a rule */
    size_t n;
};

/* Folded words with abbreviations spelled out; gender marks, noise words, level numbers,
 * "- Platform Team" and what follows "at" or "@" are gone. Empty only when the title has
 * neither letter nor digit. */
void title_words_read(struct arena *arena, struct str title, struct title_words *ret);

/* Words like "of" that join others. */
bool title_is_stop(struct str word);

/* Where `pattern` first stands in the words without using a taken one: sets the words
 * [*ret_from, *ret_to). Pattern: words with one space between; "a|b" is either, "~er" a
 * longer word with this end, "*" up to four words of any kind. Stop words that it does
 * not name itself are passed over, parts are not. */
bool title_find(const struct title_words *words, const char *pattern, size_t *ret_from,
                size_t *ret_to);

void title_take(struct title_words *words, size_t from, size_t to);

#endif
