/* From a stage and a lead to what is sent: the only way, for sending and for previews. */
#ifndef SEQUENCE_RENDER_H
#define SEQUENCE_RENDER_H

#include "base/ctx.h"
#include "sequence/template.h"
#include "store/sequence_definition.h"

/* Texts with all their values; more is a mistake of the template's author. */
enum { RENDERED_MAX_BYTES = 512 * 1024 };

struct rendered {
    struct str subject, text, html; /* absent where the variant has none */
    struct strs missing;            /* fields without a value: nothing is rendered then */
};

/* The variant that the lead gets: by weight, for ever the same while weights are. NULL
 * when the stage has none. */
const struct sequence_variant *variant_for(const struct sequence_stage *stage, struct str lead_id);

/* E_NOT_FOUND with ret_rendered->missing when a required field has no value; E_INVALID when
 * a template does not parse (stored ones do); E_TOO_LARGE. */
MUST_USE enum rc render_variant(struct ctx *ctx, const struct sequence_variant *variant,
                                const struct template_values *values,
                                struct rendered *ret_rendered);

/* --- previews --- */

struct preview_lead {
    struct str email, linkedin_url;
    struct str data; /* JSON object, text to text */
};

struct preview_request {
    struct str stage_id, variant_id; /* variant absent: the one that the lead would get */
    struct str user_id, mailbox_id;  /* absent: the first sender */
    struct preview_lead *lead;
};
extern const struct fields preview_request_fields;

struct preview {
    struct str variant_id, subject, text, html;
    struct strs missing;
};
extern const struct fields preview_fields;

/* What the stage says to that lead. E_NOT_FOUND without the sequence; E_INVALID with
 * problems when the request does not fit it. What is missing is in the answer. */
MUST_USE enum rc sequence_preview(struct ctx *ctx, struct str sequence_id,
                                  const struct preview_request *request,
                                  struct preview *ret_preview);

#endif
