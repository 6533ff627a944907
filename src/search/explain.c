#include "search/explain.h"

#include <inttypes.h>

#include "base/check.h"
#include "base/vec.h"
#include "search/conditions.h"
#include "search/plan.h"
#include "search/tags.h"

/* What is shown of a long text: some words around the first that matched. */
enum { TEXT_MAX_BYTES = 200, WORDS_BEFORE = 6, WORDS_AFTER = 12 };

/* One value of a filter. */
struct condition {
    const char *filter;
    struct str wanted;
    const struct expr *expr;
};

static void add_conditions(struct arena *arena, const struct filter_table *table,
                           const void *search, struct list *conditions) {
    for (size_t i = 0; i < table->n; i++) {
        const struct filter *filter = &table->p[i];
        struct strs values = filter_values(arena, filter, search);
        for (size_t v = 0; v < values.n; v++) {
            struct condition *condition = list_add(arena, conditions, sizeof *condition);
            *condition = (struct condition){ filter->name, values.p[v],
                                             filter_expr(arena, filter, values.p[v]) };
        }
    }
}

/* --- fields of a row --- */

/* What a field says: its tags, and where they come from. */
struct said {
    const char *name;
    struct strs tags;
};

struct fields_said {
    const struct tag_sources *sources;
    const void *row;
    struct list fields; /* of struct said */
};

static struct said *field_said(struct arena *arena, struct list *fields, const char *name) {
    struct said *said = fields->p;
    for (size_t i = 0; i < fields->n; i++)
        if (strcmp(said[i].name, name) == 0)
            return &said[i];
    said = list_add(arena, fields, sizeof *said);
    said->name = name;
    return said;
}

static struct fields_said read_fields(struct arena *arena, const struct tag_sources *sources,
                                      const void *row) {
    struct fields_said all = { .sources = sources, .row = row };
    for (size_t i = 0; i < sources->n; i++) {
        const struct tag_source *source = &sources->p[i];
        struct said *said = field_said(arena, &all.fields, source->field);
        struct strs values = tag_source_values(arena, source, row);
        for (size_t v = 0; v < values.n; v++)
            tag_source_tags(arena, source, values.p[v], &said->tags);
    }
    return all;
}

/* Whether one of the tokens that the expression asks for is among the tags. */
static bool touches(const struct expr *expr, struct strs tags) {
    if (expr->kind == EXPR_TOKEN || expr->kind == EXPR_PREFIX)
        return expr_matches(expr, tags);
    for (const struct expr *child = expr->first; child; child = child->next)
        if (touches(child, tags))
            return true;
    return false;
}

/* --- what is shown of a field --- */

/* The words of `text` from some before to some behind the first that the source makes a
 * wanted tag of. */
static struct str excerpt(struct arena *arena, const struct tag_source *source,
                          const struct expr *expr, struct str text) {
    struct strs words = { 0 };
    size_t at = 0;
    bool found = false;
    for (struct str word, rest = text; str_word(&rest, &word);) {
        struct strs tags = { 0 };
        tag_source_tags(arena, source, word, &tags);
        strs_add(arena, &words, word);
        if (!found && touches(expr, tags)) {
            at = words.n - 1;
            found = true;
        }
    }
    if (words.n == 0)
        return STR("");
    size_t from = at > WORDS_BEFORE ? at - WORDS_BEFORE : 0;
    size_t to = words.n - at > WORDS_AFTER ? at + WORDS_AFTER : words.n;
    const char *start = words.p[from].p, *end = words.p[to - 1].p + words.p[to - 1].n;
    struct buf out = buf_in(arena, SIZE_MAX);
    buf_str(&out, from ? STR("… ") : STR(""));
    buf_str(&out, (struct str){ start, (size_t) (end - start) });
    buf_str(&out, to < words.n ? STR(" …") : STR(""));
    return buf_text(&out);
}

/* Values of the source that the expression asks for, with commas between. */
static void show_values(struct arena *arena, const struct tag_source *source, const void *row,
                        const struct expr *expr, struct buf *out) {
    struct strs values = tag_source_values(arena, source, row);
    for (size_t v = 0; v < values.n; v++) {
        struct strs tags = { 0 };
        tag_source_tags(arena, source, values.p[v], &tags);
        if (!touches(expr, tags))
            continue;
        buf_str(out, out->n ? STR(", ") : STR(""));
        buf_str(out, values.p[v].n > TEXT_MAX_BYTES ? excerpt(arena, source, expr, values.p[v])
                                                    : values.p[v]);
    }
}

static struct str shown(struct arena *arena, const struct fields_said *all, const char *field,
                        const struct expr *expr) {
    struct buf out = buf_in(arena, SIZE_MAX);
    for (size_t i = 0; i < all->sources->n && out.n == 0; i++) {
        const struct tag_source *source = &all->sources->p[i];
        if (strcmp(source->field, field) != 0)
            continue;
        struct str text = tag_source_shown(source, all->row);
        if (str_is_set(text))
            return text;
        show_values(arena, source, all->row, expr, &out);
    }
    return buf_text(&out);
}

/* --- explanations --- */

/* Where the explanations of a row go, and what stands before the names of fields. */
struct target {
    struct arena *arena;
    struct list *explanations;
    const char *before;
};

static void add(const struct target *t, const char *filter, struct str wanted, const char *field,
                struct str matched) {
    struct explanation *e = list_add(t->arena, t->explanations, sizeof *e);
    *e = (struct explanation){ .filter = str_of(filter), .wanted = arena_str(t->arena, wanted),
                               .field = arena_printf(t->arena, "%s%s", t->before, field),
                               .matched = arena_str(t->arena, matched) };
}

