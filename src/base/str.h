/* struct str: a slice of bytes that somebody else owns, used for everything that
 * is parsed. Never assumed to be NUL-terminated. p == NULL means "absent", which
 * is different from empty. Case functions here are ASCII only; Unicode folding is
 * data/text.h. */
#ifndef BASE_STR_H
#define BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/rc.h"

struct str {
    const char *p;
    size_t n;
};

#define STR(literal) ((struct str){ "" literal, sizeof(literal) - 1 })
#define STR_NONE ((struct str){ NULL, 0 })
/* For printf: "%.*s", STR_FMT(s). */
#define STR_FMT(s) (int) (s).n, (s).p ? (s).p : ""

/* A slice over a NUL-terminated string; NULL gives STR_NONE. */
static inline struct str str_of(const char *text) {
    return (struct str){ text, text ? strlen(text) : 0 };
}

static inline bool str_is_set(struct str s) {
    return s.p != NULL;
}

/* Absent or without a byte. */
static inline bool str_is_empty(struct str s) {
    return s.n == 0;
}

bool str_eq(struct str a, struct str b);
/* Equal but for ASCII case. */
bool str_eq_nocase(struct str a, struct str b);
/* memcmp order, shorter first on a tie: <0, 0, >0. */
int str_compare(struct str a, struct str b);
bool str_starts(struct str s, struct str prefix);
bool str_starts_nocase(struct str s, struct str prefix);
bool str_ends(struct str s, struct str suffix);
bool str_ends_nocase(struct str s, struct str suffix);
bool str_contains(struct str s, struct str part);

/* Index of the first / last `c`, or s.n when there is none. */
size_t str_find(struct str s, char c);
size_t str_find_last(struct str s, char c);
/* Index of the first `part`, or s.n when there is none. */
size_t str_find_str(struct str s, struct str part);

/* Bytes [from, to); both are clamped to the length. */
struct str str_sub(struct str s, size_t from, size_t to);
/* Without leading and trailing ASCII white space. */
struct str str_trim(struct str s);

/* Splits off what is before the first `separator` and moves *rest behind it.
 * False when *rest was absent, that is, when everything has been returned:
 *   for (struct str part; str_cut(&rest, ',', &part);) … */
bool str_cut(struct str *rest, char separator, struct str *ret_part);

/* Next run of non-white-space bytes; false at the end. */
bool str_word(struct str *rest, struct str *ret_word);

/* The whole of `s` as a decimal number with an optional minus sign. E_INVALID on
 * anything else, also on overflow; *ret_value is untouched then. */
MUST_USE enum rc str_to_i64(struct str s, int64_t *ret_value);

/* FNV-1a with a final mix; for hash tables, not for security. */
uint64_t str_hash(struct str s);

/* ASCII classes and case, independent of the locale. */
static inline bool ascii_is_digit(char c) {
    return c >= '0' && c <= '9';
}
static inline bool ascii_is_upper(char c) {
    return c >= 'A' && c <= 'Z';
}
static inline bool ascii_is_lower(char c) {
    return c >= 'a' && c <= 'z';
}
static inline bool ascii_is_alpha(char c) {
    return ascii_is_upper(c) || ascii_is_lower(c);
}
static inline bool ascii_is_alnum(char c) {
    return ascii_is_alpha(c) || ascii_is_digit(c);
}
static inline bool ascii_is_space(char c) {
    return c == ' ' || (c >= '\t' && c <= '\r');
}
static inline char ascii_lower(char c) {
    return ascii_is_upper(c) ? (char) (c + 32) : c;
}
static inline char ascii_upper(char c) {
    return ascii_is_lower(c) ? (char) (c - 32) : c;
}
/* 0 to 15, or -1. */
static inline int ascii_hex_value(char c) {
    if (ascii_is_digit(c))
        return c - '0';
    char lower = ascii_lower(c);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

#endif
