#include "sequence/connections_check.h"

#include "base/buf.h"
#include "base/check.h"
#include "base/vec.h"
#include "sequence/stage_kinds.h"
#include "store/connections.h"

static bool is_call(const struct sequence_stage *stage) {
    return stage_kind_of(stage->type)->flags & STAGE_IS_CALL;
}

static bool is_automatic_linkedin(const struct sequence_stage *stage) {
    return stage->automatic == YES && stage_kind_of(stage->type)->flags & STAGE_IS_LINKEDIN;
}

static bool is_automatic_voice(const struct sequence_stage *stage) {
    return stage->automatic == YES && str_eq(stage->type, STR("linkedin_voice_message"));
}

static bool has_dialer(const struct connections *c, int64_t leads) {
    (void) leads; /* one line serves all */
    return c->dialer == YES;
}

static bool has_linkedin(const struct connections *c, int64_t leads) {
    (void) leads; /* as above */
    return c->linkedin == YES;
}

static bool has_voice_clone(const struct connections *c, int64_t leads) {
    (void) leads; /* as above */
    return c->voice_clone == YES;
}

static bool has_copywriter(const struct connections *c, int64_t leads) {
    (void) leads; /* as above */
    return c->copywriter == YES;
}

static bool has_ai_credits(const struct connections *c, int64_t leads) {
    return c->ai_credits.v >= leads;
}

static const struct {
    const char *code;
    bool (*is_needed)(const struct sequence_stage *stage);
    bool (*is_there)(const struct connections *connections, int64_t leads);
    const char *message; /* before the users' ids */
} needs[] = {
    { "missing_feature_dialer", is_call, has_dialer,
      "The sequence has a phone call, and these users have no dialer" },
    { "missing_linkedin_account", is_automatic_linkedin, has_linkedin,
      "The sequence has automatic LinkedIn stages, and these users have no LinkedIn account connected" },
    { "missing_voice_clone", is_automatic_voice, has_voice_clone,
      "The sequence has an automatic voice message, and these users have no voice" },
    { "missing_feature_copywriter", is_automatic_voice, has_copywriter,
      "The sequence has an automatic voice message, and these users have no writer of its text" },
    { "missing_ai_credits", is_automatic_voice, has_ai_credits,
      "The sequence has an automatic voice message, and these users have fewer AI credits than leads" },
};

static bool any_needs(const struct list *stages, bool (*is_needed)(const struct sequence_stage *)) {
    const struct sequence_stage *stage = stages->p;
    for (size_t i = 0; i < stages->n; i++)
        if (is_needed(&stage[i]))
            return true;
    return false;
}

static struct connections of_user(const struct list *list, struct str user_id) {
    const struct connections *c = list->p;
    for (size_t i = 0; i < list->n; i++)
        if (str_eq(c[i].user_id, user_id))
            return c[i];
    return (struct connections){ .user_id = user_id };
}

enum rc connections_check(struct ctx *ctx, const struct list *stages, struct strs user_ids,
                          int64_t leads, struct list *ret_missing) {
    enum { MESSAGE_MAX_BYTES = 16 * 1024 };
    struct list known = { 0 }, missing = { 0 };
    enum rc rc = connections_of(ctx, user_ids, &known);
    for (size_t i = 0; rc == OK && i < LENGTH(needs); i++) {
        struct buf users = buf_in(ctx->arena, MESSAGE_MAX_BYTES);
        if (!any_needs(stages, needs[i].is_needed))
            continue;
        for (size_t k = 0; k < user_ids.n; k++) {
            struct connections c = of_user(&known, user_ids.p[k]);
            if (!needs[i].is_there(&c, leads))
                buf_printf(&users, "%s%.*s", users.n ? ", " : "", STR_FMT(user_ids.p[k]));
        }
        if (users.n)
            *(struct missing_connection *) list_add(ctx->arena, &missing,
                                                    sizeof(struct missing_connection))
                = (struct missing_connection){
                      needs[i].code, arena_printf(ctx->arena, "%s: %.*s", needs[i].message,
                                                  STR_FMT(buf_text(&users))) };
    }
    if (rc == OK)
        *ret_missing = missing;
    return rc;
}
