#include "search/load.h"

#include "base/check.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/vec.h"
#include "search/plan.h"
#include "search/tags.h"
#include "store/search_rows.h"

enum {
    ROWS_AT_ONCE = 1000,
    /* Funding stages are free text, so there are limits: of what is kept, values and their
     * length, with tags (TAG_MAX_BYTES) some ten megabytes at most. */
    KEPT_MAX = 10000,
    KEPT_VALUE_MAX_BYTES = 256,
};
/* A part ends when its texts take this much: one row's tags can be a megabyte. */
#define PART_MAX_BYTES ((size_t) 8 * 1024 * 1024)

/* --- values of a company that its people carry --- */

static const struct {
    int column;
    size_t offset; /* of the text in struct company */
    const char *kind;
} copied[] = {
    { SEARCH_SIZE, offsetof(struct company, size), TAG_SIZE },
    { SEARCH_INDUSTRY, offsetof(struct company, industry), TAG_INDUSTRY },
    { SEARCH_COUNTRY, offsetof(struct company, country), TAG_COUNTRY },
    { SEARCH_ESTIMATED_REVENUE, offsetof(struct company, estimated_revenue), TAG_REVENUE },
    { SEARCH_FUNDING_STAGE, offsetof(struct company, latest_funding_stage), TAG_STAGE },
};

/* Many people have the same few values: what each becomes is kept. */
struct loader {
    struct arena *arena;
    struct map tags[LENGTH(copied)]; /* of struct str, with a space in front */
    size_t kept;
};

struct loader *loader_new(void) {
    struct loader *loader = MEM_NEW(struct loader);
    loader->arena = arena_new();
    for (size_t i = 0; i < LENGTH(copied); i++)
        loader->tags[i] = map_in(loader->arena);
    return loader;
}

void loader_free(struct loader **loader) {
    if (!*loader)
        return;
    arena_free(&(*loader)->arena);
    mem_free(*loader);
    *loader = NULL;
}

static void forget(struct loader *loader) {
    arena_reset(loader->arena);
    loader->kept = 0;
    for (size_t i = 0; i < LENGTH(copied); i++)
        loader->tags[i] = map_in(loader->arena);
}

bool load_copies(struct str company_tag) {
    for (size_t i = 0; i < LENGTH(copied); i++)
        if (str_starts(company_tag, str_of(copied[i].kind)))
            return true;
    return false;
}

/* The tags of a company of which only this is known, as its people have them. */
static struct str make_copied(struct arena *arena, size_t i, struct str value) {
    struct company company = { 0 };
    *(struct str *) ((char *) &company + copied[i].offset) = value;
    struct str made = STR(""), rest = company_tags(arena, &company);
    for (struct str tag; str_word(&rest, &tag);)
        made = arena_printf(arena, "%.*s " TAG_COPIED "%.*s", STR_FMT(made), STR_FMT(tag));
    return made;
}

/* Valid until the loader forgets or the arena is reset. */
static struct str copied_tags(struct loader *loader, struct arena *arena, size_t i,
                              struct str value) {
    const struct str *found = map_get(&loader->tags[i], value);
    if (found)
        return *found;
    struct str tags = make_copied(arena, i, value);
    if (value.n > KEPT_VALUE_MAX_BYTES)
        return tags;
    loader->kept++;
    struct str *kept = ARENA_NEW(loader->arena, struct str);
    *kept = arena_str(loader->arena, tags);
    (void) map_put(&loader->tags[i], arena_str(loader->arena, value), kept);
    return *kept;
}

/* --- rows --- */

static void person_row(struct loader *loader, const struct db_rows *rows, struct arena *arena,
                       struct index_row *row) {
    struct str parts[LENGTH(copied) + 1] = { row->tags };
    size_t n = row->tags.n;
    if (loader->kept >= KEPT_MAX) /* not later: `parts` points to what is kept */
        forget(loader);
    row->company = db_int(rows, SEARCH_COMPANY);
    for (size_t i = 0; i < LENGTH(copied); i++) {
        if (db_is_null(rows, (size_t) copied[i].column))
            continue;
        parts[i + 1] = copied_tags(loader, arena, i, db_text(rows, (size_t) copied[i].column));
        n += parts[i + 1].n;
    }
    if (n == row->tags.n)
        return;
    char *text = arena_alloc(arena, n), *end = text;
    for (size_t i = 0; i < LENGTH(parts); i++) {
        if (parts[i].n)
            memcpy(end, parts[i].p, parts[i].n);
        end += parts[i].n;
    }
    row->tags = (struct str){ text, n };
}

