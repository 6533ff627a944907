/* Pages as text are what the structs of the same rows give. */
#include "account.h"

#include "base/vec.h"
#include "json/writer.h"
#include "store/put.h"
#include "store/shown.h"

enum { FULL, SPARSE, ALONE, PEOPLE };

static struct company full_company(struct arena *arena) {
    struct company c = {
        .id = STR("c-full"), .name = STR("Ac\"me\" GmbH"), .name_key = STR("acme"),
        .domain = STR("acme.example"), .linkedin_url = STR("https://www.linkedin.com/company/acme"),
        .linkedin_key = STR("company/acme"), .website = STR("https://acme.example"),
        .overview = STR("Makes\nthings"), .logo_url = STR("https://acme.example/logo.png"),
        .founded_year = opt_int(1998), .traffic_rank = opt_int(12), .type = STR("Privately Held"),
        .total_funding = opt_int(1000000), .latest_funding_stage = STR("Seed"),
        .latest_funding_date = STR("2024-01"), .estimated_number_of_employees = opt_int(50),
        .followers = opt_int(0), .size = STR("11-50 employees"), .industry = STR("Retail"),
        .location = STR("München"), .city = STR("Munich"), .region = STR("Bavaria"), .country = STR("DE"),
        .is_b2b = YES, .is_b2c = NO, .estimated_revenue = STR("$1M-$10M"), .revenue = opt_int(5000000),
        .extra = STR("{\"x\":1}"), .tags = STR("wacme"), .rank = opt_int(1),
    };
    struct company_location *where = list_add(arena, &c.locations, sizeof *where);
    *where = (struct company_location){ STR("Somewhere 1"), STR("Germany"), YES };
    ints_add(arena, &c.sic_codes, 7372);
    c.naics_codes.p = ARENA_NEW(arena, int64_t); /* there and empty */
    strs_add(arena, &c.keywords, STR("tools \\ \"toys\""));
    strs_add(arena, &c.technologies, STR("C"));
    counts_add(arena, &c.department_headcount, STR("Sales"), 3);
    return c;
}

static struct person full_person(void) {
    return (struct person){
        .id = STR("p-full"), .name = STR("Ana Müller"), .first_name = STR("Ana"), .last_name = STR("Müller"),
        .name_key = STR("ana muller"), .linkedin_url = STR("https://www.linkedin.com/in/ana"),
        .linkedin_key = STR("in/ana"), .gender = STR("female"), .title = STR("CEO"), .title_key = STR("ceo"),
        .seniority = STR("C-Suite"), .headline = STR("CEO \"at\" Acme"), .about = STR("a\tb"),
        .current_position_start_date = STR("2020-01"), .current_position_description = STR("leads"),
        .image_url = STR("https://acme.example/ana.png"), .location = STR("Berlin"), .country = STR("DE"),
        .experiences = STR("[{\"title\":\"CTO\"}]"), .educations = STR("[]"), .languages = STR("[\"de\"]"),
        .stored_email = STR("ana@acme.example"), .email_key = STR("ana@acme.example"),
        .company_id = STR("c-full"), .extra = STR("{\"y\":2}"), .tags = STR("nana"), .rank = opt_int(9),
    };
}

static enum rc put_rows(struct ctx *ctx, void *arg) {
    (void) arg;
    struct company companies[] = {
        full_company(ctx->arena),
        { .id = STR("c-sparse"), .name = STR("B"), .name_key = STR("b"), .tags = STR("wb"), .rank = opt_int(1) },
    };
    struct person people[PEOPLE] = {
        [FULL] = full_person(),
        [SPARSE] = { .id = STR("p-sparse"), .name = STR("Bo"), .name_key = STR("bo"), .tags = STR("nbo"),
                     .company_id = STR("c-sparse"), .rank = opt_int(2) },
        [ALONE] = { .id = STR("p-alone"), .name = STR("Cy"), .name_key = STR("cy"), .tags = STR("ncy"),
                    .company_id = STR("c-gone"), .rank = opt_int(3) },
    };
    enum rc rc = companies_put(ctx, (struct list){ companies, LENGTH(companies) });
    return rc == OK ? people_put(ctx, (struct list){ people, PEOPLE }) : rc;
}

