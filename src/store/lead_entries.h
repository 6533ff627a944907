/* The entries of lead lists. Every function is scoped to the account of ctx, but for
 * lead_entries_forget. */
#ifndef STORE_LEAD_ENTRIES_H
#define STORE_LEAD_ENTRIES_H

#include "base/ctx.h"
#include "base/field.h"
#include "store/lead_lists.h"
#include "store/pages.h"
#include "store/removals.h"

/* An entry as it is shown: of the person who was found, else what was sent. */
struct lead_entry {
    struct str id, email, person_id, linkedin_url, first_name, last_name;
    struct str company_name, company_domain, industry, title;
    struct str result; /* of the address's validation; absent: none, or not yet */
    enum tri catch_all;
    struct str data; /* what was sent */
    struct str headline, location, company_linkedin_url, company_size, company_location;
    struct list phone_numbers; /* of struct phone_number: those that are paid for */
};
extern const struct fields lead_entry_row_fields;

/* A page in the order of the leads, cursor id. */
MUST_USE enum rc lead_entries_page(struct ctx *ctx, struct str list_id, const struct page *page,
                                   struct page_of *ret_page);

/* Adds leads (list of struct lead) behind those that are there. Inside db_transact. */
MUST_USE enum rc lead_entries_insert(struct ctx *ctx, struct str list_id, struct list leads);

/* Positions of those of the leads that are not in the list, by profile, else address, else
 * name and company, else title and company; of equal ones the first. */
MUST_USE enum rc lead_entries_new(struct ctx *ctx, struct str list_id, struct list leads,
                                  struct ints *ret_new);

/* --- for the job --- */

/* An entry to be looked for, and what came of it. */
struct lead_item {
    struct str id;
    struct lead lead;
    struct str linkedin_key, email_key, name_key;
    struct str person_id; /* found */
    bool is_removed;      /* asks for somebody who was removed for privacy */
};

/* The first `limit` entries behind `after` (an id, or "") that are to be looked for; list of
 * struct lead_item. */
MUST_USE enum rc lead_entries_pending(struct ctx *ctx, struct str list_id, struct str after,
                                      int limit, struct list *ret_items);

/* Stores what came of the entries: person_id, an address that was not known, nothing at all
 * for removed ones. Those that were done or forgotten meanwhile stay as they are. Inside
 * db_transact. */
MUST_USE enum rc lead_entries_done(struct ctx *ctx, struct str list_id,
                                   const struct lead_item *items, size_t n);

/* Begins to validate up to `limit` addresses of the list that have no validation; those that
 * another entry has one for get the same. *ret_started: how many. Inside db_transact. */
MUST_USE enum rc lead_entries_validate(struct ctx *ctx, struct str list_id, int limit,
                                       size_t *ret_started);

/* --- for removals --- */

/* Leaves nothing of the entries of all accounts that this key names, nor of the results of their
 * addresses in the account that gave them. Inside db_transact. */
MUST_USE enum rc lead_entries_forget(struct ctx *ctx, enum removal_kind kind, struct str key);

#endif
