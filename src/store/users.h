/* Users: who logs in and owns mailboxes and tasks. */
#ifndef STORE_USERS_H
#define STORE_USERS_H

#include "base/ctx.h"
#include "base/field.h"
#include "store/pages.h"

struct user {
    struct str id, name, first_name, last_name, email, status, role;
    struct list mailboxes; /* of struct user_mailbox */
};
struct user_mailbox {
    struct str id, email;
};
extern const struct fields user_fields; /* as GET /users shows one */

/* Filters of a list; an absent one does not filter. */
struct user_filter {
    struct str status, role, email;
};

/* One page, oldest first; the cursor is the user's id. List of struct user. */
MUST_USE enum rc users_list(struct ctx *ctx, const struct user_filter *filter,
                            const struct page *page, struct page_of *ret_page);

/* E_NOT_FOUND when the account has no such user. */
MUST_USE enum rc user_get(struct ctx *ctx, struct str id, struct user *ret_user);

struct user_new {
    struct str email, first_name, last_name, role; /* role: "admin" or "sales_rep" */
    struct str password_hash; /* Argon2id; absent: cannot log in */
};

/* Makes an active user; transacts itself. The email is kept in lower case. E_INVALID
 * with the reason in ctx->err; E_CONFLICT when the account has a user with this email. */
MUST_USE enum rc user_create(struct ctx *ctx, const struct user_new *user, struct user *ret_user);

#endif
