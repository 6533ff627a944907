/* People, companies, leads and contacts differ in four functions (struct kind). No two rows of one batch
 * may be the same person or company, because each is matched against the database only:
 * a row that may be one of the batch makes the batch be written first. */
#include "import/run.h"

#include "base/buf.h"
#include "base/check.h"
#include "base/map.h"
#include "base/vec.h"
#include "db/db.h"
#include "store/statistics.h"

#define REJECTED_TEXT_BYTES ((size_t) 500)

/* Fewer new rows than this are not worth new statistics. */
#define STATISTICS_ROWS INT64_C(1000)

/* What a row is known by: two keys that are nobody else's, and a name that others have. */
enum { KEY_LINKEDIN, KEY_ADDRESS, KEY_NAME, KEYS };

struct kind {
    size_t row_size;
    enum rc (*parse)(struct arena *arena, const struct column_map *map, const struct row *row,
                     void *ret_row, struct str *ret_reason);
    /* NULL: rows that are the same may be in one batch. */
    void (*keys)(struct arena *arena, const void *row, struct str ret_keys[KEYS]);
    enum rc (*write)(struct ctx *ctx, const struct import_options *options, void *rows, size_t n);
    enum row_result (*result)(const void *row, struct str *ret_reason);
};

struct import {
    struct ctx *ctx;  /* of the caller */
    struct ctx batch_ctx; /* on the arena of the batch */
    const struct import_options *options;
    const struct kind *kind;
    struct reader *reader;
    const struct headers *headers;
    struct column_map map;
    bool checked; /* that every override has its column */
    char *rows;              /* IMPORT_BATCH_ROWS rows, on the arena of the batch */
    size_t lines[IMPORT_BATCH_ROWS];
    struct str texts[IMPORT_BATCH_ROWS]; /* of rows that may yet be rejected */
    size_t n;
    struct map keys;         /* of the batch; values: names_seen of names */
    int64_t known;           /* rows written when the planner's statistics were made */
    struct import_summary summary;
};

/* --- the kinds --- */

static struct str prefixed(struct arena *arena, const char *prefix, struct str key) {
    return str_is_empty(key) ? STR_NONE : arena_printf(arena, "%s:%.*s", prefix, STR_FMT(key));
}

static enum rc parse_person(struct arena *arena, const struct column_map *map,
                            const struct row *row, void *ret_row, struct str *ret_reason) {
    return person_row_of(arena, map, row, ret_row, ret_reason);
}

static void person_keys(struct arena *arena, const void *row, struct str ret_keys[KEYS]) {
    const struct person_row *r = row;
    ret_keys[KEY_LINKEDIN] = prefixed(arena, "linkedin", r->person.linkedin_key);
    ret_keys[KEY_ADDRESS] = prefixed(arena, "email", r->person.email_key);
    ret_keys[KEY_NAME] = prefixed(arena, "name", r->person.name_key);
}

static enum rc write_person_rows(struct ctx *ctx, const struct import_options *options,
                                 void *rows, size_t n) {
    (void) options;
    return import_people(ctx, rows, n);
}

static enum row_result person_result(const void *row, struct str *ret_reason) {
    const struct person_row *r = row;
    *ret_reason = r->reason;
    return r->result;
}

static enum rc parse_company(struct arena *arena, const struct column_map *map,
                             const struct row *row, void *ret_row, struct str *ret_reason) {
    return company_row_of(arena, map, row, ret_row, ret_reason);
}

static void company_keys(struct arena *arena, const void *row, struct str ret_keys[KEYS]) {
    const struct company_row *r = row;
    ret_keys[KEY_LINKEDIN] = prefixed(arena, "linkedin", r->company.linkedin_key);
    ret_keys[KEY_ADDRESS] = prefixed(arena, "domain", r->company.domain);
    ret_keys[KEY_NAME] = prefixed(arena, "name", r->company.name_key);
}

static enum rc write_company_rows(struct ctx *ctx, const struct import_options *options,
                                  void *rows, size_t n) {
    (void) options;
    return import_companies(ctx, rows, n);
}

static enum row_result company_result(const void *row, struct str *ret_reason) {
    const struct company_row *r = row;
    *ret_reason = r->reason;
    return r->result;
}

static enum rc parse_lead(struct arena *arena, const struct column_map *map,
                          const struct row *row, void *ret_row, struct str *ret_reason) {
    *ret_reason = STR_NONE;
    return lead_row_of(arena, map, row, ret_row, ret_reason);
}

static enum rc write_lead_rows(struct ctx *ctx, const struct import_options *options, void *rows,
                               size_t n) {
    return import_leads(ctx, options->into, rows, n);
}

static enum row_result lead_result(const void *row, struct str *ret_reason) {
    const struct lead_row *r = row;
    *ret_reason = r->reason;
    return r->result;
}

static enum rc parse_contact(struct arena *arena, const struct column_map *map,
                             const struct row *row, void *ret_row, struct str *ret_reason) {
    return contact_row_of(arena, map, row, ret_row, ret_reason);
}

