#include "data/bands.h"

#include "base/check.h"

#define MILLION INT64_C(1000000)

static const struct str names[] = {
    { "$0-$1M", 6 },        { "$1M-$10M", 8 },     { "$10M-$50M", 9 },
    { "$50M-$100M", 10 },   { "$100M-$500M", 11 }, { "$500M-$1B", 9 },
    { "$1B-$10B", 8 },      { "$10B+", 5 },
};
/* First revenue that belongs to the next band. */
static const int64_t ends[] = {
    MILLION,       10 * MILLION,   50 * MILLION,    100 * MILLION,
    500 * MILLION, 1000 * MILLION, 10000 * MILLION, INT64_MAX,
};

const struct enum_values enum_revenue_bands = { "RevenueBand", names, LENGTH(names) };

struct str revenue_band(int64_t revenue) {
    size_t i = 0;
    while (revenue >= ends[i] && i + 1 < LENGTH(ends))
        i++;
    return names[i];
}
