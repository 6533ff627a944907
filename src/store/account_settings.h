/* What an account decides for all its sequences. */
#ifndef STORE_ACCOUNT_SETTINGS_H
#define STORE_ACCOUNT_SETTINGS_H

#include "base/ctx.h"
#include "base/field.h"

struct account_settings {
    struct str time_zone;                   /* IANA name */
    struct opt_int recently_contacted_days; /* 0: nobody counts as contacted recently */
    struct opt_int sequence_lead_limit;     /* of each sequence */
};
extern const struct fields account_settings_fields;

/* Of the account of ctx; every member is set. */
MUST_USE enum rc account_settings_get(struct ctx *ctx, struct account_settings *ret_settings);
/* Those of an account that never decided anything. */
struct account_settings account_settings_usual(void);

/* Changes what is set in `changes`, and gives all of them. Transacts itself. E_INVALID with
 * problems. */
MUST_USE enum rc account_settings_change(struct ctx *ctx, const struct account_settings *changes,
                                         struct account_settings *ret_settings);

#endif
