#include "import/export.h"

#include "base/check.h"
#include "base/limits.h"
#include "base/map.h"
#include "base/vec.h"
#include "db/db.h"
#include "import/kind.h"
#include "json/writer.h"
#include "store/contact_details.h"
#include "store/lead_entries.h"

/* Rows that are in memory at once. A person comes with its company; making it again takes
 * as much again, for keys and tags. Cells have an arena of their own, row by row. */
enum { WALK_ROWS = 100, CELL_MAX_BYTES = 4 * 1024 * 1024 };
_Static_assert(WALK_ROWS * 2 * 2 * STORED_ROW_MAX_BYTES < ARENA_BACKSTOP_BYTES,
               "the rows fit on an arena");
_Static_assert(CELL_MAX_BYTES > 8 * STORED_ROW_MAX_BYTES, "every cell can be written");

/* A column: its name for the import, and the field that fills it. */
struct column {
    const char *name, *field;
};

static const struct column person_columns[] = {
    { "name", "name" },
    { "first_name", "first_name" },
    { "last_name", "last_name" },
    { "title", "title" },
    { "headline", "headline" },
    { "about", "about" },
    { "linkedin_url", "linkedin_url" },
    { "email", "stored_email" },
    { "gender", "gender" },
    { "image_url", "image_url" },
    { "location", "location" },
    { "city", "city" },
    { "region", "region" },
    { "country", "country" },
    { "keywords", "keywords" },
    { "experiences", "experiences" },
    { "educations", "educations" },
    { "languages", "languages" },
    { "seniority", "seniority" },
    { "departments", "departments" },
    { "job_functions", "job_functions" },
    { "current_position_start_date", "current_position_start_date" },
    { "current_position_description", "current_position_description" },
    { "extra", "extra" },
};

static const struct column company_columns[] = {
    { "name", "name" },
    { "domain", "domain" },
    { "linkedin_url", "linkedin_url" },
    { "website", "website" },
    { "overview", "overview" },
    { "logo_url", "logo_url" },
    { "founded_year", "founded_year" },
    { "traffic_rank", "traffic_rank" },
    { "sic_codes", "sic_codes" },
    { "naics_codes", "naics_codes" },
    { "type", "type" },
    { "total_funding", "total_funding" },
    { "latest_funding_stage", "latest_funding_stage" },
    { "latest_funding_date", "latest_funding_date" },
    { "keywords", "keywords" },
    { "estimated_number_of_employees", "estimated_number_of_employees" },
    { "size", "size" },
    { "followers", "followers" },
    { "industry", "industry" },
    { "location", "location" },
    { "city", "city" },
    { "region", "region" },
    { "country", "country" },
    { "technologies", "technologies" },
    { "revenue", "revenue" },
    { "estimated_revenue", "estimated_revenue" },
    { "locations", "locations" },
    { "is_b2b", "is_b2b" },
    { "is_b2c", "is_b2c" },
    { "department_headcount", "department_headcount" },
    { "job_function_headcount", "job_function_headcount" },
    { "extra", "extra" },
};

/* Of a person's company: what names it. The rest is in the export of companies. */
static const struct column employer_columns[] = {
    { "company_name", "name" },
    { "company_domain", "domain" },
    { "company_linkedin_url", "linkedin_url" },
};

/* Phone numbers by their type; the first column takes those of every other type. */
static const struct column phone_columns[] = {
    { "phone", NULL },
    { "mobile_phone", "mobile" },
    { "work_phone", "office" },
    { "home_phone", "landline" },
};

/* Of an entry of a lead list; phone numbers follow. */
static const struct column lead_columns[] = {
    { "linkedin_url", "linkedin_url" },
    { "email", "email" },
    { "first_name", "first_name" },
    { "last_name", "last_name" },
    { "title", "title" },
    { "company_name", "company_name" },
    { "company_domain", "company_domain" },
    { "company_industry", "industry" },
    { "email_validation_result", "result" },
    { "catch_all", "catch_all" },
    { "person_id", "person_id" },
    { "extra", "data" },
};

