/* Domains and email addresses; net/host.h knows what a host name is and where the part
 * that somebody registered begins. */
#include "base/check.h"
#include "data/text.h"
#include "data/urls.h"
#include "net/host.h"

#define LOCAL_MAX_BYTES ((size_t) 64)
#define EMAIL_MAX_BYTES ((size_t) 254)

/* In ASCII and lower case, or absent. Two labels or more, the last one not a number: that
 * would be an IPv4 address. */
static struct str host_of(struct arena *arena, struct str written) {
    struct str host;
    while (written.n && written.p[written.n - 1] == '.')
        written.n--;
    if (host_to_ascii(arena, written, &host) != HOST_OK)
        return STR_NONE;
    size_t dot = str_find_last(host, '.');
    for (size_t i = dot + 1; i < host.n; i++)
        if (!ascii_is_digit(host.p[i]))
            return host;
    return STR_NONE;
}

/* The registrable domain is absent for a public suffix. */
static bool domain_of_host(struct arena *arena, struct str written, struct domain *ret_domain) {
    struct str host = host_of(arena, written);
    if (!host.n)
        return false;
    *ret_domain = (struct domain){ host, host_registrable(host) };
    return true;
}

enum rc domain_parse(struct arena *arena, struct str text, struct domain *ret_domain) {
    struct url url;
    struct str clean = text_clean(arena, text);
    if (str_starts_nocase(clean, STR("mailto:")))
        clean = str_sub(clean, 7, clean.n);
    struct domain domain;
    if (url_split(clean, &url) != OK || !domain_of_host(arena, url.host, &domain)
        || !str_is_set(domain.registrable))
        return E_INVALID;
    bool has_www = str_starts(domain.host, STR("www."));
    if (has_www && domain.host.n > domain.registrable.n)
        domain.host = str_sub(domain.host, 4, domain.host.n);
    *ret_domain = domain;
    return OK;
}

static bool is_free_mail(struct str name) {
    static const struct str providers[] = {
#define FREE_MAIL(domain) STR(domain),
#include "data/free_mail.def"
#undef FREE_MAIL
    };
    size_t low = 0, high = LENGTH(providers);
    while (low < high) {
        size_t middle = (low + high) / 2;
        int order = str_compare(name, providers[middle]);
        if (order == 0)
            return true;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return false;
}

bool domain_is_free_mail(const struct domain *domain) {
    return is_free_mail(domain->registrable) || is_free_mail(domain->host);
}

struct str domain_reversed(struct arena *arena, struct str host) {
    char *p = arena_alloc(arena, host.n + 1);
    size_t end = host.n, n = 0;
    for (size_t i = host.n; i-- > 0;)
        if (i == 0 || host.p[i - 1] == '.') {
            memcpy(p + n, host.p + i, end - i);
            n += end - i;
            p[n++] = '.';
            end = i > 0 ? i - 1 : 0;
        }
    return (struct str){ p, n };
}

/* RFC 5322, 3.2.3 (dot-atom), and letters beyond ASCII (RFC 6532). */
static bool local_is_valid(struct str local) {
    if (local.n == 0 || local.n > LOCAL_MAX_BYTES)
        return false;
    for (size_t i = 0; i < local.n; i++) {
        char c = local.p[i];
        bool is_atom = ascii_is_alnum(c) || (unsigned char) c >= 0x80
                       || strchr("!#$%&'*+-/=?^_`{|}~", c) != NULL;
        bool is_dot = c == '.' && i > 0 && i + 1 < local.n && local.p[i - 1] != '.';
        if (!is_atom && !is_dot)
            return false;
    }
    return true;
}

/* What is inside the last angle brackets, or behind "mailto:" up to its parameters. */
static struct str bare_address(struct str text) {
    size_t open = str_find_last(text, '<');
    if (open < text.n && text.p[text.n - 1] == '>')
        text = str_trim(str_sub(text, open + 1, text.n - 1));
    if (!str_starts_nocase(text, STR("mailto:")))
        return text;
    text = str_sub(text, 7, text.n);
    return str_sub(text, 0, str_find(text, '?'));
}

static struct str ascii_lower_case(struct arena *arena, struct str s) {
    char *p = arena_alloc(arena, s.n + 1);
    for (size_t i = 0; i < s.n; i++)
        p[i] = ascii_lower(s.p[i]);
    return (struct str){ p, s.n };
}

enum rc email_parse(struct arena *arena, struct str text, struct email *ret_email) {
    struct str bare = bare_address(text_clean(arena, text));
    size_t at = str_find_last(bare, '@');
    struct email email;
    if (at == bare.n || !local_is_valid(str_sub(bare, 0, at))
        || !domain_of_host(arena, str_sub(bare, at + 1, bare.n), &email.domain))
        return E_INVALID;
    if (!str_is_set(email.domain.registrable))
        email.domain.registrable = email.domain.host;
    email.local = ascii_lower_case(arena, str_sub(bare, 0, at));
    email.address = arena_printf(arena, "%.*s@%.*s", STR_FMT(email.local),
                                 STR_FMT(email.domain.host));
    if (email.address.n > EMAIL_MAX_BYTES)
        return E_INVALID;
    *ret_email = email;
    return OK;
}

struct str email_company_domain(struct arena *arena, struct str address) {
    struct email email;
    if (!str_is_set(address) || email_parse(arena, address, &email) != OK || domain_is_free_mail(&email.domain))
        return STR_NONE;
    return email.domain.registrable;
}
