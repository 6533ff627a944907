/* Addresses that do not exist, as mail servers have told the account: by refusing a message for good,
 * or by a hard bounce. Validations say so for BOUNCED_FOR_MS, whatever a server says when it is asked: many
 * accept every name and send a bounce later. Of the account alone, since whoever reads a mailbox of
 * their own could write a bounce into it.
 *
 * Scoped to the account of ctx; inside db_transact. */
#ifndef STORE_BOUNCED_ADDRESSES_H
#define STORE_BOUNCED_ADDRESSES_H

#include "base/clock.h"
#include "base/ctx.h"
#include "base/field.h"

#define BOUNCED_FOR_MS (180 * DAY_MS)
/* The verdict: undeliverable, for this reason, in this detail. */
#define BOUNCED_REASON "rejected_email"
#define BOUNCED_DETAIL "bounced"

/* Also what the account's validations found of the address so far becomes that verdict, lead lists
 * included. `email` as a message has it; an absent one is passed over. */
MUST_USE enum rc bounced_address_note(struct ctx *ctx, struct str email);

/* Somebody has written from there, so it exists. What validations found stays. */
MUST_USE enum rc bounced_address_forget(struct ctx *ctx, struct str email);

/* Those of the keys (validation_key) that are such addresses now, appended to *bounced. */
MUST_USE enum rc bounced_addresses_among(struct ctx *ctx, struct strs keys, struct strs *bounced);

#endif
