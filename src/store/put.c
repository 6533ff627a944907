/* Every statement takes one JSON array of objects whose members are columns. What is
 * a list in the struct is JSON text in its column, as db/rows.c reads it. */
#include "store/put.h"

#include <sodium.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/limits.h"
#include "db/db.h"
#include "json/writer.h"
#include "store/queries.h"

/* A batch of the import is a few hundred rows; its JSON stays far below this. */
enum { BATCH_MAX_BYTES = 48 * 1024 * 1024 };

/* --- column lists; every column but `id` follows a comma --- */

#define COMPANY_COLUMNS(X)                                                                       \
    X(name) X(name_key) X(domain) X(linkedin_url) X(linkedin_key) X(website) X(overview)         \
    X(logo_url) X(founded_year) X(traffic_rank) X(sic_codes) X(naics_codes) X(type)              \
    X(total_funding) X(latest_funding_stage) X(latest_funding_date) X(keywords)                  \
    X(estimated_number_of_employees) X(followers) X(size) X(industry) X(location) X(city)        \
    X(region) X(country) X(locations) X(is_b2b) X(is_b2c) X(technologies)                        \
    X(department_headcount) X(job_function_headcount) X(estimated_revenue) X(revenue) X(extra)   \
    X(tags) X(rank)

#define PERSON_COLUMNS(X)                                                                        \
    X(name) X(first_name) X(last_name) X(name_key) X(linkedin_url) X(linkedin_key) X(gender)     \
    X(title) X(title_key) X(seniority) X(departments) X(job_functions) X(headline) X(about)      \
    X(current_position_start_date) X(current_position_description) X(image_url) X(location)      \
    X(city) X(region) X(country) X(experiences) X(educations) X(languages) X(keywords)           \
    X(stored_email) X(email_key) X(company_id) X(extra) X(tags) X(rank)

#define NAME(column) ", " #column
#define MEMBER(column) ", value ->> '" #column "'"
#define EXCLUDED(column) ", " #column " = excluded." #column

#define PUT_SQLITE(table, COLUMNS)                                                         \
    "INSERT INTO " table " (id" COLUMNS(NAME) ", created_at, updated_at) "                 \
    "SELECT value ->> 'id'" COLUMNS(MEMBER)                                                \
    ", $2, coalesce(value ->> 'updated_at', $2) FROM json_each($1) WHERE 1 = 1 "           \
    "ON CONFLICT (id) DO UPDATE SET updated_at = excluded.updated_at" COLUMNS(EXCLUDED)
#define PUT_PG(table, COLUMNS)                                                             \
    "INSERT INTO " table " (id" COLUMNS(NAME) ", created_at, updated_at) "                 \
    "SELECT id" COLUMNS(NAME) ", $2, coalesce(updated_at, $2) "                            \
    "FROM json_populate_recordset(NULL::" table ", $1::json) "                             \
    "ON CONFLICT (id) DO UPDATE SET updated_at = excluded.updated_at"                      \
    COLUMNS(EXCLUDED)

static const struct query put_people = { "people_put", PUT_SQLITE("people", PERSON_COLUMNS),
                                         PUT_PG("people", PERSON_COLUMNS) };
static const struct query put_companies
    = { "companies_put", PUT_SQLITE("companies", COMPANY_COLUMNS),
        PUT_PG("companies", COMPANY_COLUMNS) };
/* Those that are new, as rows `n`, and which of its person's new ones each is. */
#define PUT_PHONES(rows)                                                                     \
    "INSERT INTO phone_numbers (id, person_id, number, type, source, is_dnc_listed, created_at) " \
    "SELECT id, person_id, number, type, source, is_dnc_listed, $2 FROM "                    \
    "(SELECT n.*, row_number() OVER (PARTITION BY n.person_id ORDER BY n.id) AS nth FROM " rows \
    " n WHERE NOT EXISTS (SELECT 1 FROM phone_numbers p WHERE p.person_id = n.person_id "    \
    "AND p.number = n.number)) n WHERE nth + "                                               \
    "(SELECT count(*) FROM phone_numbers p WHERE p.person_id = n.person_id) <= 64 "          \
    "ON CONFLICT (person_id, number) DO NOTHING"
_Static_assert(PHONE_NUMBERS_MAX / 2 == 32, "as the statement says");
static const struct query put_phones
    = { "phone_numbers_put",
        PUT_PHONES("(SELECT value ->> 'id' AS id, value ->> 'person_id' AS person_id, "
                   "value ->> 'number' AS number, value ->> 'type' AS type, "
                   "value ->> 'source' AS source, value ->> 'is_dnc_listed' AS is_dnc_listed "
                   "FROM json_each($1))"),
        PUT_PHONES("json_populate_recordset(NULL::phone_numbers, $1::json)") };

