/* Judging a sequence. Every check goes on after a mistake, so that all are told together;
 * what needs the database (senders) is asked once for all of them. */
#include <sodium.h>

#include "base/check.h"
#include "base/map.h"
#include "base/rand.h"
#include "base/vec.h"
#include "sequence/definition.h"
#include "sequence/definition_private.h"
#include "sequence/stage_kinds.h"
#include "sequence/template.h"

struct judging {
    struct ctx *ctx;
    struct sequence *s;
    const struct sequence *old; /* or NULL */
    struct map ids;             /* of stages: seen */
    struct map used, required, of_sender;
};

static char present; /* value of maps that are sets */

/* False when it was there before. */
static bool add_to(struct map *set, struct str key) {
    return !map_put(set, key, &present);
}

/* --- texts --- */

static void note_name(struct judging *j, struct map *set, struct strs *list, struct str name) {
    if (add_to(set, name))
        strs_add(j->ctx->arena, list, name);
}

static void note_uses(struct judging *j, const struct template *template) {
    struct list uses = template_uses(template);
    const struct template_use *use = uses.p;
    for (size_t i = 0; i < uses.n; i++) {
        if (!use[i].is_sender)
            note_name(j, &j->used, &j->s->dynamic_fields_used, use[i].name);
        if (use[i].is_required && use[i].is_sender)
            note_name(j, &j->of_sender, &j->s->sender_fields_required, use[i].name);
        else if (use[i].is_required)
            note_name(j, &j->required, &j->s->fields_required, use[i].name);
    }
}

static void check_template(struct judging *j, struct str pointer, struct str text) {
    struct template *template;
    struct template_error e;
    if (!str_is_set(text))
        return;
    if (template_parse(j->ctx->arena, text, &template, &e) == OK)
        note_uses(j, template);
    else
        (void) refuse_at(j->ctx, pointer, "Line %zu, column %zu: %.*s", e.line, e.column,
                         STR_FMT(e.message)); /* counted in the problems */
}

/* A subject is a header: one line. */
static void check_subject(struct judging *j, struct str pointer, struct str subject) {
    for (size_t i = 0; i < subject.n; i++)
        if ((unsigned char) subject.p[i] < ' ') {
            (void) refuse_at(j->ctx, pointer, "A subject is one line"); /* counted */
            return;
        }
    check_template(j, pointer, subject);
}

/* What a stage may not have, by the flag that it lacks. */
static void check_allowed(struct judging *j, struct str pointer, const struct stage_kind *kind,
                          const struct sequence_variant *v) {
    struct ctx *ctx = j->ctx;
    if (!(kind->flags & STAGE_IS_EMAIL) && (str_is_set(v->subject) || str_is_set(v->html)))
        (void) refuse_at(ctx, pointer, "Only emails have a subject and HTML"); /* counted */
    if (str_eq(j->s->kind, STR("reply_sequence")) && str_is_set(v->subject))
        (void) refuse_at(ctx, arena_printf(ctx->arena, "%.*s/subject", STR_FMT(pointer)),
                         "A reply sequence stays in its thread"); /* counted */
}

static void check_variant(struct judging *j, struct str pointer, const struct stage_kind *kind,
                          const struct sequence_variant *v) {
    struct arena *arena = j->ctx->arena;
    if (!uuid_is_valid(v->id))
        (void) refuse_at(j->ctx, arena_printf(arena, "%.*s/id", STR_FMT(pointer)),
                         "The id must be a UUID"); /* counted */
    check_allowed(j, pointer, kind, v);
    check_subject(j, arena_printf(arena, "%.*s/subject", STR_FMT(pointer)), v->subject);
    check_template(j, arena_printf(arena, "%.*s/text", STR_FMT(pointer)), v->text);
    check_template(j, arena_printf(arena, "%.*s/html", STR_FMT(pointer)), v->html);
}

