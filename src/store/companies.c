#include "store/companies.h"

#include "base/check.h"
#include "data/enums.h"
#include "data/places.h"
#include "db/db.h"
#include "db/sql.h"
#include "store/queries.h"
#include "base/vec.h"

#define T struct location_details
static const struct field location_details_rows[] = {
    F_STR(T, city, .example = "San Francisco", .doc = "City."),
    F_STR(T, state, .example = "California", .doc = "State, province or region."),
    F_STR(T, country, .example = "United States", .doc = "Country, by its English name."),
};
#undef T
const struct fields location_details_fields
    = FIELDS("LocationDetails", struct location_details, location_details_rows,
             .doc = "A location taken apart. What is unknown is left out.");

#define T struct company_location
static const struct field company_location_rows[] = {
    F_STR(T, address, .doc = "Address as it was imported."),
    F_BOOL(T, is_primary, .doc = "True for the headquarters."),
    F_STR(T, country, .doc = "Country, by its English name."),
};
#undef T
const struct fields company_location_fields
    = FIELDS("CompanyLocation", struct company_location, company_location_rows,
             .doc = "One of a company's locations.");

#define T struct explanation
static const struct field explanation_rows[] = {
    F_STR(T, filter, .flags = FIELD_REQUIRED, .example = "person_titles",
          .doc = "The filter that matched."),
    F_STR(T, wanted, .flags = FIELD_REQUIRED, .example = "CEO", .doc = "Its value that matched."),
    F_STR(T, field, .flags = FIELD_REQUIRED, .example = "title",
          .doc = "Where it matched; company.… is of the person's company."),
    F_STR(T, matched, .flags = FIELD_REQUIRED, .example = "Chief Executive Officer",
          .doc = "What stands there; of a long text the part that matched."),
};
#undef T
const struct fields explanation_fields
    = FIELDS("Explanation", struct explanation, explanation_rows,
             .doc = "What of a search matched what of a result. A value that needs several fields "
                    "has an entry for each.");

