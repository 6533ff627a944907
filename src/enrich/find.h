/* Finding the one person or company that a caller means: what GET /people/find,
 * GET /companies/find and the enrichment batches share. Nothing is charged here. */
#ifndef ENRICH_FIND_H
#define ENRICH_FIND_H

#include "base/ctx.h"
#include "store/people.h"

/* One of the documented forms: linkedin_url; email; name + (company_name or
 * company_domain), with or without title. The first that is set decides. */
struct person_query {
    struct str linkedin_url, email, name, title, company_name, company_domain;
};

/* OK and the person with their company; E_NOT_FOUND when nobody or more than one
 * person fits (never a guess between two); E_REMOVED when the person was removed for
 * privacy; E_INVALID when the query is of no known form. */
MUST_USE enum rc find_person(struct ctx *ctx, const struct person_query *query,
                             struct person *ret_person);

/* Somebody with the title at the company (company_domain, else company_name): who asks for a
 * post means whoever holds it, so of several people it is one whose title is just that,
 * else the first. E_NOT_FOUND; E_INVALID without title or company. */
MUST_USE enum rc find_person_with_title(struct ctx *ctx, const struct person_query *query,
                                        struct person *ret_person);

struct company_query {
    struct str linkedin_url, domain, name;
};

/* The same for a company; `name` (used by batches) must fit exactly one. */
MUST_USE enum rc find_company(struct ctx *ctx, const struct company_query *query,
                              struct company *ret_company);

#endif
