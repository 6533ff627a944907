/* What every unit test includes: cmocka, and comparison of slices. Tests are tables
 * of cases; a failing one names its row. */
#ifndef TESTS_TEST_H
#define TESTS_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#undef fail /* ours, of base/ctx.h, is the one that tests use */

#include "base/arena.h"
#include "base/check.h"
#include "base/ctx.h"
#include "base/str.h"

/* Fails the test with a sentence: fail_case("%s: expected %d", text, n) */
#define fail_case(...) (print_error(__VA_ARGS__), print_error("\n"), _fail(__FILE__, __LINE__))

#define assert_str(actual, expected) test_assert_str((actual), (expected), __FILE__, __LINE__)

static inline void test_assert_str(struct str actual, const char *expected, const char *file,
                                   int line) {
    bool same = expected ? actual.p && str_eq(actual, str_of(expected)) : !actual.p;
    if (!same) {
        print_error("got      %s%.*s\nexpected %s\n", actual.p ? "" : "(absent)", STR_FMT(actual),
                    expected ? expected : "(absent)");
        _fail(file, line);
    }
}

/* Ends the test with a sentence. */
#define test_fail(...) (print_error(__VA_ARGS__), print_error("\n"), _fail(__FILE__, __LINE__))

/* A context on a new arena, for tests that need no database. */
static inline struct ctx test_ctx(void) {
    return (struct ctx){ .arena = arena_new(), .clock = &clock_system };
}

#endif
