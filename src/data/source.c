/* Blocks are read raw, converted, and appended to the window. Which encoding it is,
 * the first block decides by majority: more ill-formed bytes than well-formed
 * characters beyond ASCII means Windows-1252, because accented letters of that
 * encoding are nearly never well-formed UTF-8. A file that was ASCII up to some later
 * block is decided there. */
#include "data/source.h"

#include <errno.h>
#include <unistd.h>

#include "base/check.h"
#include "base/mem.h"
#include "base/utf8.h"

#define BLOCK_BYTES ((size_t) 64 * 1024)
/* A byte of Windows-1252 or half of a UTF-16 unit becomes at most this many. */
#define GROWTH 3

enum encoding { ASCII, UTF8, UTF16LE, UTF16BE, WINDOWS_1252 };

struct source {
    int fd;
    enum encoding encoding;
    bool at_end;
    uint64_t position;
    unsigned char raw[BLOCK_BYTES + 8]; /* what was read and is not yet converted */
    size_t raw_n;
    char *window;
    size_t from, to, capacity;
};

/* 0x80 to 0x9F; the rest of Windows-1252 is Latin-1. 0: not assigned. */
static const uint16_t windows_1252[32] = {
    0x20AC, 0,      0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160,
    0x2039, 0x0152, 0,      0x017D, 0,      0,      0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
    0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0,      0x017E, 0x0178,
};

static const struct {
    struct str magic;
    struct str reason;
} not_text[] = {
    { STR("PK\x03\x04"), STR("this is an Excel workbook or a ZIP archive; save it as CSV") },
    { STR("\xD0\xCF\x11\xE0"), STR("this is an old Excel workbook; save it as CSV") },
    { STR("\x1F\x8B"), STR("this is compressed with gzip; unpack it first") },
};

/* Space for one character beyond the window's end is the caller's care. */
static void put_character(struct source *s, uint32_t c) {
    char *p = s->window + s->to;
    if (c < 0x80) {
        p[0] = (char) c;
        s->to += 1;
    } else if (c < 0x800) {
        p[0] = (char) (0xC0 | c >> 6);
        p[1] = (char) (0x80 | (c & 0x3F));
        s->to += 2;
    } else if (c < 0x10000) {
        p[0] = (char) (0xE0 | c >> 12);
        p[1] = (char) (0x80 | (c >> 6 & 0x3F));
        p[2] = (char) (0x80 | (c & 0x3F));
        s->to += 3;
    } else {
        p[0] = (char) (0xF0 | c >> 18);
        p[1] = (char) (0x80 | (c >> 12 & 0x3F));
        p[2] = (char) (0x80 | (c >> 6 & 0x3F));
        p[3] = (char) (0x80 | (c & 0x3F));
        s->to += 4;
    }
}

static void put_windows_1252(struct source *s, unsigned char byte) {
    uint32_t c = byte >= 0x80 && byte < 0xA0 ? windows_1252[byte - 0x80] : byte;
    put_character(s, c ? c : 0xFFFD);
}

/* True when `rest` can be the beginning of a character that the next block ends.
 * Says so too of some that no byte can complete: they are looked at again then. */
static bool is_cut_off(struct str rest) {
    unsigned char lead = (unsigned char) rest.p[0];
    size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC2 ? 2 : 0;
    for (size_t i = 1; i < rest.n && i < length; i++)
        if (((unsigned char) rest.p[i] & 0xC0) != 0x80)
            return false;
    return rest.n < length;
}

/* Of the first text beyond ASCII: is it UTF-8 or Windows-1252? */
static enum encoding detect(struct str text, bool at_end) {
    size_t good = 0, bad = 0;
    while (text.n) {
        size_t length = utf8_length(text);
        if (length == 0 && !at_end && is_cut_off(text))
            break;
        good += length > 1;
        bad += length == 0;
        text = str_sub(text, length ? length : 1, text.n);
    }
    if (bad > good)
        return WINDOWS_1252;
    return good ? UTF8 : ASCII;
}

/* Returns how many raw bytes were used. */
static size_t convert_8bit(struct source *s) {
    struct str text = { (const char *) s->raw, s->raw_n };
    if (s->encoding == ASCII)
        s->encoding = detect(text, s->at_end);
    while (text.n) {
        size_t length = s->encoding == WINDOWS_1252 ? 0 : utf8_length(text);
        if (length) {
            memcpy(s->window + s->to, text.p, length);
            s->to += length;
        } else if (s->encoding != WINDOWS_1252 && !s->at_end && is_cut_off(text)) {
            break;
        } else {
            put_windows_1252(s, (unsigned char) text.p[0]);
            length = 1;
        }
        text = str_sub(text, length, text.n);
    }
    return s->raw_n - text.n;
}

static uint32_t utf16_unit(const struct source *s, size_t at) {
    uint32_t a = s->raw[at], b = s->raw[at + 1];
    return s->encoding == UTF16LE ? a | b << 8 : a << 8 | b;
}

