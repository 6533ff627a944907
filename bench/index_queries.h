/* 200 queries of six classes over the people and companies of index_data.h, the same for the
 * same number of people: what bench/index.c and bench/search ask. */
#ifndef BENCH_INDEX_QUERIES_H
#define BENCH_INDEX_QUERIES_H

#include "base/check.h"
#include "index_data.h"

enum { QUERIES = 200, PAGE = 30 };

struct set {
    uint32_t people, companies;
    char folders[2][256];
    struct index *index[2]; /* people, companies */
};

struct query {
    char class;
    struct index_query people, companies;
    bool of_companies; /* the companies are what is searched */
    bool joined;       /* companies restrict people */
};

struct maker {
    struct arena *arena;
    const struct set *set;
    struct dice dice;
    struct bench_person p;
    struct bench_company c;
};

static void pick(struct maker *m) {
    m->p = bench_person(dice_below(&m->dice, m->set->people), m->set->companies);
    m->c = bench_company(m->p.company);
}

static struct expr *number(struct maker *m, const char *kind, uint32_t n) {
    return expr_token(m->arena, arena_printf(m->arena, "%s%u", kind, n));
}

static struct expr *word(struct maker *m, const char *kind, uint32_t n) {
    char room[16];
    return expr_token(m->arena, arena_printf(m->arena, "%s%.*s", kind, STR_FMT(bench_word(n, room))));
}

static struct expr *beginning(struct maker *m, const char *kind, uint32_t n) {
    char room[16];
    return expr_prefix(m->arena,
                       arena_printf(m->arena, "%s%.*s", kind, STR_FMT(str_sub(bench_word(n, room), 0, 3))));
}

static struct expr *both(struct maker *m, struct expr *a, struct expr *b) {
    struct expr *all = expr_and(m->arena);
    expr_add(all, a);
    expr_add(all, b);
    return all;
}

static struct expr *title(struct maker *m) {
    return both(m, word(m, "t", m->p.level), word(m, "t", LEVELS + m->p.words[0]));
}

static struct expr *name(struct maker *m) {
    return both(m, word(m, "n", m->p.first), word(m, "n", FIRST_NAMES + m->p.last));
}

/* Rows with exactly the wanted title come first. */
static void add_tier(struct maker *m, struct query *q) {
    struct dice d = { bench_title_key(&m->p) };
    q->people.tiers[0].where
        = expr_token(m->arena, arena_printf(m->arena, "ht%016llx", (unsigned long long) dice_roll(&d)));
    q->people.tiers[0].weight = 1;
    q->people.tier_count = 1;
}

static struct expr *numbers(struct maker *m, const char *kind, uint32_t of, uint32_t n) {
    struct expr *any = expr_or(m->arena);
    for (; n; n--)
        expr_add(any, number(m, kind, dice_zipf(&m->dice, of, 3)));
    return any;
}

static void selective(struct maker *m, struct query *q, int i) {
    q->people.where = i % 5 < 2 ? name(m) : i % 5 == 2 ? number(m, "s", m->p.seniority) : title(m);
    if (i % 5 == 4)
        q->people.where = word(m, "t", LEVELS + TITLE_WORDS + 1 + dice_below(&m->dice, KEYWORDS));
    q->joined = i % 5 == 1 || i % 5 == 2 || i % 5 == 3;
    if (i % 5 == 3)
        q->companies.where = word(m, "w", m->c.name[0]);
    else if (q->joined)
        q->companies.where = number(m, "o", m->p.company);
    if (i % 5 == 3)
        add_tier(m, q);
}

static void broad(struct maker *m, struct query *q, int i) {
    struct expr *filters[] = { number(m, "s", m->p.seniority), number(m, "lc", m->p.country),
                               number(m, "d", m->p.department), number(m, "ci", m->c.industry),
                               number(m, "cz", m->c.size), number(m, "f", m->p.function),
                               number(m, "lr", m->p.country * REGIONS + m->p.region),
                               number(m, "clc", m->c.country) };
    q->people.where = filters[(size_t) i % LENGTH(filters)];
}

