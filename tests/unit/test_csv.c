#include "test.h"

#include <sys/mman.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/limits.h"
#include "data/csv.h"
#include "shared_data.h"

static int file_of(struct str content) {
    int fd = memfd_create("rows", 0);
    assert_true(fd >= 0);
    while (content.n) {
        ssize_t n = write(fd, content.p, content.n);
        assert_true(n > 0);
        content = str_sub(content, (size_t) n, content.n);
    }
    assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
    return fd;
}

/* Everything that a reader gives, as one text: "line: name=value|name=value" for a good
 * row, "line! reason" for a rejected one, one per line. */
static struct str read_all(struct arena *arena, enum reader_format format, struct str content) {
    struct buf out = buf_in(arena, 4096);
    struct reader *reader = NULL;
    struct str reason = STR_NONE;
    int fd = file_of(content);
    enum rc rc = reader_open(fd, format, &reader, &reason);
    if (rc != OK) {
        buf_printf(&out, "%s: %.*s", rc_name(rc), STR_FMT(reason));
        close(fd);
        return buf_text(&out);
    }
    struct row row;
    while ((rc = reader_next(reader, &row)) == OK) {
        buf_printf(&out, "%zu%s ", row.line, str_is_set(row.rejected) ? "!" : ":");
        buf_str(&out, row.rejected);
        for (size_t i = 0; i < row.n; i++) {
            buf_str(&out, i ? STR("|") : STR(""));
            buf_str(&out, reader_columns(reader).p[row.cells[i].column]);
            buf_char(&out, '=');
            buf_str(&out, row.cells[i].value);
        }
        buf_char(&out, '\n');
    }
    assert_int_equal(rc, E_NOT_FOUND);
    assert_int_equal(reader_position(reader), content.n);
    reader_close(&reader);
    assert_null(reader);
    close(fd);
    return buf_text(&out);
}

struct text_case {
    struct str file;
    const char *expected;
};

static void run_cases(enum reader_format format, const struct text_case *cases, size_t n) {
    for (size_t i = 0; i < n; i++) {
        struct arena *arena = arena_new();
        assert_str(read_all(arena, format, cases[i].file), cases[i].expected);
        arena_free(&arena);
    }
}

static void test_rows(void **state) {
    (void) state;
    static const struct text_case cases[] = {
        { STR("a,b\n1,2\n"), "2: a=1|b=2\n" },
        { STR("a,b\r\n1,2\r\n3,4"), "2: a=1|b=2\n3: a=3|b=4\n" },
        { STR("a,b\r1,2\r3,4\r"), "2: a=1|b=2\n3: a=3|b=4\n" },
        { STR("a;b\n1,5;2\n"), "2: a=1,5|b=2\n" },
        { STR("a\tb\n1 \t 2\n"), "2: a=1|b=2\n" },
        { STR("a\tb\n\t2\n"), "2: a=|b=2\n" },
        { STR("\"x,y,z\";b\n1;2\n"), "2: x,y,z=1|b=2\n" },
        { STR("\"x\ny\";b\n1;2\n"), "3: x\ny=1|b=2\n" },
        { STR("a\n1\n"), "2: a=1\n" },
        { STR("sep=|\na|b\n1|2\n"), "3: a=1|b=2\n" },
        { STR("\n \na,b\n1,2\n"), "4: a=1|b=2\n" },
        { STR("a,,c\n1,2,3\n"), "2: a=1|Column 2=2|c=3\n" },
        /* RFC 4180, section 2, rules 5 to 7 */
        { STR("a,b\n\"1\",\"x\r\ny\"\n2,\"say \"\"hi\"\"\"\n"),
          "2: a=1|b=x\r\ny\n4: a=2|b=say \"hi\"\n" },
        { STR("a,b\n\"1,5\",2\n"), "2: a=1,5|b=2\n" },
        { STR("a,b\n1, \"x, y\"\n"), "2: a=1|b=x, y\n" },
        /* blank rows */
        { STR("a,b\n\n1,2\n\n  \n3,4\n\n"), "3: a=1|b=2\n6: a=3|b=4\n" },
        { STR("a,b\n,\n1,2\n,,,\n"), "3: a=1|b=2\n" },
        { STR("a,b\n"), "" },
        /* ragged rows */
        { STR("a,b,c\n1\n1,2\n1,2,3,,\n1,2,3,,5\n1,2,3\n"),
          "2: a=1\n3: a=1|b=2\n4: a=1|b=2|c=3\n"
          "5! the row has 5 cells, the header has 3\n6: a=1|b=2|c=3\n" },
        { STR("a,b\n1,\0\n3,4\n"), "E_UNSUPPORTED: there are zero bytes in it: not a text file, "
                                   "or UTF-16 without byte order mark" },
        /* files that cannot be read */
        { STR(""), "E_INVALID: the file is empty: there is no line with the names of the columns" },
        { STR("\n\n"),
          "E_INVALID: the file is empty: there is no line with the names of the columns" },
        { STR(",,\n1,2,3\n"),
          "E_INVALID: the file is empty: there is no line with the names of the columns" },
        { STR("a,\"b\n1,2\n"), "E_INVALID: a quote is opened that is not closed properly" },
        { STR("PK\x03\x04zzz"),
          "E_UNSUPPORTED: this is an Excel workbook or a ZIP archive; save it as CSV" },
        { STR("\x1F\x8Bzzz"), "E_UNSUPPORTED: this is compressed with gzip; unpack it first" },
    };
    run_cases(READER_CSV, cases, LENGTH(cases));
}

