/* What csv.c and jsonl.c share of the reader. */
#ifndef DATA_CSV_PRIVATE_H
#define DATA_CSV_PRIVATE_H

#include <csv.h>

#include "base/arena.h"
#include "base/map.h"
#include "data/csv.h"
#include "data/source.h"

struct reader {
    enum reader_format format;
    struct source *source;
    size_t line; /* of the window's beginning, from 1 */
    struct arena *names; /* lives as long as the reader */
    struct strs columns;
    struct arena *arena; /* of the current row */
    struct cell *cells;
    size_t n;            /* cells that are kept */
    /* CSV */
    struct csv_parser parser;
    char delimiter;
    size_t cells_seen;   /* also those that are not kept */
    size_t last_filled;  /* number, from 1, of the last cell that is not empty */
    bool row_ended;
    /* JSON lines: name -> its index in `columns`, plus one */
    struct map column_of;
};

/* Length of the physical line, with its end, that begins `from` bytes into the window;
 * the last one may have no end. E_NOT_FOUND at the end of the file, E_TOO_LARGE when the
 * line's end is not within the largest window, E_IO. */
MUST_USE enum rc reader_line(struct reader *r, size_t from, size_t *ret_n);

/* Passes over the rest of a line that does not fit the window. E_IO. */
MUST_USE enum rc reader_skip_line(struct reader *r);

/* Passes over `n` bytes that make up `lines` lines. */
void reader_advance(struct reader *r, size_t n, size_t lines);

/* Makes `row` a rejected one, with the beginning of the line at the window's start. */
void reader_reject(struct reader *r, struct row *row, struct str reason);

MUST_USE enum rc csv_next(struct reader *r, struct row *ret_row);
MUST_USE enum rc jsonl_next(struct reader *r, struct row *ret_row);

#endif
