/* Who holds what because of its label: rows that name a reply and what it did to a lead or to the
 * exclusion list, or what its workflows made. What has no rows is not a reply's to take back (sequence/reply_claims.h). Scoped
 * to the account of ctx; inside db_transact. */
#ifndef STORE_REPLY_CLAIMS_H
#define STORE_REPLY_CLAIMS_H

#include "base/ctx.h"
#include "base/field.h"

enum claim_kind { CLAIM_LEAD, CLAIM_EMAIL, CLAIM_DOMAIN, CLAIM_ADDED_LEAD, CLAIM_TASK, CLAIM_KINDS };
/* What of a reply it follows from; of one reply the later one counts. */
enum claim_cause { CLAIM_BY_LABEL, CLAIM_BY_WORKFLOW };
/* As the rows have it. */
struct str claim_kind_word(enum claim_kind kind);
/* CLAIM_KINDS for a word that is none. */
enum claim_kind claim_kind_of(struct str word);
struct str claim_cause_word(enum claim_cause cause);

struct reply_claim {
    struct str kind, subject, reply_id, cause;
    /* of a lead: what it is to be, and what it was before any reply held it */
    struct str status, reason, was_status, was_reason;
    struct opt_int until, was_until; /* absent: until somebody resumes it */
};

/* All on one subject, oldest first, which nobody else changes until the transaction ends. List of
 * struct reply_claim. */
MUST_USE enum rc reply_claims_on(struct ctx *ctx, enum claim_kind kind, struct str subject,
                                 struct list *ret_claims);
/* All of one reply, in the order in which its effects lock: tasks, leads by id (added ones first), then
 * addresses, domains.
 * The same list. */
MUST_USE enum rc reply_claims_of(struct ctx *ctx, struct str reply_id, struct list *ret_claims);

/* Adds it, or takes the place of the reply's one with that subject and cause. */
MUST_USE enum rc reply_claim_put(struct ctx *ctx, const struct reply_claim *claim);
/* *ret_held: it was there. */
MUST_USE enum rc reply_claim_delete(struct ctx *ctx, const struct reply_claim *claim, bool *ret_held);
/* Somebody else has decided about these; who decides about a lead does so also where it was added. */
MUST_USE enum rc reply_claims_drop(struct ctx *ctx, enum claim_kind kind, struct strs subjects);

/* Forgets, in all accounts, claims that name somebody's address: what they excluded stays excluded.
 * Before contacts and leads are forgotten. */
MUST_USE enum rc reply_claims_forget(struct ctx *ctx, struct str email, struct str linkedin_key);

#endif
