/* Whose addresses replies have, and how everything that names somebody is forgotten. */
#ifndef STORE_REPLY_ADDRESSES_H
#define STORE_REPLY_ADDRESSES_H

#include "base/ctx.h"
#include "base/field.h"

/* How many are looked for in texts; the headers may have more. */
enum { REPLY_ADDRESSES_MAX = 300 };

/* Of a reply of the account that was just stored; in normal form, each once. Inside db_transact. */
MUST_USE enum rc reply_addresses_store(struct ctx *ctx, struct str reply_id, struct strs addresses);

/* Empties, in all accounts, what the replies say that have somebody's address, whoever wrote them:
 * the replies themselves, their events, the runs of workflows for them, and what webhooks answered
 * when they were told. Of the person's own contacts and leads, too, what webhooks answered. Before
 * store/replies.h, store/events.h and store/contacts.h forget; inside db_transact. An absent
 * address or profile is nobody's. */
MUST_USE enum rc reply_addresses_forget(struct ctx *ctx, struct str email, struct str linkedin_key);

#endif
