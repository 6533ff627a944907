/* Two readers of the same grammar. The first knows plain addresses alone (dot-atom, ASCII
 * host name in lower case), in one pass over the bytes, because nearly every address is
 * one. What it does not know goes to the second, which reads all of RFC 5322's addr-spec
 * with its obsolete forms, so that every refusal has its reason.
 *
 * The second reader takes comments and folding as it meets them and remembers that they
 * were there: a text that is malformed besides is called malformed. */
#include <arpa/inet.h>
#include <string.h>
#include <unictype.h>
#include <unistr.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/utf8.h"
#include "net/host.h"
#include "verify/address.h"

/* RFC 5322, 3.2.3; letters and digits are asked for before. */
static const char atom_signs[] = "!#$%&'*+-/=?^_`{|}~";

static const struct fault faults[] = {
    { FAULT_NONE, "ok", "ok" },
#define FAULT(name, kind, word, sentence) { FAULT_##kind, word, sentence },
#include "verify/faults.def"
#undef FAULT
};

const struct fault *address_fault(enum address_fault fault) {
    return &faults[(size_t) fault < LENGTH(faults) ? fault : 0];
}

/* --- plain addresses --- */

enum { IN_ATOM = 1, IN_HOST = 2 };

/* Which plain parts a byte may be in, but for the dot. */
static const unsigned char plain[256] = {
#define BOTH IN_ATOM | IN_HOST
    ['a'] = BOTH, ['b'] = BOTH, ['c'] = BOTH, ['d'] = BOTH, ['e'] = BOTH, ['f'] = BOTH,
    ['g'] = BOTH, ['h'] = BOTH, ['i'] = BOTH, ['j'] = BOTH, ['k'] = BOTH, ['l'] = BOTH,
    ['m'] = BOTH, ['n'] = BOTH, ['o'] = BOTH, ['p'] = BOTH, ['q'] = BOTH, ['r'] = BOTH,
    ['s'] = BOTH, ['t'] = BOTH, ['u'] = BOTH, ['v'] = BOTH, ['w'] = BOTH, ['x'] = BOTH,
    ['y'] = BOTH, ['z'] = BOTH, ['0'] = BOTH, ['1'] = BOTH, ['2'] = BOTH, ['3'] = BOTH,
    ['4'] = BOTH, ['5'] = BOTH, ['6'] = BOTH, ['7'] = BOTH, ['8'] = BOTH, ['9'] = BOTH,
    ['-'] = BOTH,
#undef BOTH
    ['A'] = IN_ATOM, ['B'] = IN_ATOM, ['C'] = IN_ATOM, ['D'] = IN_ATOM, ['E'] = IN_ATOM,
    ['F'] = IN_ATOM, ['G'] = IN_ATOM, ['H'] = IN_ATOM, ['I'] = IN_ATOM, ['J'] = IN_ATOM,
    ['K'] = IN_ATOM, ['L'] = IN_ATOM, ['M'] = IN_ATOM, ['N'] = IN_ATOM, ['O'] = IN_ATOM,
    ['P'] = IN_ATOM, ['Q'] = IN_ATOM, ['R'] = IN_ATOM, ['S'] = IN_ATOM, ['T'] = IN_ATOM,
    ['U'] = IN_ATOM, ['V'] = IN_ATOM, ['W'] = IN_ATOM, ['X'] = IN_ATOM, ['Y'] = IN_ATOM,
    ['Z'] = IN_ATOM, ['!'] = IN_ATOM, ['#'] = IN_ATOM, ['$'] = IN_ATOM, ['%'] = IN_ATOM,
    ['&'] = IN_ATOM, ['\''] = IN_ATOM, ['*'] = IN_ATOM, ['+'] = IN_ATOM, ['/'] = IN_ATOM,
    ['='] = IN_ATOM, ['?'] = IN_ATOM, ['^'] = IN_ATOM, ['_'] = IN_ATOM, ['`'] = IN_ATOM,
    ['{'] = IN_ATOM, ['|'] = IN_ATOM, ['}'] = IN_ATOM, ['~'] = IN_ATOM,
};

/* The length of the dot-atom that `s` begins with; 0 when dots are in wrong places. */
static size_t plain_local(struct str s) {
    size_t n = 0;
    char before = '.';
    while (n < s.n && ((plain[(unsigned char) s.p[n]] & IN_ATOM) || s.p[n] == '.')) {
        if (s.p[n] == '.' && before == '.')
            return 0;
        before = s.p[n++];
    }
    return before == '.' ? 0 : n;
}

