#include "sequence/definition.h"

#include "base/buf.h"
#include "base/rand.h"
#include "base/vec.h"
#include "sequence/definition_private.h"
#include "sequence/stage_kinds.h"
#include "store/sequence_leads.h"
#include "store/users.h"

/* --- completing --- */

/* An empty text is none. */
static struct str text_or_none(struct str text) {
    return str_is_empty(text) ? STR_NONE : text;
}

static struct opt_int int_or(struct opt_int value, int64_t usual) {
    return value.set ? value : opt_int(usual);
}

static struct str id_or_new(struct ctx *ctx, struct str id) {
    return str_is_set(id) ? id : uuid_new(ctx->arena, ctx_now(ctx));
}

static struct list copied(struct arena *arena, const struct list *list, size_t size) {
    struct list copy = { vec_room(arena, list->n, size), list->n };
    if (list->n)
        memcpy(copy.p, list->p, list->n * size);
    return copy;
}

static void complete_variant(struct ctx *ctx, struct sequence_variant *v,
                             const struct sequence_variant *before) {
    v->id = id_or_new(ctx, before ? before->id : v->id);
    v->weight = int_or(v->weight, 1);
    v->subject = text_or_none(v->subject);
    v->text = text_or_none(v->text);
    v->html = text_or_none(v->html);
}

/* `before`: the stage whose ids it takes, or NULL. */
static void complete_stage(struct ctx *ctx, struct sequence_stage *stage,
                           const struct sequence_stage *before) {
    const struct stage_kind *kind = stage_kind_of(stage->type);
    const struct sequence_variant *variants = before ? before->variants.p : NULL;
    stage->id = id_or_new(ctx, before ? before->id : stage->id);
    if (stage->automatic == UNSET)
        stage->automatic = tri_of(kind->flags & STAGE_MAY_BE_AUTOMATIC);
    stage->delay_days = int_or(stage->delay_days, 0);
    stage->delay_hours = int_or(stage->delay_hours, 0);
    stage->priority = str_is_set(stage->priority) ? stage->priority : STR("normal");
    stage->instructions = text_or_none(stage->instructions);
    stage->variants = copied(ctx->arena, &stage->variants, sizeof(struct sequence_variant));
    struct sequence_variant *v = stage->variants.p;
    for (size_t i = 0; i < stage->variants.n; i++)
        complete_variant(ctx, &v[i], before && i < before->variants.n ? &variants[i] : NULL);
}

static bool has_ids(const struct list *stages) {
    const struct sequence_stage *stage = stages->p;
    bool found = false;
    for (size_t i = 0; i < stages->n; i++) {
        const struct sequence_variant *v = stage[i].variants.p;
        found = found || str_is_set(stage[i].id);
        for (size_t k = 0; k < stage[i].variants.n; k++)
            found = found || str_is_set(v[k].id);
    }
    return found;
}

/* A file that was written by hand has no ids at all: its stages are then those that stand
 * at the same place, if they are of the same type. */
static const struct sequence_stage *same_stage(const struct sequence *old, size_t at,
                                               const struct sequence_stage *stage) {
    const struct sequence_stage *before = old->stages.p;
    return at < old->stages.n && str_eq(before[at].type, stage->type) ? &before[at] : NULL;
}

struct sequence definition_complete(struct ctx *ctx, const struct sequence_definition *definition,
                                    const struct sequence *old) {
    struct sequence s = {
        .name = str_trim(definition->name),
        .kind = str_is_set(definition->kind) ? definition->kind : STR("sequence"),
        .created_by_user_id = definition->created_by_user_id,
        .stages = copied(ctx->arena, &definition->stages, sizeof(struct sequence_stage)),
        .attachments = copied(ctx->arena, &definition->attachments,
                              sizeof(struct sequence_attachment)),
        .settings = ARENA_NEW(ctx->arena, struct sequence_settings),
    };
    struct sequence_stage *stage = s.stages.p;
    bool by_place = old && !has_ids(&s.stages);
    for (size_t i = 0; i < s.stages.n; i++)
        complete_stage(ctx, &stage[i], by_place ? same_stage(old, i, &stage[i]) : NULL);
    if (definition->settings)
        *s.settings = *definition->settings;
    sequence_settings_complete(ctx->arena, s.settings);
    return s;
}

/* --- problems --- */

static enum rc name_is_taken(struct ctx *ctx) {
    (void) bad_field(ctx, STR("/name"), "conflict", "Another sequence has this name");
    return E_CONFLICT;
}

static enum rc is_not_edited(struct ctx *ctx, const struct sequence *s) {
    return problem(ctx, E_CONFLICT, "conflict", "The sequence is %.*s", STR_FMT(s->status));
}

/* --- creating --- */

enum { ID_BYTES = 20, UUID_BYTES = 16 };