#define T struct company
static const struct field company_rows[] = {
    F_ID(T, id, .flags = FIELD_REQUIRED, .example = "eec03d70-58aa-46e8-9d08-815a7072b687",
         .doc = "Id of the company."),
    F_OBJECT_NAME("company"),
    F_STR(T, name, .flags = FIELD_REQUIRED, .example = "A Company", .doc = "Name."),
    F_STR(T, linkedin_url, .flags = FIELD_NULLABLE,
          .example = "https://www.linkedin.com/company/company-1", .doc = "LinkedIn URL."),
    F_STR(T, website, .flags = FIELD_NULLABLE, .example = "https://company.com", .doc = "Website."),
    F_STR(T, overview, .doc = "Description."),
    F_STR(T, logo_url, .doc = "Logo URL."),
    F_INT(T, founded_year, .example = "1998", .doc = "Year of foundation."),
    F_INT(T, traffic_rank, .doc = "Traffic rank of the website."),
    F_INTS(T, sic_codes, .doc = "SIC codes."),
    F_INTS(T, naics_codes, .doc = "NAICS codes."),
    F_ENUM(T, type, .values = &enum_company_types, .example = "Public Company", .doc = "Type."),
    F_INT(T, total_funding, .doc = "Total funding in US dollars."),
    F_STR(T, latest_funding_stage, .example = "Series B", .doc = "Stage of the latest funding."),
    F_DATE(T, latest_funding_date, .doc = "Date of the latest funding."),
    F_STRS(T, keywords, .flags = FIELD_ALWAYS, .example = "[\"sales\",\"ai sales\"]",
           .doc = "Keywords."),
    F_INT(T, estimated_number_of_employees, .flags = FIELD_NULLABLE, .example = "500",
          .doc = "Estimated number of employees."),
    F_INT(T, followers, .doc = "Followers on LinkedIn."),
    F_ENUM(T, size, .flags = FIELD_NULLABLE, .values = &enum_company_sizes,
           .example = "201-500 employees", .doc = "Self-reported size."),
    F_ENUM(T, industry, .flags = FIELD_NULLABLE, .values = &enum_industries,
           .example = "Software Development", .doc = "Industry."),
    F_STR(T, location, .flags = FIELD_NULLABLE, .example = "San Francisco, California, US",
          .doc = "Location of the headquarters."),
    F_OBJECT(T, location_details, struct location_details, .of = &location_details_fields,
             .doc = "The location taken apart."),
    F_LIST(T, locations, .of = &company_location_fields, .doc = "All known locations."),
    F_BOOL(T, is_b2b, .flags = FIELD_NULLABLE, .example = "true",
           .doc = "True when the company sells to businesses."),
    F_BOOL(T, is_b2c, .flags = FIELD_NULLABLE, .example = "false",
           .doc = "True when the company sells to consumers."),
    F_STRS(T, technologies, .flags = FIELD_ALWAYS, .example = "[\"Salesforce\"]",
           .doc = "Technologies in use."),
    F_COUNTS(T, department_headcount, .doc = "Headcount by department."),
    F_COUNTS(T, job_function_headcount, .doc = "Headcount by job function."),
    F_STR(T, estimated_revenue, .example = "$10M-$50M", .doc = "Estimated annual revenue."),
    F_INT(T, revenue, .doc = "Annual revenue in US dollars."),
    { .name = "_explain", .type = FIELD_LIST, .flags = FIELD_EMPTY,
      .offset = FIELD_OFFSET(T, explanations, struct list), .of = &explanation_fields,
      .doc = "Why it was found, in a search with `explain`." },
    F_INT(T, doc, .flags = FIELD_HIDDEN),
    F_STR(T, name_key, .flags = FIELD_HIDDEN),
    F_STR(T, domain, .flags = FIELD_HIDDEN),
    F_STR(T, linkedin_key, .flags = FIELD_HIDDEN),
    F_STR(T, city, .flags = FIELD_HIDDEN),
    F_STR(T, region, .flags = FIELD_HIDDEN),
    F_STR(T, country, .flags = FIELD_HIDDEN),
    F_JSON(T, extra, .flags = FIELD_HIDDEN),
    F_STR(T, tags, .flags = FIELD_HIDDEN),
    F_INT(T, rank, .flags = FIELD_HIDDEN),
    F_INT(T, updated_at, .flags = FIELD_HIDDEN),
};
#undef T
const struct fields company_fields
    = FIELDS("Company", struct company, company_rows, .doc = "A company.");

/* Everything but what only the search reads (tags, rank). */
#define COLUMNS                                                                               \
    "doc, id, name, name_key, domain, linkedin_url, linkedin_key, website, overview, "        \
    "logo_url, founded_year, traffic_rank, sic_codes, naics_codes, type, total_funding, "     \
    "latest_funding_stage, latest_funding_date, keywords, estimated_number_of_employees, "    \
    "followers, size, industry, location, city, region, country, locations, is_b2b, is_b2c, " \
    "technologies, department_headcount, job_function_headcount, estimated_revenue, "         \
    "revenue, extra, updated_at"

static const struct query by_id
    = { "company_by_id", "SELECT " COLUMNS " FROM companies WHERE id = $1", NULL };
static const struct query by_domain
    = { "company_by_domain", "SELECT " COLUMNS " FROM companies WHERE domain = $1", NULL };
static const struct query by_linkedin
    = { "company_by_linkedin", "SELECT " COLUMNS " FROM companies WHERE linkedin_key = $1", NULL };
static const struct query ids_by_name
    = { "company_ids_by_name",
        "SELECT id FROM companies WHERE name_key = $1 ORDER BY rank DESC, doc LIMIT 100", NULL };
