/* Rows come from the cache where it has them, the others in one query, each made into text
 * once. A person's text has a gap for the company (struct shown), so that one text of a
 * company serves all of its people and a change of it makes none of theirs old. */
#include "store/shown.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/limits.h"
#include "base/vec.h"
#include "data/places.h"
#include "db/db.h"
#include "db/sql.h"
#include "json/writer.h"
#include "store/people.h"
#include "store/queries.h"

/* Of people, and of their companies: rows are limited when they are stored, so this is only
 * met by a full page of the longest ones, with an escape for every other letter. */
#define TEXTS_MAX_BYTES (PAGE_ITEMS_MAX * 2 * STORED_ROW_MAX_BYTES)

enum { PAGE_USUAL_BYTES = 48 * 1024 };

/* What every query begins with; then what is shown, in the order of the fields. */
enum { AT_DOC, AT_COMPANY, AT_CITY, AT_REGION, AT_COUNTRY };

#define PEOPLE                                                                               \
    "SELECT p.doc, c.doc AS company_doc, p.city, p.region, p.country, p.id, p.name, "        \
    "p.first_name, p.last_name, p.linkedin_url, p.gender, p.title, p.headline, p.about, "    \
    "p.current_position_start_date, p.current_position_description, p.image_url, "           \
    "p.image_url AS logo_url, p.location, p.experiences, p.educations, p.languages "         \
    "FROM people p LEFT JOIN companies c ON c.id = p.company_id WHERE p.doc "
#define COMPANIES                                                                            \
    "SELECT doc, doc AS company_doc, city, region, country, id, name, linkedin_url, website, " \
    "overview, logo_url, founded_year, traffic_rank, sic_codes, naics_codes, type, "         \
    "total_funding, latest_funding_stage, latest_funding_date, keywords, "                   \
    "estimated_number_of_employees, followers, size, industry, location, locations, "        \
    "is_b2b, is_b2c, technologies, department_headcount, job_function_headcount, "           \
    "estimated_revenue, revenue FROM companies WHERE doc "
#define SET_SQLITE "IN (SELECT value FROM json_each($1))"
#define SET_PG "= ANY (ARRAY(SELECT value::bigint FROM json_array_elements_text($1::json)))"

static const struct query select_people
    = { "people_shown", PEOPLE SET_SQLITE, PEOPLE SET_PG };
static const struct query select_companies
    = { "companies_shown", COMPANIES SET_SQLITE, COMPANIES SET_PG };
static const struct query *const queries[] = { &select_people, &select_companies };
const struct query_table shown_queries = QUERY_TABLE(queries);

static const struct kind {
    enum shown_kind kind;
    const struct query *query;
    const struct fields *fields;
} people = { SHOWN_PERSON, &select_people, &person_fields },
  companies = { SHOWN_COMPANY, &select_companies, &company_fields };

struct entry {
    int64_t doc;
    bool found;
    struct shown shown;
};

/* Ascending by doc, each once. */
struct entries {
    struct entry *p;
    size_t n;
};

