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

static size_t domain_end(struct str text, size_t at) {
    size_t to = at + 1;
    while (to < text.n && is_domain_char(text.p[to]) && to - at < ADDRESS_MAX_BYTES)
        to++;
    return to;
}

/* Around the sign at `at`. */
static bool address_at(struct arena *arena, struct str text, size_t at, bool (*is_local)(char),
                       struct email *ret_email) {
    size_t from = at, to = domain_end(text, at);
    while (from > 0 && is_local(text.p[from - 1]) && at - from < ADDRESS_MAX_BYTES)
        from--;
    while (to > at + 1 && (text.p[to - 1] == '-' || text.p[to - 1] == '.'))
        to--;
    return from < at && email_parse(arena, str_sub(text, from, to), ret_email) == OK;
}

bool address_in(struct arena *arena, struct str run, struct email *ret_email) {
    size_t at = str_find(run, '@');
    return at < run.n && address_at(arena, run, at, is_usual, ret_email);
}

void addresses_add(struct arena *arena, struct str text, size_t max, struct strs *addresses) {
    static bool (*const ways[])(char) = { is_usual, is_allowed };
    struct email email;
    for (size_t at; (at = str_find(text, '@')) < text.n; text = str_sub(text, domain_end(text, at), text.n))
        for (size_t i = 0; i < LENGTH(ways); i++)
            if (addresses->n < max && address_at(arena, text, at, ways[i], &email)
                && !strs_have(*addresses, email.address))
                strs_add(arena, addresses, email.address);
}