/* Of a contact; phone numbers follow. */
static const struct column contact_columns[] = {
    { "email", "email" },
    { "linkedin_url", "linkedin_url" },
    { "first_name", "first_name" },
    { "last_name", "last_name" },
    { "title", "title" },
    { "location", "location" },
    { "time_zone", "time_zone" },
    { "company_name", "company_name" },
    { "company_domain", "company_domain" },
    { "owner", "owner" },
    { "last_contacted_at", "last_contacted_at" },
};

struct cell_writer {
    struct arena *arena; /* of the row that is written */
    FILE *out;
    enum reader_format format;
    bool first;
};

/* --- cells --- */

static struct str joined(struct arena *arena, struct strs values) {
    struct buf text = buf_in(arena, CELL_MAX_BYTES);
    for (size_t i = 0; i < values.n; i++) {
        if (i)
            buf_str(&text, STR("; "));
        buf_str(&text, values.p[i]);
    }
    return buf_text(&text);
}

static struct str joined_numbers(struct arena *arena, struct ints values) {
    struct buf text = buf_in(arena, CELL_MAX_BYTES);
    for (size_t i = 0; i < values.n; i++) {
        if (i)
            buf_str(&text, STR("; "));
        buf_i64(&text, values.p[i]);
    }
    return buf_text(&text);
}

static struct str as_json(struct arena *arena, const struct field *field, const void *object) {
    struct buf text = buf_in(arena, CELL_MAX_BYTES);
    struct json_writer w = json_writer(&text);
    json_field_value(&w, field, object);
    return buf_text(&text);
}

/* The member as the text that the import reads back. */
static struct str cell_text(struct arena *arena, const struct fields *fields, const char *name,
                            const void *object) {
    const struct field *field = field_find(fields, str_of(name));
    ASSERT(field);
    const void *member = (const char *) object + field->offset;
    if (!field_is_set(field, object))
        return STR("");
    switch (field->type) {
    case FIELD_STRS: return joined(arena, *(const struct strs *) member);
    case FIELD_INTS: return joined_numbers(arena, *(const struct ints *) member);
    case FIELD_INT:
        return arena_printf(arena, "%lld", (long long) ((const struct opt_int *) member)->v);
    case FIELD_BOOL: return *(const enum tri *) member == YES ? STR("true") : STR("false");
    case FIELD_COUNTS:
    case FIELD_LIST: return as_json(arena, field, object);
    case FIELD_TIME: return time_iso(arena, ((const struct opt_int *) member)->v);
    default: return *(const struct str *) member;
    }
}

static void write_csv_cell(FILE *out, struct str text) {
    bool quote = false;
    for (size_t i = 0; i < text.n && !quote; i++)
        quote = text.p[i] == '"' || text.p[i] == ',' || text.p[i] == '\n' || text.p[i] == '\r';
    if (!quote) {
        fwrite(text.p, 1, text.n, out);
        return;
    }
    fputc('"', out);
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] == '"')
            fputc('"', out);
        fputc(text.p[i], out);
    }
    fputc('"', out);
}

/* The column `extra` stays an object in JSON lines. */
static void write_json_member(struct cell_writer *w, const char *name, struct str text) {
    struct buf value = buf_in(w->arena, 8 * CELL_MAX_BYTES);
    if (strcmp(name, "extra") == 0) {
        buf_str(&value, text);
    } else {
        buf_char(&value, '"');
        buf_json(&value, text);
        buf_char(&value, '"');
    }
    fprintf(w->out, "%s\"%s\":%.*s", w->first ? "" : ",", name, STR_FMT(buf_text(&value)));
}

/* One cell. Empty ones are left out of JSON lines. */
static void write_cell(struct cell_writer *w, const char *name, struct str text) {
    if (w->format == READER_CSV) {
        if (!w->first)
            fputc(',', w->out);
        write_csv_cell(w->out, text);
        w->first = false;
    } else if (text.n) {
        write_json_member(w, name, text);
        w->first = false;
    }
}

