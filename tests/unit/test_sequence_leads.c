/* Looking leads up costs the same however many there are: by the index of addresses and of
 * profiles, also while the database has no statistics about the tables. */
#include "account.h"

#include "base/buf.h"
#include "store/queries.h"

static const char *fill_sequences(bool pg) {
    return pg ? "INSERT INTO sequences (account_id, id, name, name_key, kind, status, "
                "created_by_user_id, settings, fields_used, fields_required, "
                "sender_fields_required, created_at, updated_at) SELECT a.id, 's' || n, 's' || n, "
                "'s', 'sequence', 'active', 'u', '{}', '[]', '[]', '[]', 1, 1 "
                "FROM accounts a, generate_series(0, 3) AS g (n)"
              : "WITH RECURSIVE g (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM g WHERE n < 3) "
                "INSERT INTO sequences (account_id, id, name, name_key, kind, status, "
                "created_by_user_id, settings, fields_used, fields_required, "
                "sender_fields_required, created_at, updated_at) SELECT a.id, 's' || n, 's' || n, "
                "'s', 'sequence', 'active', 'u', '{}', '[]', '[]', '[]', 1, 1 FROM accounts a, g";
}

static const char *fill_leads(bool pg) {
    return pg ? "INSERT INTO sequence_leads (account_id, id, sequence_id, email, email_domain, linkedin_key, "
                "data, user_id, status, created_at, updated_at) SELECT a.id, 'l' || n, 's' || n % 4, "
                "n || '@x.example', 'example.x.', 'in/' || n, '{}', 'u', 'pending', 1, 1 "
                "FROM accounts a, generate_series(1, 40000) AS g (n)"
              : "WITH RECURSIVE g (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM g WHERE n < 40000) "
                "INSERT INTO sequence_leads (account_id, id, sequence_id, email, email_domain, linkedin_key, "
                "data, user_id, status, created_at, updated_at) SELECT a.id, 'l' || n, 's' || n % 4, "
                "n || '@x.example', 'example.x.', 'in/' || n, '{}', 'u', 'pending', 1, 1 "
                "FROM accounts a, g";
}

static const struct query *query_named(const char *name) {
    for (size_t i = 0; i < query_tables_count; i++)
        for (size_t k = 0; k < query_tables[i]->n; k++)
            if (strcmp(query_tables[i]->rows[k]->name, name) == 0)
                return query_tables[i]->rows[k];
    return NULL;
}

/* All lines of the plan for any arguments. */
static struct str plan_of(struct test_db *t, const struct query *query) {
    struct ctx *ctx = &t->ctx;
    bool pg = test_db_is_pg(t);
    struct buf text = buf_in(ctx->arena, 64 * 1024);
    struct query *explain = ARENA_NEW(ctx->arena, struct query);
    struct db_value none[4] = { { .kind = DB_KIND_NULL } };
    const char *sql = pg && query->pg ? query->pg : query->sql;
    struct db_rows *rows;
    if (pg) {
        assert_ok(ctx, test_db_exec(ctx, "SET plan_cache_mode = force_generic_plan"));
        assert_ok(ctx, test_db_exec(ctx, arena_printf(ctx->arena, "PREPARE q AS %s", sql).p));
    }
    *explain = (struct query){
        "plan", pg ? arena_printf(ctx->arena, "EXPLAIN (COSTS OFF) EXECUTE q (NULL, NULL, NULL%s)",
                                  strstr(sql, "$4") ? ", NULL" : "").p
                   : arena_printf(ctx->arena, "EXPLAIN QUERY PLAN %s", sql).p, NULL };
    assert_ok(ctx, db_query(ctx, explain, (struct db_args){ none, pg ? 0 : 4 }, &rows));
    while (db_next(rows)) {
        buf_str(&text, db_text(rows, pg ? 0 : 3));
        buf_char(&text, '\n');
    }
    assert_ok(ctx, db_rows_close(rows));
    return buf_text(&text);
}

struct use {
    const char *index, *column; /* what is looked for, and in which column of the index */
};

/* True when the plan looks for values of the column in the index, not for those beside it. */
static bool plan_uses(struct str plan, const struct use *use, bool pg) {
    const char *p = plan.p, *end, *found;
    size_t n = strlen(use->index);
    for (; (p = strstr(p, use->index)); p += n) {
        const char *condition = pg ? strstr(p, "Index Cond: (") : p + n;
        if (pg ? !condition || strchr(p, '\n') > condition : strncmp(condition, " (", 2) != 0)
            continue;
        end = strchr(condition, '\n');
        found = strstr(condition, use->column);
        if (end && found && found < end)
            return true;
    }
    return false;
}

static void test_by_the_right_index(void **state) {
    static const struct {
        const char *query;
        struct use uses[2];
    } cases[] = {
        { "leads_among", { { "sequence_leads_email", "email" }, { "sequence_leads_linkedin", "linkedin_key" } } },
        { "lead_in_sequence",
          { { "sequence_leads_email", "email" }, { "sequence_leads_linkedin", "linkedin_key" } } },
        { "contacts_among", { { "contacts_email", "email" }, { "contacts_linkedin", "linkedin_key" } } },
        { "leads_of_domain", { { "sequence_leads_domain", "email_domain" } } },
        { "leads_of_excluded_emails", { { "sequence_leads_email", "email" } } },
        { "leads_of_excluded_domains", { { "sequence_leads_domain", "email_domain" } } },
    };
    struct test_db *t = *state;
    struct ctx *ctx = account_start(state);
    assert_ok(ctx, test_db_exec(ctx, fill_sequences(test_db_is_pg(t))));
    assert_ok(ctx, test_db_exec(ctx, fill_leads(test_db_is_pg(t))));
    assert_ok(ctx, test_db_exec(ctx, "INSERT INTO contacts (account_id, id, email, linkedin_key, created_at, "
                                     "updated_at) SELECT account_id, id, email, linkedin_key, 1, 1 "
                                     "FROM sequence_leads"));
    for (size_t i = 0; i < LENGTH(cases); i++) {
        const struct use *use = cases[i].uses;
        struct str plan = plan_of(t, query_named(cases[i].query));
        for (size_t k = 0; k < 2 && use[k].index; k++)
            if (!plan_uses(plan, &use[k], test_db_is_pg(t)))
                fail_case("%s does not look for %s in %s:\n%.*s", cases[i].query, use[k].column, use[k].index,
                          STR_FMT(plan));
        if (test_db_is_pg(t))
            assert_ok(ctx, test_db_exec(ctx, "DEALLOCATE q"));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = { BOTH_ENGINES(test_by_the_right_index) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
