/* What a stage says to a lead of its sequence, with the values of both sides. */
#ifndef SEQUENCE_LEAD_TEXT_H
#define SEQUENCE_LEAD_TEXT_H

#include "sequence/render.h"
#include "store/lead_plans.h"

/* Renders the lead's variant of the stage; *ret_rendered has no text when the stage has none.
 * As render_variant: E_NOT_FOUND with what is missing; E_INVALID, E_TOO_LARGE. */
MUST_USE enum rc lead_text(struct ctx *ctx, const struct lead_plan *lead,
                           const struct sequence_stage *stage, struct rendered *ret_rendered);

#endif
