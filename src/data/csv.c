/* libcsv pushes cells, line by line as they are fed to it, so a row has ended at the end
 * of a line or goes on into the next. It runs in its strict mode, where a quote at a
 * wrong place is an error:
 *
 * - A quote inside an unquoted cell (5" pipe) is common and harmless: the line is read
 *   again, taking such quotes as they are.
 * - A closing quote that no delimiter follows means that some quote before it was never
 *   closed. The row is rejected and reading goes on behind its FIRST line, so that one
 *   stray quote does not swallow the rows behind it. The same at the end of the file or
 *   of the window.
 *
 * A row that is too long but well-formed is passed over as a whole. */
#include "data/csv_private.h"

#include "base/check.h"
#include "base/mem.h"
#include "base/utf8.h"

/* Enough of a rejected row to find it again. */
#define REJECTED_TEXT_BYTES ((size_t) 500)
#define CELLS_GROW_BYTES ((size_t) 32 * 1024)

enum rc reader_line(struct reader *r, size_t from, size_t *ret_n) {
    size_t seen = 0;
    for (;;) {
        struct str all = source_peek(r->source);
        struct str text = str_sub(all, from, all.n);
        size_t at = seen;
        while (at < text.n && text.p[at] != '\n' && text.p[at] != '\r')
            at++;
        if (at < text.n && (text.p[at] == '\n' || at + 1 < text.n)) {
            bool is_crlf = text.p[at] == '\r' && text.p[at + 1] == '\n';
            *ret_n = at + (is_crlf ? 2 : 1);
            return OK;
        }
        seen = at;
        enum rc rc = source_more(r->source);
        if (rc == E_NOT_FOUND && text.n) {
            *ret_n = text.n;
            return OK;
        }
        if (rc != OK)
            return rc;
    }
}

enum rc reader_skip_line(struct reader *r) {
    enum rc rc;
    size_t n = 0;
    do {
        source_consume(r->source, source_peek(r->source).n);
        rc = reader_line(r, 0, &n);
    } while (rc == E_TOO_LARGE);
    if (rc != OK && rc != E_NOT_FOUND)
        return rc;
    reader_advance(r, n, 1);
    return OK;
}

void reader_advance(struct reader *r, size_t n, size_t lines) {
    source_consume(r->source, n);
    r->line += lines;
}

void reader_reject(struct reader *r, struct row *row, struct str reason) {
    struct str text = source_peek(r->source);
    size_t n = 0, length;
    while (n < REJECTED_TEXT_BYTES && n < text.n && text.p[n] != '\n' && text.p[n] != '\r'
           && (length = utf8_length(str_sub(text, n, text.n))) > 0)
        n += length;
    *row = (struct row){ .line = r->line, .rejected = reason,
                         .text = arena_str(r->arena, str_sub(text, 0, n)) };
}

static int is_space(unsigned char c) {
    return c == ' ';
}

/* While the header is read there are no columns yet, and the limit is that of all files. */
static void on_cell(void *p, size_t n, void *arg) {
    struct reader *r = arg;
    size_t keep = r->columns.n ? r->columns.n : IMPORT_COLUMNS_MAX;
    struct str value = str_trim((struct str){ n ? p : "", n });
    size_t column = r->cells_seen++;
    if (value.n)
        r->last_filled = r->cells_seen;
    if (column >= keep)
        return;
    r->cells[r->n++] = (struct cell){ column, arena_str(r->arena, value) };
}

static void on_row(int end, void *arg) {
    (void) end; /* which character ended it */
    ((struct reader *) arg)->row_ended = true;
}

/* Ready for the first line of a row; `options` are libcsv's. */
static void begin_row(struct reader *r, unsigned char options) {
    csv_set_opts(&r->parser, 0); /* else it refuses to give up an open quote */
    (void) csv_fini(&r->parser, NULL, NULL, NULL); /* cannot fail without strict mode */
    csv_set_opts(&r->parser, options);
    arena_reset(r->arena);
    r->n = r->cells_seen = r->last_filled = 0;
    r->row_ended = false;
}

/* True when all of it could be read. */
static bool feed(struct reader *r, struct str text) {
    return csv_parse(&r->parser, text.p, text.n, on_cell, on_row, r) == text.n;
}

/* What one attempt at a row has found. */
struct scan {
    size_t n;          /* bytes of its lines */
    size_t lines;
    size_t first_line; /* bytes of the first one */
    bool is_blank;
    struct str fault;  /* absent: none */
    bool skip_all;     /* after a fault: go on behind the whole row */
};

