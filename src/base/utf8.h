/* UTF-8 (RFC 3629): lengths and validity. Anything about the meaning of
 * characters (folding, normal forms) is data/text.h, over libunistring. */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

/* Bytes of the first character of `s`: 1 to 4, or 0 when s does not begin with a
 * well-formed one (overlong, surrogate, above U+10FFFF, cut off, or empty). */
size_t utf8_length(struct str s);

bool utf8_is_valid(struct str s);

/* Number of characters; ill-formed bytes count as one each. */
size_t utf8_count(struct str s);

/* The beginning of `s`, at most `max` bytes, that ends with a whole character. */
struct str utf8_cut(struct str s, size_t max);

#endif
