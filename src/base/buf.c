#include "base/buf.h"

#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "base/utf8.h"

enum { FIRST_BYTES = 256 };

struct buf buf_in(struct arena *arena, size_t max) {
    return (struct buf){ .arena = arena, .max = max };
}

struct buf buf_on_heap(size_t max) {
    return (struct buf){ .max = max };
}

void buf_done(struct buf *b) {
    if (!b->arena)
        mem_free(b->p);
    *b = (struct buf){ .max = b->max };
}

void buf_clear(struct buf *b) {
    b->n = 0;
    b->failed = false;
}

static void grow(struct buf *b, size_t needed) {
    size_t capacity = b->capacity ? b->capacity : FIRST_BYTES;
    while (capacity < needed)
        capacity *= 2;
    if (b->arena) {
        char *p = arena_alloc(b->arena, capacity);
        if (b->n)
            memcpy(p, b->p, b->n);
        b->p = p;
    } else {
        b->p = mem_resize(b->p, capacity);
    }
    b->capacity = capacity;
}

char *buf_space(struct buf *b, size_t n) {
    if (b->failed || n > b->max - b->n) {
        b->failed = true;
        return NULL;
    }
    if (n > b->capacity - b->n)
        grow(b, b->n + n);
    return b->p + b->n;
}

void buf_added(struct buf *b, size_t n) {
    ASSERT(n <= b->capacity - b->n);
    b->n += n;
}

void buf_char(struct buf *b, char c) {
    char *at = buf_space(b, 1);
    if (at) {
        *at = c;
        b->n++;
    }
}

void buf_bytes(struct buf *b, const void *p, size_t n) {
    char *at = n ? buf_space(b, n) : NULL;
    if (at) {
        memcpy(at, p, n);
        b->n += n;
    }
}

void buf_str(struct buf *b, struct str s) {
    buf_bytes(b, s.p, s.n);
}

void buf_hex(struct buf *b, struct str bytes) {
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < bytes.n; i++) {
        buf_char(b, digits[(unsigned char) bytes.p[i] >> 4]);
        buf_char(b, digits[(unsigned char) bytes.p[i] & 15]);
    }
}

void buf_i64(struct buf *b, int64_t value) {
    char digits[20]; /* 19 digits and a sign */
    size_t at = sizeof digits;
    uint64_t rest = value < 0 ? 0 - (uint64_t) value : (uint64_t) value;
    do {
        digits[--at] = (char) ('0' + rest % 10);
        rest /= 10;
    } while (rest);
    if (value < 0)
        digits[--at] = '-';
    buf_bytes(b, digits + at, sizeof digits - at);
}

void buf_printf(struct buf *b, const char *format, ...) {
    va_list args;
    va_start(args, format);
    va_list again;
    va_copy(again, args);
    int needed = vsnprintf(NULL, 0, format, args);
    va_end(args);
    ASSERT(needed >= 0);
    char *at = buf_space(b, (size_t) needed + 1); /* vsnprintf writes a NUL as well */
    if (at) {
        (void) vsnprintf(at, (size_t) needed + 1, format, again); /* measured above */
        b->n += (size_t) needed;
    }
    va_end(again);
}

static bool json_is_plain(unsigned char c) {
    return c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
}

static void json_escape(struct buf *b, unsigned char c) {
    static const char short_forms[] = { ['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n',
                                        ['\f'] = 'f', ['\r'] = 'r', ['"'] = '"',
                                        ['\\'] = '\\' };
    if (c < sizeof short_forms && short_forms[c]) {
        buf_char(b, '\\');
        buf_char(b, short_forms[c]);
    } else {
        buf_printf(b, "\\u%04x", c);
    }
}

void buf_json(struct buf *b, struct str s) {
    size_t i = 0;
    while (i < s.n) {
        size_t from = i;
        while (i < s.n && json_is_plain((unsigned char) s.p[i]))
            i++;
        buf_bytes(b, s.p + from, i - from);
        if (i == s.n)
            return;
        if ((unsigned char) s.p[i] < 0x80) {
            json_escape(b, (unsigned char) s.p[i++]);
            continue;
        }
        size_t length = utf8_length(str_sub(s, i, s.n));
        if (length)
            buf_bytes(b, s.p + i, length);
        else
            buf_str(b, STR("\xEF\xBF\xBD"));
        i += length ? length : 1;
    }
}

void buf_url(struct buf *b, struct str s) {
    static const char hex[] = "0123456789ABCDEF";
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if (ascii_is_alnum(c) || c == '-' || c == '.' || c == '_' || c == '~') {
            buf_char(b, c);
        } else {
            buf_char(b, '%');
            buf_char(b, hex[(unsigned char) c >> 4]);
            buf_char(b, hex[(unsigned char) c & 15]);
        }
    }
}

void buf_printable(struct buf *b, struct str s) {
    while (s.n) {
        size_t n = utf8_length(s);
        bool is_control = n == 1 && ((unsigned char) s.p[0] < 0x20 || s.p[0] == 0x7F);
        if (n == 0 || is_control)
            buf_char(b, is_control ? ' ' : '?');
        else
            buf_str(b, str_sub(s, 0, n));
        s = str_sub(s, n ? n : 1, s.n);
    }
}

void buf_html(struct buf *b, struct str s) {
    for (size_t i = 0; i < s.n; i++) {
        switch (s.p[i]) {
        case '&': buf_str(b, STR("&amp;")); break;
        case '<': buf_str(b, STR("&lt;")); break;
        case '>': buf_str(b, STR("&gt;")); break;
        case '"': buf_str(b, STR("&quot;")); break;
        case '\'': buf_str(b, STR("&#39;")); break;
        default: buf_char(b, s.p[i]); break;
        }
    }
}

enum rc buf_result(const struct buf *b) {
    return b->failed ? E_TOO_LARGE : OK;
}
