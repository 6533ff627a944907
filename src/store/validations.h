/* Email validations as the API shows them: start, poll, list, cancel, delete. The work on
 * them is store/validation_work.h. Every function is scoped to the account of ctx. */
#ifndef STORE_VALIDATIONS_H
#define STORE_VALIDATIONS_H

#include "base/ctx.h"
#include "base/field.h"
#include "store/batch.h"
#include "store/pages.h"

struct validation {
    struct str id;
    struct str status; /* queued, processing, completed, canceled, error */
    struct str error_code;
    struct opt_int total; /* addresses, each counted once */
    struct opt_int created_at, finished_at;
};
extern const struct fields validation_row_fields;

struct validation_result {
    struct str cursor; /* the address's key, for pages */
    struct str email;
    struct str result; /* deliverable, risky, unknown, undeliverable; absent: not yet known */
    enum tri catch_all;
    struct str reason, detail, provider; /* verify/reasons.def, verify/providers.def */
    struct opt_int checked_at;
};
extern const struct fields validation_result_row_fields;

/* The form in which addresses are compared: without spaces around, in lower case. On `arena`. */
struct str validation_key(struct arena *arena, struct str email);

/* Stores a validation of these addresses, of which those with the same key count once, to
 * be worked off. Needs little memory of the context's arena besides 40 bytes an address.
 * E_CREDITS when the account could not pay for all; nothing is charged here. */
MUST_USE enum rc validation_create(struct ctx *ctx, struct strs emails,
                                   struct validation *ret_validation);

/* The same for addresses of a lead list: charged as far as the credits go, shown in no list,
 * and whoever commits wakes those who work on validations. */
MUST_USE enum rc validation_create_for(struct ctx *ctx, struct str lead_list_id,
                                       struct strs emails, struct validation *ret_validation);

/* The one validation that POST /email-validations/single made for this address: the one
 * that runs, or ended at or after `since`; else a new one, which replaces it. E_CREDITS as
 * above, for a new one. */
MUST_USE enum rc validation_single(struct ctx *ctx, struct str email, int64_t since,
                                   struct validation *ret_validation);

/* The same without making one: E_NOT_FOUND when there is none, whenever it ended. */
MUST_USE enum rc validation_single_get(struct ctx *ctx, struct str email,
                                       struct validation *ret_validation);

/* E_NOT_FOUND when the account has none of this id. */
MUST_USE enum rc validation_get(struct ctx *ctx, struct str id,
                                struct validation *ret_validation);

/* Addresses that have no result yet, rounded up to whole blocks. */
MUST_USE enum rc validation_left(struct ctx *ctx, struct str id, int64_t *ret_left);

/* Ends what has not ended; the results so far stay. Then as validation_get. */
MUST_USE enum rc validation_cancel(struct ctx *ctx, struct str id,
                                   struct validation *ret_validation);

/* Forgets the validation with its results, running or not. E_NOT_FOUND as above. */
MUST_USE enum rc validation_delete(struct ctx *ctx, struct str id);

/* Forgets an address of a removed person in the validations of all accounts, or of the one that
 * says that it is theirs. Inside db_transact. */
MUST_USE enum rc validations_forget(struct ctx *ctx, struct str account_id, struct str email);

/* Pages of validations, newest first, cursor id; of results, by address. */
MUST_USE enum rc validations_list(struct ctx *ctx, const struct page *page,
                                  struct page_of *ret_page);
MUST_USE enum rc validation_results(struct ctx *ctx, struct str id, const struct page *page,
                                    struct page_of *ret_page);

#endif
