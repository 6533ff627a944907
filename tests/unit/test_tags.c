/* Tags of rows, and that what a query makes of a value is what a row's tags hold. */
#include "test.h"

#include "base/clock.h"
#include "base/vec.h"
#include "data/enums.h"
#include "search/tags.h"

static void test_values(void **state) {
    (void) state;
    static const struct {
        const char *prefix, *value, *tag;
    } cases[] = {
        { TAG_CITY, "Austin", "lyaustin" },
        { TAG_CITY, "San Francisco", "lysan_20francisco" },
        { TAG_COUNTRY, "US", "lcus" },
        { TAG_REGION, "Île-de-France", NULL }, /* whatever it is, as its folded form */
        { TAG_TECHNOLOGY, "Node.js", "xnode_20js" },
        { TAG_KEYWORD, "数", "k_e6_95_b0" },
        { TAG_NAME, "", "n" },
    };
    struct arena *arena = arena_new();
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct str tag = tag_text(arena, cases[i].prefix, str_of(cases[i].value));
        if (cases[i].tag)
            assert_str(tag, cases[i].tag);
        else
            assert_str(tag, tag_text(arena, cases[i].prefix, STR("ile-de-france")).p);
    }
    assert_str(tag_number(arena, TAG_INDUSTRY, 17), "i17");
    assert_str(tag_exact(arena, TAG_DOMAIN, STR("my-shop.co.uk")), "omy_2dshop_2eco_2euk");
    struct str key = tag_key(arena, TAG_TITLE_KEY, STR("chief executive officer"));
    assert_int_equal(key.n, 2 + 16);
    assert_false(str_eq(key, tag_key(arena, TAG_TITLE_KEY, STR("chief operating officer"))));
    arena_free(&arena);
}

/* Tokens stay of one kind of character and of bounded length, whatever the value. */
static void test_long_and_odd_values(void **state) {
    (void) state;
    static const char *const parts[] = { "a", "ä", "数", "'", "\"", "\\", "\x01", " & | ! ( )", "\xF0\x9F\x98\x80" };
    struct arena *arena = arena_new();
    for (size_t i = 0; i < LENGTH(parts); i++) {
        struct buf value = buf_in(arena, 8192);
        while (value.n < 600)
            buf_str(&value, str_of(parts[i]));
        struct str tag = tag_text(arena, TAG_COUNTRY, buf_text(&value));
        assert_in_range(tag.n, 1, 260);
        for (size_t k = 0; k < tag.n; k++)
            assert_true(ascii_is_lower(tag.p[k]) || ascii_is_digit(tag.p[k]) || tag.p[k] == '_');
    }
    arena_free(&arena);
}

static bool has(struct str tags, const char *tag) {
    for (struct str one; str_word(&tags, &one);)
        if (str_eq(one, str_of(tag)))
            return true;
    return false;
}

static void assert_each_once(struct arena *arena, struct str tags) {
    struct strs seen = { 0 };
    for (struct str one; str_word(&tags, &one);) {
        if (strs_have(seen, one))
            fail_case("twice: %.*s", STR_FMT(one));
        strs_add(arena, &seen, one);
    }
}

static void test_person(void **state) {
    (void) state;
    struct arena *arena = arena_new();
    struct person p = { .name = STR("Ana Müller"), .title = STR("VP Sales"), .title_key = STR("vice president sales"), .name_key = STR("ana muller"),
                        .seniority = enum_seniorities.values[2], .city = STR("Austin"), .country = STR("US"),
                        .headline = STR("sales, SALES & Sales") };
    strs_add(arena, &p.departments, enum_departments.values[1]);
    strs_add(arena, &p.departments, STR("no such department"));
    strs_add(arena, &p.keywords, STR("Cloud Computing"));
    struct str tags = person_tags(arena, &p);
    static const char *const expected[] = { "nana", "nmuller", "tvp", "tsales", "tvice", "tpresident", "s2", "d1",
                                            "lyaustin", "lcus", "kcloud", "kcomputing", "ksales", "kvp" };
    for (size_t i = 0; i < LENGTH(expected); i++)
        if (!has(tags, expected[i]))
            fail_case("%s is not in %.*s", expected[i], STR_FMT(tags));
    assert_true(has(tags, tag_key(arena, TAG_TITLE_KEY, p.title_key).p));
    assert_true(has(tags, tag_key(arena, TAG_NAME_KEY, p.name_key).p));
    assert_false(has(tags, "d-1"));
    assert_each_once(arena, tags);
    assert_str(person_tags(arena, &(struct person){ 0 }), "");
    arena_free(&arena);
}

static void test_company(void **state) {
    (void) state;
    struct arena *arena = arena_new();
    struct company c = { .name = STR("Acme GmbH"), .name_key = STR("acme"), .industry = enum_industries.values[3],
                         .domain = STR("acme.example"), .size = enum_company_sizes.values[1], .is_b2b = YES, .is_b2c = NO,
                         .latest_funding_stage = STR("Series B"), .region = STR("Texas") };
    strs_add(arena, &c.technologies, STR("Node.js"));
    struct str tags = company_tags(arena, &c);
    static const char *const expected[]
        = { "wacme", "wgmbh", "i3", "z1", "bb2b", "gseries_20b", "lrtexas", "xnode_20js", "oacme_2eexample" };
    for (size_t i = 0; i < LENGTH(expected); i++)
        if (!has(tags, expected[i]))
            fail_case("%s is not in %.*s", expected[i], STR_FMT(tags));
    assert_true(has(tags, tag_key(arena, TAG_COMPANY_KEY, STR("acme")).p));
    assert_false(has(tags, "bb2c"));
    assert_each_once(arena, tags);
    arena_free(&arena);
}

/* More senior comes first, then the more complete, then the fresher; larger companies come
 * first. */
static void test_rank(void **state) {
    (void) state;
    struct person chief = { .seniority = enum_seniorities.values[0] };
    struct person last = { .seniority = enum_seniorities.values[enum_seniorities.n - 1],
                           .stored_email = STR("a@example.com"), .linkedin_url = STR("x"), .title = STR("x"),
                           .location = STR("x"), .company_id = STR("x") };
    struct person unknown = last;
    unknown.seniority = STR_NONE;
    struct person known = chief;
    known.stored_email = STR("a@example.com");
    assert_true(person_rank(&chief) > person_rank(&last));
    assert_true(person_rank(&last) > person_rank(&unknown));
    assert_true(person_rank(&known) > person_rank(&chief));
    struct person old = known, fresh = known;
    old.updated_at = opt_int(1000 * DAY_MS);
    fresh.updated_at = opt_int(1031 * DAY_MS);
    chief.updated_at = opt_int(9000 * DAY_MS);
    assert_true(person_rank(&fresh) > person_rank(&old));
    assert_true(person_rank(&old) > person_rank(&chief));
    struct company small = { .size = enum_company_sizes.values[0] }, large = small;
    large.size = enum_company_sizes.values[enum_company_sizes.n - 1];
    assert_true(company_rank(&large) > company_rank(&small));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values), cmocka_unit_test(test_long_and_odd_values),
        cmocka_unit_test(test_person), cmocka_unit_test(test_company),
        cmocka_unit_test(test_rank),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
