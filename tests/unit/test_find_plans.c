/* Finding one person or company never reads a whole table: the engines say how they would
 * go about it, with as many rows that reading them all would cost something. */
#include "account.h"

#include "base/vec.h"
#include "store/queries.h"

static const char people[]
    = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 30000) "
      "INSERT INTO people (id, name, name_key, linkedin_key, title, title_key, email_key, company_id, tags, rank, "
      "created_at, updated_at) SELECT 'p' || i, 'Ann ' || i, 'ann ' || i, 'in/ann-' || i, 'CEO', "
      "'chief executive officer', 'a' || i || '@example.com', 'c' || i % 3000, 'nann n' || i, 1, 1, 1 FROM n";
static const char companies[]
    = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 30000) "
      "INSERT INTO companies (id, name, name_key, domain, linkedin_key, tags, rank, created_at, updated_at) "
      "SELECT 'c' || i, 'Co ' || i, 'co ' || i, 'c' || i || '.com', 'company/c-' || i, 'wco', 1, 1, 1 FROM n";

static const struct query *query_named(const char *name) {
    for (size_t i = 0; i < query_tables_count; i++)
        for (size_t k = 0; k < query_tables[i]->n; k++)
            if (strcmp(query_tables[i]->rows[k]->name, name) == 0)
                return query_tables[i]->rows[k];
    return NULL;
}

/* What the engine says, a line for each step. */
static struct strs plan_of(struct test_db *t, const struct query *query, struct db_args args) {
    struct arena *arena = t->ctx.arena;
    bool pg = test_db_is_pg(t);
    struct query *explained = ARENA_NEW(arena, struct query);
    const char *text = arena_printf(arena, pg ? "EXPLAIN %s" : "EXPLAIN QUERY PLAN %s",
                                    pg && query->pg ? query->pg : query->sql).p;
    *explained = (struct query){ query->name, text, NULL };
    struct db_rows *rows;
    struct strs lines = { 0 };
    assert_ok(&t->ctx, db_query(&t->ctx, explained, args, &rows));
    while (db_next(rows))
        strs_add(arena, &lines, db_text(rows, pg ? 0 : 3));
    assert_ok(&t->ctx, db_rows_close(rows));
    return lines;
}

/* Whether a step reads all rows. SQLite calls the use of a full-text index, and of the
 * values of a JSON array, a scan too. */
static bool is_scan(bool pg, struct str line) {
    if (pg)
        return str_contains(line, STR("Seq Scan on ")) && !str_contains(line, STR("json"));
    return str_contains(line, STR("SCAN ")) && !str_contains(line, STR("VIRTUAL TABLE INDEX"));
}

/* Returns whether one did. */
static bool reads_all(struct test_db *t, const struct query *query, struct db_args args) {
    struct strs lines = plan_of(t, query, args);
    assert_true(lines.n > 0);
    for (size_t i = 0; i < lines.n; i++)
        if (is_scan(test_db_is_pg(t), lines.p[i]))
            return true;
    return false;
}

static void fill(struct test_db *t) {
    static const char *const statements[] = { people, companies };
    (void) account_start((void *[]){ t });
    for (size_t i = 0; i < LENGTH(statements); i++)
        assert_ok(&t->ctx, test_db_exec(&t->ctx, statements[i]));
    assert_ok(&t->ctx, test_db_exec(&t->ctx, "ANALYZE"));
}

static void test_look_ups_use_an_index(void **state) {
    struct test_db *t = *state;
    fill(t);
    struct db_value of_companies[] = { db_v_text(STR("[\"c17\",\"c18\"]")), db_v_text(STR_NONE), db_v_int(500) };
    of_companies[1] = db_v_text(test_db_is_pg(t) ? STR("('nann' | 'n17')") : STR("(\"nann\" OR \"n17\")"));
    const struct {
        const char *query;
        struct db_args args;
    } cases[] = {
        { "person_by_id", DB_ARGS(db_v_text(STR("p17"))) },
        { "person_by_linkedin", DB_ARGS(db_v_text(STR("in/ann-17"))) },
        { "person_by_email", DB_ARGS(db_v_text(STR("a17@example.com"))) },
        { "people_of_companies", { of_companies, LENGTH(of_companies) } },
        { "people_by_docs", DB_ARGS(db_v_text(STR("[17,18]"))) },
        { "company_by_id", DB_ARGS(db_v_text(STR("c17"))) },
        { "company_by_domain", DB_ARGS(db_v_text(STR("c17.com"))) },
        { "company_by_linkedin", DB_ARGS(db_v_text(STR("company/c-17"))) },
        { "company_ids_by_name", DB_ARGS(db_v_text(STR("co 17"))) },
        { "companies_by_ids", DB_ARGS(db_v_text(STR("[\"c17\"]"))) },
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        const struct query *query = query_named(cases[i].query);
        assert_non_null(query);
        if (reads_all(t, query, cases[i].args))
            fail_case("%s reads all rows", cases[i].query);
    }
}

/* The test itself: a statement that reads all rows is told from those that do not. */
static void test_a_scan_is_seen(void **state) {
    struct test_db *t = *state;
    fill(t);
    static const struct query by_title = { "by_title", "SELECT id FROM people WHERE title = $1", NULL };
    static const struct query by_tail = { "by_tail", "SELECT id FROM companies WHERE domain LIKE $1", NULL };
    assert_true(reads_all(t, &by_title, DB_ARGS(db_v_text(STR("CEO")))));
    assert_true(reads_all(t, &by_tail, DB_ARGS(db_v_text(STR("%17.com")))));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        BOTH_ENGINES(test_look_ups_use_an_index),
        BOTH_ENGINES(test_a_scan_is_seen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
