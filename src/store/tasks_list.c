/* Lists of tasks with their filters. */
#include "base/vec.h"
#include "data/text.h"
#include "data/zones.h"
#include "db/sql.h"
#include "store/account_settings.h"
#include "store/queries.h"
#include "store/tasks.h"
#include "store/tasks_private.h"

/* $12: time zones where the clock shows an hour that is asked for; $13: the account's, for
 * contacts whose own is not known. */
#define FILTERS(find, zones)                                                                  \
    "(CAST($5 AS TEXT) IS NULL OR t.type = $5) "                                              \
    "AND (CAST($6 AS TEXT) IS NULL OR t.status = $6) "                                        \
    "AND (CAST($7 AS TEXT) IS NULL OR t.sequence_id = $7) "                                   \
    "AND (CAST($8 AS BIGINT) IS NULL OR t.automatic = $8) "                                   \
    "AND (CAST($9 AS TEXT) IS NULL OR " find "(t.search_key, $9) > 0 "                        \
    "OR " find "(c.search_key, $9) > 0 OR " find "(s.name_key, $9) > 0) "                     \
    "AND (CAST($10 AS BIGINT) IS NULL OR t.due_at < $10) "                                    \
    "AND (CAST($11 AS BIGINT) IS NULL OR t.due_at >= $11) "                                   \
    "AND (CAST($12 AS TEXT) IS NULL OR coalesce(c.time_zone, $13) IN (" zones ")) "           \
    "AND (CAST($14 AS BIGINT) IS NULL OR (SELECT count(*) FROM events e "                     \
    "WHERE e.account_id = t.account_id AND e.lead_id = t.lead_id "                            \
    "AND e.kind = 'email_opened') >= $14) "                                                   \
    "AND (CAST($15 AS TEXT) IS NULL OR t.contact_id = $15) "
#define SQLITE_FILTERS FILTERS("instr", "SELECT value FROM json_each($12)")
#define PG_FILTERS     FILTERS("strpos", "SELECT json_array_elements_text($12::json)")
#define OF_USER "t.account_id = $3 AND t.user_id = $4 AND "
#define OF_ALL  "t.account_id = $3 AND CAST($4 AS TEXT) IS NULL AND "
#define PAIR(whose, bound)                                       \
    TASK_SELECT_SQLITE whose SQLITE_FILTERS bound,               \
    TASK_SELECT_PG whose PG_FILTERS bound
#define NEXT "AND t.id > $1 ORDER BY t.id LIMIT $2"
#define PREV "AND t.id < $1 ORDER BY t.id DESC LIMIT $2"

static const struct query of_user_after = { "tasks_of_user_after", PAIR(OF_USER, NEXT) };
static const struct query of_user_before = { "tasks_of_user_before", PAIR(OF_USER, PREV) };
static const struct query of_all_after = { "tasks_after", PAIR(OF_ALL, NEXT) };
static const struct query of_all_before = { "tasks_before", PAIR(OF_ALL, PREV) };
#define ZONES(whose)                                                                      \
    "SELECT DISTINCT c.time_zone FROM tasks t JOIN contacts c "                           \
    "ON c.account_id = t.account_id AND c.id = t.contact_id WHERE t.account_id = $1 "     \
    "AND c.time_zone IS NOT NULL AND " whose
static const struct query zones_of_user
    = { "tasks_zones_of_user", ZONES("t.user_id = $2"), NULL };
static const struct query zones_of_all
    = { "tasks_zones", ZONES("CAST($2 AS TEXT) IS NULL"), NULL };

static const struct query *const queries[] = { &of_user_after, &of_user_before, &of_all_after,
                                               &of_all_before, &zones_of_user,  &zones_of_all };
const struct query_table task_list_queries = QUERY_TABLE(queries);

/* Both ends are whole hours and belong to it; from 22 to 3 goes over midnight. */
static bool is_in_hours(const struct task_filter *f, int64_t hour) {
    int64_t from = f->contact_local_time_from.set ? f->contact_local_time_from.v : 0;
    int64_t to = f->contact_local_time_to.set ? f->contact_local_time_to.v : 23;
    return from <= to ? hour >= from && hour <= to : hour >= from || hour <= to;
}

/* A zone that is not known has no hour. */
static void add_zone(struct ctx *ctx, const struct task_filter *f, struct str name,
                     struct strs *zones) {
    struct zone *zone;
    if (zone_open(name, &zone) != OK)
        return;
    int64_t local = zone_local_ms(zone, ctx_now(ctx));
    zone_close(&zone);
    int64_t day = local % DAY_MS;
    if (is_in_hours(f, (day < 0 ? day + DAY_MS : day) / HOUR_MS))
        strs_add(ctx->arena, zones, name);
}

/* *ret_zones: a JSON array, NULL when nobody asks for hours. */
static enum rc zones_of(struct ctx *ctx, const struct task_filter *f, struct str account_zone,
                        struct db_value *ret_zones) {
    struct db_rows *rows;
    struct strs zones = { 0 };
    *ret_zones = db_v_null(DB_KIND_TEXT);
    if (!f->contact_local_time_from.set && !f->contact_local_time_to.set)
        return OK;
    enum rc rc = db_query(ctx, str_is_set(f->user_id) ? &zones_of_user : &zones_of_all,
                          DB_ARGS(db_v_text(ctx->account_id), db_v_text(f->user_id)), &rows);
    if (rc != OK)
        return rc;
    while (db_next(rows))
        add_zone(ctx, f, db_text(rows, 0), &zones);
    add_zone(ctx, f, account_zone, &zones);
    *ret_zones = sql_texts(ctx->arena, zones);
    return db_rows_close(rows);
}

enum rc tasks_list(struct ctx *ctx, const struct task_filter *f, const struct page *page,
                   struct page_of *ret_page) {
    static const struct page_queries of_user
        = { &of_user_after, &of_user_before, &task_fields, offsetof(struct task, id) };
    static const struct page_queries of_all
        = { &of_all_after, &of_all_before, &task_fields, offsetof(struct task, id) };
    struct account_settings settings;
    struct db_value zones = db_v_null(DB_KIND_TEXT);
    struct str keyword = str_is_empty(f->keyword) ? STR_NONE : text_lower(ctx->arena, f->keyword);
    enum rc rc = account_settings_get(ctx, &settings);
    if (rc == OK)
        rc = zones_of(ctx, f, settings.time_zone, &zones);
    if (rc != OK)
        return rc;
    return page_read(ctx, str_is_set(f->user_id) ? &of_user : &of_all, page,
                     DB_ARGS(db_v_text(ctx->account_id), db_v_text(f->user_id),
                             db_v_text(f->type), db_v_text(f->status),
                             db_v_text(f->sequence_key), db_v_tri(f->automatic),
                             db_v_text(keyword), db_v_opt(f->due_before), db_v_opt(f->due_after),
                             zones, db_v_text(settings.time_zone), db_v_opt(f->message_opens),
                             db_v_text(f->contact_id)),
                     ret_page);
}
