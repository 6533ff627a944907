/* A token is the bytes of both ids and 16 of a keyed hash over kind, ids and URL, in the
 * base64 of URLs (RFC 4648, section 5): 48 bytes, 64 characters. */
#include "sequence/links.h"

#include <sodium.h>

#include "base/check.h"

enum { UUID_BYTES = 16, MARK_BYTES = 16, TOKEN_RAW_BYTES = 2 * UUID_BYTES + MARK_BYTES,
       UUID_CHARACTERS = 36 };

static const struct {
    const char *purpose, *path;
} kinds[] = {
    [LINK_UNSUBSCRIBE] = { "link:unsubscribe", "/unsubscribe/" },
    [LINK_OPEN] = { "link:open", "/t/o/" },
    [LINK_CLICK] = { "link:click", "/t/c/" },
    [LINK_CONSENT] = { "link:consent", NULL },
};

/* False when it is no UUID. */
static bool uuid_bytes(struct str text, unsigned char *ret_bytes) {
    size_t n = 0;
    if (text.n != UUID_CHARACTERS)
        return false;
    for (size_t i = 0; i < text.n; i++) {
        int value = ascii_hex_value(text.p[i]);
        if (text.p[i] == '-')
            continue;
        if (value < 0 || n >= 2 * UUID_BYTES)
            return false;
        ret_bytes[n / 2] = (unsigned char) (n % 2 ? ret_bytes[n / 2] | value : value << 4);
        n++;
    }
    return n == 2 * UUID_BYTES;
}

static struct str uuid_text(struct arena *arena, const unsigned char *bytes) {
    static const char digits[] = "0123456789abcdef";
    struct buf b = buf_in(arena, UUID_CHARACTERS);
    for (size_t i = 0; i < UUID_BYTES; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            buf_char(&b, '-');
        buf_char(&b, digits[bytes[i] >> 4]);
        buf_char(&b, digits[bytes[i] & 15]);
    }
    return buf_text(&b);
}

/* Writes the mark behind the ids. */
static void mark(const struct secrets *secrets, struct arena *arena, enum link_kind kind,
                 struct str url, unsigned char *raw) {
    struct buf b = buf_in(arena, 2 * UUID_BYTES + url.n);
    buf_bytes(&b, raw, 2 * UUID_BYTES);
    buf_str(&b, url);
    struct str hash = secrets_hash(secrets, arena, kinds[kind].purpose, buf_text(&b));
    ASSERT(hash.n >= MARK_BYTES);
    memcpy(raw + 2 * UUID_BYTES, hash.p, MARK_BYTES);
}

struct str link_token(const struct secrets *secrets, struct arena *arena, enum link_kind kind,
                      const struct link_to *to) {
    unsigned char raw[TOKEN_RAW_BYTES] = { 0 };
    char token[LINK_TOKEN_BYTES + 1];
    bool is_valid = uuid_bytes(to->account_id, raw) && uuid_bytes(to->id, raw + UUID_BYTES);
    ASSERT(is_valid); /* both are ours */
    mark(secrets, arena, kind, to->url, raw);
    (void) sodium_bin2base64(token, sizeof token, raw, sizeof raw,
                             sodium_base64_VARIANT_URLSAFE_NO_PADDING); /* returns token */
    return arena_str(arena, str_of(token));
}

struct str link_write(const struct secrets *secrets, struct arena *arena, struct str public_url,
                      enum link_kind kind, const struct link_to *to) {
    ASSERT(kinds[kind].path);
    struct str token = link_token(secrets, arena, kind, to);
    struct buf b = buf_in(arena, public_url.n + 3 * to->url.n + 200);
    buf_str(&b, public_url);
    buf_printf(&b, "%s%.*s", kinds[kind].path, STR_FMT(token));
    if (kind == LINK_CLICK) {
        buf_str(&b, STR("?to="));
        buf_url(&b, to->url);
    }
    return buf_text(&b);
}

enum rc link_read(const struct secrets *secrets, struct arena *arena, enum link_kind kind,
                  struct str token, struct link_to *to) {
    unsigned char raw[TOKEN_RAW_BYTES], expected[TOKEN_RAW_BYTES];
    size_t n = 0;
    if (token.n != LINK_TOKEN_BYTES || to->url.n > LINK_URL_MAX_BYTES
        || sodium_base642bin(raw, sizeof raw, token.p, token.n, NULL, &n, NULL,
                             sodium_base64_VARIANT_URLSAFE_NO_PADDING) != 0
        || n != sizeof raw)
        return E_INVALID;
    memcpy(expected, raw, sizeof expected);
    mark(secrets, arena, kind, to->url, expected);
    if (sodium_memcmp(raw, expected, sizeof raw) != 0)
        return E_INVALID;
    to->account_id = uuid_text(arena, raw);
    to->id = uuid_text(arena, raw + UUID_BYTES);
    return OK;
}

