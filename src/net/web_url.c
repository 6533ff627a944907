#include "net/web_url.h"

#include "base/check.h"
#include "net/http_library.h"

enum { READS_MAX = 4 };

static void free_url(void *url) {
    curl_url_cleanup(url);
}

/* Absent when there is none. */
static struct str part(struct arena *arena, CURLU *url, CURLUPart what, unsigned flags) {
    char *text = NULL;
    if (curl_url_get(url, what, &text, flags) != CURLUE_OK)
        return STR_NONE;
    struct str copy = arena_printf(arena, "%s", text);
    curl_free(text);
    return copy;
}

static bool is_visible(struct str text) {
    for (size_t i = 0; i < text.n; i++)
        if ((unsigned char) text.p[i] <= ' ' || text.p[i] == 0x7f)
            return false;
    return true;
}

/* The digits of an address in brackets, with its zone cut off. */
static struct str unbracketed(struct str host) {
    if (host.n < 2 || host.p[0] != '[')
        return host;
    struct str inner = str_sub(host, 1, host.n - 1);
    return str_sub(inner, 0, str_find(inner, '%'));
}

static bool is_address(struct str host) {
    static const struct address_rules all = { .allow_private = true };
    return address_text_is_allowed(&all, unbracketed(host));
}

/* No top-level domain begins with a digit: what does and is no address would become one in some
 * parser ("0xc0.0250.01."). */
static bool may_be_number(struct str host) {
    struct str name = str_ends(host, STR(".")) ? str_sub(host, 0, host.n - 1) : host;
    struct str last = str_sub(name, str_find_last(name, '.') == name.n ? 0 : str_find_last(name, '.') + 1, name.n);
    return host.p[0] != '[' && !is_address(host) && last.n && ascii_is_digit(last.p[0]);
}

static const char *fault(struct arena *arena, CURLU *url, struct str text, const struct address_rules *rules) {
    if (!is_visible(text) || curl_url_set(url, CURLUPART_URL, arena_cstr(arena, text), 0) != CURLUE_OK)
        return "is no web address";
    struct str scheme = part(arena, url, CURLUPART_SCHEME, 0), host = part(arena, url, CURLUPART_HOST, 0);
    if (!str_eq(scheme, STR("https")) && !str_eq(scheme, STR("http")))
        return "begins with https:// or http://";
    if (str_is_set(part(arena, url, CURLUPART_USER, 0)) || str_is_set(part(arena, url, CURLUPART_PASSWORD, 0)))
        return "has no user and password: use a header";
    if (str_is_empty(host))
        return "has no host";
    if (may_be_number(host))
        return "has a host that is neither a name nor an address";
    if (is_address(host) && !address_text_is_allowed(rules, unbracketed(host)))
        return "leads to an address that is not public";
    if (!rules->allow_private && (str_eq_nocase(host, STR("localhost")) || str_ends_nocase(host, STR(".localhost"))))
        return "leads to this machine";
    (void) curl_url_set(url, CURLUPART_FRAGMENT, NULL, 0); /* cannot fail */
    return NULL;
}

static enum rc read_once(struct arena *arena, struct str text, const struct address_rules *rules,
                         struct str *ret_url, struct str *ret_reason) {
    CURLU *url = curl_url();
    ASSERT(url != NULL); /* memory */
    arena_defer(arena, free_url, url);
    const char *why = fault(arena, url, text, rules);
    struct str whole = why ? STR_NONE : part(arena, url, CURLUPART_URL, 0);
    if (!why && !str_is_set(whole))
        why = "is no web address";
    if (why) {
        *ret_reason = str_of(why);
        return E_INVALID;
    }
    *ret_url = whole;
    return OK;
}

/* What a percent-encoded host stands for is only seen as an address when it is read again. */
enum rc web_url_read(struct arena *arena, struct str text, const struct address_rules *rules,
                     struct str *ret_url, struct str *ret_reason) {
    struct str before = text, url = STR_NONE;
    http_library_start();
    for (int i = 0; i < READS_MAX; i++) {
        enum rc rc = read_once(arena, before, rules, &url, ret_reason);
        if (rc != OK)
            return rc;
        if (str_eq(before, url)) {
            *ret_url = url;
            return OK;
        }
        before = url;
    }
    *ret_reason = STR("is no web address");
    return E_INVALID;
}

void web_url_split(struct arena *arena, struct str url, struct str *ret_host, struct str *ret_path) {
    struct str rest = str_sub(url, str_find_str(url, STR("://")) + 3, url.n);
    size_t slash = str_find(rest, '/'), mark = str_find(rest, '?');
    size_t n = slash < mark ? slash : mark;
    *ret_host = str_sub(rest, 0, n);
    *ret_path = n == slash && n < rest.n ? str_sub(rest, n, rest.n)
                                         : arena_printf(arena, "/%.*s", STR_FMT(str_sub(rest, n, rest.n)));
}