/* A UUID first, so that ids sort by time, also those of one millisecond. */
static struct str new_id(struct ctx *ctx) {
    unsigned char rest[ID_BYTES - UUID_BYTES];
    struct buf text = buf_in(ctx->arena, 2 * ID_BYTES);
    struct str uuid = uuid_new(ctx->arena, ctx_now(ctx));
    for (struct str part; str_cut(&uuid, '-', &part);)
        buf_str(&text, part);
    rand_bytes(rest, sizeof rest);
    buf_hex(&text, (struct str){ (const char *) rest, sizeof rest });
    return buf_text(&text);
}

static enum rc first_admin(struct ctx *ctx, struct str *ret_id) {
    const struct user_filter admins = { .role = STR("admin"), .status = STR("active") };
    struct page_of page;
    enum rc rc = users_list(ctx, &admins, &(struct page){ .size = 1 }, &page);
    if (rc == OK && page.items.n == 0)
        return bad_field(ctx, STR("/created_by_user_id"), "missing_field",
                         "The account has no admin, so say whose the sequence is");
    if (rc == OK)
        *ret_id = ((const struct user *) page.items.p)->id;
    return rc;
}

static enum rc find_creator(struct ctx *ctx, struct str *id) {
    struct user user;
    if (!str_is_set(*id))
        return first_admin(ctx, id);
    enum rc rc = user_get(ctx, *id, &user);
    return rc == E_NOT_FOUND ? refuse_at(ctx, STR("/created_by_user_id"),
                                         "The account has no such user")
                             : rc;
}

static enum rc insert_in_transaction(struct ctx *ctx, void *arg) {
    return sequence_insert(ctx, arg);
}

enum rc sequence_create(struct ctx *ctx, const struct sequence_definition *definition,
                        struct sequence *ret_sequence) {
    struct sequence s;
    enum rc rc = definition_check(ctx, definition, NULL, &s);
    if (rc == OK)
        rc = find_creator(ctx, &s.created_by_user_id);
    if (rc != OK)
        return rc;
    s.id = new_id(ctx);
    rc = db_transact(ctx, insert_in_transaction, &s);
    if (rc == E_CONFLICT)
        return name_is_taken(ctx);
    return rc == OK ? sequence_get(ctx, s.id, ret_sequence) : rc;
}

/* --- replacing --- */

static bool is_edited(enum sequence_status status) {
    return status == SEQUENCE_DRAFT || status == SEQUENCE_ACTIVE || status == SEQUENCE_PAUSED;
}

struct replace_work {
    struct sequence *s;
    enum sequence_status judged; /* what the check was made for */
    struct sequence found;
    struct str lacking;          /* field that leads lack; absent: none */
    int64_t leads;               /* how many */
};

/* New texts must not ask for what leads that are in the sequence do not have. Those of a
 * draft are judged when it is launched. */
static enum rc find_lacking(struct ctx *ctx, struct replace_work *w) {
    struct strs fields = w->s->fields_required;
    enum rc rc = OK;
    for (size_t i = 0; rc == OK && w->judged != SEQUENCE_DRAFT && i < fields.n; i++) {
        if (strs_have(w->found.fields_required, fields.p[i]))
            continue;
        rc = leads_lacking(ctx, w->s->id, fields.p[i], &w->leads);
        if (rc == OK && w->leads) {
            w->lacking = fields.p[i];
            return E_INVALID;
        }
    }
    return rc;
}

/* E_UNSUPPORTED: it is in another state than the one it was judged in. */
static enum rc replace_in_transaction(struct ctx *ctx, void *arg) {
    struct replace_work *w = arg;
    w->lacking = STR_NONE;
    enum rc rc = sequence_lock(ctx, w->s->id, &w->found);
    if (rc == OK && sequence_status_of(&w->found) != w->judged)
        return E_UNSUPPORTED;
    if (rc == OK)
        rc = find_lacking(ctx, w);
    return rc == OK ? sequence_update(ctx, w->s) : rc;
}

enum rc sequence_replace(struct ctx *ctx, struct str id,
                         const struct sequence_definition *definition,
                         struct sequence *ret_sequence) {
    struct sequence s, old;
    enum rc rc = sequence_get(ctx, id, &old);
    if (rc != OK)
        return rc;
    if (!is_edited(sequence_status_of(&old)))
        return is_not_edited(ctx, &old);
    rc = definition_check(ctx, definition, &old, &s);
    if (rc != OK)
        return rc;
    s.id = id;
    struct replace_work work = { .s = &s, .judged = sequence_status_of(&old) };
    rc = db_transact(ctx, replace_in_transaction, &work);
    if (rc == E_UNSUPPORTED)
        return is_not_edited(ctx, &work.found);
    if (rc == E_CONFLICT)
        return name_is_taken(ctx);
    if (str_is_set(work.lacking))
        return refuse_at(ctx, STR("/stages"), "%lld leads in the sequence have no '%.*s'",
                         (long long) work.leads, STR_FMT(work.lacking));
    return rc == OK ? sequence_get(ctx, id, ret_sequence) : rc;
}

