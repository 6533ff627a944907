/* Companies: rows of the database that the operator imported, shared by all accounts.
 * Field table, look-ups by key, and set-based writing for the import. Results live
 * in ctx->arena. */
#ifndef STORE_COMPANIES_H
#define STORE_COMPANIES_H

#include "base/ctx.h"
#include "base/field.h"

/* The API's location_details, of people and companies. */
struct location_details {
    struct str city, state, country;
};
extern const struct fields location_details_fields;

struct company_location {
    struct str address, country;
    enum tri is_primary;
};
extern const struct fields company_location_fields;

/* Why a search found a row: which filter matched which of its values. */
struct explanation {
    struct str filter, wanted, field, matched;
};
extern const struct fields explanation_fields;

struct company {
    struct str id, name, linkedin_url, website, overview, logo_url;
    struct opt_int founded_year, traffic_rank;
    struct ints sic_codes, naics_codes;
    struct str type;
    struct opt_int total_funding; /* US dollars, like revenue */
    struct str latest_funding_stage, latest_funding_date;
    struct strs keywords;
    struct opt_int estimated_number_of_employees, followers;
    struct str size, industry, location;
    struct location_details *location_details; /* made from city, region, country */
    struct list locations;                     /* of struct company_location */
    enum tri is_b2b, is_b2c;
    struct strs technologies;
    struct counts department_headcount, job_function_headcount;
    struct str estimated_revenue; /* a band of search/bands.h */
    struct opt_int revenue;
    struct list explanations; /* of struct explanation; set only by a search that explains */

    /* Not in the API: keys and derived values. */
    struct opt_int doc;
    struct str name_key, domain, linkedin_key;
    struct str city, region, country; /* country: ISO 3166-1 alpha-2 */
    struct str extra;                 /* JSON object of the import's other columns */
    struct str tags;
    struct opt_int rank, updated_at; /* updated_at: ms since 1970; given when the row is put */
};
extern const struct fields company_fields;

/* By id, by registrable domain, by key of the LinkedIn URL ("company/slug"):
 * E_NOT_FOUND when there is none. */
MUST_USE enum rc company_get(struct ctx *ctx, struct str id, struct company *ret_company);
MUST_USE enum rc company_by_domain(struct ctx *ctx, struct str domain, struct company *ret_company);
MUST_USE enum rc company_by_linkedin(struct ctx *ctx, struct str key, struct company *ret_company);

/* All companies whose folded name is `name_key`, best rank first; ids only. */
MUST_USE enum rc company_ids_by_name(struct ctx *ctx, struct str name_key, struct strs *ret_ids);

/* Those of `docs` that exist, in the order given; those of `ids`, in no particular
 * order; lists of struct company. */
MUST_USE enum rc companies_by_docs(struct ctx *ctx, struct ints docs, struct list *ret_companies);
MUST_USE enum rc companies_by_ids(struct ctx *ctx, struct strs ids, struct list *ret_companies);

/* The first `limit` companies behind row number `doc`, in the order of the numbers. */
MUST_USE enum rc companies_after(struct ctx *ctx, int64_t doc, int limit,
                                 struct list *ret_companies);

/* Fills what the API shows but no column holds (location_details). */
void company_complete(struct ctx *ctx, struct company *company);

#endif
