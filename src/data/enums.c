#include "data/enums.h"

#include "base/check.h"

/* One pass over the list file per enumeration: ENUM expands to an element only where
 * the row's list is the one being made. */
#define ELEMENT(text) { text, sizeof(text) - 1 },
#define ENUM(list, text) TAKE_##list(text)

#define TAKE_seniorities(text) ELEMENT(text)
#define TAKE_departments(text)
#define TAKE_job_functions(text)
#define TAKE_industries(text)
#define TAKE_company_sizes(text)
#define TAKE_company_types(text)
static const struct str seniorities[] = {
#include "data/enums.def"
};
const struct enum_values enum_seniorities = { "Seniority", seniorities, LENGTH(seniorities) };
#undef TAKE_seniorities
#undef TAKE_departments
#undef TAKE_job_functions
#undef TAKE_industries
#undef TAKE_company_sizes
#undef TAKE_company_types

#define TAKE_seniorities(text)
#define TAKE_departments(text) ELEMENT(text)
#define TAKE_job_functions(text)
#define TAKE_industries(text)
#define TAKE_company_sizes(text)
#define TAKE_company_types(text)
static const struct str departments[] = {
#include "data/enums.def"
};
const struct enum_values enum_departments = { "Department", departments, LENGTH(departments) };
#undef TAKE_seniorities
#undef TAKE_departments
#undef TAKE_job_functions
#undef TAKE_industries
#undef TAKE_company_sizes
#undef TAKE_company_types

#define TAKE_seniorities(text)
#define TAKE_departments(text)
#define TAKE_job_functions(text) ELEMENT(text)
#define TAKE_industries(text)
#define TAKE_company_sizes(text)
#define TAKE_company_types(text)
static const struct str job_functions[] = {
#include "data/enums.def"
};
const struct enum_values enum_job_functions = { "JobFunction", job_functions, LENGTH(job_functions) };
#undef TAKE_seniorities
#undef TAKE_departments
#undef TAKE_job_functions
#undef TAKE_industries
#undef TAKE_company_sizes
#undef TAKE_company_types

#define TAKE_seniorities(text)
#define TAKE_departments(text)
#define TAKE_job_functions(text)
#define TAKE_industries(text) ELEMENT(text)
#define TAKE_company_sizes(text)
#define TAKE_company_types(text)
static const struct str industries[] = {
#include "data/enums.def"
};
const struct enum_values enum_industries = { "Industry", industries, LENGTH(industries) };
#undef TAKE_seniorities
#undef TAKE_departments
#undef TAKE_job_functions
#undef TAKE_industries
#undef TAKE_company_sizes
#undef TAKE_company_types

#define TAKE_seniorities(text)
#define TAKE_departments(text)
#define TAKE_job_functions(text)
#define TAKE_industries(text)
#define TAKE_company_sizes(text) ELEMENT(text)
#define TAKE_company_types(text)
static const struct str company_sizes[] = {
#include "data/enums.def"
};
const struct enum_values enum_company_sizes = { "CompanySize", company_sizes, LENGTH(company_sizes) };
#undef TAKE_seniorities
#undef TAKE_departments
#undef TAKE_job_functions
#undef TAKE_industries
#undef TAKE_company_sizes
#undef TAKE_company_types

#define TAKE_seniorities(text)
#define TAKE_departments(text)
#define TAKE_job_functions(text)
#define TAKE_industries(text)
#define TAKE_company_sizes(text)
#define TAKE_company_types(text) ELEMENT(text)
static const struct str company_types[] = {
#include "data/enums.def"
};
const struct enum_values enum_company_types = { "CompanyType", company_types, LENGTH(company_types) };
#undef TAKE_seniorities
#undef TAKE_departments
#undef TAKE_job_functions
#undef TAKE_industries
#undef TAKE_company_sizes
#undef TAKE_company_types

int enum_index(const struct enum_values *list, struct str value) {
    for (size_t i = 0; i < list->n; i++)
        if (str_eq(list->values[i], value))
            return (int) i;
    return -1;
}

int enum_index_nocase(const struct enum_values *list, struct str value) {
    for (size_t i = 0; i < list->n; i++)
        if (str_eq_nocase(list->values[i], value))
            return (int) i;
    return -1;
}
