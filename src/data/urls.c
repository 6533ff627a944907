/* LinkedIn's forms: the host is linkedin.com or anything below it; the path is
 * [prefix/]kind/name[/whatever]. Only the kind and the name count.
 *
 * Names are compared in lower case, but for the opaque ids that begin with ACoA or ACwA
 * (exports of Sales Navigator have /in/ACwAAA…): those are base64 and their case matters. */
#include "data/urls.h"

#include <unicase.h>
#include <unistr.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/utf8.h"
#include "data/text.h"

/* Longer than any name that LinkedIn gives out (100 characters). */
#define SLUG_MAX_BYTES ((size_t) 400)
#define OPAQUE_ID_MIN 20

static bool has_blank(struct str s) {
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char) s.p[i] <= ' ')
            return true;
    return false;
}

static struct str without_brackets(struct str text) {
    struct str s = str_trim(text);
    bool paired = s.n >= 2
                  && ((s.p[0] == '<' && s.p[s.n - 1] == '>')
                      || (s.p[0] == '"' && s.p[s.n - 1] == '"'));
    return paired ? str_trim(str_sub(s, 1, s.n - 1)) : s;
}

/* "https" of "https://…", moving *rest behind the slashes; absent for "//host" too. */
static struct str cut_scheme(struct str *rest) {
    size_t n = 0;
    while (n < rest->n && (ascii_is_alnum(rest->p[n]) || strchr("+-.", rest->p[n])))
        n++;
    struct str after = str_sub(*rest, n, rest->n);
    struct str scheme = STR_NONE;
    if (n && str_starts(after, STR("://")))
        scheme = str_sub(*rest, 0, n);
    else if (!str_starts(*rest, STR("//")))
        return STR_NONE;
    *rest = str_sub(*rest, scheme.n ? n + 3 : 2, rest->n);
    return scheme;
}

static bool cut_port(struct str *host) {
    size_t colon = str_find_last(*host, ':');
    if (colon == host->n || (host->n && host->p[0] == '['))
        return true;
    for (size_t i = colon + 1; i < host->n; i++)
        if (!ascii_is_digit(host->p[i]))
            return false;
    *host = str_sub(*host, 0, colon);
    return true;
}

enum rc url_split(struct str text, struct url *ret_url) {
    struct str rest = without_brackets(text);
    if (has_blank(rest))
        return E_INVALID;
    struct url url = { .scheme = cut_scheme(&rest) };
    size_t end = 0;
    while (end < rest.n && !strchr("/\\?#", rest.p[end]))
        end++;
    url.host = str_sub(rest, 0, end);
    size_t at = str_find_last(url.host, '@');
    if (at < url.host.n)
        url.host = str_sub(url.host, at + 1, url.host.n);
    if (!cut_port(&url.host))
        return E_INVALID;
    size_t path_end = end;
    while (path_end < rest.n && rest.p[path_end] != '?' && rest.p[path_end] != '#')
        path_end++;
    url.path = str_sub(rest, end, path_end);
    *ret_url = url;
    return OK;
}

/* Percent-decoded; a percent sign that begins no pair stays as it is. */
static struct str percent_decoded(struct arena *arena, struct str s) {
    struct buf out = buf_in(arena, s.n + 1);
    for (size_t i = 0; i < s.n; i++) {
        int high = s.p[i] == '%' && i + 2 < s.n ? ascii_hex_value(s.p[i + 1]) : -1;
        int low = high >= 0 ? ascii_hex_value(s.p[i + 2]) : -1;
        buf_char(&out, low >= 0 ? (char) (high * 16 + low) : s.p[i]);
        i += low >= 0 ? 2 : 0;
    }
    return buf_text(&out);
}

static struct str lower_case(struct arena *arena, struct str s) {
    struct buf out = buf_in(arena, s.n * 4 + 1);
    while (s.n) {
        uint8_t bytes[6];
        int n = u8_uctomb(bytes, uc_tolower(text_next(&s)), sizeof bytes);
        buf_bytes(&out, bytes, n > 0 ? (size_t) n : 0);
    }
    return buf_text(&out);
}

/* Next segment of a path that is not empty; false at the end. */
static bool cut_segment(struct str *path, struct str *ret_segment) {
    while (str_cut(path, '/', ret_segment))
        if (ret_segment->n)
            return true;
    return false;
}

static bool is_opaque_id(struct str slug) {
    for (size_t i = 0; i < slug.n; i++)
        if (!ascii_is_alnum(slug.p[i]) && slug.p[i] != '-' && slug.p[i] != '_')
            return false;
    return slug.n >= OPAQUE_ID_MIN
           && (str_starts(slug, STR("ACoA")) || str_starts(slug, STR("ACwA")));
}

static bool is_reserved(struct str slug) {
    static const struct str reserved[] = { STR("me"), STR("unavailable"), STR("edit"),
                                           STR("dir"), STR("login") };
    for (size_t i = 0; i < LENGTH(reserved); i++)
        if (str_eq(slug, reserved[i]))
            return true;
    return false;
}

