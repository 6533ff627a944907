/* The API's closed lists (data/enums.def): for validation, normalisation and the
 * OpenAPI document. Immutable, shared. */
#ifndef DATA_ENUMS_H
#define DATA_ENUMS_H

#include "base/field.h"

extern const struct enum_values enum_seniorities;    /* highest first */
extern const struct enum_values enum_departments;
extern const struct enum_values enum_job_functions;
extern const struct enum_values enum_industries;
extern const struct enum_values enum_company_sizes;  /* smallest first */
extern const struct enum_values enum_company_types;

/* Position of `value` in the list, exact, or -1. */
int enum_index(const struct enum_values *list, struct str value);
/* The same, without regard to ASCII case. */
int enum_index_nocase(const struct enum_values *list, struct str value);

#endif
