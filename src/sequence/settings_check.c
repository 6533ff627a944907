#include "base/check.h"
#include "base/map.h"
#include "base/rand.h"
#include "base/vec.h"
#include "data/zones.h"
#include "sequence/definition_private.h"
#include "sequence/hours.h"
#include "store/senders.h"

static void check_windows(struct ctx *ctx, const struct list *windows) {
    const struct working_hours *hours = windows->p;
    struct window window;
    for (size_t i = 0; i < windows->n; i++)
        if (window_of_hours(&hours[i], &window) != OK)
            (void) refuse_at(ctx, arena_printf(ctx->arena, "/settings/windows/%zu", i),
                             "from and to are two times of the day, such as 09:00 and 17:30, "
                             "the first before the second"); /* counted */
}

static void check_holidays(struct ctx *ctx, const struct strs *holidays) {
    int64_t day;
    for (size_t i = 0; i < holidays->n; i++)
        if (day_of_date(holidays->p[i], &day) != OK)
            (void) refuse_at(ctx, arena_printf(ctx->arena, "/settings/holidays/%zu", i),
                             "Not a date such as 2025-12-25"); /* counted */
}

static struct strs users_of(struct arena *arena, const struct list *list) {
    const struct sequence_sender *sender = list->p;
    struct strs ids = { 0 };
    for (size_t i = 0; i < list->n; i++)
        if (!strs_have(ids, sender[i].user_id))
            strs_add(arena, &ids, sender[i].user_id);
    return ids;
}

static void check_sender(struct ctx *ctx, size_t at, const struct sequence_sender *sender,
                         const struct list *known) {
    const struct sender *user = sender_find(known, sender->user_id, STR_NONE);
    struct arena *arena = ctx->arena;
    if (!user || !user->is_user_active)
        (void) refuse_at(ctx, arena_printf(arena, "/settings/senders/%zu/user_id", at),
                         "The account has no such active user"); /* counted */
    else if (!sender_find(known, sender->user_id, sender->mailbox_id))
        (void) refuse_at(ctx, arena_printf(arena, "/settings/senders/%zu/mailbox_id", at),
                         "The user has no such mailbox"); /* counted */
}

static enum rc check_senders(struct ctx *ctx, const struct list *list) {
    static char present;
    const struct sequence_sender *sender = list->p;
    struct list known = { 0 };
    struct map seen = map_in(ctx->arena);
    enum rc rc = list->n ? senders_of_users(ctx, users_of(ctx->arena, list), &known) : OK;
    for (size_t i = 0; rc == OK && i < list->n; i++) {
        struct str key = arena_printf(ctx->arena, "%.*s %.*s", STR_FMT(sender[i].user_id),
                                      STR_FMT(sender[i].mailbox_id));
        check_sender(ctx, i, &sender[i], &known);
        if (map_put(&seen, key, &present))
            (void) refuse_at(ctx, arena_printf(ctx->arena, "/settings/senders/%zu", i),
                             "This sender is there twice"); /* counted */
    }
    return rc;
}

enum rc settings_check(struct ctx *ctx, const struct sequence_settings *settings) {
    size_t before_it = ctx->problem_count;
    if (str_is_set(settings->time_zone) && !zone_exists(settings->time_zone))
        (void) refuse_at(ctx, STR("/settings/time_zone"), "There is no such time zone"); /* counted */
    check_windows(ctx, &settings->windows);
    check_holidays(ctx, &settings->holidays);
    enum rc rc = check_senders(ctx, &settings->senders);
    return rc == OK && ctx->problem_count != before_it ? E_INVALID : rc;
}