static void write_columns(struct cell_writer *w, const struct column *columns, size_t n,
                          const struct fields *fields, const void *object) {
    for (size_t i = 0; i < n; i++)
        write_cell(w, columns[i].name,
                   object ? cell_text(w->arena, fields, columns[i].field, object) : STR(""));
}

static size_t phone_column_of(const struct phone_number *phone) {
    for (size_t i = 1; i < LENGTH(phone_columns); i++)
        if (str_eq(phone->type, str_of(phone_columns[i].field)))
            return i;
    return 0;
}

/* `phones` are those of one person, `n` of them. */
static void write_phones(struct cell_writer *w, const struct phone_number *phones, size_t n) {
    for (size_t c = 0; c < LENGTH(phone_columns); c++) {
        struct strs numbers = { 0 };
        for (size_t i = 0; i < n; i++)
            if (phone_column_of(&phones[i]) == c)
                strs_add(w->arena, &numbers, phones[i].number);
        write_cell(w, phone_columns[c].name, joined(w->arena, numbers));
    }
}

static void begin_row(struct cell_writer *w) {
    w->first = true;
    if (w->format == READER_JSONL)
        fputc('{', w->out);
}

static void end_row(struct cell_writer *w) {
    arena_reset(w->arena);
    fputs(w->format == READER_JSONL ? "}\n" : "\n", w->out);
}

static void write_header(FILE *out, const struct column *columns, size_t n, bool *first) {
    for (size_t i = 0; i < n; i++) {
        fprintf(out, "%s%s", *first ? "" : ",", columns[i].name);
        *first = false;
    }
}

/* --- the kinds --- */

struct walk {
    struct cell_writer writer; /* export */
    const struct row_kind *kind; /* rederive */
    int64_t rows;
};

/* Handles a batch of rows; `doc` of the last one goes to *ret_last. */
typedef enum rc walk_step(struct ctx *ctx, struct walk *walk, int64_t after, int64_t *ret_last,
                          size_t *ret_n);

/* Phone numbers by person, and where each person's begin: id -> position + 1. */
static enum rc load_phones(struct ctx *ctx, struct list people, struct list *ret_phones,
                           struct map *ret_first) {
    const struct person *p = people.p;
    struct strs ids = { 0 };
    for (size_t i = 0; i < people.n; i++)
        strs_add(ctx->arena, &ids, p[i].id);
    enum rc rc = phone_numbers_of(ctx, ids, ret_phones);
    const struct phone_number *phones = ret_phones->p;
    for (size_t i = 0; rc == OK && i < ret_phones->n; i++)
        if (!map_get(ret_first, phones[i].person_id))
            map_put(ret_first, phones[i].person_id, (void *) (uintptr_t) (i + 1));
    return rc;
}

static void write_person(struct cell_writer *w, const struct person *p, struct list phones,
                         const struct map *first) {
    size_t from = (size_t) (uintptr_t) map_get(first, p->id), to = from;
    const struct phone_number *all = phones.p;
    while (from && to <= phones.n && str_eq(all[to - 1].person_id, p->id))
        to++;
    begin_row(w);
    write_columns(w, person_columns, LENGTH(person_columns), &person_fields, p);
    write_columns(w, employer_columns, LENGTH(employer_columns), &company_fields, p->company);
    write_phones(w, from ? all + from - 1 : NULL, to - from);
    end_row(w);
}

static enum rc export_people(struct ctx *ctx, struct walk *walk, int64_t after,
                             int64_t *ret_last, size_t *ret_n) {
    struct list people = { 0 }, phones = { 0 };
    struct map first = map_in(ctx->arena);
    enum rc rc = people_after(ctx, after, WALK_ROWS, &people);
    if (rc == OK && people.n)
        rc = load_phones(ctx, people, &phones, &first);
    const struct person *p = people.p;
    for (size_t i = 0; rc == OK && i < people.n; i++) {
        write_person(&walk->writer, &p[i], phones, &first);
        *ret_last = p[i].doc.v;
    }
    *ret_n = people.n;
    return rc;
}