/* A contact is never found by name: of its two keys one stands for it. */
static void contact_keys(struct arena *arena, const void *row, struct str ret_keys[KEYS]) {
    const struct contact_row *r = row;
    ret_keys[KEY_LINKEDIN] = prefixed(arena, "linkedin", r->contact.linkedin_key);
    ret_keys[KEY_ADDRESS] = prefixed(arena, "email", r->contact.email);
    struct str key = str_is_set(r->contact.email) ? r->contact.email : r->contact.linkedin_key;
    ret_keys[KEY_NAME] = prefixed(arena, "name", key);
}

static enum rc write_contact_rows(struct ctx *ctx, const struct import_options *options,
                                  void *rows, size_t n) {
    (void) options;
    return import_contacts(ctx, rows, n);
}

static enum row_result contact_result(const void *row, struct str *ret_reason) {
    const struct contact_row *r = row;
    *ret_reason = r->reason;
    return r->result;
}

static const struct kind kinds[] = {
    [IMPORT_PEOPLE] = { sizeof(struct person_row), parse_person, person_keys, write_person_rows,
                        person_result },
    [IMPORT_COMPANIES] = { sizeof(struct company_row), parse_company, company_keys,
                           write_company_rows, company_result },
    [IMPORT_LEADS] = { sizeof(struct lead_row), parse_lead, NULL, write_lead_rows, lead_result },
    [IMPORT_CONTACTS] = { sizeof(struct contact_row), parse_contact, contact_keys,
                          write_contact_rows, contact_result },
};

/* --- batches --- */

static void reset_batch(struct import *im) {
    arena_reset(im->batch_ctx.arena);
    ctx_clear_error(&im->batch_ctx);
    im->rows = arena_array(im->batch_ctx.arena, IMPORT_BATCH_ROWS, im->kind->row_size);
    im->keys = map_in(im->batch_ctx.arena);
    im->n = 0;
}

static void reject(struct import *im, size_t line, struct str reason, struct str text) {
    im->summary.rejected++;
    if (im->options->on_rejected)
        im->options->on_rejected(im->options->arg, line, reason, text);
}

static void count_results(struct import *im) {
    for (size_t i = 0; i < im->n; i++) {
        struct str reason;
        switch (im->kind->result(im->rows + i * im->kind->row_size, &reason)) {
        case ROW_NEW: im->summary.imported++; break;
        case ROW_CHANGED: im->summary.updated++; break;
        case ROW_UNCHANGED: im->summary.unchanged++; break;
        case ROW_REJECTED: reject(im, im->lines[i], reason, im->texts[i]); break;
        }
    }
}

/* A dry run does all of it and then has it rolled back. */
static enum rc write_and_undo(struct ctx *ctx, void *arg) {
    struct import *im = arg;
    enum rc rc = im->kind->write(ctx, im->options, im->rows, im->n);
    return rc == OK ? E_CANCELED : rc;
}

/* Statistics are made when the rows have become ten times as many, from the first few
 * thousand on, and at the end when enough came since; few rows change little. */
static enum rc refresh_statistics(struct import *im, bool at_end) {
    int64_t written = im->summary.imported + im->summary.updated;
    int64_t due = im->known + STATISTICS_ROWS;
    if (!at_end)
        due *= 10;
    if (im->options->dry_run || written < due)
        return OK;
    im->known = written;
    enum rc rc = statistics_refresh(&im->batch_ctx);
    return rc == OK ? OK : fail(im->ctx, rc, "%.*s", STR_FMT(im->batch_ctx.err.text));
}

static enum rc write_batch(struct import *im) {
    if (im->n == 0)
        return OK;
    struct ctx *ctx = &im->batch_ctx;
    enum rc rc = im->options->dry_run ? db_transact(ctx, write_and_undo, im)
                                      : im->kind->write(ctx, im->options, im->rows, im->n);
    if (im->options->dry_run && rc == E_CANCELED)
        rc = OK;
    if (rc != OK)
        return fail(im->ctx, rc, "rows up to line %zu: %.*s", im->lines[im->n - 1],
                    STR_FMT(ctx->err.text));
    count_results(im);
    if (im->options->on_progress)
        im->options->on_progress(im->options->arg, reader_position(im->reader), &im->summary);
    reset_batch(im);
    return refresh_statistics(im, false);
}

/* --- rows --- */

/* JSON lines bring new columns as they come; a CSV file has them all at once. What a
 * column fills is found once, not for every cell. */
static enum rc map_columns(struct import *im) {
    im->map.columns = reader_columns(im->reader);
    for (size_t i = im->map.fields.n; i < im->map.columns.n; i++) {
        struct str column = arena_str(im->ctx->arena, im->map.columns.p[i]);
        strs_add(im->ctx->arena, &im->map.fields, headers_field(im->headers, column));
    }
    if (im->options->format != READER_CSV || im->checked)
        return OK;
    im->checked = true;
    struct str unused = headers_unused(im->headers, im->map.columns);
    if (!str_is_set(unused))
        return OK;
    return fail(im->ctx, E_INVALID, "--map '%.*s': the file has no such column", STR_FMT(unused));
}

