/* Every limit on what comes from outside, in one place, each with its reason.
 * A limit that an operator may change is a configuration key instead (cli/config.c). */
#ifndef BASE_LIMITS_H
#define BASE_LIMITS_H

#include <stddef.h>

/* Reached only when one of the limits below is missing: see base/arena.h. */
#define ARENA_BACKSTOP_BYTES ((size_t) 64 * 1024 * 1024)

/* HTTP. Real clients send well under 2 KB of headers; proxies add a few hundred bytes.
 * The library clears this much and more for every request, so it is not larger. */
#define HTTP_HEAD_MAX_BYTES    ((size_t) 8 * 1024)
#define HTTP_HEADERS_MAX       ((size_t) 64)
/* The longest registered method has 17 characters. */
#define HTTP_METHOD_MAX_BYTES  ((size_t) 32)
/* POST /people/search carries its filters in the body; cursors and at most 100 ids
 * (47 bytes each when escaped) are in URLs. */
#define HTTP_TARGET_MAX_BYTES  ((size_t) 6 * 1024)
/* Default body limit of a route; a route row may name another. */
#define HTTP_BODY_MAX_BYTES    ((size_t) 1024 * 1024)
/* Trailers have no use here; this much is passed over. */
#define HTTP_TRAILERS_MAX_BYTES ((size_t) 256)

/* JSON: no documented body nests deeper than 4. 100,000 leads, each with its six members,
 * are 1,300,003 elements: members count with their names. */
#define JSON_DEPTH_MAX         16
#define JSON_ELEMENTS_MAX      ((size_t) 1400000)
/* A member that is passed through as JSON text (raw payloads, custom fields). */
#define JSON_MEMBER_MAX_BYTES  ((size_t) 4 * 1024 * 1024)

/* What a document may become as structs: "{}," is three bytes, its struct may be 500. */
#define JSON_STRUCTS_MAX_BYTES ((size_t) 16 * 1024 * 1024)

/* Import: one logical CSV row or JSONL line; longer ones are rejected with their line. */
#define IMPORT_ROW_MAX_BYTES   ((size_t) 128 * 1024)
/* A stored person or company in memory (fields_bytes): a page is a hundred people with
 * their companies. Less than a row of a file, because an export puts delimiters and
 * escapes around it and is to be read again. */
#define STORED_ROW_MAX_BYTES   ((size_t) 96 * 1024)
#define PAGE_ITEMS_MAX         100
/* Of one person; an export has them beside the person's row. */
#define PHONE_NUMBERS_MAX      64
#define IMPORT_COLUMNS_MAX     ((size_t) 512)

/* Search: more alternatives in one filter than anyone types; bounds the statement. */
#define SEARCH_VALUES_MAX      ((size_t) 1000)
#define SEARCH_VALUE_MAX_BYTES ((size_t) 512)
/* Words of all values of a search, with the other forms that titles and places stand for:
 * a thousand titles of some words each. The database takes longer than in proportion. */
#define SEARCH_TOKENS_MAX      ((size_t) 20000)
/* A beginning of a word (joh*) counts as so many: the index gathers all rows of it. */
#define SEARCH_PREFIX_TOKENS   ((size_t) 500)
/* A thousand values of ordinary length in several filters. Each word of it becomes a node
 * of an expression, which takes about a hundred times its bytes. */
#define SEARCH_BODY_MAX_BYTES  ((size_t) 128 * 1024)

/* Normalisation: names, titles and places are folded for matching up to here; nobody has
 * longer ones, and one compatibility character may unfold to eighteen. */
#define TEXT_FOLD_MAX_BYTES    ((size_t) 4096)

/* Mail that came in. Servers take messages up to 25 or 50 MB; what is behind that is part of a
 * file. Real messages have up to 100 headers in 20 KB, 30 parts, and 6 levels (a bounce of a
 * forwarded newsletter). Everything that is kept is of a bounded size for each of them, so that a
 * message takes at most MIME_MEMORY_MAX_BYTES beside its own bytes, whatever they are. */
#define MIME_READ_MAX_BYTES    ((size_t) 64 * 1024 * 1024)
#define MIME_HEADERS_MAX       ((size_t) 500)
#define MIME_HEADER_MAX_BYTES  ((size_t) 8 * 1024)
#define MIME_PARTS_MAX         ((size_t) 200)
#define MIME_DEPTH_MAX         ((size_t) 20)
#define MIME_ADDRESSES_MAX     ((size_t) 200)
#define MIME_IDS_MAX           ((size_t) 100)
/* Text that is read of one part, and how much is undone of messages that are in a message as
 * base64. Nobody writes a megabyte; the rest is a log file. */
#define MIME_TEXT_MAX_BYTES    ((size_t) 1024 * 1024)
#define MIME_INNER_MAX_BYTES   ((size_t) 2 * 1024 * 1024)
/* HTML that is made text: behind this are quotes of quotes. The parser takes a fifth of a second
 * for the worst that can be written in so many bytes. */
#define HTML_READ_MAX_BYTES    ((size_t) 128 * 1024)
#define MIME_MEMORY_MAX_BYTES  ((size_t) 16 * 1024 * 1024)

/* Rows and companies of a page; as much again for what a handler makes of them. */
_Static_assert(PAGE_ITEMS_MAX * 2 * STORED_ROW_MAX_BYTES <= ARENA_BACKSTOP_BYTES / 2,
               "a page fits on an arena");

#endif
