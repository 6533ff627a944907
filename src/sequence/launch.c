#include "sequence/launch.h"

#include "base/check.h"
#include "base/map.h"
#include "base/vec.h"
#include "sequence/connections_check.h"
#include "sequence/hours.h"
#include "sequence/people.h"
#include "sequence/stage_kinds.h"
#include "store/account_settings.h"
#include "store/senders.h"
#include "store/sequence_leads.h"

struct launching {
    struct ctx *ctx;
    const struct sequence *s;
    const struct sequence_settings *settings;
    struct list known;  /* of struct sender: users of the settings with all their mailboxes */
    struct list usable; /* of const struct sender *: those of the settings that can write */
    bool has_email;
};

static void miss(struct launching *l, struct str pointer, const char *text) {
    (void) bad_field(l->ctx, pointer, "missing_field", "%s", text); /* counted in the problems */
}

static void refuse(struct launching *l, struct str pointer, const char *text) {
    (void) bad_field(l->ctx, pointer, "unsupported_value", "%s", text); /* counted */
}

/* --- stages --- */

static void check_texts(struct launching *l, size_t at, const struct stage_kind *kind,
                        const struct sequence_stage *stage) {
    struct arena *arena = l->ctx->arena;
    const struct sequence_variant *v = stage->variants.p;
    bool is_email = kind->flags & STAGE_IS_EMAIL;
    if (!(kind->flags & STAGE_NEEDS_TEXT))
        return;
    if (!stage->variants.n)
        miss(l, arena_printf(arena, "/stages/%zu/variants", at), "The stage has nothing to say");
    for (size_t i = 0; i < stage->variants.n; i++)
        if (v[i].weight.v > 0 && !str_is_set(v[i].text) && !(is_email && str_is_set(v[i].html)))
            miss(l, arena_printf(arena, "/stages/%zu/variants/%zu/text", at, i),
                 "The variant has no text");
}

/* The first email begins the thread, so it has a subject; a reply sequence has one. */
static void check_subjects(struct launching *l, size_t at, const struct sequence_stage *stage) {
    const struct sequence_variant *v = stage->variants.p;
    if (str_eq(l->s->kind, STR("reply_sequence")))
        return;
    for (size_t i = 0; i < stage->variants.n; i++)
        if (v[i].weight.v > 0 && !str_is_set(v[i].subject))
            miss(l, arena_printf(l->ctx->arena, "/stages/%zu/variants/%zu/subject", at, i),
                 "The first email has no subject");
}

static void check_stages(struct launching *l) {
    const struct sequence_stage *stage = l->s->stages.p;
    if (!l->s->stages.n)
        miss(l, STR("/stages"), "The sequence has no stage");
    for (size_t i = 0; i < l->s->stages.n; i++) {
        const struct stage_kind *kind = stage_kind_of(stage[i].type);
        check_texts(l, i, kind, &stage[i]);
        if ((kind->flags & STAGE_IS_EMAIL) && !l->has_email)
            check_subjects(l, i, &stage[i]);
        l->has_email = l->has_email || kind->flags & STAGE_IS_EMAIL;
    }
}

/* --- senders --- */

static enum rc find_senders(struct launching *l) {
    const struct sequence_sender *sender = l->settings->senders.p;
    struct strs ids = { 0 };
    for (size_t i = 0; i < l->settings->senders.n; i++)
        if (!strs_have(ids, sender[i].user_id))
            strs_add(l->ctx->arena, &ids, sender[i].user_id);
    return ids.n ? senders_of_users(l->ctx, ids, &l->known) : OK;
}

static void check_sender_fields(struct launching *l, size_t at, const struct sender *sender) {
    struct map fields = map_in(l->ctx->arena), html = map_in(l->ctx->arena);
    people_add_sender(l->ctx->arena, sender, &fields, &html);
    for (size_t i = 0; i < l->s->sender_fields_required.n; i++) {
        struct str name = l->s->sender_fields_required.p[i];
        if (!map_get(&fields, name))
            (void) bad_field(l->ctx,
                             arena_printf(l->ctx->arena, "/settings/senders/%zu", at),
                             "missing_field", "%.*s has no %.*s", STR_FMT(sender->user_email),
                             STR_FMT(name)); /* counted */
    }
}

static void check_sender(struct launching *l, size_t at, const struct sequence_sender *wanted) {
    const struct sender *sender = sender_find(&l->known, wanted->user_id, wanted->mailbox_id);
    struct arena *arena = l->ctx->arena;
    if (!sender || !sender->is_user_active) {
        refuse(l, arena_printf(arena, "/settings/senders/%zu", at),
               "The user is not active, or has no such mailbox any more");
        return;
    }
    if (l->has_email && !str_is_set(wanted->mailbox_id))
        miss(l, arena_printf(arena, "/settings/senders/%zu/mailbox_id", at),
             "The sequence has emails, so each sender needs a mailbox");
    check_sender_fields(l, at, sender);
    if (!l->has_email || sender->is_mailbox_active)
        *(const struct sender **) list_add(arena, &l->usable, sizeof sender) = sender;
}