static int compare_docs(const void *a, const void *b) {
    const int64_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static struct entries entries_of(struct arena *arena, struct ints docs) {
    int64_t *sorted = ARENA_ARRAY(arena, docs.n, int64_t);
    struct entries entries = { .p = ARENA_ARRAY(arena, docs.n, struct entry) };
    if (docs.n)
        memcpy(sorted, docs.p, docs.n * sizeof *sorted);
    qsort(sorted, docs.n, sizeof *sorted, compare_docs);
    for (size_t i = 0; i < docs.n; i++)
        if (i == 0 || sorted[i] != sorted[i - 1])
            entries.p[entries.n++].doc = sorted[i];
    return entries;
}

static struct entry *entry_of(struct entries entries, int64_t doc) {
    _Static_assert(offsetof(struct entry, doc) == 0, "an entry is compared by its doc");
    return bsearch(&doc, entries.p, entries.n, sizeof *entries.p, compare_docs);
}

/* --- rows into text --- */

struct rendering {
    struct ctx *ctx;
    const struct db_rows *rows;
    size_t split;
};

static void write_object(void *arg, struct json_writer *w, const struct field *field) {
    struct rendering *r = arg;
    if (field->of == &company_fields) {
        r->split = w->out->n;
        return;
    }
    struct location_details *details = &(struct location_details){
        db_text(r->rows, AT_CITY), db_text(r->rows, AT_REGION),
        country_name(db_text(r->rows, AT_COUNTRY)) };
    bool is_known = !db_is_null(r->rows, AT_CITY) || !db_is_null(r->rows, AT_REGION)
                    || !db_is_null(r->rows, AT_COUNTRY);
    json_member(w, field, is_known ? &details : &(struct location_details *){ NULL });
}

static void read_row(struct ctx *ctx, const struct kind *kind, struct db_rows *rows,
                     struct buf *out, struct shown *shown) {
    struct rendering rendering = { ctx, rows, 0 };
    struct row_json how = { kind->fields, write_object, &rendering };
    buf_clear(out);
    struct json_writer w = json_writer(out);
    db_row_json(rows, &how, &w);
    shown->json = arena_str(ctx->arena, buf_text(out));
    shown->split = rendering.split;
    shown->company = db_int(rows, AT_COMPANY);
}

static enum rc read_missing(struct ctx *ctx, const struct kind *kind, struct ints missing,
                            struct entries entries) {
    struct db_rows *rows;
    enum rc rc = db_query(ctx, kind->query, DB_ARGS(sql_ints(ctx->arena, missing)), &rows);
    if (rc != OK)
        return rc;
    struct buf out = buf_on_heap(TEXTS_MAX_BYTES);
    size_t bytes = 0;
    while (rc == OK && db_next(rows)) {
        struct entry *entry = entry_of(entries, db_int(rows, AT_DOC));
        read_row(ctx, kind, rows, &out, &entry->shown);
        entry->found = true;
        bytes += out.n;
        if (buf_result(&out) != OK || bytes > TEXTS_MAX_BYTES)
            rc = fail(ctx, E_IO, "the rows of a page are larger than %zu bytes", TEXTS_MAX_BYTES);
    }
    buf_done(&out);
    enum rc closed = db_rows_close(rows);
    return rc == OK ? closed : rc;
}

static enum rc read_entries(struct ctx *ctx, const struct kind *kind, struct shown_cache *cache,
                            struct entries entries) {
    struct ints missing = { 0 };
    for (size_t i = 0; i < entries.n; i++) {
        struct entry *e = &entries.p[i];
        e->found = cache && shown_cache_get(cache, kind->kind, e->doc, ctx->arena, &e->shown);
        if (!e->found)
            ints_add(ctx->arena, &missing, e->doc);
    }
    enum rc rc = missing.n ? read_missing(ctx, kind, missing, entries) : OK;
    for (size_t i = 0; rc == OK && cache && i < missing.n; i++) {
        const struct entry *e = entry_of(entries, missing.p[i]);
        if (e->found)
            shown_cache_put(cache, kind->kind, e->doc, &e->shown);
    }
    return rc;
}

/* --- texts into a page --- */

static void put_person(struct buf *out, const struct shown *person, struct entries of) {
    const struct entry *company = entry_of(of, person->company);
    buf_str(out, str_sub(person->json, 0, person->split));
    buf_str(out, STR(",\"company\":"));
    buf_str(out, company && company->found ? company->shown.json : STR("null"));
    buf_str(out, str_sub(person->json, person->split, person->json.n));
}

static void free_page(void *arg) {
    buf_done(arg);
}

/* On the heap: on the arena it would stay several times, as it grows. Mostly it need not. */
static struct buf *page_buf(struct arena *arena) {
    struct buf *page = ARENA_NEW(arena, struct buf);
    *page = buf_on_heap(SIZE_MAX / 2);
    arena_defer(arena, free_page, page);
    (void) buf_space(page, PAGE_USUAL_BYTES);
    return page;
}

/* People have the companies in `of`. */
static void put_page(struct ctx *ctx, struct ints docs, struct entries rows,
                     const struct entries *of, struct shown_page *ret_page) {
    struct buf *page = page_buf(ctx->arena);
    size_t n = 0;
    buf_char(page, '[');
    for (size_t i = 0; i < docs.n; i++) {
        const struct entry *row = entry_of(rows, docs.p[i]);
        if (!row->found)
            continue;
        if (n++)
            buf_char(page, ',');
        if (of)
            put_person(page, &row->shown, *of);
        else
            buf_str(page, row->shown.json);
    }
    buf_char(page, ']');
    *ret_page = (struct shown_page){ buf_text(page), n };
}

enum rc people_shown(struct ctx *ctx, struct shown_cache *cache, struct ints docs,
                     struct shown_page *ret_page) {
    struct entries rows = entries_of(ctx->arena, docs);
    enum rc rc = read_entries(ctx, &people, cache, rows);
    if (rc != OK)
        return rc;
    struct ints theirs = { 0 };
    for (size_t i = 0; i < rows.n; i++)
        if (rows.p[i].found && rows.p[i].shown.company)
            ints_add(ctx->arena, &theirs, rows.p[i].shown.company);
    struct entries of = entries_of(ctx->arena, theirs);
    rc = read_entries(ctx, &companies, cache, of);
    if (rc == OK)
        put_page(ctx, docs, rows, &of, ret_page);
    return rc;
}

enum rc companies_shown(struct ctx *ctx, struct shown_cache *cache, struct ints docs,
                        struct shown_page *ret_page) {
    struct entries rows = entries_of(ctx->arena, docs);
    enum rc rc = read_entries(ctx, &companies, cache, rows);
    if (rc == OK)
        put_page(ctx, docs, rows, NULL, ret_page);
    return rc;
}
