/* Lead lists: what POST /lead-lists starts. A list is a row, its entries (store/
 * lead_entries.h), one job that looks for them (enrich/lead_list.h), and then the
 * validations of their addresses, which belong to the list and are not shown with the
 * account's own. Every function is scoped to the account of ctx. */
#ifndef STORE_LEAD_LISTS_H
#define STORE_LEAD_LISTS_H

#include "base/ctx.h"
#include "base/field.h"
#include "store/batch.h"
#include "store/pages.h"

enum { LEAD_LIST_LEADS_MAX = 60000, LEAD_LIST_NAME_MAX = 255, LEAD_DATA_MAX_BYTES = 8 * 1024 };

struct lead_list {
    struct str id, name;
    struct str type;   /* as it was sent (lead_type_of) */
    struct str status; /* queued, processing, completed, canceled */
    struct str error_code;
    struct str owner_id, owner; /* a user and their email */
    enum tri shared, visible, reveal_phone_numbers, validate_email, enrich;
    struct opt_int total; /* entries */
    struct opt_int created_at, updated_at;
};
extern const struct fields lead_list_row_fields;

/* What a list's leads are known by. */
enum lead_type {
    LEADS_LINKEDIN,
    LEADS_EMAIL,
    LEADS_TITLE,    /* title and company, under either of its two names */
    LEADS_ADAPTIVE, /* whatever the columns of an imported file say */
    LEAD_TYPES,
};
/* LEAD_TYPES for a word that names none. */
enum lead_type lead_type_of(struct str word);

/* A lead as it is sent or imported. */
struct lead {
    struct str linkedin_url, email, first_name, last_name, title;
    struct str company_name, company_domain, industry;
    struct str data; /* JSON object */
};

/* The member that a lead of this type must have and that is absent or blank, by its name in
 * JSON; NULL: nothing is missing. */
const char *lead_lacks(enum lead_type type, const struct lead *lead);

/* The user whose a list is when `email` is given as its owner's: in place of a revoked user, or
 * when it is absent, the oldest active admin. E_NOT_FOUND when the account has no such user. */
MUST_USE enum rc lead_list_owner(struct ctx *ctx, struct str email, struct str *ret_id);

/* Stores the list of *list (name, type, owner_id and what is switched on; without a name it
 * gets one with the date) with these leads (list of struct lead), and enqueues its job. Needs
 * little memory of the context's arena, however many leads there are. E_CREDITS when the
 * account could not pay for a single lead. */
MUST_USE enum rc lead_list_create(struct ctx *ctx, const struct lead_list *list,
                                  struct list leads, struct lead_list *ret_list);

/* Adds as many of the leads, from the first on, as the list has room for (*ret_added), and
 * enqueues its job. E_NOT_FOUND; E_LIMIT: it is full; E_CONFLICT: it was canceled; E_CREDITS as
 * above. */
MUST_USE enum rc lead_list_add(struct ctx *ctx, struct str id, struct list leads,
                               struct lead_list *ret_list, size_t *ret_added);

/* E_NOT_FOUND when the account has none of this id. */
MUST_USE enum rc lead_list_get(struct ctx *ctx, struct str id, struct lead_list *ret_list);
/* The newest of this name. */
MUST_USE enum rc lead_list_named(struct ctx *ctx, struct str name, struct lead_list *ret_list);

/* What is still to be done. */
struct lead_list_left {
    struct opt_int entries;   /* to be looked for */
    struct opt_int addresses; /* to be validated, rounded up to whole blocks */
};
MUST_USE enum rc lead_list_left(struct ctx *ctx, struct str id, struct lead_list_left *ret_left);

/* Filters of a list; an absent one does not filter. */
struct lead_list_filter {
    struct str status, owner_id, owner_email;
};
/* A page, newest first, cursor id; list of struct lead_list. */
MUST_USE enum rc lead_lists_list(struct ctx *ctx, const struct lead_list_filter *filter,
                                 const struct page *page, struct page_of *ret_page);

/* Ends what has not ended; what is done stays. Then as lead_list_get. */
MUST_USE enum rc lead_list_cancel(struct ctx *ctx, struct str id, struct lead_list *ret_list);

/* --- for the job; all inside db_transact --- */

/* queued -> processing. E_CANCELED when the list does not run any more. */
MUST_USE enum rc lead_list_begin(struct ctx *ctx, struct str id);
/* Nobody adds to the list or ends it until the transaction ends. E_CANCELED as above. */
MUST_USE enum rc lead_list_lock(struct ctx *ctx, struct str id);
/* processing -> enriched; with `error_code` to canceled. */
MUST_USE enum rc lead_list_end(struct ctx *ctx, struct str id, const char *error_code);

/* The name of the job. */
extern const char lead_list_job_name[];

#endif
