/* Exclusion lists of an account: emails and domains that are not to be sequenced. Rows
 * whose source is EXCLUSION_OWN_SOURCE were made here and may be deleted; others came
 * from the system that the source names, and only an import from there changes them. */
#ifndef STORE_EXCLUSIONS_H
#define STORE_EXCLUSIONS_H

#include "base/ctx.h"
#include "base/field.h"
#include "store/pages.h"

enum exclusion_kind { EXCLUDED_DOMAIN, EXCLUDED_EMAIL };

#define EXCLUSION_OWN_SOURCE "amplemarket"

struct exclusion {
    struct str value, source, excluded_reason;
    struct opt_int date_added;
};
/* The value is called `domain` or `email` in JSON. */
extern const struct fields excluded_domain_fields;
extern const struct fields excluded_email_fields;

/* Pages in the order of the values. */
MUST_USE enum rc exclusions_list(struct ctx *ctx, enum exclusion_kind kind,
                                 const struct page *page, struct page_of *ret_page);

/* Results, one per value of the call; static texts of the API. */
extern const struct str exclusion_success, exclusion_duplicated, exclusion_unsupported,
    exclusion_not_found;

/* Which of `values` (in normal form) of that kind are excluded. One query. */
MUST_USE enum rc exclusions_among(struct ctx *ctx, enum exclusion_kind kind, struct strs values,
                                  struct strs *ret_excluded);

/* Why an address (in normal form) is excluded, by itself or by one of the domains: *ret_kind.
 * E_NOT_FOUND: it is not. */
MUST_USE enum rc exclusion_of_address(struct ctx *ctx, struct str email, struct strs domains,
                                       enum exclusion_kind *ret_kind);

struct new_exclusions {
    enum exclusion_kind kind;
    struct strs values; /* in normal form */
    struct str source, reason;
    bool for_reply; /* a reply's (sequence/reply_claims.h): else whoever adds them has decided */
};

/* *ret_results: success or duplicated for each value. What replies held before is not theirs to
 * take back any more, unless it is for one. Transacts itself. */
MUST_USE enum rc exclusions_add(struct ctx *ctx, const struct new_exclusions *exclusions,
                                struct strs *ret_results);

/* success, unsupported or not_found for each value. Replies hold them no longer. Transacts
 * itself. */
MUST_USE enum rc exclusions_delete(struct ctx *ctx, enum exclusion_kind kind, struct strs values,
                                   struct strs *ret_results);

#endif
