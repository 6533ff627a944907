/* Reading rows: single values with the conversions that both engines share, and rows
 * into structs by field table. */
#include <math.h>

#include "base/check.h"
#include "base/utf8.h"
#include "base/vec.h"
#include "db/engine.h"
#include "json/reader.h"
#include "json/writer.h"

size_t db_columns(const struct db_rows *rows) {
    return rows->columns;
}

const char *db_column_name(const struct db_rows *rows, size_t column) {
    ASSERT(rows->session && column < rows->columns);
    return rows->session->db->engine->column_name(rows, column);
}

static struct db_value value(const struct db_rows *rows, size_t column) {
    ASSERT(rows->on_row && column < rows->columns);
    return rows->session->db->engine->column(rows, column);
}

bool db_is_null(const struct db_rows *rows, size_t column) {
    return value(rows, column).kind == DB_KIND_NULL;
}

static int64_t real_to_int(double r) {
    if (isnan(r))
        return 0;
    if (r >= 0x1p63)
        return INT64_MAX;
    return r < -0x1p63 ? INT64_MIN : (int64_t) r;
}

static int64_t value_int(struct db_value v) {
    int64_t parsed = 0;
    switch (v.kind) {
    case DB_KIND_INT:
        return v.i;
    case DB_KIND_REAL:
        return real_to_int(v.r);
    case DB_KIND_TEXT:
        return str_to_i64(v.s, &parsed) == OK ? parsed : 0;
    case DB_KIND_NULL:
    case DB_KIND_BLOB:
        break;
    }
    return 0;
}

int64_t db_int(const struct db_rows *rows, size_t column) {
    return value_int(value(rows, column));
}

double db_real(const struct db_rows *rows, size_t column) {
    struct db_value v = value(rows, column);
    return v.kind == DB_KIND_REAL ? v.r : (double) value_int(v);
}

static struct str value_text(struct arena *arena, struct db_value v) {
    switch (v.kind) {
    case DB_KIND_TEXT:
    case DB_KIND_BLOB:
        return arena_str(arena, v.s);
    case DB_KIND_INT:
        return arena_printf(arena, "%lld", (long long) v.i);
    case DB_KIND_REAL:
        return arena_printf(arena, "%.17g", v.r);
    case DB_KIND_NULL:
        break;
    }
    return STR_NONE;
}

struct str db_text(const struct db_rows *rows, size_t column) {
    return value_text(rows->ctx->arena, value(rows, column));
}

static const struct field *field_named(const struct fields *fields, const char *name) {
    for (size_t i = 0; i < fields->n; i++)
        if (!(fields->rows[i].flags & FIELD_CONSTANT) && strcmp(fields->rows[i].name, name) == 0)
            return &fields->rows[i];
    return NULL;
}

/* Looks the columns' names up once for all rows. */
static void match_columns(struct ctx *ctx, struct db_rows *rows, const struct fields *fields) {
    if (rows->by_column && rows->fields == fields)
        return;
    rows->fields = fields;
    rows->by_field = NULL;
    rows->by_column = ARENA_ARRAY(ctx->arena, rows->columns, const struct field *);
    for (size_t i = 0; i < rows->columns; i++)
        rows->by_column[i] = field_named(fields, db_column_name(rows, i));
}

/* What a NULL column leaves in the member. */
static const size_t member_bytes[] = {
    [FIELD_STR] = sizeof(struct str),       [FIELD_ID] = sizeof(struct str),
    [FIELD_ENUM] = sizeof(struct str),      [FIELD_INT] = sizeof(struct opt_int),
    [FIELD_TIME] = sizeof(struct opt_int),  [FIELD_TIME_MS] = sizeof(struct opt_int),
    [FIELD_DATE] = sizeof(struct str),      [FIELD_BOOL] = sizeof(enum tri),
    [FIELD_STRS] = sizeof(struct strs),     [FIELD_INTS] = sizeof(struct ints),
    [FIELD_COUNTS] = sizeof(struct counts), [FIELD_OBJECT] = sizeof(void *),
    [FIELD_LIST] = sizeof(struct list),     [FIELD_JSON] = sizeof(struct str),
};

static enum rc read_member(struct ctx *ctx, const struct field *field, struct db_value v,
                           void *object) {
    void *member = (char *) object + field->offset;
    if (v.kind == DB_KIND_NULL) {
        memset(member, 0, member_bytes[field->type]);
        return OK;
    }
    switch (field->type) {
    case FIELD_STR:
    case FIELD_ID:
    case FIELD_ENUM:
    case FIELD_DATE:
    case FIELD_JSON:
        *(struct str *) member = value_text(ctx->arena, v);
        return OK;
    case FIELD_INT:
    case FIELD_TIME:
    case FIELD_TIME_MS:
        *(struct opt_int *) member = opt_int(value_int(v));
        return OK;
    case FIELD_BOOL:
        *(enum tri *) member = tri_of(value_int(v) != 0);
        return OK;
    case FIELD_STRS:
    case FIELD_INTS:
    case FIELD_COUNTS:
    case FIELD_OBJECT:
    case FIELD_LIST:
        break;
    }
    return field_from_json(ctx, field, value_text(ctx->arena, v), object);
}

