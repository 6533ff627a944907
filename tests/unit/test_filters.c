/* Searches by filter against an oracle: made-up people and companies, random searches of
 * a fixed seed, and for each the rows that expr_matches picks are those that FTS5 and
 * PostgreSQL find. */
#include "account.h"

#include "base/vec.h"
#include "data/enums.h"
#include "import/derive.h"
#include "search/plan.h"
#include "search/conditions.h"
#include "search/search.h"
#include "search/sql.h"
#include "search/tags.h"
#include "store/put.h"

enum { PEOPLE = 240, COMPANIES = 24, SEARCHES = 200 };

/* --- made-up data; the same every time --- */

static uint32_t below(uint64_t *seed, size_t n) {
    *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t) ((*seed >> 33) % n);
}

static const char *const names[] = { "Ana Müller", "Ben O'Neil", "Chloé Dupont", "Jean-Pierre Roux", "李 小龙",
                                     "Ana Roux", "Max Müller", "Zoë Öztürk" };
static const char *const titles[] = { "CEO", "VP of Sales", "Software Engineer", "Chief Executive Officer",
                                      "Head of Marketing", "Sales", "Engineer II", "Geschäftsführer", "R&D" };
static const char *const words[] = { "cloud", "Datenbank", "C++", "e-mail", "café", "42", "数据", "sales" };
static const char *const company_names[] = { "Acme GmbH", "Blue Ocean Inc.", "Ocean", "Müller & Söhne AG",
                                             "Acme Labs", "数据", "O'Neil Ltd" };
static const struct {
    const char *city, *region, *country;
} places[] = { { "Austin", "Texas", "US" }, { "Berlin", NULL, "DE" }, { NULL, "Texas", "US" },
               { "Paris", "Île-de-France", "FR" }, { NULL, NULL, "DE" }, { NULL, NULL, NULL } };
static const char *const place_queries[] = { "Austin", "Texas, United States", "Germany", "Paris, France", "Berlin",
                                             "USA", "nowhere at all", "!" };

static const char *const domain_queries[] = { "company-3.example", "https://www.company-4.example/about", "no domain" };

#define PICK(seed, table) str_of((table)[below((seed), LENGTH(table))])

static struct str of_enum(uint64_t *seed, const struct enum_values *list) {
    return list->values[below(seed, list->n)];
}

/* Few of the values, so that searches find something. */
static struct str of_few(uint64_t *seed, const struct enum_values *list) {
    return list->values[below(seed, 3)];
}

struct rows {
    struct person people[PEOPLE];
    struct company companies[COMPANIES];
};

static void make_company(struct arena *arena, uint64_t *seed, struct company *c, int n) {
    size_t place = below(seed, LENGTH(places));
    *c = (struct company){ .id = arena_printf(arena, "company-%d", n), .name = PICK(seed, company_names),
                           .domain = arena_printf(arena, "company-%d.example", n), .industry = of_few(seed, &enum_industries), .city = str_of(places[place].city),
                           .region = str_of(places[place].region), .country = str_of(places[place].country),
                           .is_b2b = below(seed, 2) ? YES : UNSET };
    strs_add(arena, &c->keywords, PICK(seed, words));
    strs_add(arena, &c->technologies, PICK(seed, words));
    if (below(seed, 4))
        c->estimated_number_of_employees = opt_int(below(seed, 20000) + 1);
    derive_company(arena, c);
    c->tags = company_tags(arena, c);
    c->rank = opt_int(company_rank(c));
}

static void make_person(struct arena *arena, uint64_t *seed, struct rows *rows, int n) {
    struct person *p = &rows->people[n];
    size_t place = below(seed, LENGTH(places));
    *p = (struct person){ .id = arena_printf(arena, "person-%d", n), .name = PICK(seed, names),
                          .title = PICK(seed, titles), .about = PICK(seed, words),
                          .city = str_of(places[place].city), .region = str_of(places[place].region),
                          .country = str_of(places[place].country) };
    if (below(seed, 8))
        p->company_id = rows->companies[below(seed, COMPANIES)].id;
    derive_person(arena, p);
    p->tags = person_tags(arena, p);
    p->rank = opt_int(person_rank(p));
}

static enum rc put_work(struct ctx *ctx, void *arg) {
    struct rows *rows = arg;
    enum rc rc = companies_put(ctx, (struct list){ rows->companies, COMPANIES });
    return rc == OK ? people_put(ctx, (struct list){ rows->people, PEOPLE }) : rc;
}

