/* Bands of annual revenue in US dollars, for `estimated_revenue` and the filter
 * `company_revenue`. The reference does not list the API's own bands; these are ours,
 * listed in the OpenAPI document. */
#ifndef DATA_BANDS_H
#define DATA_BANDS_H

#include "base/field.h"

extern const struct enum_values enum_revenue_bands; /* smallest first */

/* The band that `revenue` (US dollars, not negative) falls in. */
struct str revenue_band(int64_t revenue);

#endif
