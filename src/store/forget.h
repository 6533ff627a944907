/* Whose rows a removal empties: conditions of a WHERE on a table with account_id and
 * contact_id or lead_id. $1 is the person's address, $2 the key of the profile; an absent one
 * is nobody's. */
#ifndef STORE_FORGET_H
#define STORE_FORGET_H

#define FORGET_CONTACTS                                                                  \
    "(account_id, contact_id) IN (SELECT account_id, id FROM contacts "                  \
    "WHERE email = $1 OR linkedin_key = $2)"
/* Leads that have the address or profile themselves. */
#define FORGET_LEADS                                                                     \
    "(account_id, lead_id) IN (SELECT account_id, id FROM sequence_leads "               \
    "WHERE email = $1 OR linkedin_key = $2)"

#endif