static struct rows *make_rows(struct ctx *ctx) {
    uint64_t seed = 20;
    struct rows *rows = ARENA_NEW(ctx->arena, struct rows);
    for (int n = 0; n < COMPANIES; n++)
        make_company(ctx->arena, &seed, &rows->companies[n], n);
    for (int n = 0; n < PEOPLE; n++)
        make_person(ctx->arena, &seed, rows, n);
    assert_ok(ctx, db_transact(ctx, put_work, rows));
    return rows;
}

/* --- random searches --- */

static void maybe(struct arena *arena, uint64_t *seed, struct strs *list, struct str value) {
    if (below(seed, 3) == 0)
        strs_add(arena, list, value);
}

static struct company_filters random_company(struct arena *arena, uint64_t *seed) {
    struct company_filters f = { 0 };
    if (below(seed, 2))
        return f;
    maybe(arena, seed, &f.names, PICK(seed, company_names));
    maybe(arena, seed, &f.keywords, PICK(seed, words));
    maybe(arena, seed, &f.keywords, PICK(seed, words));
    maybe(arena, seed, &f.technologies, PICK(seed, words));
    maybe(arena, seed, &f.locations, PICK(seed, place_queries));
    maybe(arena, seed, &f.industries, of_few(seed, &enum_industries));
    maybe(arena, seed, &f.sizes, of_enum(seed, &enum_company_sizes));
    maybe(arena, seed, &f.sizes, of_enum(seed, &enum_company_sizes));
    maybe(arena, seed, &f.focuses, STR("b2b"));
    if (below(seed, 6) == 0) {
        maybe(arena, seed, &f.domains, PICK(seed, domain_queries));
        maybe(arena, seed, &f.domains, PICK(seed, domain_queries));
    }
    if (below(seed, 3) == 0) {
        f.headcount = ARENA_NEW(arena, struct range);
        f.headcount->min = opt_int(below(seed, 5000));
        if (below(seed, 2))
            f.headcount->max = opt_int(f.headcount->min.v + below(seed, 9000));
    }
    return f;
}

static struct people_search random_search(struct arena *arena, uint64_t *seed) {
    struct people_search s = { .page_size = opt_int(PEOPLE), .company = random_company(arena, seed) };
    if (below(seed, 4) == 0)
        s.name = PICK(seed, names);
    maybe(arena, seed, &s.titles, PICK(seed, titles));
    maybe(arena, seed, &s.titles, PICK(seed, titles));
    maybe(arena, seed, &s.locations, PICK(seed, place_queries));
    maybe(arena, seed, &s.locations, PICK(seed, place_queries));
    maybe(arena, seed, &s.keywords, PICK(seed, words));
    if (below(seed, 2))
        maybe(arena, seed, &s.seniorities, of_enum(seed, &enum_seniorities));
    if (below(seed, 2))
        maybe(arena, seed, &s.departments, of_enum(seed, &enum_departments));
    return s;
}

/* --- the oracle --- */

static bool matches(struct arena *arena, const struct expr *expr, struct str tags) {
    struct strs list = { 0 };
    for (struct str tag; str_word(&tags, &tag);)
        strs_add(arena, &list, tag);
    return expr_matches(expr, list);
}

static bool company_matches(struct arena *arena, const struct company_filters *f,
                            const struct company *c) {
    const struct range *range = f->headcount;
    struct opt_int n = c->estimated_number_of_employees;
    bool outside = range && (!n.set || n.v < range->min.v || (range->max.set && n.v > range->max.v));
    return !outside && matches(arena, company_expr(arena, f, &(struct budget){ 0 }), c->tags);
}

static const struct company *company_of(const struct rows *rows, const struct person *p) {
    for (int i = 0; i < COMPANIES; i++)
        if (str_eq(rows->companies[i].id, p->company_id))
            return &rows->companies[i];
    return NULL;
}

static bool person_matches(struct arena *arena, const struct people_search *s,
                           const struct rows *rows, const struct person *p) {
    const struct company *company = company_of(rows, p);
    struct plan plan = plan_people(arena, s);
    bool any_company = !plan_asks_companies(&plan);
    return matches(arena, people_expr(arena, s, &(struct budget){ 0 }), p->tags)
           && (any_company || (company && company_matches(arena, &s->company, company)));
}

static bool was_found(const struct list *people, struct str id) {
    const struct person *p = people->p;
    for (size_t i = 0; i < people->n; i++)
        if (str_eq(p[i].id, id))
            return true;
    return false;
}

