/* What definition.c and definition_check.c share; private to them. */
#ifndef SEQUENCE_DEFINITION_PRIVATE_H
#define SEQUENCE_DEFINITION_PRIVATE_H

#include "base/ctx.h"
#include "store/sequences.h"

/* A copy of the definition with ids and usual values filled in. `old`: the sequence that it
 * replaces, or NULL. */
struct sequence definition_complete(struct ctx *ctx, const struct sequence_definition *definition,
                                    const struct sequence *old);

/* Appends a problem at the place that the format says; returns E_INVALID. */
#define refuse_at(ctx, pointer, ...) bad_field((ctx), (pointer), "unsupported_value", __VA_ARGS__)

/* Settings alone: zone, windows, holidays, senders. Problems are at "/settings/…". */
MUST_USE enum rc settings_check(struct ctx *ctx, const struct sequence_settings *settings);

#endif
