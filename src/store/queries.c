#include "store/queries.h"

extern const struct query_table account_queries, account_settings_queries,
    address_search_queries, change_queries, company_queries, credit_queries, enrichment_queries,
    exclusion_queries, idempotency_queries, job_queries, key_queries, lead_entry_queries,
    lead_list_queries, mailbox_queries, mailbox_state_queries, people_queries, put_queries,
    rate_window_queries, removal_queries, search_row_queries, sender_queries, sequence_queries,
    shown_queries, user_queries, validation_queries, validation_work_queries, verify_cache_queries;

const struct query_table *const query_tables[] = {
    &account_queries,
    &account_settings_queries,
    &address_search_queries,
    &change_queries,
    &company_queries,
    &credit_queries,
    &enrichment_queries,
    &exclusion_queries,
    &idempotency_queries,
    &job_queries,
    &key_queries,
    &lead_entry_queries,
    &lead_list_queries,
    &mailbox_queries,
    &mailbox_state_queries,
    &people_queries,
    &put_queries,
    &rate_window_queries,
    &removal_queries,
    &search_row_queries,
    &sender_queries,
    &sequence_queries,
    &shown_queries,
    &user_queries,
    &validation_queries,
    &validation_work_queries,
    &verify_cache_queries,
};
const size_t query_tables_count = LENGTH(query_tables);