/* Which own keys a row has: bit 0 a profile, bit 1 an address. Rows of one name that
 * both have the same kind of key are not the same, since two equal ones never get into
 * one batch. So what matters of the rows of a name is which combinations are among
 * them, one bit for each. */
typedef unsigned char names_seen;

/* For each combination those that have no kind of key in common with it. */
static const names_seen may_be_same[] = { 0xF, 0x5, 0x3, 0x1 };

static bool is_taken(struct import *im, const struct str keys[KEYS], unsigned has) {
    if (map_get(&im->keys, keys[KEY_LINKEDIN]) || map_get(&im->keys, keys[KEY_ADDRESS]))
        return true;
    const names_seen *seen = map_get(&im->keys, keys[KEY_NAME]);
    return seen && (*seen & may_be_same[has]);
}

/* Adds the row's keys to the batch's; false, and none added, when the row may be one
 * that is there. */
static bool claim_keys(struct import *im, const void *row) {
    static char present;
    struct str keys[KEYS] = { 0 };
    if (!im->kind->keys)
        return true;
    im->kind->keys(im->batch_ctx.arena, row, keys);
    unsigned has = str_is_set(keys[KEY_LINKEDIN]) | (unsigned) str_is_set(keys[KEY_ADDRESS]) << 1;
    if (is_taken(im, keys, has))
        return false;
    for (size_t k = 0; k < KEY_NAME; k++)
        if (str_is_set(keys[k]))
            map_put(&im->keys, keys[k], &present);
    names_seen *seen = map_get(&im->keys, keys[KEY_NAME]);
    if (!seen) {
        seen = ARENA_NEW(im->batch_ctx.arena, names_seen);
        map_put(&im->keys, keys[KEY_NAME], seen);
    }
    *seen |= (names_seen) (1u << has);
    return true;
}

/* The beginning of a row, for whoever looks into the rejected ones: cells that fit. */
static struct str text_of(struct arena *arena, const struct row *row) {
    struct buf text = buf_in(arena, REJECTED_TEXT_BYTES);
    for (size_t i = 0; i < row->n && text.n + row->cells[i].value.n < text.max; i++) {
        if (i)
            buf_char(&text, ',');
        buf_str(&text, row->cells[i].value);
    }
    return buf_text(&text);
}

static enum rc add_row(struct import *im, const struct row *row) {
    for (int attempt = 0;; attempt++) {
        char *place = im->rows + im->n * im->kind->row_size;
        struct str reason;
        if (im->kind->parse(im->batch_ctx.arena, &im->map, row, place, &reason) != OK) {
            memset(place, 0, im->kind->row_size);
            reject(im, row->line, reason, text_of(im->batch_ctx.arena, row));
            return OK;
        }
        if (claim_keys(im, place))
            break;
        ASSERT(attempt == 0); /* an empty batch has no keys */
        enum rc rc = write_batch(im);
        if (rc != OK)
            return rc;
    }
    im->texts[im->n] = text_of(im->batch_ctx.arena, row);
    im->lines[im->n++] = row->line;
    bool full = im->n == IMPORT_BATCH_ROWS
                || arena_used(im->batch_ctx.arena) >= IMPORT_BATCH_BYTES;
    return full ? write_batch(im) : OK;
}

static enum rc take_rows(struct import *im) {
    for (;;) {
        struct row row;
        enum rc rc = reader_next(im->reader, &row);
        if (rc == E_NOT_FOUND) {
            rc = write_batch(im);
            return rc == OK ? refresh_statistics(im, true) : rc;
        }
        if (rc != OK)
            return fail(im->ctx, rc, "reading failed");
        if (str_is_set(row.rejected)) {
            reject(im, row.line, row.rejected, row.text);
            continue;
        }
        rc = map_columns(im);
        if (rc == OK)
            rc = add_row(im, &row);
        if (rc != OK)
            return rc;
    }
}

static enum rc run(struct import *im, int fd) {
    struct str reason;
    struct headers *headers;
    enum rc rc = headers_new(im->ctx->arena,
                             im->options->kind == IMPORT_COMPANIES ? HEADERS_COMPANIES
                                                                   : HEADERS_PEOPLE,
                             im->options->overrides, &headers, &reason);
    if (rc == OK)
        rc = reader_open(fd, im->options->format, &im->reader, &reason);
    if (rc != OK)
        return fail(im->ctx, rc, "%.*s", STR_FMT(reason));
    im->headers = headers;
    rc = map_columns(im);
    return rc == OK ? take_rows(im) : rc;
}

enum rc import_run(struct ctx *ctx, int fd, const struct import_options *options,
                   struct import_summary *ret_summary) {
    struct import im = { .ctx = ctx, .batch_ctx = *ctx, .options = options,
                         .kind = &kinds[options->kind] };
    im.batch_ctx.arena = arena_new();
    reset_batch(&im);
    enum rc rc = run(&im, fd);
    *ret_summary = im.summary;
    reader_close(&im.reader);
    arena_free(&im.batch_ctx.arena);
    return rc;
}
