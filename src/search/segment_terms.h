/* Where terms are in a segment. They are in the order of their bytes, and of every
 * SEGMENT_STRIDE-th one the first bytes are known in one short array, so looking for one reads
 * little of the file besides. Where something cannot be read nothing is found, and the segment
 * is damaged. */
#ifndef SEARCH_SEGMENT_TERMS_H
#define SEARCH_SEGMENT_TERMS_H

#include "search/segment.h"

/* Terms from `from` on and before `end`. */
struct term_range {
    uint32_t from, end;
};

/* Among which a text is, when it is there; found without reading a term. */
struct term_range segment_stretch(const struct segment *s, struct str text);
/* The number of the term; UINT32_MAX when there is none. */
uint32_t segment_find(const struct segment *s, struct str text);
/* Those that begin with a text. */
struct term_range segment_beginning(const struct segment *s, struct str beginning);

#endif
