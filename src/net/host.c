/* libidn2 maps and encodes (UTS 46), libpsl knows the public suffixes. What is decided
 * here: whether ASCII labels are host names (RFC 1123, 2.1), because libidn2 lets those
 * through as they are; and the rules of names with letters that run from right to left
 * (RFC 5893), which hold for all labels of such a name and which libidn2 checks only in
 * the labels that have such letters. */
#include <idn2.h>
#include <libpsl.h>
#include <string.h>
#include <unicase.h>
#include <unictype.h>
#include <uninorm.h>
#include <unistr.h>

#include "net/host.h"

enum { NAME_MAX_BYTES = 1024 }; /* before mapping; no name of 253 bytes comes from more */

/* Labels of letters, digits and hyphens. */
static enum host_fault check_label(struct str label) {
    if (label.n == 0)
        return HOST_LABEL_EMPTY;
    for (size_t i = 0; i < label.n; i++)
        if (!ascii_is_alnum(label.p[i]) && label.p[i] != '-')
            return HOST_CHARACTER;
    if (label.p[0] == '-' || label.p[label.n - 1] == '-')
        return HOST_HYPHEN;
    return label.n > LABEL_MAX_BYTES ? HOST_LABEL_LENGTH : HOST_OK;
}

static enum host_fault check_labels(struct str host) {
    struct str label;
    for (struct str rest = host; str_cut(&rest, '.', &label);) {
        enum host_fault fault = check_label(label);
        if (fault != HOST_OK)
            return fault;
    }
    return host.n > HOST_MAX_BYTES ? HOST_LENGTH : HOST_OK;
}

/* --- from right to left: RFC 5893, section 2 --- */

#define BIT(class) (1u << (class))

/* What the rules ask about a label: its classes, and those of its ends. */
struct bidi_label {
    unsigned seen; /* a bit for each class */
    int first, last; /* last: of what is before the marks at the end */
};

static struct bidi_label bidi_label(const uint32_t *p, size_t n) {
    struct bidi_label label = { .first = uc_bidi_class(p[0]) };
    for (size_t i = 0; i < n; i++) {
        int class = uc_bidi_class(p[i]);
        label.seen |= BIT(class);
        if (class != UC_BIDI_NSM)
            label.last = class;
    }
    return label;
}

#define NUMBERS   (BIT(UC_BIDI_EN) | BIT(UC_BIDI_AN))
#define NEUTRALS  (BIT(UC_BIDI_EN) | BIT(UC_BIDI_ES) | BIT(UC_BIDI_CS) | BIT(UC_BIDI_ET) \
                   | BIT(UC_BIDI_ON) | BIT(UC_BIDI_BN) | BIT(UC_BIDI_NSM))
#define RIGHT     (BIT(UC_BIDI_R) | BIT(UC_BIDI_AL))

static bool bidi_label_is_valid(struct bidi_label label) {
    if (label.first == UC_BIDI_L) /* rules 1, 5 and 6 */
        return !(label.seen & ~(BIT(UC_BIDI_L) | NEUTRALS))
               && (BIT(label.last) & (BIT(UC_BIDI_L) | BIT(UC_BIDI_EN)));
    return (BIT(label.first) & RIGHT) /* rules 1 to 4 */
           && !(label.seen & ~(RIGHT | BIT(UC_BIDI_AN) | NEUTRALS))
           && (BIT(label.last) & (RIGHT | NUMBERS)) && (label.seen & NUMBERS) != NUMBERS;
}

/* All labels keep the rules, or none has a letter or number that runs from the right. */
static bool bidi_is_valid(const uint32_t *name) {
    bool is_bidi = false, is_valid = true;
    for (const uint32_t *at = name; *at;) {
        size_t n = 0;
        while (at[n] && at[n] != '.')
            n++;
        struct bidi_label label = bidi_label(at, n);
        is_bidi = is_bidi || (label.seen & (RIGHT | BIT(UC_BIDI_AN)));
        is_valid = is_valid && bidi_label_is_valid(label);
        at += n + (at[n] == '.');
    }
    return is_valid || !is_bidi;
}

static bool right_to_left_is_valid(const char *ascii) {
    uint32_t *name = NULL;
    if (idn2_to_unicode_8z4z(ascii, &name, 0) != IDN2_OK)
        return false;
    bool is_valid = bidi_is_valid(name);
    idn2_free(name);
    return is_valid;
}

/* --- symbols --- */

/* What the mapping of UTS 46 leaves as it is: neither capital nor compatibility form nor
 * decomposed. Those are never in a name that is encoded already. */
