/* Set-based writing of imported rows: structs by field table -> one JSON parameter ->
 * one statement. For people and companies; the import is the caller. */
#ifndef STORE_PUT_H
#define STORE_PUT_H

#include "base/ctx.h"
#include "store/companies.h"
#include "store/people.h"

/* What identifies an imported row, in the order in which it is asked. Absent keys match
 * nothing. */
struct person_key {
    struct str linkedin_key, email_key, name_key;
    struct str company_id; /* goes with name_key */
};

struct company_key {
    struct str linkedin_key, domain;
    struct str name_key; /* matches a company that has no other domain or LinkedIn URL */
};

/* Ids of the rows that match: by_key[k][i] is what key k (in the order of the struct's
 * members) of entry i found, or absent. A name matches only rows that contradict no
 * other key. One query. */
struct matches {
    struct str *by_key[3];
};
MUST_USE enum rc people_match(struct ctx *ctx, const struct person_key *keys, size_t n,
                              struct matches *ret_matches);
MUST_USE enum rc companies_match(struct ctx *ctx, const struct company_key *keys, size_t n,
                                 struct matches *ret_matches);

/* Inserts the rows whose id is new and overwrites the others but for created_at; a row
 * without updated_at gets the present time. Lists of struct person / company /
 * phone_number. Inside db_transact; E_CONFLICT when a key belongs to another row. A phone
 * number that the person has already is left alone; of new ones, those beyond
 * PHONE_NUMBERS_MAX of the person are not kept. */
MUST_USE enum rc people_put(struct ctx *ctx, struct list people);
MUST_USE enum rc companies_put(struct ctx *ctx, struct list companies);
MUST_USE enum rc phone_numbers_put(struct ctx *ctx, struct list numbers);

/* What the database would store of a row, without times, as a fingerprint: for "did
 * anything change?". */
struct row_print {
    unsigned char bytes[32];
};
struct row_print row_print(const struct fields *fields, const void *object);
bool row_print_eq(const struct row_print *a, const struct row_print *b);

#endif
