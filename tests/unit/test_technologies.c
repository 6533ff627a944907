#include "test.h"

#include "data/technologies.h"

/* Every name of a row has the same key; rows have different keys. */
static const char *const same[][4] = {
    { "c", "C", " c " },
    { "c plus plus", "C++", "c++", "C ++" },
    { "c sharp", "C#", "c #", "C Sharp" },
    { "f sharp", "F#" },
    { "dot net", ".NET", ".net", " .Net" },
    { "net", "NET" },
    { "dot net core", ".NET Core" },
    { "asp net", "ASP.NET" },
    { "node js", "Node.js", "node JS" },
    { "google", "Google" },
    { "google plus", "Google+" },
    { "r", "R" },
    { "r plus", "R+" },
    { "d e", "D&E" },
};

static void test_keys(void **state) {
    (void) state;
    struct arena *arena = arena_new();
    for (size_t i = 0; i < LENGTH(same); i++) {
        for (size_t k = 0; k < LENGTH(same[i]) && same[i][k]; k++)
            assert_str(technology_key(arena, str_of(same[i][k])), same[i][0]);
        for (size_t other = 0; other < i; other++)
            assert_string_not_equal(same[i][0], same[other][0]);
    }
    assert_str(technology_key(arena, STR_NONE), "");
    assert_str(technology_key(arena, STR(" . ")), "");
    assert_str(technology_key(arena, STR("+")), "plus");
    arena_free(&arena);
}

int main(void) {
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_keys) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
