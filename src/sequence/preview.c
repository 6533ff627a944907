#include "base/check.h"
#include "base/vec.h"
#include "json/members.h"
#include "sequence/people.h"
#include "sequence/render.h"
#include "store/sequences.h"

#define T struct preview_lead
static const struct field lead_rows[] = {
    F_STR(T, email, .max = 254, .example = "lead@example.com", .doc = "Address."),
    F_STR(T, linkedin_url, .max = 2048, .doc = "LinkedIn profile."),
    F_JSON(T, data, .example = "{\"first_name\":\"Ann\"}",
           .doc = "An object of the lead's fields, texts only."),
};
#undef T
static const struct fields lead_fields
    = FIELDS("PreviewLead", struct preview_lead, lead_rows, .doc = "A lead that need not exist.");

#define T struct preview_request
static const struct field request_rows[] = {
    F_ID(T, stage_id, .flags = FIELD_REQUIRED, .doc = "The stage to show."),
    F_ID(T, variant_id, .doc = "Absent: the one that a lead of this address gets."),
    F_ID(T, user_id, .doc = "Who writes; absent: the first of the sequence's senders."),
    F_ID(T, mailbox_id, .doc = "From which mailbox; only with user_id."),
    F_OBJECT(T, lead, struct preview_lead, .flags = FIELD_REQUIRED, .of = &lead_fields,
             .doc = "Whom it is written to."),
};
#undef T
const struct fields preview_request_fields
    = FIELDS("StagePreviewRequest", struct preview_request, request_rows,
             .doc = "Which stage is shown for whom.");

#define T struct preview
static const struct field preview_rows[] = {
    F_ID(T, variant_id, .doc = "The variant; absent when the stage says nothing."),
    F_STR(T, subject, .doc = "Subject of an email."),
    F_STR(T, text, .doc = "Plain text."),
    F_STR(T, html, .doc = "HTML."),
    F_STRS(T, missing, .flags = FIELD_REQUIRED | FIELD_ALWAYS,
           .doc = "Fields without a value; with one of them nothing is rendered."),
};
#undef T
const struct fields preview_fields
    = FIELDS("StagePreview", struct preview, preview_rows, .doc = "What would be sent.");

static const struct sequence_stage *find_stage(const struct sequence *s, struct str id) {
    const struct sequence_stage *stage = s->stages.p;
    for (size_t i = 0; i < s->stages.n; i++)
        if (str_eq(stage[i].id, id))
            return &stage[i];
    return NULL;
}

/* There is no id yet: an address decides as well. */
static struct str lead_id(const struct preview_lead *lead) {
    return str_is_set(lead->email) ? lead->email : lead->linkedin_url;
}

static const struct sequence_variant *find_variant(const struct sequence_stage *stage,
                                                   const struct preview_request *request) {
    const struct sequence_variant *v = stage->variants.p;
    if (!str_is_set(request->variant_id))
        return variant_for(stage, lead_id(request->lead));
    for (size_t i = 0; i < stage->variants.n; i++)
        if (str_eq(v[i].id, request->variant_id))
            return &v[i];
    return NULL;
}

static enum rc add_lead(struct ctx *ctx, const struct preview_lead *lead, struct map *values) {
    struct list members = { 0 };
    enum rc rc = str_is_set(lead->data) ? json_members(ctx->arena, lead->data, &members) : OK;
    const struct json_member *m = members.p;
    if (rc != OK)
        return bad_field(ctx, STR("/lead/data"), "unsupported_value", "data must be an object");
    for (size_t i = 0; i < members.n; i++) {
        if (m[i].type == JSON_MEMBER_OTHER)
            rc = bad_field(ctx, arena_printf(ctx->arena, "/lead/data/%.*s", STR_FMT(m[i].name)),
                           "unsupported_value", "Fields of a lead are texts");
        people_add_field(ctx->arena, values, m[i].name, m[i].text);
    }
    people_add_field(ctx->arena, values, STR("email"), lead->email);
    people_add_field(ctx->arena, values, STR("linkedin_url"), lead->linkedin_url);
    return rc;
}

/* Without any sender the fields of the sender are missing, and said to be. */
static enum rc add_sender(struct ctx *ctx, const struct sequence *s,
                          const struct preview_request *request, struct map *values,
                          struct map *html) {
    const struct sequence_sender *first = s->settings->senders.n ? s->settings->senders.p : NULL;
    bool named = str_is_set(request->user_id);
    struct str user = named ? request->user_id : first ? first->user_id : STR_NONE;
    struct str mailbox = named ? request->mailbox_id : first ? first->mailbox_id : STR_NONE;
    struct list known = { 0 };
    if (!str_is_set(user))
        return OK;
    enum rc rc = senders_of_users(ctx, (struct strs){ &user, 1 }, &known);
    const struct sender *sender = rc == OK ? sender_find(&known, user, mailbox) : NULL;
    if (sender)
        people_add_sender(ctx->arena, sender, values, html);
    else if (rc == OK && named)
        rc = bad_field(ctx, STR("/user_id"), "unsupported_value",
                       "The account has no such user with this mailbox");
    return rc;
}

static enum rc render_preview(struct ctx *ctx, const struct sequence_variant *v,
                              const struct template_values *values, struct preview *ret_preview) {
    struct rendered r = { .subject = STR_NONE };
    enum rc rc = render_variant(ctx, v, values, &r);
    if (rc != OK && rc != E_NOT_FOUND)
        return rc;
    ctx_clear_error(ctx);
    *ret_preview = (struct preview){ v->id, r.subject, r.text, r.html, r.missing };
    return OK;
}

enum rc sequence_preview(struct ctx *ctx, struct str sequence_id,
                         const struct preview_request *request, struct preview *ret_preview) {
    struct sequence s;
    enum rc rc = sequence_get(ctx, sequence_id, &s);
    if (rc != OK)
        return rc;
    const struct sequence_stage *stage = find_stage(&s, request->stage_id);
    if (!stage)
        return bad_field(ctx, STR("/stage_id"), "unsupported_value",
                         "The sequence has no such stage");
    struct map values = map_in(ctx->arena), html = map_in(ctx->arena);
    rc = add_lead(ctx, request->lead, &values);
    enum rc sender = add_sender(ctx, &s, request, &values, &html);
    if (rc != OK || sender != OK)
        return rc != OK ? rc : sender;
    const struct sequence_variant *v = find_variant(stage, request);
    *ret_preview = (struct preview){ .variant_id = STR_NONE };
    if (!v)
        return str_is_set(request->variant_id)
                   ? bad_field(ctx, STR("/variant_id"), "unsupported_value",
                               "The stage has no such variant")
                   : OK;
    struct template_values with = { &values, &html,
                                    template_seed(lead_id(request->lead), stage->id) };
    return render_preview(ctx, v, &with, ret_preview);
}
