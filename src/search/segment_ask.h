/* Asks the disk for what a search will read of a segment, before any of it is read: one part
 * after the other a token that is not in memory would be waited for four or five times.
 * Hints: what is asked for may be too much or nothing, and is checked when it is read. */
#ifndef SEARCH_SEGMENT_ASK_H
#define SEARCH_SEGMENT_ASK_H

#include "base/field.h"
#include "search/segment_terms.h"

/* All that looking up these tokens needs; waits for some of it. */
void segment_ask_for_tokens(const struct segment *s, struct strs tokens);
/* The rows of terms that follow each other; the same. */
void segment_ask_for_terms(const struct segment *s, struct term_range terms);

#endif