static void explain_condition(const struct target *t, struct arena *scratch,
                              const struct fields_said *all, const struct condition *condition) {
    const struct said *said = all->fields.p;
    bool alone = false;
    struct strs tags = { 0 };
    for (size_t i = 0; i < all->fields.n; i++) {
        alone = alone || expr_matches(condition->expr, said[i].tags);
        for (size_t k = 0; k < said[i].tags.n; k++)
            strs_add(scratch, &tags, said[i].tags.p[k]);
    }
    if (!expr_matches(condition->expr, tags))
        return; /* another value of the filter matched */
    for (size_t i = 0; i < all->fields.n; i++)
        if (alone ? expr_matches(condition->expr, said[i].tags)
                  : touches(condition->expr, said[i].tags))
            add(t, condition->filter, condition->wanted, said[i].name,
                shown(scratch, all, said[i].name, condition->expr));
}

static void explain_row(const struct target *t, const struct tag_sources *sources,
                        const void *row, const struct list *conditions) {
    if (!t->explanations->p) /* nothing to say is something else than not asked */
        t->explanations->p = vec_room(t->arena, 1, sizeof(struct explanation));
    struct arena *scratch = arena_new();
    struct fields_said all = read_fields(scratch, sources, row);
    const struct condition *condition = conditions->p;
    for (size_t i = 0; i < conditions->n; i++)
        explain_condition(t, scratch, &all, &condition[i]);
    arena_free(&scratch);
}

/* --- ranges --- */

static const struct range_names {
    const char *filter, *field;
} range_names[] = {
    [PLAN_HEADCOUNT] = { "company_headcount", "estimated_number_of_employees" },
    [PLAN_REVENUE] = { "company_annual_revenue", "revenue" },
    [PLAN_FUNDING] = { "company_total_funding", "total_funding" },
    [PLAN_FOUNDED_YEAR] = { "company_founded_year", "founded_year" },
    [PLAN_FUNDED_ON] = { "company_last_funding", "latest_funding_date" },
};

/* "250", or of a day "2025-08-29". */
static struct str range_text(struct arena *arena, enum plan_column column, int64_t value) {
    if (column != PLAN_FUNDED_ON)
        return arena_printf(arena, "%" PRId64, value);
    int day = (int) value;
    return arena_printf(arena, "%04d-%02d-%02d", day / 10000, day / 100 % 100, day % 100);
}

static struct str range_wanted(struct arena *arena, const struct plan_range *range) {
    struct str min = range_text(arena, range->column, range->min);
    struct str max = range_text(arena, range->column, range->max);
    if (range->min == PLAN_NO_MIN)
        return arena_printf(arena, "at most %.*s", STR_FMT(max));
    if (range->max == PLAN_NO_MAX)
        return arena_printf(arena, "at least %.*s", STR_FMT(min));
    return arena_printf(arena, "%.*s to %.*s", STR_FMT(min), STR_FMT(max));
}

static void explain_ranges(const struct target *t, const struct plan *plan,
                           const struct company *company) {
    for (size_t i = 0; i < plan->n_ranges; i++) {
        const struct plan_range *range = &plan->ranges[i];
        const struct range_names *names = &range_names[range->column];
        struct opt_int value = plan_value(company, range->column);
        struct str known = range->column == PLAN_FUNDED_ON
                               ? company->latest_funding_date
                               : range_text(t->arena, range->column, value.v);
        if (value.set && value.v >= range->min && value.v <= range->max)
            add(t, names->filter, range_wanted(t->arena, range), names->field, known);
    }
}

/* --- pages --- */

void explain_companies(struct ctx *ctx, const struct companies_search *search,
                       struct list *companies) {
    struct list conditions = { 0 };
    struct plan plan = plan_companies(ctx->arena, search);
    add_conditions(ctx->arena, &company_filters, &search->company, &conditions);
    struct company *company = companies->p;
    for (size_t i = 0; i < companies->n; i++) {
        struct company *c = &company[i];
        struct target target = { ctx->arena, &c->explanations, "" };
        explain_row(&target, &company_tag_sources, c, &conditions);
        explain_ranges(&target, &plan, c);
    }
}

void explain_people(struct ctx *ctx, const struct people_search *search, const struct hits *hits,
                    struct list *people) {
    struct arena *arena = ctx->arena;
    struct list of_people = { 0 }, of_companies = { 0 };
    struct people_search rest = *search;
    struct plan plan = plan_people(arena, search);
    if (hits->mistaken.n) {
        struct condition *name = list_add(arena, &of_people, sizeof *name);
        *name = (struct condition){ "person_name", search->name,
                                    name_expr(arena, search->name, hits->mistaken) };
        rest.name = STR_NONE;
    }
    add_conditions(arena, &people_filters, &rest, &of_people);
    add_conditions(arena, &company_filters, &search->company, &of_companies);
    struct person *person = people->p;
    for (size_t i = 0; i < people->n; i++) {
        struct person *p = &person[i];
        struct target target = { arena, &p->explanations, "" };
        explain_row(&target, &person_tag_sources, p, &of_people);
        if (!p->company)
            continue;
        target.before = "company.";
        explain_row(&target, &company_tag_sources, p->company, &of_companies);
        explain_ranges(&target, &plan, p->company);
    }
}