/* A label in lower case that is not "??--": those may be international. */
static bool plain_label(const char *p, size_t n) {
    return n > 0 && n <= LABEL_MAX_BYTES && p[0] != '-' && p[n - 1] != '-'
           && !(n > 3 && p[2] == '-' && p[3] == '-');
}

/* Whether all of `s` is a host name in lower case; *ret_labels are counted. */
static bool plain_host(struct str s, size_t *ret_labels) {
    size_t begin = 0, labels = 0;
    for (size_t i = 0; i <= s.n; i++) {
        if (i < s.n && (plain[(unsigned char) s.p[i]] & IN_HOST))
            continue;
        if ((i < s.n && s.p[i] != '.') || !plain_label(s.p + begin, i - begin))
            return false;
        begin = i + 1;
        labels++;
    }
    *ret_labels = labels;
    return true;
}

/* Whether the last label is a number (RFC 3696, 2). */
static bool ends_with_number(struct str host) {
    size_t i = host.n;
    while (i > 0 && ascii_is_digit(host.p[i - 1]))
        i--;
    return i < host.n && (i == 0 || host.p[i - 1] == '.');
}

static bool read_plain(struct str text, struct address *ret_address) {
    size_t local = plain_local(text), labels;
    if (local == 0 || local > ADDRESS_LOCAL_MAX_BYTES || text.n > ADDRESS_MAX_BYTES
        || local == text.n || text.p[local] != '@')
        return false;
    struct str domain = { text.p + local + 1, text.n - local - 1 };
    if (!plain_host(domain, &labels))
        return false;
    *ret_address = (struct address){ .text = text, .local = { text.p, local },
                                     .domain = domain, .is_dotless = labels == 1,
                                     .is_numeric = ends_with_number(domain) };
    return true;
}

/* --- the whole grammar --- */

struct reader {
    struct str rest;
    struct buf local;  /* with its quotation marks, as far as they are needed */
    struct buf domain; /* as written, without comments and folding */
    bool has_comment, has_folding, has_obsolete;
    bool is_quoted, is_utf8, is_literal;
};

static char next_char(const struct reader *r) {
    return r->rest.n ? r->rest.p[0] : '\0';
}

static void skip(struct reader *r, size_t n) {
    r->rest = str_sub(r->rest, n, r->rest.n);
}

/* What may not be part of a name that people read: controls, white space, private and
 * unseen characters. The joiners are needed to spell some languages (RFC 5892, A.1). */
static bool is_visible(ucs4_t c) {
    static const ucs4_t joiners[] = { 0x200C, 0x200D };
    if (c == joiners[0] || c == joiners[1])
        return true;
    return (c & 0xFFFE) != 0xFFFE && !(c >= 0xFDD0 && c <= 0xFDEF)
           && !uc_is_general_category_withtable(c, UC_CATEGORY_MASK_Cc | UC_CATEGORY_MASK_Cf
                                                       | UC_CATEGORY_MASK_Co | UC_CATEGORY_MASK_Z);
}

/* The character at the cursor goes into `b`; not ASCII (RFC 6531, 3.3). */
static enum address_fault take_utf8(struct reader *r, struct buf *b, bool is_first) {
    size_t n = utf8_length(r->rest);
    if (n == 0)
        return FAULT_NOT_UTF8;
    ucs4_t c;
    (void) u8_mbtoucr(&c, (const uint8_t *) r->rest.p, n); /* well-formed by utf8_length */
    bool is_mark = uc_is_general_category_withtable(c, UC_CATEGORY_MASK_M);
    if (!is_visible(c) || (is_first && is_mark))
        return FAULT_INVISIBLE;
    buf_str(b, str_sub(r->rest, 0, n));
    skip(r, n);
    return ADDRESS_OK;
}

/* Folding white space (RFC 5322, 3.2.2): a line end counts only with white space behind. */
static enum address_fault skip_folding(struct reader *r) {
    bool after_line = false;
    for (;;) {
        char c = next_char(r);
        if (r->rest.n && (c == ' ' || c == '\t')) {
            skip(r, 1);
            after_line = false;
        } else if (str_starts(r->rest, STR("\r\n"))) {
            if (after_line)
                return FAULT_CONTROL;
            skip(r, 2);
            after_line = true;
        } else {
            return after_line ? FAULT_CONTROL : ADDRESS_OK;
        }
        r->has_folding = true;
    }
}

