/* Users with their mailboxes, as sequences give leads to them. */
#ifndef STORE_SENDERS_H
#define STORE_SENDERS_H

#include "base/ctx.h"
#include "base/field.h"

struct sender {
    struct str user_id, user_email, first_name, last_name;
    bool is_user_active;
    struct str mailbox_id; /* absent, with what follows: the user as such */
    struct str mailbox_email, from_address; /* what it writes from: the same, or an alias */
    struct str display_name, signature, signature_html, time_zone;
    struct list working_hours; /* of struct working_hours */
    bool is_mailbox_active;
};

/* Each of the users once as such and once with each of their mailboxes that are not
 * deleted. Users that the account does not have are left out. List of struct sender. */
MUST_USE enum rc senders_of_users(struct ctx *ctx, struct strs user_ids, struct list *ret_senders);

/* The mailboxes of the account with these addresses (in lower case), with their users, in the
 * order of their ids. List of struct sender. */
MUST_USE enum rc senders_of_mailboxes(struct ctx *ctx, struct strs emails,
                                      struct list *ret_senders);

/* The one of these ids, or NULL; `mailbox_id` absent: the user as such. */
const struct sender *sender_find(const struct list *senders, struct str user_id,
                                 struct str mailbox_id);

#endif