/* --- copying and removing --- */

struct copy_work {
    struct sequence *copy;
    struct str from;
};

static enum rc copy_in_transaction(struct ctx *ctx, void *arg) {
    const struct copy_work *w = arg;
    enum rc rc = sequence_insert(ctx, w->copy);
    return rc == OK ? sequence_copy_contents(ctx, w->from, w->copy->id) : rc;
}

static void forget_ids(struct ctx *ctx, struct list *stages) {
    struct sequence_stage *stage = stages->p;
    for (size_t i = 0; i < stages->n; i++) {
        struct sequence_variant *v = stage[i].variants.p;
        stage[i].id = id_or_new(ctx, STR_NONE);
        for (size_t k = 0; k < stage[i].variants.n; k++)
            v[k].id = id_or_new(ctx, STR_NONE);
    }
}

static struct str copy_name(struct ctx *ctx, const struct sequence *s, struct str name) {
    struct str given = str_trim(name);
    return given.n ? given : arena_printf(ctx->arena, "%.*s (copy)", STR_FMT(s->name));
}

enum rc sequence_duplicate(struct ctx *ctx, struct str id, struct str name,
                           struct sequence *ret_sequence) {
    struct sequence s;
    enum rc rc = sequence_get(ctx, id, &s);
    if (rc != OK)
        return rc;
    s.id = new_id(ctx);
    s.name = copy_name(ctx, &s, name);
    forget_ids(ctx, &s.stages);
    struct copy_work work = { &s, id };
    rc = db_transact(ctx, copy_in_transaction, &work);
    if (rc == E_CONFLICT)
        return name_is_taken(ctx);
    return rc == OK ? sequence_get(ctx, s.id, ret_sequence) : rc;
}

struct remove_work {
    struct str id;
    struct sequence found;
};

/* E_UNSUPPORTED: it is no draft. */
static enum rc remove_in_transaction(struct ctx *ctx, void *arg) {
    struct remove_work *w = arg;
    enum rc rc = sequence_lock(ctx, w->id, &w->found);
    if (rc != OK)
        return rc;
    if (sequence_status_of(&w->found) != SEQUENCE_DRAFT)
        return E_UNSUPPORTED;
    rc = leads_delete(ctx, w->id);
    return rc == OK ? sequence_delete(ctx, w->id) : rc;
}

enum rc sequence_remove(struct ctx *ctx, struct str id) {
    struct remove_work work = { .id = id };
    enum rc rc = db_transact(ctx, remove_in_transaction, &work);
    if (rc == E_UNSUPPORTED)
        return problem(ctx, E_CONFLICT, "conflict",
                       "The sequence is %.*s; only a draft is deleted, others are archived",
                       STR_FMT(work.found.status));
    return rc;
}

/* --- files --- */

/* One that is not to be stored is judged as the one that it would replace. */
static enum rc judge(struct ctx *ctx, const struct sequence_definition *definition,
                     struct str id) {
    struct sequence s, old;
    if (!str_is_set(id))
        return definition_check(ctx, definition, NULL, &s);
    enum rc rc = sequence_get(ctx, id, &old);
    if (rc == OK && !is_edited(sequence_status_of(&old)))
        return is_not_edited(ctx, &old);
    return rc == OK ? definition_check(ctx, definition, &old, &s) : rc;
}

enum rc sequence_apply(struct ctx *ctx, const struct sequence_definition *definition, bool dry_run,
                       enum applied *ret_applied) {
    struct str id = STR_NONE;
    struct sequence s;
    enum rc rc = sequence_id_by_name(ctx, str_trim(definition->name), &id);
    if (rc != OK && rc != E_NOT_FOUND)
        return rc;
    *ret_applied = rc == OK ? APPLIED_UPDATED : APPLIED_CREATED;
    if (dry_run)
        return judge(ctx, definition, id);
    return rc == OK ? sequence_replace(ctx, id, definition, &s)
                    : sequence_create(ctx, definition, &s);
}

enum rc sequence_export(struct ctx *ctx, struct str id,
                        struct sequence_definition *ret_definition) {
    struct sequence s;
    enum rc rc = sequence_get(ctx, id, &s);
    if (rc == OK)
        rc = sequence_read_contents(ctx, &s);
    if (rc == OK)
        *ret_definition = (struct sequence_definition){
            .name = s.name, .kind = s.kind, .stages = s.stages,
            .attachments = s.attachments, .settings = s.settings,
        };
    return rc;
}
