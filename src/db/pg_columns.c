/* Rows of values as an array for each column, in the binary form of arrays: what array_recv of
 * PostgreSQL reads. Numbers are in network order. */
#include <endian.h>

#include "base/check.h"
#include "db/pg.h"

enum { OID_INT8_ARRAY = 1016, OID_TEXT_ARRAY = 1009 };

static void add_u32(struct buf *b, uint32_t v) {
    uint32_t wire = htobe32(v);
    buf_bytes(b, &wire, sizeof wire);
}

static bool is_int(const struct db_value *v) {
    return v->kind == DB_KIND_INT || (v->kind == DB_KIND_NULL && v->null_of == DB_KIND_INT);
}

static void add_element(struct buf *b, const struct db_value *v) {
    uint64_t wire = htobe64((uint64_t) v->i);
    if (v->kind == DB_KIND_NULL) {
        add_u32(b, UINT32_MAX);
    } else if (v->kind == DB_KIND_INT) {
        add_u32(b, sizeof wire);
        buf_bytes(b, &wire, sizeof wire);
    } else {
        add_u32(b, (uint32_t) v->s.n);
        buf_str(b, v->s);
    }
}

/* One dimension, counted from 1. */
static void add_array(struct buf *b, struct db_table rows, size_t column) {
    const struct db_value *v = rows.p + column;
    bool ints = is_int(v), nulls = false;
    for (size_t i = 0; i < rows.n; i++) {
        const struct db_value *one = &v[i * rows.width];
        ASSERT(is_int(one) == ints && one->kind != DB_KIND_BLOB && one->kind != DB_KIND_REAL);
        nulls = nulls || one->kind == DB_KIND_NULL;
    }
    const uint32_t head[] = { 1, nulls, ints ? OID_INT8 : OID_TEXT, (uint32_t) rows.n, 1 };
    for (size_t i = 0; i < sizeof head / sizeof head[0]; i++)
        add_u32(b, head[i]);
    for (size_t i = 0; i < rows.n; i++)
        add_element(b, &v[i * rows.width]);
}

const char *pg_add_columns(struct parameters *p, struct db_table rows, struct buf *bytes) {
    size_t first = (size_t) p->n, ends[PARAMETERS_MAX];
    if (first + rows.width > PARAMETERS_MAX)
        return "too many columns";
    for (size_t k = 0; k < rows.width; k++) {
        add_array(bytes, rows, k);
        ends[k] = bytes->n;
    }
    if (buf_result(bytes) != OK)
        return "the rows are too long";
    for (size_t k = 0; k < rows.width; k++) { /* the bytes stay where they are from here on */
        size_t begin = k ? ends[k - 1] : 0, i = first + k;
        p->types[i] = is_int(rows.p + k) ? OID_INT8_ARRAY : OID_TEXT_ARRAY;
        p->values[i] = bytes->p + begin;
        p->lengths[i] = (int) (ends[k] - begin);
        p->formats[i] = 1;
    }
    p->n += (int) rows.width;
    return NULL;
}
