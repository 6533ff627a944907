#include "data/enums.h"

#include "base/check.h"

#define ELEMENT(text) { text, sizeof(text) - 1 },

static const struct str seniorities[] = {
#define SENIORITY ELEMENT
#include "data/enums.def"
};
const struct enum_values enum_seniorities = { "Seniority", seniorities, LENGTH(seniorities) };

static const struct str departments[] = {
#define DEPARTMENT ELEMENT
#include "data/enums.def"
};
const struct enum_values enum_departments = { "Department", departments, LENGTH(departments) };

static const struct str job_functions[] = {
#define JOB_FUNCTION ELEMENT
#include "data/enums.def"
};
const struct enum_values enum_job_functions = { "JobFunction", job_functions, LENGTH(job_functions) };

static const struct str industries[] = {
#define INDUSTRY ELEMENT
#include "data/enums.def"
};
const struct enum_values enum_industries = { "Industry", industries, LENGTH(industries) };

static const struct str company_sizes[] = {
#define COMPANY_SIZE ELEMENT
#include "data/enums.def"
};
const struct enum_values enum_company_sizes = { "CompanySize", company_sizes, LENGTH(company_sizes) };

static const struct str company_types[] = {
#define COMPANY_TYPE ELEMENT
#include "data/enums.def"
};
const struct enum_values enum_company_types = { "CompanyType", company_types, LENGTH(company_types) };

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
