#include "sequence/day.h"

#include "base/clock.h"
#include "data/zones.h"
#include "sequence/pace.h"
#include "store/account_settings.h"

enum rc day_begins(struct ctx *ctx, struct str date, int64_t *ret_ms) {
    struct account_settings settings;
    struct zone *zone = NULL;
    int64_t local = 0;
    enum rc rc = time_parse(date, &local);
    if (rc == OK)
        rc = account_settings_get(ctx, &settings);
    if (rc == OK)
        rc = zone_open(settings.time_zone, &zone);
    if (rc == OK)
        *ret_ms = pace_instant(ctx, zone_utc_ms(zone, local));
    zone_close(&zone);
    return rc;
}
