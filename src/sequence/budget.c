#include "sequence/budget.h"

#include "base/check.h"

enum { RAMP_DAYS_MAX = 100000 }; /* beyond it no ramp grows any more */

static int64_t day_number(const struct zone *zone, int64_t at_ms) {
    int64_t local = zone_local_ms(zone, at_ms);
    return local >= 0 ? local / DAY_MS : -((-local + DAY_MS - 1) / DAY_MS);
}

struct budget_day budget_day(const struct zone *zone, int64_t at_ms) {
    int64_t number = day_number(zone, at_ms);
    return (struct budget_day){ number, zone_utc_ms(zone, number * DAY_MS),
                                zone_utc_ms(zone, (number + 1) * DAY_MS) };
}

static int64_t smaller(int64_t a, int64_t b) {
    return a < b ? a : b;
}

/* Days are counted on the calendar, so a day of 23 hours is one, too. */
static int64_t ramp_limit(const struct budget_limits *l, const struct zone *zone, int64_t day) {
    int64_t days = day - day_number(zone, l->ramp_since);
    if (days < 0)
        return 0;
    return days > RAMP_DAYS_MAX ? INT64_MAX : l->ramp_start + days * l->ramp_step;
}

static int64_t limit_of_day(const struct budget_limits *l, const struct zone *zone, int64_t day) {
    int64_t limit = l->daily;
    if (l->provider > 0)
        limit = smaller(limit, l->provider);
    if (l->ramp_start > 0)
        limit = smaller(limit, ramp_limit(l, zone, day));
    return limit > 0 ? limit : 0;
}

int64_t budget_limit(const struct budget_limits *limits, const struct zone *zone, int64_t at_ms) {
    return limit_of_day(limits, zone, day_number(zone, at_ms));
}

int64_t budget_left(const struct budget_limits *limits, const struct zone *zone, int64_t at_ms,
                    int64_t sent) {
    int64_t limit = budget_limit(limits, zone, at_ms);
    bool throttled = limits->throttled_until_ms > at_ms;
    return throttled || sent >= limit ? 0 : limit - sent;
}

int64_t budget_next(const struct budget_limits *limits, const struct zone *zone, int64_t at_ms,
                    int64_t sent) {
    struct budget_day today = budget_day(zone, at_ms);
    int64_t from = limits->throttled_until_ms > at_ms ? limits->throttled_until_ms : at_ms;
    if (from < today.to_ms && sent < limit_of_day(limits, zone, today.number))
        return from;
    int64_t begins = from < today.to_ms ? today.to_ms : from;
    int64_t day = day_number(zone, begins);
    if (limits->ramp_start > 0 && limits->ramp_since > begins)
        day = day_number(zone, limits->ramp_since); /* before its ramp a mailbox sends nothing */
    if (limit_of_day(limits, zone, day) == 0)
        return INT64_MAX;
    int64_t opens = zone_utc_ms(zone, day * DAY_MS);
    return opens > begins ? opens : begins;
}

int64_t budget_gap_ms(struct str mailbox, int64_t day, int64_t n, int64_t min_s, int64_t max_s) {
    ASSERT(min_s >= 0 && max_s >= min_s);
    uint64_t span = (uint64_t) ((max_s - min_s) * SECOND_MS) + 1;
    uint64_t seed = str_hash(mailbox) ^ ((uint64_t) day * 0x9E3779B97F4A7C15u) ^ ((uint64_t) n << 32);
    char bytes[sizeof seed];
    memcpy(bytes, &seed, sizeof bytes);
    uint64_t drawn = str_hash((struct str){ bytes, sizeof bytes });
    return min_s * SECOND_MS + (int64_t) (drawn % span);
}
