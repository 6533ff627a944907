#include "sequence/hours.h"

#include "base/check.h"
#include "base/vec.h"
#include "data/enums.h"

enum rc window_of_hours(const struct working_hours *hours, struct window *ret_window) {
    const struct enum_values *days = field_find(&working_hours_fields, STR("day"))->values;
    struct window w = { enum_index(days, hours->day), 0, 0 };
    if (w.weekday < 0 || minute_parse(hours->from, &w.from) != OK
        || minute_parse(hours->to, &w.to) != OK || w.from >= w.to)
        return E_INVALID;
    *ret_window = w;
    return OK;
}

enum rc day_of_date(struct str date, int64_t *ret_day) {
    enum { DATE_LENGTH = 10 };
    int64_t ms;
    if (date.n != DATE_LENGTH || time_parse(date, &ms) != OK)
        return E_INVALID;
    *ret_day = ms / DAY_MS - (ms % DAY_MS < 0);
    return OK;
}

static struct list whole_week(struct arena *arena) {
    struct window *windows = ARENA_ARRAY(arena, WEEK_DAYS, struct window);
    for (int day = 0; day < WEEK_DAYS; day++)
        windows[day] = (struct window){ day, 0, DAY_MINUTES };
    return (struct list){ windows, WEEK_DAYS };
}

struct calendar calendar_of(struct arena *arena, const struct zone *zone, struct list hours,
                            struct strs holidays) {
    const struct working_hours *stored = hours.p;
    struct list windows = { 0 };
    struct ints days = { 0 };
    struct window window;
    int64_t day;
    for (size_t i = 0; i < hours.n; i++)
        if (window_of_hours(&stored[i], &window) == OK)
            *(struct window *) list_add(arena, &windows, sizeof window) = window;
    for (size_t i = 0; i < holidays.n; i++)
        if (day_of_date(holidays.p[i], &day) == OK)
            ints_add(arena, &days, day);
    if (!hours.n)
        windows = whole_week(arena);
    return (struct calendar){ zone, windows.p, windows.n, days.p, days.n };
}
