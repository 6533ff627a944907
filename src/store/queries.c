#include "store/queries.h"

extern const struct query_table account_queries, credit_queries, idempotency_queries, job_queries,
    key_queries, rate_window_queries, user_queries;

const struct query_table *const query_tables[] = {
    &account_queries, &credit_queries,      &idempotency_queries, &job_queries,
    &key_queries,     &rate_window_queries, &user_queries,
};
const size_t query_tables_count = LENGTH(query_tables);
