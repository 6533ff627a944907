/* Every statement of the store is prepared on both engines against the migrated
 * schema: a mistyped column does not wait for the request that meets it. */
#include "db.h"

#include "base/buf.h"
#include "store/migrations.h"
#include "store/queries.h"

/* Placeholders are $1 … $n without a gap. */
static size_t parameters_of(const char *sql) {
    size_t highest = 0;
    for (const char *p = sql; (p = strchr(p, '$')); p++) {
        size_t number = 0;
        for (const char *digit = p + 1; ascii_is_digit(*digit); digit++)
            number = number * 10 + (size_t) (*digit - '0');
        highest = number > highest ? number : highest;
    }
    return highest;
}

/* SQLite prepares under EXPLAIN, PostgreSQL under PREPARE. */
static void check_query(struct test_db *t, const struct query *query) {
    const char *sql = test_db_is_pg(t) && query->pg ? query->pg : query->sql;
    struct db_value values[32] = { { .kind = DB_KIND_NULL } };
    if (!sql) /* a statement for PostgreSQL only */
        return;
    size_t n = parameters_of(sql);
    assert_true(n <= LENGTH(values));
    struct query *explained = ARENA_NEW(t->ctx.arena, struct query);
    const char *text = arena_printf(t->ctx.arena, test_db_is_pg(t) ? "PREPARE q AS %s" : "EXPLAIN %s",
                                    sql).p;
    *explained = (struct query){ query->name, text, NULL };
    if (test_db_is_pg(t)) {
        assert_ok(&t->ctx, test_db_exec(&t->ctx, text));
        assert_ok(&t->ctx, test_db_exec(&t->ctx, "DEALLOCATE q"));
        return;
    }
    struct db_rows *rows;
    enum rc rc = db_query(&t->ctx, explained, (struct db_args){ values, n }, &rows);
    if (rc != OK)
        fail_case("%s: %.*s", query->name, STR_FMT(t->ctx.err.text));
    assert_ok(&t->ctx, db_rows_close(rows));
}

static void test_all_prepare(void **state) {
    struct test_db *t = *state;
    int applied;
    assert_ok(&t->ctx, db_migrate(&t->ctx, migrations, migrations_count, false, &applied));
    assert_true(query_tables_count > 0);
    for (size_t i = 0; i < query_tables_count; i++)
        for (size_t k = 0; k < query_tables[i]->n; k++)
            check_query(t, query_tables[i]->rows[k]);
}

/* --- lists --- */

/* SQLite does not know how long a list is, and that its array is parsed anew whenever it is read:
 * read once for each row of a table it makes a statement slow by the square. The lists of these are
 * the rows' own. */
static const char *const own_lists[] = { "validation_block_emails" };

static bool has_own_list(const struct query *query) {
    for (size_t i = 0; i < LENGTH(own_lists); i++)
        if (strcmp(own_lists[i], query->name) == 0)
            return true;
    return false;
}

struct plan_step {
    int64_t parent;
    bool is_list; /* to SQLite, a virtual table */
};

static bool is_within(const struct plan_step *list, const struct plan_step *steps, size_t before) {
    for (size_t i = 0; i < before; i++)
        if (!steps[i].is_list && steps[i].parent == list->parent)
            return true;
    return false;
}

/* Whether a list is read within the loop over a table. */
static bool reads_list_for_each_row(struct test_db *t, const char *sql) {
    enum { PARENT = 1, DETAIL = 3 };
    struct plan_step steps[64];
    struct query *plan = ARENA_NEW(t->ctx.arena, struct query);
    struct db_value values[32] = { { .kind = DB_KIND_NULL } };
    struct db_rows *rows;
    size_t n = 0;
    bool found = false;
    *plan = (struct query){ "plan", arena_printf(t->ctx.arena, "EXPLAIN QUERY PLAN %s", sql).p, NULL };
    assert_ok(&t->ctx, db_query(&t->ctx, plan, (struct db_args){ values, parameters_of(sql) }, &rows));
    while (db_next(rows)) {
        struct str step = db_text(rows, DETAIL);
        if (!str_starts(step, STR("SEARCH ")) && !str_starts(step, STR("SCAN ")))
            continue;
        assert_true(n < LENGTH(steps));
        steps[n] = (struct plan_step){ db_int(rows, PARENT), str_contains(step, STR("VIRTUAL TABLE")) };
        found = found || (steps[n].is_list && is_within(&steps[n], steps, n));
        n++;
    }
    assert_ok(&t->ctx, db_rows_close(rows));
    return found;
}

