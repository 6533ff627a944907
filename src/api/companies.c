/* Companies: find one, search many. */
#include "api/pagination.h"
#include "api/tables.h"
#include "base/limits.h"
#include "enrich/find.h"
#include "http/request.h"
#include "json/writer.h"
#include "search/explain.h"
#include "search/search.h"
#include "store/shown.h"

#define T struct company_query
static const struct field find_rows[] = {
    F_STR(T, linkedin_url, .max = 2048, .example = "https://www.linkedin.com/company/company-1",
          .doc = "LinkedIn URL of the company."),
    F_STR(T, domain, .max = 2048, .example = "example.com", .doc = "Domain of the company."),
};
#undef T
static const struct fields find_fields
    = FIELDS("CompaniesFindQuery", struct company_query, find_rows, .doc = "Which is meant.");

static enum rc get_companies_find(struct request *r) {
    struct company company;
    enum rc rc = find_company(r->ctx, r->query, &company);
    if (rc == E_INVALID)
        return bad_parameter(r->ctx, "linkedin_url", "missing_field", "Give linkedin_url or domain");
    if (rc == E_NOT_FOUND)
        return problem(r->ctx, rc, "company_not_found", "No company matches");
    return rc == OK ? respond(r, 200, &company_fields, &company) : rc;
}

struct company_search_result {
    struct str results; /* JSON of companies */
    struct pagination *pagination;
    struct facets *facets;
};

#define T struct company_search_result
static const struct field company_search_result_rows[] = {
    F_OBJECT_NAME("company_search_result"),
    F_JSON(T, results, .flags = FIELD_REQUIRED, .of = &company_fields,
           .doc = "The companies of this page, best first."),
    PAGINATION_ROW(T),
    F_OBJECT(T, facets, struct facets, .of = &facets_fields, .doc = "Counts, when asked for."),
};
#undef T
static const struct fields company_search_result_fields
    = FIELDS("CompanySearchResult", struct company_search_result, company_search_result_rows,
             .doc = "A page of companies.");

/* The rows with why they were found; without, they are not needed one by one. */
static enum rc explained(struct ctx *ctx, const struct companies_search *search,
                         const struct hits *hits, struct shown_page *ret_page) {
    struct list companies = { 0 };
    enum rc rc = companies_by_docs(ctx, hits->docs, &companies);
    if (rc != OK)
        return rc;
    explain_companies(ctx, search, &companies);
    *ret_page = (struct shown_page){ json_list(ctx->arena, &company_fields, &companies),
                                     companies.n };
    return OK;
}

static enum rc post_companies_search(struct request *r) {
    const struct companies_search *search = r->body;
    struct hits hits = { 0 };
    struct shown_page page = { 0 };
    enum rc rc;
    int tries = 0;
    do {
        rc = search_companies(r->ctx, search, &hits);
        if (rc == OK)
            rc = search->explain == YES ? explained(r->ctx, search, &hits, &page)
                                        : companies_shown(r->ctx, hits.shown, hits.docs, &page);
    } while (rc == OK && search_has_gaps(&hits, page.n, &tries));
    if (rc != OK)
        return rc;
    struct pagination pagination = pagination_of(&hits);
    struct company_search_result result = { page.json, &pagination, hits.facets };
    return respond(r, 200, &company_search_result_fields, &result);
}

static const struct route_status find_statuses[] = {
    { 404, "company_not_found: no company matches", NULL },
};

static const struct route routes[] = {
    { GET, "/companies/find", get_companies_find, SCOPE_API, LIMIT_DEFAULT,
      .query = &find_fields, .reply = &company_fields, .statuses = find_statuses,
      .n_statuses = LENGTH(find_statuses), .tag = "Companies",
      .summary = "Single company enrichment", .doc = "Free." },
    { POST, "/companies/search", post_companies_search, SCOPE_API, LIMIT_DEFAULT,
      .body = &companies_search_fields, .body_max = SEARCH_BODY_MAX_BYTES,
      .reply = &company_search_result_fields,
      .tag = "Companies", .summary = "Search companies",
      .doc = "Free. Filters are combined with AND, the values of a filter with OR." },
};
const struct route_table company_routes = ROUTE_TABLE(routes);