/* The entries of a match as rows (i, a, b, c, d). */
#define KEYS_SQLITE                                                                      \
    "WITH k AS MATERIALIZED (SELECT key AS i, value ->> 'a' AS a, value ->> 'b' AS b, "  \
    "value ->> 'c' AS c, value ->> 'd' AS d FROM json_each($1)) "
#define KEYS_PG                                                                          \
    "WITH k AS MATERIALIZED (SELECT i - 1 AS i, value ->> 'a' AS a, value ->> 'b' AS b, " \
    "value ->> 'c' AS c, value ->> 'd' AS d "                                            \
    "FROM json_array_elements($1::json) WITH ORDINALITY AS e (value, i)) "
/* Two branches of one name, with a company and without, because an index serves neither
 * coalesce nor IS NOT DISTINCT FROM, and a common name has thousands of people. */
#define OTHERWISE_UNKNOWN                                                                \
    "WHERE (a IS NULL OR linkedin_key IS NULL OR linkedin_key = a) "                     \
    "AND (b IS NULL OR email_key IS NULL OR email_key = b)"
#define MATCH_PEOPLE                                                                     \
    "SELECT i, 0 AS nth, id FROM k JOIN people ON linkedin_key = a UNION ALL "           \
    "SELECT i, 1, id FROM k JOIN people ON email_key = b UNION ALL "                     \
    "SELECT i, 2, id FROM k JOIN people ON name_key = c AND company_id = d "             \
    OTHERWISE_UNKNOWN " UNION ALL "                                                      \
    "SELECT i, 2, id FROM k JOIN people ON name_key = c AND company_id IS NULL "         \
    OTHERWISE_UNKNOWN " AND d IS NULL ORDER BY 1, 2, 3"
#define MATCH_COMPANIES                                                                  \
    "SELECT i, 0 AS nth, id FROM k JOIN companies ON linkedin_key = a UNION ALL "        \
    "SELECT i, 1, id FROM k JOIN companies ON domain = b UNION ALL "                     \
    "SELECT i, 2, id FROM k JOIN companies ON name_key = c "                             \
    "WHERE (a IS NULL OR linkedin_key IS NULL OR linkedin_key = a) "                     \
    "AND (b IS NULL OR domain IS NULL OR domain = b) ORDER BY 1, 2, 3"

static const struct query match_people
    = { "people_match", KEYS_SQLITE MATCH_PEOPLE, KEYS_PG MATCH_PEOPLE };
static const struct query match_companies
    = { "companies_match", KEYS_SQLITE MATCH_COMPANIES, KEYS_PG MATCH_COMPANIES };

static const struct query *const queries[]
    = { &put_people, &put_companies, &put_phones, &match_people, &match_companies };
const struct query_table put_queries = QUERY_TABLE(queries);

/* --- rows as JSON --- */

static bool is_list(enum field_type type) {
    return type == FIELD_STRS || type == FIELD_INTS || type == FIELD_COUNTS || type == FIELD_LIST;
}

/* A list as JSON text. */
static void write_list(struct json_writer *w, const struct field *field, const void *object) {
    struct buf text = buf_on_heap(BATCH_MAX_BYTES);
    struct json_writer inner = json_writer(&text);
    json_field_value(&inner, field, object);
    json_str(w, buf_text(&text));
    buf_done(&text);
}

static void write_column(struct json_writer *w, const struct field *field, const void *object) {
    const void *member = (const char *) object + field->offset;
    if (is_list(field->type)) {
        write_list(w, field, object);
    } else if (field->type == FIELD_INT) {
        json_int(w, ((const struct opt_int *) member)->v);
    } else if (field->type == FIELD_BOOL) {
        json_int(w, *(const enum tri *) member == YES);
    } else {
        json_str(w, *(const struct str *) member);
    }
}

/* What is not known is left out: a member that is absent is NULL in its column, and both
 * engines take longer over a row the more members it has. */
static void write_row(struct json_writer *w, const struct fields *fields, const void *object) {
    json_begin_object(w);
    for (size_t i = 0; i < fields->n; i++) {
        const struct field *field = &fields->rows[i];
        if ((field->flags & FIELD_CONSTANT) || field->type == FIELD_OBJECT
            || !field_is_set(field, object))
            continue;
        json_key(w, str_of(field->name));
        write_column(w, field, object);
    }
    json_end_object(w);
}

