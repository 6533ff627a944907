/* The one way in for workflows that people write: makes, changes, enables and orders them, and
 * judges the whole. All transact themselves. E_INVALID with a problem at each member that is
 * wrong: one that an action of its type must have or has no use for, and names of sequences, lead
 * lists, users and mailboxes that the account has not. */
#ifndef SEQUENCE_WORKFLOW_EDIT_H
#define SEQUENCE_WORKFLOW_EDIT_H

#include "store/workflows.h"

/* A draft, behind all others. E_CONFLICT with a problem: another one has the name, or there are
 * too many. */
MUST_USE enum rc workflow_create(struct ctx *ctx, const struct workflow_definition *definition,
                                 struct workflow *ret_workflow);
/* What is absent stays. E_NOT_FOUND; E_CONFLICT as above. */
MUST_USE enum rc workflow_change(struct ctx *ctx, struct str id, const struct workflow_definition *changes,
                                 struct workflow *ret_workflow);
/* Enabling judges it again. OK also when it is enabled (disabled) already. E_NOT_FOUND. */
MUST_USE enum rc workflow_enable(struct ctx *ctx, struct str id, bool enable, struct workflow *ret_workflow);
/* E_NOT_FOUND. */
MUST_USE enum rc workflow_remove(struct ctx *ctx, struct str id);
/* E_INVALID with a problem unless these are all ids, each once. List of struct workflow. */
MUST_USE enum rc workflows_reorder(struct ctx *ctx, struct strs ids, struct list *ret_workflows);

/* Creates the one of this name, or replaces all of its definition; *ret_created says which. With
 * `dry_run` only judges it. */
MUST_USE enum rc workflow_apply(struct ctx *ctx, const struct workflow_definition *definition, bool dry_run,
                                bool *ret_created);

#endif