static bool is_settled(const uint32_t *name) {
    size_t n = u32_strlen(name), m = 0;
    uint32_t *folded = u32_casefold(name, n, NULL, UNINORM_NFKC, NULL, &m);
    bool same = folded && m == n && u32_cmp(folded, name, n) == 0;
    (free) (folded); /* libunistring's, so not the arena's */
    return same;
}

static bool has_only_signs(const uint32_t *name) {
    uc_general_category_t allowed
        = uc_general_category_or(UC_CATEGORY_L, uc_general_category_or(UC_CATEGORY_M, UC_CATEGORY_N));
    allowed = uc_general_category_or(allowed, uc_general_category_or(UC_CATEGORY_S, UC_CATEGORY_P));
    for (; *name; name++)
        if (!uc_is_general_category(*name, allowed))
            return false;
    return true;
}

/* Names of symbols, emoji above all, are registered under some top-level domains in spite
 * of IDNA 2008, and UTS 46 has them; already encoded they are taken. */
static bool symbols_are_valid(const char *ascii) {
    uint32_t *name = NULL;
    if (idn2_to_unicode_8z4z(ascii, &name, 0) != IDN2_OK)
        return false;
    bool is_valid = has_only_signs(name) && is_settled(name) && bidi_is_valid(name);
    idn2_free(name);
    return is_valid;
}

/* --- the whole name --- */

static bool all_ascii(struct str s) {
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char) s.p[i] >= 0x80)
            return false;
    return true;
}

/* `s` itself when nothing is to be changed. */
static struct str lower_case(struct arena *arena, struct str s) {
    size_t i = 0;
    while (i < s.n && !ascii_is_upper(s.p[i]))
        i++;
    if (i == s.n)
        return s;
    char *p = arena_alloc(arena, s.n);
    for (i = 0; i < s.n; i++)
        p[i] = ascii_lower(s.p[i]);
    return (struct str){ p, s.n };
}

/* ASCII labels, as they are but for case. */
static enum host_fault plain(struct arena *arena, struct str text, struct str *ret_host) {
    enum host_fault fault = check_labels(text);
    if (fault == HOST_OK)
        *ret_host = lower_case(arena, text);
    return fault;
}

static enum host_fault international(struct arena *arena, struct str text, bool is_ascii,
                                     struct str *ret_host) {
    if (text.n > NAME_MAX_BYTES)
        return HOST_LENGTH;
    uint8_t *name = NULL;
    const char *written = arena_cstr(arena, text);
    int rc = idn2_lookup_u8((const uint8_t *) written, &name,
                            IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
    if (rc == IDN2_DISALLOWED && is_ascii && symbols_are_valid(written))
        return plain(arena, text, ret_host);
    if (rc != IDN2_OK)
        return rc == IDN2_TOO_BIG_LABEL    ? HOST_LABEL_LENGTH
               : rc == IDN2_TOO_BIG_DOMAIN ? HOST_LENGTH
                                           : HOST_IDN;
    struct str host = arena_str(arena, str_of((const char *) name));
    idn2_free(name);
    enum host_fault fault = check_labels(host);
    if (fault == HOST_OK && host_is_international(host) && !right_to_left_is_valid(host.p))
        fault = HOST_IDN;
    if (fault == HOST_OK)
        *ret_host = host;
    return fault;
}

bool host_is_international(struct str host) {
    struct str label;
    while (str_cut(&host, '.', &label))
        if (str_starts_nocase(label, STR("xn--")))
            return true;
    return false;
}

enum host_fault host_to_ascii(struct arena *arena, struct str text, struct str *ret_host) {
    if (text.n == 0)
        return HOST_EMPTY;
    if (memchr(text.p, '\0', text.n)) /* would end the name early for the library */
        return HOST_CHARACTER;
    bool is_ascii = all_ascii(text);
    return is_ascii && !host_is_international(text) ? plain(arena, text, ret_host)
                                                    : international(arena, text, is_ascii, ret_host);
}

/* --- public suffixes --- */

/* The library wants a NUL behind the name. */
static const char *terminated(struct str host, char ret_name[HOST_MAX_BYTES + 1]) {
    if (host.n == 0 || host.n > HOST_MAX_BYTES)
        return NULL;
    memcpy(ret_name, host.p, host.n);
    ret_name[host.n] = '\0';
    return ret_name;
}

struct str host_registrable(struct str host) {
    char name[HOST_MAX_BYTES + 1];
    if (!terminated(host, name))
        return STR_NONE;
    const char *found = psl_registrable_domain(psl_builtin(), name);
    return found ? str_sub(host, (size_t) (found - name), host.n) : STR_NONE;
}

bool host_is_public_suffix(struct str host) {
    char name[HOST_MAX_BYTES + 1];
    return terminated(host, name) && psl_is_public_suffix(psl_builtin(), name);
}
