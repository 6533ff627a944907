/* Credits: what an account can spend on emails and phone numbers, in halves. Every
 * change is an entry of the ledger with a key of its own, so that "charged once" is a
 * constraint of the database. The balance changes only together with an entry. */
#ifndef STORE_CREDITS_H
#define STORE_CREDITS_H

#include <stdint.h>

#include "base/ctx.h"
#include "base/field.h"

enum { CREDIT_HALVES = 2 }; /* of one credit */

enum credit_kind { CREDIT_EMAIL, CREDIT_PHONE, CREDIT_KIND_COUNT };

struct credits {
    int64_t halves[CREDIT_KIND_COUNT];
};

/* "email" or "phone" to the kind; E_INVALID otherwise. */
MUST_USE enum rc credit_kind_of(struct str word, enum credit_kind *ret_kind);

/* Halves as people write them: "12.5", "3". And back: E_INVALID unless it is a
 * positive multiple of 0.5 with at most nine digits. */
struct str credits_text(struct arena *arena, int64_t halves);
MUST_USE enum rc credits_parse(struct str text, int64_t *ret_halves);

/* Adds `halves` > 0 to the balance; transacts itself. */
MUST_USE enum rc credits_grant(struct ctx *ctx, enum credit_kind kind, int64_t halves);

MUST_USE enum rc credits_balance(struct ctx *ctx, struct credits *ret_credits);

/* Reads the balances, and nobody else can charge the account until the transaction ends.
 * Inside db_transact. */
MUST_USE enum rc credits_lock(struct ctx *ctx, struct credits *ret_credits);

/* Those of the keys that the account has paid for. */
MUST_USE enum rc credits_paid(struct ctx *ctx, struct strs keys, struct strs *ret_paid);

/* Those of these people whom the account did not pay for having found since `since`, and
 * the note that it has now. Inside db_transact, with the balances locked. */
MUST_USE enum rc credits_found_due(struct ctx *ctx, struct strs person_ids, int64_t since,
                                   struct strs *ret_due);
MUST_USE enum rc credits_found_note(struct ctx *ctx, struct strs person_ids);

/* Takes `halves` > 0 for what `key` names ("email:PERSON"). Once for ever: with a key
 * that the account has paid for already it is OK and free. E_CREDITS when the balance
 * does not suffice: nothing was changed, and the transaction may go on or be given up.
 * Inside db_transact. Where one transaction charges both kinds it charges email first,
 * so that two of them cannot wait for each other. */
MUST_USE enum rc credits_charge(struct ctx *ctx, enum credit_kind kind, int64_t halves,
                                struct str key);

/* The same for a set of keys, `halves` each, all or none; those paid for already and
 * repeated ones are free. */
MUST_USE enum rc credits_charge_all(struct ctx *ctx, enum credit_kind kind, int64_t halves,
                                    struct strs keys);

/* A number that is another one after every change that this process made or is about
 * to commit. A cache of balances is good while it stays the same; the frame calls
 * credits_changed once more after a handler that changed it, when the change is
 * committed. Other processes' changes do not show. */
uint64_t credits_version(void);
void credits_changed(void);

#endif
