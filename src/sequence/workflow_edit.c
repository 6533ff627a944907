#include "sequence/workflow_edit.h"

#include "base/check.h"
#include "base/vec.h"
#include "data/urls.h"
#include "sequence/workflow_private.h"
#include "store/lead_lists.h"
#include "store/mailboxes.h"
#include "store/sequences.h"
#include "store/users.h"
#include "store/webhooks.h"

/* --- actions --- */

#define M(bit, member) { bit, #member, offsetof(struct workflow_action, member) }
static const struct {
    unsigned bit;
    const char *name;
    size_t offset;
} members[] = {
    M(WF_SEQUENCE, sequence_id), M(WF_LEAD_LIST, lead_list_id), M(WF_WHOM, whom),
    M(WF_UNTIL, until),          M(WF_DAYS, days),              M(WF_REASON, reason),
    M(WF_USER, user_id),         M(WF_TASK_TYPE, task_type),    M(WF_SUBJECT, subject),
    M(WF_NOTES, notes),          M(WF_PRIORITY, priority),    M(WF_WEBHOOK, webhook_id),
};

static bool is_given(const struct workflow_action *action, size_t i) {
    const struct field *field = field_find(&workflow_action_fields, str_of(members[i].name));
    return field && field_is_set(field, action);
}

static enum rc wrong(struct ctx *ctx, struct str at, const char *member, const char *code, const char *why) {
    return bad_field(ctx, arena_printf(ctx->arena, "%.*s/%s", STR_FMT(at), member), code, "%s", why);
}

/* Which members it has. */
static void check_members(struct ctx *ctx, struct str at, const struct workflow_action *action) {
    const struct workflow_kind *kind = workflow_kind(workflow_action_type(action));
    for (size_t i = 0; i < LENGTH(members); i++) {
        bool given = is_given(action, i);
        if (given && !(kind->members & members[i].bit))
            (void) wrong(ctx, at, members[i].name, "unsupported_value", "An action of this type has no such member.");
        else if (!given && (kind->needed & members[i].bit))
            (void) wrong(ctx, at, members[i].name, "missing_field", "An action of this type needs it.");
    }
    if (workflow_action_type(action) == WORKFLOW_PAUSE && !str_is_set(action->until) && !action->days.set)
        (void) wrong(ctx, at, "until", "missing_field", "Say until which date, or for how many days.");
}

/* --- what is named --- */

static enum rc has_sequence(struct ctx *ctx, struct str id) {
    struct sequence found;
    return sequence_head(ctx, id, &found);
}

static enum rc has_lead_list(struct ctx *ctx, struct str id) {
    struct lead_list found;
    return lead_list_get(ctx, id, &found);
}

static enum rc has_user(struct ctx *ctx, struct str id) {
    struct user found;
    return user_get(ctx, id, &found);
}

static enum rc has_mailbox(struct ctx *ctx, struct str id) {
    struct mailbox found;
    return mailbox_get(ctx, id, &found);
}

static enum rc has_webhook(struct ctx *ctx, struct str id) {
    struct webhook found;
    return webhook_get(ctx, id, &found);
}

typedef enum rc has_one(struct ctx *ctx, struct str id);

static enum rc check_one(struct ctx *ctx, struct str at, struct str id, has_one *has) {
    enum rc rc = str_is_set(id) ? has(ctx, id) : OK;
    if (rc != E_NOT_FOUND)
        return rc;
    (void) bad_field(ctx, at, "unsupported_value", "The account has no such one."); /* counted at the end */
    return OK;
}

static enum rc check_each(struct ctx *ctx, const char *name, struct strs ids, has_one *has) {
    enum rc rc = OK;
    for (size_t i = 0; rc == OK && i < ids.n; i++)
        rc = check_one(ctx, arena_printf(ctx->arena, "/conditions/%s/%zu", name, i), ids.p[i], has);
    return rc;
}

