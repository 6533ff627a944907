/* Leads are shared by weight, exactly in each round, and spread within it. */
#include "test.h"

#include "sequence/distribution.h"

static const struct {
    int64_t weights[5];
    size_t n;
    size_t longest_run; /* leads in a row for one sender, over two rounds */
} cases[] = {
    { { 1 }, 1, 2 },           { { 1, 1 }, 2, 1 },       { { 1, 1, 1 }, 3, 1 },
    { { 1, 1, 1, 1, 1 }, 5, 1 }, { { 3, 1 }, 2, 3 },     { { 50, 50 }, 2, 2 },
    { { 1, 2, 3 }, 3, 3 },     { { 100, 1 }, 2, 100 },   { { 7, 7, 7, 7 }, 4, 1 },
};

static void test_rounds(void **state) {
    (void) state;
    for (size_t i = 0; i < LENGTH(cases); i++) {
        int64_t counts[5] = { 0 }, total = 0;
        size_t run = 0, longest = 0, last = SIZE_MAX;
        for (size_t k = 0; k < cases[i].n; k++)
            total += cases[i].weights[k];
        for (int64_t position = 0; position < 2 * total; position++) {
            size_t sender = sender_at(cases[i].weights, cases[i].n, position);
            assert_in_range(sender, 0, cases[i].n - 1);
            assert_int_equal(sender, sender_at(cases[i].weights, cases[i].n, position + 10 * total));
            counts[sender]++;
            run = sender == last ? run + 1 : 1;
            longest = run > longest ? run : longest;
            last = sender;
        }
        for (size_t k = 0; k < cases[i].n; k++)
            assert_int_equal(counts[k], 2 * cases[i].weights[k]);
        if (longest > cases[i].longest_run)
            fail_case("case %zu: %zu in a row", i, longest);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_rounds) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
