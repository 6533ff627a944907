/* Writes messages (RFC 5322, RFC 2045 to 2047, RFC 2231) over GMime: names and subjects of any
 * language, plain text beside HTML, files. What is written has lines of at most 998 bytes that end
 * with CRLF, and only ASCII, so that every server takes it.
 *
 * mime_start once per process, before threads; then any thread. */
#ifndef NET_MIME_H
#define NET_MIME_H

#include "base/arena.h"
#include "base/field.h"

struct mime_address {
    struct str name;    /* UTF-8, any characters; absent or empty: none */
    struct str address; /* without characters that end a header */
};

struct mime_file {
    struct str name, media_type; /* "offer.pdf", "application/pdf" */
    struct str content;
};

struct mime_header {
    const char *name;
    struct str value; /* ASCII, written as it is; a space may become a fold */
};

struct mime_message {
    struct mime_address from, to;
    struct str subject;
    struct str message_id;  /* without < and > */
    struct str text, html;  /* UTF-8; one of them may be absent */
    const struct mime_header *headers; /* more of them, in their order */
    size_t n_headers;
    struct list files;      /* of struct mime_file */
};

/* The id that Outrider gives a message, in a header that relays keep when they replace Message-ID,
 * and that comes back in bounces. */
#define MESSAGE_ID_HEADER "X-Outrider-Id"

void mime_start(void);

/* The whole message but for Date, which is said when it is sent (mime_date). Line breaks of any
 * kind within values of headers become spaces. On `arena`. E_INVALID: an address or a header of
 * its own with characters that do not belong there, or a text that is not UTF-8; E_TOO_LARGE: over MIME_MAX_BYTES. */
MUST_USE enum rc mime_write(struct arena *arena, const struct mime_message *message,
                            struct str *ret_source);

/* "Fri, 29 Aug 2025 14:54:16 +0000" (RFC 5322, 3.3). */
struct str mime_date(struct arena *arena, int64_t ms);

/* Base64 grows files by a third; what many servers refuse is 10 MB and more. */
enum { MIME_MAX_BYTES = 16 * 1024 * 1024 };

#endif
