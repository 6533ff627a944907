#include "sequence/render.h"

#include "base/check.h"
#include "base/vec.h"

const struct sequence_variant *variant_for(const struct sequence_stage *stage,
                                           struct str lead_id) {
    const struct sequence_variant *v = stage->variants.p;
    uint64_t total = 0;
    for (size_t i = 0; i < stage->variants.n; i++)
        total += (uint64_t) v[i].weight.v;
    if (!total)
        return NULL;
    uint64_t draw = template_seed(lead_id, stage->id) % total;
    while (draw >= (uint64_t) v->weight.v) {
        draw -= (uint64_t) v->weight.v;
        v++;
    }
    return v;
}

static bool has_value(const struct template_values *values, struct str name) {
    const struct str *value = map_get(values->values, name);
    return value && !str_is_empty(str_trim(*value));
}

static void add_missing(struct ctx *ctx, const struct template *template,
                        const struct template_values *values, struct strs *missing) {
    struct list uses = template_uses(template);
    const struct template_use *use = uses.p;
    for (size_t i = 0; i < uses.n; i++)
        if (use[i].is_required && !has_value(values, use[i].name) && !strs_have(*missing, use[i].name))
            strs_add(ctx->arena, missing, use[i].name);
}

static enum rc parse(struct ctx *ctx, struct str text, struct template **ret_template) {
    struct template_error e;
    enum rc rc = template_parse(ctx->arena, text, ret_template, &e);
    return rc == OK ? OK
                    : fail(ctx, rc, "a template, line %zu, column %zu: %.*s", e.line, e.column,
                           STR_FMT(e.message));
}

static enum rc render(struct ctx *ctx, const struct template *template, enum template_form form,
                      const struct template_values *values, struct str *ret_text) {
    struct buf out = buf_in(ctx->arena, RENDERED_MAX_BYTES);
    struct str missing;
    enum rc rc = template_render(template, form, values, &out, &missing);
    if (rc == E_NOT_FOUND)
        return fail(ctx, rc, "%.*s has no value", STR_FMT(missing));
    if (rc != OK)
        return fail(ctx, rc, "a rendered text has more than %d bytes", RENDERED_MAX_BYTES);
    *ret_text = buf_text(&out);
    return OK;
}

enum rc render_variant(struct ctx *ctx, const struct sequence_variant *variant,
                       const struct template_values *values, struct rendered *ret_rendered) {
    struct rendered r = { .subject = STR_NONE };
    struct {
        struct str source;
        enum template_form form;
        struct str *to;
        struct template *template;
    } parts[] = { { variant->subject, TEMPLATE_LINE, &r.subject, NULL },
                  { variant->text, TEMPLATE_PLAIN, &r.text, NULL },
                  { variant->html, TEMPLATE_HTML, &r.html, NULL } };
    enum rc rc = OK;
    for (size_t i = 0; rc == OK && i < LENGTH(parts); i++) {
        if (!str_is_set(parts[i].source))
            continue;
        rc = parse(ctx, parts[i].source, &parts[i].template);
        if (rc == OK)
            add_missing(ctx, parts[i].template, values, &r.missing);
    }
    if (rc == OK && r.missing.n) {
        ret_rendered->missing = r.missing;
        return E_NOT_FOUND;
    }
    for (size_t i = 0; rc == OK && i < LENGTH(parts); i++)
        if (parts[i].template)
            rc = render(ctx, parts[i].template, parts[i].form, values, parts[i].to);
    if (rc == OK)
        *ret_rendered = r;
    return rc;
}