static void test_lists_are_read_once(void **state) {
    struct test_db *t = *state;
    int applied;
    assert_ok(&t->ctx, db_migrate(&t->ctx, migrations, migrations_count, false, &applied));
    assert_true(reads_list_for_each_row(t, "SELECT 1 FROM json_each($2) w JOIN messages m "
                                           "ON m.account_id = $1 AND m.id = w.value"));
    for (size_t i = 0; i < query_tables_count; i++)
        for (size_t k = 0; k < query_tables[i]->n; k++) {
            const struct query *query = query_tables[i]->rows[k];
            if (query->sql && !has_own_list(query) && reads_list_for_each_row(t, query->sql))
                fail_case("%s reads its list for each row", query->name);
        }
}

/* --- what searches find --- */

/* Behind db_mark, all of them: a search waits for what its own process writes. */
static const char *const marked[] = { "people_put", "companies_put", "removal_person" };

static bool is_marked(const struct query *query) {
    for (size_t i = 0; i < LENGTH(marked); i++)
        if (strcmp(marked[i], query->name) == 0)
            return true;
    return false;
}

static bool writes_found(const char *sql) {
    static const char *const ways[]
        = { "INTO people ", "UPDATE people ", "DELETE FROM people ",
            "INTO companies ", "UPDATE companies ", "DELETE FROM companies " };
    for (size_t i = 0; sql && i < LENGTH(ways); i++)
        if (strstr(sql, ways[i]))
            return true;
    return false;
}

static void test_writes_of_what_is_found_are_marked(void **state) {
    (void) state;
    for (size_t i = 0; i < query_tables_count; i++)
        for (size_t k = 0; k < query_tables[i]->n; k++) {
            const struct query *query = query_tables[i]->rows[k];
            if ((writes_found(query->sql) || writes_found(query->pg)) != is_marked(query))
                fail_case("%s: is it behind db_mark?", query->name);
        }
}

/* --- plans --- */

/* Tables that grow without bounds. */
static const char *const large[] = {
    "people",         "companies",     "phone_numbers", "phone_reviews", "removals",
    "credit_entries", "found_charges", "exclusions",    "enrichments",   "enrichment_items",
    "jobs",           "changes",       "lead_list_entries", "validation_emails",
    "contacts",       "sequence_leads", "events",      "tasks",
    "contact_phones", "calls",        "call_recordings", "replies",     "reply_sources",
    "reply_addresses", "reply_claims", "workflow_runs", "webhook_deliveries", "webhook_attempts",
};

/* Statements that read all of one of them, and may. */
static const char *const scans[] = {
    "jobs_count", /* the metrics, from an index */
    "webhook_deliveries_waiting", /* the same; it holds only these */
    "enrichments_running", /* all of an index that holds only these */
    "changes_old", "changes_note_pruned", "changes_prune", /* only the first rows */
};

static bool may_scan(const struct query *query) {
    for (size_t i = 0; i < LENGTH(scans); i++)
        if (strcmp(scans[i], query->name) == 0)
            return true;
    return false;
}

/* The table that a line of a plan reads as a whole; absent: none. */
static struct str scanned(struct str line) {
    line = str_trim(line);
    if (str_starts(line, STR("->")))
        line = str_trim(str_sub(line, 2, line.n));
    static const struct str scan[] = { { "SCAN ", 5 }, { "Seq Scan on ", 12 } };
    for (size_t i = 0; i < LENGTH(scan); i++) {
        struct str rest = str_sub(line, scan[i].n, line.n), table;
        if (str_starts(line, scan[i]) && str_word(&rest, &table))
            return table;
    }
    return STR_NONE;
}

