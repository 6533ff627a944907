#include "search/plan.h"

#include "base/check.h"
#include "base/limits.h"
#include "base/vec.h"
#include "data/company_names.h"
#include "data/names.h"
#include "data/titles.h"
#include "search/conditions.h"
#include "search/facets.h"
#include "search/tags.h"

enum { PAGE_SIZE_DEFAULT = 5 };

/* --- ranges --- */

/* "2025-08-29" as 20250829; a part that is missing counts as 0, so that the order is that
 * of the texts. Absent when it is no date. */
static struct opt_int day_number(struct str date) {
    int64_t number = 0;
    size_t parts = 0, width = 0;
    for (struct str part, rest = date; str_cut(&rest, '-', &part); parts++) {
        static const size_t widths[] = { 4, 2, 2 };
        int64_t value;
        if (parts == LENGTH(widths) || part.n != widths[parts] || str_to_i64(part, &value) != OK
            || value < 0)
            return (struct opt_int){ 0 };
        width += part.n;
        number = number * (parts ? 100 : 1) + value;
    }
    if (parts == 0)
        return (struct opt_int){ 0 };
    for (; width < 8; width += 2)
        number *= 100;
    return opt_int(number);
}

struct opt_int plan_value(const struct company *company, enum plan_column column) {
    switch (column) {
    case PLAN_HEADCOUNT:
        return company->estimated_number_of_employees;
    case PLAN_REVENUE:
        return company->revenue;
    case PLAN_FUNDING:
        return company->total_funding;
    case PLAN_FOUNDED_YEAR:
        return company->founded_year;
    case PLAN_FUNDED_ON:
        return day_number(company->latest_funding_date);
    default:
        return (struct opt_int){ 0 };
    }
}

static void add_range(struct plan *plan, enum plan_column column, struct range range) {
    if (!range.min.set && !range.max.set)
        return;
    plan->ranges[plan->n_ranges++] = (struct plan_range){
        column, range.min.set ? range.min.v : PLAN_NO_MIN, range.max.set ? range.max.v : PLAN_NO_MAX
    };
}

static void add_ranges(struct plan *plan, const struct company_filters *f) {
    const struct {
        enum plan_column column;
        const struct range *range;
    } ranges[] = {
        { PLAN_HEADCOUNT, f->headcount },
        { PLAN_REVENUE, f->annual_revenue },
        { PLAN_FUNDING, f->total_funding },
        { PLAN_FOUNDED_YEAR, f->founded_year },
    };
    for (size_t i = 0; i < LENGTH(ranges); i++)
        if (ranges[i].range)
            add_range(plan, ranges[i].column, *ranges[i].range);
    if (f->last_funding)
        add_range(plan, PLAN_FUNDED_ON,
                  (struct range){ day_number(f->last_funding->min_date),
                                  day_number(f->last_funding->max_date) });
}

/* --- tiers --- */

/* How a wanted value becomes a whole key, and that a tag. */
static const struct key_kind {
    struct str (*make)(struct arena *arena, struct str value);
    const char *tag;
    int weight;
} key_kinds[] = {
    [PLAN_NAME_KEY] = { name_key, TAG_NAME_KEY, 2 },
    [PLAN_TITLE_KEY] = { title_key, TAG_TITLE_KEY, 1 },
    [PLAN_COMPANY_KEY] = { company_name_key, TAG_COMPANY_KEY, 1 },
};

static void add_tier(struct arena *arena, struct plan *plan, enum plan_key key,
                     struct strs wanted) {
    const struct key_kind *kind = &key_kinds[key];
    struct strs keys = { 0 };
    struct expr *any = expr_or(arena);
    for (size_t i = 0; i < wanted.n; i++) {
        struct str whole = kind->make(arena, wanted.p[i]);
        if (str_is_empty(whole) || strs_have(keys, whole))
            continue;
        strs_add(arena, &keys, whole);
        expr_add(any, expr_token(arena, tag_key(arena, kind->tag, whole)));
    }
    if (keys.n)
        plan->tiers[plan->n_tiers++] = (struct plan_tier){ key, keys, { any, kind->weight } };
}

/* --- plans --- */

static void set_page(struct plan *plan, struct opt_int page, struct opt_int page_size) {
    plan->limit = page_size.set ? page_size.v : PAGE_SIZE_DEFAULT;
    plan->offset = ((page.set ? page.v : 1) - 1) * plan->limit;
}

struct plan plan_people(struct arena *arena, const struct people_search *s) {
    struct budget budget = { 0 };
    struct plan plan = { .rows = PLAN_PEOPLE };
    struct str name = s->name;
    plan.people = people_expr(arena, s, &budget);
    plan.companies = company_expr(arena, &s->company, &budget);
    plan.exceeded = budget.exceeded;
    add_ranges(&plan, &s->company);
    add_tier(arena, &plan, PLAN_NAME_KEY, (struct strs){ &name, str_is_set(name) });
    add_tier(arena, &plan, PLAN_TITLE_KEY, s->titles);
    facets_of(s->facets, &plan);
    set_page(&plan, s->page, s->page_size);
    return plan;
}

struct plan plan_people_forgiving(struct arena *arena, const struct people_search *search,
                                  struct strs mistaken) {
    struct people_search rest = *search;
    rest.name = STR_NONE;
    struct plan plan = plan_people(arena, &rest);
    struct expr *all = expr_and(arena);
    expr_add(all, name_expr(arena, search->name, mistaken));
    expr_add(all, (struct expr *) (uintptr_t) plan.people);
    plan.people = all;
    return plan;
}

struct plan plan_name_word(struct arena *arena, struct str word) {
    return (struct plan){ .rows = PLAN_PEOPLE,
                          .people = expr_token(arena, tag_text(arena, TAG_NAME, word)) };
}

struct plan plan_companies(struct arena *arena, const struct companies_search *s) {
    struct budget budget = { 0 };
    struct plan plan = { .rows = PLAN_COMPANIES };
    plan.companies = company_expr(arena, &s->company, &budget);
    plan.exceeded = budget.exceeded;
    add_ranges(&plan, &s->company);
    add_tier(arena, &plan, PLAN_COMPANY_KEY, s->company.names);
    facets_of(s->facets, &plan);
    set_page(&plan, s->page, s->page_size);
    return plan;
}

enum rc plan_check(struct ctx *ctx, const struct plan *plan) {
    if (!plan->exceeded)
        return OK;
    return bad_field(ctx, arena_printf(ctx->arena, "/%s", plan->exceeded->name), "unsupported_value",
                     "The values of all filters have more than %zu words together, with "
                     "the other forms that titles and places stand for; the beginning of a word "
                     "counts as %zu",
                     SEARCH_TOKENS_MAX, SEARCH_PREFIX_TOKENS);
}

bool plan_asks_companies(const struct plan *plan) {
    return !expr_is_true(plan->companies) || plan->n_ranges;
}
