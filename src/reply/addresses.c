#include "reply/addresses.h"

#include <string.h>

#include "base/check.h"
#include "base/vec.h"
#include "data/text.h"

/* What an address is read of: longer ones are none (RFC 5321, 4.5.3.1.3). */
enum { ADDRESS_MAX_BYTES = 254 };

/* What nearly all local parts are made of; in a text other characters are rather around them. */
static bool is_usual(char c) {
    return ascii_is_alnum(c) || (c && strchr(".+-_", c));
}

/* All that may be in one without quotes (RFC 5322, 3.2.3; RFC 6532, 3.2). */
static bool is_allowed(char c) {
    return is_usual(c) || (unsigned char) c >= 0x80 || (c && strchr("!#$%&'*/=?^`{|}~", c));
}

static bool is_domain_char(char c) {
    return ascii_is_alnum(c) || c == '-' || c == '.' || (unsigned char) c >= 0x80;
}

static bool is_ascii_domain_char(char c) {
    return is_domain_char(c) && (unsigned char) c < 0x80;
}

/* What one may be made of. Behind a domain stand quotes, dashes and spaces that are not ASCII. */
struct shape {
    bool (*is_local)(char);
    bool (*is_domain)(char);
};
static const struct shape shapes[] = { { is_usual, is_domain_char },
                                       { is_usual, is_ascii_domain_char },
                                       { is_allowed, is_domain_char },
                                       { is_allowed, is_ascii_domain_char } };

static size_t domain_end(struct str text, size_t at, bool (*is_domain)(char)) {
    size_t to = at + 1;
    while (to < text.n && is_domain(text.p[to]) && to - at < ADDRESS_MAX_BYTES)
        to++;
    return to;
}

/* Around the sign at `at`. */
static bool address_at(struct arena *arena, struct str text, size_t at, const struct shape *shape,
                       struct email *ret_email) {
    size_t from = at, to = domain_end(text, at, shape->is_domain);
    while (from > 0 && shape->is_local(text.p[from - 1]) && at - from < ADDRESS_MAX_BYTES)
        from--;
    while (to > at + 1 && (text.p[to - 1] == '-' || text.p[to - 1] == '.'))
        to--;
    return from < at && email_parse(arena, str_sub(text, from, to), ret_email) == OK;
}

bool address_in(struct arena *arena, struct str run, struct email *ret_email) {
    size_t at = str_find(run, '@');
    return at < run.n
           && (address_at(arena, run, at, &shapes[0], ret_email) || address_at(arena, run, at, &shapes[1], ret_email));
}

/* The next one may follow what ends this one's domain. */
void addresses_add(struct arena *arena, struct str text, size_t max, struct strs *addresses) {
    struct email email;
    for (size_t at, to; (at = str_find(text, '@')) < text.n; text = str_sub(text, to, text.n)) {
        to = domain_end(text, at, is_ascii_domain_char);
        for (size_t i = 0; i < LENGTH(shapes); i++)
            if (addresses->n < max && address_at(arena, text, at, &shapes[i], &email)
                && !strs_have(*addresses, email.address))
                strs_add(arena, addresses, email.address);
    }
}
