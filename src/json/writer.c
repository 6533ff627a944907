/* Text that needs no escape is most of an answer, so it is found eight bytes at a
 * time and copied in one piece; only what follows the first other byte goes through
 * buf_json. */
#include "json/writer.h"

#include "base/check.h"

enum { DEPTH_MAX = 64 };

/* Every byte of a word. */
#define BYTES(value) (UINT64_C(0x0101010101010101) * (value))

/* Non-zero when a byte of `word` is below `limit` (at most 0x80). */
static uint64_t has_below(uint64_t word, uint64_t limit) {
    return (word - BYTES(limit)) & ~word & BYTES(0x80);
}

static bool needs_escape(uint64_t word) {
    return (word & BYTES(0x80)) | has_below(word, 0x20) | has_below(word ^ BYTES('"'), 1)
           | has_below(word ^ BYTES('\\'), 1);
}

static bool is_plain(unsigned char c) {
    return c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
}

/* Bytes at the beginning of `s` that stand for themselves. */
static size_t plain_length(struct str s) {
    size_t i = 0;
    for (uint64_t word; i + sizeof word <= s.n; i += sizeof word) {
        memcpy(&word, s.p + i, sizeof word);
        if (needs_escape(word))
            break;
    }
    while (i < s.n && is_plain((unsigned char) s.p[i]))
        i++;
    return i;
}

static void put_quoted(struct buf *out, struct str s) {
    size_t plain = plain_length(s);
    char *at = buf_space(out, plain + 2);
    if (!at)
        return;
    at[0] = '"';
    memcpy(at + 1, s.p, plain);
    at[plain + 1] = '"';
    if (plain == s.n) {
        buf_added(out, plain + 2);
        return;
    }
    buf_added(out, plain + 1);
    buf_json(out, str_sub(s, plain, s.n));
    buf_char(out, '"');
}

/* A value may stand here: once at the top, in an array, or behind a name. */
static void before_value(struct json_writer *w) {
    ASSERT(w->depth ? w->named == (w->objects & 1) : !w->comma);
    if (w->comma)
        buf_char(w->out, ',');
    w->comma = true;
    w->named = false;
}

static void begin(struct json_writer *w, char c, bool object) {
    before_value(w);
    ASSERT(w->depth < DEPTH_MAX);
    w->depth++;
    w->objects = w->objects << 1 | object;
    w->comma = false;
    buf_char(w->out, c);
}

static void end(struct json_writer *w, char c, bool object) {
    ASSERT(w->depth && (w->objects & 1) == object && !w->named);
    w->depth--;
    w->objects >>= 1;
    w->comma = true;
    buf_char(w->out, c);
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
    if (w->comma)
        buf_char(w->out, ',');
    put_quoted(w->out, name);
    buf_char(w->out, ':');
    w->comma = false;
    w->named = true;
}

void json_str(struct json_writer *w, struct str value) {
    if (!str_is_set(value)) {
        json_write_null(w);
        return;
    }
    before_value(w);
    put_quoted(w->out, value);
}

void json_int(struct json_writer *w, int64_t value) {
    before_value(w);
    buf_i64(w->out, value);
}

void json_bool(struct json_writer *w, bool value) {
    before_value(w);
    buf_str(w->out, value ? STR("true") : STR("false"));
}

void json_write_null(struct json_writer *w) {
    before_value(w);
    buf_str(w->out, STR("null"));
}

void json_raw(struct json_writer *w, struct str json) {
    before_value(w);
    buf_str(w->out, str_is_empty(json) ? STR("null") : json);
}
