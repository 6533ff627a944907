/* Which of many patterns (data/title_words.h) may match a title at all: a title has five
 * words, the rule tables have thousands. Inside of data/titles.h only. */
#ifndef DATA_TITLE_INDEX_H
#define DATA_TITLE_INDEX_H

#include "data/title_words.h"

struct title_index;

/* An index over `n` patterns that begin with a word or an alternative, not with "*". The
 * patterns are borrowed. Immutable; the caller owns it. */
struct title_index *title_index_new(const char *const *patterns, size_t n)
    __attribute__((returns_nonnull));

/* Sets ret_maybe[i] for every pattern whose first word is among the words. */
void title_index_candidates(const struct title_index *index, const struct title_words *words,
                            bool *ret_maybe);

#endif
