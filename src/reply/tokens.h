/* The words of a reply, as phrases and the model of the classifier read them.
 *
 * Folded (data/text.h), every run of digits one '#' ("14th" is "#th"). Signs become words
 * of their own where they mean something:
 *   ^^ $$   beginning and end of the text       ^ $     beginning and end of a clause
 *   @q      the clause is a question            @mail   an email address
 *   @link   a web address                       @at     somebody is called ("@Jane")
 *   @plus   somebody is added ("+ Jane")        @yes    a thumb that points up
 * A clause ends at . ! ? ; : and at a blank or a short line; a dot behind a number, an
 * initial or a usual abbreviation ends none.
 *
 * Pure, any thread; results live in the arena. Any bytes are accepted. */
#ifndef REPLY_TOKENS_H
#define REPLY_TOKENS_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/str.h"

/* What is behind takes no part: who says no does so before. */
enum { REPLY_TEXT_MAX_BYTES = 8192, REPLY_TOKENS_MAX = 2400 };

struct token {
    struct str word;
    bool after_comma; /* or a dash, or an opening bracket */
};

struct tokens {
    struct token *p;
    size_t n;
};

struct tokens reply_tokens(struct arena *arena, struct str text);

/* ^^ ^ $ $$: nothing reaches over them. */
static inline bool token_is_bound(struct str word) {
    return word.n && (word.p[0] == '^' || word.p[0] == '$');
}

#endif
