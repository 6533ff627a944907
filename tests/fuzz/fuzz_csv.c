/* Any bytes as an imported file: the first byte chooses the format. Rows must be given
 * in the order of their lines, and their texts must be UTF-8. */
#include <sys/mman.h>
#include <unistd.h>

#include "base/check.h"
#include "base/utf8.h"
#include "data/csv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_row(const struct reader *reader, const struct row *row, size_t last_line) {
    ASSERT(row->line >= last_line);
    ASSERT(!str_is_set(row->rejected) || utf8_is_valid(row->text));
    for (size_t i = 0; i < row->n; i++) {
        ASSERT(row->cells[i].column < reader_columns(reader).n);
        ASSERT(utf8_is_valid(row->cells[i].value));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0)
        return 0;
    int fd = memfd_create("fuzz", 0);
    ASSERT(fd >= 0);
    ASSERT(write(fd, data + 1, size - 1) == (ssize_t) size - 1);
    ASSERT(lseek(fd, 0, SEEK_SET) == 0);
    struct reader *reader;
    struct str reason;
    struct row row;
    enum reader_format format = data[0] & 1 ? READER_JSONL : READER_CSV;
    if (reader_open(fd, format, &reader, &reason) == OK) {
        size_t line = 1;
        while (reader_next(reader, &row) == OK) {
            check_row(reader, &row, line);
            line = row.line;
        }
        reader_close(&reader);
    }
    close(fd);
    return 0;
}