static struct opt_int value_of(const struct db_rows *rows, size_t column) {
    return (struct opt_int){ .v = db_int(rows, column), .set = !db_is_null(rows, column) };
}

static const enum plan_column plan_columns[INDEX_VALUES] = {
    [INDEX_HEADCOUNT] = PLAN_HEADCOUNT,  [INDEX_REVENUE] = PLAN_REVENUE,
    [INDEX_FUNDING] = PLAN_FUNDING,      [INDEX_FOUNDED] = PLAN_FOUNDED_YEAR,
    [INDEX_FUNDED_ON] = PLAN_FUNDED_ON,
};

static void company_row(const struct db_rows *rows, struct index_row *row) {
    const struct company company = {
        .estimated_number_of_employees = value_of(rows, SEARCH_HEADCOUNT),
        .revenue = value_of(rows, SEARCH_REVENUE),
        .total_funding = value_of(rows, SEARCH_FUNDING),
        .founded_year = value_of(rows, SEARCH_FOUNDED),
        .latest_funding_date = db_text(rows, SEARCH_FUNDED_ON),
    };
    for (size_t i = 0; i < INDEX_VALUES; i++) {
        struct opt_int value = plan_value(&company, plan_columns[i]);
        row->values[i] = value.set ? value.v : INDEX_NO_VALUE;
    }
}

/* Reads until the rows or the room end. `last` is where the part ends at the latest. */
static enum rc read_rows(struct ctx *ctx, struct loader *loader, enum index_kind kind,
                         struct db_rows *rows, struct index_rows *ret_rows) {
    struct index_rows part = { .p = ARENA_ARRAY(ctx->arena, ROWS_AT_ONCE, struct index_row) };
    size_t used = arena_used(ctx->arena);
    bool more = db_next(rows);
    for (; more && part.n < ROWS_AT_ONCE; more = db_next(rows)) {
        if (arena_used(ctx->arena) - used > PART_MAX_BYTES)
            break;
        struct index_row *row = &part.p[part.n++];
        row->doc = part.last = db_int(rows, SEARCH_DOC);
        row->rank = db_int(rows, SEARCH_RANK);
        row->tags = db_text(rows, SEARCH_TAGS);
        if (kind == INDEX_PEOPLE)
            person_row(loader, rows, ctx->arena, row);
        else
            company_row(rows, row);
    }
    part.is_end = !more;
    enum rc rc = db_rows_close(rows);
    if (rc == OK)
        *ret_rows = part;
    return rc;
}

enum rc load_after(struct ctx *ctx, struct loader *loader, enum index_kind kind, int64_t doc,
                   struct index_rows *ret_rows) {
    struct db_rows *rows;
    int64_t limit = ROWS_AT_ONCE + 1; /* one more tells whether there are more */
    enum rc rc = kind == INDEX_PEOPLE ? search_people_after(ctx, doc, limit, &rows)
                                      : search_companies_after(ctx, doc, limit, &rows);
    return rc == OK ? read_rows(ctx, loader, kind, rows, ret_rows) : rc;
}

enum rc load_docs(struct ctx *ctx, struct loader *loader, enum index_kind kind, struct ints docs,
                  struct index_rows *ret_rows) {
    struct ints asked = { docs.p, docs.n < ROWS_AT_ONCE ? docs.n : ROWS_AT_ONCE };
    struct db_rows *rows;
    enum rc rc = kind == INDEX_PEOPLE ? search_people_of(ctx, asked, &rows)
                                      : search_companies_of(ctx, asked, &rows);
    if (rc == OK)
        rc = read_rows(ctx, loader, kind, rows, ret_rows);
    if (rc == OK && ret_rows->is_end) {
        ret_rows->last = asked.n ? asked.p[asked.n - 1] : 0;
        ret_rows->is_end = asked.n == docs.n;
    }
    return rc;
}

enum rc load_people_of(struct ctx *ctx, struct ints companies, size_t max, struct ints *docs) {
    struct db_rows *rows;
    enum rc rc = companies.n ? search_people_docs_of(ctx, companies, &rows) : OK;
    if (rc != OK || companies.n == 0)
        return rc;
    while (docs->n < max && db_next(rows))
        ints_add(ctx->arena, docs, db_int(rows, 0));
    bool full = docs->n >= max;
    rc = db_rows_close(rows);
    return rc == OK && full ? E_LIMIT : rc;
}
