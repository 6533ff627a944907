#include "test.h"

#include "base/buf.h"
#include "base/limits.h"
#include "base/utf8.h"
#include "data/text.h"

struct example {
    const char *text, *expected;
};

static void check_all(const struct example *cases, size_t n,
                      struct str (*function)(struct arena *, struct str), bool idempotent) {
    struct arena *arena = arena_new();
    for (size_t i = 0; i < n; i++) {
        struct str once = function(arena, str_of(cases[i].text));
        assert_str(once, cases[i].expected);
        assert_int_equal(once.p[once.n], 0);
        if (idempotent)
            assert_str(function(arena, once), cases[i].expected);
    }
    arena_free(&arena);
}

static void test_fold(void **state) {
    (void) state;
    static const struct example cases[] = {
        { "", "" },
        { "  -- ", "" },
        { "Hello, World", "hello world" },
        { "\tA\r\n b\xC2\xA0" "c\xE3\x80\x80" "d ", "a b c d" },
        { "Crème Brûlée", "creme brulee" },
        { "Cre\xCC\x80me", "creme" },
        { "Straße STRASSE STRA\xE1\xBA\x9E" "E", "strasse strasse strasse" },
        { "Søren Ørsted", "soren orsted" },
        { "Łódź", "lodz" },
        { "Ærø Œuvre", "aero oeuvre" },
        { "Þór Guðmundsson", "thor gudmundsson" },
        { "Đặng Thị Hồng", "dang thi hong" },
        { "Ångström Åse", "angstrom ase" },
        { "İstanbul Diyarbakır ŞİŞLİ", "istanbul diyarbakir sisli" },
        { "Çağlar Öztürk", "caglar ozturk" },
        { "Dvořák Žižka Čapek", "dvorak zizka capek" },
        { "Őri Ferenc", "ori ferenc" },
        { "Ștefan Ţara", "stefan tara" },
        { "Ἀθῆναι ΣΊΣΥΦΟΣ", "αθηναι σισυφοσ" },
        { "Алексей Ёлкин", "алексеи елкин" },
        { "ﬁnance ｆｕｌｌ　ｗｉｄｔｈ", "finance full width" },
        { "𝓙𝓸𝓱𝓷 Ⅲ", "john iii" },
        { "株式会社トヨタ ｶﾞｽ", "株式会社トヨタ ガス" },
        { "김민수", "김민수" },
        { "\xE1\x84\x80\xE1\x85\xB5\xE1\x86\xB7", "김" },
        { "หน้าที่", "หน้าที่" },
        { "हिन्दी", "हिन्दी" },
        { "O'Neil O’Neil O`Neil ONeil O' Neil", "oneil oneil oneil oneil o neil" },
        { "d\xC2\xB4" "Angelo rock 'n' roll", "dangelo rock n roll" },
        { "AT&T / R&D (m/w/d)", "at t r d m w d" },
        { "V.P., Sales–EMEA", "v p sales emea" },
        { "Acme™ Foo® C++ #1", "acme foo c 1" },
        { "Jane 🚀 Doe👩‍💻", "jane doe" },
        { "zero\xE2\x80\x8Bwidth soft\xC2\xADhyphen", "zerowidth softhyphen" },
        { "½ x² №5", "1 2 x2 no5" },
        { "a\xFF" "b \xC3( \xED\xA0\x80 \xF8", "a b" },
        { "x\xE2\x82", "x" },
    };
    check_all(cases, LENGTH(cases), text_fold, true);
}

