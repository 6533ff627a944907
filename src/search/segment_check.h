/* Whether a file is a segment in order. */
#ifndef SEARCH_SEGMENT_CHECK_H
#define SEARCH_SEGMENT_CHECK_H

#include "search/segment.h"

/* True when every offset, order, number and checksum is what segment.h says, so that
 * nothing a reader follows leaves the file. Any bytes, at a multiple of 64. */
bool segment_is_sound(const unsigned char *bytes, size_t size);

#endif