static const struct str never_closed = STR("a quote is opened that is not closed properly");
static const struct str too_long = STR("the row is longer than 128 KiB");

/* Reads the lines once more, taking quotes inside unquoted cells as they are. */
static void read_leniently(struct reader *r, struct scan *scan) {
    begin_row(r, 0);
    bool all = feed(r, str_sub(source_peek(r->source), 0, scan->n));
    if (all && !r->row_ended)
        all = feed(r, STR("\n")); /* the last line of a file may lack it */
    if (!all || !r->row_ended)
        scan->fault = never_closed;
}

static enum rc scan_end(struct reader *r, struct scan *scan) {
    if (scan->n == 0)
        return E_NOT_FOUND;
    if (csv_fini(&r->parser, on_cell, on_row, r) != 0)
        scan->fault = never_closed;
    r->row_ended = true;
    return OK;
}

/* Adds one line to the attempt. */
static void scan_line(struct reader *r, struct scan *scan, size_t n) {
    struct str line = str_sub(source_peek(r->source), scan->n, scan->n + n);
    bool good = feed(r, line);
    scan->n += n;
    if (scan->lines++ == 0)
        scan->first_line = n;
    if (!good && r->parser.quoted)
        scan->fault = never_closed;
    else if (!good)
        read_leniently(r, scan);
    else if (!r->row_ended && scan->lines == 1)
        scan->is_blank = str_is_empty(str_trim(line));
    if (!str_is_set(scan->fault) && r->row_ended && scan->n > IMPORT_ROW_MAX_BYTES) {
        scan->fault = too_long;
        scan->skip_all = true;
    }
}

static enum rc scan_row(struct reader *r, struct scan *scan) {
    begin_row(r, CSV_STRICT | CSV_STRICT_FINI);
    while (!r->row_ended && !scan->is_blank && !str_is_set(scan->fault)) {
        size_t n;
        enum rc rc = reader_line(r, scan->n, &n);
        if (rc == E_NOT_FOUND)
            return scan_end(r, scan);
        if (rc == E_TOO_LARGE) {
            scan->fault = scan->lines ? never_closed : too_long;
            return OK;
        }
        if (rc != OK)
            return rc;
        scan_line(r, scan, n);
    }
    return OK;
}

/* Behind the row, or behind its first line when it could not be read. */
static enum rc pass_over(struct reader *r, const struct scan *scan) {
    if (scan->lines == 0)
        return reader_skip_line(r);
    bool whole = !str_is_set(scan->fault) || scan->skip_all;
    reader_advance(r, whole ? scan->n : scan->first_line, whole ? scan->lines : 1);
    return OK;
}

static void give_row(struct reader *r, const struct scan *scan, struct row *row) {
    *row = (struct row){ .line = r->line, .cells = r->cells, .n = r->n };
    struct str text = str_sub(source_peek(r->source), 0, scan->n);
    if (r->last_filled > r->columns.n)
        reader_reject(r, row,
                      arena_printf(r->arena, "the row has %zu cells, the header has %zu",
                                   r->last_filled, r->columns.n));
    else if (memchr(text.p, 0, text.n))
        reader_reject(r, row, STR("there is a zero byte in the row"));
}

enum rc csv_next(struct reader *r, struct row *ret_row) {
    for (;;) {
        struct scan scan = { 0 };
        enum rc rc = scan_row(r, &scan);
        if (rc != OK)
            return rc;
        struct row row = { 0 };
        if (str_is_set(scan.fault))
            reader_reject(r, &row, scan.fault);
        else
            give_row(r, &scan, &row);
        rc = pass_over(r, &scan);
        if (rc != OK)
            return rc;
        if (!str_is_set(row.rejected) && (scan.is_blank || r->last_filled == 0))
            continue;
        *ret_row = row;
        return OK;
    }
}

/* The most frequent of the three outside of quotes in the first line. */
static char detect_delimiter(struct str text) {
    static const char candidates[] = { ',', ';', '\t' };
    size_t counts[LENGTH(candidates)] = { 0 };
    bool quoted = false;
    for (size_t i = 0; i < text.n && (quoted || (text.p[i] != '\n' && text.p[i] != '\r')); i++) {
        quoted ^= text.p[i] == '"';
        for (size_t k = 0; !quoted && k < LENGTH(candidates); k++)
            counts[k] += text.p[i] == candidates[k];
    }
    size_t best = 0;
    for (size_t k = 1; k < LENGTH(candidates); k++)
        if (counts[k] > counts[best])
            best = k;
    return candidates[best];
}

