/* struct buf: text that is being built, with a maximum given at creation and a
 * sticky error: append forty times, check once. The memory is an arena's or the
 * heap's. Escaping is by function, so that plain appends never reach HTML, JSON,
 * URLs or mail headers by accident. */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/rc.h"
#include "base/str.h"

struct buf {
    char *p;
    size_t n;            /* bytes written */
    size_t capacity;
    size_t max;          /* more than this sets `failed` */
    struct arena *arena; /* NULL: on the heap, freed by buf_done */
    bool failed;         /* the maximum was reached; nothing is appended any more */
};

/* On the arena; nothing to free. `max` in bytes. */
struct buf buf_in(struct arena *arena, size_t max);
/* On the heap; the caller calls buf_done. */
struct buf buf_on_heap(size_t max);
/* Frees a heap buffer and empties it. Accepts one that was never used. */
void buf_done(struct buf *b);
/* Forgets the content and the error, keeps the memory. */
void buf_clear(struct buf *b);

void buf_char(struct buf *b, char c);
void buf_str(struct buf *b, struct str s);
void buf_bytes(struct buf *b, const void *p, size_t n);
/* Decimal, without printf. */
void buf_i64(struct buf *b, int64_t value);
/* Two digits a byte, small letters. */
void buf_hex(struct buf *b, struct str bytes);
void buf_printf(struct buf *b, const char *format, ...) PRINTF_LIKE(2, 3);

/* `s` as the inside of a JSON string (RFC 8259, section 7): quotes, backslash and
 * control characters escaped. Bytes that are not UTF-8 become U+FFFD. */
void buf_json(struct buf *b, struct str s);
/* Percent-encoded but for the unreserved characters (RFC 3986, section 2.3). */
void buf_url(struct buf *b, struct str s);
/* What somebody else said, to be shown on a line: control characters as blanks, bytes that are
 * not UTF-8 as '?'. */
void buf_printable(struct buf *b, struct str s);
/* With & < > " ' as character references. */
void buf_html(struct buf *b, struct str s);

/* `n` writable bytes at the end, to be followed by buf_added; NULL when failed. */
char *buf_space(struct buf *b, size_t n);
void buf_added(struct buf *b, size_t n);

/* What has been written; valid until the next append. */
static inline struct str buf_text(const struct buf *b) {
    return (struct str){ b->p ? b->p : "", b->n };
}

/* OK, or E_TOO_LARGE when the maximum was reached at some point. */
MUST_USE enum rc buf_result(const struct buf *b);

#endif
