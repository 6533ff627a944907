#include "test.h"

#include "base/clock.h"
#include "net/retry_after.h"

#define NOW_MS INT64_C(1445412420000) /* Wed, 21 Oct 2015 07:27:00 GMT */

static void test_both_forms(void **state) {
    static const struct {
        const char *text;
        int64_t expected; /* -1: none */
    } cases[] = {
        { "120", 120 * SECOND_MS },
        { " 120 ", 120 * SECOND_MS },
        { "120.0", 120 * SECOND_MS },
        { "120.1", 121 * SECOND_MS },
        { "120.6", 121 * SECOND_MS },
        { "0", 0 },
        { "0.001", SECOND_MS },
        { "Wed, 21 Oct 2015 07:28:00 GMT", 60 * SECOND_MS },
        { "Wednesday, 21-Oct-15 07:28:00 GMT", 60 * SECOND_MS },
        { "Wed Oct 21 07:28:00 2015", 60 * SECOND_MS },
        { "Wed, 21 Oct 2015 07:26:00 GMT", -1 },
        { "invalid", -1 },
        { "", -1 },
        { " ", -1 },
        { "-1", -1 },
        { "1e3", -1 },
        { "1.", -1 },
        { ".5", -1 },
        { "1 2", -1 },
        { "12 seconds", -1 },
        { "20151021", 20151021 * SECOND_MS > RETRY_AFTER_MAX_MS ? RETRY_AFTER_MAX_MS : 20151021 * SECOND_MS },
        { "99999999999999999999999999", RETRY_AFTER_MAX_MS },
        { "Fri, 31 Dec 9999 23:59:59 GMT", RETRY_AFTER_MAX_MS },
        { "Nov2 299999999,", RETRY_AFTER_MAX_MS },
    };
    (void) state;
    for (size_t i = 0; i < LENGTH(cases); i++) {
        int64_t wait = -1;
        enum rc rc = retry_after_read(str_of(cases[i].text), NOW_MS, &wait);
        if (wait != cases[i].expected || (rc == OK) != (cases[i].expected >= 0))
            fail_case("%s: %lld", cases[i].text, (long long) wait);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_both_forms) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
