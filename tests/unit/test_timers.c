#include "test.h"
#include "verify/timers.h"

enum { TIMERS = 500 };

struct watched {
    struct timer timer;
    int fired;
};

static int64_t last_fired;

static void fire(void *arg, struct timer *timer) {
    struct watched *watched = (struct watched *) timer;
    int *count = arg;
    assert_true(timer->at_ms >= last_fired);
    assert_int_equal(timer->place, 0);
    last_fired = timer->at_ms;
    watched->fired++;
    (*count)++;
}

/* Repeatable, so that a failure can be looked at. */
static uint32_t next_number(uint32_t *state) {
    *state = *state * 1664525U + 1013904223U;
    return *state >> 8;
}

static void test_order(void **state) {
    static struct watched all[TIMERS];
    struct timers timers = { 0 };
    uint32_t seed = 7;
    int count = 0;
    (void) state;
    last_fired = 0;
    for (size_t i = 0; i < TIMERS; i++)
        timer_set(&timers, &all[i].timer, next_number(&seed) % 1000, fire);
    for (size_t i = 0; i < TIMERS; i += 3)
        timer_set(&timers, &all[i].timer, 2000 + next_number(&seed) % 1000, fire);
    for (size_t i = 0; i < TIMERS; i += 5)
        timer_stop(&timers, &all[i].timer);
    timers_run(&timers, 1999, &count);
    for (size_t i = 0; i < TIMERS; i++)
        assert_int_equal(all[i].fired, i % 3 != 0 && i % 5 != 0);
    assert_true(timers_next(&timers, 0) >= 2000);
    timers_run(&timers, 5000, &count);
    for (size_t i = 0; i < TIMERS; i++)
        assert_int_equal(all[i].fired, i % 5 != 0);
    assert_int_equal(timers_next(&timers, 42), 42);
    timers_done(&timers);
}

static void again(void *arg, struct timer *timer) {
    struct timers *timers = arg;
    if (timer->at_ms < 10)
        timer_set(timers, timer, timer->at_ms + 1, again);
}

static void test_set_while_firing(void **state) {
    struct timers timers = { 0 };
    struct timer timer = { 0 };
    (void) state;
    timer_set(&timers, &timer, 1, again);
    timers_run(&timers, 100, &timers);
    assert_int_equal(timer.at_ms, 10);
    timer_stop(&timers, &timer); /* not set: nothing happens */
    assert_int_equal(timers.n, 0);
    timers_done(&timers);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_set_while_firing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