struct row_print row_print(const struct fields *fields, const void *object) {
    struct buf text = buf_on_heap(BATCH_MAX_BYTES);
    struct json_writer w = json_writer(&text);
    struct row_print print;
    write_row(&w, fields, object);
    (void) crypto_generichash(print.bytes, sizeof print.bytes, (const unsigned char *) text.p,
                              text.n, NULL, 0); /* fails for bad sizes only */
    buf_done(&text);
    return print;
}

bool row_print_eq(const struct row_print *a, const struct row_print *b) {
    return memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

/* The text is made on the heap: on the arena it would stay several times, as it grows. */
static enum rc put(struct ctx *ctx, const struct query *query, const struct fields *fields,
                   struct list rows) {
    if (rows.n == 0)
        return OK;
    db_mark(ctx);
    struct buf text = buf_on_heap(BATCH_MAX_BYTES);
    struct json_writer w = json_writer(&text);
    json_begin_array(&w);
    for (size_t i = 0; i < rows.n; i++)
        write_row(&w, fields, (const char *) rows.p + i * fields->size);
    json_end_array(&w);
    enum rc rc = buf_result(&text) != OK
                     ? fail(ctx, E_TOO_LARGE, "a batch of %zu rows", rows.n)
                     : db_exec(ctx, query,
                               DB_ARGS(db_v_text(buf_text(&text)), db_v_int(ctx_now(ctx))), NULL);
    buf_done(&text);
    return rc;
}

enum rc people_put(struct ctx *ctx, struct list people) {
    return put(ctx, &put_people, &person_fields, people);
}

enum rc companies_put(struct ctx *ctx, struct list companies) {
    return put(ctx, &put_companies, &company_fields, companies);
}

enum rc phone_numbers_put(struct ctx *ctx, struct list numbers) {
    return put(ctx, &put_phones, &phone_number_fields, numbers);
}

/* --- matching --- */

static void write_keys(struct json_writer *w, const struct str *keys, size_t n) {
    static const struct str names[] = { { "a", 1 }, { "b", 1 }, { "c", 1 }, { "d", 1 } };
    ASSERT(n <= LENGTH(names));
    json_begin_object(w);
    for (size_t k = 0; k < n; k++) {
        json_key(w, names[k]);
        json_str(w, keys[k]);
    }
    json_end_object(w);
}

/* n entries of `per_entry` texts each. */
struct key_table {
    const struct str *keys;
    size_t per_entry, n;
};

static enum rc match(struct ctx *ctx, const struct query *query, struct key_table table,
                     struct matches *ret_matches) {
    size_t n = table.n;
    struct buf text = buf_in(ctx->arena, BATCH_MAX_BYTES);
    struct json_writer w = json_writer(&text);
    json_begin_array(&w);
    for (size_t i = 0; i < n; i++)
        write_keys(&w, table.keys + i * table.per_entry, table.per_entry);
    json_end_array(&w);
    struct matches found;
    for (size_t k = 0; k < LENGTH(found.by_key); k++)
        found.by_key[k] = ARENA_ARRAY(ctx->arena, n, struct str);
    struct db_rows *rows;
    enum rc rc = db_query(ctx, query, DB_ARGS(db_v_text(buf_text(&text))), &rows);
    if (rc != OK)
        return rc;
    while (db_next(rows)) {
        size_t i = (size_t) db_int(rows, 0), nth = (size_t) db_int(rows, 1);
        ASSERT(i < n && nth < LENGTH(found.by_key));
        if (!str_is_set(found.by_key[nth][i])) /* the first of several of the same name */
            found.by_key[nth][i] = db_text(rows, 2);
    }
    rc = db_rows_close(rows);
    if (rc == OK)
        *ret_matches = found;
    return rc;
}

/* Both key structs are nothing but texts. */
_Static_assert(sizeof(struct person_key) == 4 * sizeof(struct str), "read as an array");
_Static_assert(sizeof(struct company_key) == 3 * sizeof(struct str), "read as an array");

enum rc people_match(struct ctx *ctx, const struct person_key *keys, size_t n,
                     struct matches *ret_matches) {
    return match(ctx, &match_people, (struct key_table){ (const struct str *) keys, 4, n },
                 ret_matches);
}

enum rc companies_match(struct ctx *ctx, const struct company_key *keys, size_t n,
                        struct matches *ret_matches) {
    return match(ctx, &match_companies, (struct key_table){ (const struct str *) keys, 3, n },
                 ret_matches);
}
