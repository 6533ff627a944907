/* Reader of imported files, row by row: CSV (RFC 4180; comma, semicolon or tab) and
 * JSON lines. Encodings are source.h's care. Memory does not grow with the file.
 *
 *   reader_open(fd, READER_CSV, &reader, &reason);
 *   while ((rc = reader_next(reader, &row)) == OK)
 *       if (str_is_set(row.rejected)) … else use row.cells …
 *   reader_close(&reader);
 *
 * One per thread. Rows that cannot be read are given as rejected rows, and reading goes
 * on behind them. */
#ifndef DATA_CSV_H
#define DATA_CSV_H

#include "base/field.h"
#include "base/rc.h"
#include "base/str.h"

enum reader_format { READER_CSV, READER_JSONL };

struct cell {
    size_t column;    /* index in reader_columns */
    struct str value; /* UTF-8, trimmed; never absent, but may be empty */
};

/* The texts live until the next reader_next. */
struct row {
    size_t line;         /* its first line in the file, from 1 */
    struct str rejected; /* absent: a good row; else why it is refused, for people */
    struct str text;     /* of a rejected row: its beginning as it stands in the file */
    const struct cell *cells;
    size_t n;
};

struct reader;

/* Reads the header of `fd`, which stays the caller's. E_IO; E_INVALID, E_UNSUPPORTED or
 * E_TOO_LARGE with *ret_reason (static text) when the file as a whole cannot be read: not
 * a text file, no header, more than IMPORT_COLUMNS_MAX columns. */
MUST_USE enum rc reader_open(int fd, enum reader_format format, struct reader **ret_reader,
                             struct str *ret_reason);

/* Sets *reader to NULL; accepts NULL. */
void reader_close(struct reader **reader);

/* Names of the columns as the file has them, trimmed; a CSV column without one is called
 * "Column 7". For JSON lines the list grows as rows bring new names, and an index keeps
 * its meaning. Valid until the next reader_next. */
struct strs reader_columns(const struct reader *reader);

/* The next row. E_NOT_FOUND at the end of the file, E_IO when reading failed.
 * CSV: a row may have fewer cells than the header; further ones must be empty. Blank
 * lines are passed over. JSON lines: a member is a cell, null is none, and objects and
 * arrays are given as JSON text. */
MUST_USE enum rc reader_next(struct reader *reader, struct row *ret_row);

/* Bytes of the file that have been taken in, for progress; a block ahead of the row. */
uint64_t reader_position(const struct reader *reader);

/* "UTF-8", "UTF-16LE", "UTF-16BE" or "Windows-1252". */
const char *reader_encoding(const struct reader *reader);

/* ',', ';' or tab; 0 for JSON lines. */
char reader_delimiter(const struct reader *reader);

#endif