static enum rc check_action(struct ctx *ctx, size_t i, const struct workflow_action *action) {
    static const struct {
        const char *member;
        size_t offset;
        has_one *has;
    } names[] = {
        { "sequence_id", offsetof(struct workflow_action, sequence_id), has_sequence },
        { "lead_list_id", offsetof(struct workflow_action, lead_list_id), has_lead_list },
        { "user_id", offsetof(struct workflow_action, user_id), has_user },
        { "webhook_id", offsetof(struct workflow_action, webhook_id), has_webhook },
    };
    struct str at = arena_printf(ctx->arena, "/actions/%zu", i);
    enum rc rc = OK;
    check_members(ctx, at, action);
    for (size_t k = 0; rc == OK && k < LENGTH(names); k++)
        rc = check_one(ctx, arena_printf(ctx->arena, "%.*s/%s", STR_FMT(at), names[k].member),
                       *(const struct str *) ((const char *) action + names[k].offset), names[k].has);
    return rc;
}

/* To the form in which hosts are compared. */
static void check_domains(struct ctx *ctx, struct strs domains) {
    for (size_t i = 0; i < domains.n; i++) {
        struct domain domain;
        if (domain_parse(ctx->arena, domains.p[i], &domain) == OK)
            domains.p[i] = domain.host;
        else
            (void) bad_field(ctx, arena_printf(ctx->arena, "/conditions/sender_domains/%zu", i),
                             "unsupported_value", "This is no domain.");
    }
}

static void check_texts(struct ctx *ctx, struct strs texts) {
    for (size_t i = 0; i < texts.n; i++)
        if (str_is_empty(str_trim(texts.p[i])))
            (void) bad_field(ctx, arena_printf(ctx->arena, "/conditions/text_contains/%zu", i),
                             "unsupported_value", "Every text has this in it.");
}

static enum rc check_conditions(struct ctx *ctx, const struct workflow_conditions *c) {
    check_domains(ctx, c->sender_domains);
    check_texts(ctx, c->text_contains);
    enum rc rc = check_each(ctx, "sequence_ids", c->sequence_ids, has_sequence);
    if (rc == OK)
        rc = check_each(ctx, "user_ids", c->user_ids, has_user);
    return rc == OK ? check_each(ctx, "mailbox_ids", c->mailbox_ids, has_mailbox) : rc;
}

static enum rc check(struct ctx *ctx, struct workflow_definition *d) {
    size_t before = ctx->problem_count;
    const struct workflow_action *actions = d->actions.p;
    enum rc rc = d->conditions ? check_conditions(ctx, d->conditions) : OK;
    d->name = str_trim(d->name);
    if (str_is_empty(d->name))
        (void) bad_field(ctx, STR("/name"), "unsupported_value", "It has a name."); /* counted below */
    if (!str_is_set(d->repeat))
        d->repeat = STR("once_per_lead");
    for (size_t i = 0; rc == OK && i < d->actions.n; i++)
        rc = check_action(ctx, i, &actions[i]);
    return rc == OK && ctx->problem_count > before ? E_INVALID : rc;
}

/* --- writing --- */

struct work {
    struct str id;
    struct workflow_definition definition;
    bool enable, dry_run, created;
    struct strs ids;
};

static enum rc create_in_transaction(struct ctx *ctx, void *arg) {
    struct work *w = arg;
    enum rc rc = check(ctx, &w->definition);
    return rc == OK ? workflow_insert(ctx, &w->definition, &w->id) : rc;
}

enum rc workflow_create(struct ctx *ctx, const struct workflow_definition *definition,
                        struct workflow *ret_workflow) {
    struct work work = { .definition = *definition };
    enum rc rc = db_transact(ctx, create_in_transaction, &work);
    return rc == OK ? workflow_get(ctx, work.id, ret_workflow) : rc;
}

static struct workflow_definition definition_of(const struct workflow *w) {
    return (struct workflow_definition){ w->name, w->labels, w->conditions, w->actions, w->repeat };
}

