/* The ranges are table 3-7 of the Unicode Standard: only the second byte's range
 * depends on the first byte. */
#include "base/utf8.h"

struct lead {
    unsigned char first, last;           /* of the first byte */
    unsigned char second_min, second_max;
    unsigned char length;
};

static const struct lead leads[] = {
    { 0x00, 0x7F, 0x00, 0x00, 1 }, { 0xC2, 0xDF, 0x80, 0xBF, 2 }, { 0xE0, 0xE0, 0xA0, 0xBF, 3 },
    { 0xE1, 0xEC, 0x80, 0xBF, 3 }, { 0xED, 0xED, 0x80, 0x9F, 3 }, { 0xEE, 0xEF, 0x80, 0xBF, 3 },
    { 0xF0, 0xF0, 0x90, 0xBF, 4 }, { 0xF1, 0xF3, 0x80, 0xBF, 4 }, { 0xF4, 0xF4, 0x80, 0x8F, 4 },
};

size_t utf8_length(struct str s) {
    if (s.n == 0)
        return 0;
    const unsigned char *b = (const unsigned char *) s.p;
    for (size_t i = 0; i < sizeof leads / sizeof leads[0]; i++) {
        const struct lead *lead = &leads[i];
        if (b[0] < lead->first || b[0] > lead->last)
            continue;
        if (s.n < lead->length)
            return 0;
        if (lead->length > 1 && (b[1] < lead->second_min || b[1] > lead->second_max))
            return 0;
        for (size_t k = 2; k < lead->length; k++)
            if ((b[k] & 0xC0) != 0x80)
                return 0;
        return lead->length;
    }
    return 0;
}

/* Number of ASCII characters that `s` begins with, found eight at a time. */
static size_t ascii_length(struct str s) {
    size_t n = 0;
    for (uint64_t eight; s.n - n >= sizeof eight; n += sizeof eight) {
        memcpy(&eight, s.p + n, sizeof eight);
        if (eight & UINT64_C(0x8080808080808080))
            break;
    }
    while (n < s.n && (unsigned char) s.p[n] < 0x80)
        n++;
    return n;
}

bool utf8_is_valid(struct str s) {
    for (;;) {
        s = str_sub(s, ascii_length(s), s.n);
        if (!s.n)
            return true;
        size_t length = utf8_length(s);
        if (!length)
            return false;
        s = str_sub(s, length, s.n);
    }
}

size_t utf8_count(struct str s) {
    size_t count = 0;
    while (s.n) {
        size_t length = utf8_length(s);
        s = str_sub(s, length ? length : 1, s.n);
        count++;
    }
    return count;
}

struct str utf8_cut(struct str s, size_t max) {
    size_t n = s.n < max ? s.n : max;
    while (n < s.n && n > 0 && ((unsigned char) s.p[n] & 0xC0) == 0x80)
        n--;
    return str_sub(s, 0, n);
}
