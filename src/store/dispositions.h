/* Dispositions: how a call can end. Every account begins with those of the API's webhooks and
 * may change them. Scoped to the account of ctx. */
#ifndef STORE_DISPOSITIONS_H
#define STORE_DISPOSITIONS_H

#include "base/ctx.h"
#include "base/field.h"

enum { DISPOSITIONS_MAX = 100, DISPOSITION_NAME_MAX = 100, DISPOSITION_SLUG_MAX = 50 }; /* the last two: bytes */

struct disposition {
    struct str id, name, slug;
    struct str action; /* complete: the task and its lead are; next_stage: nothing happens */
};
extern const struct fields disposition_fields;
extern const struct enum_values enum_disposition_actions;

/* In the order in which they were made. List of struct disposition. */
MUST_USE enum rc dispositions_list(struct ctx *ctx, struct list *ret_dispositions);
/* E_NOT_FOUND when the account has no such one, or has deleted it. */
MUST_USE enum rc disposition_get(struct ctx *ctx, struct str id,
                                 struct disposition *ret_disposition);

/* What changes; of a new one all is set but the id. */
MUST_USE enum rc disposition_create(struct ctx *ctx, const struct disposition *input,
                                    struct disposition *ret_disposition);
MUST_USE enum rc disposition_change(struct ctx *ctx, struct str id,
                                    const struct disposition *changes,
                                    struct disposition *ret_disposition);
/* Calls that have it keep it. */
MUST_USE enum rc disposition_delete(struct ctx *ctx, struct str id);
/* The three transact themselves. E_INVALID with problems: a slug of other signs than lower
 * case letters, digits and underscores; E_CONFLICT with a problem: another one has the slug,
 * or there are DISPOSITIONS_MAX. */

/* Those that an account begins with. Inside db_transact. */
MUST_USE enum rc dispositions_begin(struct ctx *ctx);

#endif