/* Spreadsheet programs write and read a first line "sep=;". */
static bool take_separator_line(struct reader *r) {
    size_t n;
    struct str text = source_peek(r->source);
    if (!str_starts_nocase(text, STR("sep=")) || reader_line(r, 0, &n) != OK)
        return false;
    struct str line = str_sub(source_peek(r->source), 4, n);
    while (line.n && (line.p[line.n - 1] == '\n' || line.p[line.n - 1] == '\r'))
        line.n--;
    if (line.n != 1 || line.p[0] == '"')
        return false;
    r->delimiter = line.p[0];
    reader_advance(r, n, 1);
    return true;
}

static void pass_blank_lines(struct reader *r) {
    size_t n;
    while (reader_line(r, 0, &n) == OK
           && str_is_empty(str_trim(str_sub(source_peek(r->source), 0, n))))
        reader_advance(r, n, 1);
}

static enum rc read_header(struct reader *r, struct str *ret_reason) {
    pass_blank_lines(r);
    if (!take_separator_line(r))
        r->delimiter = detect_delimiter(source_peek(r->source));
    csv_set_delim(&r->parser, (unsigned char) r->delimiter);
    struct scan scan = { 0 };
    enum rc rc = scan_row(r, &scan);
    if (rc != OK && rc != E_NOT_FOUND)
        return rc;
    if (rc == E_NOT_FOUND || r->last_filled == 0)
        scan.fault = STR("the file is empty: there is no line with the names of the columns");
    if (str_is_set(scan.fault)) {
        *ret_reason = scan.fault;
        return E_INVALID;
    }
    if (r->cells_seen > IMPORT_COLUMNS_MAX) {
        *ret_reason = STR("the header has more than 512 columns");
        return E_TOO_LARGE;
    }
    struct str *names = ARENA_ARRAY(r->names, r->n, struct str);
    for (size_t i = 0; i < r->n; i++)
        names[i] = r->cells[i].value.n ? arena_str(r->names, r->cells[i].value)
                                       : arena_printf(r->names, "Column %zu", i + 1);
    r->columns = (struct strs){ names, r->n };
    return pass_over(r, &scan);
}

static enum rc start(struct reader *r, int fd, struct str *ret_reason) {
    enum rc rc = source_open(fd, &r->source, ret_reason);
    if (rc != OK || r->format == READER_JSONL)
        return rc;
    return read_header(r, ret_reason);
}

enum rc reader_open(int fd, enum reader_format format, struct reader **ret_reader,
                    struct str *ret_reason) {
    struct reader *r = MEM_NEW(struct reader);
    r->format = format;
    r->line = 1;
    r->names = arena_new();
    r->arena = arena_new();
    r->cells = mem_array(IMPORT_COLUMNS_MAX, sizeof *r->cells);
    r->column_of = map_in(NULL);
    ASSERT(csv_init(&r->parser, 0) == 0);
    /* It grows by this much: with its 128 bytes a row of 1 MB is copied 8,000 times. */
    csv_set_blk_size(&r->parser, CELLS_GROW_BYTES);
    csv_set_space_func(&r->parser, is_space);
    csv_set_realloc_func(&r->parser, mem_resize);
    csv_set_free_func(&r->parser, mem_free);
    enum rc rc = start(r, fd, ret_reason);
    if (rc != OK) {
        reader_close(&r);
        return rc;
    }
    *ret_reader = r;
    return OK;
}

void reader_close(struct reader **reader) {
    struct reader *r = *reader;
    if (!r)
        return;
    csv_free(&r->parser);
    map_done(&r->column_of);
    mem_free(r->cells);
    arena_free(&r->arena);
    arena_free(&r->names);
    source_close(&r->source);
    mem_free(r);
    *reader = NULL;
}

enum rc reader_next(struct reader *reader, struct row *ret_row) {
    return reader->format == READER_JSONL ? jsonl_next(reader, ret_row)
                                          : csv_next(reader, ret_row);
}

struct strs reader_columns(const struct reader *reader) {
    return reader->columns;
}

uint64_t reader_position(const struct reader *reader) {
    return source_position(reader->source);
}

const char *reader_encoding(const struct reader *reader) {
    return source_encoding(reader->source);
}

char reader_delimiter(const struct reader *reader) {
    return reader->delimiter;
}
