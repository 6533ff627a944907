/* Request limits: so many a minute, or an hour, for each account and limit class. A window
 * begins with its first request. Exact: of any number of concurrent
 * requests exactly the quota passes; on PostgreSQL over all processes together, there
 * the count is a row of the database.
 *
 * Thread rule: shared; a request counts with one atomic operation. */
#ifndef HTTP_LIMITS_H
#define HTTP_LIMITS_H

#include "base/ctx.h"
#include "http/route.h"

struct limits;
struct account_limits; /* one account's counters; lives as long as the limits */

/* How long a window of the class lasts: a minute or an hour. */
int64_t limit_window_ms(enum limit_class limit_class);
/* "a minute", "an hour" */
const char *limit_window_word(enum limit_class limit_class);

/* A counter has 22 bits; a larger quota is cut to this, 70,000 requests a second. */
#define LIMIT_QUOTA_MAX ((int64_t) 4000000)

/* `quotas`: requests a window by class, 0 for no limit. `in_database`: the counts are
 * shared with other processes. */
struct limits *limits_new(const int64_t quotas[LIMIT_CLASS_COUNT], bool in_database);
/* Nulls *limits. Accepts NULL. */
void limits_free(struct limits **limits);

struct account_limits *limits_account(struct limits *limits, struct str account_id);

struct limit_result {
    int64_t quota; /* 0: not limited, nothing was counted */
    int64_t left;  /* requests after this one */
    int64_t reset_ms;
    bool refused;
};

/* Counts one request of ctx's account, now by ctx's clock. OK with ret_result->refused when
 * there are too many; E_DB when the database could not be asked. */
MUST_USE enum rc limits_count(struct ctx *ctx, struct limits *limits,
                              struct account_limits *account, enum limit_class limit_class,
                              struct limit_result *ret_result);

/* Number of requests that were refused so far, for /metrics. */
int64_t limits_refused(const struct limits *limits, enum limit_class limit_class);

/* "default", "people-search", "people-find", "call-recording"; NULL for LIMIT_NONE. */
const char *limit_class_name(enum limit_class limit_class);

/* Values of the fields RateLimit-Policy and RateLimit
 * (draft-ietf-httpapi-ratelimit-headers): "default";q=500;w=60 and "default";r=499;t=60 */
struct str limit_policy_text(struct arena *arena, enum limit_class limit_class, int64_t quota);
struct str limit_result_text(struct arena *arena, enum limit_class limit_class,
                             const struct limit_result *result);
/* Whole seconds until the window ends, at least 1: Retry-After. */
int64_t limit_reset_s(const struct limit_result *result);

#endif