enum rc db_row(struct ctx *ctx, struct db_rows *rows, const struct fields *fields,
               void *ret_struct) {
    match_columns(ctx, rows, fields);
    for (size_t i = 0; i < rows->columns; i++) {
        const struct field *field = rows->by_column[i];
        enum rc rc = field ? read_member(ctx, field, value(rows, i), ret_struct) : OK;
        if (rc != OK)
            return fail(ctx, E_DB, "%s: column %s does not hold what its field says", rows->name,
                        field->name);
    }
    return OK;
}

/* Columns mostly come in the order of the fields, so each is looked for behind the last. */
static size_t column_named(const struct db_rows *rows, const char *name, size_t *at) {
    for (size_t i = 0; i < rows->columns; i++) {
        size_t column = (*at + i) % rows->columns;
        if (strcmp(db_column_name(rows, column), name) == 0) {
            *at = column + 1;
            return column;
        }
    }
    return SIZE_MAX;
}

static const size_t *columns_of(struct db_rows *rows, const struct fields *fields) {
    if (rows->by_field && rows->fields == fields)
        return rows->by_field;
    size_t *columns = ARENA_ARRAY(rows->ctx->arena, fields->n, size_t), at = 0;
    for (size_t i = 0; i < fields->n; i++) {
        bool has_none = fields->rows[i].flags & (FIELD_HIDDEN | FIELD_CONSTANT);
        columns[i] = has_none ? SIZE_MAX : column_named(rows, fields->rows[i].name, &at);
    }
    rows->fields = fields;
    rows->by_column = NULL;
    rows->by_field = columns;
    return columns;
}

static void write_column(struct json_writer *w, const struct field *field, struct db_value v) {
    bool is_null = v.kind == DB_KIND_NULL;
    struct opt_int number = { .set = !is_null };
    struct str text = v.kind == DB_KIND_TEXT ? v.s : STR_NONE;
    enum tri truth = UNSET;
    switch (field->type) {
    case FIELD_STR:
    case FIELD_ID:
    case FIELD_ENUM:
    case FIELD_DATE:
        json_member(w, field, &text);
        return;
    case FIELD_INT:
    case FIELD_TIME:
    case FIELD_TIME_MS:
        number.v = value_int(v);
        json_member(w, field, &number);
        return;
    case FIELD_BOOL:
        truth = is_null ? UNSET : tri_of(value_int(v) != 0);
        json_member(w, field, &truth);
        return;
    case FIELD_STRS:
    case FIELD_INTS:
    case FIELD_COUNTS:
    case FIELD_OBJECT:
    case FIELD_LIST:
    case FIELD_JSON:
        break;
    }
    json_member_text(w, field, text);
}

void db_row_json(struct db_rows *rows, const struct row_json *how, struct json_writer *w) {
    const size_t *columns = columns_of(rows, how->fields);
    json_begin_object(w);
    for (size_t i = 0; i < how->fields->n; i++) {
        const struct field *field = &how->fields->rows[i];
        if (field->flags & FIELD_CONSTANT)
            json_member(w, field, NULL);
        else if (columns[i] != SIZE_MAX)
            write_column(w, field, value(rows, columns[i]));
        else if (field->type == FIELD_OBJECT && !(field->flags & FIELD_HIDDEN))
            how->object(how->arg, w, field);
    }
    json_end_object(w);
}

enum rc db_get(struct ctx *ctx, const struct query *query, struct db_args args,
               const struct fields *fields, void *ret_struct) {
    struct db_rows rows;
    enum rc rc = rows_query(ctx, query, args, &rows);
    if (rc != OK)
        return rc;
    bool found = db_next(&rows);
    if (found)
        rc = db_row(ctx, &rows, fields, ret_struct);
    enum rc closed = db_rows_close(&rows);
    if (rc != OK || closed != OK)
        return rc != OK ? rc : closed;
    return found ? OK : E_NOT_FOUND;
}

enum rc db_list(struct ctx *ctx, const struct query *query, struct db_args args,
                const struct fields *fields, struct list *ret_list) {
    struct db_rows rows;
    struct list list = { 0 };
    enum rc rc = rows_query(ctx, query, args, &rows);
    if (rc != OK)
        return rc;
    while (rc == OK && db_next(&rows))
        rc = db_row(ctx, &rows, fields, list_add(ctx->arena, &list, fields->size));
    enum rc closed = db_rows_close(&rows);
    if (rc != OK || closed != OK)
        return rc != OK ? rc : closed;
    *ret_list = list;
    return OK;
}

/* The first column of the first row. */
static enum rc get_value(struct ctx *ctx, const struct query *query, struct db_args args,
                         int64_t *ret_int, struct str *ret_text) {
    struct db_rows rows;
    enum rc rc = rows_query(ctx, query, args, &rows);
    if (rc != OK)
        return rc;
    bool found = db_next(&rows);
    int64_t number = found && ret_int ? db_int(&rows, 0) : 0;
    struct str text = found && ret_text ? db_text(&rows, 0) : STR_NONE;
    rc = db_rows_close(&rows);
    if (rc != OK || !found)
        return rc != OK ? rc : E_NOT_FOUND;
    if (ret_int)
        *ret_int = number;
    if (ret_text)
        *ret_text = text;
    return OK;
}

enum rc db_get_int(struct ctx *ctx, const struct query *query, struct db_args args,
                   int64_t *ret_value) {
    return get_value(ctx, query, args, ret_value, NULL);
}

enum rc db_get_text(struct ctx *ctx, const struct query *query, struct db_args args,
                    struct str *ret_value) {
    return get_value(ctx, query, args, NULL, ret_value);
}
