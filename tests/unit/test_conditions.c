/* What values of filters ask, told by tags that match and tags that do not. */
#include "test.h"

#include "base/vec.h"
#include "search/conditions.h"
#include "search/tags.h"
#include "search/typos.h"

static struct strs split(struct arena *arena, const char *text) {
    struct str rest = str_of(text);
    struct strs words = { 0 };
    for (struct str word; str_word(&rest, &word);)
        strs_add(arena, &words, word);
    return words;
}

static const struct filter *filter_named(const char *name) {
    const struct filter_table *tables[] = { &people_filters, &company_filters };
    for (size_t t = 0; t < LENGTH(tables); t++)
        for (size_t i = 0; i < tables[t]->n; i++)
            if (strcmp(tables[t]->p[i].name, name) == 0)
                return &tables[t]->p[i];
    print_error("no filter %s\n", name);
    assert_true(false);
    return NULL;
}

static void test_values(void **state) {
    (void) state;
    static const struct {
        const char *filter, *value, *tags;
        bool matches;
    } cases[] = {
        { "person_name", "Doe, John", "njohn ndoe", true },
        { "person_name", "John Doe", "njohn nsmith", false },
        { "person_name", "joh*", "njohn", true },
        { "person_name", "JOH*", "njohanna ndoe", true },
        { "person_name", "joh*", "njim tjohn", false },
        { "person_name", "John Smi*", "njohn nsmithers", true },
        { "person_name", "John Smi*", "njohanna nsmith", false },
        { "person_name", "jean-pi*", "njean npierre", true },
        { "person_name", "j*", "njohn", false },  /* too short to be a beginning */
        { "person_name", "j*", "nj", true },
        { "person_name", "John *", "njohn", true }, /* the beginning of nothing */
        { "person_name", "*", "njohn", false },
        { "person_name", "", "njohn", false },
        { "person_name", "joh* Smith", "njohn nsmith", false }, /* only the last word */
        { "person_name", "joh* Smith", "njoh nsmith", true },
        { "person_titles", "CEO", "tchief texecutive tofficer", true },
        { "person_titles", "CEO", "tchief toperating tofficer", false },
        { "person_titles", "VP Sal*", "tvice tpresident tsales", true },
        { "person_titles", "VP Sal*", "tvice tpresident tmarketing", false },
        { "person_titles", "engin*", "tengineering", true },
        { "person_titles", "Geschäftsführer", "tmanaging tdirector", true },
        { "person_keywords", "cloud comp*", "kcloud kcomputing", true },
        { "person_keywords", "cloud comp*", "kcloud", false },
        { "company_names", "Acme GmbH", "wacme", true },
        { "company_names", "Acme Lab*", "wacme wlabs", true },
        { "company_names", "Acme Lab*", "wacme", false },
        { "company_domains", "https://www.example.com/x", "oexample_2ecom", true },
        { "company_domains", "example.org", "oexample_2ecom", false },
        { "company_domains", "no domain", "oexample_2ecom", false },
        { "company_last_funding/stages", "Series B", "gseries_20b", true },
    };
    struct arena *arena = arena_new();
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct expr *expr = filter_expr(arena, filter_named(cases[i].filter), str_of(cases[i].value));
        if (expr_matches(expr, split(arena, cases[i].tags)) != cases[i].matches)
            fail_case("%s \"%s\" with %s", cases[i].filter, cases[i].value, cases[i].tags);
    }
    arena_free(&arena);
}

static void test_typos(void **state) {
    (void) state;
    static const struct {
        const char *word, *other;
        bool is_near;
    } cases[] = {
        { "smith", "smit", true },   { "smith", "mith", true },    { "smith", "smiths", true },
        { "smith", "asmith", true }, { "smith", "smxth", true },   { "smith", "smiht", true },
        { "smith", "msith", true },  { "smith", "smith", false },  { "smith", "smits", true },
        { "smith", "htims", false }, { "smith", "smi", false },    { "smith", "smithson", false },
        { "smith", "sitmh", false }, { "aabb", "abab", true },     { "łukasz", "lukasz", true },
        { "數據數據", "數據據數", true }, { "數據數據", "數數據", true },
    };
    struct arena *arena = arena_new();
    for (size_t i = 0; i < LENGTH(cases); i++)
        if (strs_have(typo_variants(arena, str_of(cases[i].word)), str_of(cases[i].other)) != cases[i].is_near)
            fail_case("%s, %s", cases[i].word, cases[i].other);
    struct strs variants = typo_variants(arena, STR("anna"));
    assert_in_range(variants.n, 1, 53 * 4 + 25);
    for (size_t i = 0; i < variants.n; i++)
        if (strs_have((struct strs){ variants.p, i }, variants.p[i]))
            fail_case("twice: %.*s", STR_FMT(variants.p[i]));
    assert_true(typo_is_likely(STR("john")) && typo_is_likely(STR("aaaaaaaaaaaaaaaaaaaaaaaa")));
    assert_false(typo_is_likely(STR("joe")) || typo_is_likely(STR("aaaaaaaaaaaaaaaaaaaaaaaaa")));
    assert_true(typo_is_likely(STR("數據數據")));
    assert_false(typo_is_likely(STR("數據數")));
    arena_free(&arena);
}

static void test_mistaken_names(void **state) {
    (void) state;
    struct arena *arena = arena_new();
    struct strs words = name_words_for_typos(arena, STR("Jonh Doe Smiht Smiht Tayl*"));
    assert_int_equal(words.n, 2);
    assert_str(words.p[0], "jonh");
    assert_str(words.p[1], "smiht");
    struct expr *expr = name_expr(arena, STR("Jonh Doe"), words);
    assert_true(expr_matches(expr, split(arena, "njohn ndoe")));
    assert_true(expr_matches(expr, split(arena, "njon ndoe")));
    assert_false(expr_matches(expr, split(arena, "njohn nroe")));
    assert_false(expr_matches(expr, split(arena, "njonh ndoe"))); /* nobody bears it */
    assert_int_equal(name_words_for_typos(arena, STR("aaaa bbbb cccc dddd eeee ffff gggg hhhh iiii")).n, 0);
    arena_free(&arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_typos),
        cmocka_unit_test(test_mistaken_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
