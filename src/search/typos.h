/* A word that is one typing error away from another: a letter wrong, missing, too many, or
 * two neighbours swapped (optimal string alignment distance 1). Made from the wanted word
 * alone, so that every engine finds the same rows without a dictionary. */
#ifndef SEARCH_TYPOS_H
#define SEARCH_TYPOS_H

#include "base/arena.h"
#include "base/field.h"

/* Whether errors are looked for: words of 4 to 24 letters, in shorter ones one letter
 * makes another name. `word` is folded (data/text.h). */
bool typo_is_likely(struct str word);

/* Every word that differs from `word` by one error, each once, in no order; letters that
 * are put in are a to z. At most 53 n + 25 words for n letters. */
struct strs typo_variants(struct arena *arena, struct str word);

#endif