static void check_variants(struct judging *j, size_t at, const struct stage_kind *kind,
                           const struct sequence_stage *stage) {
    struct ctx *ctx = j->ctx;
    const struct sequence_variant *v = stage->variants.p;
    struct map ids = map_in(ctx->arena);
    int64_t weight = 0;
    for (size_t i = 0; i < stage->variants.n; i++) {
        struct str pointer = arena_printf(ctx->arena, "/stages/%zu/variants/%zu", at, i);
        check_variant(j, pointer, kind, &v[i]);
        weight += v[i].weight.v;
        if (!add_to(&ids, v[i].id))
            (void) refuse_at(ctx, pointer, "Two variants have this id"); /* counted */
    }
    struct str all = arena_printf(ctx->arena, "/stages/%zu/variants", at);
    if (stage->variants.n && weight == 0)
        (void) refuse_at(ctx, all, "One of the weights must be more than 0"); /* counted */
    if (stage->variants.n && !(kind->flags & STAGE_SAYS_SOMETHING))
        (void) refuse_at(ctx, all, "%s has no text", kind->type); /* counted */
}

/* --- attachments --- */

static bool is_file_name(struct str name) {
    for (size_t i = 0; i < name.n; i++)
        if ((unsigned char) name.p[i] < ' ' || name.p[i] == '/' || name.p[i] == '\\')
            return false;
    return true;
}

/* "application/pdf": two tokens (RFC 6838, section 4.2). */
static bool is_media_type(struct str type) {
    size_t slash = str_find(type, '/');
    bool good = slash > 0 && slash + 1 < type.n;
    for (size_t i = 0; good && i < type.n; i++)
        good = ascii_is_alnum(type.p[i]) || i == slash || memchr("!#$&-^_.+", type.p[i], 9);
    return good;
}

/* Bytes of the decoded content, or -1. */
static int64_t decoded_size(struct str content) {
    struct arena *scratch = arena_new();
    unsigned char *bytes = arena_alloc(scratch, content.n + 1);
    size_t n = 0;
    int failed = sodium_base642bin(bytes, content.n + 1, content.p, content.n, NULL, &n, NULL,
                                   sodium_base64_VARIANT_ORIGINAL);
    arena_free(&scratch);
    return failed ? -1 : (int64_t) n;
}

static const struct sequence_attachment *attachment_named(const struct list *list,
                                                          struct str name) {
    const struct sequence_attachment *a = list->p;
    for (size_t i = 0; i < list->n; i++)
        if (str_eq(a[i].name, name))
            return &a[i];
    return NULL;
}

static int64_t size_of_attachment(struct judging *j, size_t at,
                                  const struct sequence_attachment *a) {
    const struct sequence_attachment *stored
        = j->old ? attachment_named(&j->old->attachments, a->name) : NULL;
    int64_t size = str_is_set(a->content) ? decoded_size(a->content) : stored ? stored->size.v : -1;
    if (size < 0)
        (void) refuse_at(j->ctx, arena_printf(j->ctx->arena, "/attachments/%zu/content", at),
                         str_is_set(a->content) ? "The content must be base64"
                                                : "No file of this name is stored"); /* counted */
    return size < 0 ? 0 : size;
}

static void check_attachments(struct judging *j) {
    struct ctx *ctx = j->ctx;
    struct sequence_attachment *a = j->s->attachments.p;
    struct map names = map_in(ctx->arena);
    int64_t total = 0;
    for (size_t i = 0; i < j->s->attachments.n; i++) {
        if (!is_file_name(a[i].name) || !add_to(&names, a[i].name))
            (void) refuse_at(ctx, arena_printf(ctx->arena, "/attachments/%zu/name", i),
                             "The name must be that of a file, and nobody else's"); /* counted */
        if (!is_media_type(a[i].media_type))
            (void) refuse_at(ctx, arena_printf(ctx->arena, "/attachments/%zu/media_type", i),
                             "Not a media type, such as application/pdf"); /* counted */
        a[i].size = opt_int(size_of_attachment(j, i, &a[i]));
        total += a[i].size.v;
    }
    if (total > SEQUENCE_ATTACHMENTS_MAX_BYTES)
        (void) refuse_at(ctx, STR("/attachments"), "All attachments together may have %d bytes",
                         SEQUENCE_ATTACHMENTS_MAX_BYTES); /* counted */
}