static void check_senders(struct launching *l) {
    const struct sequence_sender *sender = l->settings->senders.p;
    size_t before_it = l->ctx->problem_count;
    if (!l->settings->senders.n)
        miss(l, STR("/settings/senders"), "The sequence has no sender");
    for (size_t i = 0; i < l->settings->senders.n; i++)
        check_sender(l, i, &sender[i]);
    if (!l->usable.n && l->ctx->problem_count == before_it)
        refuse(l, STR("/settings/senders"), "None of the mailboxes is active");
}

/* --- windows --- */

static int64_t first_moment(const struct launching *l) {
    int64_t now = ctx_now(l->ctx);
    struct opt_int start = l->settings->start_at;
    return start.set && start.v > now ? start.v : now;
}

/* Whether the sequence's windows and the mailbox's hours ever meet. */
static bool opens(struct launching *l, const struct calendar *own, const struct sender *sender) {
    struct zone *zone;
    struct opening opening;
    if (!str_is_set(sender->time_zone) || zone_open(sender->time_zone, &zone) != OK)
        return calendar_next(own, first_moment(l), &opening) == OK;
    struct calendar both[]
        = { *own, calendar_of(l->ctx->arena, zone, sender->working_hours, (struct strs){ 0 }) };
    enum rc rc = calendars_next(both, LENGTH(both), first_moment(l), &opening);
    zone_close(&zone);
    return rc == OK;
}

static enum rc check_windows(struct launching *l) {
    struct account_settings account;
    struct zone *zone;
    const struct sender **sender = l->usable.p;
    bool found = false;
    enum rc rc = account_settings_get(l->ctx, &account);
    if (rc != OK || !l->has_email || !l->usable.n)
        return rc;
    struct str name = str_is_set(l->settings->time_zone) ? l->settings->time_zone
                                                         : account.time_zone;
    rc = zone_open(name, &zone);
    if (rc != OK)
        return fail(l->ctx, E_IO, "there is no time zone %.*s any more", STR_FMT(name));
    struct calendar own = calendar_of(l->ctx->arena, zone, l->settings->windows,
                                      l->settings->holidays);
    for (size_t i = 0; !found && i < l->usable.n; i++)
        found = opens(l, &own, sender[i]);
    zone_close(&zone);
    if (!found)
        refuse(l, STR("/settings/windows"),
               "The windows never open, or never within the hours of a mailbox");
    return OK;
}

static enum rc check_connections(struct launching *l) {
    const struct sender **sender = l->usable.p;
    struct strs users = { 0 };
    struct list missing = { 0 };
    for (size_t i = 0; i < l->usable.n; i++)
        if (!strs_have(users, sender[i]->user_id))
            strs_add(l->ctx->arena, &users, sender[i]->user_id);
    enum rc rc = users.n ? connections_check(l->ctx, &l->s->stages, users, 0, &missing) : OK;
    const struct missing_connection *m = missing.p;
    for (size_t i = 0; rc == OK && i < missing.n; i++)
        (void) bad_field(l->ctx, STR("/settings/senders"), "missing_field", "%.*s",
                         STR_FMT(m[i].message)); /* counted */
    return rc;
}

/* A draft may have got leads before its texts. */
static enum rc check_leads(struct launching *l) {
    enum rc rc = OK;
    for (size_t i = 0; rc == OK && i < l->s->fields_required.n; i++) {
        int64_t leads = 0;
        struct str field = l->s->fields_required.p[i];
        rc = leads_lacking(l->ctx, l->s->id, field, &leads);
        if (rc == OK && leads)
            (void) bad_field(l->ctx, STR("/stages"), "missing_field",
                             "%lld leads in the sequence have no '%.*s'", (long long) leads,
                             STR_FMT(field)); /* counted */
    }
    return rc;
}

enum rc launch_check(struct ctx *ctx, const struct sequence *sequence) {
    struct launching l = { .ctx = ctx, .s = sequence, .settings = sequence->settings };
    size_t before_it = ctx->problem_count;
    check_stages(&l);
    enum rc rc = find_senders(&l);
    if (rc != OK)
        return rc;
    check_senders(&l);
    rc = check_connections(&l);
    if (rc == OK)
        rc = check_leads(&l);
    if (rc == OK)
        rc = check_windows(&l);
    return rc == OK && ctx->problem_count != before_it ? E_INVALID : rc;
}
