#include "store/account_settings.h"

#include "base/check.h"
#include "data/zones.h"
#include "db/db.h"
#include "store/queries.h"

static const struct account_settings usual = { { "UTC", 3 }, { 30, true }, { 10000, true } };

#define T struct account_settings
static const struct field settings_rows[] = {
    F_STR(T, time_zone, .min = 1, .max = ZONE_NAME_MAX_BYTES, .example = "Europe/Lisbon",
          .doc = "Time zone of what has none of its own."),
    F_INT(T, recently_contacted_days, .min = 0, .max = 3650, .example = "30",
          .doc = "For how long somebody who was written to or called counts as recently contacted."),
    F_INT(T, sequence_lead_limit, .min = 1, .max = 1000000, .example = "10000",
          .doc = "How many leads a sequence takes at most."),
};
#undef T
const struct fields account_settings_fields
    = FIELDS("AccountSettings", struct account_settings, settings_rows,
             .doc = "What the account decides for all its sequences.");

static const struct query get
    = { "account_settings_get",
        "SELECT time_zone, recently_contacted_days, sequence_lead_limit FROM account_settings "
        "WHERE account_id = $1",
        NULL };
static const struct query put
    = { "account_settings_put",
        "INSERT INTO account_settings (account_id, time_zone, recently_contacted_days, "
        "sequence_lead_limit) VALUES ($1, $2, $3, $4) ON CONFLICT (account_id) DO UPDATE SET "
        "time_zone = excluded.time_zone, "
        "recently_contacted_days = excluded.recently_contacted_days, "
        "sequence_lead_limit = excluded.sequence_lead_limit",
        NULL };

static const struct query *const queries[] = { &get, &put };
const struct query_table account_settings_queries = QUERY_TABLE(queries);

struct account_settings account_settings_usual(void) {
    return usual;
}

enum rc account_settings_get(struct ctx *ctx, struct account_settings *ret_settings) {
    struct account_settings found = usual;
    enum rc rc = db_get(ctx, &get, DB_ARGS(db_v_text(ctx->account_id)), &account_settings_fields,
                        &found);
    if (rc != OK && rc != E_NOT_FOUND)
        return rc;
    *ret_settings = found;
    return OK;
}

struct change_work {
    const struct account_settings *changes;
    struct account_settings now;
};

static enum rc change(struct ctx *ctx, void *arg) {
    struct change_work *w = arg;
    enum rc rc = account_settings_get(ctx, &w->now);
    if (rc != OK)
        return rc;
    for (size_t i = 0; i < LENGTH(settings_rows); i++)
        if (field_is_set(&settings_rows[i], w->changes))
            field_copy(&settings_rows[i], &w->now, w->changes);
    return db_exec(ctx, &put,
                   DB_ARGS(db_v_text(ctx->account_id), db_v_text(w->now.time_zone),
                           db_v_opt(w->now.recently_contacted_days),
                           db_v_opt(w->now.sequence_lead_limit)),
                   NULL);
}

enum rc account_settings_change(struct ctx *ctx, const struct account_settings *changes,
                                struct account_settings *ret_settings) {
    struct change_work work = { .changes = changes };
    if (str_is_set(changes->time_zone) && !zone_exists(changes->time_zone))
        return bad_field(ctx, STR("/time_zone"), "unsupported_value", "There is no such time zone");
    enum rc rc = db_transact(ctx, change, &work);
    if (rc == OK)
        *ret_settings = work.now;
    return rc;
}
