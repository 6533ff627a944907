/* Accounts: the tenants. The only store file whose functions are not scoped to
 * ctx->account_id. */
#ifndef STORE_ACCOUNTS_H
#define STORE_ACCOUNTS_H

#include "base/ctx.h"
#include "base/field.h"

struct account {
    struct str id, name;
    struct opt_int created_at;
};
extern const struct fields account_fields;

enum { ACCOUNT_NAME_MAX = 200 }; /* characters */

/* Transacts itself. E_INVALID, with the reason in ctx->err, for a name that is empty
 * or too long. */
MUST_USE enum rc account_create(struct ctx *ctx, struct str name, struct account *ret_account);

/* E_NOT_FOUND without such an account. */
MUST_USE enum rc account_get(struct ctx *ctx, struct str id, struct account *ret_account);

/* The account of an installation that has exactly one. E_NOT_FOUND when there is none,
 * E_CONFLICT when there are several. */
MUST_USE enum rc account_only(struct ctx *ctx, struct account *ret_account);

/* All, oldest first. List of struct account. */
MUST_USE enum rc accounts_list(struct ctx *ctx, struct list *ret_accounts);

#endif