/* Returns how many people the search finds. */
static int64_t compare(struct ctx *ctx, const struct rows *rows, int number,
                       const struct people_search *s) {
    struct hits hits = { 0 };
    struct list found;
    assert_ok(ctx, search_people(ctx, s, &hits));
    assert_ok(ctx, people_by_docs(ctx, hits.docs, &found));
    assert_int_equal(hits.docs.n, hits.total);
    for (int i = 0; i < PEOPLE; i++) {
        const struct person *p = &rows->people[i];
        bool expected = person_matches(ctx->arena, s, rows, p);
        if (expected != was_found(&found, p->id))
            fail_case("search %d: %.*s, %.*s: expected %d", number, STR_FMT(p->name), STR_FMT(p->title), expected);
    }
    return hits.total;
}

static void test_people_as_the_oracle(void **state) {
    struct ctx *ctx = account_start(state);
    struct rows *rows = make_rows(ctx);
    struct ctx one = *ctx;
    uint64_t seed = 7;
    int found_some = 0;
    for (int i = 0; i < SEARCHES; i++) {
        one.arena = arena_new();
        struct people_search s = random_search(one.arena, &seed);
        int64_t total = compare(&one, rows, i, &s);
        found_some += total > 0 && total < PEOPLE;
        arena_free(&one.arena);
    }
    assert_true(found_some > SEARCHES / 8); /* otherwise the searches prove nothing */
}

/* Beginnings of words, on the engines. */
static void test_expressions_as_the_oracle(void **state) {
    struct ctx *ctx = account_start(state);
    struct rows *rows = make_rows(ctx);
    struct arena *arena = ctx->arena;
    struct expr *ana = expr_and(arena), *either = expr_or(arena);
    expr_add(ana, expr_prefix(arena, STR("nan")));
    expr_add(ana, expr_token(arena, STR("nroux")));
    expr_add(either, ana);
    expr_add(either, expr_token(arena, STR("nzoe")));
    struct plan plan = { .people = either, .limit = PEOPLE };
    struct hits hits = { 0 };
    struct list found;
    assert_ok(ctx, sql_search(ctx, &plan, &hits));
    assert_ok(ctx, people_by_docs(ctx, hits.docs, &found));
    assert_in_range(hits.total, 1, PEOPLE - 1);
    for (int i = 0; i < PEOPLE; i++) {
        const struct person *p = &rows->people[i];
        if (was_found(&found, p->id) != matches(arena, either, p->tags))
            fail_case("%.*s", STR_FMT(p->name));
    }
}

static void test_companies_as_the_oracle(void **state) {
    struct ctx *ctx = account_start(state);
    struct rows *rows = make_rows(ctx);
    uint64_t seed = 9;
    int found_some = 0;
    for (int i = 0; i < SEARCHES / 4; i++) {
        struct companies_search s = { .company = random_company(ctx->arena, &seed), .page_size = opt_int(COMPANIES) };
        struct hits hits = { 0 };
        assert_ok(ctx, search_companies(ctx, &s, &hits));
        int64_t expected = 0;
        for (int n = 0; n < COMPANIES; n++)
            expected += company_matches(ctx->arena, &s.company, &rows->companies[n]);
        if (hits.total != expected)
            fail_case("search %d: expected %d, found %d", i, (int) expected, (int) hits.total);
        found_some += expected > 0 && expected < COMPANIES;
    }
    assert_true(found_some > 5);
}

/* Pages are parts of one order: together they are all that match, each once. */
static void test_pages(void **state) {
    struct ctx *ctx = account_start(state);
    (void) make_rows(ctx);
    struct strs wanted = { 0 };
    strs_add(ctx->arena, &wanted, STR("Sales"));
    struct people_search s = { .titles = wanted, .page_size = opt_int(PEOPLE) };
    struct hits all = { 0 }, page = { 0 };
    assert_ok(ctx, search_people(ctx, &s, &all));
    assert_true(all.total > 14);
    size_t seen = 0;
    s.page_size = opt_int(7);
    for (int64_t n = 1; seen < all.docs.n; n++) {
        s.page = opt_int(n);
        assert_ok(ctx, search_people(ctx, &s, &page));
        assert_int_equal(page.total, all.total);
        assert_true(page.docs.n > 0);
        for (size_t i = 0; i < page.docs.n; i++)
            assert_int_equal(page.docs.p[i], all.docs.p[seen++]);
    }
    s.page = opt_int(100000000); /* behind the end */
    assert_ok(ctx, search_people(ctx, &s, &page));
    assert_int_equal(page.total, all.total);
    assert_int_equal(page.docs.n, 0);
}

/* A word of a name that nobody bears is an error away from one that somebody does; where
 * every word is somebody's, nothing is guessed. */