static void test_fold_bounds(void **state) {
    (void) state;
    struct arena *arena = arena_new();
    /* The character that unfolds furthest, as often as fits and more. */
    struct buf long_text = buf_in(arena, 3 * TEXT_FOLD_MAX_BYTES);
    while (long_text.n + 3 <= 2 * TEXT_FOLD_MAX_BYTES)
        buf_str(&long_text, STR("\xEF\xB7\xBA"));
    struct str folded = text_fold(arena, buf_text(&long_text));
    assert_true(utf8_is_valid(folded));
    assert_true(folded.n > TEXT_FOLD_MAX_BYTES && folded.n <= TEXT_FOLD_MAX_BYTES * 18);
    buf_clear(&long_text);
    while (long_text.n < TEXT_FOLD_MAX_BYTES)
        buf_char(&long_text, 'a');
    buf_str(&long_text, STR("b"));
    folded = text_fold(arena, buf_text(&long_text));
    assert_int_equal(folded.n, TEXT_FOLD_MAX_BYTES);
    assert_false(str_contains(folded, STR("b")));
    assert_str(text_fold(arena, STR_NONE), "");
    assert_str(text_fold(arena, (struct str){ "a\0b", 3 }), "a b");
    arena_free(&arena);
}

static void test_words(void **state) {
    (void) state;
    struct arena *arena = arena_new();
    struct strs words = { 0 };
    text_words(arena, STR(" Zürich-Nord, 8050 "), &words);
    text_words(arena, STR("!"), &words);
    text_words(arena, STR("CH"), &words);
    static const char *const expected[] = { "zurich", "nord", "8050", "ch" };
    assert_int_equal(words.n, LENGTH(expected));
    for (size_t i = 0; i < LENGTH(expected); i++)
        assert_str(words.p[i], expected[i]);
    arena_free(&arena);
}

static void test_clean(void **state) {
    (void) state;
    static const struct example cases[] = {
        { "", "" },
        { " \xE2\x80\x83" "A \t\n B\xE2\x80\xA9", "A B" },
        { "Cre\xCC\x80me", "Crème" },
        { "a\x01\x7F" "b\xE2\x80\x8E" "c\xEF\xBB\xBF", "abc" },
        { "bad\xFFone", "bad\xEF\xBF\xBDone" },
    };
    check_all(cases, LENGTH(cases), text_clean, true);
}

static void test_title_case(void **state) {
    (void) state;
    static const struct example cases[] = {
        { "new york", "New York" },
        { "COEUR D'ALENE", "Coeur D'Alene" },
        { "st. john's", "St. John's" },
        { "SAINT-ÉTIENNE", "Saint-Étienne" },
        { "o’neil  smith", "O’Neil Smith" },
        { "ǆemal", "ǅemal" },
        { "j.r.r. tolkien", "J.R.R. Tolkien" },
        { "østergård", "Østergård" },
        { "ÉCOLE 2B", "École 2b" },
    };
    check_all(cases, LENGTH(cases), text_title_case, true);
}

static void test_lower(void **state) {
    (void) state;
    static const struct example cases[] = {
        { "", "" },
        { " Outbound  EMEA (Q3) ", "outbound emea (q3)" },
        { "ÉTÉ 100%", "été 100%" },
        { "ØSTERGÅRD-株式", "østergård-株式" },
    };
    check_all(cases, LENGTH(cases), text_lower, true);
}

static void test_case_of(void **state) {
    (void) state;
    static const struct {
        const char *text;
        enum text_case expected;
    } cases[] = {
        { "", CASE_NONE },      { "12-3", CASE_NONE },    { "abc", CASE_LOWER },
        { "ÀB C", CASE_UPPER }, { "Abc", CASE_MIXED },    { "é1", CASE_LOWER },
        { "株式", CASE_NONE },  { "J.", CASE_UPPER },
    };
    for (size_t i = 0; i < LENGTH(cases); i++)
        assert_int_equal(text_case_of(str_of(cases[i].text)), cases[i].expected);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fold),       cmocka_unit_test(test_fold_bounds),
        cmocka_unit_test(test_words),      cmocka_unit_test(test_clean),
        cmocka_unit_test(test_title_case), cmocka_unit_test(test_case_of),
        cmocka_unit_test(test_lower),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