static bool is_large(struct str table) {
    for (size_t i = 0; i < LENGTH(large); i++)
        if (str_eq(table, str_of(large[i])))
            return true;
    return false;
}

static struct str plan_query(struct test_db *t, const char *sql) {
    struct arena *arena = t->ctx.arena;
    if (!test_db_is_pg(t))
        return arena_printf(arena, "EXPLAIN QUERY PLAN %s", sql);
    struct buf call = buf_in(arena, 1000);
    buf_str(&call, STR("EXPLAIN (COSTS OFF) EXECUTE q"));
    for (size_t i = 0; i < parameters_of(sql); i++)
        buf_str(&call, i ? STR(", NULL") : STR("(NULL"));
    buf_str(&call, parameters_of(sql) ? STR(")") : STR(""));
    assert_ok(&t->ctx, test_db_exec(&t->ctx, arena_printf(arena, "PREPARE q AS %s", sql).p));
    return buf_text(&call);
}

static void check_plan(struct test_db *t, const struct query *query) {
    const char *sql = test_db_is_pg(t) && query->pg ? query->pg : query->sql;
    if (!sql || may_scan(query))
        return;
    struct db_value values[32] = { { .kind = DB_KIND_NULL } };
    struct query *plan = ARENA_NEW(t->ctx.arena, struct query);
    *plan = (struct query){ query->name, arena_cstr(t->ctx.arena, plan_query(t, sql)), NULL };
    struct db_rows *rows;
    size_t n = test_db_is_pg(t) ? 0 : parameters_of(sql);
    assert_ok(&t->ctx, db_query(&t->ctx, plan, (struct db_args){ values, n }, &rows));
    while (db_next(rows)) {
        struct str line = db_text(rows, test_db_is_pg(t) ? 0 : 3);
        if (is_large(scanned(line)))
            fail_case("%s: %.*s", query->name, STR_FMT(line));
    }
    assert_ok(&t->ctx, db_rows_close(rows));
    if (test_db_is_pg(t))
        assert_ok(&t->ctx, test_db_exec(&t->ctx, "DEALLOCATE q"));
}

/* On an empty database PostgreSQL would rather scan, so it is told to take any other way. */
static void test_large_tables_are_read_by_index(void **state) {
    struct test_db *t = *state;
    int applied;
    assert_ok(&t->ctx, db_migrate(&t->ctx, migrations, migrations_count, false, &applied));
    if (test_db_is_pg(t)) {
        assert_ok(&t->ctx, test_db_exec(&t->ctx, "SET enable_seqscan = off"));
        assert_ok(&t->ctx, test_db_exec(&t->ctx, "SET plan_cache_mode = force_generic_plan"));
    }
    for (size_t i = 0; i < query_tables_count; i++)
        for (size_t k = 0; k < query_tables[i]->n; k++)
            check_plan(t, query_tables[i]->rows[k]);
}

/* Prepared statements are told apart by address, log lines and errors by name. */
static void test_names_are_unique(void **state) {
    (void) state;
    for (size_t i = 0; i < query_tables_count; i++)
        for (size_t k = 0; k < query_tables[i]->n; k++)
            for (size_t j = 0; j <= i; j++)
                for (size_t m = 0; m < (j == i ? k : query_tables[j]->n); m++)
                    assert_string_not_equal(query_tables[i]->rows[k]->name,
                                            query_tables[j]->rows[m]->name);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        BOTH_ENGINES(test_all_prepare),
        { "test_lists_are_read_once (sqlite)", test_lists_are_read_once, test_db_setup_sqlite, test_db_teardown, NULL },
        BOTH_ENGINES(test_large_tables_are_read_by_index),
        cmocka_unit_test(test_names_are_unique),
        cmocka_unit_test(test_writes_of_what_is_found_are_marked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
