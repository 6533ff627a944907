/* Only offsets of instants are asked of the library, because those have one meaning; which
 * instant a local time is follows from the offsets a day before and a day behind it. No
 * zone changes its offset twice within two days. */
#include "data/zones.h"

#include <glib.h>

#include "base/mem.h"

struct zone {
    GTimeZone *zone;
};

/* The library also takes rules of POSIX ("EST5EDT") and absolute paths: a name has parts of
 * letters, digits, '_', '+' and '-', and digits only behind a slash. */
static bool is_name(struct str name) {
    bool slash = false;
    if (name.n < 2 || name.n > ZONE_NAME_MAX_BYTES || !ascii_is_alpha(name.p[0]))
        return false;
    for (size_t i = 0; i < name.n; i++) {
        char c = name.p[i];
        bool deep = ascii_is_digit(c) || c == '_' || c == '+' || c == '-';
        if (!(ascii_is_alpha(c) || c == '/' || (deep && slash)))
            return false;
        slash = slash || c == '/';
    }
    return true;
}

enum rc zone_open(struct str name, struct zone **ret_zone) {
    char text[ZONE_NAME_MAX_BYTES + 1];
    if (!is_name(name))
        return E_NOT_FOUND;
    memcpy(text, name.p, name.n);
    text[name.n] = 0;
    GTimeZone *found = g_time_zone_new_identifier(text);
    if (!found)
        return E_NOT_FOUND;
    *ret_zone = MEM_NEW(struct zone);
    (*ret_zone)->zone = found;
    return OK;
}

void zone_close(struct zone **zone) {
    if (!*zone)
        return;
    g_time_zone_unref((*zone)->zone);
    mem_free(*zone);
    *zone = NULL;
}

bool zone_exists(struct str name) {
    struct zone *zone;
    if (zone_open(name, &zone) != OK)
        return false;
    zone_close(&zone);
    return true;
}

/* Of whole seconds, also before 1970. */
static int64_t second_of(int64_t ms) {
    return ms / SECOND_MS - (ms % SECOND_MS < 0);
}

static int64_t offset_ms(const struct zone *zone, int64_t utc_ms) {
    int interval = g_time_zone_find_interval(zone->zone, G_TIME_TYPE_UNIVERSAL,
                                             second_of(utc_ms));
    return g_time_zone_get_offset(zone->zone, interval) * SECOND_MS;
}

int64_t zone_local_ms(const struct zone *zone, int64_t utc_ms) {
    return utc_ms + offset_ms(zone, utc_ms);
}

/* The instant in (from, to] at which the offset stops being what it is at `from`. */
static int64_t change_between(const struct zone *zone, int64_t from, int64_t to) {
    int64_t before = offset_ms(zone, from);
    int64_t low = second_of(from), high = second_of(to) + 1;
    while (high - low > 1) {
        int64_t middle = low + (high - low) / 2;
        if (offset_ms(zone, middle * SECOND_MS) == before)
            low = middle;
        else
            high = middle;
    }
    return high * SECOND_MS;
}

int64_t zone_utc_ms(const struct zone *zone, int64_t local_ms) {
    int64_t before = offset_ms(zone, local_ms - DAY_MS), after = offset_ms(zone, local_ms + DAY_MS);
    int64_t early = local_ms - (before > after ? before : after);
    int64_t late = local_ms - (before > after ? after : before);
    if (zone_local_ms(zone, early) == local_ms)
        return early;
    if (zone_local_ms(zone, late) == local_ms)
        return late;
    return change_between(zone, early, late);
}