/* --- links within HTML --- */

/* The value of href in a tag, without quotes: a slice of `tag`; absent without one. `tag` is
 * what stands between < and >. */
static struct str href_of(struct str tag) {
    size_t at = 1;
    while (at < tag.n) {
        while (at < tag.n && (ascii_is_space(tag.p[at]) || tag.p[at] == '/'))
            at++;
        size_t from = at;
        while (at < tag.n && !ascii_is_space(tag.p[at]) && tag.p[at] != '=')
            at++;
        struct str name = str_sub(tag, from, at);
        while (at < tag.n && ascii_is_space(tag.p[at]))
            at++;
        if (at >= tag.n || tag.p[at] != '=') {
            if (at == from)
                at++;
            continue;
        }
        at++;
        while (at < tag.n && ascii_is_space(tag.p[at]))
            at++;
        char quote = at < tag.n && (tag.p[at] == '"' || tag.p[at] == '\'') ? tag.p[at] : '\0';
        size_t begins = at + (quote != '\0');
        size_t ends = begins;
        while (ends < tag.n && (quote ? tag.p[ends] != quote : !ascii_is_space(tag.p[ends])))
            ends++;
        if (quote && ends >= tag.n)
            return STR_NONE;
        if (str_eq_nocase(name, STR("href")))
            return str_sub(tag, begins, ends);
        at = ends + (quote != '\0');
    }
    return STR_NONE;
}

/* Where a tag that begins at `from` (its <) ends: the index of its >, outside of quotes; html.n
 * without an end. */
static size_t tag_end(struct str html, size_t from) {
    char quote = '\0';
    for (size_t i = from + 1; i < html.n; i++) {
        char c = html.p[i];
        if (quote)
            quote = c == quote ? '\0' : quote;
        else if (c == '"' || c == '\'')
            quote = c;
        else if (c == '>')
            return i;
    }
    return html.n;
}

/* &amp; is the one reference that URLs in HTML are written with. */
static struct str unescape(struct arena *arena, struct str value) {
    struct buf b = buf_in(arena, value.n);
    struct str amp = STR("&amp;");
    for (size_t i = 0; i < value.n; i++) {
        buf_char(&b, value.p[i]);
        if (str_starts(str_sub(value, i, value.n), amp))
            i += amp.n - 1;
    }
    return buf_text(&b);
}

static bool is_web(struct str url) {
    return (str_starts_nocase(url, STR("http://")) || str_starts_nocase(url, STR("https://")))
           && url.n <= LINK_URL_MAX_BYTES;
}

static void track_tag(const struct link_style *style, struct str tag, struct buf *out) {
    struct str href = href_of(tag);
    struct str url = str_is_set(href) ? unescape(style->arena, str_trim(href)) : STR_NONE;
    struct str own = arena_printf(style->arena, "%.*s/", STR_FMT(style->public_url));
    if (!is_web(url) || str_starts(url, own)) {
        buf_str(out, tag);
        return;
    }
    struct link_to to = { style->account_id, style->message_id, url };
    size_t at = (size_t) (href.p - tag.p);
    buf_str(out, str_sub(tag, 0, at));
    buf_html(out, link_write(style->secrets, style->arena, style->public_url, LINK_CLICK, &to));
    buf_str(out, str_sub(tag, at + href.n, tag.n));
}

static bool is_link(struct str html, size_t at) {
    return at + 2 < html.n && ascii_lower(html.p[at + 1]) == 'a' && ascii_is_space(html.p[at + 2]);
}

void links_track(const struct link_style *style, struct str html, struct buf *out) {
    size_t at = 0;
    while (at < html.n) {
        struct str rest = str_sub(html, at, html.n);
        size_t open = at + str_find(rest, '<');
        buf_str(out, str_sub(html, at, open));
        if (open >= html.n)
            return;
        size_t end = is_link(html, open) ? tag_end(html, open) : open;
        if (end > open && end < html.n) {
            buf_char(out, '<');
            track_tag(style, str_sub(html, open + 1, end), out);
            at = end;
        } else {
            buf_char(out, '<');
            at = open + 1;
        }
    }
}
