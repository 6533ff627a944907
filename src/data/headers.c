#include "data/headers.h"

#include <pthread.h>

#include "base/check.h"
#include "base/map.h"
#include "data/text.h"

struct header_row {
    struct str field, names; /* names: '|' between them */
};

#define ROW(field, names) { STR(#field), STR(names) },
#define SKIP(field, names)

#define PERSON ROW
#define COMPANY SKIP
#define FOR_PEOPLE SKIP
static const struct header_row person_rows[] = {
#include "data/headers.def"
};
#undef PERSON
#undef COMPANY
#define PERSON SKIP
#define COMPANY ROW
static const struct header_row company_rows[] = {
#include "data/headers.def"
};
#undef COMPANY
#undef FOR_PEOPLE
#define COMPANY SKIP
#define FOR_PEOPLE(field, names) { STR("company_" #field), STR(names) },
static const struct header_row for_people_rows[] = {
#include "data/headers.def"
};
#undef PERSON
#undef COMPANY
#undef FOR_PEOPLE

/* Words for the company before the name of one of its columns. */
static const struct str company_words[] = {
    STR("company "), STR("account "),  STR("organization "), STR("organisation "),
    STR("employer "), STR("business "), STR("firma "),        STR("unternehmen "),
    STR("societe "), STR("entreprise "), STR("empresa "),
};

/* Folded name -> struct str with the field. Built at first use, then immutable; lives as
 * long as the process. */
static struct {
    struct arena *arena;
    struct map people, companies;
    struct map company_parts; /* without the word before: "city" -> "company_city" */
} tables;

struct headers {
    struct arena *arena;
    enum header_set set;
    struct strs overrides;
    struct map override_fields; /* folded column -> struct str */
};

/* The first row of a name counts. */
static void add_name(struct map *map, struct str name, struct str field) {
    struct str key = text_fold(tables.arena, name);
    ASSERT(key.n > 0);
    if (map_get(map, key))
        return;
    struct str *value = ARENA_NEW(tables.arena, struct str);
    *value = field;
    (void) map_put(map, key, value);
}

static void add_rows(struct map *map, const struct header_row *rows, size_t n, const char *prefix) {
    for (size_t i = 0; i < n; i++) {
        struct str field = prefix[0] ? arena_printf(tables.arena, "%s%.*s", prefix,
                                                    STR_FMT(rows[i].field))
                                     : rows[i].field;
        struct str names = rows[i].names;
        for (struct str name; str_cut(&names, '|', &name);)
            add_name(map, name, field);
    }
}

static void build(void) {
    tables.arena = arena_new();
    tables.people = map_in(tables.arena);
    tables.companies = map_in(tables.arena);
    tables.company_parts = map_in(tables.arena);
    add_rows(&tables.people, person_rows, LENGTH(person_rows), "");
    add_rows(&tables.people, for_people_rows, LENGTH(for_people_rows), "");
    add_rows(&tables.companies, company_rows, LENGTH(company_rows), "");
    add_rows(&tables.company_parts, company_rows, LENGTH(company_rows), "company_");
}

static void prepare(void) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    ASSERT(pthread_once(&once, build) == 0);
}

static struct str field_of(enum header_set set, struct str folded) {
    const struct str *field =
        map_get(set == HEADERS_PEOPLE ? &tables.people : &tables.companies, folded);
    for (size_t i = 0; !field && i < LENGTH(company_words); i++) {
        if (!str_starts(folded, company_words[i]))
            continue;
        struct str part = str_sub(folded, company_words[i].n, folded.n);
        field = map_get(set == HEADERS_PEOPLE ? &tables.company_parts : &tables.companies, part);
    }
    return field ? *field : STR_NONE;
}

static bool is_row_field(const struct header_row *rows, size_t n, struct str field) {
    for (size_t i = 0; i < n; i++)
        if (str_eq(rows[i].field, field))
            return true;
    return false;
}

static bool is_field(enum header_set set, struct str field) {
    static const struct str company = STR("company_");
    if (str_eq(field, STR("extra")))
        return true;
    if (set == HEADERS_COMPANIES)
        return is_row_field(company_rows, LENGTH(company_rows), field);
    return is_row_field(person_rows, LENGTH(person_rows), field)
           || (str_starts(field, company)
               && is_row_field(company_rows, LENGTH(company_rows),
                               str_sub(field, company.n, field.n)));
}

static enum rc add_override(struct headers *headers, struct str override, struct str *ret_reason) {
    size_t at = str_find_last(override, '=');
    struct str field = str_trim(str_sub(override, at + 1, override.n));
    struct str column = text_fold(headers->arena, str_sub(override, 0, at));
    if (at == override.n || !column.n) {
        *ret_reason = arena_printf(headers->arena, "\"%.*s\" is not of the form Header=field",
                                   STR_FMT(override));
        return E_INVALID;
    }
    if (!is_field(headers->set, field)) {
        *ret_reason = arena_printf(headers->arena, "there is no field \"%.*s\" in an import of %s",
                                   STR_FMT(field),
                                   headers->set == HEADERS_PEOPLE ? "people" : "companies");
        return E_INVALID;
    }
    struct str *value = ARENA_NEW(headers->arena, struct str);
    *value = arena_str(headers->arena, field);
    (void) map_put(&headers->override_fields, column, value);
    return OK;
}

enum rc headers_new(struct arena *arena, enum header_set set, struct strs overrides,
                    struct headers **ret_headers, struct str *ret_reason) {
    prepare();
    struct headers *headers = ARENA_NEW(arena, struct headers);
    *headers = (struct headers){ arena, set, overrides, map_in(arena) };
    for (size_t i = 0; i < overrides.n; i++) {
        enum rc rc = add_override(headers, overrides.p[i], ret_reason);
        if (rc != OK)
            return rc;
    }
    *ret_headers = headers;
    return OK;
}

struct str headers_field(const struct headers *headers, struct str column) {
    struct str folded = text_fold(headers->arena, column);
    const struct str *override = map_get(&headers->override_fields, folded);
    struct str field = override                         ? *override
                       : is_field(headers->set, column) ? column /* exactly our own name */
                                                        : field_of(headers->set, folded);
    return str_eq(field, STR("extra")) ? STR_NONE : field;
}

struct str headers_unused(const struct headers *headers, struct strs columns) {
    for (size_t i = 0; i < headers->overrides.n; i++) {
        struct str override = headers->overrides.p[i];
        struct str wanted =
            text_fold(headers->arena, str_sub(override, 0, str_find_last(override, '=')));
        bool used = false;
        for (size_t k = 0; k < columns.n && !used; k++)
            used = str_eq(text_fold(headers->arena, columns.p[k]), wanted);
        if (!used)
            return override;
    }
    return STR_NONE;
}