static enum rc export_companies(struct ctx *ctx, struct walk *walk, int64_t after,
                                int64_t *ret_last, size_t *ret_n) {
    struct list companies = { 0 };
    enum rc rc = companies_after(ctx, after, WALK_ROWS, &companies);
    const struct company *c = companies.p;
    for (size_t i = 0; rc == OK && i < companies.n; i++) {
        begin_row(&walk->writer);
        write_columns(&walk->writer, company_columns, LENGTH(company_columns), &company_fields,
                      &c[i]);
        end_row(&walk->writer);
        *ret_last = c[i].doc.v;
    }
    *ret_n = companies.n;
    return rc;
}

struct put_work {
    enum rc (*put)(struct ctx *ctx, struct list rows);
    struct list rows;
};

static enum rc put_in_transaction(struct ctx *ctx, void *arg) {
    const struct put_work *w = arg;
    return w->put(ctx, w->rows);
}

static enum rc put_rows(struct ctx *ctx, struct walk *walk,
                        enum rc (*put)(struct ctx *ctx, struct list rows), struct list rows) {
    if (rows.n == 0)
        return OK;
    walk->rows += (int64_t) rows.n;
    return db_transact(ctx, put_in_transaction, &(struct put_work){ put, rows });
}

/* Tags are not read back to be compared: every row is put. */
static enum rc rederive_rows(struct ctx *ctx, struct walk *walk, int64_t after,
                             int64_t *ret_last, size_t *ret_n) {
    const struct row_kind *kind = walk->kind;
    struct list rows = { 0 };
    enum rc rc = kind->after(ctx, after, WALK_ROWS, &rows);
    for (size_t i = 0; rc == OK && i < rows.n; i++) {
        char *row = (char *) rows.p + i * kind->fields->size;
        kind->derive(ctx->arena, row);
        kind->index(ctx->arena, row);
        *ret_last = ((const struct opt_int *) (const void *) (row + kind->doc))->v;
    }
    *ret_n = rows.n;
    return rc == OK ? put_rows(ctx, walk, kind->put, rows) : rc;
}

static enum rc walk_rows(struct ctx *ctx, struct walk *walk, walk_step *step) {
    struct ctx batch = *ctx;
    batch.arena = arena_new();
    int64_t last = 0;
    size_t n = 0;
    enum rc rc;
    do {
        arena_reset(batch.arena);
        ctx_clear_error(&batch);
        rc = step(&batch, walk, last, &last, &n);
    } while (rc == OK && n > 0);
    if (rc != OK)
        rc = fail(ctx, rc, "%.*s", STR_FMT(batch.err.text));
    arena_free(&batch.arena);
    return rc;
}

static enum rc end_of_output(struct ctx *ctx, FILE *out) {
    bool bad = fflush(out) != 0 || ferror(out);
    return bad ? fail(ctx, E_IO, "the export could not be written") : OK;
}

/* Writes the rows behind page->after, which moves to the last of them. `arg` is the list's id
 * or nothing. */
typedef enum rc page_step(struct ctx *ctx, struct cell_writer *w, struct str arg,
                          struct page *page, bool *ret_more);

static enum rc export_lead_page(struct ctx *ctx, struct cell_writer *w, struct str list_id,
                                struct page *page, bool *ret_more) {
    struct page_of entries;
    enum rc rc = lead_entries_page(ctx, list_id, page, &entries);
    const struct lead_entry *entry = entries.items.p;
    for (size_t i = 0; rc == OK && i < entries.items.n; i++) {
        begin_row(w);
        write_columns(w, lead_columns, LENGTH(lead_columns), &lead_entry_row_fields, &entry[i]);
        write_phones(w, entry[i].phone_numbers.p, entry[i].phone_numbers.n);
        end_row(w);
    }
    if (rc == OK) {
        *ret_more = entries.more_after;
        page->after = entries.last;
    }
    return rc;
}

