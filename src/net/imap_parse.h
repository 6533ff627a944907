/* What an IMAP server says (RFC 3501, sections 2.2 and 9), told from bytes that come in
 * pieces: where a response ends, literals included, and what it is made of. Knows no socket
 * and keeps nothing. Lenient where servers differ (atoms with odd characters, bare LF),
 * strict where it costs memory. Pure functions, any thread. */
#ifndef NET_IMAP_PARSE_H
#define NET_IMAP_PARSE_H

#include "base/arena.h"
#include "base/rc.h"
#include "base/str.h"

enum {
    IMAP_LINE_MAX_BYTES = 64 * 1024, /* outside of literals, with its end */
    IMAP_DEPTH_MAX = 24,             /* of lists: the structure of nested messages */
    IMAP_VALUES_MAX = 20000,         /* of one response */
    IMAP_LITERALS_MAX = 1000,        /* of one response */
};

enum imap_scan {
    IMAP_MORE,   /* no whole response yet */
    IMAP_WHOLE,  /* *ret_n bytes are one response, its line end included */
    IMAP_BROKEN, /* this is not IMAP, or more than `max` bytes */
};

/* Looks at the beginning of `bytes`, which may hold more than one response. `max` bounds a
 * response with its literals. */
enum imap_scan imap_response_scan(struct str bytes, size_t max, size_t *ret_n);

enum imap_type {
    IMAP_ATOM,   /* also numbers, flags (\Seen) and BODY[…]: text as it came */
    IMAP_STRING, /* quoted or literal: text without quotes and escapes */
    IMAP_NIL,
    IMAP_LIST,   /* items, n */
};

struct imap_value {
    enum imap_type type;
    struct str text;
    const struct imap_value *items;
    size_t n;
};

enum imap_kind { IMAP_UNTAGGED, IMAP_TAGGED, IMAP_CONTINUE };

struct imap_response {
    enum imap_kind kind;
    struct str tag;    /* IMAP_TAGGED */
    int64_t number;    /* "* 12 FETCH": 12; else -1 */
    struct str name;   /* "OK", "NO", "BAD", "BYE", "PREAUTH", "FETCH", "LIST", …: as it came */
    struct str code;   /* "UIDVALIDITY 7" of "* OK [UIDVALIDITY 7] text"; absent without */
    struct str text;   /* of the status responses and of IMAP_CONTINUE */
    const struct imap_value *values; /* of all others */
    size_t n;
};

/* One whole response to its parts, which are slices of it or on the arena. E_PROTO when it
 * cannot be read. */
MUST_USE enum rc imap_response_parse(struct arena *arena, struct str response,
                                     struct imap_response *ret_response);

/* The value behind `name` in a list of pairs ("UID" 7 "FLAGS" (…)): any case; NULL without.
 * `prefix`: a name that only begins so is meant, as BODY[ is. */
const struct imap_value *imap_find(const struct imap_value *values, size_t n, struct str name,
                                   bool prefix);
/* Whether a list holds this atom, any case. */
bool imap_has(const struct imap_value *list, struct str atom);

#endif
