/* The framing of HTTP/1 requests (RFC 9112): where a message begins and ends, and
 * whether any part of it could be read differently by two parsers. A pure state
 * machine over bytes: no socket, no clock, no library; the verdict does not depend on
 * how the bytes were cut into reads. It keeps no headers; http/gate.c drives it and
 * libmicrohttpd, which is handed only what passed here, gives the headers out.
 *
 * Refused with 400 unless said otherwise: line ends other than CRLF, empty lines
 * before a request, anything but one SP between the parts of the request line, targets
 * that do not begin with '/' (absolute, authority and asterisk form), fragments,
 * controls, space, quotes, backslash, <, >, bytes above 126, escapes that are not
 * %XX and %00; versions other than HTTP/1.0 and HTTP/1.1; names that are not tokens,
 * space before the colon, folded lines, controls in values; 1.1 without Host, Host
 * that is no host; Content-Length that is not 1 to 18 digits, together with
 * Transfer-Encoding, Transfer-Encoding other than `chunked` or on 1.0; Expect other
 * than `100-continue`; a repeated Host, Content-Length, Transfer-Encoding,
 * Authorization, Content-Type, Idempotency-Key, Expect or Cookie; chunk sizes with
 * anything but hexadecimal digits (also extensions), data not followed by CRLF, such headers in
 * trailers. 414: the target is too long; 431: the head; 413: the body.
 *
 * Life cycle: framing_init, framing_read …, framing_done. Used by one thread at a time. */
#ifndef HTTP_FRAMING_H
#define HTTP_FRAMING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

enum framing_event {
    FRAMING_MORE,    /* all bytes read, the message goes on */
    FRAMING_HEAD,    /* the head is complete: call framing_limit_body if it has a body */
    FRAMING_MESSAGE, /* the message is complete */
    FRAMING_REFUSED, /* status and reason say why; every later call says so again */
};

/* What the bytes read last belong to. */
enum framing_part { FRAMING_BETWEEN, FRAMING_IN_HEAD, FRAMING_IN_BODY };

/* Longest value of a header that is judged as a whole (Host, Connection, …). */
enum { FRAMING_VALUE_MAX = 272 };

struct framing_header;

struct framing {
    int state;
    int status;         /* of the refusal; 0: none */
    const char *reason; /* for people, static */
    struct buf line;    /* method and target of this message, on the heap */
    size_t method_n;    /* bytes of `line` that are the method */
    size_t head_n;      /* bytes of the head so far; in trailers: of the trailers */
    size_t headers_n;
    unsigned escape;    /* value of the first digit of a %XX */
    size_t at;          /* position in the version, chunk line or name */
    const struct framing_header *header; /* being read; NULL: one that is not judged */
    unsigned seen;      /* bit per row of the header table */
    bool minor;         /* HTTP/1.1 */
    bool chunked, close, keep_alive;
    size_t value_n;
    uint64_t left;      /* bytes of the body or chunk that are still to come */
    uint64_t body_n;    /* bytes of the body so far (without chunk lines) */
    uint64_t body_max;
    char name[20];
    char value[FRAMING_VALUE_MAX];
};

void framing_init(struct framing *f);
void framing_done(struct framing *f);

/* Reads bytes up to the first event; *ret_used says how many. Two things are hidden in
 * place from libmicrohttpd, which would make tables of them in the connection's memory:
 * each '?' of a target becomes '#' (which no target may contain; see
 * framing_restore_target), and the name Cookie becomes FRAMING_COOKIE. */
#define FRAMING_COOKIE "Cooki~"
enum framing_event framing_read(struct framing *f, char *bytes, size_t n, size_t *ret_used);

/* After FRAMING_HEAD: how many bytes the body may have. REFUSED when more are declared,
 * else HEAD; a chunked body is refused as soon as it passes the limit. */
enum framing_event framing_limit_body(struct framing *f, size_t max);

/* Method and target of the message whose head was read last. */
struct str framing_method(const struct framing *f);
struct str framing_target(const struct framing *f);

/* After FRAMING_HEAD: does a body follow? */
bool framing_has_body(const struct framing *f);

enum framing_part framing_part(const struct framing *f);

/* After the last message of a connection (`Connection: close`, or 1.0 without
 * keep-alive): whatever follows is read and means nothing. */
bool framing_closed(const struct framing *f);

void framing_restore_target(char *target, size_t n);

#endif
