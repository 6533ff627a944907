/* Searches for the addresses of people (enrich/address_finder.h): one row for a person, for
 * all accounts, so ctx->account_id is not looked at. Whoever searches takes rows by lease. */
#ifndef STORE_ADDRESS_SEARCHES_H
#define STORE_ADDRESS_SEARCHES_H

#include "base/ctx.h"
#include "base/field.h"
#include "store/people.h"

struct address_search {
    struct str person_id;
    struct opt_int urgent, began_at, tried_at, ended_at; /* tried_at: of the first guess */
    struct str outcome; /* "found", "none", "unclear"; absent: it runs */
};
extern const struct fields address_search_fields;

/* Those of these people that there are; list of struct address_search. */
MUST_USE enum rc address_searches_of(struct ctx *ctx, struct strs person_ids,
                                     struct list *ret_searches);

/* Begins searches for these people, anew where one has ended; those that run become urgent
 * when these are, and wait for no pause any more. Who is not (or no longer) in the database is passed over. Transacts itself. */
MUST_USE enum rc address_searches_begin(struct ctx *ctx, struct strs person_ids, bool urgent);

struct address_search_claim {
    struct str owner;
    int64_t lease_ms;
    int limit;
    bool urgent; /* only those */
};
/* Takes open searches that nobody has, urgent ones first, then the oldest. No search is taken
 * twice. Transacts itself; list of struct address_search. */
MUST_USE enum rc address_searches_claim(struct ctx *ctx, const struct address_search_claim *claim,
                                        struct list *ret_searches);

/* Which of what `owner` holds is urgent: some became so since they were taken. */
MUST_USE enum rc address_searches_urgent(struct ctx *ctx, struct str owner,
                                         struct strs *ret_person_ids);

/* Notes that the first guess of these was begun, where that is not yet known. Transacts itself. */
MUST_USE enum rc address_searches_tried(struct ctx *ctx, struct str owner, struct strs person_ids);

/* Extends the leases of those of the searches that are `owner`'s. Transacts itself. */
MUST_USE enum rc address_searches_renew(struct ctx *ctx, struct str owner, struct strs person_ids,
                                        int64_t lease_ms);

/* Gives back those of the searches that are `owner`'s; nobody takes them before the pause is
 * over. Transacts itself. */
MUST_USE enum rc address_searches_put_off(struct ctx *ctx, struct str owner,
                                          struct strs person_ids, int64_t pause_ms);

/* Gives back what `owner` holds; absent: what anybody holds, at the start of the only process
 * of a database. Transacts itself. */
MUST_USE enum rc address_searches_release(struct ctx *ctx, struct str owner);

/* Ends a search. E_CANCELED when it is not `owner`'s any more, or the person was removed:
 * nothing was changed. Inside db_transact. */
MUST_USE enum rc address_search_end(struct ctx *ctx, struct str owner, struct str person_id,
                                    struct str outcome);

/* Known addresses of the domain among the people of a company, some tens at most; list of
 * struct known_address. */
struct known_address {
    struct str name, first_name, last_name, email_key;
};
MUST_USE enum rc known_addresses(struct ctx *ctx, struct str company_id, struct str domain,
                                 struct list *ret_known);

/* Whether somebody of the company has the person's name, and no known address either: then
 * nobody could tell whose an address is that fits both. */
MUST_USE enum rc namesake_exists(struct ctx *ctx, const struct person *person, bool *ret_exists);

/* Those of the addresses (normal form) that somebody has. */
MUST_USE enum rc addresses_taken(struct ctx *ctx, struct strs emails, struct strs *ret_taken);

#endif