static bool is_control(char c) {
    return (unsigned char) c < 0x20 || c == 0x7F;
}

/* One character of a comment, where white space was skipped. Controls but line ends were
 * once allowed in comments (obs-ctext). */
static enum address_fault skip_comment_char(struct reader *r, int *depth) {
    char c = next_char(r);
    size_t n = c == '\\' ? 2 : 1;
    if (r->rest.n < n)
        return FAULT_COMMENT_OPEN;
    if (c == '(')
        (*depth)++;
    else if (c == ')')
        (*depth)--;
    else if (c == '\0' || c == '\r' || c == '\n')
        return FAULT_CONTROL;
    else if (is_control(c) || (n == 2 && is_control(r->rest.p[1])))
        r->has_obsolete = true;
    skip(r, n);
    return ADDRESS_OK;
}

/* Comments and folding, any number; without them nothing happens. */
static enum address_fault skip_comments(struct reader *r) {
    int depth = 0;
    do {
        bool had_folding = r->has_folding;
        enum address_fault fault = skip_folding(r);
        if (fault != ADDRESS_OK)
            return fault;
        r->has_folding = depth ? had_folding : r->has_folding;
        if (depth == 0 && next_char(r) != '(')
            return ADDRESS_OK;
        r->has_comment = true;
        fault = skip_comment_char(r, &depth);
        if (fault != ADDRESS_OK)
            return fault;
    } while (depth || r->rest.n);
    return ADDRESS_OK;
}

static bool is_atom_char(char c) {
    return ascii_is_alnum(c) || (c && strchr(atom_signs, c));
}

static enum address_fault read_atom(struct reader *r, struct buf *b) {
    size_t before = b->n;
    while (r->rest.n) {
        char c = next_char(r);
        bool is_ascii = (unsigned char) c < 0x80;
        if (is_ascii && !is_atom_char(c))
            break;
        if (is_ascii) {
            buf_char(b, c);
            skip(r, 1);
            continue;
        }
        enum address_fault fault = take_utf8(r, b, b->n == before);
        if (fault != ADDRESS_OK)
            return fault;
        r->is_utf8 = true;
    }
    return ADDRESS_OK;
}

/* Escapes of what would be the same without them fall away. */
static enum address_fault read_escaped(struct reader *r, struct buf *b) {
    if (r->rest.n < 2)
        return FAULT_QUOTE;
    char c = r->rest.p[1];
    if ((unsigned char) c >= 0x80)
        return FAULT_CHARACTER;
    if (is_control(c)) {
        r->has_obsolete = true;
    } else {
        if (c == '"' || c == '\\')
            buf_char(b, '\\');
        buf_char(b, c);
    }
    skip(r, 2);
    return ADDRESS_OK;
}

/* RFC 5321 has visible characters and spaces between quotation marks; tabs and folding are
 * RFC 5322's, other controls its obsolete form's. */
static enum address_fault read_quoted_char(struct reader *r, struct buf *b) {
    char c = next_char(r);
    if (c == '\\')
        return read_escaped(r, b);
    if ((unsigned char) c >= 0x80) {
        r->is_utf8 = true;
        return take_utf8(r, b, false);
    }
    if (c == '\t' || str_starts(r->rest, STR("\r\n")))
        return skip_folding(r);
    if (c == '\0' || c == '\n' || c == '\r')
        return FAULT_CONTROL;
    if (is_control(c))
        r->has_obsolete = true;
    else
        buf_char(b, c);
    skip(r, 1);
    return ADDRESS_OK;
}

static enum address_fault read_quoted(struct reader *r, struct buf *b) {
    buf_char(b, '"');
    skip(r, 1);
    while (r->rest.n && next_char(r) != '"') {
        enum address_fault fault = read_quoted_char(r, b);
        if (fault != ADDRESS_OK)
            return fault;
    }
    if (!r->rest.n)
        return FAULT_QUOTE;
    buf_char(b, '"');
    skip(r, 1);
    r->is_quoted = true;
    return ADDRESS_OK;
}

