/* People removed for privacy. Only keyed hashes of what identified them are kept
 * (BLAKE2b under the installation's key file), enough to answer 451 and to refuse
 * their rows in a later import, not enough to say who they were. */
#ifndef STORE_REMOVALS_H
#define STORE_REMOVALS_H

#include "base/ctx.h"
#include "base/field.h"

/* What is hashed. */
enum removal_kind {
    REMOVAL_ID,       /* the person's id */
    REMOVAL_LINKEDIN, /* "in/slug" */
    REMOVAL_EMAIL,    /* normal form of the address */
    REMOVAL_NAME,     /* removal_name_key */
};

/* Name and company in one key: folded name and the domain, or else the folded name of
 * the company. Absent when neither of the two is known. */
struct str removal_name_key(struct arena *arena, struct str name, struct str company_name,
                            struct str domain);

/* Nobody is removed until the transaction ends: for whoever asks whether somebody was, and
 * then stores something about them. First in the transaction; any number may hold at once.
 * removals_begin waits for all who hold, and is the first of a removal. Inside db_transact. */
MUST_USE enum rc removals_hold(struct ctx *ctx);
MUST_USE enum rc removals_begin(struct ctx *ctx);

/* Whether somebody with this key was removed. An absent key never was. */
MUST_USE enum rc removal_exists(struct ctx *ctx, enum removal_kind kind, struct str key,
                                bool *ret_exists);

/* For the import: which of `keys` (of one kind) were removed; *ret_removed are their
 * positions in rising order. One query. Absent keys are passed over. */
MUST_USE enum rc removals_among(struct ctx *ctx, enum removal_kind kind, struct strs keys,
                                struct ints *ret_removed);

struct person;

/* Deletes the person and leaves the hashes. What belongs to accounts and names the person
 * by id goes as well (phone numbers and reviews, results of enrichments). Inside
 * db_transact, after removals_begin. Then: idempotency_forget, enrichments_forget_removed, removals_erase. */
MUST_USE enum rc person_remove(struct ctx *ctx, const struct person *person);

/* Makes sure that no deleted words are left in the search of the embedded database, nor
 * deleted rows in its log. In short steps, between which others write; rewrites the words
 * of all people. E_TIMEOUT as of db_empty_log. Not inside db_transact. */
MUST_USE enum rc removals_erase(struct ctx *ctx);

/* Leaves only a hash, for somebody who is not in the database, and nothing of the entries of
 * lead lists that have this key. Inside db_transact. */
MUST_USE enum rc removal_add(struct ctx *ctx, enum removal_kind kind, struct str key);

#endif