/* RFC 2781; a surrogate without its partner becomes U+FFFD. */
static size_t convert_utf16(struct source *s) {
    size_t at = 0;
    while (at + 2 <= s->raw_n) {
        uint32_t c = utf16_unit(s, at);
        bool is_high = c >= 0xD800 && c < 0xDC00;
        if (is_high && at + 4 > s->raw_n && !s->at_end)
            break;
        uint32_t low = is_high && at + 4 <= s->raw_n ? utf16_unit(s, at + 2) : 0;
        at += 2;
        if (low >= 0xDC00 && low < 0xE000) {
            c = 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00);
            at += 2;
        } else if (c >= 0xD800 && c < 0xE000) {
            c = 0xFFFD;
        }
        put_character(s, c);
    }
    return s->at_end ? s->raw_n : at;
}

static enum rc read_block(struct source *s) {
    while (!s->at_end && s->raw_n < BLOCK_BYTES) {
        ssize_t n = read(s->fd, s->raw + s->raw_n, BLOCK_BYTES - s->raw_n);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return E_IO;
        s->at_end = n == 0;
        s->raw_n += (size_t) n;
        s->position += (size_t) n;
    }
    return OK;
}

static void make_space(struct source *s) {
    if (s->from) {
        memmove(s->window, s->window + s->from, s->to - s->from);
        s->to -= s->from;
        s->from = 0;
    }
    size_t need = s->to + s->raw_n * GROWTH + 4;
    if (need <= s->capacity)
        return;
    s->capacity = need * 2;
    s->window = mem_resize(s->window, s->capacity);
}

static void convert(struct source *s) {
    make_space(s);
    bool is_utf16 = s->encoding == UTF16LE || s->encoding == UTF16BE;
    size_t used = is_utf16 ? convert_utf16(s) : convert_8bit(s);
    memmove(s->raw, s->raw + used, s->raw_n - used);
    s->raw_n -= used;
}

/* Drops the byte order mark and sets the encoding it stands for. */
static void read_mark(struct source *s) {
    static const struct {
        struct str mark;
        enum encoding encoding;
    } marks[] = {
        { STR("\xEF\xBB\xBF"), UTF8 }, { STR("\xFF\xFE"), UTF16LE }, { STR("\xFE\xFF"), UTF16BE },
    };
    struct str text = { (const char *) s->raw, s->raw_n };
    for (size_t i = 0; i < LENGTH(marks); i++) {
        if (!str_starts(text, marks[i].mark))
            continue;
        s->encoding = marks[i].encoding;
        s->raw_n -= marks[i].mark.n;
        memmove(s->raw, s->raw + marks[i].mark.n, s->raw_n);
        return;
    }
}

static enum rc start(struct source *s, struct str *ret_reason) {
    enum rc rc = read_block(s);
    if (rc != OK)
        return rc;
    struct str text = { (const char *) s->raw, s->raw_n };
    for (size_t i = 0; i < LENGTH(not_text); i++) {
        if (str_starts(text, not_text[i].magic)) {
            *ret_reason = not_text[i].reason;
            return E_UNSUPPORTED;
        }
    }
    read_mark(s);
    bool is_utf16 = s->encoding == UTF16LE || s->encoding == UTF16BE;
    if (!is_utf16 && s->raw_n && memchr(s->raw, 0, s->raw_n)) {
        *ret_reason = STR("there are zero bytes in it: not a text file, or UTF-16 without byte "
                          "order mark");
        return E_UNSUPPORTED;
    }
    convert(s);
    return OK;
}

enum rc source_open(int fd, struct source **ret_source, struct str *ret_reason) {
    struct source *s = MEM_NEW(struct source);
    s->fd = fd;
    enum rc rc = start(s, ret_reason);
    if (rc != OK) {
        source_close(&s);
        return rc;
    }
    *ret_source = s;
    return OK;
}

void source_close(struct source **source) {
    if (!*source)
        return;
    mem_free((*source)->window);
    mem_free(*source);
    *source = NULL;
}

struct str source_peek(const struct source *source) {
    return (struct str){ source->window + source->from, source->to - source->from };
}

enum rc source_more(struct source *source) {
    size_t before = source->to - source->from;
    if (before >= SOURCE_WINDOW_MAX_BYTES)
        return E_TOO_LARGE;
    do {
        enum rc rc = read_block(source);
        if (rc != OK)
            return rc;
        if (source->raw_n == 0)
            return E_NOT_FOUND;
        convert(source);
    } while (source->to - source->from == before);
    return OK;
}

void source_consume(struct source *source, size_t n) {
    ASSERT(n <= source->to - source->from);
    source->from += n;
}

uint64_t source_position(const struct source *source) {
    return source->position;
}

const char *source_encoding(const struct source *source) {
    static const char *const names[] = {
        [ASCII] = "UTF-8",       [UTF8] = "UTF-8",
        [UTF16LE] = "UTF-16LE",  [UTF16BE] = "UTF-16BE",
        [WINDOWS_1252] = "Windows-1252",
    };
    return names[source->encoding];
}
