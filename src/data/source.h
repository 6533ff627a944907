/* The bytes of an imported file as UTF-8 text, through a window that does not grow
 * with the file. Knows encodings, not formats; csv.c and jsonl.c read through it.
 *
 * Encodings: UTF-8 with or without byte order mark; UTF-16 with one; Windows-1252
 * (and with it Latin-1) when the bytes are not UTF-8. A file that is UTF-8 but for a
 * few bytes stays UTF-8 and those bytes are read as Windows-1252.
 *
 * Life cycle: source_open, source_peek / source_more / source_consume, source_close.
 * One per thread. */
#ifndef DATA_SOURCE_H
#define DATA_SOURCE_H

#include "base/limits.h"
#include "base/rc.h"
#include "base/str.h"

/* More than one row of the longest kind, so that a row that is too long can still be
 * told from one whose quote is never closed. */
#define SOURCE_WINDOW_MAX_BYTES (2 * IMPORT_ROW_MAX_BYTES)

struct source;

/* Reads the first block of `fd`, which stays the caller's and may be a pipe. E_IO, or
 * E_UNSUPPORTED with *ret_reason (static text) when it is no text file: a workbook, an
 * archive, UTF-16 without mark. */
MUST_USE enum rc source_open(int fd, struct source **ret_source, struct str *ret_reason);

/* Sets *source to NULL; accepts NULL. Does not close the descriptor. */
void source_close(struct source **source);

/* The text from the current position to the end of the window. Valid until the next
 * source_more. */
struct str source_peek(const struct source *source);

/* Makes the window longer. E_NOT_FOUND at the end of the file, E_TOO_LARGE when the
 * window has its maximum, E_IO when reading failed. */
MUST_USE enum rc source_more(struct source *source);

/* Moves on by `n` bytes, at most what source_peek shows. */
void source_consume(struct source *source, size_t n);

/* Bytes that have been read from the descriptor. */
uint64_t source_position(const struct source *source);

/* "UTF-8", "UTF-16LE", "UTF-16BE" or "Windows-1252": what has been decided so far. */
const char *source_encoding(const struct source *source);

#endif
