/* What users have connected beside mailboxes, as sequences ask for it. */
#ifndef STORE_CONNECTIONS_H
#define STORE_CONNECTIONS_H

#include "base/ctx.h"
#include "base/field.h"

struct connections {
    struct str user_id;
    enum tri dialer, linkedin, voice_clone, copywriter;
    struct opt_int ai_credits;
};
extern const struct fields connections_fields;

/* Of one user, every member set. E_NOT_FOUND when the account has no such user. */
MUST_USE enum rc connections_get(struct ctx *ctx, struct str user_id,
                                 struct connections *ret_connections);

/* Changes what is set in `changes`, and gives all. Transacts itself. E_NOT_FOUND. */
MUST_USE enum rc connections_change(struct ctx *ctx, struct str user_id,
                                    const struct connections *changes,
                                    struct connections *ret_connections);

/* Of several users; those who have nothing are left out. List of struct connections. */
MUST_USE enum rc connections_of(struct ctx *ctx, struct strs user_ids, struct list *ret_list);

#endif
