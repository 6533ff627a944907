/* Text that needs no escape is most of an answer, so it is found eight bytes at a
 * time and copied in one piece; only what follows the first other byte goes through
 * buf_json. */
#include "json/writer.h"

#include "base/check.h"

enum { DEPTH_MAX = 64 };

/* Every byte of a word. */
#define BYTES(value) (UINT64_C(0x0101010101010101) * (value))

/* True when a byte is above 0x7F, below 0x20, a quote or a backslash. A subtraction
 * sets the highest bit of each byte that is below what is taken away; it may borrow
 * from the next byte, but only where the answer is true already. */
static inline bool needs_escape(uint64_t word) {
    uint64_t found = word | (word - BYTES(0x20)) | ((word ^ BYTES('"')) - BYTES(1))
                     | ((word ^ BYTES('\\')) - BYTES(1));
    return found & BYTES(0x80);
}

static bool is_plain(unsigned char c) {
    return c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
}

/* Copies eight bytes when none of them needs an escape. */
static inline bool copy_8(char *to, const char *from) {
    uint64_t word;
    memcpy(&word, from, sizeof word);
    if (needs_escape(word))
        return false;
    memcpy(to, &word, sizeof word);
    return true;
}

/* Four to seven bytes, as the first and the last four. */
static inline bool copy_4_to_7(char *to, struct str s) {
    uint32_t first, last;
    memcpy(&first, s.p, sizeof first);
    memcpy(&last, s.p + s.n - sizeof last, sizeof last);
    if (needs_escape((uint64_t) first << 32 | last))
        return false;
    memcpy(to, &first, sizeof first);
    memcpy(to + s.n - sizeof last, &last, sizeof last);
    return true;
}

/* Copies what stands for itself at the beginning of `s`; returns how much. What is
 * left behind the last eight bytes is taken with those before it once more. */
static inline size_t copy_plain(char *to, struct str s) {
    size_t i = 0;
    while (i + 8 <= s.n && copy_8(to + i, s.p + i))
        i += 8;
    if (i + 8 > s.n && s.n >= 8 && copy_8(to + s.n - 8, s.p + s.n - 8))
        return s.n;
    if (s.n >= 4 && s.n < 8 && copy_4_to_7(to, s))
        return s.n;
    for (; i < s.n && is_plain((unsigned char) s.p[i]); i++)
        to[i] = s.p[i];
    return i;
}

/* buf_space without its call where there is room already. */
static inline char *space(struct buf *b, size_t n) {
    bool there = n <= b->capacity - b->n && n <= b->max - b->n && !b->failed;
    return there ? b->p + b->n : buf_space(b, n);
}

static inline void put_char(struct buf *b, char c) {
    char *at = space(b, 1);
    if (at) {
        *at = c;
        b->n++;
    }
}

/* `before`, unless it is 0, and `s` in quotes. */
static void put_quoted(struct buf *out, char before, struct str s) {
    char *at = space(out, s.n + 2 + (before != 0));
    if (!at)
        return;
    char *start = at;
    *at = before;
    at += before != 0;
    *at++ = '"';
    size_t plain = copy_plain(at, s);
    at += plain;
    if (plain == s.n) {
        *at++ = '"';
        out->n += (size_t) (at - start);
        return;
    }
    out->n += (size_t) (at - start);
    buf_json(out, str_sub(s, plain, s.n));
    put_char(out, '"');
}

/* A value may stand here: once at the top, in an array, or behind a name. Returns the
 * comma that goes before it, or 0. */
static char before_value(struct json_writer *w) {
    ASSERT(w->depth ? w->named == (w->objects & 1) : !w->comma);
    char before = w->comma ? ',' : 0;
    w->comma = true;
    w->named = false;
    return before;
}

static void put_comma(struct json_writer *w) {
    if (before_value(w))
        put_char(w->out, ',');
}

static void begin(struct json_writer *w, char c, bool object) {
    put_comma(w);
    ASSERT(w->depth < DEPTH_MAX);
    w->depth++;
    w->objects = w->objects << 1 | object;
    w->comma = false;
    put_char(w->out, c);
}

static void end(struct json_writer *w, char c, bool object) {
    ASSERT(w->depth && (w->objects & 1) == object && !w->named);
    w->depth--;
    w->objects >>= 1;
    w->comma = true;
    put_char(w->out, c);
}

void json_begin_object(struct json_writer *w) {
    begin(w, '{', true);
}

void json_end_object(struct json_writer *w) {
    end(w, '}', true);
}

void json_begin_array(struct json_writer *w) {
    begin(w, '[', false);
}

void json_end_array(struct json_writer *w) {
    end(w, ']', false);
}

void json_key(struct json_writer *w, struct str name) {
    ASSERT(w->depth && (w->objects & 1) && !w->named);
    put_quoted(w->out, w->comma ? ',' : 0, name);
    put_char(w->out, ':');
    w->comma = false;
    w->named = true;
}

void json_str(struct json_writer *w, struct str value) {
    if (!str_is_set(value)) {
        json_write_null(w);
        return;
    }
    put_quoted(w->out, before_value(w), value);
}

void json_int(struct json_writer *w, int64_t value) {
    put_comma(w);
    buf_i64(w->out, value);
}

void json_halves(struct json_writer *w, int64_t halves) {
    json_int(w, halves / 2);
    buf_str(w->out, halves % 2 ? STR(".5") : STR(""));
}

void json_bool(struct json_writer *w, bool value) {
    put_comma(w);
    buf_str(w->out, value ? STR("true") : STR("false"));
}

void json_put_str(struct json_writer *w, const char *name, struct str value) {
    json_key(w, str_of(name));
    json_str(w, value);
}

void json_put_strs(struct json_writer *w, const char *name, struct strs values) {
    json_key(w, str_of(name));
    json_begin_array(w);
    for (size_t i = 0; i < values.n; i++)
        json_str(w, values.p[i]);
    json_end_array(w);
}

void json_write_null(struct json_writer *w) {
    put_comma(w);
    buf_str(w->out, STR("null"));
}

void json_raw(struct json_writer *w, struct str json) {
    put_comma(w);
    buf_str(w->out, str_is_empty(json) ? STR("null") : json);
}
