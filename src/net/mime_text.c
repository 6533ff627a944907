/* From the bytes of a part to its text, each step bounded by MIME_TEXT_MAX_BYTES: transfer coding
 * (GMime's steps), character set (iconv, for the names of charsets.def), line ends, flowed lines
 * (RFC 3676). What says nothing or says ASCII while it has other bytes is UTF-8 when it looks like
 * it: text of another set is well-formed UTF-8 by accident about never. */
#include <errno.h>
#include <gmime/gmime.h>
#include <iconv.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/limits.h"
#include "base/utf8.h"
#include "net/mime_read.h"

#define REPLACEMENT STR("\xEF\xBF\xBD")

/* --- transfer coding --- */

static const struct {
    enum mime_coding coding;
    GMimeContentEncoding gmime;
    size_t per_byte; /* bytes in for a byte out, at most that many */
} codings[] = {
    { MIME_BASE64, GMIME_CONTENT_ENCODING_BASE64, 2 },
    { MIME_QUOTED, GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE, 3 },
    { MIME_UUENCODE, GMIME_CONTENT_ENCODING_UUENCODE, 2 },
};

struct str mime_decode(struct arena *arena, struct str raw, enum mime_coding coding, size_t max) {
    for (size_t i = 0; i < LENGTH(codings); i++) {
        if (codings[i].coding != coding)
            continue;
        GMimeEncoding state;
        raw = str_sub(raw, 0, max * codings[i].per_byte);
        g_mime_encoding_init_decode(&state, codings[i].gmime);
        char *out = arena_alloc(arena, g_mime_encoding_outlen(&state, raw.n) + 1);
        size_t n = raw.n ? g_mime_encoding_flush(&state, raw.p, raw.n, out) : 0;
        return (struct str){ out, n < max ? n : max };
    }
    return str_sub(raw, 0, max);
}

/* --- character set --- */

static const struct charset {
    struct str said;
    const char *iconv_name;
} charsets[] = {
#define CHARSET(said, name) { STR(said), name },
#include "net/charsets.def"
#undef CHARSET
};

static const struct charset *charset_of(struct str said) {
    for (size_t i = 0; i < LENGTH(charsets); i++)
        if (str_eq_nocase(charsets[i].said, said))
            return &charsets[i];
    return &charsets[0];
}

/* Well-formed characters of several bytes, and bytes of none. */
static void count_utf8(struct str s, size_t *ret_good, size_t *ret_bad) {
    *ret_good = *ret_bad = 0;
    for (size_t i = 0; i < s.n;) {
        if ((unsigned char) s.p[i] < 0x80) {
            i++;
            continue;
        }
        size_t n = utf8_length(str_sub(s, i, s.n));
        *(n ? ret_good : ret_bad) += 1;
        i += n ? n : 1;
    }
}

static struct str replace_bad(struct arena *arena, struct str s) {
    struct buf b = buf_in(arena, 3 * s.n + 3);
    while (s.n) {
        size_t n = utf8_length(s);
        buf_str(&b, n ? str_sub(s, 0, n) : REPLACEMENT);
        s = str_sub(s, n ? n : 1, s.n);
    }
    return buf_text(&b);
}

/* A byte that the set does not know becomes U+FFFD. */
static struct str convert(struct arena *arena, struct str s, const char *from) {
    iconv_t to = iconv_open("UTF-8", from);
    if (to == (iconv_t) -1)
        return replace_bad(arena, s);
    size_t room = 3 * s.n + 16, left = room;
    /* iconv takes what it reads as not constant, and does not write it */
    char *out = arena_alloc(arena, room), *p = out, *in = (char *) (uintptr_t) s.p;
    size_t n = s.n;
    while (n && iconv(to, &in, &n, &p, &left) == (size_t) -1) {
        if (errno == EINVAL || left < 4)
            break;
        memcpy(p, REPLACEMENT.p, REPLACEMENT.n);
        p += REPLACEMENT.n;
        left -= REPLACEMENT.n;
        in++;
        n--;
    }
    iconv_close(to);
    return (struct str){ out, (size_t) (p - out) };
}