static const struct query by_docs
    = { "companies_by_docs",
        "SELECT " COLUMNS " FROM companies, "
        "(SELECT key AS position, value FROM json_each($1)) wanted "
        "WHERE doc = wanted.value ORDER BY wanted.position",
        "SELECT " COLUMNS " FROM companies "
        "JOIN json_array_elements_text($1::json) WITH ORDINALITY AS wanted (value, position) "
        "ON doc = wanted.value::bigint ORDER BY wanted.position" };
static const struct query after
    = { "companies_after",
        "SELECT " COLUMNS " FROM companies WHERE doc > $1 ORDER BY doc LIMIT $2", NULL };
static const struct query by_ids
    = { "companies_by_ids",
        "SELECT " COLUMNS " FROM companies WHERE id IN (SELECT value FROM json_each($1))",
        "SELECT " COLUMNS " FROM companies WHERE id IN "
        "(SELECT value FROM json_array_elements_text($1::json))" };

static const struct query *const queries[] = { &by_id,       &by_domain, &by_linkedin,
                                               &ids_by_name, &by_docs,   &by_ids,
                                               &after };
const struct query_table company_queries = QUERY_TABLE(queries);

void company_complete(struct ctx *ctx, struct company *company) {
    if (!str_is_set(company->city) && !str_is_set(company->region)
        && !str_is_set(company->country))
        return;
    struct location_details *details = ARENA_NEW(ctx->arena, struct location_details);
    *details = (struct location_details){ company->city, company->region,
                                          country_name(company->country) };
    company->location_details = details;
}

static enum rc get(struct ctx *ctx, const struct query *query, struct str key,
                   struct company *ret_company) {
    struct company company = { 0 };
    enum rc rc = db_get(ctx, query, DB_ARGS(db_v_text(key)), &company_fields, &company);
    if (rc != OK)
        return rc;
    company_complete(ctx, &company);
    *ret_company = company;
    return OK;
}

enum rc company_get(struct ctx *ctx, struct str id, struct company *ret_company) {
    return get(ctx, &by_id, id, ret_company);
}

enum rc company_by_domain(struct ctx *ctx, struct str domain, struct company *ret_company) {
    return get(ctx, &by_domain, domain, ret_company);
}

enum rc company_by_linkedin(struct ctx *ctx, struct str key, struct company *ret_company) {
    return get(ctx, &by_linkedin, key, ret_company);
}

enum rc company_ids_by_name(struct ctx *ctx, struct str name_key, struct strs *ret_ids) {
    struct db_rows *rows;
    enum rc rc = db_query(ctx, &ids_by_name, DB_ARGS(db_v_text(name_key)), &rows);
    if (rc != OK)
        return rc;
    struct strs ids = { 0 };
    while (db_next(rows))
        strs_add(ctx->arena, &ids, db_text(rows, 0));
    rc = db_rows_close(rows);
    if (rc == OK)
        *ret_ids = ids;
    return rc;
}

static enum rc list(struct ctx *ctx, const struct query *query, struct db_value set,
                    struct list *ret_companies) {
    enum rc rc = db_list(ctx, query, DB_ARGS(set), &company_fields, ret_companies);
    struct company *companies = ret_companies->p;
    for (size_t i = 0; rc == OK && i < ret_companies->n; i++)
        company_complete(ctx, &companies[i]);
    return rc;
}

enum rc companies_by_docs(struct ctx *ctx, struct ints docs, struct list *ret_companies) {
    return list(ctx, &by_docs, sql_ints(ctx->arena, docs), ret_companies);
}

enum rc companies_by_ids(struct ctx *ctx, struct strs ids, struct list *ret_companies) {
    return list(ctx, &by_ids, sql_texts(ctx->arena, ids), ret_companies);
}

enum rc companies_after(struct ctx *ctx, int64_t doc, int limit, struct list *ret_companies) {
    enum rc rc = db_list(ctx, &after, DB_ARGS(db_v_int(doc), db_v_int(limit)), &company_fields,
                         ret_companies);
    struct company *companies = ret_companies->p;
    for (size_t i = 0; rc == OK && i < ret_companies->n; i++)
        company_complete(ctx, &companies[i]);
    return rc;
}