/* A word of the local part with what surrounds it. */
static enum address_fault read_word(struct reader *r) {
    size_t before = r->local.n;
    bool was_quoted = r->is_quoted;
    enum address_fault fault = skip_comments(r);
    if (fault == ADDRESS_OK)
        fault = next_char(r) == '"' ? read_quoted(r, &r->local) : read_atom(r, &r->local);
    if (fault == ADDRESS_OK && r->local.n > before)
        fault = skip_comments(r);
    if (fault == ADDRESS_OK && before > 0 && (was_quoted || r->is_quoted))
        r->has_obsolete = true; /* quoted words beside dots: obs-local-part */
    return fault;
}

/* What is wrong at a place where neither a dot nor the @ stands. */
static enum address_fault fault_here(const struct reader *r, bool after_space) {
    char c = next_char(r);
    if (!r->rest.n)
        return FAULT_NO_AT;
    if (c == '@') /* only behind the first one */
        return FAULT_MANY_ATS;
    if (c == '"' || c == '\\')
        return FAULT_QUOTE;
    if (is_control(c))
        return FAULT_CONTROL;
    if ((unsigned char) c >= 0x80 && utf8_length(r->rest) == 0)
        return FAULT_NOT_UTF8;
    return after_space ? FAULT_SPACE : FAULT_CHARACTER;
}

static enum address_fault read_local(struct reader *r) {
    for (;;) {
        size_t before = r->local.n;
        enum address_fault fault = read_word(r);
        if (fault != ADDRESS_OK)
            return fault;
        char c = next_char(r);
        bool is_empty = r->local.n == before;
        if (r->rest.n && c == '.') {
            if (is_empty)
                return before ? FAULT_DOTS : FAULT_DOT_FIRST;
            buf_char(&r->local, '.');
            skip(r, 1);
            continue;
        }
        if (!r->rest.n || c != '@')
            return fault_here(r, r->has_folding || r->has_comment);
        if (is_empty)
            return before ? FAULT_DOT_LAST : FAULT_NO_LOCAL;
        skip(r, 1);
        return ADDRESS_OK;
    }
}

/* --- behind the @ --- */

/* Four numbers of one to three digits; zeros may lead, which inet_pton does not take. */
static bool ipv4_is_valid(struct str ip) {
    size_t parts = 0;
    struct str part;
    for (; str_cut(&ip, '.', &part); parts++) {
        int value = 0;
        if (part.n == 0 || part.n > 3)
            return false;
        for (size_t i = 0; i < part.n; i++)
            value = ascii_is_digit(part.p[i]) ? value * 10 + (part.p[i] - '0') : 256;
        if (value > 255)
            return false;
    }
    return parts == 4;
}

/* RFC 5321, 4.1.3: what is in the brackets is an IPv4 address or "IPv6:" and one; no other
 * kind has been registered. */
static bool literal_is_valid(struct str inside) {
    unsigned char address[16];
    char text[INET6_ADDRSTRLEN + 1];
    if (!str_starts_nocase(inside, STR("IPv6:")))
        return ipv4_is_valid(inside);
    struct str ip = str_sub(inside, 5, inside.n);
    if (ip.n == 0 || ip.n >= sizeof text)
        return false;
    memcpy(text, ip.p, ip.n);
    text[ip.n] = '\0';
    return strlen(text) == ip.n && inet_pton(AF_INET6, text, address) == 1;
}

static enum address_fault read_literal(struct reader *r) {
    size_t end = str_find(r->rest, ']');
    if (end == r->rest.n)
        return FAULT_LITERAL;
    if (!literal_is_valid(str_sub(r->rest, 1, end)))
        return FAULT_LITERAL;
    buf_str(&r->domain, str_sub(r->rest, 0, end + 1));
    skip(r, end + 1);
    r->is_literal = true;
    return skip_comments(r);
}

/* A label as written. Any character beyond ASCII is taken: the mapping of UTS 46 judges. */
static void read_label(struct reader *r) {
    while (r->rest.n) {
        char c = next_char(r);
        if ((unsigned char) c < 0x80 && !is_atom_char(c))
            return;
        buf_char(&r->domain, c);
        skip(r, 1);
    }
}

static enum address_fault read_labels(struct reader *r) {
    for (;;) {
        size_t before = r->domain.n;
        enum address_fault fault = skip_comments(r);
        if (fault != ADDRESS_OK)
            return fault;
        bool had_space = r->has_folding || r->has_comment;
        read_label(r);
        if (r->domain.n > before)
            fault = skip_comments(r);
        if (fault != ADDRESS_OK)
            return fault;
        if (r->domain.n == before)
            return r->rest.n && next_char(r) != '.' ? fault_here(r, had_space)
                   : before                        ? FAULT_LABEL_EMPTY
                   : r->rest.n                     ? FAULT_LABEL_EMPTY
                                                   : FAULT_NO_DOMAIN;
        if (!r->rest.n)
            return ADDRESS_OK;
        if (next_char(r) != '.')
            return fault_here(r, r->has_folding || r->has_comment);
        buf_char(&r->domain, '.');
        skip(r, 1);
    }
}

