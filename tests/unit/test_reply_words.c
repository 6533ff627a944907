/* A mail server's words in the form of the tables, and how patterns are held against them. */
#include "test.h"

#include "data/reply_words.h"

static void test_form(void **state) {
    (void) state;
    static const struct {
        const char *text, *words, *urls;
    } cases[] = {
        { "550 5.1.1 <Bob@B.example>: User Unknown", "550 5.1.1 <@>: user unknown", "" },
        { "bob@b.example: gone", "@: gone", "" },
        { "two  spaces", "two spaces", "" },
        { "See https://Spam.example/?q=1, please", "see , please", "https://spam.example/?q=1" },
        { "www.a.example //b.example", "", "www.a.example//b.example" },
        { "", "", "" },
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct reply_words words;
        reply_words_of(str_of(cases[i].text), &words);
        struct str text = str_trim((struct str){ words.text, words.n });
        if (!str_eq(text, str_of(cases[i].words)) || !str_eq((struct str){ words.urls, words.urls_n }, str_of(cases[i].urls)))
            fail_case("%s: got '%.*s' '%.*s'", cases[i].text, STR_FMT(text), (int) words.urls_n, words.urls);
    }
}

static void test_patterns(void **state) {
    (void) state;
    static const struct {
        const char *text, *pattern;
        bool matches;
    } cases[] = {
        { "user unknown", "unknown", true },        { "user unknown", "user*known", true },
        { "user unknown", "known*user", false },    { "user unknown", "^user", true },
        { "user unknown", "^unknown", false },      { "user unknown", "unknown$", true },
        { "user unknown here", "unknown$", false }, { "", "a", false },
        { "user unknown  ", "^user unknown$", true },
    };
    for (size_t i = 0; i < LENGTH(cases); i++)
        if (reply_phrase_matches(str_of(cases[i].text), str_of(cases[i].pattern)) != cases[i].matches)
            fail_case("%s in %s", cases[i].pattern, cases[i].text);
}

/* What is longer than the form takes is left out, and no byte is written behind it. */
static void test_long(void **state) {
    (void) state;
    static char text[3 * REPLY_WORDS_MAX];
    struct reply_words words;
    memset(text, 'A', sizeof text);
    reply_words_of((struct str){ text, sizeof text }, &words);
    assert_int_equal(words.n, REPLY_WORDS_MAX);
    assert_int_equal(words.text[REPLY_WORDS_MAX - 1], 'a');
    assert_int_equal(words.urls_n, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_form),
        cmocka_unit_test(test_patterns),
        cmocka_unit_test(test_long),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