static void test_typing_errors(void **state) {
    struct ctx *ctx = account_start(state);
    (void) make_rows(ctx);
    static const struct {
        const char *wanted, *found;
    } cases[] = {
        { "Chole Dupont", "Chloé Dupont" }, { "Chloe Duppont", "Chloé Dupont" }, { "Chole Duppont", "Chloé Dupont" },
        { "Chole Roux", NULL }, /* she is no Roux */
        { "Ben Müller", NULL }, /* both words are borne */
        { "Bne ONeil", NULL },  /* too short */
        { "Xyzzyx Dupont", NULL },
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct people_search s = { .name = str_of(cases[i].wanted), .page_size = opt_int(PEOPLE) };
        struct hits hits = { 0 };
        struct list found;
        assert_ok(ctx, search_people(ctx, &s, &hits));
        assert_ok(ctx, people_by_docs(ctx, hits.docs, &found));
        if ((hits.total > 0) != (cases[i].found != NULL))
            fail_case("%s: %d", cases[i].wanted, (int) hits.total);
        const struct person *p = found.p;
        for (size_t k = 0; k < found.n; k++)
            assert_str(p[k].name, cases[i].found);
    }
}

/* Title and name equal what is wanted: before higher ranks. */
static void test_what_equals_comes_first(void **state) {
    struct ctx *ctx = account_start(state);
    (void) make_rows(ctx);
    struct people_search s = { .page_size = opt_int(PEOPLE) };
    strs_add(ctx->arena, &s.titles, STR("Sales"));
    struct hits hits = { 0 };
    struct list found;
    assert_ok(ctx, search_people(ctx, &s, &hits));
    assert_ok(ctx, people_by_docs(ctx, hits.docs, &found));
    const struct person *p = found.p;
    size_t equal = 0;
    while (equal < found.n && str_eq(p[equal].title, STR("Sales")))
        equal++;
    assert_true(equal > 1 && equal < found.n);
    for (size_t i = equal; i < found.n; i++)
        assert_str(p[i].title, "VP of Sales");
}

static enum rc put_companies_work(struct ctx *ctx, void *arg) {
    return companies_put(ctx, *(const struct list *) arg);
}

static bool has_company(const struct list *companies, size_t number) {
    const struct company *c = companies->p;
    for (size_t i = 0; i < companies->n; i++)
        if (c[i].id.p[1] == (char) ('0' + number))
            return true;
    return false;
}

/* The day of the latest funding, as exact as it is known. */
static void test_ranges(void **state) {
    struct ctx *ctx = account_start(state);
    static const struct {
        const char *known;
        bool since_may, until_may;
    } cases[] = {
        { "2024-05-01", true, true },   { "2024-05-31", true, true },   { "2024-06-01", true, false },
        { "2024-04-30", false, true },  { "2024-05", false, true },     { "2024", false, true },
        { "2025", true, false },        { NULL, false, false },
    };
    struct list companies = { 0 };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct company *c = list_add(ctx->arena, &companies, sizeof *c);
        *c = (struct company){ .id = arena_printf(ctx->arena, "c%zu", i), .name = STR("C"), .name_key = STR("c"),
                               .latest_funding_date = str_of(cases[i].known), .tags = STR("wc"), .rank = opt_int(1) };
    }
    assert_ok(ctx, db_transact(ctx, put_companies_work, &companies));
    for (size_t i = 0; i < 2 * LENGTH(cases); i++) {
        bool since = i % 2;
        struct last_funding wanted = { .min_date = since ? STR("2024-05-01") : STR_NONE,
                                       .max_date = since ? STR_NONE : STR("2024-05-31") };
        struct companies_search s = { .company.last_funding = &wanted, .page_size = opt_int(100) };
        struct hits hits = { 0 };
        struct list found;
        assert_ok(ctx, search_companies(ctx, &s, &hits));
        assert_ok(ctx, companies_by_docs(ctx, hits.docs, &found));
        bool expected = since ? cases[i / 2].since_may : cases[i / 2].until_may;
        if (has_company(&found, i / 2) != expected)
            fail_case("%s, %s", cases[i / 2].known, since ? "since" : "until");
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        BOTH_ENGINES(test_people_as_the_oracle),
        BOTH_ENGINES(test_expressions_as_the_oracle),
        BOTH_ENGINES(test_companies_as_the_oracle),
        BOTH_ENGINES(test_pages),
        BOTH_ENGINES(test_what_equals_comes_first),
        BOTH_ENGINES(test_ranges),
        BOTH_ENGINES(test_typing_errors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