/* Japanese mail of the old kind has only ASCII bytes; its escapes tell. */
static bool is_iso_2022_jp(struct str s) {
    return str_contains(s, STR("\x1B$B")) || str_contains(s, STR("\x1B$@"));
}

static struct str guess(struct arena *arena, struct str s) {
    size_t good, bad;
    count_utf8(s, &good, &bad);
    if (!bad)
        return good || !is_iso_2022_jp(s) ? s : convert(arena, s, "ISO-2022-JP-3");
    return good > bad ? replace_bad(arena, s) : convert(arena, s, "WINDOWS-1252");
}

/* A UTF-8 text that says something western is UTF-8, and what says that it has seven bits but has
 * eight is anything. */
static bool is_rather_utf8(struct str s, const char *name) {
    size_t good, bad;
    bool is_western = strcmp(name, "WINDOWS-1252") == 0;
    bool has_seven_bits = strncmp(name, "ISO-2022", 8) == 0 || strcmp(name, "UTF-7") == 0;
    if (!is_western && !has_seven_bits)
        return strcmp(name, "UTF-8") == 0 || !*name;
    count_utf8(s, &good, &bad);
    return is_western ? !bad : good || bad;
}

struct str mime_to_utf8(struct arena *arena, struct str bytes, struct str charset) {
    const char *name = charset_of(str_trim(charset))->iconv_name;
    if (str_starts(bytes, STR("\xEF\xBB\xBF")))
        return guess(arena, str_sub(bytes, 3, bytes.n));
    return is_rather_utf8(bytes, name) ? guess(arena, bytes) : convert(arena, bytes, name);
}

/* --- lines --- */

/* LF alone, no NUL, at most MIME_TEXT_MAX_BYTES and no part of a character. */
static struct str with_lf(struct arena *arena, struct str s) {
    struct buf b = buf_in(arena, s.n + 1);
    for (size_t i = 0; i < s.n; i++) {
        bool is_half = s.p[i] == '\r' && i + 1 < s.n && s.p[i + 1] == '\n';
        if (s.p[i] && !is_half)
            buf_char(&b, s.p[i] == '\r' ? '\n' : s.p[i]);
    }
    return utf8_cut(buf_text(&b), MIME_TEXT_MAX_BYTES);
}

static size_t quote_depth(struct str line) {
    size_t n = 0;
    while (n < line.n && line.p[n] == '>')
        n++;
    return n;
}

/* RFC 3676, 4: a line that ends with a space goes on in the next of the same depth; a space
 * behind the quote marks only keeps what follows from looking like one. */
static struct str unflow(struct arena *arena, struct str text, bool deletes_space) {
    struct buf b = buf_in(arena, text.n + 2);
    struct str rest = text, line;
    size_t depth_before = 0;
    bool goes_on = false;
    while (rest.n && str_cut(&rest, '\n', &line)) {
        size_t depth = quote_depth(line);
        struct str said = str_sub(line, depth, line.n);
        if (said.n && said.p[0] == ' ')
            said = str_sub(said, 1, said.n);
        bool is_signature = str_eq(said, STR("-- "));
        bool is_joined = goes_on && depth == depth_before && !is_signature;
        if (b.n && !is_joined)
            buf_char(&b, '\n');
        if (!is_joined)
            buf_str(&b, str_sub(line, 0, depth));
        if (!is_joined && depth)
            buf_char(&b, ' ');
        goes_on = said.n && said.p[said.n - 1] == ' ' && !is_signature;
        buf_str(&b, goes_on && deletes_space ? str_sub(said, 0, said.n - 1) : said);
        depth_before = depth;
    }
    return buf_text(&b);
}

struct str mime_part_text(struct arena *arena, const struct mime_part *part) {
    struct str bytes = mime_decode(arena, part->raw, part->coding, MIME_TEXT_MAX_BYTES);
    struct str text = with_lf(arena, mime_to_utf8(arena, bytes, part->charset));
    return part->is_flowed ? unflow(arena, text, part->deletes_space) : text;
}