static void check_stage_attachments(struct judging *j, size_t at, const struct stage_kind *kind,
                                    const struct sequence_stage *stage) {
    struct ctx *ctx = j->ctx;
    for (size_t i = 0; i < stage->attachments.n; i++) {
        struct str pointer = arena_printf(ctx->arena, "/stages/%zu/attachments/%zu", at, i);
        if (!(kind->flags & STAGE_IS_EMAIL))
            (void) refuse_at(ctx, pointer, "Only emails have attachments"); /* counted */
        else if (!attachment_named(&j->s->attachments, stage->attachments.p[i]))
            (void) refuse_at(ctx, pointer, "The sequence has no attachment of this name");
    }
}

/* --- stages --- */

static void check_stage(struct judging *j, size_t at, const struct sequence_stage *stage) {
    struct ctx *ctx = j->ctx;
    const struct stage_kind *kind = stage_kind_of(stage->type);
    ASSERT(kind); /* the field table has the same list */
    if (!uuid_is_valid(stage->id) || !add_to(&j->ids, stage->id))
        (void) refuse_at(ctx, arena_printf(ctx->arena, "/stages/%zu/id", at),
                         "The id must be a UUID that no other stage has"); /* counted */
    if (stage->automatic == YES && !(kind->flags & STAGE_MAY_BE_AUTOMATIC))
        (void) refuse_at(ctx, arena_printf(ctx->arena, "/stages/%zu/automatic", at),
                         "%s is always a task for the user", kind->type); /* counted */
    if (str_eq(j->s->kind, STR("reply_sequence")) && !(kind->flags & STAGE_IS_EMAIL))
        (void) refuse_at(ctx, arena_printf(ctx->arena, "/stages/%zu/type", at),
                         "A reply sequence has only emails"); /* counted */
    check_variants(j, at, kind, stage);
    check_stage_attachments(j, at, kind, stage);
}

/* Leads stand at stages: those that were launched stay what and where they are. */
static void check_kept(struct judging *j) {
    const struct sequence_stage *now = j->s->stages.p, *before = j->old->stages.p;
    if (sequence_status_of(j->old) == SEQUENCE_DRAFT)
        return;
    for (size_t i = 0; i < j->old->stages.n; i++)
        if (i >= j->s->stages.n || !str_eq(now[i].id, before[i].id)
            || !str_eq(now[i].type, before[i].type))
            (void) refuse_at(j->ctx, arena_printf(j->ctx->arena, "/stages/%zu", i),
                             "A stage that was launched keeps its id, type and place"); /* counted */
}

/* What the API asks of every lead beside the fields in the texts. */
static void note_reachable(struct judging *j) {
    static const struct {
        unsigned flag;
        struct str field;
    } needs[] = { { STAGE_IS_EMAIL, { "email", 5 } }, { STAGE_IS_LINKEDIN, { "linkedin_url", 12 } } };
    const struct sequence_stage *stage = j->s->stages.p;
    for (size_t i = 0; i < j->s->stages.n; i++)
        for (size_t k = 0; k < LENGTH(needs); k++)
            if (stage_kind_of(stage[i].type)->flags & needs[k].flag)
                note_name(j, &j->required, &j->s->fields_required, needs[k].field);
}

enum rc definition_check(struct ctx *ctx, const struct sequence_definition *definition,
                         const struct sequence *old, struct sequence *ret_sequence) {
    struct sequence s = definition_complete(ctx, definition, old);
    struct arena *arena = ctx->arena;
    size_t before_it = ctx->problem_count;
    struct judging j = { .ctx = ctx, .s = &s, .old = old, .ids = map_in(arena),
                         .used = map_in(arena), .required = map_in(arena),
                         .of_sender = map_in(arena) };
    if (str_is_empty(str_trim(s.name)))
        (void) refuse_at(ctx, STR("/name"), "The name must not be blank"); /* counted */
    if (old && !str_eq(s.kind, old->kind))
        (void) refuse_at(ctx, STR("/kind"), "The kind of a sequence stays"); /* counted */
    enum rc rc = settings_check(ctx, s.settings);
    if (rc != OK && rc != E_INVALID)
        return rc;
    check_attachments(&j);
    const struct sequence_stage *stage = s.stages.p;
    for (size_t i = 0; i < s.stages.n; i++)
        check_stage(&j, i, &stage[i]);
    if (old)
        check_kept(&j);
    note_reachable(&j);
    if (ctx->problem_count != before_it)
        return E_INVALID;
    *ret_sequence = s;
    return OK;
}
