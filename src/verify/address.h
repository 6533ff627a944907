/* Email addresses as mail servers accept them: RFC 5321 (Mailbox, 4.1.2), with UTF-8 before
 * the @ (RFC 6531) and international domains (UTS 46). What is only allowed in the header
 * of a message (RFC 5322: comments, folding, obsolete forms) is recognised and refused with
 * a reason of its own.
 *
 * Pure functions, any thread. Whether the domain exists is not asked here. A quoted local
 * part, an address literal and a domain without a dot or with a number at its end are no
 * faults: they are marked, and the verdict says what they are worth (verify/verdict.h). */
#ifndef VERIFY_ADDRESS_H
#define VERIFY_ADDRESS_H

#include "base/arena.h"
#include "base/str.h"

#define ADDRESS_LOCAL_MAX_BYTES  ((size_t) 64)
#define ADDRESS_DOMAIN_MAX_BYTES ((size_t) 253)
#define ADDRESS_MAX_BYTES        ((size_t) 254)
/* Comments, folding and escapes may make a text longer than the address it means. */
#define ADDRESS_TEXT_MAX_BYTES   ((size_t) 1024)

enum address_fault {
    ADDRESS_OK,
#define FAULT(name, kind, word, sentence) FAULT_##name,
#include "verify/faults.def"
#undef FAULT
};

enum fault_kind { FAULT_NONE, FAULT_MALFORMED, FAULT_NOT_FOR_SMTP };

struct fault {
    enum fault_kind kind;
    const char *word;     /* "label_length" */
    const char *sentence; /* "a part of the domain is longer than 63 bytes" */
};

/* Never NULL; of ADDRESS_OK the texts are "ok". */
const struct fault *address_fault(enum address_fault fault);

struct address {
    struct str text;   /* what stands in RCPT TO:<…>: local, "@", domain */
    struct str local;  /* as in `text`: quoted only where it has to be */
    struct str domain; /* ASCII, lower case, no final dot; or a literal with its brackets */
    bool is_quoted;    /* the local part needs its quotation marks */
    bool is_utf8;      /* the local part is not ASCII: the server must offer SMTPUTF8 */
    bool is_idn;       /* a label of the domain is international */
    bool is_literal;   /* "[192.0.2.1]", "[IPv6:2001:db8::1]"; no other kind is registered */
    bool is_dotless;   /* one label alone */
    bool is_numeric;   /* the last label is a number, which no top-level domain is */
};

/* The whole of `text`, without angle brackets, name or "mailto:", which callers take off.
 * ADDRESS_OK and *ret_address, or the first fault and *ret_address untouched. The slices
 * point into `text` where nothing had to be changed, else into the arena; nothing is
 * allocated for a plain address in lower case. The local part's case is kept (RFC 5321,
 * 2.4), escapes that say nothing are taken away. */
enum address_fault address_parse(struct arena *arena, struct str text,
                                 struct address *ret_address);

#endif
