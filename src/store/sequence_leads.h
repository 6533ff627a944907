/* Leads: contacts in sequences, with the user and mailbox that write to them. Scoped to the
 * account of ctx; what writes is called inside db_transact. */
#ifndef STORE_SEQUENCE_LEADS_H
#define STORE_SEQUENCE_LEADS_H

#include "base/ctx.h"
#include "base/field.h"
#include "store/sequences.h"

struct lead_plan;

struct sequence_lead {
    struct str id, contact_id, email, linkedin_url, linkedin_key;
    struct str data; /* JSON object of texts */
    struct str user_id, mailbox_id;
    struct str reply_id; /* in a reply sequence: what its first message answers */
    bool ignores_exclusions; /* who added it said so */
    const struct lead_plan *plan; /* to be inserted: where it stands; NULL: the planner is to say */
};

/* Where somebody is already. */
struct lead_place {
    struct str email, linkedin_key, sequence_id, sequence_status, status;
};

/* Every lead of the account that has one of the addresses or profiles. List of struct
 * lead_place. One query. */
MUST_USE enum rc leads_among(struct ctx *ctx, struct strs emails, struct strs linkedin_keys,
                             struct list *ret_places);

/* E_NOT_FOUND when the account has no such lead. */
MUST_USE enum rc lead_get(struct ctx *ctx, struct str id, struct sequence_lead *ret_lead);

/* The one of the sequence with that address (normal form) or profile. E_NOT_FOUND. */
MUST_USE enum rc lead_in_sequence(struct ctx *ctx, struct str sequence_id, struct str email,
                                  struct str linkedin_key, struct str *ret_id);

/* Adds them (list of struct sequence_lead, at least one) as pending; the sequence's count grows.
 * In an active sequence those without a plan are planned at once, else when it becomes active.
 * E_CONFLICT when somebody is in the sequence already: who adds holds the sequence and has looked. */
MUST_USE enum rc leads_insert(struct ctx *ctx, const struct sequence *sequence,
                              const struct list *leads);

/* How many leads the sequence ever got. */
MUST_USE enum rc leads_count(struct ctx *ctx, struct str sequence_id, int64_t *ret_n);

/* How many leads of the sequence that have not come to an end lack a field: "email",
 * "linkedin_url", or one of their data. Reads all of them. */
MUST_USE enum rc leads_lacking(struct ctx *ctx, struct str sequence_id, struct str field,
                               int64_t *ret_n);

/* Removes, because the sequence is archived, those that have not come to an end. */
MUST_USE enum rc leads_archive(struct ctx *ctx, struct str sequence_id);

/* Forgets all that is kept of the leads of a sequence. */
MUST_USE enum rc leads_delete(struct ctx *ctx, struct str sequence_id);

#endif