static enum address_fault read_domain(struct reader *r) {
    enum address_fault fault = skip_comments(r);
    if (fault != ADDRESS_OK)
        return fault;
    if (next_char(r) != '[')
        return read_labels(r);
    fault = read_literal(r);
    return fault == ADDRESS_OK && r->rest.n ? FAULT_CHARACTER : fault;
}

/* --- put together --- */

static enum address_fault fault_of_host(enum host_fault fault) {
    static const enum address_fault table[] = {
        [HOST_OK] = ADDRESS_OK,
        [HOST_EMPTY] = FAULT_NO_DOMAIN,
        [HOST_LENGTH] = FAULT_DOMAIN_LENGTH,
        [HOST_LABEL_EMPTY] = FAULT_LABEL_EMPTY,
        [HOST_LABEL_LENGTH] = FAULT_LABEL_LENGTH,
        [HOST_HYPHEN] = FAULT_HYPHEN,
        [HOST_CHARACTER] = FAULT_CHARACTER,
        [HOST_IDN] = FAULT_IDN,
    };
    return table[fault];
}

/* Without its quotation marks where it means the same (RFC 5321, 4.1.2). */
static struct str bare_local(struct reader *r) {
    struct str local = buf_text(&r->local);
    if (!r->is_quoted)
        return local;
    struct str inside = str_sub(local, 1, local.n - 1);
    if (r->is_utf8 || inside.n == 0 || plain_local(inside) != inside.n)
        return local;
    r->is_quoted = false;
    return inside;
}

static enum address_fault fault_of_form(const struct reader *r) {
    return r->has_comment    ? FAULT_COMMENT
           : r->has_folding  ? FAULT_FOLDING
           : r->has_obsolete ? FAULT_OBSOLETE
                             : ADDRESS_OK;
}

static enum address_fault finish(struct reader *r, struct arena *arena,
                                 struct address *ret_address) {
    struct str domain = buf_text(&r->domain);
    enum address_fault fault = ADDRESS_OK;
    if (!r->is_literal)
        fault = fault_of_host(host_to_ascii(arena, domain, &domain));
    if (fault != ADDRESS_OK)
        return fault;
    fault = fault_of_form(r);
    if (fault != ADDRESS_OK)
        return fault;
    struct str local = bare_local(r);
    if (local.n > ADDRESS_LOCAL_MAX_BYTES)
        return FAULT_LOCAL_LENGTH;
    if (local.n + 1 + domain.n > ADDRESS_MAX_BYTES)
        return FAULT_LENGTH;
    struct str text = arena_printf(arena, "%.*s@%.*s", STR_FMT(local), STR_FMT(domain));
    *ret_address = (struct address){
        .text = text,
        .local = str_sub(text, 0, local.n),
        .domain = str_sub(text, local.n + 1, text.n),
        .is_quoted = r->is_quoted,
        .is_utf8 = r->is_utf8,
        .is_literal = r->is_literal,
        .is_idn = !r->is_literal && host_is_international(domain),
        .is_dotless = !r->is_literal && str_find(domain, '.') == domain.n,
        .is_numeric = !r->is_literal && ends_with_number(domain),
    };
    return ADDRESS_OK;
}

enum address_fault address_parse(struct arena *arena, struct str text,
                                 struct address *ret_address) {
    if (read_plain(text, ret_address))
        return ADDRESS_OK;
    if (text.n == 0)
        return FAULT_EMPTY;
    if (text.n > ADDRESS_TEXT_MAX_BYTES)
        return FAULT_LENGTH;
    struct reader r = { .rest = text, .local = buf_in(arena, ADDRESS_TEXT_MAX_BYTES * 2),
                        .domain = buf_in(arena, ADDRESS_TEXT_MAX_BYTES) };
    enum address_fault fault = read_local(&r);
    if (fault == ADDRESS_OK)
        fault = read_domain(&r);
    return fault == ADDRESS_OK ? finish(&r, arena, ret_address) : fault;
}
