#include "http/url.h"

#include "base/utf8.h"

static bool is_plain(struct str text, bool plus) {
    return !memchr(text.p, '%', text.n) && !(plus && memchr(text.p, '+', text.n));
}

/* The byte that %XX at `i` stands for, or -1. */
static int escaped_byte(struct str text, size_t i) {
    if (i + 2 >= text.n)
        return -1;
    int high = ascii_hex_value(text.p[i + 1]), low = ascii_hex_value(text.p[i + 2]);
    return high < 0 || low < 0 ? -1 : high * 16 + low;
}

static enum rc decode(struct arena *arena, struct str text, bool plus, struct str *ret_text) {
    char *out = arena_alloc(arena, text.n + 1);
    size_t n = 0;
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        if (c == '%') {
            int byte = escaped_byte(text, i);
            if (byte < 0)
                return E_INVALID;
            c = (char) byte;
            i += 2;
        } else if (c == '+' && plus) {
            c = ' ';
        }
        out[n++] = c;
    }
    *ret_text = (struct str){ out, n };
    return OK;
}

enum rc url_decode(struct arena *arena, struct str text, bool plus, struct str *ret_text) {
    struct str decoded = text;
    if (text.n && !is_plain(text, plus)) {
        enum rc rc = decode(arena, text, plus, &decoded);
        if (rc != OK)
            return rc;
    }
    if (!utf8_is_valid(decoded) || str_find(decoded, '\0') < decoded.n)
        return E_INVALID;
    *ret_text = decoded;
    return OK;
}

void target_split(struct str target, struct str *ret_path, struct str *ret_query) {
    size_t mark = str_find(target, '?');
    *ret_path = str_sub(target, 0, mark);
    *ret_query = mark < target.n ? str_sub(target, mark + 1, target.n) : STR_NONE;
}

bool url_next_pair(struct str *rest, struct str *ret_name, struct str *ret_value) {
    struct str pair;
    while (str_cut(rest, '&', &pair)) {
        if (str_is_empty(pair))
            continue;
        size_t equals = str_find(pair, '=');
        *ret_name = str_sub(pair, 0, equals);
        *ret_value = str_sub(pair, equals < pair.n ? equals + 1 : equals, pair.n);
        return true;
    }
    return false;
}
