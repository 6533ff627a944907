#include "search/facets.h"

#include <stdlib.h>

#include "base/check.h"
#include "base/vec.h"
#include "data/bands.h"
#include "data/enums.h"
#include "data/places.h"
#include "search/tags.h"

static const struct facet {
    const char *kind; /* of the tags */
    const struct enum_values *list; /* NULL: countries */
    bool of_company;
} table[] = {
    [FACET_SENIORITIES] = { TAG_SENIORITY, &enum_seniorities, false },
    [FACET_DEPARTMENTS] = { TAG_DEPARTMENT, &enum_departments, false },
    [FACET_FUNCTIONS] = { TAG_FUNCTION, &enum_job_functions, false },
    [FACET_LOCATIONS] = { TAG_COUNTRY, NULL, false },
    [FACET_INDUSTRIES] = { TAG_INDUSTRY, &enum_industries, true },
    [FACET_SIZES] = { TAG_SIZE, &enum_company_sizes, true },
    [FACET_COMPANY_LOCATIONS] = { TAG_COUNTRY, NULL, true },
    [FACET_REVENUE] = { TAG_REVENUE, &enum_revenue_bands, true },
};

/* In the order of the ids; those of companies begin at FACET_INDUSTRIES. */
static const struct str names[] = {
    { "person_seniorities", 18 },   { "person_departments", 18 }, { "person_job_functions", 20 },
    { "person_locations", 16 },     { "company_industries", 18 }, { "company_sizes", 13 },
    { "company_locations", 17 },    { "company_revenue", 15 },
};
_Static_assert(LENGTH(table) == FACETS && LENGTH(names) == FACETS, "a facet is missing");
const struct enum_values enum_people_facets = { "PeopleFacet", names, LENGTH(names) };
const struct enum_values enum_company_facets
    = { "CompanyFacet", names + FACET_INDUSTRIES, FACETS - FACET_INDUSTRIES };

#define T struct facet_value
static const struct field value_rows[] = {
    F_STR(T, value, .flags = FIELD_REQUIRED, .example = "C-Suite",
          .doc = "A value of the filter of this name; of locations, a country."),
    F_INT(T, count, .flags = FIELD_REQUIRED, .example = "42",
          .doc = "How many of all that match have it."),
};
#undef T
static const struct fields value_fields
    = FIELDS("FacetValue", struct facet_value, value_rows, .doc = "A value and its count.");

#define T struct facets
#define LIST(json, id, text) \
    { .name = (json), .type = FIELD_LIST, .flags = FIELD_EMPTY, \
      .offset = FIELD_OFFSET(T, lists[id], struct list), .of = &value_fields, .doc = (text) }
static const struct field facets_rows[] = {
    LIST("person_seniorities", FACET_SENIORITIES, "By seniority."),
    LIST("person_departments", FACET_DEPARTMENTS, "By department; a person can be in several."),
    LIST("person_job_functions", FACET_FUNCTIONS, "By job function; likewise."),
    LIST("person_locations", FACET_LOCATIONS, "By country."),
    LIST("company_industries", FACET_INDUSTRIES, "By industry of the company."),
    LIST("company_sizes", FACET_SIZES, "By size of the company."),
    LIST("company_locations", FACET_COMPANY_LOCATIONS, "By country of the headquarters."),
    LIST("company_revenue", FACET_REVENUE, "By band of the company's annual revenue."),
};
#undef T
const struct fields facets_fields
    = FIELDS("Facets", struct facets, facets_rows,
             .doc = "Exact counts of what all results have, not only those of the page: the facets "
                    "that were asked for, of each the 100 most frequent values.");

void facets_of(struct strs wanted, struct plan *plan) {
    for (size_t i = 0; i < wanted.n; i++) {
        int id = enum_index(&enum_people_facets, wanted.p[i]);
        bool is_new = id >= 0;
        for (size_t k = 0; k < plan->n_facets; k++)
            is_new = is_new && (int) plan->facets[k] != id;
        if (is_new)
            plan->facets[plan->n_facets++] = (enum facet_id) id;
    }
}

static struct strs country_codes(struct arena *arena) {
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    struct strs codes = { 0 };
    for (size_t a = 0; letters[a]; a++)
        for (size_t b = 0; letters[b]; b++) {
            const char code[] = { letters[a], letters[b] };
            if (str_is_set(country_name((struct str){ code, 2 })))
                strs_add(arena, &codes, arena_str(arena, (struct str){ code, 2 }));
        }
    return codes;
}

struct strs facet_keys(struct arena *arena, enum facet_id id) {
    const struct enum_values *list = table[id].list;
    struct strs keys = { 0 };
    if (!list)
        return country_codes(arena);
    for (size_t i = 0; i < list->n; i++)
        strs_add(arena, &keys, list->values[i]);
    return keys;
}

struct str facet_tag(struct arena *arena, enum facet_id id, enum plan_rows rows, struct str key) {
    const struct facet *facet = &table[id];
    struct str tag = facet->list ? tag_number(arena, facet->kind, enum_index(facet->list, key))
                                 : tag_text(arena, facet->kind, key);
    bool copied = facet->of_company && rows == PLAN_PEOPLE;
    return copied ? arena_printf(arena, TAG_COPIED "%.*s", STR_FMT(tag)) : tag;
}

/* As the filter takes it; absent when it is no value of the list. */
static struct str shown(const struct facet *facet, struct str key) {
    if (!facet->list)
        return country_name(key);
    return enum_index(facet->list, key) >= 0 ? key : STR_NONE;
}

static int by_count(const void *a, const void *b) {
    const struct facet_value *x = a, *y = b;
    if (x->count.v != y->count.v)
        return x->count.v > y->count.v ? -1 : 1;
    return str_compare(x->value, y->value);
}

struct list facet_list(struct arena *arena, enum facet_id id, struct counts counts) {
    struct list list = { vec_room(arena, counts.n, sizeof(struct facet_value)), 0 };
    struct facet_value *values = list.p;
    for (size_t i = 0; i < counts.n; i++) {
        struct str value = shown(&table[id], counts.p[i].key);
        if (str_is_set(value) && counts.p[i].n > 0)
            values[list.n++] = (struct facet_value){ value, opt_int(counts.p[i].n) };
    }
    if (list.n)
        qsort(values, list.n, sizeof *values, by_count);
    if (list.n > FACET_VALUES_MAX)
        list.n = FACET_VALUES_MAX;
    return list;
}
