/* The provider of unknown addresses: an HTTP endpoint that the operator configures
 * (reveal.provider_url). Knows no database. */
#ifndef ENRICH_PROVIDER_H
#define ENRICH_PROVIDER_H

#include "base/ctx.h"
#include "store/people.h"

/* In the forms of an import, with new ids. What is none is left out. */
struct provider_answer {
    struct str email;          /* normal form (data/urls.h); absent: none */
    struct list phone_numbers; /* of struct phone_number; E.164 and one of the API's types */
};

/* Asks for what is not known of the person; waits up to two minutes, and
 * not longer than the process (E_TIMEOUT). An answer without
 * anything is OK too. Else the failure of net/http_client.h, E_IO for a status that is
 * neither 200 nor 404, E_PROTO for an answer that cannot be read. */
MUST_USE enum rc provider_ask(struct ctx *ctx, const struct person *person,
                              struct provider_answer *ret_answer);

#endif