static enum rc export_contact_page(struct ctx *ctx, struct cell_writer *w, struct str none,
                                   struct page *page, bool *ret_more) {
    static const struct contact_filter all = { .name = { NULL, 0 } };
    (void) none;
    struct page_of found;
    enum rc rc = contacts_list(ctx, &all, page, &found);
    const struct contact_details *c = found.items.p;
    for (size_t i = 0; rc == OK && i < found.items.n; i++) {
        begin_row(w);
        write_columns(w, contact_columns, LENGTH(contact_columns), &contact_details_fields, &c[i]);
        write_phones(w, c[i].phone_numbers.p, c[i].phone_numbers.n);
        end_row(w);
    }
    if (rc == OK) {
        *ret_more = found.more_after;
        page->after = found.last;
    }
    return rc;
}

static enum rc export_pages(struct ctx *ctx, struct cell_writer *writer, page_step *step,
                            struct str arg) {
    struct ctx batch = *ctx;
    struct page page = { .size = WALK_ROWS };
    bool more = true;
    enum rc rc = OK;
    while (rc == OK && more) {
        batch.arena = arena_new();
        rc = step(&batch, writer, arg, &page, &more);
        page.after = arena_str(ctx->arena, page.after);
        if (rc != OK)
            (void) fail(ctx, rc, "%.*s", STR_FMT(batch.err.text)); /* copies the text */
        arena_free(&batch.arena);
    }
    arena_free(&writer->arena);
    return rc == OK ? end_of_output(ctx, writer->out) : rc;
}

static void write_header_line(FILE *out, enum reader_format format, const struct column *columns,
                              size_t n) {
    bool first = true;
    if (format != READER_CSV)
        return;
    write_header(out, columns, n, &first);
    write_header(out, phone_columns, LENGTH(phone_columns), &first);
    fputc('\n', out);
}

enum rc export_leads(struct ctx *ctx, struct str list_id, enum reader_format format, FILE *out) {
    struct cell_writer writer = { .arena = arena_new(), .out = out, .format = format };
    write_header_line(out, format, lead_columns, LENGTH(lead_columns));
    return export_pages(ctx, &writer, export_lead_page, list_id);
}

enum rc export_contacts(struct ctx *ctx, enum reader_format format, FILE *out) {
    struct cell_writer writer = { .arena = arena_new(), .out = out, .format = format };
    write_header_line(out, format, contact_columns, LENGTH(contact_columns));
    return export_pages(ctx, &writer, export_contact_page, STR_NONE);
}

enum rc export_run(struct ctx *ctx, enum import_kind kind, enum reader_format format, FILE *out) {
    struct walk walk = { .writer = { .arena = arena_new(), .out = out, .format = format } };
    bool people = kind == IMPORT_PEOPLE, first = true;
    if (format == READER_CSV) {
        if (people) {
            write_header(out, person_columns, LENGTH(person_columns), &first);
            write_header(out, employer_columns, LENGTH(employer_columns), &first);
            write_header(out, phone_columns, LENGTH(phone_columns), &first);
        } else {
            write_header(out, company_columns, LENGTH(company_columns), &first);
        }
        fputc('\n', out);
    }
    enum rc rc = walk_rows(ctx, &walk, people ? export_people : export_companies);
    arena_free(&walk.writer.arena);
    return rc == OK ? end_of_output(ctx, out) : rc;
}

enum rc rederive_run(struct ctx *ctx, enum import_kind kind, int64_t *ret_rows) {
    struct walk walk = { .kind = kind == IMPORT_PEOPLE ? &people_kind : &companies_kind };
    enum rc rc = walk_rows(ctx, &walk, rederive_rows);
    *ret_rows = walk.rows;
    return rc;
}
