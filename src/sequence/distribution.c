/* Positions of a round are visited in steps of the golden ratio, which spreads the runs that
 * the weights are; a step without a common divisor visits each once. */
#include "sequence/distribution.h"

#include "base/check.h"

static int64_t common_divisor(int64_t a, int64_t b) {
    while (b) {
        int64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

static int64_t step_of(int64_t total) {
    int64_t step = (int64_t) ((double) total * 0.6180339887498949);
    step = step < 1 ? 1 : step;
    while (common_divisor(total, step) != 1)
        step++;
    return step;
}

static int64_t sum_of(const int64_t *weights, size_t n) {
    int64_t sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += weights[i];
    return sum;
}

size_t sender_at(const int64_t *weights, size_t n, int64_t position) {
    int64_t total = sum_of(weights, n);
    ASSERT(total > 0 && position >= 0);
    int64_t at = position % total * step_of(total) % total;
    size_t i = 0;
    while (at >= weights[i])
        at -= weights[i++];
    return i;
}
