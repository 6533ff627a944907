/* Revealing emails and phone numbers, and what finding people costs:
 *
 *   half an email credit for a found person, at most once in any 24 hours;
 *   one email credit for a revealed email, once ever;
 *   one phone credit for each revealed phone number, once ever.
 *
 * Charges of a call are one transaction with unique keys in the ledger, and a call that is
 * repeated after a crash pays nothing twice. A request pays for all or nothing, a batch for
 * as many as the account can.
 *
 * An address that is not known may be looked for: first by a provider, an HTTP endpoint that
 * the operator configures (reveal.provider_url), then by asking the company's mail servers
 * (enrich/address_finder.h). The former is a job of the asking account; who asks waits or
 * comes back later. */
#ifndef ENRICH_REVEAL_H
#define ENRICH_REVEAL_H

#include "base/ctx.h"
#include "store/jobs.h"
#include "store/people.h"

struct reveal {
    bool email, phone_numbers;
};

/* Charges the account of ctx for these found people and what is revealed of them, and
 * sets `email` and `phone_numbers` of each where there is one. E_CREDITS, or E_REMOVED when
 * one of them was removed meanwhile: nothing was charged and nothing is shown. */
MUST_USE enum rc reveal_people(struct ctx *ctx, struct reveal what, struct person *const *people,
                               size_t n);
static inline enum rc reveal_person(struct ctx *ctx, struct reveal what, struct person *person) {
    return reveal_people(ctx, what, &person, 1);
}

/* Charges for as many of these people as the account can pay for, from the first on;
 * *ret_paid is their number. E_REMOVED as above. Inside db_transact. */
MUST_USE enum rc reveal_in_transaction(struct ctx *ctx, struct reveal what,
                                       struct person *const *people, size_t n,
                                       size_t *ret_paid);

/* OK when all that can be known of the person is known, and is in *person; else starts
 * the lookup, unless it runs already, and returns E_TIMEOUT: not yet. */
MUST_USE enum rc reveal_lookup(struct ctx *ctx, struct reveal what, struct person *person);

enum email_kept {
    EMAIL_KEPT,     /* the person has it, now or before */
    EMAIL_TAKEN,    /* somebody else has it */
    EMAIL_NOT_KEPT, /* the person has another one, or their row is too large for it */
};
/* Stores an address (normal form; absent is not kept) that was found with the person.
 * E_NOT_FOUND when the person is gone. Inside db_transact, after removals_hold; that the address
 * was not removed is for the caller to make sure. */
MUST_USE enum rc reveal_keep_email(struct ctx *ctx, struct str person_id, struct str email,
                                   enum email_kept *ret_kept);

/* The job of a lookup (jobs/kinds.c): asks the provider, stores what it found. */
MUST_USE enum rc reveal_job(struct ctx *ctx, const struct job *job);

#endif