/* The name in its one form, or absent when it is none. */
static struct str slug_of(struct arena *arena, struct str segment) {
    struct str slug = percent_decoded(arena, segment);
    if (slug.n > SLUG_MAX_BYTES || !utf8_is_valid(slug))
        return STR_NONE;
    slug = text_clean(arena, slug);
    if (is_opaque_id(slug))
        return slug;
    slug = text_clean(arena, lower_case(arena, slug)); /* lower case may undo NFC */
    if (slug.n > SLUG_MAX_BYTES) /* else the one form would not be taken again */
        return STR_NONE;
    bool has_letter = false;
    for (size_t i = 0; i < slug.n; i++) {
        char c = slug.p[i];
        if (strchr(" /\\?#%\"<>|{}^`", c))
            return STR_NONE;
        has_letter |= ascii_is_alnum(c) || (unsigned char) c >= 0x80;
    }
    return has_letter && !is_reserved(slug) ? slug : STR_NONE;
}

/* The public profiles of before 2015, /pub/john-doe/1a/2b3/c4d, are now found under
 * /in/john-doe-c4d2b31a: the numbers backwards, the later two with three digits each. */
static struct str pub_slug(struct arena *arena, struct str name, struct str path) {
    struct str parts[3];
    size_t n = 0;
    for (struct str part; n < 3 && cut_segment(&path, &part) && part.n <= 3; n++) {
        for (size_t i = 0; i < part.n; i++)
            if (ascii_hex_value(part.p[i]) < 0)
                return name;
        parts[n] = part;
    }
    if (n < 3)
        return name;
    bool is_zero = str_eq(parts[0], STR("0"));
    struct str slug = arena_printf(arena, "%.*s-%.*s%.*s%.*s%.*s%.*s", STR_FMT(name),
                                   (int) (3 - parts[2].n), "000", STR_FMT(parts[2]),
                                   (int) (3 - parts[1].n), "000", STR_FMT(parts[1]),
                                   STR_FMT(is_zero ? STR_NONE : parts[0]));
    return lower_case(arena, slug);
}

static bool is_linkedin_host(struct str host) {
    while (host.n && host.p[host.n - 1] == '.')
        host.n--;
    return str_eq_nocase(host, STR("linkedin.com")) || str_ends_nocase(host, STR(".linkedin.com"));
}

struct page_form {
    struct str word;
    enum linkedin_kind kind;
    const char *path; /* in the canonical URL */
};

static const struct page_form *page_form_of(struct str word) {
    static const struct page_form forms[] = {
        { STR("in"), LINKEDIN_PERSON, "in" },
        { STR("pub"), LINKEDIN_PERSON, "in" },
        { STR("company"), LINKEDIN_COMPANY, "company" },
        { STR("companies"), LINKEDIN_COMPANY, "company" },
        { STR("school"), LINKEDIN_COMPANY, "school" },
        { STR("showcase"), LINKEDIN_COMPANY, "showcase" },
    };
    for (size_t i = 0; i < LENGTH(forms); i++)
        if (str_eq_nocase(word, forms[i].word))
            return &forms[i];
    return NULL;
}

/* Mobile pages, links in LinkedIn's mails, and pages for visitors who are not logged in. */
static bool is_prefix(struct str segment) {
    static const struct str prefixes[] = { STR("mwlite"), STR("m"), STR("comm"),
                                           STR("organization-guest") };
    for (size_t i = 0; i < LENGTH(prefixes); i++)
        if (str_eq_nocase(segment, prefixes[i]))
            return true;
    return false;
}

enum rc linkedin_parse(struct arena *arena, struct str text, struct linkedin *ret_page) {
    struct url url;
    struct str segment;
    if (url_split(text, &url) != OK || !is_linkedin_host(url.host)
        || !cut_segment(&url.path, &segment))
        return E_INVALID;
    if (is_prefix(segment) && !cut_segment(&url.path, &segment))
        return E_INVALID;
    const struct page_form *form = page_form_of(segment);
    if (!form || !cut_segment(&url.path, &segment))
        return E_INVALID;
    struct str slug = slug_of(arena, segment);
    if (slug.n && str_eq_nocase(form->word, STR("pub")))
        slug = pub_slug(arena, slug, url.path);
    if (!slug.n)
        return E_INVALID;
    struct buf canonical = buf_in(arena, SLUG_MAX_BYTES * 16);
    buf_printf(&canonical, "https://www.linkedin.com/%s/", form->path);
    buf_url(&canonical, slug);
    *ret_page = (struct linkedin){
        .kind = form->kind,
        .url = buf_text(&canonical),
        .key = arena_printf(arena, "%s/%.*s", form->kind == LINKEDIN_PERSON ? "in" : "company",
                            STR_FMT(slug)),
    };
    return OK;
}
