/* Contacts as the API shows them: with owner, telephone numbers and recent activity. Scoped
 * to the account of ctx. */
#ifndef STORE_CONTACT_DETAILS_H
#define STORE_CONTACT_DETAILS_H

#include "base/ctx.h"
#include "store/pages.h"
#include "store/people.h"

struct contact_details {
    struct str id, name, first_name, last_name, email, linkedin_url, title, location, time_zone;
    struct str company_name, company_domain;
    struct str owner; /* address of the user */
    struct opt_int last_contacted_at;
    struct list phone_numbers;   /* of struct phone_number */
    struct list recent_activity; /* of struct activity (store/events.h), newest first */
};
extern const struct fields contact_details_fields;

/* Filters of a list; an absent one does not filter. */
struct contact_filter {
    struct strs ids;
    struct str name;  /* a part of it, without regard to case */
    struct str email; /* in normal form */
};

enum { CONTACT_IDS_MAX = 50, CONTACT_ACTIVITY_MAX = 20 /* of each */ };

/* One page, oldest first; the cursor is the id. List of struct contact_details. */
MUST_USE enum rc contacts_list(struct ctx *ctx, const struct contact_filter *filter,
                               const struct page *page, struct page_of *ret_page);

/* E_NOT_FOUND when the account has no such contact. */
MUST_USE enum rc contact_details(struct ctx *ctx, struct str id,
                                 struct contact_details *ret_contact);
/* By the normal form of the address. */
MUST_USE enum rc contact_details_by_email(struct ctx *ctx, struct str email,
                                          struct contact_details *ret_contact);

/* Gives the contact a number (data/phones.h); *ret_is_new false: they have it. Inside
 * db_transact. */
MUST_USE enum rc contact_phone_add(struct ctx *ctx, struct str contact_id,
                                   const struct phone_number *number, bool *ret_is_new);

/* As phone_number_review (store/people.h), of a contact's number. */
MUST_USE enum rc contact_phone_review(struct ctx *ctx, struct str phone_id, struct str user_id,
                                      struct str reason, struct phone_number *ret_number);

/* Deletes, in all accounts, the numbers of somebody with that address or profile. Before
 * their contacts are forgotten; inside db_transact. */
MUST_USE enum rc contact_phones_forget(struct ctx *ctx, struct str email,
                                       struct str linkedin_key);

#endif