/* Numbers of all rows, the last first, with one between that is not there. */
static struct ints docs_of(struct ctx *ctx, const char *table) {
    struct query *select = ARENA_NEW(ctx->arena, struct query);
    struct db_rows *rows;
    struct ints docs = { 0 };
    *select = (struct query){ "docs", arena_printf(ctx->arena, "SELECT doc FROM %s ORDER BY doc DESC", table).p,
                              NULL };
    assert_ok(ctx, db_query(ctx, select, DB_NO_ARGS, &rows));
    while (db_next(rows)) {
        ints_add(ctx->arena, &docs, db_int(rows, 0));
        ints_add(ctx->arena, &docs, db_int(rows, 0) + 1000);
    }
    assert_ok(ctx, db_rows_close(rows));
    return docs;
}

static void assert_same(struct ctx *ctx, const struct shown_page *page, const struct fields *fields,
                        const struct list *rows) {
    struct str expected = json_list(ctx->arena, fields, rows);
    assert_int_equal(page->n, rows->n);
    assert_str(page->json, arena_cstr(ctx->arena, expected));
}

static void assert_as_structs(struct ctx *ctx, struct shown_cache *cache) {
    struct shown_page page;
    struct list rows = { 0 };
    struct ints people = docs_of(ctx, "people"), companies = docs_of(ctx, "companies");
    assert_int_equal(people.n, 2 * PEOPLE);
    assert_ok(ctx, people_shown(ctx, cache, people, &page));
    assert_ok(ctx, people_by_docs(ctx, people, &rows));
    assert_same(ctx, &page, &person_fields, &rows);
    assert_ok(ctx, companies_shown(ctx, cache, companies, &page));
    assert_ok(ctx, companies_by_docs(ctx, companies, &rows));
    assert_same(ctx, &page, &company_fields, &rows);
}

static void test_as_structs(void **state) {
    struct ctx *ctx = account_start(state);
    struct shown_cache *cache = shown_cache_new(1 << 20);
    assert_ok(ctx, db_transact(ctx, put_rows, NULL));
    assert_as_structs(ctx, NULL);
    assert_as_structs(ctx, cache);
    assert_as_structs(ctx, cache); /* from the cache */
    shown_cache_free(&cache);
}

/* A person's text does not hold the company's. */
static void test_company_is_forgotten(void **state) {
    struct ctx *ctx = account_start(state);
    struct shown_cache *cache = shown_cache_new(1 << 20);
    assert_ok(ctx, db_transact(ctx, put_rows, NULL));
    assert_as_structs(ctx, cache);
    assert_ok(ctx, test_db_exec(ctx, "UPDATE companies SET overview = 'Other' WHERE id = 'c-full'"));
    struct shown_page page;
    assert_ok(ctx, people_shown(ctx, cache, docs_of(ctx, "people"), &page));
    assert_true(str_contains(page.json, STR("Makes"))); /* or there is no cache */
    shown_cache_forget(cache, SHOWN_COMPANY, docs_of(ctx, "companies"));
    assert_as_structs(ctx, cache);
    assert_ok(ctx, test_db_exec(ctx, "DELETE FROM companies WHERE id = 'c-full'"));
    shown_cache_forget(cache, SHOWN_COMPANY, (struct ints){ (int64_t[]){ 1, 2 }, 2 });
    assert_as_structs(ctx, cache);
    shown_cache_free(&cache);
}

static void test_no_rows(void **state) {
    struct ctx *ctx = account_start(state);
    struct shown_page page;
    assert_ok(ctx, people_shown(ctx, NULL, (struct ints){ 0 }, &page));
    assert_str(page.json, "[]");
    assert_ok(ctx, companies_shown(ctx, NULL, (struct ints){ (int64_t[]){ 5 }, 1 }, &page));
    assert_str(page.json, "[]");
    assert_int_equal(page.n, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        BOTH_ENGINES(test_as_structs),
        BOTH_ENGINES(test_company_is_forgotten),
        BOTH_ENGINES(test_no_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