static void test_quotes_at_wrong_places(void **state) {
    (void) state;
#define UNCLOSED "! a quote is opened that is not closed properly\n"
    static const struct text_case cases[] = {
        { STR("a,b\n5\" pipe,John \"Jack\" Smith\n3,4\n"),
          "2: a=5\" pipe|b=John \"Jack\" Smith\n3: a=3|b=4\n" },
        { STR("a,b\n1,5\"") , "2: a=1|b=5\"\n" },
        { STR("a,b\n1,\"2\n3,4\n5,6\n"), "2" UNCLOSED "3: a=3|b=4\n4: a=5|b=6\n" },
        { STR("a,b\n1,\"2\n3,\"4\"\n5,6\n"), "2" UNCLOSED "3: a=3|b=4\n4: a=5|b=6\n" },
        { STR("a,b\n1,\"2\"x\n3,4\n"), "2" UNCLOSED "3: a=3|b=4\n" },
        { STR("a,b\n1,2\n3,\"4"), "2: a=1|b=2\n3" UNCLOSED },
        { STR("a,b\n1,\"x\ny\"z\n3,4\n"), "2" UNCLOSED "3: a=y\"z\n4: a=3|b=4\n" },
        /* the stray quote's line has a second, good one behind the quoted cell */
        { STR("a,b\n\"1\",x \"y\n3,4\n"), "2: a=1|b=x \"y\n3: a=3|b=4\n" },
        { STR("a,b\nx\"y,\"1\n2\"\n3,4\n"), "2" UNCLOSED "3: a=2\"\n4: a=3|b=4\n" },
    };
    run_cases(READER_CSV, cases, LENGTH(cases));
}

static void test_encodings(void **state) {
    (void) state;
    static const struct {
        struct str file;
        const char *encoding;
        const char *expected;
    } cases[] = {
        { STR("n\nJos\xC3\xA9\n"), "UTF-8", "2: n=Jos\xC3\xA9\n" },
        { STR("\xEF\xBB\xBFn\nJos\xC3\xA9\n"), "UTF-8", "2: n=Jos\xC3\xA9\n" },
        { STR("n\nJos\xE9\n"), "Windows-1252", "2: n=Jos\xC3\xA9\n" },
        { STR("n\nM\xFCller \x96 \x80\n"), "Windows-1252",
          "2: n=M\xC3\xBCller \xE2\x80\x93 \xE2\x82\xAC\n" },
        { STR("n\nx\x81\n"), "Windows-1252", "2: n=x\xEF\xBF\xBD\n" },
        /* mostly UTF-8: one bad byte does not spoil the rest */
        { STR("n\n\xC3\xA9\xC3\xA8 \xE9\n"), "UTF-8", "2: n=\xC3\xA9\xC3\xA8 \xC3\xA9\n" },
        { STR("n\nJos\xC3"), "Windows-1252", "2: n=Jos\xC3\x83\n" },
        { STR("\xFF\xFEn\0;\0m\0\n\0\xE9\0;\0\x3D\xD8\x00\xDE\n\0"), "UTF-16LE",
          "2: n=\xC3\xA9|m=\xF0\x9F\x98\x80\n" },
        { STR("\xFE\xFF\0n\0\n\0\xE9\0\n\xD8\x3D\0x"), "UTF-16BE",
          "2: n=\xC3\xA9\n3: n=\xEF\xBF\xBDx\n" },
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct arena *arena = arena_new();
        assert_str(read_all(arena, READER_CSV, cases[i].file), cases[i].expected);
        struct reader *reader;
        struct str reason;
        int fd = file_of(cases[i].file);
        assert_int_equal(reader_open(fd, READER_CSV, &reader, &reason), OK);
        assert_string_equal(reader_encoding(reader), cases[i].encoding);
        reader_close(&reader);
        close(fd);
        arena_free(&arena);
    }
}

