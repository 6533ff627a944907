/* The result of a validation as the API shows it, in other resources too. */
#ifndef API_EMAIL_VALIDATIONS_H
#define API_EMAIL_VALIDATIONS_H

#include "base/field.h"

/* Of a struct validation_result (store/validations.h); reason, detail, provider and
 * checked_at are shown when they are set. */
extern const struct fields email_validation_result_fields;

#endif
