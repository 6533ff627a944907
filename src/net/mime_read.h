/* Reads messages (RFC 5322, RFC 2045 to 2047, RFC 2231, RFC 3676, RFC 6532) as they come: any
 * bytes are one. Headers are decoded to UTF-8, the body is a list of parts. What is broken is
 * read as well as it goes; what is too much is left out (the MIME_ limits of base/limits.h), and
 * `is_cut` says so. Writing is mime.h.
 *
 * mime_start (mime.h) once per process, before threads; then any thread. Everything hangs on the
 * arena and points into `source`, which the caller keeps as long. */
#ifndef NET_MIME_READ_H
#define NET_MIME_READ_H

#include "base/arena.h"
#include "base/field.h"
#include "net/mime.h"

struct mime_field {
    struct str name;  /* as written */
    struct str raw;   /* as written, with its folds */
};

enum mime_coding { MIME_PLAIN, MIME_BASE64, MIME_QUOTED, MIME_UUENCODE };

struct mime_part {
    struct str media_type; /* "text/plain", lower case; also when none or nonsense is said */
    struct str charset;    /* as said; absent: none */
    struct str file_name;  /* decoded; absent: none */
    struct str raw;        /* its bytes as they came, without its headers */
    enum mime_coding coding;
    bool is_attachment;    /* Content-Disposition: attachment */
    bool is_flowed, deletes_space; /* RFC 3676 */
    size_t depth;          /* multiparts and messages around it */
    const struct mime_read *message; /* of message/rfc822: what is in it; NULL: no message */
};

struct mime_read {
    struct list fields;    /* of struct mime_field: the headers, in their order */
    struct str header;     /* all of them, as written */
    struct str subject;    /* decoded, one line; absent: none */
    struct list from, sender, to, cc, reply_to; /* of struct mime_address; groups are opened */
    struct str message_id; /* without < and >; absent: none */
    struct strs in_reply_to, references;
    struct opt_int date;   /* ms; absent also when it is no date */
    int date_offset_minutes; /* of its writer's clock, east of Greenwich */
    struct str media_type; /* of the whole: "multipart/report" */
    struct str report_type; /* of multipart/report: "delivery-status" (RFC 6522) */
    struct list parts;     /* of struct mime_part: the leaves, in their order; messages in this
                              message are leaves, with their own parts */
    bool is_cut;
};

/* Never NULL. */
const struct mime_read *mime_read(struct arena *arena, struct str source);

/* The first header of that name, decoded, in one line, trimmed; absent: none. Whatever case. */
struct str mime_header(struct arena *arena, const struct mime_read *message, const char *name);

/* Whether there is such a header. */
bool mime_has_header(const struct mime_read *message, const char *name);

/* The same of header text alone ("Reporting-MTA: dns; x\r\n…", as in message/delivery-status),
 * up to the first empty line; *rest moves behind that. False at the end. */
bool mime_fields(struct arena *arena, struct str *rest, struct list *ret_fields);
struct str mime_field_find(struct arena *arena, struct list fields, const char *name);

/* The part's text: transfer coding and character set undone, valid UTF-8 without NUL, lines end
 * with LF, flowed lines joined. At most MIME_TEXT_MAX_BYTES of it. A character set that is
 * missing or wrong is guessed: UTF-8 when it is valid, else windows-1252. */
struct str mime_part_text(struct arena *arena, const struct mime_part *part);

/* Any bytes as UTF-8 from a character set by name (absent: guessed). */
struct str mime_to_utf8(struct arena *arena, struct str bytes, struct str charset);

/* Without the transfer coding, at most `max` bytes. */
struct str mime_decode(struct arena *arena, struct str raw, enum mime_coding coding, size_t max);

#endif