static void append_times(struct buf *b, const char *text, size_t n) {
    for (size_t i = 0; i < n; i++)
        buf_str(b, str_of(text));
}

/* ASCII for several blocks, then the first letters beyond it; and characters that lie
 * across the border of two blocks. */
static void test_encoding_beyond_the_first_block(void **state) {
    (void) state;
    static const struct {
        const char *letter, *expected;
    } cases[] = {
        { "\xE9", "\xC3\xA9" }, { "\xC3\xA9", "\xC3\xA9" }, { "\xE2\x82\xAC", "\xE2\x82\xAC" },
        { "\xF0\x9F\x98\x80", "\xF0\x9F\x98\x80" },
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        for (size_t shift = 0; shift < 4; shift++) {
            struct buf file = buf_on_heap(1 << 20);
            buf_str(&file, STR("name,x\n"));
            append_times(&file, "abcdefg,1234567\n", 4096 * 3 - 1);
            append_times(&file, "-", 5 + shift); /* so that the letter ends a block, or not */
            for (size_t k = 0; k < 3; k++)
                buf_str(&file, str_of(cases[i].letter));
            buf_str(&file, STR("\n"));
            assert_int_equal(buf_result(&file), OK);
            int fd = file_of(buf_text(&file));
            struct reader *reader;
            struct str reason;
            struct row row;
            assert_int_equal(reader_open(fd, READER_CSV, &reader, &reason), OK);
            size_t rows = 0;
            for (; reader_next(reader, &row) == OK; rows++)
                if (rows == 4096 * 3 - 1)
                    for (size_t k = 0; k < 3; k++)
                        assert_str(str_sub(row.cells[0].value,
                                           5 + shift + k * strlen(cases[i].expected),
                                           5 + shift + (k + 1) * strlen(cases[i].expected)),
                                   cases[i].expected);
            assert_int_equal(rows, 4096 * 3);
            reader_close(&reader);
            close(fd);
            buf_done(&file);
        }
    }
}

/* Over-long rows in their kinds, each between two good ones. */
static void test_long_rows(void **state) {
    (void) state;
    static const struct {
        const char *before, *repeated, *after;
        size_t bytes;
        size_t next_line;
        const char *reason; /* NULL: fits */
    } cases[] = {
        { "x,", "y", "\n", IMPORT_ROW_MAX_BYTES - 10, 4, NULL },
        { "x,", "y", "\n", IMPORT_ROW_MAX_BYTES, 4, "the row is longer than 128 KiB" },
        { "x,", "y", "\n", IMPORT_ROW_MAX_BYTES * 5, 4, "the row is longer than 128 KiB" },
        { "x,\"", "y", "\"\n", IMPORT_ROW_MAX_BYTES * 5, 4, "the row is longer than 128 KiB" },
        { "x,\"", "yy\n", "\"\n", IMPORT_ROW_MAX_BYTES - 10, 43691, NULL },
        { "x,\"", "yyyyyyy\n", "\"\n", IMPORT_ROW_MAX_BYTES + 8, 16389,
          "the row is longer than 128 KiB" },
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct buf file = buf_on_heap(IMPORT_ROW_MAX_BYTES * 6);
        buf_str(&file, STR("a,b\n1,2\n"));
        buf_str(&file, str_of(cases[i].before));
        append_times(&file, cases[i].repeated, cases[i].bytes / strlen(cases[i].repeated));
        buf_str(&file, str_of(cases[i].after));
        buf_str(&file, STR("3,4\n"));
        assert_int_equal(buf_result(&file), OK);
        int fd = file_of(buf_text(&file));
        struct reader *reader;
        struct str reason;
        struct row row;
        assert_int_equal(reader_open(fd, READER_CSV, &reader, &reason), OK);
        assert_int_equal(reader_next(reader, &row), OK);
        assert_int_equal(row.line, 2);
        assert_int_equal(reader_next(reader, &row), OK);
        assert_int_equal(row.line, 3);
        assert_str(row.rejected, cases[i].reason);
        if (cases[i].reason)
            assert_true(str_starts(row.text, STR("x,")) && row.text.n <= 500);
        assert_int_equal(reader_next(reader, &row), OK);
        assert_str(row.rejected, NULL);
        assert_str(row.cells[1].value, "4");
        assert_int_equal(row.line, cases[i].next_line);
        assert_int_equal(reader_next(reader, &row), E_NOT_FOUND);
        reader_close(&reader);
        close(fd);
        buf_done(&file);
    }
}

