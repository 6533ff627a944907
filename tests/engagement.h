/* An account with a user, a sequence of two stages, and two leads with their contacts:
 * user u1, sequence s1, stages g1 (email) and g2 (call), leads l1 and l2, contacts c1 and c2. */
#ifndef TESTS_ENGAGEMENT_H
#define TESTS_ENGAGEMENT_H

#include "account.h"

/* Makes all of it anew, without events and tasks. */
static inline void engagement_fill(struct ctx *ctx) {
    static const char *const statements[] = {
        "DELETE FROM events",
        "DELETE FROM tasks",
        "DELETE FROM sequence_leads",
        "DELETE FROM contacts",
        "DELETE FROM sequence_stages",
        "DELETE FROM sequences",
        "DELETE FROM users",
        "INSERT INTO users (account_id, id, email, first_name, last_name, role, status, created_at) "
        "SELECT id, 'u1', 'ulla@me.example', 'Ulla', 'User', 'admin', 'active', 1 FROM accounts",
        "INSERT INTO users (account_id, id, email, first_name, last_name, role, status, created_at) "
        "SELECT id, 'u2', 'udo@me.example', 'Udo', 'User', 'sales_rep', 'active', 1 FROM accounts",
        "INSERT INTO sequences (account_id, id, name, name_key, kind, status, created_by_user_id, "
        "settings, fields_used, fields_required, sender_fields_required, created_at, updated_at) "
        "SELECT id, 's1', 'First', 'first', 'sequence', 'active', 'u1', '{}', '[]', '[]', '[]', 1, 1 "
        "FROM accounts",
        "INSERT INTO sequence_stages (account_id, sequence_id, id, position, type, automatic, "
        "delay_days, delay_hours, priority) SELECT id, 's1', 'g1', 0, 'email', 1, 0, 0, 'normal' "
        "FROM accounts",
        "INSERT INTO sequence_stages (account_id, sequence_id, id, position, type, automatic, "
        "delay_days, delay_hours, priority) SELECT id, 's1', 'g2', 1, 'phone_call', 0, 1, 0, 'high' "
        "FROM accounts",
        "INSERT INTO contacts (account_id, id, email, first_name, last_name, time_zone, name_key, "
        "search_key, created_at, updated_at) SELECT id, 'c1', 'ann@x.example', 'Ann', 'Aa', "
        "'Asia/Tokyo', 'ann aa', 'ann aa', 1, 1 FROM accounts",
        "INSERT INTO contacts (account_id, id, linkedin_key, linkedin_url, created_at, updated_at) "
        "SELECT id, 'c2', 'in/bob', 'https://www.linkedin.com/in/bob', 1, 1 FROM accounts",
        "INSERT INTO sequence_leads (account_id, id, sequence_id, contact_id, email, data, user_id, "
        "status, created_at, updated_at) SELECT id, 'l1', 's1', 'c1', 'ann@x.example', "
        "'{\"company_name\":\"Bell & Co\"}', 'u1', 'active', 1, 1 FROM accounts",
        "INSERT INTO sequence_leads (account_id, id, sequence_id, contact_id, linkedin_key, data, "
        "user_id, status, created_at, updated_at) SELECT id, 'l2', 's1', 'c2', 'in/bob', '{}', 'u1', "
        "'active', 1, 1 FROM accounts",
    };
    for (size_t i = 0; i < LENGTH(statements); i++)
        assert_ok(ctx, test_db_exec(ctx, statements[i]));
}

static inline struct ctx *engagement_start(void **state) {
    struct ctx *ctx = account_start(state);
    engagement_fill(ctx);
    return ctx;
}

#endif
