/* What somebody wrote, without what it answers: quotes, the lines above them, quoted headers,
 * signatures, disclaimers, a salutation that says nothing else. The phrases of programs and
 * languages are a table (quotes.def).
 *
 * Pure functions, any thread. Text is UTF-8 with LF, HTML as html_to_text gives it. */
#ifndef REPLY_QUOTES_H
#define REPLY_QUOTES_H

#include "base/arena.h"

/* What is new in `text`, trimmed. Never empty when the text is not: if nothing was left, the
 * signature stays, and if there is none either, everything. */
struct str quotes_cut(struct arena *arena, struct str text);

/* At most SNIPPET_CHARACTERS of it in one line, up to the end of a word; "…" where it goes on. */
struct str quotes_snippet(struct arena *arena, struct str text);

enum { SNIPPET_CHARACTERS = 200 };

#endif
