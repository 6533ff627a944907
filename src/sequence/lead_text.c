#include "sequence/lead_text.h"

#include "json/members.h"
#include "sequence/people.h"
#include "store/sequence_leads.h"

static enum rc add_lead(struct ctx *ctx, struct str lead_id, struct map *values) {
    struct sequence_lead lead;
    struct list members = { 0 };
    enum rc rc = lead_get(ctx, lead_id, &lead);
    if (rc == OK)
        rc = json_members(ctx->arena, lead.data, &members);
    const struct json_member *m = members.p;
    for (size_t i = 0; rc == OK && i < members.n; i++)
        people_add_field(ctx->arena, values, m[i].name, m[i].text);
    if (rc != OK)
        return rc;
    people_add_field(ctx->arena, values, STR("email"), lead.email);
    people_add_field(ctx->arena, values, STR("linkedin_url"), lead.linkedin_url);
    return OK;
}

static enum rc add_sender(struct ctx *ctx, const struct lead_plan *lead, struct map *values,
                          struct map *html) {
    struct list known = { 0 };
    struct str user = lead->user_id;
    enum rc rc = senders_of_users(ctx, (struct strs){ &user, 1 }, &known);
    const struct sender *sender = rc == OK ? sender_find(&known, user, lead->mailbox_id) : NULL;
    if (sender)
        people_add_sender(ctx->arena, sender, values, html);
    return rc;
}

enum rc lead_text(struct ctx *ctx, const struct lead_plan *lead,
                  const struct sequence_stage *stage, struct rendered *ret_rendered) {
    const struct sequence_variant *variant = variant_for(stage, lead->id);
    struct map values = map_in(ctx->arena), html = map_in(ctx->arena);
    *ret_rendered = (struct rendered){ .subject = STR_NONE };
    if (!variant)
        return OK;
    enum rc rc = add_lead(ctx, lead->id, &values);
    if (rc == OK)
        rc = add_sender(ctx, lead, &values, &html);
    struct template_values with = { &values, &html, template_seed(lead->id, stage->id) };
    return rc == OK ? render_variant(ctx, variant, &with, ret_rendered) : rc;
}
