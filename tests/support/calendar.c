/* Answers lines about time zones and calendars, so that the tests can compare with Python's
 * zoneinfo:
 *
 *   local ZONE MS                what the clock shows; or "-" without such a zone
 *   utc ZONE LOCAL_MS            when it shows that
 *   next AT CALENDAR…            the next time when all of them are open: "FROM TO" or "-"
 *
 * CALENDAR is ZONE;weekday:from:to,…;day,…  (minutes of the day, days since 1970). */
#include <stdio.h>

#include "base/check.h"
#include "base/vec.h"
#include "sequence/window.h"

static int64_t number(struct str text) {
    int64_t value = 0;
    enum rc rc = str_to_i64(text, &value);
    ASSERT(rc == OK);
    return value;
}

static int64_t next_number(struct str *rest, char separator) {
    struct str part = STR("");
    (void) str_cut(rest, separator, &part); /* an empty one is no number and ends the program */
    return number(part);
}

static void print_time(struct str zone_name, struct str ms, bool is_local) {
    struct zone *zone;
    if (zone_open(zone_name, &zone) != OK) {
        puts("-");
        return;
    }
    int64_t result = is_local ? zone_local_ms(zone, number(ms)) : zone_utc_ms(zone, number(ms));
    printf("%lld\n", (long long) result);
    zone_close(&zone);
}

static void close_zone(void *zone) {
    zone_close((struct zone **) &zone);
}

static struct calendar calendar_of(struct arena *arena, struct str text) {
    struct str name = STR(""), windows = STR(""), holidays = STR(""), part;
    (void) str_cut(&text, ';', &name);
    (void) str_cut(&text, ';', &windows);
    (void) str_cut(&text, ';', &holidays);
    struct zone *zone;
    enum rc rc = zone_open(name, &zone);
    ASSERT(rc == OK);
    arena_defer(arena, close_zone, zone);
    struct list list = { 0 };
    struct ints days = { 0 };
    while (windows.n && str_cut(&windows, ',', &part)) {
        struct window *w = list_add(arena, &list, sizeof *w);
        w->weekday = (int) next_number(&part, ':');
        w->from = (int) next_number(&part, ':');
        w->to = (int) next_number(&part, ':');
    }
    while (holidays.n && str_cut(&holidays, ',', &part))
        ints_add(arena, &days, number(part));
    return (struct calendar){ zone, list.p, list.n, days.p, days.n };
}

static void print_next(struct arena *arena, struct str rest) {
    struct str word = STR("");
    struct list calendars = { 0 };
    (void) str_word(&rest, &word);
    int64_t at = number(word);
    while (str_word(&rest, &word))
        *(struct calendar *) list_add(arena, &calendars, sizeof(struct calendar))
            = calendar_of(arena, word);
    struct opening o;
    enum rc rc = calendars.n == 1 ? calendar_next(calendars.p, at, &o)
                                  : calendars_next(calendars.p, calendars.n, at, &o);
    if (rc == OK)
        printf("%lld %lld\n", (long long) o.from_ms, (long long) o.to_ms);
    else
        puts("-");
}

int main(void) {
    static char line[4096];
    struct arena *arena = arena_new();
    while (fgets(line, sizeof line, stdin)) {
        struct str rest = str_of(line), word, zone = STR(""), ms = STR("");
        if (!str_word(&rest, &word))
            continue;
        if (str_eq(word, STR("next"))) {
            print_next(arena, rest);
        } else {
            (void) str_word(&rest, &zone);
            (void) str_word(&rest, &ms);
            print_time(zone, ms, str_eq(word, STR("local")));
        }
        arena_reset(arena);
    }
    arena_free(&arena);
    return 0;
}
