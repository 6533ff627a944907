/* Contacts: whom an account works with. Of an account there is one for an address (normal
 * form of data/urls.h) and one for a LinkedIn profile (its key). */
#ifndef STORE_CONTACTS_H
#define STORE_CONTACTS_H

#include "base/ctx.h"
#include "base/field.h"

struct contact {
    struct str id, email, linkedin_url, linkedin_key;
    struct str first_name, last_name, title, location, time_zone, company_name, company_domain;
    struct str owner; /* address of a user; of nobody who is one: left out */
    struct opt_int last_contacted_at;
};

/* Those of the account that have one of the addresses or profiles, with id, email,
 * linkedin_key, time_zone and last_contacted_at. List of struct contact. One query. */
MUST_USE enum rc contacts_among(struct ctx *ctx, struct strs emails, struct strs linkedin_keys,
                                struct list *ret_contacts);

/* The one with that address, else the one with that profile, or NULL. Absent ones are of
 * nobody. `contacts` is what contacts_among gave. */
struct contacts_by_key;
struct contacts_by_key *contacts_by_key(struct arena *arena, const struct list *contacts);
const struct contact *contact_find(const struct contacts_by_key *contacts, struct str email,
                                   struct str linkedin_key);

/* Inserts them (list of struct contact, with ids), but for those whose address or profile
 * somebody else has inserted meanwhile: *ret_inserted counts the rest. Inside db_transact. */
MUST_USE enum rc contacts_insert(struct ctx *ctx, const struct list *contacts,
                                 int64_t *ret_inserted);

/* Those of these ids, with all members. List of struct contact, in no order. */
MUST_USE enum rc contacts_by_ids(struct ctx *ctx, struct strs ids, struct list *ret_contacts);

/* Writes all members of contacts that are there (list of struct contact); absent ones stay as
 * they are. E_CONFLICT when an address or profile is another contact's. Inside db_transact. */
MUST_USE enum rc contacts_update(struct ctx *ctx, const struct list *contacts);

/* Deletes every account's contacts with that address or profile (absent: of nobody), and
 * takes out of their leads all that names them: such a lead is removed, for good. For
 * removals; inside db_transact. */
MUST_USE enum rc contacts_forget(struct ctx *ctx, struct str email, struct str linkedin_key);

#endif
