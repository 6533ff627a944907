/* Writing sequences: what people send is completed (ids, usual values), judged as a whole
 * with every mistake named by its place in the document ("/stages/0/variants/1/text"), and
 * stored with the fields that its templates need. */
#ifndef SEQUENCE_DEFINITION_H
#define SEQUENCE_DEFINITION_H

#include "base/ctx.h"
#include "store/sequences.h"

/* Completes `definition` into *ret_sequence, which borrows from it, and judges it. `old` is
 * the sequence that it replaces, with its stages and attachments, or NULL. E_INVALID with
 * problems. */
MUST_USE enum rc definition_check(struct ctx *ctx, const struct sequence_definition *definition,
                                  const struct sequence *old, struct sequence *ret_sequence);

/* Each transacts itself and gives the sequence as sequence_get does. E_INVALID with
 * problems; E_CONFLICT with a problem when the name is another's, or the sequence is in a
 * state in which it is not edited. */
MUST_USE enum rc sequence_create(struct ctx *ctx, const struct sequence_definition *definition,
                                 struct sequence *ret_sequence);
/* Stages that were launched keep their ids, types and order; new ones may follow them. */
MUST_USE enum rc sequence_replace(struct ctx *ctx, struct str id,
                                  const struct sequence_definition *definition,
                                  struct sequence *ret_sequence);
/* A draft with the same stages, under new ids; `name` absent: "… (copy)". */
MUST_USE enum rc sequence_duplicate(struct ctx *ctx, struct str id, struct str name,
                                    struct sequence *ret_sequence);
/* Drafts only: E_CONFLICT with a problem otherwise. */
MUST_USE enum rc sequence_remove(struct ctx *ctx, struct str id);

enum applied { APPLIED_CREATED, APPLIED_UPDATED };

/* Creates the sequence of the definition's name, or replaces it; with `dry_run` only
 * judges. */
MUST_USE enum rc sequence_apply(struct ctx *ctx, const struct sequence_definition *definition,
                                bool dry_run, enum applied *ret_applied);

/* What sequence_apply reads: the definition, with the content of attachments. */
MUST_USE enum rc sequence_export(struct ctx *ctx, struct str id,
                                 struct sequence_definition *ret_definition);

#endif
