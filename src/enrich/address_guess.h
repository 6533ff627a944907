/* Which addresses a person of the database might have: what the company's known addresses look
 * like (data/local_parts.h), without those that are somebody else's. */
#ifndef ENRICH_ADDRESS_GUESS_H
#define ENRICH_ADDRESS_GUESS_H

#include "base/ctx.h"
#include "base/map.h"
#include "store/people.h"

struct address_guesses {
    struct strs emails;    /* normal form, the likeliest first; on the arena */
    bool domain_is_known;  /* an address of the domain has shown how they are made */
};

/* The person has a company with a domain. No guesses where none can be made of the name, at a
 * domain where anybody gets a mailbox, when one of them was removed for privacy, and when
 * somebody of the same name works there of whom no address is known either. `habits`: what was
 * read of companies, on the arena of ctx, for as long as no address was stored meanwhile. */
MUST_USE enum rc address_guess(struct ctx *ctx, struct map *habits, const struct person *person,
                               struct address_guesses *ret_guesses);

#endif