/* A quote that is never closed in a file larger than the window costs one row. */
static void test_unclosed_quote_in_a_large_file(void **state) {
    (void) state;
    struct buf file = buf_on_heap(IMPORT_ROW_MAX_BYTES * 6);
    buf_str(&file, STR("a,b\n1,2\nx,\"y\n"));
    size_t rows = IMPORT_ROW_MAX_BYTES * 5 / 8;
    append_times(&file, "abc,def\n", rows);
    int fd = file_of(buf_text(&file));
    struct reader *reader;
    struct str reason;
    struct row row;
    assert_int_equal(reader_open(fd, READER_CSV, &reader, &reason), OK);
    size_t good = 0, rejected = 0;
    while (reader_next(reader, &row) == OK) {
        if (str_is_set(row.rejected)) {
            assert_int_equal(row.line, 3);
            rejected++;
        } else {
            good++;
        }
    }
    assert_int_equal(rejected, 1);
    assert_int_equal(good, rows + 1);
    reader_close(&reader);
    close(fd);
    buf_done(&file);
}

static void test_too_many_columns(void **state) {
    (void) state;
    for (size_t extra = 0; extra < 2; extra++) {
        struct buf file = buf_on_heap(10000);
        append_times(&file, "a,", IMPORT_COLUMNS_MAX - 1 + extra);
        buf_str(&file, STR("a\n"));
        append_times(&file, "1,", IMPORT_COLUMNS_MAX - 1);
        buf_str(&file, STR("1\n"));
        int fd = file_of(buf_text(&file));
        struct reader *reader;
        struct str reason = STR_NONE;
        struct row row;
        enum rc rc = reader_open(fd, READER_CSV, &reader, &reason);
        assert_int_equal(rc, extra ? E_TOO_LARGE : OK);
        assert_int_equal(str_is_set(reason), extra > 0);
        if (rc == OK) {
            assert_int_equal(reader_next(reader, &row), OK);
            assert_int_equal(row.n, IMPORT_COLUMNS_MAX);
            reader_close(&reader);
        }
        close(fd);
        buf_done(&file);
    }
}

static void test_json_lines(void **state) {
    (void) state;
    static const struct text_case cases[] = {
        { STR("{\"a\":\"x\",\"b\":2}\n\n{\"b\":3,\"c\":\" y \"}"),
          "1: a=x|b=2\n3: b=3|c=y\n" },
        { STR("\xEF\xBB\xBF{\"a\":null,\"b\":true,\"c\":[1,\"z\",{\"d\":1.5}]}\r\n"),
          "1: b=true|c=[1,\"z\",{\"d\":1.5}]\n" },
        { STR("[1]\n{\"a\":1}\n"), "1! the line is JSON, but not an object\n2: a=1\n" },
        { STR("{\"a\":\"x\\u0000\"}\n{\"a\":1}\n"), NULL },
        { STR("{\"a\":\n{\"a\":1}\n"), NULL },
        { STR("{\"a\":\"M\xFCller\"}\n"), "1: a=M\xC3\xBCller\n" },
        { STR(""), "" },
        { STR("{}\n"), "" },
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct arena *arena = arena_new();
        struct str got = read_all(arena, READER_JSONL, cases[i].file);
        if (cases[i].expected) {
            assert_str(got, cases[i].expected);
        } else { /* the reason is the JSON reader's */
            assert_true(str_starts(got, STR("1! ")));
            assert_true(str_ends(got, STR("\n2: a=1\n")));
        }
        arena_free(&arena);
    }
}

