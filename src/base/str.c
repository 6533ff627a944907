#include "base/str.h"

bool str_eq(struct str a, struct str b) {
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

bool str_eq_nocase(struct str a, struct str b) {
    if (a.n != b.n)
        return false;
    for (size_t i = 0; i < a.n; i++)
        if (ascii_lower(a.p[i]) != ascii_lower(b.p[i]))
            return false;
    return true;
}

int str_compare(struct str a, struct str b) {
    size_t shared = a.n < b.n ? a.n : b.n;
    int order = shared ? memcmp(a.p, b.p, shared) : 0;
    if (order != 0)
        return order;
    return a.n < b.n ? -1 : a.n > b.n;
}

bool str_starts(struct str s, struct str prefix) {
    return s.n >= prefix.n && str_eq(str_sub(s, 0, prefix.n), prefix);
}

bool str_starts_nocase(struct str s, struct str prefix) {
    return s.n >= prefix.n && str_eq_nocase(str_sub(s, 0, prefix.n), prefix);
}

bool str_ends(struct str s, struct str suffix) {
    return s.n >= suffix.n && str_eq(str_sub(s, s.n - suffix.n, s.n), suffix);
}

bool str_ends_nocase(struct str s, struct str suffix) {
    return s.n >= suffix.n && str_eq_nocase(str_sub(s, s.n - suffix.n, s.n), suffix);
}

bool str_contains(struct str s, struct str part) {
    return part.n == 0 || str_find_str(s, part) < s.n;
}

size_t str_find(struct str s, char c) {
    const char *at = s.n ? memchr(s.p, c, s.n) : NULL;
    return at ? (size_t) (at - s.p) : s.n;
}

size_t str_find_last(struct str s, char c) {
    for (size_t i = s.n; i > 0; i--)
        if (s.p[i - 1] == c)
            return i - 1;
    return s.n;
}

size_t str_find_str(struct str s, struct str part) {
    if (part.n == 0)
        return 0;
    const char *found = s.n >= part.n ? memmem(s.p, s.n, part.p, part.n) : NULL;
    return found ? (size_t) (found - s.p) : s.n;
}

struct str str_sub(struct str s, size_t from, size_t to) {
    if (!s.p)
        return STR_NONE;
    if (to > s.n)
        to = s.n;
    if (from > to)
        from = to;
    return (struct str){ s.p + from, to - from };
}

struct str str_trim(struct str s) {
    while (s.n && ascii_is_space(s.p[0]))
        s = str_sub(s, 1, s.n);
    while (s.n && ascii_is_space(s.p[s.n - 1]))
        s.n--;
    return s;
}

bool str_cut(struct str *rest, char separator, struct str *ret_part) {
    if (!rest->p)
        return false;
    size_t at = str_find(*rest, separator);
    *ret_part = str_sub(*rest, 0, at);
    *rest = at < rest->n ? str_sub(*rest, at + 1, rest->n) : STR_NONE;
    return true;
}

bool str_word(struct str *rest, struct str *ret_word) {
    size_t from = 0;
    while (from < rest->n && ascii_is_space(rest->p[from]))
        from++;
    size_t to = from;
    while (to < rest->n && !ascii_is_space(rest->p[to]))
        to++;
    *ret_word = str_sub(*rest, from, to);
    *rest = str_sub(*rest, to, rest->n);
    return to > from;
}

enum rc str_to_i64(struct str s, int64_t *ret_value) {
    bool negative = s.n > 0 && s.p[0] == '-';
    size_t i = negative ? 1 : 0;
    if (i == s.n)
        return E_INVALID;
    int64_t value = 0; /* kept negative, so that INT64_MIN fits */
    for (; i < s.n; i++) {
        if (!ascii_is_digit(s.p[i]) || __builtin_mul_overflow(value, 10, &value)
            || __builtin_sub_overflow(value, s.p[i] - '0', &value))
            return E_INVALID;
    }
    if (!negative && __builtin_mul_overflow(value, -1, &value))
        return E_INVALID;
    *ret_value = value;
    return OK;
}

uint64_t str_hash(struct str s) {
    uint64_t hash = 14695981039346656037u;
    for (size_t i = 0; i < s.n; i++)
        hash = (hash ^ (unsigned char) s.p[i]) * 1099511628211u;
    hash ^= hash >> 32;
    return hash * 0x9E3779B97F4A7C15u;
}