static void define(struct workflow *w, const struct workflow_definition *d) {
    w->name = d->name;
    w->labels = d->labels;
    w->conditions = d->conditions;
    w->actions = d->actions;
    w->repeat = d->repeat;
}

static enum rc change_in_transaction(struct ctx *ctx, void *arg) {
    const struct work *w = arg;
    struct workflow old = { .id = STR_NONE };
    enum rc rc = workflow_lock(ctx, w->id, &old);
    if (rc != OK)
        return rc;
    struct workflow_definition now = definition_of(&old);
    for (size_t i = 0; i < workflow_change_fields.n; i++)
        if (field_is_set(&workflow_change_fields.rows[i], &w->definition))
            field_copy(&workflow_change_fields.rows[i], &now, &w->definition);
    rc = check(ctx, &now);
    define(&old, &now);
    return rc == OK ? workflow_update(ctx, &old) : rc;
}

enum rc workflow_change(struct ctx *ctx, struct str id, const struct workflow_definition *changes,
                        struct workflow *ret_workflow) {
    struct work work = { .id = id, .definition = *changes };
    enum rc rc = db_transact(ctx, change_in_transaction, &work);
    return rc == OK ? workflow_get(ctx, id, ret_workflow) : rc;
}

static enum rc enable_in_transaction(struct ctx *ctx, void *arg) {
    const struct work *w = arg;
    struct workflow found = { .id = STR_NONE };
    enum rc rc = workflow_lock(ctx, w->id, &found);
    struct workflow_definition definition = definition_of(&found);
    if (rc == OK && w->enable)
        rc = check(ctx, &definition);
    return rc == OK ? workflow_set_status(ctx, w->id, w->enable) : rc;
}

enum rc workflow_enable(struct ctx *ctx, struct str id, bool enable, struct workflow *ret_workflow) {
    struct work work = { .id = id, .enable = enable };
    enum rc rc = db_transact(ctx, enable_in_transaction, &work);
    return rc == OK ? workflow_get(ctx, id, ret_workflow) : rc;
}

static enum rc remove_in_transaction(struct ctx *ctx, void *arg) {
    const struct work *w = arg;
    return workflow_delete(ctx, w->id);
}

enum rc workflow_remove(struct ctx *ctx, struct str id) {
    struct work work = { .id = id };
    return db_transact(ctx, remove_in_transaction, &work);
}

static enum rc order_in_transaction(struct ctx *ctx, void *arg) {
    const struct work *w = arg;
    return workflows_order(ctx, w->ids);
}

enum rc workflows_reorder(struct ctx *ctx, struct strs ids, struct list *ret_workflows) {
    struct work work = { .ids = ids };
    enum rc rc = db_transact(ctx, order_in_transaction, &work);
    return rc == OK ? workflows_list(ctx, ret_workflows) : rc;
}

/* --- from files --- */

static enum rc apply_in_transaction(struct ctx *ctx, void *arg) {
    struct work *w = arg;
    struct workflow old = { .id = STR_NONE };
    enum rc rc = check(ctx, &w->definition);
    if (rc == OK)
        rc = workflow_id_by_name(ctx, w->definition.name, &w->id);
    w->created = rc == E_NOT_FOUND;
    if ((rc != OK && !w->created) || w->dry_run)
        return w->created ? OK : rc;
    if (w->created)
        return workflow_insert(ctx, &w->definition, &w->id);
    rc = workflow_lock(ctx, w->id, &old);
    define(&old, &w->definition);
    return rc == OK ? workflow_update(ctx, &old) : rc;
}

enum rc workflow_apply(struct ctx *ctx, const struct workflow_definition *definition, bool dry_run,
                       bool *ret_created) {
    struct work work = { .definition = *definition, .dry_run = dry_run };
    enum rc rc = db_transact(ctx, apply_in_transaction, &work);
    *ret_created = work.created;
    return rc;
}