static void test_json_lines_limits(void **state) {
    (void) state;
    struct buf file = buf_on_heap(IMPORT_ROW_MAX_BYTES * 7);
    buf_str(&file, STR("{\"a\":\""));
    append_times(&file, "x", IMPORT_ROW_MAX_BYTES * 5);
    buf_str(&file, STR("\"}\n{\"a\":\""));
    append_times(&file, "x", IMPORT_ROW_MAX_BYTES);
    buf_str(&file, STR("\"}\n"));
    for (size_t i = 0; i < IMPORT_COLUMNS_MAX + 1; i++)
        buf_printf(&file, "{\"column %zu\":1}\n", i);
    assert_int_equal(buf_result(&file), OK);
    int fd = file_of(buf_text(&file));
    struct reader *reader;
    struct str reason;
    struct row row;
    assert_int_equal(reader_open(fd, READER_JSONL, &reader, &reason), OK);
    for (size_t line = 1; line <= 2 + IMPORT_COLUMNS_MAX + 1; line++) {
        assert_int_equal(reader_next(reader, &row), OK);
        assert_int_equal(row.line, line);
        if (line <= 2)
            assert_str(row.rejected, "the row is longer than 128 KiB");
        else if (line == 2 + IMPORT_COLUMNS_MAX + 1)
            assert_str(row.rejected, "there are more than 512 different member names in the file");
        else
            assert_str(row.rejected, NULL);
    }
    assert_int_equal(reader_next(reader, &row), E_NOT_FOUND);
    assert_int_equal(reader_columns(reader).n, IMPORT_COLUMNS_MAX);
    reader_close(&reader);
    close(fd);
    buf_done(&file);
}

static void test_reads_a_pipe(void **state) {
    (void) state;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], "a;b\n1;2\n", 8), 8);
    close(ends[1]);
    struct reader *reader;
    struct str reason;
    struct row row;
    assert_int_equal(reader_open(ends[0], READER_CSV, &reader, &reason), OK);
    assert_int_equal(reader_delimiter(reader), ';');
    assert_int_equal(reader_next(reader, &row), OK);
    assert_str(row.cells[1].value, "2");
    reader_close(&reader);
    close(ends[0]);
    assert_int_equal(reader_open(-1, READER_CSV, &reader, &reason), E_IO);
}

static void test_real_files(void **state) {
    (void) state;
    static const struct {
        const char *path, *first_column, *second_cell;
        size_t rows, columns;
    } cases[] = {
        { SHARED_DATA "companies_sp500.csv", "Symbol", "3M", 503, 8 },
        { SHARED_DATA "people_us_congress_current.csv", "Bioguide ID", "Maria Cantwell", 537, 14 },
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        int fd = open_shared_data(cases[i].path);
        struct reader *reader;
        struct str reason;
        struct row row;
        size_t rows = 0;
        assert_int_equal(reader_open(fd, READER_CSV, &reader, &reason), OK);
        assert_int_equal(reader_columns(reader).n, cases[i].columns);
        assert_str(reader_columns(reader).p[0], cases[i].first_column);
        for (; reader_next(reader, &row) == OK; rows++) {
            assert_str(row.rejected, NULL);
            assert_int_equal(row.n, cases[i].columns);
            if (rows == 0)
                assert_str(row.cells[1].value, cases[i].second_cell);
        }
        assert_int_equal(rows, cases[i].rows);
        reader_close(&reader);
        close(fd);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_quotes_at_wrong_places),
        cmocka_unit_test(test_encodings),
        cmocka_unit_test(test_encoding_beyond_the_first_block),
        cmocka_unit_test(test_long_rows),
        cmocka_unit_test(test_unclosed_quote_in_a_large_file),
        cmocka_unit_test(test_too_many_columns),
        cmocka_unit_test(test_json_lines),
        cmocka_unit_test(test_json_lines_limits),
        cmocka_unit_test(test_reads_a_pipe),
        cmocka_unit_test(test_real_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
