/* JSON lines: one object per line. Texts are given as they are; numbers, booleans,
 * objects and arrays as JSON text. */
#include <jansson.h>

#include "base/buf.h"
#include "data/csv_private.h"
#include "json/reader.h"

static int append(const char *p, size_t n, void *arg) {
    buf_bytes(arg, p, n);
    return 0;
}

/* A nested value cannot come out longer than the row that it was part of, but for
 * escapes: six bytes for one. */
static struct str value_text(struct arena *arena, const json_t *value) {
    if (json_is_string(value))
        return str_trim((struct str){ json_string_value(value), json_string_length(value) });
    struct buf text = buf_in(arena, IMPORT_ROW_MAX_BYTES * 6);
    if (json_dump_callback(value, append, &text, JSON_COMPACT | JSON_ENCODE_ANY) != 0)
        return STR_NONE;
    return buf_text(&text);
}

/* The column's index, or IMPORT_COLUMNS_MAX when there are too many names. */
static size_t column_index(struct reader *r, struct str name) {
    char *known = map_get(&r->column_of, name);
    if (known)
        return (size_t) (uintptr_t) known - 1;
    size_t index = r->columns.n;
    if (index == IMPORT_COLUMNS_MAX)
        return index;
    if (!r->columns.p)
        r->columns.p = ARENA_ARRAY(r->names, IMPORT_COLUMNS_MAX, struct str);
    r->columns.p[r->columns.n++] = arena_str(r->names, name);
    (void) map_put(&r->column_of, r->columns.p[index], (void *) (uintptr_t) (index + 1));
    return index;
}

/* Returns why the row is refused, or STR_NONE. */
static struct str read_members(struct reader *r, json_t *root) {
    const char *name;
    json_t *value;
    json_object_foreach(root, name, value) {
        if (json_is_null(value))
            continue;
        size_t column = column_index(r, str_trim(str_of(name)));
        if (column == IMPORT_COLUMNS_MAX)
            return STR("there are more than 512 different member names in the file");
        struct str text = value_text(r->arena, value);
        if (!str_is_set(text) || memchr(text.p, 0, text.n))
            return STR("there is a zero byte in the row");
        if (r->n == IMPORT_COLUMNS_MAX)
            return STR("the row has more than 512 members");
        r->cells[r->n++] = (struct cell){ column, text };
    }
    return STR_NONE;
}

/* Returns why the line is refused, or STR_NONE; its cells are in `r` then. */
static struct str read_line(struct reader *r, struct str line) {
    json_t *root;
    struct json_position at = { 0 };
    if (line.n > IMPORT_ROW_MAX_BYTES)
        return STR("the row is longer than 128 KiB");
    if (json_parse(r->arena, line, &root, &at) != OK)
        return arena_printf(r->arena, "not JSON at column %zu: %.*s", at.column,
                            STR_FMT(at.message));
    if (!json_is_object(root))
        return STR("the line is JSON, but not an object");
    return read_members(r, root);
}

enum rc jsonl_next(struct reader *r, struct row *ret_row) {
    for (;;) {
        size_t n = 0;
        arena_reset(r->arena);
        r->n = 0;
        enum rc rc = reader_line(r, 0, &n);
        bool is_endless = rc == E_TOO_LARGE;
        if (rc != OK && !is_endless)
            return rc;
        struct str all = source_peek(r->source);
        struct str line = str_trim(is_endless ? all : str_sub(all, 0, n));
        struct str fault = line.n ? read_line(r, line) : STR_NONE;
        struct row row = { .line = r->line, .cells = r->cells, .n = r->n };
        if (str_is_set(fault))
            reader_reject(r, &row, fault);
        if (is_endless)
            rc = reader_skip_line(r);
        else
            reader_advance(r, n, 1);
        if (rc != OK)
            return rc;
        if (row.n == 0 && !str_is_set(fault))
            continue;
        *ret_row = row;
        return OK;
    }
}