static void many_filters(struct maker *m, struct query *q, int i) {
    struct expr *all = expr_and(m->arena);
    expr_add(all, numbers(m, "s", SENIORITIES, 3));
    expr_add(all, numbers(m, "d", DEPARTMENTS, 3));
    expr_add(all, numbers(m, "lc", COUNTRIES, 4));
    expr_add(all, numbers(m, "ci", INDUSTRIES, 8));
    if (i % 2)
        expr_add(all, numbers(m, "cz", SIZES, 2));
    if (i % 3 == 0)
        expr_add(all, title(m));
    q->people.where = all;
    q->joined = i % 4 == 3;
    if (q->joined)
        q->companies.where = number(m, "x", m->c.n_technologies ? m->c.technologies[0] : 7);
}

static void text(struct maker *m, struct query *q, int i) {
    struct expr *any = expr_or(m->arena);
    for (int n = i % 5 == 0 ? 6 : 1; n; n--) {
        expr_add(any, title(m));
        if (i % 5 == 0)
            pick(m);
    }
    struct expr *forms[] = { both(m, any, number(m, "lc", m->p.country)), title(m),
                             word(m, "n", m->p.first), beginning(m, "n", m->p.first),
                             both(m, beginning(m, "n", m->p.first),
                                  beginning(m, "n", FIRST_NAMES + m->p.last)) };
    q->people.where = forms[(size_t) i % LENGTH(forms)];
    if (i % 5 < 2)
        add_tier(m, q);
}

static void deep_page(struct maker *m, struct query *q, int i) {
    broad(m, q, i);
    if (i % 4 == 3)
        q->people.where = title(m);
    q->people.offset = 3000 + (int64_t) dice_below(&m->dice, m->set->people / 20);
    if (i % 5 == 0)
        q->people.offset *= 6;
}

static void by_company(struct maker *m, struct query *q, int i) {
    struct expr *forms[] = { number(m, "x", m->c.n_technologies ? m->c.technologies[0] : 7),
                             word(m, "k", m->c.keywords[0]),
                             both(m, number(m, "i", m->c.industry), number(m, "lc", m->c.country)),
                             NULL };
    static const struct index_range headcount = { INDEX_HEADCOUNT, 50, 200 };
    q->companies.where = forms[(size_t) i % LENGTH(forms)];
    if (!q->companies.where || i % 8 == 0) {
        q->companies.ranges = &headcount;
        q->companies.range_count = 1;
    }
    q->of_companies = i % 2 == 0 || !q->companies.where;
    q->joined = !q->of_companies;
    q->people.where = number(m, "s", m->p.seniority);
}

static const struct {
    char class;
    const char *name;
    int n;
    void (*make)(struct maker *m, struct query *q, int i);
} classes[] = {
    { 'A', "selective", 40, selective }, { 'B', "broad", 40, broad },
    { 'C', "many filters", 40, many_filters }, { 'D', "text", 40, text },
    { 'E', "deep page", 20, deep_page }, { 'F', "by company", 20, by_company },
};

static struct query *make_queries(struct arena *arena, const struct set *set) {
    struct query *all = ARENA_ARRAY(arena, QUERIES, struct query), *q = all;
    struct maker m = { .arena = arena, .set = set, .dice = { 42 } };
    for (size_t c = 0; c < LENGTH(classes); c++) {
        for (int i = 0; i < classes[c].n; i++, q++) {
            q->class = classes[c].class;
            pick(&m);
            classes[c].make(&m, q, i);
            q->people.limit = q->companies.limit = PAGE;
        }
    }
    return all;
}

/* People of companies that match are two searches. */
static void run(const struct set *set, const struct query *q, struct arena *arena,
                struct index_hits *hits) {
    struct doc_set docs;
    struct index_query people = q->people;
    if (q->of_companies) {
        ASSERT(index_search(set->index[1], arena, &q->companies, hits) == OK);
        return;
    }
    if (q->joined) {
        ASSERT(index_docs(set->index[1], arena, &q->companies, &docs) == OK);
        people.companies = &docs;
    }
    ASSERT(index_search(set->index[0], arena, &people, hits) == OK);
}

#endif
