#include "test.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"

/* What `log` wrote to stderr until it returned. */
static size_t written_by(void (*log)(void), char *text, size_t max) {
    char path[] = "/tmp/outrider-test-XXXXXX";
    int file = mkstemp(path), kept = dup(STDERR_FILENO);
    assert_true(file >= 0 && kept >= 0);
    assert_int_equal(unlink(path), 0);
    assert_true(dup2(file, STDERR_FILENO) >= 0);
    log();
    assert_true(dup2(kept, STDERR_FILENO) >= 0);
    ssize_t n = pread(file, text, max, 0);
    assert_true(n >= 0);
    close(file);
    close(kept);
    return (size_t) n;
}

static void once(void) {
    log_info(NULL, "the first line", LOG_I("n", 1));
}

static void warning(void) {
    log_warn(NULL, "something", LOG_I("n", 2));
}

/* Nothing was written for long, so it does not wait for more. */
static void test_line_after_a_pause(void **state) {
    (void) state;
    char text[1024];
    struct str line = { text, written_by(once, text, sizeof text) };
    assert_true(str_contains(line, STR("message=\"the first line\" n=1\n")));
}

static void test_warning_at_once(void **state) {
    (void) state;
    char text[1024];
    struct str line = { text, written_by(warning, text, sizeof text) };
    assert_true(str_contains(line, STR("level=warn message=something n=2\n")));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_line_after_a_pause),
        cmocka_unit_test(test_warning_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
