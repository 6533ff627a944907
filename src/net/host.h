/* Host names in the form of the DNS: ASCII, lower case, checked labels. International names
 * follow UTS 46, non-transitional, with the rules of IDNA 2008 for single characters, for
 * joiners (RFC 5892) and for names that run from right to left (RFC 5893). So symbols and
 * emoji are taken only where they come encoded ("xn--i-7iq.ws").
 *
 * Pure functions, any thread. */
#ifndef NET_HOST_H
#define NET_HOST_H

#include "base/arena.h"
#include "base/str.h"

#define HOST_MAX_BYTES  ((size_t) 253)
#define LABEL_MAX_BYTES ((size_t) 63)

enum host_fault {
    HOST_OK,
    HOST_EMPTY,
    HOST_LENGTH,
    HOST_LABEL_EMPTY,  /* also a final dot, which callers take off where it is welcome */
    HOST_LABEL_LENGTH,
    HOST_HYPHEN,       /* first or last in a label (RFC 1123, 2.1) */
    HOST_CHARACTER,    /* ASCII, but neither letter nor digit nor hyphen */
    HOST_IDN,          /* no international name, or "xn--" with something else behind it */
};

/* *ret_host is `text` itself when that has the form already, else on the arena; untouched
 * on a fault. One label is enough, and labels may be numbers. */
enum host_fault host_to_ascii(struct arena *arena, struct str text, struct str *ret_host);

/* Whether a label begins with "xn--"; of what host_to_ascii has returned. */
bool host_is_international(struct str host);

/* The part of `host` (in ASCII) that somebody registered, by the public suffix list with
 * its private part: "bbc.co.uk", "acme.github.io". A slice of it; absent for a public
 * suffix. */
struct str host_registrable(struct str host);

/* Whether nobody owns `host` (in ASCII) alone: "co.uk", "github.io". An unknown last label
 * counts as a suffix. */
bool host_is_public_suffix(struct str host);

#endif
