/* Counts beside a search: how many of all rows that match have each value of a field. A
 * facet has the name of the filter that takes its values. */
#ifndef SEARCH_FACETS_H
#define SEARCH_FACETS_H

#include "base/field.h"
#include "search/plan.h" /* with the ids of facets */

/* The most frequent values of a facet, most frequent first, then by their bytes. */
enum { FACET_VALUES_MAX = 100 };
struct facet_value {
    struct str value;
    struct opt_int count;
};
struct facets {
    struct list lists[FACETS]; /* of struct facet_value; absent: not asked for */
};
extern const struct fields facets_fields;

/* Names that a search for people, and one for companies, can ask for. */
extern const struct enum_values enum_people_facets, enum_company_facets;

/* The facets of these names, each once; others are passed over. */
void facets_of(struct strs wanted, struct plan *plan);

/* What rows can have, as columns hold it (a country's code), and the tag that says so of a
 * row that `rows` finds; the tags of people say it of their company too (TAG_COPIED). */
struct strs facet_keys(struct arena *arena, enum facet_id id);
struct str facet_tag(struct arena *arena, enum facet_id id, enum plan_rows rows, struct str key);

/* The counts by key as the API shows them; keys that no row can have are passed over. */
struct list facet_list(struct arena *arena, enum facet_id id, struct counts counts);

#endif
